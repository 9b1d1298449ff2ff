public import ToolCatalogue

/// The catalogue as pages for any web server: no script, nothing fetched from elsewhere, dark and light.
///
/// Pure: what comes out are paths and texts. The policy in the head of each page lets nothing run and nothing be loaded
/// but the site's own style, so a name that became mark-up could still do nothing.
public enum CatalogueSite {
    /// One file of the site.
    public struct File: Sendable, Hashable {
        /// Where it goes, with `/` between the parts, below the site's folder.
        public let path: String
        /// What is in it.
        public let text: String
    }

    /// A server as the list of all has it.
    public struct Listed: Sendable, Hashable {
        let name: String
        let folder: String
        let description: String
        let counts: [Int]

        /// What the list needs of a server.
        public init(_ facts: ServerFacts) {
            name = facts.name
            folder = PagePath.folder(of: facts)
            description = facts.description
            counts = RiskCategory.allCases.map { category in facts.tools.count { $0.category == category } }
        }
    }

    // LIMIT: servers on one page of the list.
    static let serversPerPage = 500

    /// The style, which all pages share.
    public static var style: File { File(path: "style.css", text: PageFrame.style) }

    /// The list of all servers, on as many pages as it takes; the first is `index.html`.
    ///
    /// - Parameters:
    ///   - servers: in the order they are to stand in.
    ///   - date: when the site was made, for its foot.
    /// - Returns: the pages, the first of which is there even without servers.
    public static func lists(_ servers: [Listed], date: String) -> [File] {
        let pages = max(1, (servers.count + serversPerPage - 1) / serversPerPage)
        return (0..<pages).map { number in
            let part = servers[min(servers.count, number * serversPerPage)...].prefix(serversPerPage)
            return File(path: listPath(number), text: list(Array(part), all: servers.count, number, of: pages, date))
        }
    }

    private static func listPath(_ number: Int) -> String { number == 0 ? "index.html" : "index-\(number + 1).html" }

    private static func list(
        _ servers: [Listed],
        all: Int,
        _ number: Int,
        of pages: Int,
        _ date: String
    ) -> String {
        var body =
            "<p>\(all) \(all == 1 ? "server" : "servers"), with what each of their tools can do, why it is classed so, "
        body += "and the policy for it. <a href=\"attacks/index.html\">Known attacks</a>.</p>\n"
        body +=
            servers.isEmpty
            ? "<p>There is none yet: <code>toolgate catalogue import</code> takes servers in.</p>\n" : ""
        body += "<table class=\"servers\"><thead><tr><th>Server</th>"
        body += RiskCategory.allCases.map { "<th class=\"number\">\($0.rawValue)</th>" }.joined()
        body += "</tr></thead><tbody>\n"
        for server in servers {
            body += "<tr><td><a href=\"\(server.folder)/index.html\">\(text(server.name))</a>"
            body += "<br><span class=\"dim\">\(text(server.description))</span></td>"
            body += server.counts.map { "<td class=\"number\">\($0 == 0 ? "" : "\($0)")</td>" }.joined() + "</tr>\n"
        }
        body += "</tbody></table>\n"
        if pages > 1 {
            let links = (0..<pages).map { page in
                page == number
                    ? "<b aria-current=\"page\">\(page + 1)</b>" : "<a href=\"\(listPath(page))\">\(page + 1)</a>"
            }
            body += "<nav class=\"pages\" aria-label=\"Pages\">\(links.joined(separator: " "))</nav>\n"
        }
        return PageFrame.page("What MCP servers can do", body, foot: "Made on \(date).", depth: 0)
    }

    /// The pages of the known attacks and their list.
    public static var attacks: [File] {
        var list = "<ul>\n"
        for pattern in AttackPattern.all {
            list += "<li><a href=\"\(pattern.slug).html\">\(text(pattern.title))</a>: "
            list += "\(text(pattern.summary, 1_000))</li>\n"
        }
        let index = File(
            path: "attacks/index.html",
            text: PageFrame.page("Known attacks on agents' tools", list + "</ul>\n", depth: 1)
        )
        return [index] + AttackPattern.all.map { File(path: "attacks/\($0.slug).html", text: page(of: $0)) }
    }

    private static func page(of pattern: AttackPattern) -> String {
        func points(_ lines: [String]) -> String {
            "<ul>\n" + lines.map { "<li>\(text($0, 2_000))</li>\n" }.joined() + "</ul>\n"
        }
        let abuses = (pattern.abuses.map(\.rawValue) + pattern.through.map(\.rawValue)).joined(separator: ", ")
        var body = "<p class=\"dim\">\(text(pattern.family.rawValue)); abuses \(text(abuses))</p>\n"
        body += "<p>\(text(pattern.summary, 2_000))</p>\n"
        body += "<h2>How it works</h2>\n" + points(pattern.how) + "<h2>What shows it</h2>\n" + points(pattern.signs)
        body += "<h2>What contains it</h2>\n<p>\(text(pattern.containment, 2_000))</p>\n"
        body += "<pre>\(lines(pattern.policy, 2_000))</pre>\n"
        return PageFrame.page(pattern.title, body, depth: 1)
    }

    // MARK: - text

    static func text(_ words: String, _ limit: Int = 300) -> String { HTMLText.escaped(words, atMost: limit) }

    static func lines(_ words: String, _ limit: Int) -> String { HTMLText.lines(words, atMost: limit) }
}
