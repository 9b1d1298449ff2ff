import Administration
import Base
import JSONText
import StoreSQLite
import Stores

/// `toolgate server tools | accept`: what a server's tools were when they were accepted, and what they are now.
enum ServerToolsCommands {
    static let all = [tools, accept]

    static let tools = Command(
        ["server", "tools"],
        "list a server's tools, and what has changed since they were accepted",
        details:
            "The first whole list of a server is accepted by the gateway. From then on a tool whose definition is another\n"
            + "is `changed` and its calls are denied, a tool that appears is `new` and needs a policy that names it;\n"
            + "`gone` is one the server no longer lists, `renamed` one that is the same under another name.\n"
            + "--diff shows two definitions line by line; what cannot be seen stands as \\u{...}.\n"
            + "--list lists a server that no gateway has listed yet, shows its tools, and asks whether to accept them.",
        operands: CommandOperands(placeholder: "SERVER", count: 1...1),
        options: [
            CommandOption("changed", nil, "only those that wait to be accepted"),
            CommandOption("diff", "TOOL", "what has changed in this one"),
        ] + ServerRegistration.options + ServiceKeys.options + [.output],
        examples: [
            ("what waits to be accepted", "toolgate server tools crm --changed"),
            ("what it is", "toolgate server tools crm --diff create_lead"),
        ]
    ) { invocation throws(CommandFailure) in
        if invocation.isOn("list") {
            let tools = try ServerRegistration.run(invocation.operands[0], invocation)
            if invocation.printsJSON {
                invocation.console.writeOutput(json(tools.rows, ByteString(invocation.operands[0])))
            }
            return .done
        }
        let scene = try Scene(invocation)
        if let name = invocation.value("diff") {
            let row = try scene.row(named: name)
            showDifference(of: row, at: scene.server.name, invocation)
            return .done
        }
        let rows = invocation.isOn("changed") ? scene.tools.waiting : scene.tools.rows
        if invocation.printsJSON {
            invocation.console.writeOutput(json(rows, scene.server.name))
        } else {
            showTable(rows, invocation.console)
            if rows.isEmpty {
                invocation.console.say(
                    scene.tools.rows.isEmpty
                        ? "no tools yet: a running gateway lists a server before its first call"
                        : "nothing waits to be accepted"
                )
            }
        }
        return .done
    }

    static let accept = Command(
        ["server", "accept"],
        "accept what a server's tools are now",
        details:
            "Shows what would be accepted, asks, then accepts all of it or nothing. A running gateway has it in force\n"
            + "within a second. What is accepted is what was shown: a definition that changes meanwhile is refused.\n"
            + "--digest does the same over two commands: `server tools --diff` prints it.",
        operands: CommandOperands(placeholder: "SERVER [TOOL...]", count: 1...1_000),
        options: [
            CommandOption("all", nil, "every tool that waits"),
            CommandOption(
                "digest",
                "HEX",
                "accept only the definition with this digest, or one that begins so (one TOOL)"
            ),
            CommandOption("yes", nil, "do not ask"),
            ServiceKeys.dataOption,
        ],
        examples: [
            ("look, then answer", "toolgate server accept crm create_lead"),
            ("exactly what was looked at before", "toolgate server accept crm create_lead --digest 6f1c2b1e9a04 --yes"),
        ]
    ) { invocation throws(CommandFailure) in
        let scene = try Scene(invocation)
        let rows = try chosen(invocation, scene)
        guard !rows.isEmpty else {
            invocation.console.say("nothing waits to be accepted")
            return .done
        }
        for row in rows {
            showDifference(of: row, at: scene.server.name, invocation)
        }
        guard try isAgreed(invocation, rows.count) else {
            throw .refused("nothing was changed")
        }
        let accepted = rows.compactMap { row in row.waiting.map { (tool: row.pin.tool, digest: $0.digest) } }
        let server = scene.server.id
        try StoreAccess.attempt(scene.path) { () throws(StoreError) in
            try scene.store.change(by: OperatorName.author(invocation)) { writer throws(StoreError) in
                for one in accepted {
                    try writer.accept(tool: one.tool, at: server, digest: one.digest)
                }
            }
        }
        invocation.console.say("accepted: \(accepted.count == 1 ? "1 tool" : "\(accepted.count) tools")")
        return .done
    }

    // MARK: - What there is

    /// A server of the store and its tools.
    private struct Scene {
        let store: any Store
        let path: String
        let server: ServerRecord
        let tools: PinnedTools

        init(_ invocation: Invocation) throws(CommandFailure) {
            let directory = try ServiceKeys.openExisting(invocation)
            guard let store = try StoreAccess.openExisting(directory) else {
                throw .environment("there is no store in `\(directory.path)`: is `--data` the right folder?")
            }
            let name = ByteString(invocation.operands[0])
            let found = try StoreAccess.attempt(directory) { () throws(StoreError) in
                try store.read { reader throws(StoreError) in
                    let server = try reader.server(named: name)
                    let pins = try server.map { server throws(StoreError) in try reader.pins(of: server.id) }
                    return (server, pins, try reader.servers().map(\.name.text))
                }
            }
            guard let server = found.0, let pins = found.1 else {
                let near = NearestName.of(invocation.operands[0], in: found.2)
                let hint = near.map { "did you mean `\($0)`?" } ?? "`toolgate export` shows what there is"
                throw .refused("there is no server `\(DefinitionText.visible(invocation.operands[0]))`: \(hint)")
            }
            self.store = store
            path = directory.store
            self.server = server
            tools = PinnedTools(pins)
        }

