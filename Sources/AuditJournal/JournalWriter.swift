public import AuditModel
internal import Base
internal import EventLoops
internal import Glibc
internal import Synchronization

/// Names an intent that was noted, until it is settled.
public struct AuditTicket: Hashable, Sendable {
    /// The row's number in its stream.
    public let sequence: UInt64
    let turn: UInt64
}

/// Writes one stream of the journal.
///
/// Loop-confined.
///
/// What the tasks of one turn of the loop note is written in one system call at the turn's end, before any byte that they
/// send afterwards goes out. ``written(_:)`` lets a task go on behind that write, or behind the disk in strict mode.
public final class JournalWriter {
    // LIMIT: how long a stream that could not be written stays closed before it is tried again.
    static let retryDelay: Duration = .milliseconds(250)

    /// Which stream.
    public let stream: AuditStream
    /// Why nothing can be noted now; `nil` when all is well.
    ///
    /// It is tried again by itself.
    public private(set) var problem: JournalFailure?

    private let loop: EventLoop
    private let configuration: JournalConfiguration
    private let synchroniser: Synchroniser
    private let time: any TimeSource
    private let report: @Sendable (JournalFailure) -> Void
    private let target: SyncTarget
    private let way = WayBack()
    private var hook: TurnHook?
    private var syncTimer: LoopTimer?
    private var retryTimer: LoopTimer?
    private var deadlineTimer: LoopTimer?

    // The segment.
    private var file: OpenFile?
    /// A segment that was made but could not be begun.
    private var spare: OpenFile?
    private var segment: UInt64
    private var size: Int
    private var begunAt: Instant

    // The turn.
    private var rows: RowBuffer
    /// Where the chain stood after the last write.
    private var committed: ChainPosition
    /// The number of the turn whose rows are being collected.
    private var turn: UInt64 = 1
    /// The last turn whose rows are in a file.
    private var writtenTurn: UInt64 = 0
    /// Whether the rows must be written when the turn ends; outcomes alone can wait for the timer.
    private var mustWrite = false
    private var group: CommitGroup?
    /// Those of the turn's calls that wait for the disk as well.
    private var diskGroup: CommitGroup?
    /// Intents in the buffer.
    private var begun: [UInt64] = []
    /// Outcomes that are not in the file yet.
    private var ended: [(intent: UInt64, outcome: AuditOutcome)] = []
    /// Intents that are not settled, with the turn that noted them; settled ones that are not written yet have turn 0.
    private var open: [UInt64: UInt64] = [:]

    // Behind the turn.
    /// The turns that are written but not on the disk, and have somebody who waits for that; in strict mode all.
    private var unsynced: [(turn: UInt64, group: CommitGroup)] = []
    /// The turns that failed, the last few.
    private var failures: [(turns: ClosedRange<UInt64>, failure: JournalFailure)] = []

    init(
        _ stream: AuditStream,
        on loop: EventLoop,
        from recovered: RecoveredStream,
        configuration: JournalConfiguration,
        synchroniser: Synchroniser,
        time: any TimeSource,
        report: @escaping @Sendable (JournalFailure) -> Void
    ) throws(JournalFailure) {
        self.stream = stream
        self.loop = loop
        self.configuration = configuration
        self.synchroniser = synchroniser
        self.time = time
        self.report = report
        file = recovered.file
        segment = recovered.segment
        size = recovered.size
        committed = recovered.position
        begunAt = loop.now
        rows = RowBuffer(at: recovered.position, requestPrefix: configuration.requestPrefix)
        let way = way
        target = SyncTarget(stream: stream) { turn, failure in
            loop.execute { way.writer?.synchronised(turn, failure) }
        }
        way.writer = self
        // Unowned, and taken back in `deinit`: objects referred to weakly are dear to retain.
        hook = TurnHook(on: loop) { [unowned self] in turnEnded() }
        syncTimer = LoopTimer(on: loop) { [unowned self] in intervalPassed() }
        retryTimer = LoopTimer(on: loop) { [unowned self] in reopen() }
        deadlineTimer = LoopTimer(on: loop) { [unowned self] in deadlinePassed() }
        if let file {
            noteWrite(to: file, isNew: false)
            synchroniser.request(target)
        } else {
            try openSegment(segment == 0 ? .first : .start)
        }
    }

    deinit {
        way.writer = nil
        hook?.cancel()
        for timer in [syncTimer, retryTimer, deadlineTimer] {
            timer?.cancel()
        }
    }

    // MARK: Noting

    /// Notes a call that was decided; no byte of it may go on before ``written(_:)`` has returned.
    ///
    /// Only rendered here, nothing waits. An intent that is not `allow` is complete with this; the ticket of one that is
    /// must be settled in every case, also when ``written(_:)`` throws.
    ///
    /// - Throws: ``problem``, or ``JournalFailure/rowTooLong``.
    public func note(_ intent: borrowing AuditIntent) throws(JournalFailure) -> AuditTicket {
        try checkAccepting()
        guard let sequence = rows.append(intent) else {
            throw .rowTooLong
        }
        mustWrite = true
        if intent.shape.outcome == .allow {
            open[sequence] = turn
            begun.append(sequence)
        }
        return AuditTicket(sequence: sequence, turn: turn)
    }

