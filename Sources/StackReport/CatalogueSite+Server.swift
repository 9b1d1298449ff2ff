public import ToolCatalogue

extension CatalogueSite {
    /// The page of a server: its tools, riskiest first, what they cost together, and the policy for all of them.
    public static func page(of facts: ServerFacts) -> File {
        let tools = facts.tools.sorted {
            ($0.category, $0.severity, $0.tokens, $1.name) > ($1.category, $1.severity, $1.tokens, $0.name)
        }
        let tokens = tools.map(\.tokens).reduce(0, +)
        var body = ""
        if !facts.description.isEmpty {
            body += "<blockquote>\(text(facts.description, 2_000))</blockquote>\n"
        }
        let counts = facts.counts.map { "\($0.count) \($0.category.rawValue)" }.joined(separator: ", ")
        body += "<p>\(facts.tools.count) \(facts.tools.count == 1 ? "tool" : "tools")\(counts.isEmpty ? "" : ": ")"
        body += "\(counts). About \(tokens) tokens in a context, \(share(tokens, of: 0)) of 200,000 and "
        body += "\(share(tokens, of: 1)) of a million.</p>\n"
        body += "<table><thead><tr><th>Tool</th><th>Class</th><th>Severity</th><th class=\"number\">Tokens</th></tr>"
        body += "</thead><tbody>\n"
        for tool in tools {
            body += "<tr><td><a href=\"\(PagePath.file(of: tool.name))\"><code>\(text(tool.name))</code></a></td>"
            body += "<td>\(tool.category.rawValue)</td><td>\(PageFrame.badge(tool.severity))</td>"
            body += "<td class=\"number\">\(tool.tokens)</td></tr>\n"
        }
        body += "</tbody></table>\n"
        let suggestion = PolicySuggestion(facts.tools.map { ($0.name, $0.category) }, preset: .recommended)
        body += "<h2>A policy for all of it</h2>\n<pre>\(lines(suggestion.document, 2_000))</pre>\n"
        body += self.facts(facts)
        return File(
            path: PagePath.folder(of: facts) + "/index.html",
            text: PageFrame.page(facts.name, body, trail: [("All servers", "../../index.html")], depth: 2)
        )
    }

    private static func facts(_ server: ServerFacts) -> String {
        guard !server.facts.isEmpty else {
            return ""
        }
        var body =
            "<h2>What is known</h2>\n<table><thead><tr><th>Fact</th><th>Value</th><th>Source</th></tr></thead><tbody>\n"
        for fact in server.facts {
            body += "<tr><td>\(text(fact.name))</td><td>\(text(fact.value, 1_000))</td>"
            body += "<td>\(text("\(fact.origin.kind.rawValue), \(fact.origin.name)"))</td></tr>\n"
        }
        return body + "</tbody></table>\n"
    }

    static func share(_ tokens: Int, of window: Int) -> String {
        let share = TokenEstimate.share(tokens, of: TokenEstimate.windows[window])
        let rest = share % 100
        return "\(share / 100).\(rest < 10 ? "0" : "")\(rest) %"
    }

    // MARK: - a tool

    /// The page of a tool: what it does, why it is classed so, what abuses it, the rule for it, what it costs.
    public static func page(of tool: ToolPage) -> File {
        let known = tool.classification
        var body = "<p>\(PageFrame.badge(known.severity)) <span class=\"tag\">\(known.category.rawValue)</span> "
        body += "\(text(tool.badge)); \(known.isAdditive ? "only adds" : "does not only add")</p>\n"
        if !tool.description.isEmpty {
            body += "<blockquote>\(text(tool.description, 8_000))</blockquote>\n"
        }
        body += "<h2>What it does</h2>\n<p>\(text(tool.does, 2_000))</p>\n"
        body += "<h2>Why it needs a policy</h2>\n<p>\(text(tool.why, 4_000))</p>\n" + reasons(tool)
        body += rule(tool) + cost(tool) + related(tool) + "<h2>Questions</h2>\n"
        for answer in tool.answers {
            body += "<details><summary>\(text(answer.question))</summary>"
            body += "<p>\(text(answer.answer, 8_000))</p></details>\n"
        }
        return File(
            path: "\(PagePath.folder(of: tool.server))/\(PagePath.file(of: tool.name))",
            text: PageFrame.page(
                tool.name,
                body,
                trail: [("All servers", "../../index.html"), (tool.server.name, "index.html")],
                foot: tool.server.footer + ".",
                depth: 2
            )
        )
    }

