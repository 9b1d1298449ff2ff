import Administration
import Base
import JSONText
import ToolCatalogue

/// The page of a tool for programs, for Markdown and for a terminal.
enum ToolPageText {
    // MARK: - programs

    static func record(_ page: ToolPage) -> ShownRecord {
        let known = page.classification
        return ShownRecord([
            ("server", server(page.server)), ("name", .text(page.name)), ("title", .text(page.title)),
            ("description", .text(page.description)), ("category", .text(known.category.rawValue)),
            ("severity", .text(known.severity.rawValue)), ("severity_floor", .text(known.floor.rawValue)),
            ("severity_argued", .text(known.argued.rawValue)), ("additive", .flag(known.isAdditive)),
            ("confidence", .document(Array(known.confidenceText.utf8))),
            ("rules", .number(Classification.rulesVersion)),
            ("does", .text(page.does)), ("rationale", .text(known.rationale)), ("misuse", .text(known.misuse)),
            ("evidence", .list(known.evidence.map(evidence))), ("signals", .list(known.signals.map(signal))),
            ("parameters", .list(page.parameters.map { parameter($0.name, $0.isRequired) })),
            ("findings", .list(page.findings.map(finding))),
            ("attacks", .list(page.attacks.map(attack))), ("rule", .text(word(page.rule))),
            ("policy", .document(Array(page.policy.utf8))), ("effect", .text(page.effect)),
            ("action", .text(page.action)), ("steps", .list(page.steps.map { .text($0) })),
            ("tokens", tokens(page.tokens)), ("related", .list(page.related.map(ServerPage.row))),
            ("answers", .list(page.answers.map(answer))), ("footer", .text(page.server.footer)),
        ])
    }

    static func server(_ facts: ServerFacts) -> ShownValue {
        .record(
            ShownRecord([
                ("name", .text(facts.name)), ("key", .text(facts.key)), ("description", .text(facts.description)),
                ("transport", .text(facts.transport)), ("tools", .number(facts.tools.count)),
                ("counts", counts(facts)), ("facts", .list(facts.facts.map(fact))),
                ("indexed_servers", facts.indexedServers.map { .number($0) } ?? .absent("no index")),
            ]),
            line: facts.name
        )
    }

    private static func fact(_ fact: IndexedServer.Fact) -> ShownValue {
        .record(
            ShownRecord([
                ("fact", .text(fact.name)), ("value", .text(fact.value)), ("kind", .text(fact.origin.kind.rawValue)),
                ("source", .text(fact.origin.name)), ("date", .time(fact.origin.date)),
            ]),
            line: fact.value
        )
    }

    static func counts(_ facts: ServerFacts) -> ShownValue {
        .record(ShownRecord(facts.counts.map { ($0.category.rawValue, .number($0.count)) }), line: "")
    }

    static func tokens(_ count: Int) -> ShownValue {
        .record(
            ShownRecord([
                ("estimate", .number(count)), ("share_of_200k", .text(percent(count, TokenEstimate.windows[0]))),
                ("share_of_1m", .text(percent(count, TokenEstimate.windows[1]))),
            ]),
            line: "\(count)"
        )
    }

    private static func evidence(_ evidence: Evidence) -> ShownValue {
        row([("quote", evidence.quote), ("source", evidence.source), ("says", evidence.says)])
    }

    private static func signal(_ signal: RiskSignal) -> ShownValue {
        var fields = [("kind", signal.kind.rawValue), ("parameter", signal.parameter), ("says", signal.sentence)]
        if let suggestion = signal.suggestion {
            fields.append(("suggestion", suggestion))
        }
        return row(fields)
    }

    private static func finding(_ finding: PoisonFinding) -> ShownValue {
        row([
            ("code", finding.code.rawValue), ("quote", finding.quote), ("source", finding.source),
            ("says", finding.says),
        ])
    }

    private static func attack(_ pattern: AttackPattern) -> ShownValue {
        row([("slug", pattern.slug), ("title", pattern.title), ("summary", pattern.summary)])
    }

    private static func answer(_ answer: ToolPage.Answer) -> ShownValue {
        row([("question", answer.question), ("answer", answer.answer)])
    }

    private static func parameter(_ name: String, _ isRequired: Bool) -> ShownValue {
        .record(ShownRecord([("name", .text(name)), ("required", .flag(isRequired))]), line: name)
    }

    private static func row(_ fields: [(String, String)]) -> ShownValue {
        .record(ShownRecord(fields.map { ($0.0, .text($0.1)) }), line: fields[0].1)
    }

    private static func word(_ rule: PolicySuggestion.Rule) -> String {
        switch rule {
        case .allow: "allow"
        case .limit: "limit"
        case .approve: "approve"
        case .hide: "hide"
        case .deny: "deny"
        }
    }

