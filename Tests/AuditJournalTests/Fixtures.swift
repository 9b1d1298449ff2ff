import AuditJournal
import AuditModel
import Base
import Cryptography
import EventLoops
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A folder of one test, removed at its end.
final class TestFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/toolgate-journal-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        precondition(made, "cannot make a folder in /tmp")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var journal: String { "\(path)/audit" }
    var key: String { "\(path)/signing-key" }

    func configuration(_ mode: JournalConfiguration.Mode = .grouped) -> JournalConfiguration {
        JournalConfiguration(folder: journal, keyPath: key, mode: mode, node: "test")
    }

    func names() throws -> [String] { try JournalFiles.names(in: journal) }

    func read(_ name: String) throws -> [UInt8] { try JournalFiles.read("\(journal)/\(name)") }

    func write(_ bytes: [UInt8], _ name: String) throws {
        let file = try #require(fopen("\(journal)/\(name)", "wb"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    func mode(_ name: String) -> UInt32 {
        var status = stat()
        return stat("\(journal)/\(name)", &status) == 0 ? status.st_mode & 0o777 : 0
    }

    /// Every row of a stream, in order.
    func rows(_ stream: AuditStream = .worker(0)) throws -> [AuditRow] {
        var rows: [AuditRow] = []
        for name in try names() {
            guard case .segment(stream, _) = JournalName(name) else {
                continue
            }
            rows += Array(SegmentRows(try read(name)))
        }
        return rows
    }

    func verify(heads: [UInt8] = []) throws -> AuditVerification {
        let key = try JournalKeys.loadPublic(path: "\(journal)/\(JournalKeys.publicName)")
        return AuditVerifier(key: key, heads: heads).verify(names: try names()) { name in
            (try? read(name)).map { .bytes($0) } ?? .unreadable("no")
        }
    }

    func faults() throws -> [String] {
        try verify().findings.filter { $0.weight == .fault }.map(\.description)
    }

    deinit {
        for folder in [journal, path] {
            for name in (try? JournalFiles.names(in: folder)) ?? [] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
    }
}

/// A clock moved by hand, which never stands at zero.
final class ManualTime: TimeSource {
    private let milliseconds = Atomic<Int64>(1_795_000_000_000)

    var now: Instant { Instant(nanoseconds: milliseconds.load(ordering: .relaxed) * 1_000_000) }
    var wallTime: WallTime { WallTime(milliseconds: milliseconds.load(ordering: .relaxed)) }

    func advance(seconds: Int64) {
        milliseconds.add(seconds * 1_000, ordering: .relaxed)
    }
}

/// A disk that keeps a list of what was done, and refuses when told to.
final class TestDisk: JournalDisk {
    enum Event: Hashable, Sendable {
        case written(descriptor: Int32)
        case syncBegan(descriptor: Int32)
        case syncEnded(descriptor: Int32)
        case noted(Int)
        case resumed(Int)
    }

    struct State: Sendable {
        var events: [Event] = []
        /// Bytes that still find room, `nil` for any number; the last write before it is full is a short one.
        var room: Int?
        var syncError: Int32 = 0
    }

    let state = Guarded(State())
    private let system = SystemDisk()

    func log(_ event: Event) {
        state.withLock { $0.events.append(event) }
    }

    var events: [Event] { state.withLock { $0.events } }

    func write(_ descriptor: Int32, _ bytes: Span<UInt8>) -> Int {
        let room = state.withLock { $0.room }
        let count = min(bytes.count, room ?? bytes.count)
        guard count > 0 else {
            return -Int(ENOSPC)
        }
        let written = system.write(descriptor, bytes.extracting(0..<count))
        state.withLock { state in
            state.room = room.map { $0 - written }
            state.events.append(.written(descriptor: descriptor))
        }
        return written
    }

    func synchronise(_ descriptor: Int32) -> Int32 {
        let error = state.withLock { state in
            state.events.append(.syncBegan(descriptor: descriptor))
            return state.syncError
        }
        guard error == 0 else {
            return error
        }
        // Long enough for turns of the loop to pass in between.
        for _ in 0..<200 {
            sched_yield()
        }
        let status = system.synchronise(descriptor)
        log(.syncEnded(descriptor: descriptor))
        return status
    }
}

func intent(_ number: Int, _ outcome: AuditDecision = .allow, at time: WallTime? = nil) -> AuditIntent {
    var intent = AuditIntent(
        time: time ?? WallTime(milliseconds: 1_795_000_000_000),
        requestID: UInt64(number),
        outcome: outcome
    )
    intent.caller = caller
    intent.shape.tool = "read"
    return intent
}

private let caller = AuditFacts.caller(grant: "ci", grantID: "g1", server: "crm")

let ok = AuditOutcome(time: WallTime(milliseconds: 1_795_000_000_001), result: .ok, upstreamStatus: 200)

/// Opens a journal, runs `body` with a writer of `worker-0` on a loop of its own, and closes both unless told not to.
func withWriter<Result: Sendable>(
    _ configuration: JournalConfiguration,
    time: any TimeSource = ManualTime(),
    closes: Bool = true,
    _ body: @escaping @Sendable (isolated Worker, JournalWriter) async throws -> Result
) async throws -> (Result, RecoveryReport) {
    let journal = try AuditJournal(configuration, time: time)
    let loop = try EventLoop()
    let thread = try loop.start()
    let worker = Worker(loop: loop)
    let outcome = await Task(executorPreference: loop) {
        try await run(worker, journal, closes, body)
    }.result
    journal.close()
    loop.stop()
    thread.join()
    return (try outcome.get(), journal.recovery)
}

private func run<Result: Sendable>(
    _ worker: isolated Worker,
    _ journal: AuditJournal,
    _ closes: Bool,
    _ body: (isolated Worker, JournalWriter) async throws -> Result
) async throws -> Result {
    let writer = try journal.writer(.worker(0), on: worker.loop)
    let result = try await body(worker, writer)
    if closes {
        writer.close()
    }
    return result
}
