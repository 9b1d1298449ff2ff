import ToolCatalogue

/// What all pages of a site have in common.
enum PageFrame {
    /// A page around its body.
    ///
    /// - Parameters:
    ///   - title: as text.
    ///   - body: as HTML.
    ///   - trail: the pages above, each with a name as text and a link of ours.
    ///   - foot: a line below everything, as text.
    ///   - depth: how many folders the page lies below the site's.
    /// - Returns: the whole document.
    static func page(
        _ title: String,
        _ body: String,
        trail: [(name: String, link: String)] = [],
        foot: String = "",
        depth: Int
    ) -> String {
        let links = trail.map { "<a href=\"\($0.link)\">\(HTMLText.escaped($0.name))</a>" }.joined(separator: " / ")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>\(HTMLText.escaped(title))</title>
            <link rel="stylesheet" href="\(String(repeating: "../", count: depth))style.css">
            </head>
            <body>
            <main>
            \(links.isEmpty ? "" : "<nav aria-label=\"Above\">\(links)</nav>")
            <h1>\(HTMLText.escaped(title))</h1>
            \(body)</main>
            <footer>\(HTMLText.escaped(foot)) <span class="dim">Written by toolgate.</span></footer>
            </body>
            </html>

            """
    }

    static func badge(_ severity: RiskSeverity) -> String {
        "<span class=\"badge \(severity.rawValue)\">\(severity.rawValue)</span>"
    }

    static let style = """
        :root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --dim: light-dark(#59636e, #9198a1);
          --soft: light-dark(#f6f8fa, #151b23); --accent: light-dark(#0b62c4, #6cb6ff);
          --Low: light-dark(#1a63c9, #58a6ff); --Medium: light-dark(#855a00, #d29922);
          --High: light-dark(#b3400f, #f0883e); --Critical: light-dark(#b31d28, #ff7b72); }
        * { box-sizing: border-box; }
        body { margin: 0; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #f0f6fc);
          font: 15px/1.55 system-ui, sans-serif; }
        main, footer { max-width: 860px; margin: 0 auto; padding: 24px 16px; }
        footer { border-top: 1px solid var(--line); font-size: 13px; }
        h1 { font-size: 26px; line-height: 1.25; margin: 8px 0 12px; overflow-wrap: anywhere; }
        h2 { font-size: 18px; margin: 32px 0 8px; }
        a { color: var(--accent); } a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        nav { font-size: 13px; } .pages { margin: 24px 0; line-height: 2; }
        blockquote { margin: 12px 0; padding: 8px 14px; border-left: 3px solid var(--line); background: var(--soft);
          overflow-wrap: anywhere; }
        pre { background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: 12px; overflow-x: auto; }
        pre, code { font: 13px/1.5 ui-monospace, monospace; }
        table { width: 100%; border-collapse: collapse; margin: 12px 0; }
        th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line);
          overflow-wrap: anywhere; }
        th { color: var(--dim); font-weight: 500; } .number { text-align: right; white-space: nowrap; }
        .dim { color: var(--dim); }
        details { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; margin: 8px 0; }
        summary { cursor: pointer; }
        svg { width: 100%; max-width: 400px; height: 12px; display: block; } .track { fill: var(--line); } .part { fill: var(--accent); }
        .badge { border: 1px solid; border-radius: 999px; padding: 0 8px; font-size: 12px; white-space: nowrap; }
        .badge.Low { color: var(--Low); } .badge.Medium { color: var(--Medium); }
        .badge.High { color: var(--High); } .badge.Critical { color: var(--Critical); }
        .tag { color: var(--dim); font-size: 13px; }
        @media (max-width: 640px) { .servers th.number, .servers td.number { display: none; } }

        """
}
