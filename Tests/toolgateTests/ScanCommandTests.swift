import Base
import JSONText
import Testing

@testable import toolgate

@Suite("scan and adopt, with nothing started")
struct ScanCommandTests {
    private static let home =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        .joined(separator: "/") + "/ClientSettingsTests/Data/home"

    private func run(
        _ words: [String],
        answers: [String]? = nil
    ) -> (status: CommandStatus, output: String, error: String) {
        let console = RecordingConsole(environment: ["HOME": "/nonexistent"], answers: answers)
        let status = CommandTable.run(words, console: console.console)
        return (status, console.output, console.error)
    }

    @Test("offline, every server of all ten clients is there and the secret is not")
    func findsAll() throws {
        let result = run(["scan", "--home", Self.home, "--offline", "--output", "json"])
        #expect(result.status == .done)
        let root = try JSONDocument(Array(result.output.utf8)).root
        #expect(root["servers"]?.count == 20)
        let clients = Set(root["servers"]?.elements.compactMap { $0["client"]?.string.map { "\($0.bytes)" } } ?? [])
        #expect(clients.count == 10)
        #expect(result.output.contains("plaintext-secret"))
        #expect(!(result.output + result.error).contains("fixture-not-a-real-token"))
    }

    @Test("a person who declines has nothing started, and sees no secret in the question")
    func asksFirst() throws {
        let result = run(["scan", "--home", Self.home], answers: ["no"])
        #expect(result.status == .done)
        #expect(result.error.contains("mcp-server-time --local-timezone UTC"))
        #expect(result.output.contains("a person declined"))
        #expect(!(result.output + result.error).contains("fixture-not-a-real-token"))
    }

    @Test(
        "the exit code is of the worst finding, whatever the case of the severity",
        arguments: ["HIGH", "high", "High"]
    )
    func failsOn(_ severity: String) {
        let words = ["scan", "--home", Self.home, "--offline", "--fail-on"]
        #expect(run(words + [severity]).status == .refused)
        #expect(run(words + ["critical"]).status == .done)
        #expect(run(words + ["huge"]).status == .usage)
    }

    @Test("a file whose client cannot be told, or that is not there, is an error")
    func namesFiles() throws {
        let folder = try PolicyFolder(["some.json": "{}"])
        #expect(run(["scan", "--config", "\(folder.path)/some.json"]).status == .usage)
        #expect(run(["scan", "--config", "\(folder.path)/some.json", "--client", "cursor"]).status == .done)
        #expect(run(["scan", "--config", "/nonexistent/.mcp.json"]).status == .environment)
    }

    @Test("adopt changes nothing without a listed server, and undo says when there is nothing to undo")
    func adoptsNothing() throws {
        let folder = try PolicyFolder(["mcp.json": #"{"mcpServers": {"a": {"command": "/nonexistent/x"}}}"#])
        let data = "\(folder.path)/data"
        let config = ["--config", "\(folder.path)/mcp.json", "--client", "cursor", "--data", data]
        let result = run(["adopt"] + config, answers: ["no"])
        #expect(result.status == .done)
        #expect(result.error.contains("stays as it is: a person declined"))
        #expect(FileAccess.stamp(data) == nil)
        #expect(run(["adopt", "--undo", "--data", data]).status == .refused)
    }

    @Test(
        "any name becomes one that servers may have",
        arguments: [
            ("Issue Tracker", "issue-tracker"), ("--x--", "x"), ("日本", "server"), ("", "server"), ("a/b.c", "a-b-c"),
        ]
    )
    func namesServers(_ name: String, _ expected: String) {
        #expect(AdoptionPlan.entityName(.init(name)) == expected)
    }
}

@Suite("the record of an adoption")
struct AdoptionRecordTests {
    @Test("what was begun is read back, the newest first, and is gone when removed")
    func keeps() throws {
        let folder = try PolicyFolder(["x.json": "old"])
        let change = AdoptionRecord.Change(path: "\(folder.path)/x.json", before: [0xEF, 0x0D], after: [0x0A])
        _ = try AdoptionRecord.begin([change], grants: ["a"], in: folder.path)
        _ = try AdoptionRecord.begin([change, change], grants: ["b"], in: folder.path)
        let all = try AdoptionRecord.all(folder.path)
        #expect(all.map(\.grants) == [["b"], ["a"]])
        #expect(all.map(\.changes.count) == [2, 1])
        #expect(all[0].changes[1].before == [0xEF, 0x0D] && all[0].changes[1].after == [0x0A])
        all[0].remove()
        #expect(try AdoptionRecord.all(folder.path).map(\.grants) == [["a"]])
    }
}
