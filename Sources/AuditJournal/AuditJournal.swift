// AuditJournal: the files of the audit journal.
//
//   tasks of a turn ──note──▶ rows ──end of turn, one write──▶ segment ──▶ synchronising thread ──▶ disk, checkpoint
//                    ◀──written (grouped) ────┘                                 └──written (strict)──▶
//
// This room writes, synchronises, rotates, recovers and removes; what a row looks like is AuditModel's business.

public import AuditModel
public import Base
internal import Cryptography
public import EventLoops
internal import Glibc
internal import Synchronization

/// One journal: a folder, its lock, its synchronising thread; makes the writers.
public final class AuditJournal: Sendable {
    /// How it is kept.
    public let configuration: JournalConfiguration
    /// What recovery had to do.
    public let recovery: RecoveryReport
    private let time: any TimeSource
    private let lock: OpenFile
    private let synchroniser: Synchroniser
    /// Streams that have no writer yet; `nil` for one that was taken.
    private let streams: Guarded<[AuditStream: RecoveredStream?]>

    /// Opens the journal: makes its folder and key on first use, takes its lock, recovers every stream.
    ///
    /// Blocks. `report` is told what goes wrong behind everybody's back (checkpoints, retention, a stream that cannot be
    /// written for the time being), on any thread.
    public init(
        _ configuration: JournalConfiguration,
        time: any TimeSource,
        report: @escaping @Sendable (JournalFailure) -> Void = { _ in }
    ) throws(JournalFailure) {
        // A limit on the size of files must be an error of that write, not the end of the process.
        _ = signal(SIGXFSZ, SIG_IGN)
        self.configuration = configuration
        self.time = time
        self.report = report
        let folder = configuration.folder
        try JournalFiles.makeFolder(folder)
        lock = try .open("\(folder)/lock", O_RDWR | O_CREAT, "open")
        guard flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .locked(folder: folder)
        }
        let key = try JournalKeys.loadOrCreate(path: configuration.keyPath)
        try Self.publish(key.publicKey, configuration)
        let recovered = try Self.recover(configuration, key.publicKey, time.wallTime)
        streams = Guarded(recovered.streams)
        recovery = recovered.report
        synchroniser = try Synchroniser(configuration, key: key, time: time, report: report)
        synchroniser.prune()
    }

    private let report: @Sendable (JournalFailure) -> Void

    private static func publish(
        _ key: Ed25519.PublicKey,
        _ configuration: JournalConfiguration
    ) throws(JournalFailure) {
        let path = "\(configuration.folder)/\(JournalKeys.publicName)"
        guard JournalFiles.exists(path) else {
            try JournalFiles.replace(path, with: TextCoding.hexadecimal(key.bytes) + [UInt8(ascii: "\n")])
            return
        }
        guard try JournalKeys.loadPublic(path: path) == key else {
            throw .foreignKey(path: configuration.keyPath)
        }
    }

    private static func recover(
        _ configuration: JournalConfiguration,
        _ key: Ed25519.PublicKey,
        _ now: WallTime
    ) throws(JournalFailure) -> (streams: [AuditStream: RecoveredStream?], report: RecoveryReport) {
        var segments: [AuditStream: [UInt64]] = [:]
        for name in try JournalFiles.names(in: configuration.folder) {
            if case .segment(let stream, let number) = JournalName(name) {
                segments[stream, default: []].append(number)
            }
        }
        let proven = try proven(configuration.folder, key)
        var streams: [AuditStream: RecoveredStream?] = [:]
        var report = RecoveryReport()
        for (stream, numbers) in segments.sorted(by: { $0.key < $1.key }) {
            var recovery = StreamRecovery(configuration, stream, proven: proven[stream] ?? 0, now: now)
            streams[stream] = .some(try recovery.run(numbers.sorted()))
            report.closedIntents += recovery.report.closedIntents
            report.cutFiles += recovery.report.cutFiles
            report.damagedStreams += recovery.report.damagedStreams
            report.brokenStreams += recovery.report.brokenStreams
        }
        return (streams, report)
    }

    /// The last row of each stream a valid checkpoint vouches for.
    ///
    /// A torn last line of the statements is cut off: what was
    /// not written whole vouches for nothing.
    private static func proven(
        _ folder: String,
        _ key: Ed25519.PublicKey
    ) throws(JournalFailure) -> [AuditStream: UInt64] {
        let path = "\(folder)/\(JournalName.statementsName)"
        guard JournalFiles.exists(path) else {
            return [:]
        }
        let bytes = try JournalFiles.read(path)
        var proven: [AuditStream: UInt64] = [:]
        for line in AuditStatement.lines(of: bytes, key: key) {
            if case .statement(let statement, isSigned: true) = line, statement.kind == .checkpoint {
                proven[statement.stream] = max(proven[statement.stream] ?? 0, statement.sequence)
            }
        }
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        if whole < bytes.count {
            let file = try OpenFile.open(path, O_WRONLY, "open")
            guard ftruncate(file.descriptor, whole) == 0, fsync(file.descriptor) == 0 else {
                throw .file(path: path, operation: "shorten", error: errno)
            }
        }
        return proven
    }

    /// The charges of all calls noted since a time and not given back, by the process before this one and all before it.
    ///
    /// Blocks; before the first writer is made.
    public func charges(since time: WallTime) throws(JournalFailure) -> [RecoveredCharge] {
        try JournalFiles.charges(in: configuration.folder, since: time)
    }

    /// The number of the store's last event that is in the journal; 0 when none is.
    ///
    /// Blocks.
    public func lastEvent() throws(JournalFailure) -> Int {
        try JournalFiles.lastEvent(in: configuration.folder)
    }

    /// The writer of a stream, confined to `loop`; call it on that loop's thread.
    ///
    /// A stream has one writer in the life of a journal.
    public func writer(_ stream: AuditStream, on loop: EventLoop) throws(JournalFailure) -> JournalWriter {
        let recovered = streams.withLock { streams -> RecoveredStream? in
            let known = streams.updateValue(nil, forKey: stream)
            return known ?? RecoveredStream()
        }
        guard let recovered else {
            throw .streamTaken(stream.name)
        }
        return try JournalWriter(
            stream,
            on: loop,
            from: recovered,
            configuration: configuration,
            synchroniser: synchroniser,
            time: time,
            report: report
        )
    }

    /// Ends the synchronising thread and gives the lock back; close every writer before.
    ///
    /// Blocks.
    public func close() {
        let unclaimed = streams.withLock { streams in
            defer { streams = [:] }
            return streams.compactMapValues { $0 }
        }
        for (_, stream) in unclaimed {
            guard let file = stream.file else {
                continue
            }
            var rows = RowBuffer(at: stream.position)
            rows.appendEnd(at: time.wallTime)
            rows.seal()
            // Should this fail, the next start finds a segment without its last row and begins another: nothing is lost.
            _ = configuration.disk.write(file.descriptor, rows.bytes.span)
        }
        synchroniser.stop()
        _ = flock(lock.descriptor, LOCK_UN)
    }
}
