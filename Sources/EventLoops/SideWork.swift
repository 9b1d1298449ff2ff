/// Work that would keep a loop from everybody else who waits for it: long lists, large documents.
///
/// Each loop has one thread beside it for that, begun when it is first needed. Only closures run there, never a job of the
/// Swift runtime: what is confined to the loop stays on its thread.
extension EventLoop {
    /// Does pure work on the loop's side thread while the loop serves others; the calling task goes on on its own loop.
    ///
    /// One piece of work at a time, in the order they were asked for. Not cancellable: the work has to be bounded by what
    /// it is given. When the system refuses a thread the work is done here and now. Loop-confined.
    public func aside<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        guard let side = sideLoop() else {
            return work()
        }
        return await result(of: work, on: side)
    }

    /// Does blocking work on a thread of its own; the calling task goes on on its own loop.
    ///
    /// Not cancellable. Loop-confined.
    public func beside<Result: Sendable>(
        _ thread: SideThread,
        _ work: @escaping @Sendable () -> Result
    ) async -> Result {
        await result(of: work, on: thread.loop)
    }

    private func result<Result: Sendable>(
        of work: @escaping @Sendable () -> Result,
        on other: EventLoop
    ) async -> Result {
        let place = Confined(SidePlace<Result>())
        other.execute { [self] in
            let result = work()
            execute {
                place.value.result = result
                place.value.arrival.wake()
            }
        }
        while true {
            if let result = place.value.result {
                return result
            }
            await place.value.arrival.wait()
        }
    }

    /// Lets go of something whose end takes long (a table of thousands) on the side thread.
    ///
    /// Loop-confined.
    public func dropAside(_ value: consuming some Sendable) {
        // The closure is the last that holds it, and ends on the thread that ran it.
        sideLoop()?.execute { [value] in _ = value }
    }

    /// The side thread's loop; `nil` when the system refuses it.
    private func sideLoop() -> EventLoop? {
        if let side {
            return side
        }
        do throws(StreamError) {
            let made = try EventLoop()
            // Nobody joins it: it ends with its loop, after the work in hand, and shares nothing with this one.
            _ = try made.start()
            side = made
            return made
        } catch {
            return nil
        }
    }
}

/// A thread for work that blocks, such as asking a store: one piece at a time, in the order they were asked for.
public final class SideThread: Sendable {
    let loop: EventLoop
    private let thread: LoopThread

    /// Starts the thread.
    ///
    /// - Throws: ``StreamError`` when the system refuses one.
    public init() throws(StreamError) {
        loop = try EventLoop()
        thread = try loop.start()
    }

    /// Does work there, whenever it is its turn; callable from any thread.
    public func execute(_ work: @escaping @Sendable () -> Void) {
        loop.execute(work)
    }

    /// Waits for the work in hand and ends the thread; what is asked for later is never done.
    ///
    /// Blocks the calling thread.
    public func stop() {
        loop.stop()
        thread.join()
    }
}

/// Where a result arrives; confined to the loop that waits for it.
private final class SidePlace<Result> {
    var result: Result?
    let arrival = WaitPoint()
}
