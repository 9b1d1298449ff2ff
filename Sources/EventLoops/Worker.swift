/// The actor everything of one core is confined to: its sockets, connections, upstream pools, caches.
///
/// Its executor is an ``EventLoop``, so a call from one part of a worker to another costs no hop.
public actor Worker {
    /// The loop this worker runs on.
    public nonisolated let loop: EventLoop

    /// Makes the worker of `loop`.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// The loop, for the Swift runtime.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Starts a task confined to this worker; callable from any thread.
    ///
    /// One of the few places that may start a task: the loop is the task's executor preference, so that no continuation
    /// of it ever leaves the loop's thread.
    @discardableResult
    public nonisolated func start(_ body: @escaping @Sendable (isolated Worker) async -> Void) -> Task<Void, Never> {
        Task(executorPreference: loop) { await body(self) }
    }

    /// Starts a task confined to this worker from code that already runs on its loop's thread; `body` may hold
    /// loop-confined values.
    ///
    /// The second of the places that may start a task.
    ///
    /// Callable from isolated code and from callbacks of the loop alike; stops the process on any other thread.
    @discardableResult
    public nonisolated func spawn(_ body: @escaping () async -> Void) -> Task<Void, Never> {
        precondition(loop.isCurrent, "a loop-confined task was started on another thread")
        let confined = Confined(body)
        return Task(executorPreference: loop) { await self.run(confined) }
    }

    private func run(_ body: Confined<() async -> Void>) async {
        await body.value()
    }
}

/// Carries a loop-confined value past the compiler's view, from the loop's thread to the loop's thread.
// ISOLATION: made and read on one loop's thread; between the two nobody looks at it.
struct Confined<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
