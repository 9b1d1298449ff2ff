import Base
import EventLoops
import Testing

@Suite("streams")
struct StreamTests {
    /// A listener on `worker` whose connections come out of a mailbox.
    private static func listen(_ worker: isolated Worker) throws -> (TCPListener, BoundedMailbox<TCPStream>) {
        let arrivals = BoundedMailbox<TCPStream>(on: worker.loop, capacity: 64)
        let listener = try TCPListener(on: worker.loop, address: SocketAddress(.loopbackV4, port: 0)) { stream in
            _ = arrivals.push(stream)
        }
        return (listener, arrivals)
    }

    private static func pair(_ worker: isolated Worker) async throws -> (client: TCPStream, server: TCPStream) {
        let (listener, arrivals) = try listen(worker)
        let client = try await TCPStream.connect(to: listener.address, on: worker.loop, timeout: .seconds(10))
        let server = try #require(await arrivals.next())
        listener.close()
        return (client, server)
    }

    @Test("a megabyte goes through unchanged, both ways, both ends hung up in an orderly way")
    func megabyte() async throws {
        try await onWorker { worker in
            let (client, server) = try await StreamTests.pair(worker)
            let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            worker.spawn {
                var echoed = 0
                while let bytes = try? await server.read() {
                    echoed += bytes.count
                    server.send(bytes)
                    try? await server.drained()
                }
                server.finishOutput()
            }
            worker.spawn {
                for start in stride(from: 0, to: sent.count, by: 50_000) {
                    client.send(Array(sent[start..<start + 50_000]))
                    try? await client.drained()
                }
                client.finishOutput()
            }
            var received: [UInt8] = []
            while let bytes = try await client.read() {
                received += bytes
            }
            #expect(received == sent)
            #expect(client.writtenCount == sent.count)
            client.close()
            server.close()
        }
    }

    @Test("H1: a reader that does not read stops the writer, and is not read ahead without bound")
    func backPressure() async throws {
        try await onWorker { worker in
            let (client, server) = try await StreamTests.pair(worker)
            let chunk = [UInt8](repeating: 7, count: 65_536)
            var queued = 0
            // The system's own buffers take some; then the queue stays, and `drained` would wait.
            while client.queuedCount <= TCPStream.highWaterMark && queued < 1_000 {
                client.send(chunk)
                queued += 1
                await worker.loop.sleep(for: .milliseconds(1))
            }
            #expect(queued < 1_000)
            #expect(server.inputCount <= TCPStream.inputLimit * 2)
            var received = 0
            while received < queued * chunk.count, let bytes = try await server.read() {
                received += bytes.count
            }
            try await client.flushed()
            #expect(client.queuedCount == 0)
            #expect(received == queued * chunk.count)
            client.close()
            server.close()
        }
    }

    @Test("bytes sent in one turn leave together, after `beforeFlush`")
    func coalescing() async throws {
        try await onWorker { worker in
            let (client, server) = try await StreamTests.pair(worker)
            var order: [String] = []
            worker.loop.beforeFlush = { order.append("before, \(client.writtenCount) out") }
            client.send([1])
            client.send { output in output.append(2) }
            client.send([3])
            #expect(client.writtenCount == 0)
            try await client.flushed()
            worker.loop.beforeFlush = nil
            #expect(order == ["before, 0 out"])
            #expect(client.writtenCount == 3)
            #expect(try await server.read() == [1, 2, 3])
            client.close()
            server.close()
        }
    }

    @Test("half a close lets the other half go on")
    func halfClose() async throws {
        try await onWorker { worker in
            let (client, server) = try await StreamTests.pair(worker)
            client.send([1])
            client.finishOutput()
            #expect(try await server.read() == [1])
            #expect(try await server.read() == nil)
            server.send([2])
            server.finishOutput()
            #expect(try await client.read() == [2])
            #expect(try await client.read() == nil)
            client.close()
            server.close()
            await #expect(throws: StreamError.closed) { try await client.read() }
        }
    }

