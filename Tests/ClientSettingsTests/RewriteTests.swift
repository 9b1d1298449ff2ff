import Base
import Testing

@testable import ClientSettings

@Suite("Changing settings in place")
struct RewriteTests {
    private static let command: [ByteString] = ["/usr/bin/toolgate", "connect", "http://127.0.0.1:8080/mcp/x"]

    private static func rewrite(_ file: ClientFile) throws -> String {
        let servers = file.servers.filter { server in
            if case .unusable = server.way { false } else { true }
        }
        return String(decoding: try file.rewritten(servers.map { ($0, command) }), as: UTF8.self)
    }

    @Test(
        "every server of every client can be pointed elsewhere, and nothing else changes",
        arguments: Fixtures.files.indices
    )
    func rewritesAll(_ index: Int) throws {
        let (client, path, _) = Fixtures.files[index]
        let before = try Fixtures.file(client, path)
        let text = try Self.rewrite(before)
        let after = try Fixtures.file(client, SettingsFormat(path: path), text)
        #expect(after.servers.map(\.name) == before.servers.map(\.name))
        #expect(after.servers.map(\.isEnabled) == before.servers.map(\.isEnabled))
        #expect(after.notes.count <= before.notes.count)
        for server in after.servers {
            if case .unusable = server.way { continue }
            #expect(
                server.way
                    == .process(
                        command: Self.command[0],
                        arguments: Array(Self.command[1...]),
                        environment: [],
                        directory: nil
                    )
            )
        }
        // Comments stay where they were, byte order marks and line ends too.
        for mark in [
            "// what we use every day", "/* the team's */", "// from PyPI", "# kept for the tracker", "# from PyPI",
        ] {
            let was = String(decoding: before.bytes, as: UTF8.self).contains(mark)
            #expect(!was || text.contains(mark), "\(mark)")
        }
        #expect(before.bytes.starts(with: [0xEF, 0xBB, 0xBF]) == text.utf8.starts(with: [0xEF, 0xBB, 0xBF]))
        let feeds = text.utf8.count { $0 == 0x0A }
        let returns = text.utf8.count { $0 == 0x0D }
        #expect(returns == 0 || returns == feeds)
    }

    @Test("an entry of JSON keeps its form")
    func keepsJSON() throws {
        let text = """
            {
              "mcpServers": {
                // the clock
                "time": {
                  "timeout": 3, // seconds
                  "command": "x", // program
                  "args": ["a"],
                  "env": {"A": "1"}
                },
                "b": {"url": "http://x", "headers": {}, "trust": true}
              }
            }
            """
        let expected = """
            {
              "mcpServers": {
                // the clock
                "time": {
                  "timeout": 3, // seconds
                  "command": "/usr/bin/toolgate",
                  "args": ["connect", "http://127.0.0.1:8080/mcp/x"] // program
                },
                "b": {"command": "/usr/bin/toolgate", "args": ["connect", "http://127.0.0.1:8080/mcp/x"], "trust": true}
              }
            }
            """
        #expect(try Self.rewrite(Fixtures.file(.geminiCLI, .json, text)) == expected)
    }

    @Test("an entry of TOML keeps its form, its tables elsewhere go with it")
    func keepsTOML() throws {
        let text = """
            # top
            [mcp_servers.a]
            # before
            command = "x" # program
            args = ["a",
              "b"]
            enabled = true

            [other]
            x = 1

            [mcp_servers.a.env]
            A = "1"
            # stays

            [mcp_servers]
            b = { url = "http://x", http_headers = { A = "b" }, tool_timeout_sec = 3 }
            """
        let expected = """
            # top
            [mcp_servers.a]
            # before
            command = "/usr/bin/toolgate"
            args = ["connect", "http://127.0.0.1:8080/mcp/x"] # program
            enabled = true

            [other]
            x = 1

            # stays

            [mcp_servers]
            b = { command = "/usr/bin/toolgate", args = ["connect", "http://127.0.0.1:8080/mcp/x"], tool_timeout_sec = 3 }
            """
        #expect(try Self.rewrite(Fixtures.file(.codex, .toml, text)) == expected)
    }

    @Test("an entry of YAML keeps its form")
    func keepsYAML() throws {
        let text = """
            mcpServers:
              - command: x # program
                name: a
                # why
                args:
                - b
                env:
                  A: "1"

              # next
              - name: é
                url: http://x
            rules: []
            """
        let output = try Self.rewrite(Fixtures.file(.continueDev, .yaml, text))
        let expected = """
            mcpServers:
              - command: "/usr/bin/toolgate"
                args: ["connect", "http://127.0.0.1:8080/mcp/x"] # program
                name: a
                # why

              # next
              - name: é
                command: "/usr/bin/toolgate"
                args: ["connect", "http://127.0.0.1:8080/mcp/x"]
            rules: []
            """
        #expect(output == expected)
    }

    @Test(
        "files with bytes changed at random are rewritten rightly or refused, and never trap",
        arguments: Fixtures.files.indices
    )
    func survivesMutations(_ index: Int) throws {
        let (client, path, _) = Fixtures.files[index]
        let original = try Fixtures.bytes(path)
        let alphabet = Array("{}[]\",:=#/*-\n\r \t.a1'\\".utf8)
        var state = UInt64(index) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var rewritten = 0
        for _ in 0..<300 {
            var bytes = original
            for _ in 0...next(3) {
                let place = next(bytes.count)
                switch next(3) {
                case 0: bytes[place] = alphabet[next(alphabet.count)]
                case 1: bytes.insert(alphabet[next(alphabet.count)], at: place)
                default: bytes.remove(at: place)
                }
            }
            do {
                let file = try ClientFile(bytes, of: client, format: SettingsFormat(path: path))
                let text = try Self.rewrite(file)
                let after = try Fixtures.file(client, SettingsFormat(path: path), text)
                #expect(after.servers.map(\.name) == file.servers.map(\.name))
                rewritten += 1
            } catch is SettingsFault {
            } catch is RewriteFault {
            }
        }
        #expect(rewritten > 10)
    }

    @Test("what cannot be changed without touching more is refused, not guessed")
    func refuses() throws {
        let flow = try Fixtures.file(.continueDev, .yaml, "mcpServers: [{name: a, command: x, args: [b]}]\nz: 1\n")
        #expect(throws: RewriteFault.self) { try Self.rewrite(flow) }
        let dotted = try Fixtures.file(.codex, .toml, "mcp_servers.a.command = \"x\"\n")
        #expect(throws: RewriteFault.self) { try Self.rewrite(dotted) }
    }

    @Test("text of a command is quoted so that all three forms read it back")
    func quotes() throws {
        let nasty: ByteString = "/a b/\"q\"\\\u{1}\u{7f}é\n"
        for (client, format, text) in [
            (Client.cursor, SettingsFormat.json, "{\"mcpServers\":{\"a\":{\"command\":\"x\"}}}"),
            (.codex, .toml, "[mcp_servers.a]\ncommand = \"x\""),
            (.continueDev, .yaml, "mcpServers:\n  - name: a\n    command: x"),
        ] {
            let file = try Fixtures.file(client, format, text)
            let output = try file.rewritten([(file.servers[0], [nasty, "connect"])])
            let again = try ClientFile(output, of: client, format: format)
            #expect(
                again.servers[0].way
                    == .process(command: nasty, arguments: ["connect"], environment: [], directory: nil)
            )
        }
    }
}
