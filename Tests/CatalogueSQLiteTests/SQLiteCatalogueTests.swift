import Base
import JSONText
import TestSupport
import Testing
import ToolCatalogue

@testable import CatalogueSQLite

#if canImport(Glibc)
import Glibc
#endif

@Suite("the index of servers and tools")
struct SQLiteCatalogueTests {
    /// A folder with an index, removed at the end.
    final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/toolgate-catalogue-XXXXXX".utf8CString)
            path = try #require(mkdtemp(&template).map { String(cString: $0) })
        }

        var file: String { "\(path)/catalogue.sqlite" }

        deinit {
            for name in ["catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
                unlink("\(path)/\(name)")
            }
            rmdir(path)
        }
    }

    private static func origin(_ name: String, at seconds: Int64 = 1_000) -> CatalogueOrigin {
        CatalogueOrigin(kind: .list, name: name, date: WallTime(milliseconds: seconds * 1_000))
    }

    private func entry(_ text: String, server: String? = nil) throws -> CatalogueEntry {
        try #require(CatalogueEntry.read(try JSONDocument(Array(text.utf8)).root, server: server))
    }

    private func tool(_ server: String, _ name: String, _ description: String) throws -> CatalogueEntry {
        try entry(#"{"server":"\#(server)","name":"\#(name)","description":"\#(description)"}"#)
    }

    private func names(_ index: SQLiteCatalogue, _ query: CatalogueQuery) throws -> [String] {
        try index.search(query).map(\.tool.name)
    }

    @Test("tools are found by words of their names first, then of their descriptions, in any language")
    func search() throws {
        let folder = try Folder()
        let index = try SQLiteCatalogue(opening: folder.file)
        _ = try index.take(
            [
                try tool("a", "list_orders", "Lists what was ordered, with each lead"),
                try tool("a", "createLead", "Criar um novo lead"),
                try tool("b", "create_lead_note", "Adds a note"),
                try tool("b", "op", "删除指定的记录"),
                try tool("b", "ler_cotação", "Lê a cotação"),
            ],
            from: Self.origin("x"),
            reading: nil
        )
        #expect(try names(index, CatalogueQuery("create lead")) == ["createLead", "create_lead_note"])
        #expect(try names(index, CatalogueQuery("leads")) == ["createLead", "create_lead_note", "list_orders"])
        #expect(try names(index, CatalogueQuery("create lead", limit: 1)) == ["createLead"])
        #expect(try names(index, CatalogueQuery("记录")) == ["op"])
        #expect(try names(index, CatalogueQuery("cotacao")) == ["ler_cotação"])
        #expect(try names(index, CatalogueQuery("create nothing")).isEmpty)
        #expect(try index.counts() == (servers: 2, tools: 5))
    }

    @Test("what would be syntax of the search is only words")
    func syntax() throws {
        let folder = try Folder()
        let index = try SQLiteCatalogue(opening: folder.file)
        _ = try index.take([try tool("a", "get_lead", "Gets a lead")], from: Self.origin("x"), reading: nil)
        let hostile = [
            #"""#, "lead\" OR \"x", "words:lead", "lead*", "-lead", "(lead", "NEAR(lead get)", "lead AND",
            "';"
                + " DROP TABLE tool",
            "^lead", "{words} : lead", "\u{0}lead", "xcread",
        ]
        for text in hostile {
            _ = try index.search(CatalogueQuery(text))
        }
        #expect(try names(index, CatalogueQuery("lead*")) == ["get_lead"])
        #expect(try names(index, CatalogueQuery("***")).isEmpty)
        #expect(try names(index, CatalogueQuery("xcread")).isEmpty)
        #expect(try names(index, CatalogueQuery("")).isEmpty)
    }

    @Test("filters by class, severity, publisher and transport narrow a search, also one without words")
    func filters() throws {
        let folder = try Folder()
        let index = try SQLiteCatalogue(opening: folder.file)
        _ = try index.take(
            [
                try entry(#"{"name":"crm","repository":"https://example.com/Acme/crm","transport":"stdio"}"#),
                try tool("crm", "get_lead", "Gets a lead"), try tool("crm", "delete_lead", "Deletes a lead for good"),
                try tool("other", "get_lead", "Gets a lead"),
            ],
            from: Self.origin("x"),
            reading: nil
        )
        var query = CatalogueQuery("lead")
        query.category = .destructive
        #expect(try names(index, query) == ["delete_lead"])
        query.category = .read
        #expect(try names(index, query).count == 2)
        query.publisher = "acme"
        #expect(try index.search(query).map(\.server) == ["crm"])
        query.transport = "sse"
        #expect(try index.search(query).isEmpty)
        var all = CatalogueQuery("")
        all.transport = "stdio"
        #expect(try index.search(all).count == 2)
        all.severity = .low
        #expect(try names(index, all) == ["get_lead"])
    }

    @Test("a publisher or transport that a later source tells is found for tools that were there before")
    func laterFacts() throws {
        let folder = try Folder()
        let index = try SQLiteCatalogue(opening: folder.file)
        _ = try index.take([try tool("crm", "get_lead", "Gets a lead")], from: Self.origin("x"), reading: nil)
        _ = try index.take(
            [try entry(#"{"name":"crm","provider":"Acme","transport":"sse"}"#)],
            from: Self.origin("y", at: 2_000),
            reading: nil
        )
        var query = CatalogueQuery("lead")
        query.publisher = "Acme"
        query.transport = "sse"
        #expect(try names(index, query) == ["get_lead"])
        #expect(try names(index, CatalogueQuery("lead")) == ["get_lead"])
    }

    @Test("a definition that changed is found by its new words only; one that did not is left as it is")
    func change() throws {
        let folder = try Folder()
        let index = try SQLiteCatalogue(opening: folder.file)
        let first = try index.take([try tool("a", "get_lead", "Apples")], from: Self.origin("x"), reading: nil)
        #expect(first.tools == 1 && first.servers == 1)
        let same = try index.take([try tool("a", "get_lead", "Apples")], from: Self.origin("x"), reading: nil)
        #expect(same.tools == 0 && same.unchanged == 1)
        _ = try index.take([try tool("a", "get_lead", "Deletes pears")], from: Self.origin("y", at: 9), reading: nil)
        #expect(try names(index, CatalogueQuery("apples")).isEmpty)
        #expect(try names(index, CatalogueQuery("pears")) == ["get_lead"])
        #expect(try index.counts().tools == 1)
    }

    @Test("facts carry who said them and when; several sources stand beside each other, the newest first")
    func facts() throws {
        let folder = try Folder()
        let index = try SQLiteCatalogue(opening: folder.file)
        _ = try index.take(
            [try entry(#"{"name":"crm","description":"old","transport":"stdio"}"#)],
            from: Self.origin("one"),
            reading: nil
        )
        let registry = CatalogueOrigin(kind: .registry, name: "two", date: WallTime(milliseconds: 5_000_000))
        _ = try index.take(
            [
                try entry(
                    #"{"server":{"name":"crm","description":"new","version":"2.0.0","remotes":[{"type":"sse","url":"https://x"}]}}"#
                )
            ],
            from: registry,
            reading: nil
        )
        let server = try #require(try index.server("crm"))
        #expect(server.newest("description") == "new" && server.newest("transport") == "sse")
        #expect(server.facts.filter { $0.name == "description" }.map(\.value) == ["new", "old"])
        #expect(server.facts.first { $0.name == "version" }?.origin == registry)
        #expect(try index.server("nothing") == nil)
    }

    @Test("how far a file was read is kept in the same step as what was read of it")
    func progress() throws {
        let folder = try Folder()
        do {
            let index = try SQLiteCatalogue(opening: folder.file)
            #expect(try index.progress(of: "f") == 0)
            let reading = CatalogueReading(file: "f", offset: 120)
            _ = try index.take([try tool("a", "get_lead", "x")], from: Self.origin("f"), reading: reading)
        }
        let again = try SQLiteCatalogue(opening: folder.file)
        #expect(try again.progress(of: "f") == 120)
        try again.settle()
        #expect(try again.definitions(of: try #require(try again.server("a")).id).count == 1)
    }

    @Test("a file that is no index is refused and left as it is")
    func foreign() throws {
        let folder = try Folder()
        let descriptor = open(folder.file, O_CREAT | O_WRONLY, 0o600)
        write(descriptor, "not a database, but long enough to be looked at as one, so there", 60)
        close(descriptor)
        #expect(throws: CatalogueFailure.self) { _ = try SQLiteCatalogue(opening: folder.file) }
        #expect(Corpora.bytes(ofFile: folder.file)?.count == 60)
    }

    @Test("server.json documents, lists and tools are told apart; what is none of them is nothing")
    func forms() throws {
        guard
            case .server(let registry) = try entry(
                #"{"$schema":"x","name":"io.github.acme/crm","title":"CRM","version":"1.0","packages":[{"registryType":"pypi"}]}"#
            )
        else {
            Issue.record("no server")
            return
        }
        #expect(registry.publisher == "io.github.acme" && registry.transport == "stdio" && registry.name == "CRM")
        guard case .server(let remote) = try entry(#"{"id":"acme","name":"Acme","url":"https://x/sse","provider":"P"}"#)
        else {
            Issue.record("no server")
            return
        }
        #expect(remote.key == "acme" && remote.transport == "sse" && remote.publisher == "P")
        guard case .tool(let tool) = try entry(#"{"name":"get_a","inputSchema":{}}"#, server: "s") else {
            Issue.record("no tool")
            return
        }
        #expect(tool.server.elementsEqual("s".utf8))
        for text in ["[]", "1", "{}", #"{"name":1}"#, #"{"name":""}"#] {
            let value = try JSONDocument(Array(text.utf8)).root
            if CatalogueEntry.read(value) != nil {
                Issue.record("\(text)")
            }
        }
    }
}
