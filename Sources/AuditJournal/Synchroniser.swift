internal import AuditModel
internal import Base
internal import Cryptography
internal import EventLoops
internal import Glibc
internal import Synchronization

/// What a writer and the synchronising thread share of one stream.
final class SyncTarget: Sendable {
    /// How far a stream has been written.
    struct Mark: Sendable {
        /// The last turn that was written.
        var turn: UInt64 = 0
        var segment: UInt64 = 0
        var size = 0
        var position = ChainPosition.start
    }

    struct State: Sendable {
        var mark = Mark()
        /// Files written to since the last synchronisation.
        var files: [OpenFile] = []
        /// Whether a file is new, so that its name has to be put on the disk too.
        var hasNewName = false
        var isRequested = false
    }

    let stream: AuditStream
    let state: Guarded<State>
    /// Takes the last turn that is on the disk, or why it is not; called on the synchronising thread.
    let completed: @Sendable (UInt64, JournalFailure?) -> Void

    init(stream: AuditStream, completed: @escaping @Sendable (UInt64, JournalFailure?) -> Void) {
        self.stream = stream
        self.completed = completed
        state = Guarded(State())
    }
}

/// The thread that waits for the disk, one for all writers: puts files on the disk, signs checkpoints, removes old segments.
///
/// A writer has at most one request outstanding; what it wrote before the request is taken up is covered by it.
// ISOLATION: `book` and `statements` are touched on the thread's own loop only, once `init` is done.
final class Synchroniser: @unchecked Sendable {
    let configuration: JournalConfiguration
    private let time: any TimeSource
    private let key: Ed25519.PrivateKey
    private let loop: EventLoop
    private let thread: LoopThread
    private var statements: OpenFile?
    /// Bytes of the statements when those about what is removed were let go of.
    private var compactedSize = 0
    private var book: [AuditStream: Entry] = [:]
    /// What went wrong behind everybody's back; told to `report` once.
    private let report: @Sendable (JournalFailure) -> Void

    private struct Entry {
        var sequence: UInt64 = 0
        var time: WallTime
        var timer: LoopTimer?
    }

    init(
        _ configuration: JournalConfiguration,
        key: Ed25519.PrivateKey,
        time: any TimeSource,
        report: @escaping @Sendable (JournalFailure) -> Void
    ) throws(JournalFailure) {
        self.configuration = configuration
        self.key = key
        self.time = time
        self.report = report
        let path = "\(configuration.folder)/\(JournalName.statementsName)"
        statements = try .open(path, O_WRONLY | O_CREAT | O_APPEND, "open")
        do throws(StreamError) {
            loop = try EventLoop()
            thread = try loop.start()
        } catch {
            throw .file(path: configuration.folder, operation: "start a thread for", error: ENOMEM)
        }
    }

    /// Asks for everything written so far to be put on the disk; callable from any thread.
    func request(_ target: SyncTarget) {
        let isNew = target.state.withLock { state in
            defer { state.isRequested = true }
            return !state.isRequested
        }
        if isNew {
            loop.execute { self.synchronise(target) }
        }
    }

    /// The same, and a checkpoint behind it, whatever the time.
    func finish(_ target: SyncTarget) {
        loop.execute {
            self.synchronise(target)
            self.checkpoint(target.stream, target.state.withLock { $0.mark })
        }
    }

    /// Removes what is too old or too much; callable from any thread.
    func prune() {
        guard configuration.retentionAge != nil || configuration.retentionBytes != nil else {
            return
        }
        loop.execute {
            do throws(JournalFailure) {
                try self.pruneNow()
            } catch {
                self.report(error)
            }
        }
    }

    /// Finishes what was asked for and ends the thread; blocks.
    func stop() {
        loop.execute { self.book = [:] }
        loop.stop()
        thread.join()
    }

    // MARK: On the thread

