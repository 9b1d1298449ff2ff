import Base
import Cryptography
import EventLoops
import HTTPTransport
import JSONText
import StoreSQLite
import Stores
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("server tools and accept")
struct ServerToolsCommandTests {
    /// A data folder with a store that holds one server.
    final class Scene {
        let folder: String
        let store: SQLiteStore
        let server = ServerRecord(name: "crm", upstream: .http(url: "https://crm.example.com/", allowsInsecure: false))

        init() throws {
            var template = Array("/tmp/toolgate-tools-XXXXXX".utf8CString)
            folder = try #require(mkdtemp(&template).map { String(cString: $0) })
            store = try SQLiteStore(opening: DataDirectory(opening: folder).store, time: SystemTime())
            let server = server
            try store.change(by: .gateway) { writer throws(StoreError) in try writer.save(server) }
        }

        deinit {
            for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }

        func run(_ words: String..., answer: String? = nil) -> (status: CommandStatus, console: RecordingConsole) {
            let console = RecordingConsole(environment: ["TOOLGATE_DATA": folder, "USER": "ana"])
            var used = console.console
            if let answer {
                used = Console(
                    writeOutput: used.writeOutput,
                    writeError: used.writeError,
                    environment: used.environment,
                    outputIsTerminal: false,
                    inputIsTerminal: true,
                    readAnswer: { answer }
                )
            }
            return (CommandTable.run(words, console: used), console)
        }

        func save(_ pins: ToolPin...) throws {
            try store.change(by: .gateway) { writer throws(StoreError) in
                for pin in pins {
                    try writer.save(pin)
                }
            }
        }

        func pin(_ tool: ByteString) throws -> ToolPin {
            let id = server.id
            return try #require(
                try store.read { reader throws(StoreError) in try reader.pin(of: tool, at: id) }
            )
        }

        func pinned(_ name: String, _ description: String = "d", gone: Int64? = nil) throws -> ToolPin {
            ToolPin(
                server: server.id,
                tool: ByteString(name),
                standing: .pinned,
                definition: try Self.definition(name, description),
                acceptedBy: "gateway:toolgate",
                accepted: WallTime(milliseconds: 1_000),
                gone: gone.map { WallTime(milliseconds: $0) }
            )
        }

        func changed(_ name: String, _ old: String, _ new: String) throws -> ToolPin {
            var pin = try pinned(name, old)
            pin.standing = .changed
            pin.pending = try Self.definition(name, new, seen: 2_000)
            return pin
        }

        func new(_ name: String, _ description: String = "d", seen: Int64 = 3_000) throws -> ToolPin {
            let definition = try Self.definition(name, description, seen: seen)
            return ToolPin(server: server.id, tool: ByteString(name), standing: .new, definition: definition)
        }

