public import EventLoops

/// The admin listener: a loop on a thread of its own, and threads beside it for whatever blocks.
///
/// No worker of the gateway knows of it.
public final class AdminServer: Sendable {
    private let worker: Worker
    private let thread: LoopThread
    private let side: SideThread
    private let slow: SideThread
    private let service: AdminService

    /// Where it listens, with the port the system chose.
    public let address: SocketAddress

    /// Listens from now on.
    ///
    /// - Throws: ``StreamError`` when the address cannot be listened at, or the system refuses a thread.
    public init(_ configuration: AdminConfiguration) async throws(StreamError) {
        let loop = try EventLoop()
        let side = try SideThread()
        let slow = try SideThread()
        thread = try loop.start()
        let worker = Worker(loop: loop)
        let service = AdminService(configuration, side: side, slow: slow)
        self.worker = worker
        self.side = side
        self.slow = slow
        self.service = service
        let outcome = await withCheckedContinuation { continuation in
            worker.start { worker in continuation.resume(returning: service.listen(on: worker)) }
        }
        switch outcome {
        case .success(let address): self.address = address
        case .failure(let error):
            loop.stop()
            thread.join()
            side.stop()
            slow.stop()
            throw error
        }
    }

    /// Stops listening, lets requests under way finish, and ends the threads.
    public func stop(within deadline: Duration) async {
        await withCheckedContinuation { continuation in
            worker.start { [service] worker in
                await service.drain(on: worker, within: deadline)
                continuation.resume()
            }
        }
        worker.loop.stop()
        thread.join()
        side.stop()
        slow.stop()
    }
}
