import Base
import EventLoops
import Glibc
import Synchronization
import Testing

/// Records on which threads code ran.
private final class ThreadCensus: Sendable {
    private let threads = Guarded<Set<UInt>>([])

    func note() {
        threads.withLock { threads in _ = threads.insert(UInt(pthread_self())) }
    }

    var count: Int { threads.withLock { threads in threads.count } }
}

@Suite("confinement to a loop")
struct ConfinementTests {
    @Test("no job of a connection ever runs off its loop's thread")
    func confined() async throws {
        let census = ThreadCensus()
        let echoed = try await onWorker { worker in
            census.note()
            let loop = worker.loop
            let done = BoundedMailbox<Int>(on: loop, capacity: 8)
            let listener = try TCPListener(on: loop, address: SocketAddress(.loopbackV4, port: 0)) { stream in
                census.note()
                worker.spawn {
                    while let bytes = try? await stream.read() {
                        census.note()
                        await foreignHop()
                        census.note()
                        await loop.sleep(for: .milliseconds(1))
                        census.note()
                        stream.send(bytes)
                        await Task.yield()
                        census.note()
                        try? await stream.flushed()
                        census.note()
                    }
                    census.note()
                    stream.close()
                }
            }
            for client in 0..<8 {
                worker.spawn {
                    let count = (try? await talk(to: listener.address, on: loop, rounds: 20 + client, census)) ?? -1
                    _ = done.push(count)
                }
            }
            var sum = 0
            for _ in 0..<8 {
                sum += await done.next() ?? -1_000
                census.note()
            }
            listener.close()
            return sum
        }
        #expect(echoed == (0..<8).reduce(0) { $0 + 20 + $1 })
        #expect(census.count == 1)
    }

    @Test("a task that is resumed, cancelled and awaited from other threads stays on its loop")
    func foreignWakeUps() async throws {
        let census = ThreadCensus()
        try await onWorker { worker in
            for round in 0..<200 {
                await withCheckedContinuation { continuation in
                    Thread { continuation.resume() }.start()
                }
                census.note()
                let child = worker.start { worker in
                    await worker.loop.sleep(for: .seconds(3_600))
                    census.note()
                }
                if round.isMultiple(of: 2) {
                    Thread { child.cancel() }.start()
                } else {
                    child.cancel()
                }
                await child.value
                census.note()
                async let sum = pooledWork(round)
                _ = await sum
                census.note()
            }
        }
        #expect(census.count == 1)
    }

    @Test("a worker on the caller's own thread works the same")
    func ownThread() async throws {
        let census = ThreadCensus()
        let loop = try EventLoop()
        let worker = Worker(loop: loop)
        worker.start { worker in
            census.note()
            await foreignHop()
            census.note()
            worker.loop.stop()
        }
        await withCheckedContinuation { continuation in
            Thread {
                census.note()
                loop.run()
                continuation.resume()
            }.start()
        }
        #expect(census.count == 1)
    }

    @Test("actions handed over from many threads all run, each thread's in order, on the loop's thread")
    func actions() async throws {
        let census = ThreadCensus()
        let seen = Guarded<[Int]>([])
        try await onWorker { worker in
            let loop = worker.loop
            let finished = BoundedMailbox<Void>(on: loop, capacity: 4)
            let confined = UncheckedBox(finished)
            for thread in 0..<4 {
                Thread {
                    for number in 0..<1_000 {
                        loop.execute {
                            census.note()
                            seen.withLock { seen in seen.append(thread * 1_000 + number) }
                        }
                    }
                    loop.execute { _ = confined.value.push(()) }
                }.start()
            }
            for _ in 0..<4 {
                await finished.next()
            }
        }
        #expect(census.count == 1)
        let numbers = seen.withLock { seen in seen }
        for thread in 0..<4 {
            #expect(numbers.filter { $0 / 1_000 == thread } == Array(thread * 1_000..<(thread + 1) * 1_000))
        }
    }

    @Test("a task that yields forever does not starve sockets and timers")
    func noStarvation() async throws {
        try await onWorker { worker in
            let flag = Flag()
            worker.loop.schedule(after: .milliseconds(20)) { flag.isSet = true }
            while !flag.isSet {
                await Task.yield()
            }
        }
    }
}

/// Loop-confined.
private final class Flag {
    var isSet = false
}

struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

/// A bare thread, for waking tasks from outside of everything.
private struct Thread {
    let body: @Sendable () -> Void

    func start() {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        pthread_create(
            &thread,
            nil,
            { argument in
                if let argument {
                    Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            },
            box.toOpaque()
        )
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }
}

@concurrent
private func pooledWork(_ number: Int) async -> Int {
    number + 1
}

private func foreignHop() async {
    await withCheckedContinuation { continuation in
        Thread { continuation.resume() }.start()
    }
}

private func talk(
    to address: SocketAddress,
    on loop: EventLoop,
    rounds: Int,
    _ census: ThreadCensus
) async throws -> Int {
    let stream = try await TCPStream.connect(to: address, on: loop, timeout: .seconds(10))
    census.note()
    var echoed = 0
    for _ in 0..<rounds {
        stream.send([1, 2, 3])
        var received = 0
        while received < 3, let bytes = try await stream.read() {
            received += bytes.count
            census.note()
        }
        echoed += received == 3 ? 1 : 0
    }
    stream.close()
    return echoed
}
