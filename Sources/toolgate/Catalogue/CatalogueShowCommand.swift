import Administration
import Base
import JSONText
import ToolCatalogue

/// `toolgate catalogue show | attacks`: the pages of the catalogue.
enum CatalogueShowCommands {
    static let all = [show, attacks]

    private static let format = CommandOption(
        "output",
        "FORMAT",
        "table (as without it), json or markdown",
        choices: ["table", "json", "markdown", "text"]
    )

    static let show = Command(
        ["catalogue", "show"],
        "show what is known of a server, or of one of its tools",
        details:
            "Of a tool: what it does, its class and severity and why, the words that rest on, known attacks on such\n"
            + "access, the rule recommended for it, what its definition costs in tokens, related tools, and answers to\n"
            + "the usual questions. Of a server: its tools, riskiest first, and what they cost together.\n"
            + "SERVER is a connector that comes with Toolgate, a server of the index (`catalogue import`), or one of the\n"
            + "store (the tools that were accepted); with --tools any list.",
        operands: CommandOperands(placeholder: "SERVER [TOOL]", count: 1...2),
        options: CatalogueSource.options + [format],
        examples: [
            ("one tool", "toolgate catalogue show kommo create_lead"),
            ("a server of the store", "toolgate catalogue show crm --output markdown"),
        ]
    ) { invocation throws(CommandFailure) in
        let source = try CatalogueSource.find(invocation.operands[0], invocation)
        let console = invocation.console
        guard invocation.operands.count == 2 else {
            write(ServerPage(source.facts), invocation)
            return .done
        }
        let page = try source.page(of: invocation.operands[1])
        switch invocation.value("output") {
        case "json": console.writeOutput(json(ToolPageText.record(page)))
        case "markdown": console.writeOutput(Array(ToolPageText.markdown(page).utf8))
        default:
            for line in ToolPageText.lines(page, console) {
                console.output(line)
            }
        }
        return .done
    }

    private static func write(_ page: ServerPage, _ invocation: Invocation) {
        let console = invocation.console
        switch invocation.value("output") {
        case "json": console.writeOutput(json(page.record))
        case "markdown": console.writeOutput(Array(page.markdown.utf8))
        default:
            for line in page.table.lines(width: console.outputWidth) {
                console.output(line)
            }
            for line in page.notes {
                console.say(line)
            }
        }
    }

    private static func json(_ record: ShownRecord) -> [UInt8] {
        var writer = JSONWriter(reserving: 8_192)
        record.write(to: &writer)
        return writer.output + [UInt8(ascii: "\n")]
    }

    // MARK: - attacks

    static let attacks = Command(
        ["catalogue", "attacks"],
        "list the known attack patterns, or read the page of one",
        details: "Each page says how it works, what shows it, which classes of tools it abuses, and a policy"
            + " that contains it.",
        operands: CommandOperands(placeholder: "[SLUG]", count: 0...1),
        options: [format],
        examples: [
            ("all of them", "toolgate catalogue attacks"),
            ("one", "toolgate catalogue attacks confused-deputy --output markdown"),
        ]
    ) { invocation throws(CommandFailure) in
        let console = invocation.console
        var patterns = AttackPattern.all
        if let slug = invocation.operands.first {
            guard let pattern = AttackPattern.named(slug) else {
                throw .refused(
                    "there is no attack pattern `\(DefinitionText.visible(slug))`: `toolgate catalogue attacks`"
                        + " lists them"
                )
            }
            patterns = [pattern]
        }
        switch invocation.value("output") {
        case "json":
            let records = patterns.map { ShownValue.record($0.shown, line: $0.title) }
            console.writeOutput(json(ShownRecord([("attacks", .list(records))])))
        case "markdown":
            console.writeOutput(Array(patterns.map(\.markdown).joined(separator: "\n").utf8))
        default:
            guard invocation.operands.isEmpty else {
                console.writeOutput(Array(patterns.map(\.markdown).joined(separator: "\n").utf8))
                break
            }
            let rows = patterns.map {
                [$0.slug, $0.family.rawValue, $0.abuses.map(\.rawValue).joined(separator: ", ")]
            }
            for line in TextTable(headings: ["ATTACK", "FAMILY", "ABUSES"], rows: rows).lines(
                width: console.outputWidth
            ) {
                console.output(line)
            }
        }
        return .done
    }
}

extension AttackPattern {
    /// For programs.
    var shown: ShownRecord {
        ShownRecord([
            ("slug", .text(slug)), ("title", .text(title)), ("family", .text(family.rawValue)),
            ("summary", .text(summary)), ("how", .list(how.map { .text($0) })),
            ("signs", .list(signs.map { .text($0) })), ("containment", .text(containment)),
            ("policy", .document(Array(policy.utf8))), ("abuses", .list(abuses.map { .text($0.rawValue) })),
            ("through", .list(through.map { .text($0.rawValue) })),
        ])
    }

    /// A page for people; our own words, so nothing has to be escaped.
    var markdown: String {
        var text = "# \(title)\n\n*\(family.rawValue)*, abuses \(abuses.map(\.rawValue).joined(separator: ", "))"
        text += through.isEmpty ? "" : " through \(through.map(\.rawValue).joined(separator: ", "))"
        text += "\n\n\(summary)\n\n## How it works\n\n" + how.map { "- \($0)\n" }.joined()
        text += "\n## What shows it\n\n" + signs.map { "- \($0)\n" }.joined()
        return text + "\n## What contains it\n\n\(containment)\n\n```json\n\(policy)\n```\n"
    }
}
