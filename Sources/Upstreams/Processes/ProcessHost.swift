public import Base
import EventLoops
import Synchronization

/// What a server's process says and does, for its log and for `toolgate server show`.
public enum ProcessNews: Sendable {
    /// A line of its standard error, bounded and masked.
    case said([UInt8])
    /// Something happened to it: a lower-case clause.
    case happened(String)
    /// It stands differently now.
    case stands(ProcessStanding)
}

/// How the processes of a server stand.
public struct ProcessStanding: Hashable, Sendable {
    /// The states, from best to worst.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// None runs; the next call starts one.
        case idle
        /// At least one runs.
        case running
        /// The last one ended by itself; the next call, or the next after a pause, starts another.
        case ended
        /// It keeps ending, or cannot be started: calls are refused until the pause is over.
        case failing
    }

    /// How they stand.
    public let state: State
    /// How many run.
    public let running: Int
    /// How many were started since the gateway was.
    public let starts: Int
    /// How many ended by themselves in a row.
    public let failures: Int
    /// How the last one ended, if one did.
    public let lastEnd: String?
}

/// How processes are started and where their news goes.
public struct ProcessHostConfiguration: Sendable {
    /// The program and first arguments that run `ProcessSupervisor`, the path absolute.
    public var supervisor: [ByteString]
    /// What every process has in its environment, unless its command says otherwise.
    public var environment: [ProcessVariable]
    /// Takes the news of the server with this name, on the host's thread; must not block for long.
    public var report: @Sendable (ByteString, ProcessNews) -> Void
    /// Makes what masks secret values in a line.
    public var masking: @Sendable ([[UInt8]]) -> @Sendable ([UInt8]) -> [UInt8] = { _ in { $0 } }
    /// How long a process may take to end after its input is closed, and again after SIGTERM.
    public var grace = Duration.seconds(2)

    /// A configuration from its parts.
    public init(
        supervisor: [ByteString],
        environment: [ProcessVariable] = [],
        report: @escaping @Sendable (ByteString, ProcessNews) -> Void = { _, _ in }
    ) {
        self.supervisor = supervisor
        self.environment = environment
        self.report = report
    }
}

/// Where the processes of all servers run: one loop on a thread of its own, so that a process that floods its pipes costs
/// the others' calls nothing but that thread's time.
///
/// The thread starts with the first process.
public final class ProcessHost: Sendable {
    /// How processes are started.
    public let configuration: ProcessHostConfiguration

    private struct Running: Sendable {
        let loop: EventLoop
        let thread: LoopThread
    }

    private enum State {
        case unused
        case running(Running)
        case stopped
    }

    private let state = Guarded(State.unused)
    /// Held until they are empty and nobody can start anything in them any more.
    private let rooms = Guarded<[ObjectIdentifier: Handed<ProcessRoom>]>([:])

    /// A host with no thread yet.
    public init(_ configuration: ProcessHostConfiguration) {
        self.configuration = configuration
    }

    deinit {
        state.withLock { state in
            if case .running(let running) = state {
                running.loop.stop()
            }
        }
    }

    /// The loop processes are confined to; `nil` after ``stop()``, or when the system refuses a thread.
    func loop() -> EventLoop? {
        state.withLock { state in
            switch state {
            case .running(let running): return running.loop
            case .stopped: return nil
            case .unused:
                do throws(StreamError) {
                    let loop = try EventLoop()
                    state = .running(Running(loop: loop, thread: try loop.start()))
                    return loop
                } catch {
                    return nil
                }
            }
        }
    }

    /// A room for the processes of one server, kept alive as long as it has any.
    func room(
        _ name: ByteString,
        _ command: ProcessCommand,
        limits: UpstreamLimits,
        loop: EventLoop
    ) -> Handed<ProcessRoom> {
        let room = ProcessRoom(name, command, limits: limits, host: configuration, loop: loop)
        let key = ObjectIdentifier(room)
        room.onGone = { [weak self] in
            self?.rooms.withLock { $0[key] = nil }
        }
        let handed = Handed(room)
        rooms.withLock { $0[key] = handed }
        return handed
    }

    /// Ends every process: input closed, then SIGTERM, then SIGKILL, each with its grace; returns when they are gone.
    public func stop() async {
        let running: Running? = state.withLock { state in
            defer { state = .stopped }
            guard case .running(let running) = state else {
                return nil
            }
            return running
        }
        guard let running else {
            return
        }
        let worker = Worker(loop: running.loop)
        // At once, not one after the other: each may take its grace.
        let ends = rooms.withLock({ $0 }).values.map { room in worker.start { _ in await room.value.end() } }
        for end in ends {
            await end.value
        }
        running.loop.stop()
        running.thread.join()
    }
}
