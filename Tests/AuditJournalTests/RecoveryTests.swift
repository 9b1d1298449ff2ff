import AuditJournal
import AuditModel
import Base
import Cryptography
import EventLoops
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("recovery")
struct RecoveryTests {
    @Test("FA5: intents that are open when the process dies are closed as unknown, once")
    func openIntents() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration(), closes: false) { _, writer in
            let settled = try writer.note(intent(1))
            for number in 2...4 {
                try await writer.written(try writer.note(intent(number)))
            }
            writer.settle(settled, ok)
            try await writer.written(try writer.note(intent(5, .deny)))
        }
        let (_, report) = try await withWriter(folder.configuration(), closes: false) { _, _ in }
        #expect(report.closedIntents == 3)
        let (_, again) = try await withWriter(folder.configuration()) { _, _ in }
        #expect(again.closedIntents == 0)
        let unknown = try folder.rows().filter { $0.text("result") == "unknown" }
        #expect(unknown.compactMap(\.closedIntent).sorted() == [3, 4, 5])
        #expect(try folder.faults() == [])
    }

    @Test("a tail torn at any byte of the last two writes is set aside whole, and the journal goes on")
    func tornTails() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration(), closes: false) { _, writer in
            for number in 1...3 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        let name = "worker-0.00000001.rows"
        let whole = try folder.read(name)
        let feeds = groupEnds(whole)
        for count in (feeds[1] + 1)..<whole.count {
            for other in try folder.names() where other != "lock" && other != "public-key" {
                unlink("\(folder.journal)/\(other)")
            }
            try folder.write(Array(whole[..<count]), name)
            let (_, report) = try await withWriter(folder.configuration()) { _, writer in
                try await writer.written(try writer.note(intent(9, .deny)))
            }
            let start = (feeds.last { $0 < count } ?? 0) + 1
            #expect(try folder.read(name) == Array(whole[..<start]))
            #expect(report.cutFiles.count == (start == count ? 0 : 1))
            if start < count {
                #expect(try folder.read("worker-0.00000001.cut") == Array(whole[start..<count]))
            }
            #expect(try folder.faults() == [], "\(count)")
        }
    }

    @Test("rows behind the last checkpoint that a loss of power has spoiled are set aside, with all behind them")
    func spoiledTail() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration(), closes: false) { _, writer in
            for number in 1...5 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        unlink("\(folder.journal)/statements")
        let name = "worker-0.00000001.rows"
        var bytes = try folder.read(name)
        let feeds = groupEnds(bytes)
        for index in (feeds[2] + 50)..<(feeds[2] + 90) {
            bytes[index] = 0
        }
        try folder.write(bytes, name)
        let (_, report) = try await withWriter(folder.configuration()) { _, _ in }
        #expect(report.cutFiles.count == 1 && report.damagedStreams == [] && report.closedIntents == 2)
        #expect(try folder.read("worker-0.00000001.cut") == Array(bytes[(feeds[2] + 1)...]))
        #expect(try folder.faults() == [])
    }

    @Test("K2: what a checkpoint vouches for and is altered or gone is left as it is, told, and still found later")
    func damage() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration()) { _, writer in
            for number in 1...5 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        let name = "worker-0.00000001.rows"
        var bytes = try folder.read(name)
        let feeds = groupEnds(bytes)
        bytes[feeds[2] + 60] ^= 1
        try folder.write(bytes, name)
        let (_, report) = try await withWriter(folder.configuration()) { _, _ in }
        #expect(report.damagedStreams == ["worker-0"] && report.cutFiles == [])
        #expect(try folder.read(name) == bytes)
        #expect(try folder.faults().count >= 1)
        try folder.write(Array(bytes[...feeds[3]]), name)
        let (_, shorter) = try await withWriter(folder.configuration()) { _, _ in }
        #expect(shorter.damagedStreams == [] || shorter.damagedStreams == ["worker-0"])
        #expect(try !folder.faults().isEmpty)
    }

    @Test("FA2: recovery puts on the disk what the process before may not have, before it writes a row")
    func synchronisesFirst() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 800
        _ = try await withWriter(configuration, closes: false) { _, writer in
            for number in 1...60 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        let disk = TestDisk()
        configuration.disk = disk
        _ = try await withWriter(configuration) { _, _ in }
        let events = disk.events
        let firstWrite = try #require(events.firstIndex { if case .written = $0 { true } else { false } })
        let synchronised = events[..<firstWrite].filter { if case .syncEnded = $0 { true } else { false } }
        // All of them: none has a row that a checkpoint vouches for.
        let segments = try folder.names().filter { $0.hasPrefix("worker-0") && $0.hasSuffix(".rows") }
        #expect(segments.count > 4 && synchronised.count == segments.count - 1)
    }

    @Test(
        "FA2: a segment that a loss of power left without the end of the one before it is set aside, and the journal goes on"
    )
    func segmentInTheAir() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 2_000
        _ = try await withWriter(configuration, closes: false) { _, writer in
            for number in 1...20 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        unlink("\(folder.journal)/statements")
        let newest = try #require(try folder.names().last { $0.hasSuffix(".rows") })
        let older = try #require(try folder.names().filter { $0.hasSuffix(".rows") }.dropLast().last)
        let inTheAir = try folder.read(newest)
        let bytes = try folder.read(older)
        for length in [bytes.count - 1, bytes.count - 200, bytes.count / 2] {
            try folder.write(inTheAir, newest)
            try folder.write(Array(bytes[..<length]), older)
            #expect(try folder.faults() == [], "\(length), before")
            let (_, report) = try await withWriter(configuration) { _, writer in
                try await writer.written(try writer.note(intent(9, .deny)))
            }
            #expect(report.damagedStreams == [])
            #expect(report.cutFiles.count == 2, "\(report)")
            #expect(try folder.faults() == [], "\(length)")
            for name in try folder.names() where name > older && name.hasPrefix("worker-0") || name == "statements" {
                unlink("\(folder.journal)/\(name)")
            }
            unlink("\(folder.journal)/\(older.dropLast(4))cut")
        }
    }

    @Test("FA2: when the disk was several segments behind, all that hang in the air are set aside")
    func segmentsInTheAir() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 800
        _ = try await withWriter(configuration, closes: false) { _, writer in
            for number in 1...60 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        unlink("\(folder.journal)/statements")
        let segments = try folder.names().filter { $0.hasPrefix("worker-0") && $0.hasSuffix(".rows") }
        try #require(segments.count > 4)
        let second = try folder.read(segments[1])
        try folder.write(Array(second[..<(second.count - 30)]), segments[1])
        #expect(try folder.faults() == [])
        let (_, report) = try await withWriter(configuration) { _, writer in
            try await writer.written(try writer.note(intent(9, .deny)))
        }
        #expect(report.damagedStreams == [])
        #expect(report.cutFiles.count == segments.count - 1, "\(report)")
        #expect(try folder.faults() == [])
    }

    @Test("K2: rows that a process before the last one wrote are no end that a loss of power could have taken")
    func earlierProcesses() async throws {
        let folder = TestFolder()
        for _ in 1...3 {
            _ = try await withWriter(folder.configuration(), closes: false) { _, writer in
                for number in 1...5 {
                    try await writer.written(try writer.note(intent(number)))
                }
            }
        }
        unlink("\(folder.journal)/statements")
        let name = "worker-0.00000002.rows"
        let bytes = try folder.read(name)
        let ends = groupEnds(bytes)
        #expect(try folder.faults() == [])
        for length in [ends[ends.count - 2] + 1, bytes.count - 20, 0] {
            try folder.write(Array(bytes[..<length]), name)
            #expect(try !folder.faults().isEmpty, "\(length) of \(bytes.count) bytes")
        }
        try folder.write(bytes, name)
        #expect(try folder.faults() == [])
    }

    @Test("a recovery that ended half-way is finished by the next one, with all that was set aside")
    func halfRecovered() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 800
        _ = try await withWriter(configuration, closes: false) { _, writer in
            for number in 1...60 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        unlink("\(folder.journal)/statements")
        let segments = try folder.names().filter { $0.hasPrefix("worker-0") && $0.hasSuffix(".rows") }
        let newest = try #require(segments.last)
        try folder.write(try folder.read(newest), "\(newest.dropLast(4))cut")
        unlink("\(folder.journal)/\(newest)")
        let (_, report) = try await withWriter(configuration) { _, _ in }
        #expect(report.cutFiles == ["\(folder.journal)/\(newest.dropLast(4))cut"])
        #expect(try folder.faults() == [])
        try folder.write([1], "\(newest.dropLast(4))cut")
        #expect(try folder.faults().count == 1)
    }

    @Test(
        "K2: a segment that does not go on from the one before it, and that a checkpoint vouches for, is told and left"
    )
    func brokenJoint() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 2_000
        _ = try await withWriter(configuration) { _, writer in
            for number in 1...20 {
                try await writer.written(try writer.note(intent(number)))
            }
        }
        let older = try #require(try folder.names().filter { $0.hasSuffix(".rows") }.dropLast().last)
        let newest = try #require(try folder.names().last { $0.hasSuffix(".rows") })
        let bytes = try folder.read(older)
        let inTheAir = try folder.read(newest)
        try folder.write(Array(bytes[..<(bytes.count / 2)]), older)
        let (_, report) = try await withWriter(configuration) { _, _ in }
        #expect(report.damagedStreams == ["worker-0"] && report.cutFiles == [])
        #expect(try folder.read(newest) == inTheAir)
        #expect(try !folder.faults().isEmpty)
    }

    @Test("a crash between making a segment and writing its first row leaves nothing in the way")
    func emptySegment() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration()) { _, writer in
            try await writer.written(try writer.note(intent(1, .deny)))
        }
        let unsealed = #"{"seq":4,"kind":"segment"}"# + "\n" + #"["o",5,"#
        for tail in [[], Array(#"{"seq":4,"kind":"segm"#.utf8), Array(unsealed.utf8)] {
            let next = try folder.names().filter { $0.hasSuffix(".rows") }.count + 1
            try folder.write(tail, "worker-0.0000000\(next).rows")
            _ = try await withWriter(folder.configuration()) { _, writer in
                try await writer.written(try writer.note(intent(2, .deny)))
            }
            #expect(try folder.faults() == [])
        }
    }

    @Test("charges of calls since a time come back, those given back do not")
    func charges() async throws {
        let folder = TestFolder()
        let counter = AuditCounter(name: "calls", window: .sliding(nanoseconds: 60_000_000_000), scope: "grant")
        let start = WallTime(milliseconds: 1_795_000_000_000)
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 2_000
        let time = ManualTime()
        _ = try await withWriter(configuration, time: time, closes: false) { _, writer in
            for number in 0..<30 {
                var intent = intent(number, at: time.wallTime)
                let holder = ByteString("g\(number)")
                intent.charges = [
                    AuditCharge(counter: counter, holderKind: "grant", holder: holder, amount: ExactDecimal(1))
                ]
                let ticket = try writer.note(intent)
                try await writer.written(ticket)
                if number.isMultiple(of: 10) {
                    writer.settle(ticket, AuditOutcome(time: ok.time, result: .unreachable, isGivenBack: true))
                }
                time.advance(seconds: 1)
            }
        }
        let since = WallTime(milliseconds: start.milliseconds + 15_000)
        let found = try JournalFiles.charges(in: folder.journal, since: since)
        let expected = (15..<30).filter { !$0.isMultiple(of: 10) }.map { ByteString("g\($0)") }
        #expect(found.map(\.charge.holder) == expected)
        #expect(found.allSatisfy { $0.charge.counter == counter && $0.time >= since })
    }

    @Test("K1, FA1: five processes killed while they write lose no row they went on behind", .timeLimit(.minutes(2)))
    func killed() async throws {
        let folder = TestFolder()
        setenv("TOOLGATE_JOURNAL_TEST", folder.path, 1)
        for _ in 0..<5 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let path = String(cString: try #require(getenv("TOOLGATE_JOURNAL_TEST")))
                try await writeUntilKilled(path)
            }
        }
        let (_, _) = try await withWriter(folder.configuration()) { _, _ in }
        #expect(try folder.faults() == [])
        let ids = Set(try folder.rows().compactMap { $0.text("request_id")?.text })
        let acknowledged = try JournalFiles.read("\(folder.path)/acknowledged").split(separator: UInt8(ascii: "\n"))
        #expect(acknowledged.count > 100)
        for line in acknowledged {
            #expect(ids.contains(String(decoding: line, as: UTF8.self)))
        }
        let rows = try folder.rows()
        let open = Set(rows.filter(\.opensCall).map(\.sequence)).subtracting(rows.compactMap(\.closedIntent))
        #expect(open.isEmpty)
        #expect(rows.compactMap(\.closedIntent).count == Set(rows.compactMap(\.closedIntent)).count)
    }
}