    /// A share of a window with two digits.
    static func percent(_ tokens: Int, _ window: Int) -> String {
        let share = TokenEstimate.share(tokens, of: window)
        let rest = share % 100
        return "\(share / 100).\(rest < 10 ? "0" : "")\(rest) %"
    }

    // MARK: - people

    static func markdown(_ page: ToolPage) -> String {
        let known = page.classification
        var text =
            "# \(code(page.name))\n\n**\(page.badge)**, \(known.category.rawValue) tool of"
            + " \(plain(page.server.name))\n"
        text += page.description.isEmpty ? "" : "\n> \(plain(page.description))\n"
        text += "\n## What it does\n\n\(plain(page.does))\n\n## Why it needs a policy\n\n\(plain(page.why))\n\n"
        text += "From the definition:\n\n"
        text += known.evidence.isEmpty ? "- nothing that could be quoted\n" : ""
        text += known.evidence.map { "- \(code($0.quote)) (\(code($0.source))): \($0.says)\n" }.joined()
        text += "\nConfidence \(known.confidenceText); \(known.isAdditive ? "only adds" : "not purely additive");"
        text += " argued severity \(known.argued.rawValue); rules \(Classification.rulesVersion).\n"
        text += known.signals.isEmpty ? "" : "\nRisk signals:\n\n"
        text += known.signals.map { "- \(plain($0.sentence))\n" }.joined()
        text += page.findings.isEmpty ? "" : "\n**Suspect:**\n\n"
        text += page.findings.map {
            "- \($0.code.rawValue): it \($0.says), at \(code($0.source)):"
                + " \(code($0.quote))\n"
        }.joined()
        text += "\n## Attacks that abuse such access\n\n"
        text += page.attacks.map { "- **\($0.title)** (`\($0.slug)`): \($0.summary)\n" }.joined()
        text += "\n## The rule for it\n\n" + fenced(page.policy) + "\n\(plain(page.effect))\n\n"
        text += page.steps.enumerated().map { "\($0.offset + 1). \($0.element)\n" }.joined()
        text +=
            "\n## What it costs\n\nAbout \(page.tokens) tokens, \(percent(page.tokens, 200_000)) of a"
            + " window of 200,000,"
        text += " \(percent(page.tokens, 1_000_000)) of a million.\n"
        text += page.related.isEmpty ? "" : "\n## Related tools\n\n"
        text += page.related.map { "- \(code($0.name)): \($0.category.rawValue), \($0.severity.rawValue)\n" }.joined()
        text += "\n## Questions\n"
        text += page.answers.map { "\n**\(plain($0.question))** \(plain($0.answer))\n" }.joined()
        return text + "\n\(plain(page.server.footer)).\n"
    }

    private static func fenced(_ policy: String) -> String {
        // JSON strings hold no line feed, so a fence inside a name cannot begin a line.
        "```json\n\(policy)```\n"
    }

    private static func code(_ text: String) -> String { MarkdownText.code(Array(text.utf8)[...]) }

    private static func plain(_ text: String) -> String { MarkdownText.plain(text) }

    static func lines(_ page: ToolPage, _ console: Console) -> [String] {
        let known = page.classification
        func head(_ text: String) -> [String] { ["", console.coloured(text, .bold)] }
        func safe(_ text: String) -> String { TextTable.plain(text) }
        var lines = [console.coloured(safe(page.name), .bold) + "  \(page.badge), \(known.category.rawValue)"]
        lines += page.description.isEmpty ? [] : [safe(page.description)]
        lines += head("What it does") + [safe(page.does)]
        lines += head("Why it needs a policy") + [safe(page.why)]
        lines += known.evidence.map { "  \($0.source): \"\(safe($0.quote))\" - \($0.says)" }
        lines += known.signals.map { "  \(safe($0.sentence))" }
        lines += page.findings.map { "  suspect, \($0.code.rawValue): it \($0.says): \(safe($0.quote))" }
        lines += head("Attacks that abuse such access") + page.attacks.map { "  \($0.slug): \($0.title)" }
        lines += head("The rule for it") + page.policy.split(separator: "\n").map { String($0) } + [safe(page.effect)]
        lines += head("What it costs")
        lines += [
            "about \(page.tokens) tokens, \(percent(page.tokens, 200_000)) of 200k,"
                + " \(percent(page.tokens, 1_000_000)) of 1M"
        ]
        lines += page.related.isEmpty ? [] : head("Related tools")
        lines += page.related.map { "  \(safe($0.name))  \($0.category.rawValue), \($0.severity.rawValue)" }
        lines += head("Questions")
        lines += page.answers.flatMap { ["  \(safe($0.question))", "    \(safe($0.answer))"] }
        return lines + ["", safe(page.server.footer)]
    }
}
