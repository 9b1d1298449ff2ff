import Base

/// A small customer-relations book: leads that move through pipelines, their notes, and bots that act on them.
///
/// It keeps everything in memory and really does what it is told; nothing outside is touched.
struct LeadBook {
    /// One possible sale.
    struct Lead {
        let id: Int
        var name: String
        var price: Int
        var pipelineID: Int
        var statusID: Int
        var tags: [String]
        var contactName: String?
        var contactEmail: String?
        var lossReasonID: Int?
        let createdAt: WallTime
        var updatedAt: WallTime
    }

    /// A line somebody left on a lead.
    struct Note {
        let id: Int
        let leadID: Int
        let text: String
        let createdAt: WallTime
    }

    /// A named choice: a status, a loss reason, a bot.
    struct Choice {
        let id: Int
        let name: String
    }

    /// A row of statuses that leads move through.
    struct Pipeline {
        let id: Int
        let name: String
        let statuses: [Choice]
    }

    /// Why the book refuses something, in words the caller can act on.
    struct Refusal: Error, Equatable {
        let message: String
    }

    /// Statuses that end a lead's way in every pipeline.
    static let wonStatus = 142
    static let lostStatus = 143

    /// LIMIT: leads kept at once; more are refused, so that a looping agent cannot fill the memory.
    static let maximumLeads = 10_000
    /// LIMIT: notes kept at once.
    static let maximumNotes = 10_000

    let pipelines = [
        Pipeline(
            id: 1,
            name: "Sales",
            statuses: [
                Choice(id: 11, name: "Incoming"), Choice(id: 12, name: "Qualified"), Choice(id: 13, name: "Offer sent"),
                Choice(id: wonStatus, name: "Won"), Choice(id: lostStatus, name: "Lost"),
            ]
        ),
        Pipeline(
            id: 2,
            name: "Renewals",
            statuses: [
                Choice(id: 21, name: "Due"), Choice(id: 22, name: "Talking"),
                Choice(id: wonStatus, name: "Won"), Choice(id: lostStatus, name: "Lost"),
            ]
        ),
    ]
    let lossReasons = [
        Choice(id: 1, name: "Too expensive"), Choice(id: 2, name: "Chose a competitor"),
        Choice(id: 3, name: "No answer"), Choice(id: 4, name: "Out of scope"),
    ]
    let salesbots = [Choice(id: 1, name: "Welcome message"), Choice(id: 2, name: "Ask for a meeting")]

    private(set) var leads: [Int: Lead] = [:]
    private(set) var notes: [Note] = []
    private var lastLeadID = 1_000
    private var lastNoteID = 0
    private var lastRunID = 0

    /// A book with three leads, so that the first look shows something.
    init(now: WallTime) {
        let samples = [
            ("Quinta do Vale", 4_800, 12, "Marta Reis"), ("Oficina Lopes", 1_250, 11, "Rui Lopes"),
            ("Atlas Logistics", 19_900, 13, "Ines Prado"),
        ]
        for (name, price, status, contact) in samples {
            lastLeadID += 1
            leads[lastLeadID] = Lead(
                id: lastLeadID,
                name: name,
                price: price,
                pipelineID: 1,
                statusID: status,
                tags: ["sample"],
                contactName: contact,
                contactEmail: nil,
                lossReasonID: nil,
                createdAt: now,
                updatedAt: now
            )
        }
    }

    /// The lead with this id, or a refusal that says how to find one.
    func lead(_ id: Int) throws(Refusal) -> Lead {
        guard let lead = leads[id] else {
            throw Refusal(message: "there is no lead \(id); `list_leads` shows which there are")
        }
        return lead
    }

    /// Leads whose name contains `text` (ASCII case ignored), by id, at most `limit` of them.
    func leads(containing text: String?, status: Int?, limit: Int) -> [Lead] {
        let wanted = text?.lowercased()
        let all = leads.values.sorted { $0.id < $1.id }
        let matching = all.lazy.filter { lead in
            (wanted.map { lead.name.lowercased().contains($0) } ?? true) && (status.map { lead.statusID == $0 } ?? true)
        }
        return Array(matching.prefix(limit))
    }

