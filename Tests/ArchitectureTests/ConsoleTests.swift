import Testing

/// What holds of the console's files whatever the browser does with them; the rest is in Tests/console.
@Suite("the console's files")
struct ConsoleTests {
    private static let scripts = RepositoryFiles.files(below: "Console", suffix: ".js")

    @Test("the binary embeds every file of the folder, and nothing else")
    func everyFileIsEmbedded() throws {
        let table = try #require(RepositoryFiles.text("Sources/C/CConsole/console.c"))
        let prefix = "#embed \"../../../"
        let embedded = table.split(separator: "\n").filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count).dropLast()) }
        #expect(embedded == RepositoryFiles.files(below: "Console", suffix: ""), "run scripts/console-files")
        for path in embedded {
            #expect(table.contains("FILE_AT(\"\(path.dropFirst("Console".count))\", "))
        }
    }

    @Test("no script parses markup, evaluates text or writes a style attribute")
    func nothingBecomesMarkup() throws {
        let forbidden = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment",
            "srcdoc", "setHTML", "eval(", "new Function", "javascript:", ".setAttribute(\"style\"", ".cssText",
        ]
        #expect(Self.scripts.count > 20, "the scripts were not found")
        for path in Self.scripts {
            let text = try #require(RepositoryFiles.text(path))
            #expect(forbidden.filter { text.contains($0) } == [], "in \(path)")
        }
    }

    @Test("one file alone speaks to the network")
    func onlyOneFileKnowsFetch() throws {
        for path in Self.scripts where path != "Console/lib/api.js" {
            let text = try #require(RepositoryFiles.text(path))
            let found = ["fetch(address", " fetch(\"", "XMLHttpRequest", "WebSocket(", "EventSource(", "sendBeacon"]
                .filter { text.contains($0) }
            #expect(found == [], "in \(path)")
        }
    }

    @Test("the page has no script, style or handler of its own")
    func thePageIsBare() throws {
        let page = try #require(RepositoryFiles.text("Console/index.html"))
        #expect(!page.contains("<style") && !page.contains("style=") && !page.contains(" onload="))
        for piece in page.split(separator: "<script").dropFirst() {
            #expect(piece.contains("src=") && piece.contains("></script>"))
        }
    }

    @Test("what the page loads ahead is there")
    func preloadsExist() throws {
        let page = try #require(RepositoryFiles.text("Console/index.html"))
        let named = page.split(separator: "\n").flatMap { line in
            ["href=\"", "src=\""].compactMap { mark -> String? in
                let parts = line.split(separator: mark, maxSplits: 1)
                return parts.count == 2 ? parts[1].split(separator: "\"").first.map(String.init) : nil
            }
        }
        let files = RepositoryFiles.files(below: "Console", suffix: "")
        #expect(named.count > 5)
        #expect(named.filter { !files.contains("Console/\($0)") } == [])
    }
}
