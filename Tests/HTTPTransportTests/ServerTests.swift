import Base
import EventLoops
import HTTPTransport
import HTTPWire
import Testing

@Suite("HTTP server")
struct ServerTests {
    @Test("a request is answered, and the connection serves the next")
    func keepAlive() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
            let client = try await RawClient(server.address, on: worker.loop)
            client.send("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            let first = await client.read(until: "hello")
            #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(first.contains("Content-Length: 17\r\n"))
            #expect(first.contains("\r\nDate: ") && first.contains(" GMT\r\n\r\n"))
            #expect(first.hasSuffix("\r\n\r\nPOST /a?b=c hello"))
            client.send("GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let second = await client.readToEnd()
            #expect(second.contains("Connection: close\r\n"))
            #expect(second.hasSuffix("GET /next "))
            client.stream.close()
            await server.drain(within: .seconds(10))
            #expect(server.connectionCount == 0)
        }
    }

    @Test("a request that comes byte by byte is the same request")
    func bytewise() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
            let client = try await RawClient(server.address, on: worker.loop)
            for round in 0..<2 {
                try await client.sendBytewise(
                    "POST /\(round) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                )
                #expect(await client.read(until: "abcde").hasSuffix("POST /\(round) abcde"))
            }
            client.stream.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test("pipelined requests are answered one after the other, in order")
    func pipelining() async throws {
        try await onWorker { worker in
            var running = 0
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                running += 1
                #expect(running == 1)
                await worker.loop.sleep(for: .milliseconds(2))
                await echo(exchange)
                running -= 1
            }
            let requests = (0..<20).map { number in
                "POST /\(number) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
            }
            let last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let answer = try await RawClient.ask(requests.joined() + last, server.address, on: worker.loop)
            let bodies = answer.split(separator: "\r\n\r\n").dropFirst().map { part in part.prefix { $0 != "H" } }
            #expect(bodies == (0..<20).map { "POST /\($0) abc" } + ["GET /last "])
            await server.drain(within: .seconds(10))
        }
    }

