import EventLoops

/// Runs `body` confined to a worker on a loop and thread of its own, and ends both.
func onWorker<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Worker) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop()
    let thread = try loop.start()
    let worker = Worker(loop: loop)
    let outcome = await Task(executorPreference: loop) { try await body(worker) }.result
    loop.stop()
    thread.join()
    return try outcome.get()
}
