import Base
import EventLoops
import JSONText
import Secrets
import StoreSQLite
import Stores
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// A data folder of its own, and commands run on it as `ana`.
final class StoreScene {
    static let policy = #"{"version":"1","default":"deny","tools":{"get_*":{},"list_leads":{}}}"#

    let folder: String
    private let files = ["keys.json", "store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "toolgate.lock"]
    private var written: [String] = []

    init() throws {
        var template = Array("/tmp/toolgate-records-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        FileAccess.removeFolder(folder, files: files + written)
    }

    /// Runs a command that nobody sits at.
    @discardableResult
    func run(_ words: String..., environment: [String: String] = [:]) -> (CommandStatus, RecordingConsole) {
        run(words, RecordingConsole(environment: surroundings(environment)))
    }

    /// Runs a command at a terminal where these answers are typed.
    @discardableResult
    func ask(
        _ words: String...,
        answers: [String],
        edit: @escaping @Sendable (_ editor: String, _ path: String) -> Bool = { _, _ in false }
    ) -> (CommandStatus, RecordingConsole) {
        run(words, RecordingConsole(environment: surroundings(["EDITOR": "ed"]), answers: answers, edit: edit))
    }

    private func surroundings(_ more: [String: String]) -> [String: String] {
        ["TOOLGATE_DATA": folder, "USER": "ana"].merging(more) { $1 }
    }

    private func run(_ words: [String], _ console: RecordingConsole) -> (CommandStatus, RecordingConsole) {
        (CommandTable.run(words, console: console.console), console)
    }

    /// A command that must work; its JSON.
    func json(_ words: String...) throws -> JSONValue {
        let (status, console) = run(words + ["--output", "json"], RecordingConsole(environment: surroundings([:])))
        #expect(status == .done, "\(words): \(console.error)")
        return try JSONDocument(Array(console.output.utf8)).root
    }

    func write(_ text: String, _ name: String) throws -> String {
        written.append(name)
        try FileAccess.write(Array(text.utf8), to: "\(folder)/\(name)")
        return "\(folder)/\(name)"
    }

    /// What the store holds.
    func read<Value: Sendable>(_ body: (StoreReader) throws(StoreError) -> Value) throws -> Value {
        try SQLiteStore(opening: "\(folder)/store.sqlite", time: SystemTime()).read(body)
    }

    /// Everything the store's files hold, as far as it is text.
    func storeText() throws -> String {
        let files = ["store.sqlite", "store.sqlite-wal"].map { "\(folder)/\($0)" }
        let bytes = try files.filter { FileAccess.stamp($0) != nil }.flatMap { try FileAccess.read($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func revision() throws -> Int {
        try read { reader throws(StoreError) in try reader.revision() }
    }

    /// A server `crm` with the policy `sales`, the member `ana` and her grant `agent`.
    func furnish() throws {
        let file = try write(Self.policy, "policy.json")
        run("server", "add", "crm", "--upstream", "https://crm.example.com/mcp")
        run("policy", "add", "sales", "--server", "crm", "--file", file)
        run("member", "add", "ana", "--role", "admin")
        run("grant", "add", "agent", "--server", "crm", "--policy", "sales", "--member", "ana")
        try #require(try revision() == 4)
    }
}

extension JSONValue {
    /// A text member, for tests.
    func text(_ key: String) -> String? { member(Array(key.utf8))?.string?.text }

    /// Whether a member is there and `null`.
    func isNull(_ key: String) -> Bool { member(Array(key.utf8))?.kind == .null }
}