    /// Adds a lead to the first status of a pipeline, or to the one named.
    mutating func create(
        name: String,
        price: Int,
        pipelineID: Int?,
        statusID: Int?,
        tags: [String],
        contact: (name: String?, email: String?),
        now: WallTime
    ) throws(Refusal) -> Lead {
        guard leads.count < Self.maximumLeads else {
            throw Refusal(message: "the sandbox holds at most \(Self.maximumLeads) leads; delete some or start it anew")
        }
        let pipeline = try pipeline(pipelineID ?? 1)
        let status = try status(statusID ?? pipeline.statuses[0].id, in: pipeline)
        lastLeadID += 1
        let lead = Lead(
            id: lastLeadID,
            name: name,
            price: price,
            pipelineID: pipeline.id,
            statusID: status.id,
            tags: tags,
            contactName: contact.name,
            contactEmail: contact.email,
            lossReasonID: nil,
            createdAt: now,
            updatedAt: now
        )
        leads[lead.id] = lead
        return lead
    }

    /// Changes what is given of a lead and leaves the rest.
    mutating func update(
        _ id: Int,
        name: String?,
        price: Int?,
        tags: [String]?,
        now: WallTime
    ) throws(Refusal) -> Lead {
        var lead = try lead(id)
        lead.name = name ?? lead.name
        lead.price = price ?? lead.price
        lead.tags = tags ?? lead.tags
        lead.updatedAt = now
        leads[id] = lead
        return lead
    }

    /// Puts a lead into another status, and another pipeline if one is named.
    ///
    /// Losing one takes a reason.
    mutating func move(
        _ id: Int,
        pipelineID: Int?,
        statusID: Int,
        lossReasonID: Int?,
        now: WallTime
    ) throws(Refusal) -> Lead {
        var lead = try lead(id)
        let pipeline = try pipeline(pipelineID ?? lead.pipelineID)
        let status = try status(statusID, in: pipeline)
        if status.id == Self.lostStatus {
            guard let reason = lossReasonID, lossReasons.contains(where: { $0.id == reason }) else {
                throw Refusal(message: "a lost lead needs `loss_reason_id`; `get_loss_reasons` lists them")
            }
        } else if lossReasonID != nil {
            throw Refusal(message: "`loss_reason_id` belongs to status \(Self.lostStatus) only")
        }
        lead.pipelineID = pipeline.id
        lead.statusID = status.id
        lead.lossReasonID = lossReasonID
        lead.updatedAt = now
        leads[id] = lead
        return lead
    }

    /// Removes a lead and its notes for good.
    mutating func delete(_ id: Int) throws(Refusal) -> Lead {
        let lead = try lead(id)
        leads[id] = nil
        notes.removeAll { $0.leadID == id }
        return lead
    }

    /// Leaves a note on a lead.
    mutating func addNote(_ text: String, to id: Int, now: WallTime) throws(Refusal) -> Note {
        _ = try lead(id)
        guard notes.count < Self.maximumNotes else {
            throw Refusal(message: "the sandbox holds at most \(Self.maximumNotes) notes; start it anew")
        }
        lastNoteID += 1
        let note = Note(id: lastNoteID, leadID: id, text: text, createdAt: now)
        notes.append(note)
        return note
    }

    /// The notes of a lead, oldest first.
    func notes(of id: Int) throws(Refusal) -> [Note] {
        _ = try lead(id)
        return notes.filter { $0.leadID == id }
    }

    /// Lets a bot work on a lead: it leaves a note that says so.
    ///
    /// Returns the run's number and the note.
    mutating func runSalesbot(_ botID: Int, on id: Int, now: WallTime) throws(Refusal) -> (run: Int, note: Note) {
        guard let bot = salesbots.first(where: { $0.id == botID }) else {
            let known = salesbots.map { "\($0.id) (\($0.name))" }.joined(separator: ", ")
            throw Refusal(message: "there is no salesbot \(botID); there are \(known)")
        }
        let note = try addNote("salesbot `\(bot.name)` ran", to: id, now: now)
        lastRunID += 1
        return (lastRunID, note)
    }

    private func pipeline(_ id: Int) throws(Refusal) -> Pipeline {
        guard let pipeline = pipelines.first(where: { $0.id == id }) else {
            throw Refusal(message: "there is no pipeline \(id); `list_pipelines` shows which there are")
        }
        return pipeline
    }

    private func status(_ id: Int, in pipeline: Pipeline) throws(Refusal) -> Choice {
        guard let status = pipeline.statuses.first(where: { $0.id == id }) else {
            throw Refusal(message: "pipeline \(pipeline.id) has no status \(id); `list_pipelines` shows its statuses")
        }
        return status
    }
}
