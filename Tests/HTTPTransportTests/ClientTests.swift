import Base
import EventLoops
import HTTPTransport
import HTTPWire
import Testing

/// What a client got, in one line.
func fetch(
    _ client: HTTPClient,
    _ origin: HTTPOrigin,
    _ target: String = "/",
    key: ByteString = "k",
    body: [UInt8] = [],
    deadlines: HTTPClientDeadlines? = nil
) async throws(HTTPClientError) -> String {
    let request = HTTPClientRequest(method: body.isEmpty ? .get : .post, target: bytes(target), body: body)
    let exchange = try await client.send(request, to: origin, poolKey: key, deadlines: deadlines)
    let text = try await exchange.body(maximumBytes: 10_000_000)
    return "\(exchange.head.status) " + String(decoding: text, as: UTF8.self)
}

/// Answers every request on a connection with `text`.
func answering(_ text: String) -> (TCPStream, Int) async -> Void {
    { stream, _ in
        while await readRequest(stream) != nil {
            stream.send(bytes(text))
        }
        stream.close()
    }
}

@Suite("HTTP client")
struct ClientTests {
    @Test("requests go out as meant, over one connection, and answers come back")
    func simple() async throws {
        try await onWorker { worker in
            let server = try HTTPServer(on: worker, configuration: quickConfiguration(), handler: echo)
            let client = HTTPClient(on: worker.loop)
            let origin = HTTPOrigin(.http, host: "127.0.0.1", port: server.address.port)
            for round in 0..<5 {
                #expect(try await fetch(client, origin, "/\(round)?a=b") == "200 GET /\(round)?a=b ")
                #expect(try await fetch(client, origin, "/p", body: bytes("hello")) == "200 POST /p hello")
            }
            #expect(client.connectionCount == 1 && server.connectionCount == 1)
            client.close()
            #expect(client.connectionCount == 0)
            await server.drain(within: .seconds(10))
        }
    }

