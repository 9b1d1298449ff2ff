import Base
import EventLoops

/// The main thread as a worker of its own: it starts the others, watches signals and files, and serves nothing.
///
/// This is one of the few places that start tasks (style.md, section 4).
enum ControlLoop {
    /// Runs `body` on the calling thread's loop until it answers.
    static func run(
        _ body: @escaping @Sendable (isolated Worker) async -> Result<CommandStatus, CommandFailure>
    ) throws(CommandFailure) -> CommandStatus {
        let loop: EventLoop
        do throws(StreamError) {
            loop = try EventLoop()
        } catch {
            throw .environment("no event loop: \(error)")
        }
        let outcome = Latch<Result<CommandStatus, CommandFailure>>()
        Worker(loop: loop).start { worker in
            outcome.set(await body(worker))
            worker.loop.stop()
        }
        loop.run()
        guard let result = outcome.current else {
            throw .environment("the event loop ended early")
        }
        return try result.get()
    }
}

/// Threads that serve, one loop each.
struct WorkerPool: Sendable {
    let workers: [Worker]
    private let threads: [LoopThread]

    /// Starts `count` threads.
    init(count: Int) throws(CommandFailure) {
        var workers: [Worker] = []
        var threads: [LoopThread] = []
        do throws(StreamError) {
            for _ in 0..<max(1, count) {
                let loop = try EventLoop()
                threads.append(try loop.start())
                workers.append(Worker(loop: loop))
            }
        } catch {
            for worker in workers {
                worker.loop.stop()
            }
            throw .environment("cannot start a worker: \(error)")
        }
        self.workers = workers
        self.threads = threads
    }

    /// Ends the threads; what they serve must have been drained before.
    func stop() {
        for worker in workers {
            worker.loop.stop()
        }
        for thread in threads {
            thread.join()
        }
    }
}

/// The signals that end a service, as one thing to wait for.
///
/// Confined to the control loop.
final class StopSignals {
    private var watchers: [SignalWatcher] = []

    /// Watches Ctrl-C and SIGTERM from now on; `stop` is set at the first.
    init(on loop: EventLoop, setting stop: Latch<Void>) throws(CommandFailure) {
        do throws(StreamError) {
            for signal in [ServiceSignal.interrupt, .terminate] {
                watchers.append(try SignalWatcher(on: loop, signal) { stop.set(()) })
            }
        } catch {
            throw .environment("cannot watch signals: \(error)")
        }
    }

    /// Watches no more, so that the loop can end.
    func cancel() {
        for watcher in watchers {
            watcher.cancel()
        }
        watchers = []
    }
}