    @Test("a reset is an error to the reader and the writer, and is told at once")
    func resets() async throws {
        try await onWorker { worker in
            let (client, server) = try await StreamTests.pair(worker)
            let told = BoundedMailbox<Void>(on: worker.loop, capacity: 1)
            server.onEnded = { _ = told.push(()) }
            client.reset()
            await told.next()
            await #expect(throws: StreamError.reset) { try await server.read() }
            await #expect(throws: StreamError.reset) { try await server.flushed() }
            server.send([1])
            #expect(server.writtenCount == 0)
            server.close()
        }
    }

    @Test("a failed stream ends every wait with its reason")
    func failing() async throws {
        try await onWorker { worker in
            let (client, server) = try await StreamTests.pair(worker)
            worker.loop.schedule(after: .milliseconds(10)) { client.fail(.timedOut) }
            await #expect(throws: StreamError.timedOut) { try await client.read() }
            worker.loop.schedule(after: .milliseconds(10)) { server.close() }
            await #expect(throws: StreamError.closed) { try await server.read() }
            client.close()
        }
    }

    @Test("a closed port refuses, the next address is tried")
    func refused() async throws {
        try await onWorker { worker in
            let (listener, _) = try StreamTests.listen(worker)
            let (gone, _) = try StreamTests.listen(worker)
            gone.close()
            let loop = worker.loop
            await #expect(throws: StreamError.refused) {
                try await TCPStream.connect(to: gone.address, on: loop, timeout: .seconds(10))
            }
            let stream = try await TCPStream.connect(
                to: [gone.address, listener.address],
                on: loop,
                timeout: .seconds(10)
            )
            #expect(stream.peer == listener.address)
            stream.close()
            await #expect(throws: StreamError.noAddress) {
                try await TCPStream.connect(to: [SocketAddress](), on: loop, timeout: .seconds(10))
            }
            listener.close()
        }
    }

    @Test("connecting can be cancelled and runs out of time")
    func connectDeadline() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            // A listener whose queue is full answers no further connection.
            let full = try FullListener()
            let address = full.address
            await #expect(throws: StreamError.timedOut) {
                try await TCPStream.connect(to: address, on: loop, timeout: .milliseconds(30))
            }
            let attempt = worker.start { worker in
                await #expect(throws: StreamError.cancelled) {
                    try await TCPStream.connect(to: address, on: worker.loop, timeout: .seconds(3_600))
                }
            }
            await loop.sleep(for: .milliseconds(10))
            attempt.cancel()
            await attempt.value
            withExtendedLifetime(full) {}
        }
    }

    @Test("two listeners share an address, a third that does not share is refused")
    func sharing() async throws {
        try await onWorker { worker in
            let (first, _) = try StreamTests.listen(worker)
            let second = try TCPListener(on: worker.loop, address: first.address) { $0.close() }
            #expect(throws: StreamError.addressInUse) {
                try TCPListener(on: worker.loop, address: first.address, isShared: false) { $0.close() }
            }
            first.close()
            second.close()
        }
    }

    @Test("names are looked up, addresses are taken as they are, nonsense has no address")
    func resolving() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            let local = try await Resolver.addresses(of: "localhost", port: 80, on: loop, timeout: .seconds(10))
            #expect(!local.isEmpty && local.allSatisfy { $0.isLoopback && $0.port == 80 })
            let literal = try await Resolver.addresses(of: "192.0.2.1", port: 443, on: loop, timeout: .seconds(10))
            #expect(literal.map(\.description) == ["192.0.2.1:443"])
            await #expect(throws: StreamError.self) {
                try await Resolver.addresses(of: "no.such.name.invalid", port: 1, on: loop, timeout: .seconds(10))
            }
            await #expect(throws: StreamError.noAddress) {
                try await Resolver.addresses(of: "local\u{0}host", port: 1, on: loop, timeout: .seconds(10))
            }
        }
    }
}
