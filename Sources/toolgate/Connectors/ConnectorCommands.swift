import Administration
import Base
import ConnectorModel
import JSONText
import Settings
import ShippedConnectors
import YAMLText

/// `toolgate connector`: REST APIs as MCP tools.
enum ConnectorCommands {
    static let all = [list, check, trial, serve, policy, draft]

    /// What sets an account up.
    private static let account = [
        CommandOption(
            "set",
            "NAME=VALUE",
            "a setting of the connector; `base` puts another URL there",
            isRepeatable: true
        ),
        CommandOption("secret", "SOURCE", "the API's secret: env:VARIABLE or file:PATH"),
        CommandOption("allow-insecure", nil, "let `base` be plain http to another machine"),
        .output,
    ]

    private static let file = CommandOperands(placeholder: "FILE...", count: 1...100)

    static let list = Command(
        ["connector", "list"],
        "list the connectors that come with Toolgate, or the tools of one",
        operands: CommandOperands(placeholder: "[NAME|FILE]", count: 0...1),
        options: [.output],
        examples: [
            ("all of them", "toolgate connector list"),
            ("the tools of one", "toolgate connector list kommo"),
        ]
    ) { invocation throws(CommandFailure) in
        guard let name = invocation.operands.first else {
            let records = try ShippedConnectors.names.map { name throws(CommandFailure) in
                let connector = try ConnectorFiles.named(name)
                return ShownRecord([
                    ("name", .text(name)), ("title", .text(connector.title.text)),
                    ("tools", .number(connector.tools.count)),
                    (
                        "settings",
                        .list(connector.settings.map { .text($0.name.text + ($0.fallback == nil ? " (needed)" : "")) })
                    ),
                    ("secret", .text(connector.secretDescription.text)),
                ])
            }
            invocation.list(
                records,
                columns: [
                    ("name", "NAME"), ("title", "TITLE"), ("tools", "TOOLS"), ("settings", "SETTINGS"),
                    ("secret", "SECRET"),
                ],
                empty: "no connectors"
            )
            return .done
        }
        invocation.list(
            try ConnectorFiles.named(name).tools.map(shown),
            columns: [
                ("name", "NAME"), ("class", "CLASS"), ("limit", "LIMIT"), ("title", "TITLE"),
            ],
            empty: "no tools"
        )
        return .done
    }

    private static func shown(_ tool: ConnectorTool) -> ShownRecord {
        ShownRecord([
            ("name", .text(tool.name.text)), ("class", .text(tool.risk.rawValue)),
            ("limit", tool.limit.map { .text("\($0.maximum) a \($0.window.rawValue)") } ?? .absent("none")),
            ("title", .text(tool.title.text)), ("description", .text(tool.description.text)),
        ])
    }

    static let check = Command(
        ["connector", "check"],
        "check connector files and tell every mistake with its place",
        details: "Exit 1 when one of them has a mistake.",
        operands: file,
        options: [.output],
        examples: [("one file", "toolgate connector check my-api.yaml")]
    ) { invocation throws(CommandFailure) in
        var records: [ShownRecord] = []
        var hasProblems = false
        for path in invocation.operands {
            let reading = ConnectorReader.read(try ConnectorFiles.bytes(path))
            hasProblems = hasProblems || reading.connector == nil
            for problem in reading.problems where !invocation.printsJSON {
                invocation.console.say("\(path):\(problem)")
            }
            if let connector = reading.connector, !invocation.printsJSON {
                invocation.console.say("\(path): \(connector.tools.count) tools, no mistakes")
            }
            records.append(
                ShownRecord([
                    ("file", .text(path)), ("valid", .flag(reading.connector != nil)),
                    (
                        "problems",
                        .list(
                            reading.problems.map { problem in
                                .record(
                                    ShownRecord([
                                        ("code", .text(problem.code.rawValue)),
                                        ("line", .number(problem.position.line)),
                                        ("column", .number(problem.position.column)),
                                        ("message", .text(problem.message)),
                                    ]),
                                    line: problem.description
                                )
                            }
                        )
                    ),
                ])
            )
        }
        if invocation.printsJSON {
            invocation.list(records, columns: [], empty: "")
        }
        return hasProblems ? .refused : .done
    }

