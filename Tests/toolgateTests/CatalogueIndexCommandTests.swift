import JSONText
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("catalogue import and search")
struct CatalogueIndexCommandTests {
    /// A data folder with an index, removed at the end.
    private final class Scene {
        let folder: PolicyFolder
        let data: String

        init(_ files: [String: String]) throws {
            folder = try PolicyFolder(files)
            data = "\(folder.path)/data"
        }

        deinit {
            for name in ["catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
                unlink("\(data)/\(name)")
            }
            rmdir(data)
        }

        func run(_ words: [String]) -> (status: CommandStatus, output: String, error: String) {
            let console = RecordingConsole()
            let status = CommandTable.run(["catalogue"] + words + ["--data", data], console: console.console)
            return (status, console.output, console.error)
        }

        func importing(_ name: String, _ more: [String] = []) -> (status: CommandStatus, output: String, error: String)
        {
            run(["import", "\(folder.path)/\(name)"] + more)
        }
    }

    private static let lines =
        #"{"server":"crm","serverDescription":"A CRM","name":"create_lead","description":"Creates a lead"}"# + "\n"
        + #"{"server":"crm","name":"delete_lead","description":"Deletes a lead for good"}"# + "\n\n"
        + #"{"server":"files","name":"read_file","description":"Reads a file"}"# + "\n"

    @Test("a list is imported, searched with filters, and shown with its facts and their dates")
    func list() throws {
        let scene = try Scene([
            "tools.jsonl": Self.lines,
            "server.json": #"{"$schema":"x","name":"crm","title":"The CRM","description":"d","version":"1.2","#
                + #""remotes":[{"type":"streamable-http","url":"https://crm.example/mcp"}]}"#,
        ])
        let taken = scene.importing("tools.jsonl")
        #expect(taken.status == .done && taken.error.contains("3 tools new or changed"))
        #expect(scene.importing("server.json").status == .done)
        let found = scene.run(["search", "lead"])
        #expect(found.output.contains("create_lead") && found.error.contains("2 tools"))
        let risky = scene.run(["search", "--category", "destructive", "--output", "json"]).output
        let tools = try #require(try JSONDocument(Array(risky.utf8)).root["tools"])
        #expect(tools.count == 1 && tools.element(at: 0)?["name"]?.string?.text == "delete_lead")
        #expect(scene.run(["search", "lead", "--transport", "streamable-http"]).error.contains("2 tools"))
        #expect(scene.run(["search", "zebra"]).error.contains("nothing fits"))
        let shown = scene.run(["show", "crm", "create_lead", "--output", "json"]).output
        let page = try JSONDocument(Array(shown.utf8)).root
        #expect(
            page["server"]?["name"]?.string?.text == "The CRM" && page["server"]?["indexed_servers"]?.number?.int == 2
        )
        let facts = page["server"]?["facts"]?.elements.compactMap { $0["kind"]?.string?.text } ?? []
        #expect(facts.contains("registry") && facts.contains("list"))
        #expect(page["answers"]?.element(at: 5)?["answer"]?.string?.text.contains("The CRM") == true)
    }

    @Test("an import that was broken off goes on where it was, and a second one changes nothing")
    func again() throws {
        let scene = try Scene(["tools.jsonl": Self.lines])
        #expect(scene.importing("tools.jsonl").error.contains("3 tools new"))
        // All of it was read: nothing is left to read.
        let second = scene.importing("tools.jsonl", ["--output", "json"])
        let root = try JSONDocument(Array(second.output.utf8)).root
        #expect(root["tools"]?.number?.int == 0 && root["indexed_tools"]?.number?.int == 3)
    }

    @Test("a tools/list result is taken for the server that is named, and what is no entry is said with its place")
    func forms() throws {
        let scene = try Scene([
            "list.json": #"{"tools":[{"name":"get_a"},{"name":"get_b"},5]}"#,
            "bad.jsonl": "{\"name\":\"x\"}\n{broken\n",
            "broken.json": "{\n  broken",
        ])
        let list = scene.importing("list.json", ["--server", "mine"])
        #expect(list.status == .refused && list.error.contains("element 2"))
        #expect(scene.run(["show", "mine"]).output.contains("get_b"))
        let bad = scene.importing("bad.jsonl")
        #expect(bad.status == .refused && bad.error.contains("line 2"))
        #expect(scene.importing("broken.json").error.contains("broken.json:2:3"))
        #expect(scene.importing("absent.jsonl").status == .environment)
        #expect(scene.run(["import"]).status == .usage)
        #expect(scene.run(["search", "x", "--limit", "0"]).status == .usage)
    }

    @Test("a search without an index says how to make one")
    func none() throws {
        let scene = try Scene([:])
        let result = scene.run(["search", "lead"])
        #expect(result.status == .environment && result.error.contains("`toolgate catalogue import` makes it"))
    }
}
