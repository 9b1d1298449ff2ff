import AuditJournal
import AuditModel
import Base
import EventLoops
import JSONText
import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// A data folder with a small journal: ten calls by two grants, one of them refused, one still open, and one change.
private final class JournalFolder: Sendable {
    let path: String

    init() throws {
        path = try FileAccess.makeTemporaryFolder(prefix: "toolgate-audit")
        let configuration = JournalConfiguration(
            folder: "\(path)/audit",
            keyPath: "\(path)/audit-signing-key",
            node: "t"
        )
        let journal = try AuditJournal(configuration, time: SystemTime())
        let loop = try EventLoop()
        let writer = try journal.writer(.worker(0), on: loop)
        for number in 0..<10 {
            let time = WallTime(milliseconds: 1_795_000_000_000 + Int64(number) * 1_000)
            var intent = AuditIntent(time: time, requestID: UInt64(number), outcome: number == 3 ? .deny : .allow)
            let grant: ByteString = number < 5 ? "ci" : "desk"
            intent.caller = .caller(grant: grant, grantID: "g", server: "crm")
            intent.shape.tool = number == 4 ? "=cmd|' /C calc'!A0" : "read"
            intent.shape.rule = number == 3 ? "no-writes" : "reads"
            let ticket = try writer.note(intent)
            if number != 9 {
                writer.settle(
                    ticket,
                    AuditOutcome(time: time, result: number == 5 ? .toolError : .ok, upstreamStatus: 200)
                )
            }
        }
        writer.close()
        let admin = try journal.writer(.admin, on: loop)
        try admin.note(
            AdminChange(
                time: WallTime(milliseconds: 1_795_000_000_500),
                author: "operator:ann",
                action: "revoke",
                subjectKind: "grant",
                subject: "ci"
            )
        )
        admin.close()
        journal.close()
    }

    deinit {
        for folder in ["\(path)/audit", path] {
            for name in (try? JournalFiles.names(in: folder)) ?? [] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
    }

    func run(_ words: [String], data: Bool = true) -> (status: CommandStatus, output: String, error: String) {
        let console = RecordingConsole()
        let status = CommandTable.run(["audit"] + words + (data ? ["--data", path] : []), console: console.console)
        return (status, console.output, console.error)
    }
}

@Suite("toolgate audit")
struct AuditCommandTests {
    @Test("verify says that an untouched journal is sound, and what it could not prove")
    func verify() throws {
        let folder = try JournalFolder()
        let result = folder.run(["verify"])
        #expect(result.status == .done, "\(result.output)\(result.error)")
        #expect(result.output.hasSuffix("sound\n"))
        #expect(result.output.contains("worker-0: 20 rows in 1 segments, signed for up to row 20 of 20"))
        #expect(result.error.contains("the public key is the folder's own"))
    }

    @Test("verify works on a copy with only the public key, exits 1 on a changed row and names its place")
    func tampered() throws {
        let folder = try JournalFolder()
        let file = "\(folder.path)/audit/worker-0.00000001.rows"
        let text = String(decoding: try JournalFiles.read(file), as: UTF8.self)
        try FileAccess.write(Array(text.replacing("no-writes", with: "no-reader").utf8), to: file)
        unlink("\(folder.path)/audit-signing-key")
        let words = [
            "verify", "\(folder.path)/audit", "--public-key", "\(folder.path)/audit/public-key", "--output", "json",
        ]
        let result = folder.run(words, data: false)
        #expect(result.status == .refused)
        #expect(result.error.isEmpty)
        let json = try JSONDocument(Array(result.output.utf8)).root
        #expect(json["sound"]?.boolean == false)
        let finding = try #require(json["findings"]?.elements.first { $0["weight"]?.string?.text == "fault" })
        #expect(finding["file"]?.string?.text == "worker-0.00000001.rows" && finding["line"]?.number?.int == 2)
    }