    @Test("bodies of a megabyte travel both ways, chunked and counted")
    func large() async throws {
        try await onWorker { worker in
            let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let server = try HTTPServer(on: worker, configuration: quickConfiguration()) { exchange in
                guard let received = try? await exchange.body(maximumBytes: 2_000_000) else {
                    return
                }
                if exchange.head.path.elementsEqual("/whole".utf8) {
                    try? await exchange.respond(200, HTTPFields(), body: received)
                } else {
                    try? await exchange.startStream(200, HTTPFields())
                    for start in stride(from: 0, to: received.count, by: 10_000) {
                        try? await exchange.write(Array(received[start..<start + 10_000]))
                    }
                    try? await exchange.finish()
                }
            }
            let client = HTTPClient(on: worker.loop)
            let origin = HTTPOrigin(.http, host: "127.0.0.1", port: server.address.port)
            for path in ["/whole", "/pieces"] {
                let request = HTTPClientRequest(method: .post, target: bytes(path), body: body)
                let exchange = try await client.send(request, to: origin, poolKey: "k")
                #expect(try await exchange.body(maximumBytes: 2_000_000) == body)
            }
            #expect(client.connectionCount == 1)
            client.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test(
        "a response that comes byte by byte is the same response",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        ]
    )
    func bytewise(response: String) async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in
                _ = await readRequest(stream)
                for byte in response.utf8 {
                    stream.send([byte])
                    try? await stream.flushed()
                    await Task.yield()
                }
                stream.finishOutput()
            }
            let client = HTTPClient(on: worker.loop)
            #expect(try await fetch(client, server.origin) == "200 hello")
            client.close()
            server.close()
        }
    }

    @Test(
        "G2: a redirect is an answer like any other, and nothing goes to where it points",
        arguments: [301, 302, 307, 308]
    )
    func redirects(status: Int) async throws {
        try await onWorker { worker in
            var visitors = 0
            let target = try RawServer(on: worker) { stream, _ in
                visitors += 1
                stream.close()
            }
            let server = try RawServer(on: worker) { stream, number in
                await answering(
                    "HTTP/1.1 \(status) Moved\r\nLocation: \(target.origin)/\r\nContent-Length: 0\r\n\r\n"
                )(stream, number)
            }
            let client = HTTPClient(on: worker.loop)
            var request = HTTPClientRequest(method: .post, target: bytes("/"), body: bytes("x"))
            request.fields.append(.authorization, "Bearer secret")
            let exchange = try await client.send(request, to: server.origin, poolKey: "k")
            #expect(exchange.head.status == status)
            #expect(try await exchange.next() == nil)
            await worker.loop.sleep(for: .milliseconds(20))
            #expect(visitors == 0)
            client.close()
            server.close()
            target.close()
        }
    }

    @Test("G3: no cookie, no cache validator, no compression and nothing else the caller did not ask for is sent")
    func nothingAdded() async throws {
        try await onWorker { worker in
            var requests: [String] = []
            let server = try RawServer(on: worker) { stream, _ in
                while let request = await readRequest(stream) {
                    requests.append(request)
                    stream.send(
                        bytes(
                            "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nETag: \"x\"\r\nCache-Control: max-age=99\r\n"
                                + "Content-Length: 2\r\n\r\nok"
                        )
                    )
                }
            }
            let client = HTTPClient(on: worker.loop)
            for _ in 0..<2 {
                #expect(try await fetch(client, server.origin, body: bytes("b")) == "200 ok")
            }
            let port = server.listener.address.port
            #expect(
                requests
                    == Array(
                        repeating: "POST / HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\nContent-Length: 1\r\n\r\nb",
                        count: 2
                    ).map { $0.replacingHostName() }
            )
            client.close()
            server.close()
        }
    }

    @Test("C4: connections are never shared between pool keys or origins")
    func poolKeys() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in
                await answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)")(stream, number)
            }
            let client = HTTPClient(on: worker.loop)
            #expect(try await fetch(client, server.origin, key: "a") == "200 0")
            #expect(try await fetch(client, server.origin, key: "b") == "200 1")
            #expect(try await fetch(client, server.origin, key: "a") == "200 0")
            #expect(try await fetch(client, server.origin, key: "b") == "200 1")
            let named = HTTPOrigin(.http, host: "localhost", port: server.listener.address.port)
            #expect(try await fetch(client, named, key: "a") == "200 2")
            client.close()
            server.close()
        }
    }

    @Test(
        "C4: bytes after a response, or while nobody asked, end the connection and reach no other request",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n", "HTTP/1.1 204 No Content\r\n\r\nx",
        ]
    )
    func surplus(response: String) async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in
                let answer = number == 0 ? response : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean"
                await answering(answer)(stream, number)
            }
            let client = HTTPClient(on: worker.loop)
            _ = try? await fetch(client, server.origin)
            #expect(try await fetch(client, server.origin) == "200 clean")
            #expect(server.connections.count == 2)

            let late = try RawServer(on: worker) { stream, number in
                _ = await readRequest(stream)
                stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)"))
                await worker.loop.sleep(for: .milliseconds(10))
                stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"))
            }
            #expect(try await fetch(client, late.origin) == "200 0")
            // The surplus is noticed when it comes, not when the connection is wanted.
            while client.connectionCount > 1 {
                await worker.loop.sleep(for: .milliseconds(2))
            }
            #expect(try await fetch(client, late.origin) == "200 1")
            client.close()
            server.close()
            late.close()
        }
    }

    @Test("C4: an answer before the request was whole is delivered, and its connection not used again")
    func earlyAnswer() async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, _ in
                _ = try? await stream.read()
                stream.send(bytes("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"))
                try? await stream.flushed()
                // Not a byte more is read.
                await worker.loop.sleep(for: .milliseconds(500))
            }
            let client = HTTPClient(on: worker.loop)
            let body = [UInt8](repeating: 1, count: 8_000_000)
            #expect(try await fetch(client, server.origin, body: body) == "413 big")
            #expect(client.connectionCount == 0)
            client.close()
            server.close()
        }
    }

    @Test(
        "C1: a response that two parsers could read differently is an error",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\n\nok", "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/3 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "\0\0\0",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n",
        ]
    )
    func malformed(response: String) async throws {
        try await onWorker { worker in
            let server = try RawServer(on: worker) { stream, number in
                await answering(response)(stream, number)
            }
            let client = HTTPClient(on: worker.loop)
            do {
                let answer = try await fetch(client, server.origin)
                Issue.record("accepted as \(answer)")
            } catch let error as HTTPClientError {
                #expect(error.wroteBytes)
                guard case .malformed = error.kind else {
                    Issue.record("\(error)")
                    return
                }
            }
            #expect(client.connectionCount == 0)
            client.close()
            server.close()
        }
    }
}

extension String {
    /// Names we write without a known field's spelling are in lower case; the host is a known one.
    fileprivate func replacingHostName() -> String {
        split(separator: "\r\n", omittingEmptySubsequences: false)
            .map { line in line.hasPrefix("host: ") ? "Host" + line.dropFirst(4) : String(line) }
            .joined(separator: "\r\n")
    }
}
