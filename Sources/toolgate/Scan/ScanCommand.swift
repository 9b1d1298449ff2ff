import Base
import ClientSettings
import StackReport
import ToolCatalogue

/// `toolgate scan`: everything the agents of this machine can call.
enum ScanCommand {
    static let command = Command(
        ["scan"],
        "show everything the agents on this machine can call, and what is dangerous about it",
        details:
            "Reads the MCP settings of Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Codex, Gemini CLI, Zed, Cline\n"
            + "and Continue, asks their servers for their tools, and reports tools by risk, poisoned and look-alike ones,\n"
            + "secrets in plain text (never their values) and combinations that are dangerous together. Servers are started\n"
            + "only when a person agrees or with --yes; --offline reads files alone. Nothing is changed.\n"
            + "--fail-on makes the exit code 1 when a finding is at least so severe; --baseline leaves out what an earlier\n"
            + "report (--output json) has already.",
        options: [
            CommandOption("offline", nil, "read settings only: start nothing, ask nobody"),
            CommandOption(
                "output",
                "FORMAT",
                "table (as without it), json, sarif, markdown or html",
                choices: ["table", "json", "sarif", "markdown", "html"]
            ),
            CommandOption("fail-on", "SEVERITY", "exit 1 at findings of this severity: low, medium, high or critical"),
            CommandOption("baseline", "FILE", "an earlier JSON report, whose findings are left out"),
        ] + StackScan.options,
        examples: [
            ("look", "toolgate scan"), ("one page to send", "toolgate scan --output html > agents.html"),
            ("in CI, only what is new", "toolgate scan --yes --fail-on high --baseline known.json"),
            ("one file, nothing started", "toolgate scan --config .mcp.json --offline"),
        ]
    ) { invocation throws(CommandFailure) in
        let worst = try failOn(invocation)
        let scan = try StackScan(invocation, asks: !invocation.isOn("offline"), baseline: try baseline(invocation))
        let stack = scan.stack
        if stack.files.isEmpty {
            invocation.console.say("no settings of any client were found: name one with `--config FILE`")
        }
        write(stack, invocation)
        if let worst, stack.findings.contains(where: { $0.severity >= worst }) {
            return .refused
        }
        return .done
    }

    private static func failOn(_ invocation: Invocation) throws(CommandFailure) -> RiskSeverity? {
        guard let text = invocation.value("fail-on") else {
            return nil
        }
        guard let severity = RiskSeverity.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() })
        else {
            throw .usage("`--fail-on \(text)` is no severity: low, medium, high or critical")
        }
        return severity
    }

    private static func baseline(_ invocation: Invocation) throws(CommandFailure) -> Set<String> {
        guard let path = invocation.value("baseline") else {
            return []
        }
        let report: [UInt8]
        do throws(FileProblem) {
            report = try FileAccess.read(path, maximumBytes: 256 << 20)
        } catch {
            throw .environment(error.message)
        }
        guard let known = StackJSON.fingerprints(report) else {
            throw .refused("`\(path)` is no report of `toolgate scan --output json`")
        }
        return known
    }

    private static func write(_ stack: ScannedStack, _ invocation: Invocation) {
        let console = invocation.console
        switch invocation.value("output") {
        case "json": console.writeOutput(StackJSON.document(stack, version: ProductVersion.text))
        case "sarif": console.writeOutput(StackSARIF.document(stack, version: ProductVersion.text))
        case "markdown": console.writeOutput(Array(StackMarkdown.document(stack).utf8))
        case "html": console.writeOutput(Array(StackHTML.document(stack, version: ProductVersion.text).utf8))
        default: ScanTable(stack: stack, console: console).write()
        }
    }
}

/// The report for a terminal.
struct ScanTable {
    let stack: ScannedStack
    let console: Console

    func write() {
        for file in stack.files {
            for note in file.notes {
                console.say("\(DefinitionText.visible(file.path)): \(note)")
            }
        }
        servers()
        findings()
        console.output(StackSummary.sentence(stack))
    }

    private func servers() {
        var rows: [[String]] = []
        for server in stack.servers {
            let counts = RiskCategory.allCases.compactMap { category -> String? in
                let count = server.tools.count { $0.classification.category == category }
                return count > 0 ? "\(count) \(category.rawValue)" : nil
            }
            let shown: String
            switch server.outcome {
            case .listed(let tools): shown = tools.isEmpty ? "no tools" : counts.joined(separator: ", ")
            case .notAsked(let reason), .failed(let reason): shown = reason
            }
            let worst = server.tools.map(\.classification.severity).max()?.rawValue ?? "-"
            rows.append([server.client.title, server.name, server.reach, worst, shown])
        }
        guard !rows.isEmpty else {
            return
        }
        let table = TextTable(headings: ["CLIENT", "SERVER", "REACHED BY", "WORST", "TOOLS"], rows: rows)
        for line in table.lines(width: console.outputWidth) {
            console.output(line)
        }
        console.output("")
    }

    private func findings() {
        for finding in stack.findings {
            let severity = finding.severity.rawValue.uppercased()
            let colour: Console.Colour = finding.severity >= .high ? .red : finding.severity == .medium ? .yellow : .dim
            console.output(
                "\(console.coloured(severity, colour)) \(finding.rule.rawValue): \(finding.message) "
                    + console.coloured("(\(finding.client.title), \(finding.file):\(finding.line))", .dim)
            )
        }
        if !stack.findings.isEmpty {
            console.output("")
        }
    }
}