    private static func reasons(_ tool: ToolPage) -> String {
        let known = tool.classification
        var body = "<table><thead><tr><th>From the definition</th><th>Where</th><th>It says</th></tr></thead><tbody>\n"
        for evidence in known.evidence {
            body += "<tr><td><q>\(text(evidence.quote))</q></td><td><code>\(text(evidence.source))"
            body += "</code></td><td>\(text(evidence.says))</td></tr>\n"
        }
        body += known.evidence.isEmpty ? "<tr><td colspan=\"3\">nothing that could be quoted</td></tr>\n" : ""
        body +=
            "</tbody></table>\n<p class=\"dim\">Confidence \(known.confidenceText); argued severity \(known.argued.rawValue); "
        body += "rules \(Classification.rulesVersion).</p>\n"
        body += list("Risk signals", known.signals.map { text($0.sentence, 1_000) })
        body += list(
            "Suspect in the definition",
            tool.findings.map {
                "<b>\($0.code.rawValue)</b>: it \(text($0.says)), at <code>\(text($0.source))</code>: "
                    + "<q>\(text($0.quote))</q>"
            }
        )
        body += list(
            "Attacks that abuse such access",
            tool.attacks.map {
                "<a href=\"../../attacks/\($0.slug).html\">\(text($0.title))</a>: "
                    + text($0.summary, 1_000)
            }
        )
        return body
    }

    private static func list(_ title: String, _ items: [String]) -> String {
        items.isEmpty
            ? "" : "<h2>\(title)</h2>\n<ul>\n" + items.map { "<li>\($0)</li>\n" }.joined() + "</ul>\n"
    }

    private static func rule(_ tool: ToolPage) -> String {
        var body = "<h2>The rule for it: \(text(tool.action))</h2>\n"
        body += "<pre>\(lines(tool.policy, 2_000))</pre>\n<p>\(text(tool.effect, 1_000))</p>\n"
        return body + "<ol>\n" + tool.steps.map { "<li>\(text($0, 1_000))</li>\n" }.joined() + "</ol>\n"
    }

    /// A bar, so that the share of a window is seen and not read.
    private static func cost(_ tool: ToolPage) -> String {
        let all = max(1, tool.server.tools.map(\.tokens).reduce(0, +))
        let width = min(400, max(2, tool.tokens * 400 / all))
        var body =
            "<h2>What it costs</h2>\n<p>About \(tool.tokens) tokens, \(share(tool.tokens, of: 0)) of a window of 200,000, "
        body += "\(share(tool.tokens, of: 1)) of a million.</p>\n"
        body += "<svg viewBox=\"0 0 400 12\" role=\"img\" aria-label=\"\(tool.tokens) of the server's \(all) tokens\">"
        body +=
            "<rect class=\"track\" width=\"400\" height=\"12\"/><rect class=\"part\" width=\"\(width)\" height=\"12\"/></svg>\n"
        return body + "<p class=\"dim\">Of the server's \(all) tokens.</p>\n"
    }

    private static func related(_ tool: ToolPage) -> String {
        list(
            "Related tools",
            tool.related.map {
                "<a href=\"\(PagePath.file(of: $0.name))\"><code>\(text($0.name))</code></a> \($0.category.rawValue) "
                    + PageFrame.badge($0.severity)
            }
        )
    }
}