    static let trial = Command(
        ["connector", "try"],
        "call one tool of a connector, with no gateway and no policy between",
        details:
            "Prints the result, or with --dry-run the first request as it would go out, its credential masked.\n"
            + "What writes, writes: there is no undo. Exit 1 when the call fails.",
        operands: CommandOperands(placeholder: "TOOL [ARGUMENTS]", count: 1...2),
        options: [
            CommandOption("connector", "NAME|FILE", "whose tool it is; not needed when one shipped connector has it"),
            CommandOption("dry-run", nil, "send nothing: print the first request"),
        ] + account,
        examples: [
            (
                "what a call would send",
                "toolgate connector try get_leads '{\"limit\":5}' --set subdomain=acme --dry-run"
            ),
            (
                "a call",
                "toolgate connector try getLeads '{}' --set portal=acme.bitrix24.ru --secret env:BITRIX_WEBHOOK"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        try ConnectorTrial(invocation).run()
    }

    static let serve = Command(
        ["connector", "serve"],
        "run a connector as an MCP server on this machine, to put a gateway in front of",
        details:
            "It speaks 2025-03-26 to 2026-07-28 at /mcp, asks for no token and so listens on loopback only: agents get\n"
            + "the gateway's address, never this one.",
        operands: CommandOperands(placeholder: "NAME|FILE", count: 1...1),
        options: [CommandOption("listen", "ADDR:PORT", "where to listen (default 127.0.0.1:3001; port 0: any)")]
            + account,
        examples: [
            (
                "Kommo behind a gateway",
                "toolgate connector serve kommo --set subdomain=acme --secret env:KOMMO_TOKEN"
            )
        ]
    ) { invocation throws(CommandFailure) in
        try ConnectorServing.run(invocation)
    }

    static let policy = Command(
        ["connector", "policy"],
        "print the recommended policy for a connector: all its tools, with limits by class",
        operands: CommandOperands(placeholder: "NAME|FILE", count: 1...1),
        examples: [("into a file", "toolgate connector policy kommo > kommo.json")]
    ) { invocation throws(CommandFailure) in
        let connector = try ConnectorFiles.named(invocation.operands[0])
        invocation.console.writeOutput(connector.recommendedPolicy + [UInt8(ascii: "\n")])
        return .done
    }

    static let draft = Command(
        ["connector", "new"],
        "draft a connector from an OpenAPI 3 document, for you to curate",
        details:
            "Prints YAML. Agents do better with few tools that are named and described for them than with every endpoint.",
        options: [CommandOption("openapi", "FILE", "the document, JSON or YAML; `-` for standard input")],
        examples: [("from a file", "toolgate connector new --openapi openapi.json > my-api.yaml")]
    ) { invocation throws(CommandFailure) in
        guard let path = invocation.value("openapi") else {
            throw .usage("`--openapi FILE` is needed: see `toolgate connector new --help`")
        }
        let text = try ConnectorFiles.bytes(path)
        do throws(OpenAPIDraft.Problem) {
            invocation.console.writeOutput(try OpenAPIDraft.draft(text))
        } catch {
            throw .refused("\(path): \(error)")
        }
        return .done
    }
}

/// Finds connectors by the name of a shipped one, or by a path.
enum ConnectorFiles {
    static func bytes(_ path: String) throws(CommandFailure) -> [UInt8] {
        do throws(FileProblem) {
            return try FileAccess.read(path, maximumBytes: 4 << 20)
        } catch {
            throw .environment(error.message)
        }
    }

    static func named(_ name: String) throws(CommandFailure) -> Connector {
        if let shipped = ShippedConnectors.connector(named: ByteString(name)) {
            return shipped
        }
        guard name.contains("/") || name.contains(".") else {
            throw .usage(
                "there is no connector `\(name)`: there are "
                    + ShippedConnectors.names.map { "`\($0)`" }.joined(separator: ", ") + ", or give a path"
            )
        }
        let reading = ConnectorReader.read(try bytes(name))
        guard let connector = reading.connector else {
            let first = reading.problems.first.map { "\($0)" } ?? "unreadable"
            throw .refused("\(name):\(first) (`toolgate connector check` tells all)")
        }
        return connector
    }
}
