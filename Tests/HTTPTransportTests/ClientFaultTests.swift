import Base
import EventLoops
import HTTPTransport
import HTTPWire
import Testing

@Suite("HTTP client against faults")
struct ClientFaultTests {
    /// The error of a fetch.
    private static func failure(
        _ client: HTTPClient,
        _ origin: HTTPOrigin,
        deadlines: HTTPClientDeadlines? = nil
    ) async -> HTTPClientError? {
        do throws(HTTPClientError) {
            _ = try await fetch(client, origin, body: bytes("x"), deadlines: deadlines)
            return nil
        } catch {
            return error
        }
    }

    @Test("nobody there: refused, and not a byte was written")
    func refused() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in stream.close() }
            let origin = server.origin
            server.close()
            let client = HTTPClient(on: worker.loop)
            #expect(await ClientFaultTests.failure(client, origin) == HTTPClientError(.refused, wroteBytes: false))
            #expect(client.connectionCount == 0)
        }
    }

    @Test("G4: a name without an address is an error, and no other way is tried")
    func noAddress() async throws {
        try await onWorker { worker in
            let client = HTTPClient(on: worker.loop)
            let origin = HTTPOrigin(.http, host: "no.such.name.invalid", port: 80)
            let failure = await ClientFaultTests.failure(client, origin)
            #expect(failure?.wroteBytes == false)
            #expect(failure?.kind == .noAddress || failure?.kind == .timedOut)
        }
    }

    @Test("G1: the address that was asked about is the one that is connected to; refused ones are not")
    func addressFilter() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in
                await answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(stream, number)
            }
            let refusing = HTTPClient(
                on: worker.loop,
                configuration: HTTPClientConfiguration(addressFilter: { address in !address.isPrivate })
            )
            for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0"] {
                let origin = HTTPOrigin(.http, host: ByteString(host), port: server.listener.address.port)
                let failure = await ClientFaultTests.failure(refusing, origin)
                #expect(failure == HTTPClientError(.addressRefused, wroteBytes: false))
            }
            // Spellings that only a resolver understands resolve to what they mean before they are asked about.
            for host in ["127.1", "2130706433", "0x7f.1"] {
                let origin = HTTPOrigin(.http, host: ByteString(host), port: server.listener.address.port)
                let failure = await ClientFaultTests.failure(refusing, origin)
                #expect(failure?.kind == .addressRefused || failure?.kind == .noAddress)
            }
            #expect(server.connections.isEmpty)
            let choosy = HTTPClient(
                on: worker.loop,
                configuration: HTTPClientConfiguration(addressFilter: { address in address.ip == .loopbackV4 })
            )
            let named = HTTPOrigin(.http, host: "localhost", port: server.listener.address.port)
            #expect(try await fetch(choosy, named) == "200 ")
            choosy.close()
            server.close()
        }
    }

    @Test(
        "a server that hangs up or resets, before or within its answer, is an error that says bytes were written",
        arguments: [
            "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        ]
    )
    func hangsUp(answer: String) async throws {
        try await onWorker { worker in
            for isReset in [false, true] {
                let server = try RawServer(on: worker) { stream, _ in
                    _ = await readRequest(stream)
                    stream.send(bytes(answer))
                    try? await stream.flushed()
                    await worker.loop.sleep(for: .milliseconds(2))
                    if isReset { stream.reset() } else { stream.close() }
                }
                let client = HTTPClient(on: worker.loop)
                let failure = await ClientFaultTests.failure(client, server.origin)
                #expect(failure == HTTPClientError(.reset, wroteBytes: true))
                #expect(client.connectionCount == 0)
                server.close()
            }
        }
    }

    @Test("a connection the server closed while it was idle is replaced without a word")
    func staleReplaced() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in
                _ = await readRequest(stream)
                stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)"))
                try? await stream.flushed()
                if number == 0 { stream.close() } else { stream.reset() }
            }
            let client = HTTPClient(on: worker.loop)
            for number in 0..<3 {
                #expect(try await fetch(client, server.origin) == "200 \(number)")
                await worker.loop.sleep(for: .milliseconds(10))
            }
            client.close()
            server.close()
        }
    }

    @Test("a request that may have been received is never sent again")
    func noSecondSending() async throws {
        try await onWorker { worker in
            var requests = 0
            let server = try RawServer(on: worker) { stream, _ in
                while await readRequest(stream) != nil {
                    requests += 1
                    if requests == 2 {
                        // Received, perhaps done, and then the connection dies.
                        stream.reset()
                        return
                    }
                    stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
                }
            }
            let client = HTTPClient(on: worker.loop)
            #expect(try await fetch(client, server.origin, body: bytes("x")) == "200 ok")
            let failure = await ClientFaultTests.failure(client, server.origin)
            #expect(failure == HTTPClientError(.reset, wroteBytes: true))
            await worker.loop.sleep(for: .milliseconds(20))
            #expect(requests == 2)
            client.close()
            server.close()
        }
    }

    @Test(
        "every wait has its deadline: connecting, the head, a piece, the whole",
        arguments: ["head", "piece", "total"]
    )
    func deadlines(which: String) async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in
                _ = await readRequest(stream)
                guard which != "head" else {
                    return
                }
                stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
                while which == "total", !stream.isInputEnded, !stream.isClosed {
                    stream.send(bytes("x"))
                    await worker.loop.sleep(for: .milliseconds(10))
                }
            }
            var deadlines = HTTPClientDeadlines(connect: .seconds(10), head: nil, piece: nil, total: nil)
            switch which {
            case "head": deadlines.head = .milliseconds(50)
            case "piece": deadlines.piece = .milliseconds(50)
            default: deadlines.total = .milliseconds(100)
            }
            let client = HTTPClient(on: worker.loop)
            let failure = await ClientFaultTests.failure(client, server.origin, deadlines: deadlines)
            #expect(failure == HTTPClientError(.timedOut, wroteBytes: true))
            #expect(client.connectionCount == 0)
            server.close()
        }
    }

    @Test("an idle connection is given up before the server would, by our time or by its word")
    func idleExpiry() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in
                let hint = number == 0 ? "Keep-Alive: timeout=1\r\n" : ""
                await answering("HTTP/1.1 200 OK\r\n\(hint)Content-Length: 0\r\n\r\n")(stream, number)
            }
            let ours = HTTPClient(
                on: worker.loop,
                configuration: HTTPClientConfiguration(idleTimeout: .milliseconds(30))
            )
            let theirs = HTTPClient(
                on: worker.loop,
                configuration: HTTPClientConfiguration(idleTimeout: .seconds(3_600))
            )
            #expect(try await fetch(theirs, server.origin) == "200 ")
            #expect(try await fetch(ours, server.origin) == "200 ")
            while ours.connectionCount + theirs.connectionCount > 0 {
                await worker.loop.sleep(for: .milliseconds(10))
            }
            server.close()
        }
    }

    @Test("cancelling closes the connection: before the answer, within it, and when nothing is left to cancel")
    func cancelling() async throws {
        try await onWorker { worker in
            var arrived = 0
            var ended = 0
            let server = try RawServer(on: worker) { stream, _ in
                let request = await readRequest(stream) ?? ""
                arrived += 1
                if request.hasPrefix("GET /half") {
                    stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
                }
                _ = try? await stream.read()
                ended += 1
            }
            let client = HTTPClient(on: worker.loop)
            let origin = server.origin

            let point = CancellationPoint()
            worker.spawn {
                while arrived == 0 {
                    await worker.loop.sleep(for: .milliseconds(2))
                }
                point.cancel()
            }
            await #expect(throws: HTTPClientError(.cancelled, wroteBytes: true)) {
                let request = HTTPClientRequest(method: .get, target: bytes("/"))
                _ = try await client.send(request, to: origin, poolKey: "k", cancellation: point)
            }
            await #expect(throws: HTTPClientError(.cancelled, wroteBytes: false)) {
                let request = HTTPClientRequest(method: .get, target: bytes("/"))
                _ = try await client.send(request, to: origin, poolKey: "k", cancellation: point)
            }

            let request = HTTPClientRequest(method: .get, target: bytes("/half"))
            let exchange = try await client.send(request, to: origin, poolKey: "k")
            #expect(try await exchange.next() == bytes("half"))
            worker.loop.schedule(after: .milliseconds(20)) { exchange.cancel() }
            await #expect(throws: HTTPClientError(.cancelled, wroteBytes: true)) { try await exchange.next() }
            await #expect(throws: HTTPClientError(.cancelled, wroteBytes: true)) { try await exchange.next() }

            do {
                _ = try await client.send(request, to: origin, poolKey: "k")
            }
            while ended < 3 {
                await worker.loop.sleep(for: .milliseconds(2))
            }
            #expect(client.connectionCount == 0)
            server.close()
        }
    }

    @Test(
        "H2: a response head or body beyond its bound is an error, read no further",
        arguments: [
            "HTTP/1.1 200 OK\r\nA: " + String(repeating: "a", count: 70_000) + "\r\n\r\n",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 10000001\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n989681\r\n",
        ]
    )
    func bounds(response: String) async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in await answering(response)(stream, number) }
            let client = HTTPClient(
                on: worker.loop,
                configuration: HTTPClientConfiguration(limits: HTTPLimits(maximumBodyBytes: 10_000_000))
            )
            let failure = await ClientFaultTests.failure(client, server.origin)
            guard case .malformed = failure?.kind else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(client.connectionCount == 0)
            server.close()
        }
    }

    @Test("an endless answer costs no more than the caller wants to read")
    func endless() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in
                _ = await readRequest(stream)
                stream.send(bytes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"))
                while !stream.isClosed, stream.fault == nil {
                    stream.send([UInt8](repeating: 1, count: 60_000))
                    guard (try? await stream.drained()) != nil else {
                        return
                    }
                }
            }
            let client = HTTPClient(on: worker.loop)
            let request = HTTPClientRequest(method: .get, target: bytes("/"))
            let exchange = try await client.send(request, to: server.origin, poolKey: "k")
            await #expect(throws: HTTPClientError(.malformed(.bodyTooLarge), wroteBytes: true)) {
                try await exchange.body(maximumBytes: 1_000_000)
            }
            #expect(client.connectionCount == 0)
            server.close()
        }
    }

    @Test("H5: one pool's requests wait for its own connections, and take none from another pool")
    func noisyNeighbour() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in
                while let request = await readRequest(stream) {
                    if request.hasPrefix("GET /slow") {
                        await worker.loop.sleep(for: .milliseconds(30))
                    }
                    stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
                }
            }
            let client = HTTPClient(
                on: worker.loop,
                configuration: HTTPClientConfiguration(maximumConnectionsPerPool: 2, maximumWaitingPerPool: 6)
            )
            let origin = server.origin
            let outcomes = BoundedMailbox<String>(on: worker.loop, capacity: 16)
            for _ in 0..<10 {
                worker.spawn {
                    do throws(HTTPClientError) {
                        _ = outcomes.push(try await fetch(client, origin, "/slow", key: "noisy"))
                    } catch {
                        _ = outcomes.push("\(error.kind) \(error.wroteBytes)")
                    }
                }
            }
            await worker.loop.sleep(for: .milliseconds(5))
            #expect(try await fetch(client, origin, "/", key: "quiet") == "200 ")
            var counts: [String: Int] = [:]
            for _ in 0..<10 {
                counts[await outcomes.next() ?? "", default: 0] += 1
            }
            #expect(counts == ["200 ": 8, "poolExhausted false": 2])
            #expect(server.connections.count == 3)
            client.close()
            server.close()
        }
    }

    @Test("H5: streams that last have connections of their own, and calls to the same server still find one")
    func streamsBesideCalls() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in
                while let request = await readRequest(stream) {
                    let isStream = request.hasPrefix("GET /stream")
                    stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: \(isStream ? 9 : 0)\r\n\r\n"))
                }
            }
            var configuration = HTTPClientConfiguration(maximumConnectionsPerPool: 1, maximumWaitingPerPool: 0)
            configuration.maximumStreamsPerPool = 2
            let client = HTTPClient(on: worker.loop, configuration: configuration)
            var stream = HTTPClientRequest(method: .get, target: bytes("/stream"))
            stream.isLongLived = true
            let first = try await client.send(stream, to: server.origin, poolKey: "k")
            let second = try await client.send(stream, to: server.origin, poolKey: "k")
            #expect(try await fetch(client, server.origin, "/", key: "k") == "200 ")
            await #expect(throws: HTTPClientError(.poolExhausted, wroteBytes: false)) {
                _ = try await client.send(stream, to: server.origin, poolKey: "k")
            }
            first.cancel()
            second.cancel()
            client.close()
            server.close()
        }
    }

    @Test(
        "C6: a field, target or method that would change the request's meaning is not written",
        arguments: [
            "/a b", "no-slash", "/\r\nX: y", "//host",
        ]
    )
    func unwritable(target: String) async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in _ = try? await stream.read() }
            let client = HTTPClient(on: worker.loop)
            await #expect(throws: HTTPClientError(.unwritable(.badTarget), wroteBytes: false)) {
                try await fetch(client, server.origin, target)
            }
            server.close()
        }
    }
}