        static func definition(
            _ name: String,
            _ description: String,
            seen: Int64 = 1_000
        ) throws -> PinnedDefinition {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            writer.key("description")
            writer.string(description)
            writer.key("inputSchema")
            writer.raw(Array(#"{"type":"object","properties":{"a":{"type":"string"}}}"#.utf8))
            writer.endObject()
            let canonical = JSONCanonical.exact(try JSONDocument(writer.output).root)
            return PinnedDefinition(
                digest: SHA256.digest(canonical),
                canonical: canonical,
                seen: WallTime(milliseconds: seen)
            )
        }
    }

    @Test("E2: a table shows each tool with its standing, since when, and who accepted it")
    func table() throws {
        let scene = try Scene()
        #expect(scene.run("server", "tools", "crm").console.error.contains("no tools yet"))
        try scene.save(scene.pinned("orders"), scene.changed("leads", "one", "two"), scene.new("later"))
        let all = scene.run("server", "tools", "crm").console.output
        #expect(all.contains("orders  pinned    1970-01-01T00:00:01.000Z  gateway:toolgate\n"), "\(all)")
        #expect(all.contains("leads   changed   1970-01-01T00:00:02.000Z  gateway:toolgate\n"), "\(all)")
        #expect(all.contains("later   new       1970-01-01T00:00:03.000Z  -\n"), "\(all)")
        let waiting = scene.run("server", "tools", "crm", "--changed", "--output", "json").console.output
        #expect(!waiting.contains("orders"))
        let tools = try #require(try JSONDocument(Array(waiting.utf8)).root["tools"])
        #expect(tools.elements.compactMap { $0["tool"]?.string?.text } == ["later", "leads"])
        let none = scene.run("server", "tools", "cmr")
        #expect(none.status == .refused)
        #expect(none.console.error.contains("did you mean `crm`"))
    }

    @Test("E2: `catalogue changes` classes a changed definition anew, shows both, and what became worse stands first")
    func drift() throws {
        let scene = try Scene()
        #expect(scene.run("catalogue", "changes").console.error.contains("nothing has changed"))
        try scene.save(
            scene.changed("get_lead", "Returns a lead.", "Deletes a lead for good."),
            scene.changed("list_leads", "Lists all leads.", "Lists all leads of a pipeline."),
            scene.new("wipe_all", "Deletes every lead for good.")
        )
        let shown = scene.run("catalogue", "changes", "--output", "json")
        #expect(shown.status == .done)
        let changes = try #require(try JSONDocument(Array(shown.console.output.utf8)).root["changes"])
        func text(_ tool: String, _ path: StaticString...) -> String? {
            let found = changes.elements.first { $0["tool"]?.string?.text == tool }
            return path.reduce(found) { $0?[$1] }?.string?.text
        }
        #expect(text("get_lead", "before", "category") == "Read")
        #expect(text("get_lead", "after", "category") == "Destructive")
        #expect(text("get_lead", "direction") == "raised" && text("list_leads", "direction") == "same")
        #expect(text("wipe_all", "direction") == "raised" && text("wipe_all", "standing") == "new")
        #expect(Array(changes.elements).last?["tool"]?.string?.text == "list_leads")
        let table = scene.run("catalogue", "changes", "crm").console
        #expect(table.output.contains("was Read, Low, would be Destructive") && table.error.contains("2 of them"))
        #expect(scene.run("catalogue", "changes", "--fail-on", "raised").status == .refused)
        #expect(scene.run("catalogue", "changes", "cmr").console.error.contains("crm"))
    }

    @Test("E2: a rename that keeps all else is one row, a copy or another schema is not")
    func rename() throws {
        let scene = try Scene()
        try scene.save(
            scene.pinned("old", gone: 5_000),
            scene.new("fresh", seen: 5_000),
            scene.pinned("kept", "copied"),
            scene.new("copy", "copied"),
            scene.pinned("left", "was so", gone: 5_000),
            scene.new("came", "is so", seen: 5_000)
        )
        let output = scene.run("server", "tools", "crm").console.output
        #expect(output.contains("old -> fresh  renamed"), "\(output)")
        #expect(!output.contains("\nold  "))
        #expect(output.contains("copy          new"), "\(output)")
        #expect(output.contains("left          gone") && output.contains("came          new"), "\(output)")
        #expect(scene.run("server", "accept", "crm", "fresh", "--yes").status == .done)
        #expect(try scene.pin("fresh").acceptedBy == "operator:ana")
    }

    @Test("E2, E9: a difference shows what changed line by line, with everything invisible made visible")
    func difference() throws {
        let scene = try Scene()
        try scene.save(
            scene.changed("leads", "Makes a lead.\nOne.", "Makes a lead.\nOne\u{200B}\u{202E}\u{1B}[2J\u{E0041}. `'")
        )
        let result = scene.run("server", "tools", "crm", "--diff", "leads")
        let output = result.console.output
        #expect(output.contains("-       One.\""), "\(output)")
        #expect(output.contains(#"One\u{200b}\u{202e}\u001b[2J\u{e0041}. `'"#), "\(output)")
        #expect(output.contains("Makes a lead.\\n\n"), "a text of several lines is shown in lines: \(output)")
        #expect(!output.contains(#""type""#), "what is the same and far away is left out: \(output)")
        #expect(output.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
        let digest = TextCoding.hexadecimal(try scene.pin("leads").pending?.digest ?? [])
        #expect(output.contains(String(decoding: digest, as: UTF8.self)))
        #expect(result.console.error.contains("server accept crm leads --digest"))
    }

    @Test("a tool whose name a shell would act on is not put into a line to paste")
    func pasted() throws {
        let scene = try Scene()
        try scene.save(scene.new("x'; rm -rf ~; '"))
        let said = scene.run("server", "tools", "crm", "--diff", "x'; rm -rf ~; '").console.error
        #expect(said.contains("server accept crm TOOL --digest"), "\(said)")
    }

    @Test("E2: accepting binds to the definition that was looked at; one that changed meanwhile is refused")
    func accept() throws {
        let scene = try Scene()
        try scene.save(scene.changed("leads", "one", "two"), scene.pinned("orders"))
        let two = String(decoding: TextCoding.hexadecimal(try scene.pin("leads").pending?.digest ?? []), as: UTF8.self)
        try scene.save(scene.changed("leads", "one", "three"))
        let stale = scene.run("server", "accept", "crm", "leads", "--digest", String(two.prefix(12)), "--yes")
        #expect(stale.status == .refused)
        #expect(stale.console.error.contains("has changed again"))
        #expect(try scene.pin("leads").standing == .changed)
        #expect(scene.run("server", "accept", "crm", "leads").status == .usage, "nobody is there to be asked")
        #expect(scene.run("server", "accept", "crm", "leads", answer: "no").status == .refused)
        #expect(try scene.pin("leads").standing == .changed)
        #expect(scene.run("server", "accept", "crm", "orders", "--yes").status == .refused)
        #expect(scene.run("server", "accept", "crm", "--yes").status == .usage)
        let yes = scene.run("server", "accept", "crm", "leads", answer: "yes")
        #expect(yes.status == .done, "\(yes.console.error)")
        #expect(yes.console.output.contains("three"), "what is accepted was shown")
        let pin = try scene.pin("leads")
        #expect(pin.standing == .pinned)
        #expect(pin.acceptedBy == "operator:ana")
        #expect(scene.run("server", "accept", "crm", "--all", "--yes").console.error.contains("nothing waits"))
    }

    @Test("E2: the answer comes too late when the definition changes while a person reads it")
    func race() throws {
        let scene = try Scene()
        try scene.save(scene.changed("leads", "one", "two"), scene.new("later"))
        let third = try scene.changed("leads", "one", "three")
        let store = scene.store
        let console = RecordingConsole(environment: ["TOOLGATE_DATA": scene.folder, "USER": "ana"])
        let used = Console(
            writeOutput: console.console.writeOutput,
            writeError: console.console.writeError,
            environment: console.environment,
            outputIsTerminal: false,
            inputIsTerminal: true,
            readAnswer: {
                do {
                    try store.change(by: .gateway) { writer throws(StoreError) in try writer.save(third) }
                } catch {
                    Issue.record(error)
                }
                return "yes"
            }
        )
        #expect(CommandTable.run(["server", "accept", "crm", "--all"], console: used) == .refused)
        #expect(console.error.contains("has changed again"))
        #expect(try scene.pin("later").standing == .new, "all or nothing")
    }
}

@Suite("differences of lines")
struct LineDifferenceTests {
    private func text(_ old: [String], _ new: [String]) -> String {
        LineDifference.lines(from: old, to: new).map { $0.kind.rawValue + $0.text }.joined(separator: " ")
    }

