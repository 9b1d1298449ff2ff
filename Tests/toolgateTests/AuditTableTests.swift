import AuditJournal
import AuditModel
import Base
import EventLoops
import StoreSQLite
import Stores
import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

extension RandomJournal {
    /// What `audit query` finds along the table and along the segments, as it prints it.
    fileprivate func answers(_ words: [String]) throws -> (table: [String], segments: [String]) {
        let console = RecordingConsole().console
        let parser = CommandParser(commands: [AuditCommands.query], console: console)
        guard case .run(let invocation) = try parser.parse(["audit", "query"] + words + ["--data", path]) else {
            Issue.record("no invocation")
            return ([], [])
        }
        let filter = try AuditFilter(invocation)
        let limit = try AuditCommands.number(invocation, "limit", default: 100)
        let found = try JournalTable.with(table, of: folder) { table throws(StoreError) in
            try table.fill()
            return try table.newest(limit, filter)
        }
        let scanned = try AuditCommands.scanned(limit, filter, AuditFolder(invocation))
        func text(_ entries: [AuditEntry]) -> [String] {
            entries.map { String(decoding: AuditCommands.joined($0), as: UTF8.self) }
        }
        return (text(found), text(scanned))
    }

    fileprivate func compare(_ comment: Comment) throws {
        for filter in try filters() {
            let answers = try answers(filter)
            #expect(answers.table == answers.segments, "\(comment), \(filter)")
        }
    }
}

@Suite("the journal's table")
struct AuditTableTests {
    @Test(
        "along the table every filter finds what it finds in the segments, while the journal grows and is pruned",
        arguments: 1...2 as ClosedRange<UInt64>
    )
    func sameAnswers(seed: UInt64) throws {
        let journal = try RandomJournal(seed: seed)
        for round in 0..<4 {
            try journal.grow(groups: 8)
            try journal.compare("seed \(seed), round \(round)")
            try journal.prune()
        }
        #expect(try journal.answers(["--limit", "100000"]).table.count > 40)
    }

    @Test("where many calls have everything in common, pages go on where the one before ended")
    func pages() throws {
        let journal = try RandomJournal(seed: 9, tools: 2)
        try journal.grow(groups: 120)
        for limit in ["1", "5", "40", "100000"] {
            for filter in [
                ["--grant", "grant-1"], ["--outcome", "ok"], ["--server", "server-0", "--text", "0000000000000007"],
            ] {
                let answers = try journal.answers(filter + ["--limit", limit])
                #expect(answers.table == answers.segments && !answers.table.isEmpty, "\(filter) \(limit)")
            }
        }
        #expect(try journal.answers(["--grant", "grant-1", "--limit", "100000"]).table.count > 100)
    }

    @Test("a stream that goes on from an earlier row with another history is taken in anew", arguments: [1, 80])
    func otherHistory(groups: Int) throws {
        let journal = try RandomJournal(seed: 5)
        for round in 0..<4 {
            // Fewer groups than were cut off, and so many that the place that was reached is in the middle of them.
            try journal.grow(groups: round == 0 ? 20 : groups)
            let answers = try journal.answers(["--limit", "100000"])
            #expect(answers.table == answers.segments, "round \(round)")
            try journal.cut()
        }
    }

    @Test("a table that is missing, damaged or no table is made anew, one of a newer version is left alone")
    func unusable() throws {
        let journal = try RandomJournal(seed: 6)
        try journal.grow(groups: 8)
        let whole = try journal.answers(["--limit", "100000"])
        #expect(whole.table == whole.segments && !whole.table.isEmpty)
        let bytes = try JournalFiles.read(journal.table)
        for damaged in [[], Array("no table".utf8), bytes.enumerated().map { $0 > 8_192 ? 0xA5 : $1 }] {
            SQLiteAuditTable.remove(journal.table)
            try FileAccess.write(damaged, to: journal.table)
            #expect(chmod(journal.table, 0o600) == 0)
            #expect(try journal.answers(["--limit", "100000"]).table == whole.segments)
        }
        // Byte 60 begins the number of the version.
        var newer = try JournalFiles.read(journal.table)
        newer[62] = 9
        SQLiteAuditTable.remove(journal.table)
        try FileAccess.write(newer, to: journal.table)
        #expect(chmod(journal.table, 0o600) == 0)
        let console = RecordingConsole()
        #expect(CommandTable.run(["audit", "query", "--data", journal.path], console: console.console) == .done)
        #expect(console.error.contains("all segments are read") && console.error.contains("newer Toolgate"))
        #expect(console.output.split(separator: "\n").count == min(100, whole.segments.count))
        #expect(try JournalFiles.read(journal.table) == newer)
    }

    @Test("another folder's journal is read from its segments, and no table is left beside it")
    func otherFolder() throws {
        let journal = try RandomJournal(seed: 7)
        try journal.grow(groups: 4)
        let console = RecordingConsole()
        let words = ["audit", "query", journal.folder, "--output", "json"]
        #expect(CommandTable.run(words, console: console.console) == .done)
        #expect(!console.output.isEmpty && console.error.isEmpty)
        #expect(!JournalFiles.names(in: journal.path, contain: "audit-table.sqlite"))
    }

    @Test(
        "a process that is killed while it writes the table leaves one that goes on where it was",
        arguments: [1, 60, 300]
    )
    func killed(kibibytes: Int64) async throws {
        let journal = try RandomJournal(seed: 8)
        try journal.grow(groups: 60)
        let (table, folder) = (journal.table, journal.folder)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [table = table as String, folder = folder as String, kibibytes] in
            let loop = try EventLoop()
            _ = try loop.start()
            loop.execute {
                // In the middle of a write of the log, for that is what grows.
                while (FileAccess.stamp("\(table)-wal")?.size ?? 0) < kibibytes << 10 {}
                kill(getpid(), SIGKILL)
            }
            var indexer = AuditIndexer(table: try SQLiteAuditTable(opening: table), folder: folder, stepBytes: 1_024)
            try indexer.fill()
            // All is written before the other thread has looked: it will.
            while true {
                sched_yield()
            }
        }
        let answers = try journal.answers(["--limit", "100000"])
        #expect(answers.table == answers.segments && answers.table.count > 100)
    }
}

extension JournalFiles {
    fileprivate static func names(in folder: String, contain name: String) -> Bool {
        ((try? names(in: folder)) ?? []).contains { $0.hasPrefix(name) }
    }
}
