import Base
import EventLoops
import Glibc
import HTTPTransport
import HTTPWire
import Testing

@Suite("HTTP server under attack")
struct ServerFaultTests {
    @Test(
        "H1: a head that comes too slowly is answered with 408, a connection that says nothing is closed",
        arguments: [
            ("", ""), ("GET / HT", "HTTP/1.1 408 "), ("GET / HTTP/1.1\r\nHost: x\r\n", "HTTP/1.1 408 "),
        ]
    )
    func slowHead(start: String, answer: String) async throws {
        try await onWorker { worker in
            let server = try HTTPServer(
                on: worker,
                configuration: quickConfiguration(timeouts: shortTimeouts),
                handler: echo
            )
            let client = try await RawClient(server.address, on: worker.loop)
            client.send(start)
            // A byte now and then does not buy more time.
            let drip = worker.spawn {
                while !client.stream.isClosed && !client.stream.isInputEnded && !start.isEmpty {
                    await worker.loop.sleep(for: .milliseconds(50))
                    client.send("a")
                }
            }
            let received = await client.readToEnd()
            #expect(received.hasPrefix(answer) && received.isEmpty == answer.isEmpty)
            client.stream.close()
            await drip.value
            await server.drain(within: .seconds(10))
        }
    }

    @Test("H1: a body that comes too slowly is answered with 408")
    func slowBody() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(
                on: worker,
                configuration: quickConfiguration(timeouts: shortTimeouts),
                handler: echo
            )
            let answer = try await RawClient.ask(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe",
                server.address,
                on: worker.loop
            )
            #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains("request_timeout"))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("H1: an idle connection is closed without a word")
    func idle() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(
                on: worker,
                configuration: quickConfiguration(timeouts: shortTimeouts),
                handler: echo
            )
            let answer = try await RawClient.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", server.address, on: worker.loop)
            #expect(answer.hasSuffix("GET /a "))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("H1: a client that does not read is cut off, and its handler told; memory stays bounded")
    func slowReader() async throws {
        try await onWorker { worker in
            let failures = BoundedMailbox<(HTTPServerError, Int)>(on: worker.loop, capacity: 1)
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(timeouts: shortTimeouts)) {
                exchange in
                var written = 0
                do throws(HTTPServerError) {
                    try await exchange.startStream(200, HTTPFields())
                    while true {
                        try await exchange.write([UInt8](repeating: 1, count: 50_000))
                        written += 50_000
                    }
                } catch {
                    _ = failures.push((error, written))
                }
            }
            let client = try await RawClient(server.address, on: worker.loop)
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let failure = try #require(await failures.next())
            #expect(failure.0 == .timedOut)
            // What the system's buffers took, and no more than a high-water mark of ours.
            #expect(failure.1 < 20_000_000)
            client.stream.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test(
        "H1: too many connections, in all or of one address, are told 503 and do no harm",
        arguments: [(3, 100), (100, 3)]
    )
    func caps(total: Int, perAddress: Int) async throws {
        try await onWorker { worker in
            let configuration = quickConfiguration(maximumConnections: total, maximumConnectionsPerAddress: perAddress)
            let server = try HTTPServer(on: worker, configuration: configuration, handler: echo)
            var clients: [RawClient] = []
            for _ in 0..<3 {
                clients.append(try await RawClient(server.address, on: worker.loop))
            }
            while server.connectionCount < 3 {
                await worker.loop.sleep(for: .milliseconds(2))
            }
            let refused = try await RawClient.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", server.address, on: worker.loop)
            #expect(refused.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(refused.contains("Retry-After: ") && refused.contains("too_many_connections"))
            #expect(server.refusedCount == 1)
            clients[0].send("GET /served HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await clients[0].read(until: "served ").hasSuffix("GET /served "))
            clients[1].stream.reset()
            while server.connectionCount > 2 {
                await worker.loop.sleep(for: .milliseconds(2))
            }
            let free = try await RawClient(server.address, on: worker.loop)
            free.send("GET /free HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await free.read(until: "free ").hasSuffix("GET /free "))
            #expect(configuration.census.count == 3)
            for client in clients + [free] {
                client.stream.close()
            }
            await server.drain(within: .seconds(10))
            #expect(configuration.census.count == 0)
        }
    }

    @Test(
        "D10: a client that goes away is noticed while its request is handled, whether it ends or resets",
        arguments: [
            false, true,
        ]
    )
    func peerGone(isReset: Bool) async throws {
        try await onWorker { worker in
            let told = BoundedMailbox<Int>(on: worker.loop, capacity: 4)
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                let gone = BoundedMailbox<Void>(on: worker.loop, capacity: 1)
                var calls = 0
                exchange.onPeerClosed = {
                    calls += 1
                    _ = gone.push(())
                }
                await gone.next()
                #expect(exchange.isPeerClosed)
                _ = told.push(calls)
            }
            let client = try await RawClient(server.address, on: worker.loop)
            client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            await worker.loop.sleep(for: .milliseconds(10))
            if isReset { client.stream.reset() } else { client.stream.close() }
            #expect(await told.next() == 1)
            await server.drain(within: .seconds(10))
        }
    }

    @Test("D10: a client killed at any byte of its request or its answer leaves nothing behind")
    func killedAnywhere() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
            let request = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            for length in 0...request.utf8.count {
                let client = try await RawClient(server.address, on: worker.loop)
                client.send(String(request.prefix(length)))
                await Task.yield()
                if length.isMultiple(of: 2) { client.stream.reset() } else { client.stream.close() }
            }
            while server.connectionCount > 0 {
                await worker.loop.sleep(for: .milliseconds(5))
            }
            let answer = try await RawClient.ask(
                "GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                server.address,
                on: worker.loop
            )
            #expect(answer.hasSuffix("GET /after "))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("H6: with no descriptor left the server sheds, lives, and serves again when there are some")
    func descriptorsExhausted() async {
        await #expect(processExitsWith: .success) {
            try await onWorker { worker in
                let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
                let first = try await RawClient(server.address, on: worker.loop)
                var limit = rlimit(rlim_cur: 64, rlim_max: 64)
                setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
                var hoard: [Int32] = []
                while true {
                    let descriptor = open("/dev/null", O_RDONLY)
                    guard descriptor >= 0 else {
                        break
                    }
                    hoard.append(descriptor)
                }
                // Room for the client's end only.
                close(hoard.removeLast())
                let shed = try await RawClient(server.address, on: worker.loop)
                let nothing = await shed.readToEnd()
                shed.stream.close()
                first.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = await first.read(until: "first ")
                for descriptor in hoard {
                    close(descriptor)
                }
                let again = try await RawClient.ask(
                    "GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                    server.address,
                    on: worker.loop
                )
                guard nothing.isEmpty, answer.hasSuffix("GET /first "), again.hasSuffix("GET /again ") else {
                    exit(1)
                }
                exit(0)
            }
        }
    }
}
