import ClientSettings
import ToolCatalogue

/// The report as one page to send to a colleague: no script, nothing fetched, dark and light.
///
/// The policy in its head forbids everything but its own style, so a name that became mark-up could still do nothing.
public enum StackHTML {
    /// The whole page.
    public static func document(_ stack: ScannedStack, version: String) -> String {
        var page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>What your agents can call</title>
            <style>\(style)</style>
            </head>
            <body>
            <main>
            <header><h1>What your agents can call</h1>
            <p>\(escaped(StackSummary.sentence(stack))).</p>
            <p class="dim">toolgate \(escaped(version)), \(escaped(stack.time))</p></header>

            """
        page += charts(stack)
        page += findings(stack)
        page += servers(stack)
        return page + "</main>\n</body>\n</html>\n"
    }

    // MARK: - charts

    private static func charts(_ stack: ScannedStack) -> String {
        let tools = stack.tools.map(\.tool)
        let categories = RiskCategory.allCases.map { category in
            (
                category.rawValue,
                RiskSeverity.allCases.map { severity in
                    tools.count { $0.classification.category == category && $0.classification.severity == severity }
                }
            )
        }
        let clients = stack.clients.map { client in
            let own = stack.tools.filter { $0.server.client == client }.map(\.tool)
            return (
                client.title,
                RiskSeverity.allCases.map { severity in own.count { $0.classification.severity == severity } }
            )
        }
        guard !tools.isEmpty else {
            return "<p>No tools were listed.</p>\n"
        }
        let key = RiskSeverity.allCases.map {
            "<span><i class=\"\($0.rawValue)\"></i>\($0.rawValue)</span>"
        }.joined()
        return "<p class=\"key\">\(key)</p>\n<div class=\"charts\">\n"
            + chart("Tools by what they can do", categories) + chart("Tools by client", clients) + "</div>\n"
    }

    /// Stacked bars, one row a name.
    private static func chart(_ title: String, _ rows: [(name: String, counts: [Int])]) -> String {
        let most = max(1, rows.map { $0.counts.reduce(0, +) }.max() ?? 1)
        let height = rows.count * 28 + 8
        var svg = "<figure><figcaption>\(escaped(title))</figcaption>"
        svg += "<svg viewBox=\"0 0 460 \(height)\" role=\"img\" aria-label=\"\(escaped(title))\">"
        for (index, row) in rows.enumerated() {
            let y = index * 28 + 6
            svg += "<text x=\"110\" y=\"\(y + 15)\" class=\"label\">\(escaped(row.name))</text>"
            var x = 120
            for (severity, count) in zip(RiskSeverity.allCases, row.counts) where count > 0 {
                let width = max(2, count * 290 / most)
                svg += "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"20\" class=\"\(severity.rawValue)\">"
                svg += "<title>\(escaped(row.name)): \(count) \(severity.rawValue)</title></rect>"
                x += width
            }
            svg += "<text x=\"\(x + 6)\" y=\"\(y + 15)\">\(row.counts.reduce(0, +))</text>"
        }
        return svg + "</svg></figure>\n"
    }

    // MARK: - findings and servers

    private static func findings(_ stack: ScannedStack) -> String {
        guard !stack.findings.isEmpty else {
            return "<section><h2>Findings</h2><p>None.</p></section>\n"
        }
        var text =
            "<section><h2>Findings</h2>\n<table><thead><tr><th>Severity</th><th>Finding</th><th>Where</th></tr></thead><tbody>\n"
        for finding in stack.findings {
            text += "<tr><td>\(badge(finding.severity))</td><td><b>\(escaped(finding.rule.rawValue))</b><br>"
            text += "\(escaped(finding.message))</td><td>\(escaped(finding.client.title))<br>"
            text += "<code>\(escaped(finding.file)):\(finding.line)</code></td></tr>\n"
        }
        return text + "</tbody></table></section>\n"
    }

    private static func servers(_ stack: ScannedStack) -> String {
        var text = "<section><h2>Servers and tools</h2>\n"
        for client in stack.clients {
            text += "<h3>\(escaped(client.title))</h3>\n"
            for server in stack.servers where server.client == client {
                text += self.server(server)
            }
        }
        return text + "</section>\n"
    }

    private static func server(_ server: ScannedServer) -> String {
        let worst = server.tools.map(\.classification.severity).max()
        var text = "<details><summary><b>\(escaped(server.name))</b> <code>\(escaped(server.reach))</code> "
        text += worst.map { badge($0) } ?? ""
        text += server.isGuarded ? " <span class=\"tag\">behind Toolgate</span>" : ""
        text += server.found.isEnabled ? "" : " <span class=\"tag\">off</span>"
        text += "</summary>\n"
        switch server.outcome {
        case .notAsked(let reason), .failed(let reason): text += "<p>Not listed: \(escaped(reason)).</p>\n"
        case .listed(let tools) where tools.isEmpty: text += "<p>It has no tools.</p>\n"
        case .listed(let tools):
            text +=
                "<table><thead><tr><th>Tool</th><th>Category</th><th>Severity</th><th>Why</th></tr></thead><tbody>\n"
            let sorted = tools.sorted { $1.classification.severity < $0.classification.severity }
            for tool in sorted {
                let classification = tool.classification
                text += "<tr><td><code>\(escaped(tool.name))</code></td><td>\(classification.category.rawValue)</td>"
                text += "<td>\(badge(classification.severity))</td><td>\(escaped(classification.rationale))</td></tr>\n"
            }
            text += "</tbody></table>\n"
        }
        return text + "</details>\n"
    }

    private static func badge(_ severity: RiskSeverity) -> String {
        "<span class=\"badge \(severity.rawValue)\">\(severity.rawValue)</span>"
    }

    private static func escaped(_ text: String) -> String { HTMLText.escaped(text) }

    private static let style = """

        :root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --dim: light-dark(#59636e, #9198a1);
          --Low: light-dark(#2f81f7, #58a6ff); --Medium: light-dark(#bf8700, #d29922);
          --High: light-dark(#d1571b, #f0883e); --Critical: light-dark(#cf222e, #ff6a69); }
        * { box-sizing: border-box; }
        body { margin: 0; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #f0f6fc);
          font: 14px/1.5 system-ui, sans-serif; }
        main { max-width: 1100px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 32px 0 8px; } h3 { margin: 24px 0 8px; }
        .dim, figcaption { color: var(--dim); }
        .key span { margin-right: 16px; } .key i { display: inline-block; width: 10px; height: 10px; margin-right: 6px; }
        i.Low { background: var(--Low); } i.Medium { background: var(--Medium); }
        i.High { background: var(--High); } i.Critical { background: var(--Critical); }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 24px; }
        figure { margin: 0; } svg { width: 100%; height: auto; } svg text { fill: currentColor; font-size: 13px; }
        svg .label { text-anchor: end; }
        rect.Low { fill: var(--Low); } rect.Medium { fill: var(--Medium); }
        rect.High { fill: var(--High); } rect.Critical { fill: var(--Critical); }
        table { width: 100%; border-collapse: collapse; margin: 8px 0; }
        th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
        th { color: var(--dim); font-weight: 500; }
        code { font: 12.5px ui-monospace, monospace; }
        details { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; margin: 8px 0; }
        summary { cursor: pointer; }
        .badge { border: 1px solid; border-radius: 999px; padding: 0 8px; font-size: 12px; white-space: nowrap; }
        .badge.Low { color: var(--Low); } .badge.Medium { color: var(--Medium); }
        .badge.High { color: var(--High); } .badge.Critical { color: var(--Critical); }
        .tag { color: var(--dim); font-size: 12px; }

        """
}