        func row(named name: String) throws(CommandFailure) -> PinnedTools.Row {
            let tool = ByteString(name)
            guard let row = tools.rows.first(where: { $0.pin.tool == tool || $0.formerName == tool }) else {
                let near = NearestName.of(name, in: tools.rows.map(\.pin.tool.text))
                let hint =
                    near.map { "did you mean `\(DefinitionText.visible($0))`?" } ?? "leave `--diff` out to see all"
                throw .refused("`\(server.name)` has no tool `\(DefinitionText.visible(name))`: \(hint)")
            }
            return row
        }
    }

    /// The tools that are to be accepted.
    private static func chosen(
        _ invocation: Invocation,
        _ scene: Scene
    ) throws(CommandFailure) -> [PinnedTools.Row] {
        let names = invocation.operands.dropFirst()
        let takesAll = invocation.isOn("all")
        guard takesAll != !names.isEmpty else {
            throw .usage("name the tools to accept, or write `--all`, not both")
        }
        let digest = invocation.value("digest")
        guard digest == nil || names.count == 1 else {
            throw .usage("`--digest` is for one tool: name it alone")
        }
        guard !takesAll else {
            return scene.tools.waiting
        }
        var rows: [PinnedTools.Row] = []
        for name in names {
            let row = try scene.row(named: name)
            guard let waiting = row.waiting else {
                throw .refused(
                    "the definition of `\(DefinitionText.visible(name))` in force is the accepted one: nothing to accept"
                )
            }
            if let digest {
                try check(digest, waiting.digest, name)
            }
            if !rows.contains(where: { $0.pin.tool == row.pin.tool }) {
                rows.append(row)
            }
        }
        return rows
    }

    private static func check(_ written: String, _ digest: [UInt8], _ name: String) throws(CommandFailure) {
        let text = Array(written.lowercased().utf8)
        guard text.count >= 12, text.count <= 64, text.allSatisfy({ $0.hexadecimalDigit != nil }) else {
            throw .usage("`--digest` takes the 12 to 64 hexadecimal digits that `server tools --diff` prints")
        }
        guard TextCoding.hexadecimal(digest).starts(with: text) else {
            throw .refused(
                "the definition of `\(DefinitionText.visible(name))` has changed again: look at it before accepting it"
            )
        }
    }

    private static func isAgreed(_ invocation: Invocation, _ count: Int) throws(CommandFailure) -> Bool {
        if invocation.isOn("yes") {
            return true
        }
        guard invocation.console.inputIsTerminal else {
            throw .usage("nobody is there to be asked: add `--yes`; nothing was changed")
        }
        invocation.console.say("Accept \(count == 1 ? "this definition" : "these \(count)")? Type yes to go on:")
        return invocation.console.readAnswer() == "yes"
    }

    // MARK: - Showing

    private static func showTable(_ rows: [PinnedTools.Row], _ console: Console) {
        guard !rows.isEmpty else {
            return
        }
        var cells = [["tool", "standing", "since", "accepted by"]]
        for row in rows {
            var name = DefinitionText.visible(row.pin.tool.text)
            if let former = row.formerName {
                name = "\(DefinitionText.visible(former.text)) -> \(name)"
            }
            let author = row.pin.acceptedBy.map { DefinitionText.visible($0.text) } ?? "-"
            cells.append([name, row.standing, text(of: row.since), author])
        }
        let widths = (0..<3).map { column in min(64, cells.map { $0[column].count }.max() ?? 0) }
        for (index, line) in cells.enumerated() {
            var text = ""
            for column in 0..<3 {
                let padding = max(0, widths[column] - line[column].count)
                text += line[column] + String(repeating: " ", count: padding + 2)
            }
            console.output(index == 0 ? console.coloured(text + line[3], .dim) : text + line[3])
        }
    }

    private static func text(of time: WallTime) -> String {
        var text: [UInt8] = []
        time.appendRFC3339(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// What is in force and what waits, line by line, and how to accept it.
    static func showDifference(of row: PinnedTools.Row, at server: ByteString, _ invocation: Invocation) {
        let console = invocation.console
        let name = DefinitionText.visible(row.pin.tool.text)
        let new = row.waiting ?? row.pin.definition
        let digest = String(decoding: TextCoding.hexadecimal(new.digest), as: UTF8.self)
        let former = row.formerName.map { ", until now `\(DefinitionText.visible($0.text))`" } ?? ""
        console.output(console.coloured("\(server)/\(name): \(row.standing)\(former), digest \(digest)", .bold))
        let isFirst = row.pin.standing != .changed
        let old = isFirst ? [] : DefinitionText.lines(row.pin.definition.canonical)
        for line in LineDifference.lines(from: old, to: DefinitionText.lines(new.canonical)) {
            let text = line.kind == .gap ? "  …" : "\(row.waiting == nil ? " " : line.kind.rawValue) \(line.text)"
            switch line.kind {
            case .added where row.waiting != nil: console.output(console.coloured(text, .green))
            case .removed: console.output(console.coloured(text, .red))
            default: console.output(text)
            }
        }
        if row.waiting != nil, invocation.command.words.last == "tools" {
            // A server chooses its tools' names: one that is more than a word to a shell is not put into a line to paste.
            let word = isWord(row.pin.tool) ? name : "TOOL"
            console.say("to accept it: toolgate server accept \(server) \(word) --digest \(digest.prefix(12))")
        }
    }

    private static func isWord(_ name: ByteString) -> Bool {
        name.bytes.first != UInt8(ascii: "-")
            && name.bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func json(_ rows: [PinnedTools.Row], _ server: ByteString) -> [UInt8] {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        writer.key("server")
        writer.string(server.bytes)
        writer.key("tools")
        writer.beginArray()
        for row in rows {
            row.shown.write(to: &writer)
        }
        writer.endArray()
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }
}
