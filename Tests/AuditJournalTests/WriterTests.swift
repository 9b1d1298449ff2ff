import AuditJournal
import AuditModel
import Base
import EventLoops
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("the journal's writer")
struct WriterTests {
    @Test("what was noted is in a file of its owner before anybody goes on, and verifies when closed")
    func written() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration()) { _, writer in
            let ticket = try writer.note(intent(1))
            try await writer.written(ticket)
            #expect(try folder.rows().map(\.kind) == [.segment, .intent])
            writer.settle(ticket, ok)
            #expect(writer.openCount == 1)
            let denied = try writer.note(intent(2, .deny))
            try await writer.written(denied)
            // The outcome went with the denial's write.
            #expect(try folder.rows().map(\.kind) == [.segment, .intent, .outcome, .intent])
            #expect(writer.openCount == 0)
        }
        #expect(try folder.rows().last?.kind == .end)
        #expect(try folder.faults() == [])
        #expect(folder.mode("worker-0.00000001.rows") == 0o600)
        #expect(folder.mode("statements") == 0o600)
        let result = try folder.verify()
        #expect(result.streams.first?.provenByCheckpoint == 5, "closing signs a checkpoint of everything")
    }

    @Test("the calls of one turn are one write")
    func oneWrite() async throws {
        let folder = TestFolder()
        let disk = TestDisk()
        var configuration = folder.configuration()
        configuration.disk = disk
        _ = try await withWriter(configuration) { worker, writer in
            await calls(100, worker, writer, disk)
        }
        let events = disk.events
        let firstResumed = try #require(events.firstIndex { if case .resumed = $0 { true } else { false } })
        let writes = events[..<firstResumed].filter { if case .written = $0 { true } else { false } }
        #expect(writes.count == 2, "the segment's first row, and a hundred calls")
        #expect(try folder.faults() == [])
    }

    @Test(
        "K1: in strict mode, and in grouped mode whoever asks for it, nobody goes on before a synchronisation that began after the call was written has ended",
        arguments: [JournalConfiguration.Mode.strict, .grouped]
    )
    func strictOrder(mode: JournalConfiguration.Mode) async throws {
        let folder = TestFolder()
        let disk = TestDisk()
        var configuration = folder.configuration(mode)
        configuration.disk = disk
        configuration.maximumSegmentBytes = 8_192
        _ = try await withWriter(configuration) { worker, writer in
            await calls(20, each: 20, worker, writer, disk, onDisk: mode == .grouped)
        }
        let events = disk.events
        for (index, event) in events.enumerated() {
            guard case .resumed(let number) = event else {
                continue
            }
            let noted = try #require(events[..<index].lastIndex(of: .noted(number)))
            let written = try #require(
                events[noted..<index].firstIndex { if case .written = $0 { true } else { false } },
                "call \(number) went on unwritten"
            )
            guard case .written(let descriptor) = events[written] else {
                continue
            }
            let began = try #require(
                events[written..<index].firstIndex(of: .syncBegan(descriptor: descriptor)),
                "call \(number) went on without a synchronisation"
            )
            #expect(
                events[began..<index].contains(.syncEnded(descriptor: descriptor)),
                "call \(number) went on before the disk"
            )
        }
        #expect(try folder.faults() == [])
        #expect(try folder.names().filter { $0.hasSuffix(".rows") }.count > 3)
    }

    @Test("FA3: a full disk refuses the calls whose rows found no room, and all behind them, until there is room again")
    func fullDisk() async throws {
        let folder = TestFolder()
        let disk = TestDisk()
        var configuration = folder.configuration()
        configuration.disk = disk
        _ = try await withWriter(configuration) { worker, writer in
            let first = try writer.note(intent(1))
            try await writer.written(first)
            disk.state.withLock { $0.room = 60 }
            let second = try writer.note(intent(2))
            await #expect(throws: JournalFailure.self) { try await writer.written(second) }
            #expect(throws: JournalFailure.self) { try writer.note(intent(3)) }
            // The end of a call that went on before is kept, the one that was refused never was.
            writer.settle(first, ok)
            writer.settle(second, ok)
            #expect(writer.openCount == 1)
            disk.state.withLock { $0.room = nil }
            while writer.problem != nil {
                await worker.loop.sleep(for: .milliseconds(20))
            }
            let third = try writer.note(intent(4))
            try await writer.written(third)
        }
        #expect(try folder.faults() == [])
        let rows = try folder.rows()
        #expect(rows.map(\.kind) == [.segment, .intent, .segment, .outcome, .intent, .end])
        #expect(rows[3].closedIntent == rows[1].sequence)
        #expect(rows[2].header?.header.cause == .failure)
        #expect(rows[2].header?.header.open == [rows[1].sequence])
    }

    @Test("a limit on the size of files is an error of the write, not the end of the process")
    func fileSizeLimit() async throws {
        await #expect(processExitsWith: .success) {
            let folder = TestFolder()
            _ = try await withWriter(folder.configuration()) { _, writer in
                try await writer.written(try writer.note(intent(1)))
                var limit = rlimit(rlim_cur: 900, rlim_max: rlim_t.max)
                setrlimit(__rlimit_resource_t(1), &limit)
                var refused = 0
                for number in 2..<30 {
                    do {
                        try await writer.written(try writer.note(intent(number)))
                    } catch {
                        refused += 1
                    }
                }
                limit.rlim_cur = .max
                setrlimit(__rlimit_resource_t(1), &limit)
                precondition(refused > 20, "\(refused)")
            }
            let faults = try folder.faults()
            precondition(faults.allSatisfy { _ in false }, "\(faults)")
        }
    }

    @Test("FA3: when the disk cannot be synchronised, strict calls are refused and a new segment is begun")
    func syncError() async throws {
        let folder = TestFolder()
        let disk = TestDisk()
        var configuration = folder.configuration(.strict)
        configuration.disk = disk
        _ = try await withWriter(configuration) { worker, writer in
            try await writer.written(try writer.note(intent(1)))
            disk.state.withLock { $0.syncError = EIO }
            let ticket = try writer.note(intent(2))
            await #expect(throws: JournalFailure.self) { try await writer.written(ticket) }
            disk.state.withLock { $0.syncError = 0 }
            writer.settle(ticket, AuditOutcome(time: ok.time, result: .notForwarded))
            while writer.problem != nil {
                await worker.loop.sleep(for: .milliseconds(20))
            }
            try await writer.written(try writer.note(intent(3)))
        }
        let rows = try folder.rows()
        #expect(rows.contains { $0.text("result") == "not_forwarded" })
        #expect(try folder.faults() == [])
    }

    @Test("segments rotate by size; intents that are open then stand in the next one's first row")
    func rotation() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 2_000
        _ = try await withWriter(configuration) { _, writer in
            let first = try writer.note(intent(0))
            for number in 1..<100 {
                let ticket = try writer.note(intent(number))
                try await writer.written(ticket)
                writer.settle(ticket, ok)
            }
            writer.settle(first, ok)
        }
        let headers = try folder.rows().compactMap { $0.header?.header }
        #expect(headers.count > 5)
        #expect(headers.dropFirst().allSatisfy { $0.cause == .rotation && $0.open.contains(2) })
        #expect(try folder.faults() == [])
    }

    @Test("the oldest segments go when there is too much, behind a signed statement, and the rest verifies")
    func retention() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 4_000
        configuration.retentionBytes = 12_000
        _ = try await withWriter(configuration) { _, writer in
            for number in 0..<200 {
                let ticket = try writer.note(intent(number))
                try await writer.written(ticket)
                writer.settle(ticket, ok)
            }
        }
        let segments = try folder.names().filter { $0.hasSuffix(".rows") }
        #expect(segments.count < 8 && !segments.contains("worker-0.00000001.rows"))
        let result = try folder.verify()
        #expect(result.isSound, "\(result.findings)")
        #expect(result.findings.contains { $0.meaning.contains("were pruned") })
    }

    @Test("statements about removed segments go with them, and the writer goes on with the file that is there")
    func statements() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 4_000
        configuration.retentionBytes = 12_000
        configuration.checkpointRows = 1
        configuration.statementSlack = 2_000
        var sizes: [Int] = []
        for _ in 0..<3 {
            _ = try await withWriter(configuration) { _, writer in
                for number in 0..<100 {
                    let ticket = try writer.note(intent(number))
                    try await writer.written(ticket, onDisk: true)
                    writer.settle(ticket, ok)
                }
            }
            sizes.append(try folder.read(JournalName.statementsName).count)
            #expect(try folder.verify().isSound)
        }
        // One is a good 250 bytes, of each round there were a hundred; a slow machine removes later.
        #expect(sizes.allSatisfy { $0 < 60_000 }, "\(sizes)")
        let stream = try #require(try folder.verify().streams.first)
        #expect(stream.provenByCheckpoint == stream.lastSequence)
        #expect(folder.mode(JournalName.statementsName) == 0o600)
    }

    @Test("retention spares the note of a call that is still open, and all behind it")
    func retentionOfOpenCalls() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 4_000
        configuration.retentionBytes = 12_000
        for round in 0..<2 {
            _ = try await withWriter(configuration) { _, writer in
                // The first of the first round is never settled there, only by the next start.
                let first = try writer.note(intent(0, round == 0 ? .allow : .deny))
                try await writer.written(first)
                for number in 1..<100 {
                    let ticket = try writer.note(intent(number))
                    try await writer.written(ticket)
                    writer.settle(ticket, ok)
                }
            }
            #expect(try folder.names().contains("worker-0.00000001.rows") == (round == 0))
        }
        #expect(try folder.verify().isSound)
    }

    @Test("retention by age goes by the rows' times, not by those of the files")
    func retentionByAge() async throws {
        let folder = TestFolder()
        var configuration = folder.configuration()
        configuration.maximumSegmentBytes = 4_000
        configuration.retentionAge = .seconds(1_000)
        let time = ManualTime()
        for round in 0..<3 {
            _ = try await withWriter(configuration, time: time) { _, writer in
                for number in 0..<40 {
                    let ticket = try writer.note(intent(number, at: time.wallTime))
                    try await writer.written(ticket)
                    writer.settle(ticket, ok)
                }
            }
            #expect(try folder.names().contains("worker-0.00000001.rows") == (round < 2), "round \(round)")
            time.advance(seconds: 900)
        }
        #expect(try folder.verify().isSound)
    }

    @Test("two journals cannot write into one folder")
    func lock() async throws {
        let folder = TestFolder()
        _ = try await withWriter(folder.configuration()) { _, _ in
            #expect(throws: JournalFailure.locked(folder: folder.journal)) {
                try AuditJournal(folder.configuration(), time: ManualTime())
            }
        }
        _ = try await withWriter(folder.configuration()) { _, _ in }
    }

    @Test("a stream has one writer, another signing key is refused")
    func mistakes() async throws {
        let folder = TestFolder()
        let journal = try AuditJournal(folder.configuration(), time: ManualTime())
        let loop = try EventLoop()
        _ = try journal.writer(.admin, on: loop)
        #expect(throws: JournalFailure.streamTaken("admin")) { _ = try journal.writer(.admin, on: loop) }
        journal.close()
        var other = folder.configuration()
        other.keyPath = "\(folder.path)/other-key"
        #expect(throws: JournalFailure.foreignKey(path: other.keyPath)) {
            try AuditJournal(other, time: ManualTime())
        }
        unlink(other.keyPath)
    }
}