    private func synchronise(_ target: SyncTarget) {
        let (mark, files, hasNewName) = target.state.withLock { state in
            defer {
                state.files = []
                state.hasNewName = false
                state.isRequested = false
            }
            return (state.mark, state.files, state.hasNewName)
        }
        guard !files.isEmpty else {
            target.completed(mark.turn, nil)
            return
        }
        for file in files {
            let status = configuration.disk.synchronise(file.descriptor)
            guard status == 0 else {
                target.completed(mark.turn, .notSynchronised(path: file.path, error: status))
                return
            }
        }
        if hasNewName {
            do throws(JournalFailure) {
                try JournalFiles.synchronise(folder: configuration.folder)
            } catch {
                target.completed(mark.turn, error)
                return
            }
        }
        target.completed(mark.turn, nil)
        checkpointIfDue(target, mark)
    }

    private func checkpointIfDue(_ target: SyncTarget, _ mark: SyncTarget.Mark) {
        let now = time.wallTime
        guard var entry = book[target.stream] else {
            // The first of a process also vouches for what the one before left, which may have died without doing so.
            checkpoint(target.stream, mark)
            return
        }
        guard mark.position.next > entry.sequence + 1 else {
            return
        }
        let age = Duration.milliseconds(now.milliseconds - entry.time.milliseconds)
        let rows = mark.position.next - 1 - entry.sequence
        if rows >= configuration.checkpointRows || age >= configuration.checkpointInterval || age < .zero {
            checkpoint(target.stream, mark)
            return
        }
        if entry.timer == nil {
            entry.timer = LoopTimer(on: loop) { [weak self, weak target] in
                guard let self, let target else {
                    return
                }
                self.book[target.stream]?.timer = nil
                // What was written since is put on the disk first: a checkpoint vouches for nothing else.
                self.request(target)
            }
            entry.timer?.set(after: configuration.checkpointInterval - age)
        }
        book[target.stream] = entry
    }

    private func checkpoint(_ stream: AuditStream, _ mark: SyncTarget.Mark) {
        let last = mark.position.next - 1
        guard last > book[stream]?.sequence ?? 0 else {
            return
        }
        let statement = AuditStatement(
            kind: .checkpoint,
            time: time.wallTime,
            node: configuration.node,
            stream: stream,
            segment: mark.segment,
            size: mark.size,
            sequence: last,
            head: mark.position.head
        )
        do throws(JournalFailure) {
            try write([statement])
            book[stream]?.timer?.cancel()
            book[stream] = Entry(sequence: last, time: time.wallTime)
        } catch {
            report(error)
        }
    }

    private func write(_ list: [AuditStatement]) throws(JournalFailure) {
        guard let statements else {
            return
        }
        var bytes: [UInt8] = []
        for statement in list {
            statement.appendLine(signedWith: key, to: &bytes)
        }
        let start = lseek(statements.descriptor, 0, SEEK_END)
        let written = SystemDisk().write(statements.descriptor, bytes.span)
        guard written == bytes.count else {
            // A part of a line would spoil the next one.
            _ = ftruncate(statements.descriptor, start)
            throw .file(path: statements.path, operation: "write", error: written < 0 ? Int32(-written) : ENOSPC)
        }
        let status = configuration.disk.synchronise(statements.descriptor)
        guard status == 0 else {
            throw .notSynchronised(path: statements.path, error: status)
        }
    }

    private func pruneNow() throws(JournalFailure) {
        let plan = try RetentionPlan(configuration, now: time.wallTime)
        guard !plan.statements.isEmpty else {
            return
        }
        try write(plan.statements)
        for path in plan.paths where unsafe unlink(path) != 0 && errno != ENOENT {
            throw .file(path: path, operation: "remove", error: errno)
        }
        try JournalFiles.synchronise(folder: configuration.folder)
        try compactStatements(behind: plan.statements)
    }

    /// Lets go of statements about what is removed, once they are half of the file: seldom, for it is read whole.
    private func compactStatements(behind pruned: [AuditStatement]) throws(JournalFailure) {
        let limit = 2 * compactedSize + configuration.statementSlack
        guard let file = statements, lseek(file.descriptor, 0, SEEK_END) > limit else {
            return
        }
        let kept = AuditStatement.withoutPruned(try JournalFiles.read(file.path), behind: pruned)
        try JournalFiles.replace(file.path, with: kept)
        // The one that was open has no name any more.
        statements = try .open(file.path, O_WRONLY | O_CREAT | O_APPEND, "open")
        compactedSize = kept.count
    }
}
