import Administration
import Base
import CatalogueSQLite
import EventLoops
import ToolCatalogue

/// `toolgate catalogue import | search`: many servers' tools, found by words.
enum CatalogueIndexCommands {
    static let all = [importing, search]

    static let importing = Command(
        ["catalogue", "import"],
        "take servers and tools into the catalogue's index",
        details:
            "FILE is a list with an entry a line (a tool with its `server`, or a server), a document of the official\n"
            + "registry (server.json, or its API's `servers`), or a tools/list result with --server KEY. Reading goes on\n"
            + "where it was broken off. What is known is replaced; what other sources said stays, with its date. Without\n"
            + "FILE, --server names a server of the store, whose accepted tools are taken. Exit 1 when something was no\n"
            + "entry.",
        operands: CommandOperands(placeholder: "[FILE...]", count: 0...10_000),
        options: [
            CommandOption("server", "KEY", "whose tools these are; without FILE a server of the store"),
            ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("a list", "toolgate catalogue import servers.jsonl tools.jsonl"),
            ("a server's own list", "toolgate catalogue import --server crm tools.json"),
            ("what the gateway serves", "toolgate catalogue import --server crm"),
        ]
    ) { invocation throws(CommandFailure) in
        let server = invocation.value("server")
        guard server != nil || !invocation.operands.isEmpty else {
            throw .usage("name a FILE, or a server of the store with `--server`")
        }
        let accepted = invocation.operands.isEmpty ? try AcceptedTools.of(server ?? "", invocation) : []
        let index = try CatalogueFiles.open(invocation)
        var reader = CatalogueImport(
            index,
            server: server,
            console: invocation.console,
            now: SystemTime().wallTime
        )
        for path in invocation.operands {
            try reader.read(path)
        }
        if let server, invocation.operands.isEmpty {
            try reader.take(accepted: accepted, of: server)
        }
        let taken = reader.taken
        // LIMIT: fewer new tools are found fast enough as they lie.
        if taken.tools >= 10_000 {
            try CatalogueFiles.attempt { () throws(CatalogueFailure) in try index.settle() }
        }
        try tell(taken, reader.problems, index, invocation)
        return reader.problems == 0 ? .done : .refused
    }

    private static func tell(
        _ taken: CatalogueTaken,
        _ problems: Int,
        _ index: SQLiteCatalogue,
        _ invocation: Invocation
    ) throws(CommandFailure) {
        let counts = try CatalogueFiles.attempt { () throws(CatalogueFailure) in try index.counts() }
        guard !invocation.printsJSON else {
            let record = ShownRecord([
                ("tools", .number(taken.tools)), ("unchanged", .number(taken.unchanged)),
                ("servers", .number(taken.servers)), ("problems", .number(problems)),
                ("indexed_servers", .number(counts.servers)), ("indexed_tools", .number(counts.tools)),
            ])
            return invocation.console.writeOutput(record.json)
        }
        invocation.console.say(
            "\(taken.tools) tools new or changed, \(taken.unchanged) as they were, \(taken.servers) servers named"
                + (problems == 0 ? "" : ", \(problems) not understood")
                + "; the index has \(counts.tools) tools of \(counts.servers) servers"
        )
    }

    // MARK: - search

    private static func filter(_ name: String, _ values: [String], _ words: String) -> CommandOption {
        CommandOption(name, name.uppercased(), words, choices: values)
    }

    static let search = Command(
        ["catalogue", "search"],
        "find tools in the catalogue's index by words",
        details:
            "All words have to be there; names are looked through before descriptions. Without words the"
            + " filters choose.\n"
            + "Very common words give the tools that were imported first.",
        operands: CommandOperands(placeholder: "[WORD...]", count: 0...12),
        options: [
            filter("category", RiskCategory.allCases.map { $0.rawValue.lowercased() }, "only tools of this class"),
            filter("severity", RiskSeverity.allCases.map { $0.rawValue.lowercased() }, "only tools of this severity"),
            CommandOption("publisher", "NAME", "only servers of this publisher"),
            CommandOption("transport", "NAME", "only servers reached so: stdio, streamable-http, sse"),
            CommandOption("limit", "N", "at most so many, 1 to 200 (default: 20)"),
            ServiceKeys.dataOption,
            CommandOption(
                "output",
                "FORMAT",
                "table (as without it), json or markdown",
                choices: ["table", "json", "markdown", "text"]
            ),
        ],
        examples: [
            ("by words", "toolgate catalogue search create lead"),
            ("what deletes", "toolgate catalogue search file --category destructive --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        var query = CatalogueQuery(invocation.operands.joined(separator: " "), limit: try limit(invocation))
        query.category = RiskCategory.allCases.first { $0.rawValue.lowercased() == invocation.value("category") }
        query.severity = RiskSeverity.allCases.first { $0.rawValue.lowercased() == invocation.value("severity") }
        query.publisher = invocation.value("publisher")
        query.transport = invocation.value("transport")
        guard let index = try CatalogueFiles.existing(invocation) else {
            throw .environment("there is no index yet: `toolgate catalogue import` makes it")
        }
        let wanted = query
        let hits = try CatalogueFiles.attempt { () throws(CatalogueFailure) in try index.search(wanted) }
        show(hits, invocation)
        return .done
    }

    private static func limit(_ invocation: Invocation) throws(CommandFailure) -> Int {
        guard let text = invocation.value("limit") else {
            return 20
        }
        guard let limit = Int(text), (1...CatalogueQuery.mostHits).contains(limit) else {
            throw .usage("`--limit` takes a number from 1 to \(CatalogueQuery.mostHits)")
        }
        return limit
    }

    private static func show(_ hits: [CatalogueHit], _ invocation: Invocation) {
        let console = invocation.console
        switch invocation.value("output") {
        case "json":
            let records = hits.map { hit -> ShownValue in
                .record(
                    ShownRecord([
                        ("server", .text(hit.server)), ("name", .text(hit.tool.name)),
                        ("category", .text(hit.tool.category.rawValue)),
                        ("severity", .text(hit.tool.severity.rawValue)),
                        ("tokens", .number(hit.tool.tokens)), ("summary", .text(hit.summary)),
                    ]),
                    line: hit.tool.name
                )
            }
            console.writeOutput(ShownRecord([("tools", .list(records))]).json)
        case "markdown":
            var text = "| tool | server | class | severity | what it says |\n|---|---|---|---|---|\n"
            for hit in hits {
                text += "| \(MarkdownText.plain(hit.tool.name)) | \(MarkdownText.plain(hit.server)) |"
                text +=
                    " \(hit.tool.category.rawValue) | \(hit.tool.severity.rawValue) |"
                    + " \(MarkdownText.plain(hit.summary)) |\n"
            }
            console.writeOutput(Array(text.utf8))
        default:
            let rows = hits.map { hit in
                [hit.tool.name, hit.server, hit.tool.category.rawValue, hit.tool.severity.rawValue, hit.summary]
            }
            let table = TextTable(headings: ["TOOL", "SERVER", "CLASS", "SEVERITY", "WHAT IT SAYS"], rows: rows)
            for line in hits.isEmpty ? [] : table.lines(width: console.outputWidth) {
                console.output(line)
            }
            console.say(hits.isEmpty ? "nothing fits" : "\(hits.count) tools")
        }
    }
}
