import Base
import JSONText

/// Runs one action on a book and writes what came of it as JSON.
struct SandboxTools {
    var book: LeadBook

    /// The structured result of one call; its arguments have already passed the tool's schema.
    mutating func run(
        _ action: SandboxAction,
        _ arguments: SandboxArguments,
        now: WallTime
    ) throws(LeadBook.Refusal) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        switch action {
        case .listLeads:
            let leads = book.leads(
                containing: arguments.text("query"),
                status: arguments.number("status_id"),
                limit: arguments.number("limit") ?? 50
            )
            writer.list("leads", of: leads) { writer, lead in writer.lead(lead, notes: []) }
        case .getLead:
            let lead = try book.lead(arguments.required("lead_id"))
            writer.lead(lead, notes: try book.notes(of: lead.id))
        case .createLead:
            writer.lead(try create(arguments, now: now), notes: [])
        case .updateLead:
            let lead = try book.update(
                arguments.required("lead_id"),
                name: arguments.text("name"),
                price: arguments.number("price"),
                tags: arguments.texts("tags"),
                now: now
            )
            writer.lead(lead, notes: [])
        case .moveLead:
            let lead = try book.move(
                arguments.required("lead_id"),
                pipelineID: arguments.number("pipeline_id"),
                statusID: arguments.required("status_id"),
                lossReasonID: arguments.number("loss_reason_id"),
                now: now
            )
            writer.lead(lead, notes: [])
        case .deleteLead:
            let lead = try book.delete(arguments.required("lead_id"))
            writer.member("deleted", number: lead.id)
        case .addNote:
            writer.note(try book.addNote(arguments.text("text") ?? "", to: arguments.required("lead_id"), now: now))
        case .listNotes:
            writer.list("notes", of: try book.notes(of: arguments.required("lead_id"))) { $0.note($1) }
        case .runSalesbot:
            let (run, note) = try book.runSalesbot(
                arguments.required("bot_id"),
                on: arguments.required("entity_id"),
                now: now
            )
            writer.run(run, note: note)
        case .listPipelines, .getLossReasons, .listSalesbots:
            describe(action, to: &writer)
        }
        return writer.output
    }

    private mutating func create(
        _ arguments: SandboxArguments,
        now: WallTime
    ) throws(LeadBook.Refusal) -> LeadBook.Lead {
        let contact = arguments.object("contact")
        return try book.create(
            name: arguments.text("name") ?? "",
            price: arguments.number("price") ?? 0,
            pipelineID: arguments.number("pipeline_id"),
            statusID: arguments.number("status_id"),
            tags: arguments.texts("tags") ?? [],
            contact: (contact.text("name"), contact.text("email")),
            now: now
        )
    }

    private func describe(_ action: SandboxAction, to writer: inout JSONWriter) {
        switch action {
        case .listPipelines:
            writer.list("pipelines", of: book.pipelines) { writer, pipeline in
                writer.beginObject()
                writer.key("id")
                writer.number(pipeline.id)
                writer.key("name")
                writer.string(pipeline.name)
                writer.key("statuses")
                writer.beginArray()
                for status in pipeline.statuses {
                    writer.choice(status)
                }
                writer.endArray()
                writer.endObject()
            }
        case .getLossReasons:
            writer.list("loss_reasons", of: book.lossReasons) { $0.choice($1) }
        default:
            writer.list("salesbots", of: book.salesbots) { $0.choice($1) }
        }
    }
}

/// The arguments of a call; what is absent or of another type reads as nil (the schema was checked before).
struct SandboxArguments {
    let value: JSONValue?

    func text(_ key: StaticString) -> String? {
        value?[key]?.string?.text
    }

    func number(_ key: StaticString) -> Int? {
        value?[key]?.number?.int
    }

    /// A number the schema requires; an id nothing has, should it be too large for the machine.
    func required(_ key: StaticString) -> Int {
        number(key) ?? -1
    }

    func texts(_ key: StaticString) -> [String]? {
        value?[key].map { list in list.elements.compactMap { $0.string?.text } }
    }

    func object(_ key: StaticString) -> SandboxArguments {
        SandboxArguments(value: value?[key])
    }
}

extension JSONWriter {
    fileprivate mutating func lead(_ lead: LeadBook.Lead, notes: [LeadBook.Note]) {
        beginObject()
        key("id")
        number(lead.id)
        key("name")
        string(lead.name)
        key("price")
        number(lead.price)
        key("pipeline_id")
        number(lead.pipelineID)
        key("status_id")
        number(lead.statusID)
        if let reason = lead.lossReasonID {
            key("loss_reason_id")
            number(reason)
        }
        key("tags")
        beginArray()
        for tag in lead.tags {
            string(tag)
        }
        endArray()
        if lead.contactName != nil || lead.contactEmail != nil {
            key("contact")
            beginObject()
            member("name", text: lead.contactName)
            member("email", text: lead.contactEmail)
            endObject()
        }
        key("created_at")
        string(lead.createdAt.description)
        key("updated_at")
        string(lead.updatedAt.description)
        if !notes.isEmpty {
            key("notes")
            beginArray()
            for item in notes {
                note(item)
            }
            endArray()
        }
        endObject()
    }

    fileprivate mutating func note(_ note: LeadBook.Note) {
        beginObject()
        key("id")
        number(note.id)
        key("lead_id")
        number(note.leadID)
        key("text")
        string(note.text)
        key("created_at")
        string(note.createdAt.description)
        endObject()
    }

    fileprivate mutating func run(_ run: Int, note item: LeadBook.Note) {
        beginObject()
        key("run_id")
        number(run)
        key("note")
        note(item)
        endObject()
    }

    fileprivate mutating func choice(_ choice: LeadBook.Choice) {
        beginObject()
        key("id")
        number(choice.id)
        key("name")
        string(choice.name)
        endObject()
    }

    /// An object with one list and how long it is.
    fileprivate mutating func list<Element>(
        _ name: StaticString,
        of elements: [Element],
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        beginObject()
        key(name)
        beginArray()
        for element in elements {
            write(&self, element)
        }
        endArray()
        key("total")
        number(elements.count)
        endObject()
    }

    fileprivate mutating func member(_ name: StaticString, number value: Int) {
        beginObject()
        key(name)
        number(value)
        endObject()
    }

    fileprivate mutating func member(_ name: StaticString, text: String?) {
        if let text {
            key(name)
            string(text)
        }
    }
}
