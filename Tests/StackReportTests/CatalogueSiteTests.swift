import Base
import JSONText
import Testing
import ToolCatalogue

@testable import StackReport

@Suite("The catalogue as a site")
struct CatalogueSiteTests {
    private static let hostile = [
        "create_lead", "createLead", "CREATE_LEAD", "index", "../../etc/passwd", "<script>alert(1)</script>", "a b",
        "a-b",
        "\u{202e}evil", "", String(repeating: "x", count: 300), String(repeating: "x", count: 301), "\" onload=\"x",
    ]

    /// All files of a site with one server whose tools have such names.
    private func site(_ names: [String], server: String = "crm/<b>") throws -> [CatalogueSite.File] {
        let tools = names.map { DescribedTool(name: $0, description: "Deletes <i>all</i> & \"everything\"\u{0}") }
        let classified = tools.map { ($0, Classifier.classify($0)) }
        let facts = ServerFacts(
            name: server,
            key: server,
            description: "</title><script>",
            tools: zip(names, classified).map { name, tool in
                CataloguedTool(name: name, category: tool.1.category, severity: tool.1.severity, tokens: 40)
            }
        )
        return CatalogueSite.lists([CatalogueSite.Listed(facts)], date: "2026-11-22") + CatalogueSite.attacks
            + [CatalogueSite.style, CatalogueSite.page(of: facts)]
            + classified.map { CatalogueSite.page(of: ToolPage($0.0, $0.1, server: facts)) }
    }

    @Test("E9: names of any kind become different files below the folder, whatever the file system thinks of case")
    func paths() throws {
        let paths = try site(Self.hostile).map(\.path)
        #expect(Set(paths.map { $0.lowercased() }).count == paths.count)
        for path in paths {
            let isPlain = path.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || "-_./".utf8.contains(byte)
            }
            #expect(isPlain && !path.contains("..") && !path.hasPrefix("/") && path.utf8.count < 200, "\(path)")
        }
    }

    @Test("E9: nothing a server says becomes mark-up")
    func markup() throws {
        for file in try site(Self.hostile) where file.path.hasSuffix(".html") {
            for tag in ["<script", "<i>", "<b>crm", "</title><", "onload=\"x", "\u{202e}", "\u{0}"] {
                #expect(!file.text.contains(tag), "\(file.path): \(tag)")
            }
            #expect(file.text.contains("default-src 'none'"))
        }
    }

    @Test("every link leads to a file of the site")
    func links() throws {
        let files = try site(Self.hostile)
        let paths = Set(files.map(\.path))
        var count = 0
        for file in files {
            for part in file.text.components(between: "href=\"", and: "\"") {
                var folder = file.path.split(separator: "/").dropLast().map(String.init)
                for step in part.split(separator: "/") {
                    if step == ".." { folder.removeLast() } else { folder.append(String(step)) }
                }
                #expect(paths.contains(folder.joined(separator: "/")), "\(file.path): \(part)")
                count += 1
            }
        }
        #expect(count > 100)
    }

    @Test("a long list of servers goes over pages that lead to each other")
    func pages() {
        let facts = (0..<1_001).map { ServerFacts(name: "s\($0)", tools: []) }
        let files = CatalogueSite.lists(facts.map { CatalogueSite.Listed($0) }, date: "2026-11-22")
        #expect(files.map(\.path) == ["index.html", "index-2.html", "index-3.html"])
        #expect(files[2].text.contains("s1000") && files[2].text.contains("index-2.html"))
        #expect(CatalogueSite.lists([], date: "2026-11-22").map(\.path) == ["index.html"])
    }
}

extension String {
    /// What stands between two marks, each time.
    fileprivate func components(between start: String, and end: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let from = rest.firstRange(of: start) {
            rest = rest[from.upperBound...]
            guard let to = rest.firstRange(of: end) else {
                break
            }
            found.append(rest[..<to.lowerBound])
            rest = rest[to.upperBound...]
        }
        return found
    }
}