    /// Notes a change of the configuration.
    ///
    /// - Throws: as the form for calls.
    @discardableResult
    public func note(_ change: AdminChange) throws(JournalFailure) -> AuditTicket {
        try checkAccepting()
        guard let sequence = rows.append(change) else {
            throw .rowTooLong
        }
        mustWrite = true
        return AuditTicket(sequence: sequence, turn: turn)
    }

    /// Notes how a call ended.
    ///
    /// Goes with the next write, at the latest after the sync interval; never fails: while the
    /// journal cannot be written it is kept. A ticket whose intent was never written, or is settled, is ignored.
    public func settle(_ ticket: AuditTicket, _ outcome: AuditOutcome) {
        guard open[ticket.sequence] == ticket.turn else {
            return
        }
        open[ticket.sequence] = 0
        ended.append((ticket.sequence, outcome))
        guard problem == nil else {
            return
        }
        rows.append(outcome, of: ticket.sequence)
        armSync()
    }

    /// Waits until what was noted is in the file, and in strict mode on the disk.
    ///
    /// - Parameters:
    ///   - ticket: what was noted.
    ///   - onDisk: whether to wait for the disk in grouped mode too.
    /// - Throws: why it is not; the call must be refused then.
    public func written(_ ticket: AuditTicket, onDisk: Bool = false) async throws(JournalFailure) {
        let waitsForDisk = onDisk || configuration.mode == .strict
        if ticket.turn == turn, mustWrite {
            let joined = (waitsForDisk ? diskGroup : group) ?? CommitGroup()
            if waitsForDisk {
                diskGroup = joined
            } else {
                group = joined
            }
            try await joined.wait()
            return
        }
        if let failed = failures.last(where: { $0.turns.contains(ticket.turn) }) {
            throw failed.failure
        }
        guard waitsForDisk else {
            return
        }
        if unsynced.last.map({ $0.turn < ticket.turn }) ?? (configuration.mode == .grouped) {
            // Nobody of its turn asked for the disk then.
            awaitDisk(CommitGroup(), since: writtenTurn)
        }
        if let waiting = unsynced.first(where: { $0.turn >= ticket.turn }) {
            try await waiting.group.wait()
        }
    }

    /// How many calls are noted and not settled.
    public var openCount: Int { open.count }

    private func checkAccepting() throws(JournalFailure) {
        if let problem {
            throw problem
        }
    }

    // MARK: Turns

    private func turnEnded() {
        if mustWrite {
            commit()
        }
    }

    private func armSync() {
        if let syncTimer, !syncTimer.isSet {
            syncTimer.set(after: configuration.syncInterval)
        }
    }

    private func intervalPassed() {
        commit()
        if problem == nil {
            synchroniser.request(target)
        }
    }

    /// Writes what was collected in one call.
    private func commit() {
        guard problem == nil, !rows.bytes.isEmpty, let file else {
            return
        }
        rows.seal()
        let count = rows.bytes.count
        let written = configuration.disk.write(file.descriptor, rows.bytes.span)
        guard written == count else {
            fail(.file(path: file.path, operation: "write", error: written < 0 ? Int32(-written) : ENOSPC))
            return
        }
        size += count
        committed = rows.position
        rows.removeAll()
        for entry in ended {
            open[entry.intent] = nil
        }
        ended.removeAll(keepingCapacity: true)
        begun.removeAll(keepingCapacity: true)
        writtenTurn = turn
        noteWrite(to: file, isNew: false)
        release()
        mustWrite = false
        turn += 1
        if size >= configuration.maximumSegmentBytes
            || loop.now.elapsed(since: begunAt) >= configuration.maximumSegmentAge
        {
            rotate()
        }
    }

    /// Lets the turn's calls go on, or wait for the disk.
    private func release() {
        group?.finish(nil)
        group = nil
        let isStrict = configuration.mode == .strict && mustWrite
        guard let waiting = diskGroup ?? (isStrict ? CommitGroup() : nil) else {
            armSync()
            return
        }
        diskGroup = nil
        awaitDisk(waiting, since: turn)
    }

    private func awaitDisk(_ group: CommitGroup, since turn: UInt64) {
        unsynced.append((turn, group))
        if let deadlineTimer, !deadlineTimer.isSet {
            deadlineTimer.set(after: configuration.syncDeadline)
        }
        synchroniser.request(target)
    }

    private func noteWrite(to file: OpenFile, isNew: Bool) {
        target.state.withLock { state in
            state.mark = SyncTarget.Mark(turn: writtenTurn, segment: segment, size: size, position: committed)
            state.hasNewName = state.hasNewName || isNew
            if state.files.last !== file {
                state.files.append(file)
            }
        }
    }

