import Administration
import Base
import JSONText
import Stores
import ToolCatalogue

/// `toolgate catalogue changes`: what has become of tools since they were accepted, with both classes.
enum CatalogueChanges {
    static let command = Command(
        ["catalogue", "changes"],
        "show how the risk of changed and new tools went",
        details:
            "Each tool of the store whose definition is another than the accepted one, or that has appeared since: its\n"
            + "class and severity before and now, what is different, and what is suspect that was not. `raised` stands\n"
            + "first. `toolgate server tools SERVER --diff TOOL` shows a definition, `server accept` accepts it.\n"
            + "--fail-on raised ends with exit 1 when a tool became more dangerous, for scripts.",
        operands: CommandOperands(placeholder: "[SERVER...]", count: 0...1_000),
        options: [
            CommandOption("fail-on", "DIRECTION", "exit 1 when there is such a change", choices: ["raised", "any"]),
            ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("all servers", "toolgate catalogue changes"),
            ("in a script", "toolgate catalogue changes crm --fail-on raised --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let changes = try found(invocation)
        if invocation.printsJSON {
            invocation.console.writeOutput(ShownRecord([("changes", .list(changes.map(\.shown)))]).json)
        } else {
            show(changes, invocation.console)
        }
        switch invocation.value("fail-on") {
        case "any" where !changes.isEmpty: return .refused
        case "raised" where changes.contains { $0.drift.direction == .raised }: return .refused
        default: return .done
        }
    }

    // MARK: - What there is

    /// One tool of which something waits to be accepted.
    private struct Change {
        let server: String
        let row: PinnedTools.Row
        let drift: ToolDrift

        var shown: ShownValue {
            .record(
                ShownRecord([
                    ("server", .text(server)), ("tool", .text(row.pin.tool.text)), ("standing", .text(row.standing)),
                    ("since", .time(row.since)), ("direction", .text(drift.direction.rawValue)),
                    ("before", drift.before.map { risk($0) } ?? .absent("new")), ("after", risk(drift.after)),
                    ("different", .list(drift.fields.map { .text($0) })),
                    ("findings", .list(drift.findings.map(finding))), ("sentence", .text(drift.sentence)),
                ]),
                line: row.pin.tool.text
            )
        }

        private func risk(_ known: Classification) -> ShownValue {
            .record(
                ShownRecord([
                    ("category", .text(known.category.rawValue)), ("severity", .text(known.severity.rawValue)),
                    ("rationale", .text(known.rationale)),
                ]),
                line: known.category.rawValue
            )
        }

        private func finding(_ finding: PoisonFinding) -> ShownValue {
            .record(
                ShownRecord([
                    ("code", .text(finding.code.rawValue)), ("quote", .text(finding.quote)),
                    ("source", .text(finding.source)), ("says", .text(finding.says)),
                ]),
                line: finding.code.rawValue
            )
        }
    }

    private static func found(_ invocation: Invocation) throws(CommandFailure) -> [Change] {
        let names = invocation.operands
        let pins = try OpenStore(existing: invocation).read { records throws(StoreError) in
            var servers: [ServerRecord] = names.isEmpty ? try records.reader.servers() : []
            for name in names {
                servers.append(try records.server(name))
            }
            return try servers.map { server throws(StoreError) in (server.name, try records.reader.pins(of: server.id))
            }
        }
        var changes: [Change] = []
        for (server, pins) in pins {
            for row in PinnedTools(pins).waiting {
                changes.append(Change(server: server.text, row: row, drift: try drift(of: row, at: server.text, pins)))
            }
        }
        let order: [ToolDrift.Direction] = [.raised, .same, .lowered]
        return order.flatMap { direction in changes.filter { $0.drift.direction == direction } }
    }

    /// A renamed tool is compared with what it was under its former name.
    private static func drift(
        of row: PinnedTools.Row,
        at server: String,
        _ pins: [ToolPin]
    ) throws(CommandFailure) -> ToolDrift {
        let former = row.formerName.flatMap { name in pins.first { $0.tool == name } }
        let accepted = row.pin.standing == .changed ? row.pin.definition : former?.definition
        guard let new = try tool(row.waiting ?? row.pin.definition, server) else {
            throw .environment("the store holds a definition that is no tool: run `toolgate store check`")
        }
        let old = try accepted.flatMap { definition throws(CommandFailure) in try tool(definition, server) }
        return ToolDrift(from: old, to: new)
    }

    private static func tool(_ definition: PinnedDefinition, _ server: String) throws(CommandFailure) -> DescribedTool?
    {
        do throws(JSONError) {
            return DescribedTool(try JSONDocument(definition.canonical).root, server: server)
        } catch {
            throw .environment("the store holds a definition that cannot be read: run `toolgate store check`")
        }
    }

    // MARK: - Showing

    private static func show(_ changes: [Change], _ console: Console) {
        guard !changes.isEmpty else {
            console.say("nothing has changed since it was accepted")
            return
        }
        let rows = changes.map { change in
            [
                change.server, change.row.pin.tool.text, change.row.standing, change.drift.direction.rawValue,
                change.drift.sentence,
            ]
        }
        let table = TextTable(headings: ["SERVER", "TOOL", "STANDING", "RISK", "WHAT BECAME OF IT"], rows: rows)
        for line in table.lines(width: console.outputWidth) {
            console.output(line)
        }
        let raised = changes.count { $0.drift.direction == .raised }
        console.say("\(changes.count) waiting, \(raised) of them more dangerous than what was accepted")
    }
}