    @Test("lines that differ stand with three of context, gaps are marked")
    func shape() {
        let lines = (0..<12).map { "\($0)" }
        var other = lines
        other[5] = "x"
        #expect(text(lines, other) == "…  2  3  4 -5 +x  6  7  8 …")
        #expect(text(["a", "b"], ["a", "b"]) == "…")
        #expect(text([], ["a"]) == "+a")
        #expect(text(["a", "b", "c"], ["b", "d", "c"]) == "-a  b +d  c")
    }

    @Test("texts too different to compare are shown one after the other, quickly")
    func bounded() {
        let old = (0..<5_000).map { "o\($0)" }
        let new = (0..<5_000).map { "n\($0)" }
        #expect(LineDifference.lines(from: old, to: new).count == 10_000)
    }

    /// A sandbox server on a thread of its own.
    private func withSandbox<Value>(_ body: (_ url: String) throws -> Value) async throws -> Value {
        let pool = try WorkerPool(count: 1)
        let address = try #require(SocketAddress(Array("127.0.0.1:0".utf8)))
        let port = Latch<UInt16>()
        let over = Latch<Void>()
        pool.workers[0].start { worker in
            guard let server = try? SandboxService.start(on: worker, address: address, pageSize: 5) else {
                return
            }
            port.set(server.address.port)
            // A server listens as long as somebody has it.
            await over.value()
            await server.drain(within: .zero)
        }
        defer {
            over.set(())
            pool.stop()
        }
        return try body("http://127.0.0.1:\(await port.value())/mcp")
    }

