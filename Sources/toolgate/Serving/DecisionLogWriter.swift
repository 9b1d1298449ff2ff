import Base
import EventLoops
import Gateway
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Writes decision records to a file or to standard output from one thread of its own.
///
/// Workers hand over whole lines and go on; the lines wait in a bounded buffer. When they cannot be written, or wait in
/// too large a number, ``isAccepting`` turns false and the gateway forwards nothing more (law 4 of security.md): what is
/// already under way still finds room. Lines that find none are counted, and the count is itself recorded.
final class DecisionLogWriter: DecisionSink {
    /// Where the lines go.
    enum Destination: Sendable, Equatable {
        case standardOutput
        case file(String)
    }

    /// LIMIT: bytes that may wait before calls are refused.
    static let highWater = 4 << 20
    /// LIMIT: bytes that may wait at all; the room above the high-water mark is for calls already admitted.
    static let capacity = 8 << 20
    /// How long to wait before trying a destination again that failed.
    private static let retryDelay = Duration.milliseconds(250)

    private struct Buffer {
        /// Whole lines, in order, that nobody has begun to write.
        var waiting: [UInt8] = []
        /// Bytes the writer's thread has taken and not yet written.
        var takenCount = 0
        var isScheduled = false
        var isFailing = false
        var lostLines = 0
        var lostLinesEver = 0
    }

    private let buffer = Guarded(Buffer())
    private let loop: EventLoop
    private let thread: LoopThread
    private let output: LogOutput
    private let time: any TimeSource

    /// Opens the destination, so that a path that cannot be written is found before anything is served.
    ///
    /// `report` is told once when writing begins to fail and once when it works again, on the writer's thread.
    init(
        _ destination: Destination,
        time: any TimeSource = SystemTime(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(CommandFailure) {
        do {
            output = try LogOutput(destination, report: report)
        } catch {
            throw .environment("the decision log cannot be opened: \(error.message)")
        }
        do {
            loop = try EventLoop()
            thread = try loop.start()
        } catch {
            throw .environment("no thread for the decision log: \(error)")
        }
        self.time = time
    }

    /// Takes a run of whole lines.
    func write(_ lines: [UInt8]) {
        let mustWake = buffer.withLock { buffer in
            guard buffer.waiting.count + buffer.takenCount + lines.count <= Self.capacity else {
                let lost = lines.count { $0 == UInt8(ascii: "\n") }
                buffer.lostLines += lost
                buffer.lostLinesEver += lost
                return false
            }
            buffer.waiting.append(contentsOf: lines)
            defer { buffer.isScheduled = true }
            return !buffer.isScheduled
        }
        if mustWake {
            loop.execute { self.flush() }
        }
    }

    /// Whether records find room and reach their destination.
    var isAccepting: Bool {
        buffer.withLock { !$0.isFailing && $0.waiting.count + $0.takenCount < Self.highWater }
    }

    /// How many lines found no room since the start.
    var lostLines: Int {
        buffer.withLock { $0.lostLinesEver }
    }

    /// Closes the file and opens it anew by its name, for log rotation (SIGHUP).
    ///
    /// What was begun is finished first.
    func reopen() {
        loop.execute {
            self.flush()
            self.output.reopen()
        }
    }

    /// Writes what waits, then ends the thread.
    ///
    /// No line may be handed over after this.
    func close() {
        loop.execute {
            self.flush()
            self.output.close()
            self.loop.stop()
        }
        thread.join()
    }

    // MARK: - On the writer's thread

    private func flush() {
        let now = time.wallTime
        let lines = buffer.withLock { buffer in
            let taken = buffer.waiting
            buffer.waiting = []
            buffer.takenCount = taken.count
            buffer.isScheduled = false
            var noted: [UInt8] = []
            if buffer.lostLines > 0 {
                noted = Self.note(lost: buffer.lostLines, at: now)
                buffer.lostLines = 0
            }
            return taken + noted
        }
        guard output.write(lines) else {
            fail(giving: output.takeUnwritten())
            return
        }
        let wasFailing = buffer.withLock { buffer in
            defer { buffer.isFailing = false }
            buffer.takenCount = 0
            return buffer.isFailing
        }
        if wasFailing {
            output.report("the decision log is written again")
        }
    }

    /// Puts the lines back in front, refuses calls from now on and tries again a little later.
    private func fail(giving lines: [UInt8]) {
        let isFirst = buffer.withLock { buffer in
            defer {
                buffer.isFailing = true
                buffer.isScheduled = true
            }
            buffer.waiting = lines + buffer.waiting
            buffer.takenCount = 0
            return !buffer.isFailing
        }
        if isFirst {
            output.report("the decision log cannot be written (\(output.problem)): calls are refused until it can")
        }
        loop.schedule(after: Self.retryDelay) {
            self.output.reopenIfClosed()
            self.flush()
        }
    }

    private static func note(lost count: Int, at time: WallTime) -> [UInt8] {
        var line: [UInt8] = []
        line.append(#"{"time":""#)
        time.appendRFC3339(to: &line)
        line.append(#"","lost_records":"#)
        line.append(decimal: count)
        line.append("}\n")
        return line
    }
}

/// The open destination of a log. Confined to the writer's thread once made.
// ISOLATION: after `init` only actions that run on the writer's loop touch it.
private final class LogOutput: @unchecked Sendable {
    let report: @Sendable (String) -> Void
    private let destination: DecisionLogWriter.Destination
    private var descriptor: Int32
    /// Lines not wholly written; the first may be half written.
    private var rest: ArraySlice<UInt8> = []
    /// How much of the first line of `rest` has been written to the present descriptor.
    private var begun = 0
    private(set) var problem = ""

    init(
        _ destination: DecisionLogWriter.Destination,
        report: @escaping @Sendable (String) -> Void
    ) throws(FileProblem) {
        self.destination = destination
        self.report = report
        switch destination {
        case .standardOutput: descriptor = STDOUT_FILENO
        case .file(let path): descriptor = try FileAccess.openForAppending(path)
        }
    }

    /// Writes lines; false when some are left, see ``takeUnwritten()``.
    func write(_ lines: [UInt8]) -> Bool {
        rest = rest + lines
        guard descriptor >= 0 else {
            return rest.isEmpty
        }
        guard let failure = FileAccess.writeAll(rest.dropFirst(begun), to: descriptor) else {
            rest = []
            begun = 0
            return true
        }
        problem = SystemError.text(failure.error)
        let reached = rest.startIndex + begun + failure.written
        let lineStart = rest[..<reached].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.startIndex
        rest = rest[lineStart...]
        begun = reached - lineStart
        return false
    }

    /// The lines that are left.
    ///
    /// The first may be half written: writing goes on in its middle as long as the same file stays open, and starts at
    /// its beginning in another.
    func takeUnwritten() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    func reopen() {
        guard case .file = destination else {
            return
        }
        close()
        reopenIfClosed()
    }

    func reopenIfClosed() {
        guard case .file(let path) = destination, descriptor < 0 else {
            return
        }
        do {
            descriptor = try FileAccess.openForAppending(path)
            begun = 0
        } catch {
            problem = error.reason
        }
    }

    func close() {
        if case .file = destination, descriptor >= 0 {
            _ = Glibc.close(descriptor)
            descriptor = -1
        }
    }
}