    /// The synchronising thread's answer.
    private func synchronised(_ through: UInt64, _ failure: JournalFailure?) {
        if let failure {
            failUnsynced(failure)
            return
        }
        var count = 0
        while count < unsynced.count, unsynced[count].turn <= through {
            unsynced[count].group.finish(nil)
            count += 1
        }
        unsynced.removeFirst(count)
        if unsynced.isEmpty {
            deadlineTimer?.unset()
        } else if count > 0 {
            deadlineTimer?.set(after: configuration.syncDeadline)
        }
    }

    private func deadlinePassed() {
        if !unsynced.isEmpty {
            failUnsynced(.notSynchronised(path: file?.path ?? configuration.folder, error: 0))
        }
    }

    private func failUnsynced(_ failure: JournalFailure) {
        if let first = unsynced.first, let last = unsynced.last {
            failures.append((first.turn...last.turn, failure))
        }
        for entry in unsynced {
            entry.group.finish(failure)
        }
        unsynced = []
        deadlineTimer?.unset()
        if problem == nil {
            fail(failure)
        }
    }

    // MARK: Segments

    private func rotate() {
        rows.appendEnd(at: time.wallTime)
        commitEnd()
        guard problem == nil else {
            return
        }
        do throws(JournalFailure) {
            try openSegment(.rotation)
            synchroniser.prune()
        } catch {
            fail(error)
        }
    }

    /// Writes the segment's last row.
    private func commitEnd() {
        guard let file else {
            return
        }
        rows.seal()
        let written = configuration.disk.write(file.descriptor, rows.bytes.span)
        guard written == rows.bytes.count else {
            fail(.file(path: file.path, operation: "write", error: written < 0 ? Int32(-written) : ENOSPC))
            return
        }
        size += written
        committed = rows.position
        rows.removeAll()
        noteWrite(to: file, isNew: false)
    }

    /// Begins the next segment; nothing may be collected.
    private func openSegment(_ cause: SegmentHeader.Cause) throws(JournalFailure) {
        let number = segment + 1
        let path = "\(configuration.folder)/\(JournalName.segment(stream, number).text)"
        let fresh: OpenFile
        if let spare {
            fresh = spare
        } else {
            fresh = try .open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "make")
            spare = fresh
        }
        guard ftruncate(fresh.descriptor, 0) == 0 else {
            throw .file(path: path, operation: "write", error: errno)
        }
        let header = SegmentHeader(
            time: time.wallTime,
            stream: stream,
            segment: number,
            node: configuration.node,
            cause: cause,
            open: open.keys.sorted()
        )
        rows.append(header)
        rows.seal()
        let written = configuration.disk.write(fresh.descriptor, rows.bytes.span)
        guard written == rows.bytes.count else {
            rows.rewind(to: committed)
            throw .file(path: path, operation: "write", error: written < 0 ? Int32(-written) : ENOSPC)
        }
        spare = nil
        file = fresh
        segment = number
        size = written
        begunAt = loop.now
        committed = rows.position
        rows.removeAll()
        noteWrite(to: fresh, isNew: true)
        armSync()
    }

    // MARK: Failing

    /// Refuses the turn's calls and all to come, until a new segment could be begun.
    private func fail(_ failure: JournalFailure) {
        problem = failure
        failures.append((turn...turn, failure))
        if failures.count > 16 {
            failures.removeFirst()
        }
        // What was not written never was: the numbers are given again.
        for intent in begun {
            open[intent] = nil
        }
        begun.removeAll()
        ended.removeAll { open[$0.intent] == nil }
        rows.rewind(to: committed)
        mustWrite = false
        turn += 1
        group?.finish(failure)
        diskGroup?.finish(failure)
        (group, diskGroup) = (nil, nil)
        report(failure)
        retryTimer?.set(after: Self.retryDelay)
    }

    private func reopen() {
        guard problem != nil else {
            return
        }
        // Whatever part of the failed write reached the file was promised to nobody.
        if let file, ftruncate(file.descriptor, size) != 0 {
            retryTimer?.set(after: Self.retryDelay)
            return
        }
        do throws(JournalFailure) {
            try openSegment(.failure)
        } catch {
            problem = error
            retryTimer?.set(after: Self.retryDelay)
            return
        }
        problem = nil
        for entry in ended {
            rows.append(entry.outcome, of: entry.intent)
        }
        commit()
    }

    /// Writes what is left and the segment's last row, and asks for the disk; nothing can be noted afterwards.
    ///
    /// Calls that are still open stay so: the next start closes them as `unknown`.
    public func close() {
        guard hook != nil else {
            return
        }
        commit()
        if problem == nil {
            rows.appendEnd(at: time.wallTime)
            commitEnd()
        }
        if problem == nil {
            problem = .closed
        }
        hook?.cancel()
        hook = nil
        for timer in [syncTimer, retryTimer] {
            timer?.cancel()
        }
        synchroniser.finish(target)
    }
}

/// From the synchronising thread back to a writer.
// ISOLATION: written before it is shared and when the writer goes, read on the writer's loop only.
private final class WayBack: @unchecked Sendable {
    unowned var writer: JournalWriter?
}
