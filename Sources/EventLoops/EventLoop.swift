// EventLoops: libuv as a Swift executor. One loop is one thread; what is confined to a loop needs no lock.
//
//   other threads ──execute/enqueue──▶ crossing (Mutex) ──uv_async──▶ ┐
//   callbacks of sockets, timers, DNS ────────────────────────────────▶ jobs ──drain──▶ flush sockets ──▶ poll
//
// This room knows bytes and time, nothing of HTTP. It must never block its thread: DNS runs on libuv's pool.

public import Base
internal import CUV
internal import Glibc
internal import Synchronization

// ISOLATION: `crossing` is under its Mutex, `threadToken` is atomic, libuv's `uv_async_send` is documented as callable from
// any thread; every other property is read and written on the loop's thread only (or before the thread starts).

/// A libuv loop on a thread of its own (or the caller's) that is also a Swift executor.
///
/// It is both a `SerialExecutor` and a `TaskExecutor`. With the former alone every continuation would first resume on the
/// global pool and hop back (measured: 24 µs instead of 11 µs per proxied call). Start work through ``Worker``.
///
/// Everything marked loop-confined in this room may only be touched on the loop's thread; the compiler sees to it as
/// long as it is reached through a ``Worker``.
@safe
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// What other threads hand over, until the loop takes it.
    private struct Crossing: @unchecked Sendable {
        var jobs: [UnownedJob] = []
        var actions: [@Sendable () -> Void] = []
        var isAwake = false
        var isClosed = false
    }

    /// LIMIT: jobs run per turn before sockets get their turn again, so that a task that yields forever starves nobody.
    private static let maximumJobsPerTurn = 4_096

    let uv: UnsafeMutablePointer<uv_loop_t>
    private let wakeUp: UnsafeMutablePointer<uv_async_t>
    private let prepare: UnsafeMutablePointer<uv_prepare_t>
    private let check: UnsafeMutablePointer<uv_check_t>
    private let idle: UnsafeMutablePointer<uv_idle_t>
    private let crossing = Guarded(Crossing())
    /// The loop's thread as libuv names it; 0 while no thread runs the loop.
    private let threadToken = Atomic<UInt>(0)

    private var jobs: [UnownedJob] = []
    private var nextJob = 0
    private var isIdling = false
    private var unflushed: [TCPStream] = []
    private var turnHooks: [TurnHook] = []
    private var spareBuffers: [[UInt8]] = []
    /// The loop of the thread beside this one, once there is any (``aside(_:)``).
    var side: EventLoop?
    var timers = TimerWheel()
    let timerHandle: UnsafeMutablePointer<uv_timer_t>
    var armedTick = Int64.max
    /// One read buffer for all sockets of the loop: bytes are copied out of it before the callback returns.
    let readBuffer: UnsafeMutableRawBufferPointer

    /// Called on the loop's thread once per turn, after the turn's jobs ran and before any byte they sent goes out.
    ///
    /// Whatever must be durable or visible before the outside sees an effect is written here, once for all of the turn.
    /// Loop-confined.
    public var beforeFlush: (() -> Void)?

    /// Makes a loop; nothing runs before ``run()`` or ``start()``.
    ///
    /// - Throws: ``StreamError`` when the process has no file descriptor left for it.
    public init() throws(StreamError) {
        EventLoop.ignoreBrokenPipes
        unsafe uv = .allocate(capacity: 1)
        unsafe wakeUp = .allocate(capacity: 1)
        unsafe prepare = .allocate(capacity: 1)
        unsafe check = .allocate(capacity: 1)
        unsafe idle = .allocate(capacity: 1)
        unsafe timerHandle = .allocate(capacity: 1)
        unsafe readBuffer = .allocate(byteCount: 65_536, alignment: 16)
        let status = unsafe uv_loop_init(uv)
        guard status == 0 else {
            throw StreamError(code: status)
        }
        // SAFETY: `data` holds an unretained reference; the handles are closed before `self` goes (see `tearDown`).
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe uv.pointee.data = me
        let asyncStatus = unsafe uv_async_init(uv, wakeUp) { handle in
            unsafe EventLoop.of(handle?.pointee.loop)?.takeCrossing()
        }
        guard asyncStatus == 0 else {
            throw StreamError(code: asyncStatus)
        }
        unsafe uv_prepare_init(uv, prepare)
        unsafe uv_check_init(uv, check)
        unsafe uv_idle_init(uv, idle)
        unsafe uv_timer_init(uv, timerHandle)
        unsafe uv_prepare_start(prepare) { handle in unsafe EventLoop.of(handle?.pointee.loop)?.turn() }
        unsafe uv_check_start(check) { handle in unsafe EventLoop.of(handle?.pointee.loop)?.turn() }
    }

    deinit {
        // SAFETY: nothing runs on the loop any more: a running loop is kept alive by its thread.
        if unsafe uv_loop_close(uv) == 0 {
            unsafe uv.deallocate()
        }
        unsafe wakeUp.deallocate()
        unsafe prepare.deallocate()
        unsafe check.deallocate()
        unsafe idle.deallocate()
        unsafe timerHandle.deallocate()
        unsafe readBuffer.deallocate()
    }

    /// Writing to a socket whose peer is gone must be an error, not the end of the process.
    private static let ignoreBrokenPipes: Void = {
        // SIG_IGN is a constant disposition; no handler of ours runs.
        _ = signal(SIGPIPE, SIG_IGN)
    }()

    /// The loop a libuv loop belongs to.
    static func of(_ loop: UnsafeMutablePointer<uv_loop_t>?) -> EventLoop? {
        // SAFETY: `data` was set in `init` and the loop outlives its handles.
        guard let data = unsafe loop?.pointee.data else {
            return nil
        }
        return unsafe Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue()
    }

    /// Whether the calling thread is the loop's.
    public var isCurrent: Bool {
        threadToken.load(ordering: .relaxed) == UInt(uv_thread_self())
    }

    /// The monotonic clock as of this turn of the loop: millisecond steps, no system call.
    ///
    /// Loop-confined.
    public var now: Instant {
        // SAFETY: the loop is initialised for as long as `self` lives.
        Instant(nanoseconds: Int64(clamping: unsafe uv_now(uv)) &* 1_000_000)
    }

    // MARK: Running

    /// Runs the loop on the calling thread until ``stop()``.
    ///
    /// A loop runs once; a stopped loop cannot be started again.
    public func run() {
        threadToken.store(UInt(uv_thread_self()), ordering: .relaxed)
        // SAFETY: only this thread runs the loop.
        _ = unsafe uv_run(uv, UV_RUN_DEFAULT)
        tearDown()
        threadToken.store(0, ordering: .relaxed)
    }

    /// Runs the loop on a new thread until ``stop()``.
    ///
    /// - Throws: ``StreamError`` when the system refuses a thread.
    public func start() throws(StreamError) -> LoopThread {
        try LoopThread(running: self)
    }

    /// Lets the loop end after its current turn; callable from any thread.
    ///
    /// Tasks that still wait on the loop never resume: close what they wait for first.
    public func stop() {
        execute { [self] in
            // SAFETY: runs on the loop's thread.
            unsafe uv_stop(uv)
        }
    }

    /// Runs `action` on the loop's thread in one of its next turns; callable from any thread.
    ///
    /// Actions run in the order they were handed over. After ``stop()`` they are dropped.
    public func execute(_ action: @escaping @Sendable () -> Void) {
        cross { crossing in crossing.actions.append(action) }
    }

    private func cross(_ change: (inout Crossing) -> Void) {
        let mustWake = crossing.withLock { crossing in
            guard !crossing.isClosed else {
                return false
            }
            change(&crossing)
            guard !crossing.isAwake else {
                return false
            }
            crossing.isAwake = true
            // Sent under the lock, so that the handle cannot be closed between the decision and the call.
            unsafe uv_async_send(wakeUp)
            return true
        }
        _ = mustWake
    }

    private func takeCrossing() {
        let (crossedJobs, actions) = crossing.withLock { crossing in
            let taken = (crossing.jobs, crossing.actions)
            crossing.jobs = []
            crossing.actions = []
            crossing.isAwake = false
            return taken
        }
        jobs.append(contentsOf: crossedJobs)
        for action in actions {
            action()
        }
    }

    // MARK: Turns

    /// One turn: run what is ready, then send what was written, until neither is left.
    private func turn() {
        var budget = EventLoop.maximumJobsPerTurn
        repeat {
            runJobs(&budget)
            runTurnHooks()
            flush()
        } while nextJob < jobs.count && budget > 0
        setIdling(nextJob < jobs.count)
    }

    private func runJobs(_ budget: inout Int) {
        let serial = unsafe asUnownedSerialExecutor()
        let task = unsafe asUnownedTaskExecutor()
        while nextJob < jobs.count && budget > 0 {
            let job = jobs[nextJob]
            nextJob += 1
            budget -= 1
            unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: task)
        }
        if nextJob == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            nextJob = 0
        }
    }

    private func runTurnHooks() {
        guard !turnHooks.isEmpty else {
            return
        }
        // Index loop: a hook may add another one.
        var index = 0
        var cancelled = 0
        while index < turnHooks.count {
            turnHooks[index].run()
            cancelled += turnHooks[index].isCancelled ? 1 : 0
            index += 1
        }
        if cancelled > 0 {
            turnHooks.removeAll(where: \.isCancelled)
        }
    }

    func add(_ hook: TurnHook) {
        turnHooks.append(hook)
    }

    private func flush() {
        guard !unflushed.isEmpty else {
            return
        }
        beforeFlush?()
        // Index loop: flushing may fail a stream, whose owner may send on another one.
        var index = 0
        while index < unflushed.count {
            unflushed[index].flush()
            index += 1
        }
        unflushed.removeAll(keepingCapacity: true)
    }

    /// An idle handle keeps the poll from blocking while jobs are left over.
    private func setIdling(_ wanted: Bool) {
        guard wanted != isIdling else {
            return
        }
        isIdling = wanted
        // SAFETY: on the loop's thread, the handle is initialised.
        if wanted {
            unsafe uv_idle_start(idle) { _ in }
        } else {
            unsafe uv_idle_stop(idle)
        }
    }

    func flushLater(_ stream: TCPStream) {
        unflushed.append(stream)
    }

    // MARK: Buffers

    /// LIMIT: at most 64 spare buffers of at most 64 KB are kept, so bursts do not stay in memory.
    func returnBuffer(_ buffer: consuming [UInt8]) {
        guard spareBuffers.count < 64, buffer.capacity > 0, buffer.capacity <= 65_536 else {
            return
        }
        buffer.removeAll(keepingCapacity: true)
        spareBuffers.append(buffer)
    }

    func takeBuffer() -> [UInt8] {
        spareBuffers.popLast() ?? []
    }

    // MARK: Ending

    private func tearDown() {
        crossing.withLock { crossing in
            crossing.isClosed = true
        }
        // SAFETY: on the loop's thread; each of our own handles is closed once, those of sockets belong to their owners.
        unsafe uv_close(UnsafeMutableRawPointer(wakeUp).assumingMemoryBound(to: uv_handle_t.self), nil)
        unsafe uv_close(UnsafeMutableRawPointer(prepare).assumingMemoryBound(to: uv_handle_t.self), nil)
        unsafe uv_close(UnsafeMutableRawPointer(check).assumingMemoryBound(to: uv_handle_t.self), nil)
        unsafe uv_close(UnsafeMutableRawPointer(idle).assumingMemoryBound(to: uv_handle_t.self), nil)
        unsafe uv_close(UnsafeMutableRawPointer(timerHandle).assumingMemoryBound(to: uv_handle_t.self), nil)
        _ = unsafe uv_run(uv, UV_RUN_NOWAIT)
        timers.removeAll()
        turnHooks.removeAll()
        side?.stop()
        side = nil
    }
}

// MARK: - Executor

extension EventLoop {
    /// Takes a job of the Swift runtime; from the loop's own thread without a lock.
    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        if isCurrent {
            jobs.append(unowned)
        } else {
            cross { crossing in crossing.jobs.append(unowned) }
        }
    }

    /// The reference the runtime compares executors by.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Stops the process when the calling thread is not the loop's: only a bug of ours can do that.
    public func checkIsolated() {
        precondition(isCurrent, "loop-confined state was touched on another thread")
    }

    /// Whether the calling thread is the loop's.
    public func isIsolatingCurrentContext() -> Bool? {
        isCurrent
    }
}