/// Notes calls and writes down which went on, until a timer kills the process.
func writeUntilKilled(_ path: String) async throws {
    var configuration = JournalConfiguration(folder: "\(path)/audit", keyPath: "\(path)/signing-key")
    configuration.requestPrefix = Array("\(getpid())-".utf8)
    configuration.maximumSegmentBytes = 100_000
    let log = open("\(path)/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let killer = try EventLoop()
    _ = try killer.start()
    _ = try await withWriter(configuration, time: SystemTime()) { worker, writer in
        let delay = Int.random(in: 20..<200)
        killer.execute { killer.schedule(after: .milliseconds(delay)) { kill(getpid(), SIGKILL) } }
        var number = 0
        while true {
            number += 1
            let ticket = try writer.note(intent(number))
            try await writer.written(ticket)
            let digits = String(number, radix: 16)
            let line = "\(getpid())-\(String(repeating: "0", count: 16 - digits.count))\(digits)\n"
            _ = line.withCString { write(log, $0, strlen($0)) }
            if !number.isMultiple(of: 7) {
                writer.settle(ticket, ok)
            }
        }
    }
}

/// The places of the line feeds that end groups.
private func groupEnds(_ bytes: [UInt8]) -> [Int] {
    SegmentGroups(bytes).compactMap { if case .group(let group) = $0 { group.end - 1 } else { nil } }
}
