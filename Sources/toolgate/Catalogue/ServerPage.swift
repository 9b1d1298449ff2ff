import Administration
import Base
import ToolCatalogue

/// The page of a server: its tools, riskiest first, and what they cost together.
struct ServerPage {
    let facts: ServerFacts
    private let tools: [CataloguedTool]
    private let total: Int
    private let shown: Int

    init(_ facts: ServerFacts) {
        self.facts = facts
        tools = facts.tools.sorted { ($0.category, $0.severity, $0.tokens) > ($1.category, $1.severity, $1.tokens) }
        total = facts.tools.map(\.tokens).reduce(0, +)
        // What the recommended policy lists; hidden and denied tools never reach a client's context.
        shown = facts.tools.filter { tool in
            let rule = PolicySuggestion.rule(for: tool.category, .recommended)
            return rule != .hide && rule != .deny
        }.map(\.tokens).reduce(0, +)
    }

    static func row(_ tool: CataloguedTool) -> ShownValue {
        .record(
            ShownRecord([
                ("name", .text(tool.name)), ("category", .text(tool.category.rawValue)),
                ("severity", .text(tool.severity.rawValue)), ("tokens", .number(tool.tokens)),
            ]),
            line: tool.name
        )
    }

    var record: ShownRecord {
        let suggestion = PolicySuggestion(facts.tools.map { ($0.name, $0.category) }, preset: .recommended)
        return ShownRecord([
            ("server", ToolPageText.server(facts)), ("tokens", ToolPageText.tokens(total)),
            ("tokens_under_recommended_policy", .number(shown)), ("tools", .list(tools.map(Self.row))),
            ("policy", .document(Array(suggestion.document.utf8))), ("footer", .text(facts.footer)),
        ])
    }

    var table: TextTable {
        TextTable(
            headings: ["TOOL", "CLASS", "SEVERITY", "TOKENS", "OF SERVER"],
            rows: tools.map { tool in
                [
                    tool.name, tool.category.rawValue, tool.severity.rawValue, "\(tool.tokens)",
                    "\((tool.tokens * 100 + total / 2) / max(1, total)) %",
                ]
            }
        )
    }

    /// What is said below the table.
    var notes: [String] {
        let counts = facts.counts.map { "\($0.count) \($0.category.rawValue)" }.joined(separator: ", ")
        return ["\(facts.footer): \(counts)", cost]
    }

    private var cost: String {
        "about \(total) tokens in a context, \(ToolPageText.percent(total, 200_000)) of 200k and"
            + " \(ToolPageText.percent(total, 1_000_000)) of 1M;"
            + " the recommended policy hides \(total - shown) of them"
    }

    var markdown: String {
        var text = "# \(MarkdownText.plain(facts.name))\n"
        text += facts.description.isEmpty ? "" : "\n\(MarkdownText.plain(facts.description))\n"
        text += "\n" + notes.map { "\(MarkdownText.plain($0)).\n" }.joined(separator: "\n")
        text += "\n| tool | class | severity | tokens |\n|---|---|---|---|\n"
        for tool in tools {
            // A bar ends a cell even inside code.
            let name = MarkdownText.plain(tool.name)
            text += "| \(name) | \(tool.category.rawValue) | \(tool.severity.rawValue) | \(tool.tokens) |\n"
        }
        return text
    }
}