    @Test(
        "E2: registering a server shows its tools and records who accepted them; a gateway then accepts none by itself"
    )
    func registration() async throws {
        try await withSandbox { url in
            let scene = try StoreScene()
            let (status, console) = scene.ask("server", "add", "desk", "--upstream", url, "--list", answers: ["yes"])
            #expect(status == .done, "\(console.error)")
            #expect(console.output.contains("desk/create_lead: new, digest "), "\(console.output)")
            #expect(console.error.contains("accepted: "))
            let pins = try scene.read { reader throws(StoreError) in
                try reader.server(named: "desk").map { server throws(StoreError) in try reader.pins(of: server.id) }
                    ?? []
            }
            #expect(pins.count == SandboxToolTable.definitions.count)
            #expect(pins.allSatisfy { $0.standing == .pinned && $0.acceptedBy == "operator:ana" })
            let again = scene.run("server", "tools", "desk", "--list", "--yes")
            #expect(again.0 == .refused && again.1.error.contains("listed already"), "\(again.1.error)")
        }
    }

    @Test("E2: tools that are looked at and not accepted wait as new")
    func registrationRefused() async throws {
        try await withSandbox { url in
            let scene = try StoreScene()
            _ = scene.run("server", "add", "desk", "--upstream", url)
            #expect(scene.run("server", "tools", "desk", "--list").0 == .usage)
            let (status, console) = scene.ask("server", "tools", "desk", "--list", answers: ["no"])
            #expect(status == .done && console.error.contains("they wait as new"), "\(console.error)")
            let rows = try #require(scene.json("server", "tools", "desk", "--changed")["tools"]?.elements.map { $0 })
            #expect(rows.count == SandboxToolTable.definitions.count)
            #expect(rows.allSatisfy { $0["standing"]?.string?.text == "new" && $0["accepted_by"] == nil })
        }
    }

    @Test("a server that cannot be listed is added all the same, and its tools stay unaccepted")
    func registrationUnreachable() throws {
        let scene = try StoreScene()
        let (status, console) = scene.run(
            "server",
            "add",
            "desk",
            "--upstream",
            "http://127.0.0.1:1/mcp",
            "--list",
            "--yes"
        )
        #expect(status == .environment && console.error.contains("cannot be listed"), "\(console.error)")
        #expect(try scene.json("server", "show", "desk")["tools_pinned"]?.number?.int == 0)
    }
}