    @Test("K2: a head printed before finds the truncation that came after")
    func heads() throws {
        let folder = try JournalFolder()
        let heads = folder.run(["head"])
        #expect(heads.status == .done && heads.output.split(separator: "\n").count == 2)
        let headFile = "\(folder.path)/heads"
        try FileAccess.write(Array(heads.output.utf8), to: headFile)
        #expect(folder.run(["verify", "--head", headFile]).status == .done)
        let file = "\(folder.path)/audit/worker-0.00000001.rows"
        let bytes = try JournalFiles.read(file)
        let end = try #require(bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")))
        try FileAccess.write(Array(bytes[...end]), to: file)
        unlink("\(folder.path)/audit/statements")
        #expect(folder.run(["verify"]).status == .done)
        let result = folder.run(["verify", "--head", headFile])
        #expect(result.status == .refused && result.output.contains("row 20 is missing"))
    }

    @Test("query finds by grant, outcome, rule, time and text, and shows how a call ended")
    func query() throws {
        let folder = try JournalFolder()
        func count(_ words: [String]) -> Int { folder.run(["query"] + words).output.split(separator: "\n").count }
        #expect(count([]) == 11)
        #expect(count(["--grant", "ci"]) == 5)
        #expect(count(["--outcome", "deny"]) == 1)
        #expect(count(["--outcome", "tool_error"]) == 1)
        #expect(count(["--rule", "no-writes"]) == 1)
        #expect(count(["--server", "crm", "--tool", "read"]) == 9)
        #expect(count(["--text", "desk"]) == 5)
        #expect(count(["--since", "2026-11-18T11:06:44Z", "--until", "2026-11-18T11:06:46Z"]) == 2)
        #expect(count(["--limit", "3"]) == 3)
        let output = folder.run(["query"]).output
        #expect(output.contains("allow  ci → crm  read  rule reads  →  ok, HTTP 200"))
        #expect(output.contains("still open") && output.contains("operator:ann revoke grant ci"))
        let json = folder.run(["query", "--outcome", "tool_error", "--output", "json"]).output
        #expect(try JSONDocument(Array(json.utf8)).root["end"]?["result"]?.string?.text == "tool_error")
        let wrong = folder.run(["query", "--outcome", "denny"])
        #expect(wrong.status == .usage && wrong.error.contains("did you mean `deny`?"))
    }

    @Test("tail shows the newest rows, the newest last, with one-letter options")
    func tail() throws {
        let folder = try JournalFolder()
        let lines = folder.run(["tail", "-n", "2"]).output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(folder.run(["tail", "-n", "0"]).status == .usage)
        let json = folder.run(["tail", "--lines", "30", "--output", "json"]).output.split(separator: "\n")
        #expect(json.count == 23)
        for line in json {
            #expect(try JSONDocument(Array(line.utf8)).root["stream"] != nil)
        }
    }

    @Test("E9: a CSV export has one record a call, and no cell a spreadsheet would run")
    func csv() throws {
        let folder = try JournalFolder()
        let records = folder.run(["export", "--format", "csv"]).output.split(separator: "\r\n")
        #expect(records.count == 12)
        #expect(records.contains { $0.contains(",'=cmd|' /C calc'!A0,") })
        #expect(AuditText.cell(Array("a,\"b\"\n".utf8)) == Array("\"a,\"\"b\"\"\n\"".utf8))
        #expect(AuditText.cell(Array("@x".utf8)) == Array("'@x".utf8))
        let rows = folder.run(["export", "--grant", "desk"]).output.split(separator: "\n")
        #expect(rows.count == 9)
    }

    @Test("a folder that is none gets one clear message")
    func missing() {
        let console = RecordingConsole()
        #expect(CommandTable.run(["audit", "verify", "/nonexistent/audit"], console: console.console) == .environment)
        #expect(console.error.contains("cannot list `/nonexistent/audit`: no such file or directory"))
    }
}