/// So many tasks at once, each making calls one after the other and noting when each was noted and went on.
///
/// With more than one call each, they come in different turns, some while the disk is busy with an earlier one.
func calls(
    _ count: Int,
    each: Int = 1,
    _ worker: isolated Worker,
    _ writer: JournalWriter,
    _ disk: TestDisk,
    onDisk: Bool = false
) async {
    let done = BoundedMailbox<Void>(on: worker.loop, capacity: count)
    for task in 0..<count {
        worker.spawn {
            do {
                for call in 0..<each {
                    let number = task * each + call
                    for _ in 0..<(each == 1 ? 0 : (task + call) % 7) {
                        await laterTurn(worker)
                    }
                    let ticket = try writer.note(intent(number))
                    disk.log(.noted(number))
                    if onDisk, number % 3 == 0 {
                        // Its turn has been written when it asks.
                        await laterTurn(worker)
                    }
                    try await writer.written(ticket, onDisk: onDisk)
                    disk.log(.resumed(number))
                    writer.settle(ticket, ok)
                }
            } catch {
                Issue.record(error)
            }
            _ = done.push(())
        }
    }
    for _ in 0..<count {
        _ = await done.next()
    }
}

/// Goes on in another turn of the loop.
private func laterTurn(_ worker: Worker) async {
    await withCheckedContinuation { continuation in
        worker.loop.execute { continuation.resume() }
    }
}