    @Test(
        "C1: what two parsers could read differently is refused, and the connection closed",
        arguments: [
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "nonsense\r\n\r\n",
        ]
    )
    func framing(request: String) async throws {
        try await onWorker { worker in
            var handled = 0
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                handled += 1
                await echo(exchange)
            }
            let smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
            let answer = try await RawClient.ask(request + smuggled, server.address, on: worker.loop)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("Content-Type: application/json\r\n") && answer.contains("Connection: close\r\n"))
            #expect(answer.contains("\"error\":\""))
            #expect(!answer.contains("smuggled"))
            #expect(!answer.contains("200 OK"))
            await server.drain(within: .seconds(10))
            #expect(handled <= 1)
        }
    }

    @Test(
        "C2: other versions, forms, methods and expectations are refused by their own status",
        arguments: [
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"), ("GET /\r\n\r\n", "400"),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "400"), ("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\n\r\n", "417"),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "415"),
        ]
    )
    func statuses(request: String, status: String) async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
            let answer = try await RawClient.ask(request, server.address, on: worker.loop)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("C2: an upgrade is ignored, nothing is ever tunnelled")
    func upgrade() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
            let answer = try await RawClient.ask(
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n",
                server.address,
                on: worker.loop
            )
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.components(of: "HTTP/1.1 ").count == 1)
            await server.drain(within: .seconds(10))
        }
    }

    @Test(
        "H2: heads and bodies beyond their bounds are refused while they are read",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 9_000) + "\r\n\r\n", "431"),
            ("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 60) + "\r\n", "431"),
            ("GET /" + String(repeating: "a", count: 2_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "413"),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", "413"),
            ("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "413"),
            (
                "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
                    + String(repeating: "a", count: 101) + "\r\n0\r\n\r\n", "413"
            ),
        ]
    )
    func bounds(request: String, status: String) async throws {
        try await onWorker { worker in
            let limits = HTTPLimits(
                maximumHeadBytes: 8_192,
                maximumFieldCount: 50,
                maximumTargetBytes: 1_000,
                maximumBodyBytes: 1_000
            )
            let configuration = quickConfiguration(limits: limits)
            let server = try HTTPServer(on: worker, configuration: configuration) { exchange in
                _ = try? await exchange.body(maximumBytes: 100)
            }
            let answer = try await RawClient.ask(request, server.address, on: worker.loop)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("a refusal reaches a client that is still sending its large body")
    func lateRefusal() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                try? await exchange.respond(401, HTTPFields(), body: bytes("who are you"))
            }
            let client = try await RawClient(server.address, on: worker.loop)
            client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n")
            for _ in 0..<9 {
                client.stream.send([UInt8](repeating: 65, count: 100_000))
                await Task.yield()
            }
            let answer = await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 401 ") && answer.contains("Connection: close\r\n"))
            #expect(answer.hasSuffix("who are you"))
            client.stream.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test(
        "C3: a body nobody read is dropped before the next request, or the connection closes",
        arguments: [100, 200_000]
    )
    func undrained(count: Int) async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                try? await exchange.respond(200, HTTPFields(), body: Array(exchange.head.target))
            }
            let poison = "GET /poison HTTP/1.1\r\nHost: x\r\n\r\n"
            // In bytes: for Swift a line end is one character.
            let repeated = Array(String(repeating: poison, count: count / poison.utf8.count + 1).utf8)
            let body = String(decoding: repeated.prefix(count), as: UTF8.self)
            let answer = try await RawClient.ask(
                "POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: \(count)\r\n\r\n" + body
                    + "GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                server.address,
                on: worker.loop
            )
            #expect(answer.contains("/first"))
            #expect(!answer.contains("/poison"))
            #expect(answer.contains("/second") == (count == 100))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("a client that waits for `100 Continue` gets it when the body is wanted, and not otherwise")
    func expectation() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                if exchange.head.path.elementsEqual("/no".utf8) {
                    try? await exchange.respond(403, HTTPFields(), body: [])
                } else {
                    await echo(exchange)
                }
            }
            let client = try await RawClient(server.address, on: worker.loop)
            client.send("POST /yes HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(await client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            client.send("hi")
            #expect(await client.read(until: "hi").hasSuffix("POST /yes hi"))
            client.send("POST /no HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            let refused = await client.readToEnd()
            #expect(refused.hasPrefix("HTTP/1.1 403 ") && refused.contains("Connection: close\r\n"))
            client.stream.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test("HTTP/1.0 is answered once, and a stream to it ends with the connection")
    func oldVersion() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                try? await exchange.startStream(200, HTTPFields())
                try? await exchange.write(bytes("one,"))
                try? await exchange.write(bytes("two"))
                try? await exchange.finish()
            }
            let answer = try await RawClient.ask("GET / HTTP/1.0\r\n\r\n", server.address, on: worker.loop)
            #expect(answer.contains("Connection: close\r\n") && !answer.contains("chunked"))
            #expect(answer.hasSuffix("\r\n\r\none,two"))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("a stream goes out in chunks, and the connection goes on after it")
    func streaming() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                var fields = HTTPFields()
                fields.append(.contentType, "text/event-stream")
                try? await exchange.startStream(200, fields)
                await worker.loop.sleep(for: .milliseconds(5))
                try? await exchange.write(bytes("first"))
                await worker.loop.sleep(for: .milliseconds(5))
                #expect(exchange.writeIfRoom(bytes("second")))
                try? await exchange.finish()
                #expect(!exchange.writeIfRoom(bytes("late")))
            }
            let client = try await RawClient(server.address, on: worker.loop)
            for _ in 0..<2 {
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = await client.read(until: "0\r\n\r\n")
                #expect(answer.contains("Transfer-Encoding: chunked\r\n"))
                #expect(answer.hasSuffix("\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"))
            }
            client.stream.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test("answers to HEAD, 204 and 304 have no body, whatever the handler gives")
    func bodiless() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                let status = Int(String(decoding: exchange.head.path.dropFirst(), as: UTF8.self)) ?? 200
                try? await exchange.respond(status, HTTPFields(), body: bytes("body"))
            }
            let answer = try await RawClient.ask(
                "HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\nGET /204 HTTP/1.1\r\nHost: x\r\n\r\n"
                    + "GET /304 HTTP/1.1\r\nHost: x\r\n\r\nGET /200 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                server.address,
                on: worker.loop
            )
            #expect(answer.components(of: "body").count == 1)
            #expect(answer.components(of: "HTTP/1.1 ").count == 4)
            await server.drain(within: .seconds(10))
        }
    }

    @Test("a handler that does not answer, or answers half, leaves no client waiting")
    func brokenHandlers() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                if exchange.head.path.elementsEqual("/half".utf8) {
                    try? await exchange.startStream(200, HTTPFields())
                    try? await exchange.write(bytes("half"))
                    await worker.loop.sleep(for: .milliseconds(20))
                } else if exchange.head.path.elementsEqual("/unwritable".utf8) {
                    await #expect(throws: HTTPServerError.unwritable(.badStatus)) {
                        try await exchange.respond(99, HTTPFields(), body: [])
                    }
                }
            }
            for path in ["/nothing", "/unwritable"] {
                let answer = try await RawClient.ask(
                    "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n",
                    server.address,
                    on: worker.loop
                )
                #expect(answer.hasPrefix("HTTP/1.1 500 ") && answer.contains("internal_error"))
            }
            let half = try await RawClient.ask("GET /half HTTP/1.1\r\nHost: x\r\n\r\n", server.address, on: worker.loop)
            #expect(!half.contains("0\r\n\r\n"))
            await server.drain(within: .seconds(10))
        }
    }

    @Test("draining lets a request under way finish, closes idle connections, and ends what takes too long")
    func draining() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                if exchange.head.path.elementsEqual("/hang".utf8) {
                    let gone = BoundedMailbox<Void>(on: worker.loop, capacity: 1)
                    exchange.onPeerClosed = { _ = gone.push(()) }
                    await gone.next()
                } else {
                    await worker.loop.sleep(for: .milliseconds(40))
                    await echo(exchange)
                }
            }
            let idle = try await RawClient(server.address, on: worker.loop)
            let busy = try await RawClient(server.address, on: worker.loop)
            let hanging = try await RawClient(server.address, on: worker.loop)
            busy.send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n")
            hanging.send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
            while server.connectionCount < 3 {
                await worker.loop.sleep(for: .milliseconds(2))
            }
            await worker.loop.sleep(for: .milliseconds(10))
            await server.drain(within: .seconds(1))
            #expect(server.connectionCount == 0)
            #expect(await idle.readToEnd() == "")
            let answer = await busy.readToEnd()
            #expect(answer.hasSuffix("GET /busy ") && answer.contains("Connection: close\r\n"))
            #expect(await hanging.readToEnd() == "")
            await #expect(throws: StreamError.refused) { _ = try await RawClient(server.address, on: worker.loop) }
        }
    }

    @Test("`run` returns when the server has been drained")
    func running() async throws {
        try await onWorker { worker in
            try await HTTPServer.run(on: worker, configuration: quickConfiguration()) { server in
                worker.spawn {
                    let answer = try? await RawClient.ask(
                        "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        server.address,
                        on: worker.loop
                    )
                    #expect(answer?.hasSuffix("GET /a ") == true)
                    await server.drain(within: .seconds(10))
                }
            } handler: { exchange in
                await echo(exchange)
            }
        }
    }
}

extension String {
    /// The pieces after each occurrence of `separator`.
    func components(of separator: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = self[...]
        while let range = rest.utf8.firstRange(of: separator.utf8) {
            rest = rest[range.upperBound...]
            pieces.append(rest)
        }
        return pieces
    }
}
