public import AuditJournal
public import Base
public import EventLoops
internal import HTTPTransport
public import Secrets
internal import Synchronization
internal import Upstreams

/// Why a gateway cannot start.
public enum StartFailure: Error, Sendable {
    /// The address, or what listening takes.
    case listening(StreamError)
    /// The audit journal.
    case journal(JournalFailure)
}

/// The gateway as a whole: one worker per core on one address, from start to drain.
public final class GatewayService: Sendable {
    private struct Running: Sendable {
        let worker: Worker
        let thread: LoopThread
        let gateway: Handed<GatewayWorker>
        let server: Handed<HTTPServer>
    }

    let core: GatewayCore
    let shared: SharedState
    private let workers: Int
    private let running = Guarded<[Running]>([])

    /// A gateway for a definition; nothing listens yet.
    ///
    /// - Parameters:
    ///   - configuration: how it runs.
    ///   - definition: what it serves at first; ``reload(_:)`` replaces it.
    ///   - workers: how many cores it uses, at least 1.
    ///   - sink: where decision records go.
    ///   - time: the clocks.
    /// - Throws: every problem of the definition.
    public init(
        configuration: GatewayConfiguration,
        definition: SnapshotDefinition,
        workers: Int,
        sink: any DecisionSink,
        time: any TimeSource = SystemTime()
    ) throws(SnapshotProblems) {
        guard let sealingKey = configuration.keys.sealingKey else {
            throw SnapshotProblems(problems: [
                SnapshotProblem(section: "keys", index: 0, message: "the key file has no usable sealing key")
            ])
        }
        shared = SharedState(limits: configuration.limits)
        var compiler = SnapshotCompiler(shared: shared)
        self.workers = max(1, workers)
        core = GatewayCore(
            configuration: configuration,
            sealingKey: sealingKey,
            snapshot: try compiler.compile(definition),
            workers: self.workers,
            sink: sink,
            time: time
        )
    }

    /// Puts another definition in force: requests that begin from now on see it, open streams whose grant is gone are
    /// cut within a second.
    ///
    /// - Throws: every problem of the definition; the one in force stays in force then.
    public func reload(_ definition: SnapshotDefinition) throws(SnapshotProblems) {
        var compiler = SnapshotCompiler(shared: shared)
        core.snapshots.replace(try compiler.compile(definition))
    }

    /// Takes in the key file after a rotation: tokens digested under its peppers are known from now on, and handles are
    /// sealed under its newest key.
    ///
    /// It must still have every `pepper` and `sealing` key of the one before: tokens and sessions depend on them.
    public func use(_ keys: KeyFile) {
        if let sealingKey = keys.sealingKey {
            core.use(keys.grantDigester, sealingKey)
        }
    }

    /// Starts a thread with a loop per worker and listens.
    ///
    /// - Returns: where it listens, with the port the system chose if none was given.
    /// - Throws: ``StartFailure`` when the address cannot be listened at or the journal not be written; nothing runs then.
    public func start() async throws(StartFailure) -> SocketAddress {
        var configuration = core.configuration.server
        do throws(StartFailure) {
            for number in 0..<workers {
                let address = try await startWorker(number, configuration)
                // The first one may have been given a port by the system: the others share it (SO_REUSEPORT).
                configuration.address = address
            }
            return configuration.address
        } catch {
            await stop()
            throw error
        }
    }

    private func startWorker(
        _ number: Int,
        _ configuration: HTTPServerConfiguration
    ) async throws(StartFailure) -> SocketAddress {
        let (loop, thread) = try Self.makeLoop()
        let worker = Worker(loop: loop)
        let result = Guarded<Result<(Running, SocketAddress), StartFailure>?>(nil)
        let core = core
        await worker.start { worker in
            let gateway: GatewayWorker
            do throws(JournalFailure) {
                gateway = try GatewayWorker(worker: worker, number: number, core: core)
            } catch {
                result.withLock { $0 = .failure(.journal(error)) }
                return
            }
            let handed = Handed(gateway)
            do throws(StreamError) {
                if number == 0 && configuration.address.port != 0 {
                    // The workers share the address among themselves, and the system would let another gateway share it
                    // too: half of the calls would then be judged by somebody else's policy.
                    try TCPListener(on: loop, address: configuration.address, isShared: false) { $0.close() }.close()
                }
                let server = try HTTPServer(on: worker, configuration: configuration) { exchange in
                    await handed.value.serve(exchange)
                }
                core.add(
                    WorkerLink(number: number) { body in
                        worker.loop.execute { body(handed.value) }
                    }
                )
                let running = Running(worker: worker, thread: thread, gateway: handed, server: Handed(server))
                result.withLock { $0 = .success((running, server.address)) }
            } catch {
                gateway.close()
                result.withLock { $0 = .failure(.listening(error)) }
            }
        }.value
        switch result.withLock({ $0 }) {
        case .success(let (started, address)):
            running.withLock { $0.append(started) }
            return address
        case .failure(let error):
            loop.stop()
            thread.join()
            throw error
        case nil:
            throw .listening(.closed)
        }
    }

    private static func makeLoop() throws(StartFailure) -> (EventLoop, LoopThread) {
        do throws(StreamError) {
            let loop = try EventLoop()
            return (loop, try loop.start())
        } catch {
            throw .listening(error)
        }
    }

    /// Stops listening, ends streams, lets calls under way finish until `deadline` has passed, then ends the workers.
    ///
    /// Every record is with the sink when this returns.
    public func drain(within deadline: Duration) async {
        core.isDraining = true
        await withTaskGroup(of: Void.self) { group in
            for one in running.withLock({ $0 }) {
                group.addTask {
                    await one.worker.start { _ in
                        one.gateway.value.endStreams()
                        await one.server.value.drain(within: deadline)
                    }.value
                }
            }
        }
        await stop()
    }

    private func stop() async {
        let all = running.withLock { running in
            defer { running = [] }
            return running
        }
        for one in all {
            await one.worker.start { _ in one.gateway.value.close() }.value
            one.worker.loop.stop()
            one.thread.join()
        }
        await core.processes?.stop()
        core.removeLinks()
    }
}
