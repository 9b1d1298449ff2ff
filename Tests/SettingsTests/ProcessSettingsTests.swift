import Base
import Settings
import Testing

@Suite("servers that are processes, as toolgate.yaml has them")
struct ProcessSettingsTests {
    private func result(
        _ upstream: String,
        beside: String = "",
        variables: [String: String] = [:]
    ) -> SettingsResult {
        let text = """
            version: 1
            servers:
              - name: time
                upstream: \(upstream)
            \(beside)
            policies: [{name: p, server: time, document: {version: "1", default: deny}}]
            """
        return read(text, variables: variables)
    }

    private func settings(_ upstream: String, variables: [String: String] = [:]) throws -> ServerSettings {
        let result = result(upstream, variables: variables)
        return try #require(result.configuration?.servers.first, "\(result.problems)")
    }

    private func messages(_ upstream: String, beside: String = "") -> [String] {
        result(upstream, beside: beside).problems.map(\.message)
    }

    @Test("a process is read with everything it says, its variables where others have headers")
    func whole() throws {
        let server = try settings(
            """
            {command: mcp-server-time, args: [--local-timezone, UTC], cwd: /var, process: session,
                    env: {TZ: UTC, KEY: {secret: "env:TIME_KEY"}}, confine: {memory: 1024, open_files: 32, read: [/usr]}}
            """,
            variables: ["TIME_KEY": "k-123"]
        )
        guard case .process(let process) = server.upstream else {
            Issue.record("it is no process")
            return
        }
        #expect(process.command == "mcp-server-time")
        #expect(process.arguments == ["--local-timezone", "UTC"])
        #expect(process.directory == "/var")
        #expect(process.sharing == .session)
        #expect(process.confinement.memory == 1_024 && process.confinement.openFiles == 32)
        #expect(process.confinement.read == ["/usr"] && process.confinement.write == nil)
        #expect(server.headers.map(\.name) == ["TZ", "KEY"])
        #expect(server.headers.map(\.source) == [.open("UTC"), .environment("TIME_KEY")])
        #expect(server.headers.last?.value?.reveal() == Array("k-123".utf8))
        #expect(ProcessSettings(json: process.json) == process)
    }

    @Test("a command may be a list of a program and its first arguments")
    func list() throws {
        guard case .process(let process) = try settings("{command: [python3, -m, x], args: [y]}").upstream else {
            Issue.record("it is no process")
            return
        }
        #expect(process.command == "python3" && process.arguments == ["-m", "x", "y"])
        #expect(process.sharing == .shared && process.confinement.isEmpty)
    }

    @Test(
        "every mistake about a process is named",
        arguments: [
            ("{command: x, url: \"http://127.0.0.1/\"}", "an upstream has a `command` or a `url`, not both"),
            ("{command: []}", "`command` must be a program"),
            ("{command: {a: b}}", "`command` must be a program"),
            ("{command: x, args: y}", "`args` must be a list"),
            ("{command: x, process: everybody}", "must be `shared` or `grant` or `session`"),
            ("{command: x, env: [A]}", "`env` must be a mapping"),
            ("{command: x, env: {A-B: c}}", "is no name of a variable"),
            ("{command: x, env: {LD_PRELOAD: /tmp/x}}", "tells the loader to run other code"),
            ("{command: x, env: {API_TOKEN: open}}", "looks like a credential and stands here openly"),
            ("{command: x, env: {A: {secret: \"env:NOT_SET\"}}}", "is not set"),
            ("{command: x, confine: {memory: much}}", "must be a whole number above zero"),
            ("{command: x, confine: {disk: 1}}", "`disk` is no key"),
            ("{args: [x], url: \"http://127.0.0.1/\"}", "`args` of an upstream belongs to a `command`"),
        ]
    )
    func mistakes(upstream: String, message: String) {
        let messages = messages(upstream)
        #expect(messages.contains { $0.contains(message) }, "\(messages)")
    }

    @Test("a process has no headers, and says where its variables go")
    func headers() {
        let messages = messages("{command: x}", beside: "    headers: {X-Key: a}")
        #expect(messages.contains { $0.contains("a server that is a process has no `headers`") })
    }

    @Test(
        "M1: a command that depends on where the gateway runs is refused",
        arguments: ["./server", "bin/server", ""]
    )
    func relative(command: String) {
        #expect(ProcessSettings(command: ByteString(command)).refusal != nil)
    }

    @Test("a command is shown as a person would type it")
    func line() {
        let settings = ProcessSettings(command: "a", arguments: ["b c", "it's", "", "--x=y"])
        #expect(settings.line == "a 'b c' 'it'\\''s' '' --x=y")
    }
}
