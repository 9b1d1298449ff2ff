import Base
import Testing

@testable import ClientSettings

@Suite("Reading what ten clients keep")
struct ReadingTests {
    @Test("every server of every client is found", arguments: Fixtures.files.indices)
    func findsAll(_ index: Int) throws {
        let (client, path, servers) = Fixtures.files[index]
        let file = try Fixtures.file(client, path)
        #expect(file.servers.map(\.name.text).sorted() == servers.sorted())
    }

    @Test("where each file lies is known, and whose it is", arguments: Fixtures.files.indices)
    func knowsPlaces(_ index: Int) throws {
        let (client, path, _) = Fixtures.files[index]
        #expect(SettingsPlace.client(of: "/home/ada/" + path) == client)
        #expect(
            SettingsPlace.ofHome.contains { place in
                place.client == client && (place.path == path || place.isFolder && path.hasPrefix(place.path + "/"))
            }
        )
    }

    @Test("a program is found with its arguments, variables and folder")
    func readsProcesses() throws {
        let file = try Fixtures.file(.claudeDesktop, ".config/Claude/claude_desktop_config.json")
        let crm = try #require(file.servers.last)
        guard case .process(let command, let arguments, let environment, nil) = crm.way else {
            Issue.record("\(crm.way)")
            return
        }
        #expect(command == "mcp-server-time")
        #expect(arguments == [])
        #expect(environment.map(\.name) == ["KOMMO_ACCESS_TOKEN", "REGION"])
        #expect(environment.map(\.line) == [12, 13])
        #expect(crm.line == 8)
        #expect(crm.isEnabled)
    }

    @Test("Zed's older form and what its extensions provide are told apart")
    func readsZed() throws {
        let servers = try Fixtures.file(.zed, ".config/zed/settings.json").servers
        #expect(servers[1].way == servers[0].way)
        #expect(servers[2].way == .unusable("an extension of the client provides it"))
    }

    @Test("what Codex takes from its own environment is a reference, not a value")
    func readsCodex() throws {
        let text = """
            [mcp_servers.a]
            command = "x"
            env_vars = ["HOME"]
            env.REGION = "eu"
            [mcp_servers.b]
            url = "https://b.example/mcp"
            env_http_headers = { X-Key = "KEY" }
            bearer_token_env_var = "TOKEN"
            enabled = false
            """
        let servers = try Fixtures.file(.codex, .toml, text).servers
        guard case .process(_, _, let environment, _) = servers[0].way,
            case .remote(let url, let headers) = servers[1].way
        else {
            Issue.record("\(servers)")
            return
        }
        #expect(environment.map(\.isReference) == [false, true])
        #expect(url == "https://b.example/mcp")
        #expect(headers.map(\.name) == ["X-Key", "Authorization"])
        #expect(headers[0].isReference)
        #expect(
            ValueText(headers[1].value.reveal(), of: .codex)
                == .mixed([.plain("Bearer "), .variable("TOKEN", orElse: nil)])
        )
        #expect(!servers[1].isEnabled)
    }

    @Test("Continue's older transports, VS Code's older settings and servers of projects are found")
    func readsOldForms() throws {
        let old = """
            {"experimental": {"modelContextProtocolServers": [{"transport": {"type": "stdio", "command": "x"}}]}}
            """
        #expect(try Fixtures.file(.continueDev, .json, old).servers.map(\.name) == ["server-1"])
        let settings = #"{"mcp": {"servers": {"a": {"command": "x"}}}, "mcp.servers": {"b": {"command": "y"}}}"#
        #expect(try Fixtures.file(.vsCode, .json, settings).servers.map(\.name) == ["a", "b"])
        let code = try Fixtures.file(.claudeCode, ".claude.json").servers
        #expect(code.map(\.project) == [nil, "/home/ada/shop"])
    }

    @Test("a server at an address is one, whatever transport the client would speak to it")
    func readsAddresses() throws {
        let text = #"{"mcpServers": {"a": {"url": "http://x/sse"}, "b": {"httpUrl": "http://x/mcp"}}}"#
        let ways = try Fixtures.file(.geminiCLI, .json, text).servers.map(\.way)
        #expect(ways == [.remote(url: "http://x/sse", headers: []), .remote(url: "http://x/mcp", headers: [])])
        let cursor = try Fixtures.file(.cursor, .json, #"{"mcpServers": {"a": {"type": "sse", "url": "http://x"}}}"#)
        #expect(cursor.servers.map(\.way) == [.remote(url: "http://x", headers: [])])
    }

    @Test("a comment or trailing comma is read, and noted where the client itself may refuse it")
    func notesLeniency() throws {
        let text = "{\"mcpServers\": {\n  // here\n  \"a\": {\"command\": \"x\"},\n}}"
        let file = try Fixtures.file(.claudeDesktop, .json, text)
        #expect(file.servers.count == 1)
        #expect(file.notes.map(\.line) == [2, 3])
        #expect(try Fixtures.file(.zed, .json, text.replacing("mcpServers", with: "context_servers")).notes.isEmpty)
    }

    @Test(
        "what is broken is said with its place",
        arguments: [
            ("{\"mcpServers\": {\n  \"a\": {\"command\": x}}}", 2, 20),
            ("{\"a\": 1,\n \"a\": 2}", 2, 2), ("{\"a\": \"b", 1, 7), ("{\"a\": [1, 2", 1, 12), ("{} {}", 1, 4),
            ("{\"a\": 01}", 1, 7), ("{\"a\": \"\\ud800\"}", 1, 8), ("{ /* a", 1, 3), ("{,}", 1, 2),
            ("\u{1}", 1, 1),
        ]
    )
    func placesBrokenJSON(_ text: String, _ line: Int, _ column: Int) {
        #expect {
            _ = try Fixtures.file(.cursor, .json, text)
        } throws: { error in
            let fault = error as? SettingsFault
            return fault?.line == line && fault?.column == column
        }
    }

    @Test(
        "broken TOML is said with its place",
        arguments: [
            ("a = 1\na = 2\n", 2, 1), ("[a]\nx = 1\n[a]\n", 3, 1), ("a = \n", 1, 5), ("a = \"x\n", 1, 5),
            ("[a\n", 1, 1), ("a = {b = 1\n}", 1, 5), ("a = [1, 2", 1, 5), ("a = 1 b = 2", 1, 7), ("= 1", 1, 1),
            ("a = \"\\x\"", 1, 6), ("a = yes", 1, 5), ("[a]\nb.c = 1\n[a.b]\n", 3, 1), ("a.b = 1\na = 2", 2, 1),
        ]
    )
    func placesBrokenTOML(_ text: String, _ line: Int, _ column: Int) {
        #expect {
            _ = try Fixtures.file(.codex, .toml, text)
        } throws: { error in
            let fault = error as? SettingsFault
            return fault?.line == line && fault?.column == column
        }
    }

    @Test("broken YAML is said with its place")
    func placesBrokenYAML() {
        #expect {
            _ = try Fixtures.file(.continueDev, .yaml, "a: 1\nb: [1\nc: 2\n")
        } throws: { error in
            (error as? SettingsFault)?.line == 3
        }
    }

    @Test("all of TOML's texts and places of tables are read")
    func readsTOML() throws {
        let text = #"""
            title = 'C:\x' # comment
            when = 1979-05-27 07:32:00Z
            n = [ 1, 2.5e3, 0xff, # three
              -inf, ]
            block = """
            one \
              two "quoted" \u00e9"""
            lit = '''
            'x' ''''
            a."b c".d = true
            [[list]]
            k = { x = 1, y.z = "two" }
            [[list]]
            [list.sub]
            v = 3
            [late.table]
            [late]
            w = 4
            """#
        var reader = TOMLText(Array(text.utf8), from: 0)
        let root = try reader.read()
        #expect(root["title"]?.text == #"C:\x"#)
        #expect(root["n"]?.elements?.count == 4)
        #expect(root["block"]?.text == "one two \"quoted\" \u{e9}")
        #expect(root["lit"]?.text == "'x' '")
        #expect(root["a"]?["b c"]?["d"]?.isSpelled("true") == true)
        #expect(root["list"]?.elements?[0]["k"]?["y"]?["z"]?.text == "two")
        #expect(root["list"]?.elements?[1]["sub"]?["v"]?.isSpelled("3") == true)
        #expect(root["late"]?.members.map(\.key) == ["table", "w"])
    }

    @Test("depth, size and bytes that are no UTF-8 are bounded and named", .timeLimit(.minutes(1)))
    func isBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: SettingsFault.self) { try Fixtures.file(.cursor, .json, deep) }
        #expect(throws: SettingsFault.self) { try Fixtures.file(.codex, .toml, "a = " + deep) }
        #expect(throws: SettingsFault.self) { try Fixtures.file(.continueDev, .yaml, deep) }
        let keys = (0..<100_000).map { _ in "a" }.joined(separator: ".")
        #expect(throws: SettingsFault.self) { try Fixtures.file(.codex, .toml, keys + " = 1") }
        #expect(throws: SettingsFault.self) { try ClientFile([0x22, 0xFF, 0x22], of: .cursor, format: .json) }
        let large = [UInt8](repeating: 0x20, count: 17 << 20)
        #expect(throws: SettingsFault.self) { try ClientFile(large, of: .cursor, format: .json) }
    }

    @Test("lines of YAML end where libyaml ends them", arguments: ["\r", "\u{85}", "\u{2028}", "\r\n", "\n"])
    func countsLines(_ feed: String) throws {
        let text = ["mcpServers:", "- name: a", "  command:", "    'x'", "rest: [", "1]", ""].joined(separator: feed)
        let file = try Fixtures.file(.continueDev, .yaml, text)
        #expect(file.servers.map(\.name) == ["a"])
    }

    @Test("files made to be slow are read or refused as fast as others", .timeLimit(.minutes(1)))
    func isLinear() throws {
        let tables = String(repeating: "[[a]]\n", count: 100_000)
        #expect(try Fixtures.file(.codex, .toml, tables).servers.isEmpty)
        let many = (0..<5_000).map { "[mcp_servers.s\($0)]\ncommand = \"x\"\n" }.joined()
        let file = try Fixtures.file(.codex, .toml, many)
        #expect(file.servers.count == 1_000)
        #expect(file.notes.map(\.reason) == ["more than 1000 servers: the rest is not looked at"])
        let flow =
            "{" + (0..<20_000).map { "k\($0): 'v', " }.joined() + "\n" + String(repeating: "  # c\n", count: 100_000)
        #expect(try Fixtures.file(.continueDev, .yaml, flow + "}").servers.isEmpty)
    }

    @Test("every beginning of every fixture is read or refused, and never traps", arguments: Fixtures.files.indices)
    func takesEveryPrefix(_ index: Int) throws {
        let (client, path, _) = Fixtures.files[index]
        let bytes = try Fixtures.bytes(path)
        for count in 0..<bytes.count {
            do throws(SettingsFault) {
                _ = try ClientFile(Array(bytes[..<count]), of: client, format: SettingsFormat(path: path))
            } catch {
                #expect(error.line >= 1)
            }
        }
    }

    @Test("references are told from values, and filled in or named")
    func readsReferences() {
        let lookup: (ByteString) -> ByteString? = { $0 == "A" ? "1" : nil }
        #expect(ValueText("plain $5 {x}", of: .cursor) == .plain("plain $5 {x}"))
        #expect(ValueText("${env:A}", of: .cursor) == .variable("A", orElse: nil))
        #expect(ValueText("${B:-x}", of: .claudeCode).filled(lookup) == .success("x"))
        #expect(ValueText("a${A}b", of: .claudeCode).filled(lookup) == .success("a1b"))
        #expect(ValueText("$A/x", of: .geminiCLI).filled(lookup) == .success("1/x"))
        #expect(ValueText("$A/x", of: .cursor) == .plain("$A/x"))
        #expect(ValueText("${input:tok}", of: .vsCode) == .foreign("input:tok"))
        #expect(ValueText("Bearer ${{ secrets.X }}", of: .continueDev) == .foreign("secrets.X"))
        #expect(ValueText("${MISSING}", of: .cursor).filled(lookup) == .failure(MissingVariable(name: "MISSING")))
        #expect(ValueText("${unclosed", of: .cursor) == .plain("${unclosed"))
    }

    @Test("a value of a settings file shows in no description of what was found")
    func masksValues() throws {
        let file = try Fixtures.file(.claudeDesktop, ".config/Claude/claude_desktop_config.json")
        #expect(!"\(file.servers)".contains("fixture-not-a-real-token"))
    }
}
