import Base
import EventLoops
import Glibc
import HTTPTransport
import HTTPWire
import Testing

/// Files that go with the test.
private final class Files {
    let directory: String
    private var paths: [String] = []

    init() {
        var template = Array("/tmp/toolgate-tls-XXXXXX".utf8CString)
        directory = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    func file(_ name: String, _ text: String) -> String {
        let path = directory + "/" + name
        let file = fopen(path, "w")
        fputs(text, file)
        fclose(file)
        paths.append(path)
        return path
    }

    deinit {
        for path in paths {
            unlink(path)
        }
        rmdir(directory)
    }
}

@Suite("TLS")
struct TLSTests {
    private static func identity(_ certificate: String, _ key: String) throws -> TLSServerIdentity {
        let files = Files()
        return try TLSServerIdentity(
            certificateFile: files.file("certificate.pem", certificate),
            keyFile: files.file("key.pem", key)
        )
    }

    private static func client(_ loop: EventLoop) throws -> HTTPClient {
        let files = Files()
        let trust = try TLSTrust(authoritiesFile: files.file("authority.pem", Certificates.authority))
        return HTTPClient(on: loop, configuration: HTTPClientConfiguration(trust: trust))
    }

    private static func serve(
        _ worker: isolated Worker,
        _ certificate: String = Certificates.good,
        _ key: String = Certificates.goodKey,
        handshake: Duration = .seconds(60)
    ) throws -> HTTPServer {
        var configuration = quickConfiguration(tls: try identity(certificate, key))
        configuration.timeouts = HTTPServerTimeouts(head: handshake)
        return try HTTPServer(on: worker, configuration: configuration, handler: echo)
    }

    @Test(
        "a request goes through TLS, by name and by address, and connections are kept",
        arguments: ["localhost", "127.0.0.1"]
    )
    func roundTrip(host: String) async throws {
        try await onWorker { worker in
            let server = try TLSTests.serve(worker)
            let client = try TLSTests.client(worker.loop)
            let origin = HTTPOrigin(.https, host: ByteString(host), port: server.address.port)
            #expect(try await fetch(client, origin, "/a") == "200 GET /a ")
            let body = [UInt8](repeating: 97, count: 900_000)
            let answer = try await fetch(client, origin, "/b", body: body)
            #expect(answer.utf8.count == 900_000 + 12)
            #expect(client.connectionCount == 1)
            client.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test("C11: a certificate of another name, of nobody we trust, or out of date is refused, before a byte is sent")
    func refused() async throws {
        try await onWorker { worker in
            let cases = [
                (Certificates.other, Certificates.otherKey), (Certificates.selfSigned, Certificates.selfSignedKey),
                (Certificates.expired, Certificates.goodKey),
            ]
            for (certificate, key) in cases {
                let server = try TLSTests.serve(worker, certificate, key)
                let client = try TLSTests.client(worker.loop)
                for host: ByteString in ["localhost", "127.0.0.1"] {
                    let origin = HTTPOrigin(.https, host: host, port: server.address.port)
                    do throws(HTTPClientError) {
                        _ = try await fetch(client, origin)
                        Issue.record("a bad certificate was accepted")
                    } catch {
                        #expect(!error.wroteBytes)
                        guard case .tls(.untrusted) = error.kind else {
                            Issue.record("\(error.kind)")
                            continue
                        }
                    }
                }
                #expect(client.connectionCount == 0)
                await server.drain(within: .seconds(10))
            }
        }
    }

    @Test("C11: what only the system's authorities vouch for is checked against them: ours is refused")
    func systemTrust() async throws {
        try await onWorker { worker in
            let server = try TLSTests.serve(worker)
            let client = HTTPClient(on: worker.loop)
            let origin = HTTPOrigin(.https, host: "localhost", port: server.address.port)
            do throws(HTTPClientError) {
                _ = try await fetch(client, origin)
                Issue.record("accepted")
            } catch {
                #expect(!error.wroteBytes)
                if case .tls = error.kind {} else { Issue.record("\(error.kind)") }
            }
            await server.drain(within: .seconds(10))
        }
    }

    @Test("G4: an https origin that answers in plain is an error, never a plain request")
    func noFallback() async throws {
        try await onWorker { worker in
            var received: [UInt8] = []
            let server = try RawServer(on: worker) { stream, _ in
                received += (try? await stream.read()) ?? []
                stream.send(bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
            }
            let client = try TLSTests.client(worker.loop)
            let origin = HTTPOrigin(.https, host: "localhost", port: server.listener.address.port)
            await #expect(throws: HTTPClientError(.tls(.handshakeFailed), wroteBytes: false)) {
                try await fetch(client, origin, body: bytes("secret"))
            }
            // A handshake record, and nothing of the request.
            #expect(received.first == 0x16)
            #expect(received.firstRange(of: bytes("secret")) == nil)
            server.close()
        }
    }

    @Test("C11: TLS 1.1 is refused by the server with the alert for it")
    func oldVersion() async throws {
        try await onWorker { worker in
            let server = try TLSTests.serve(worker)
            let alert = try await TLSTests.answer(to: clientHello(version: [3, 2], alpn: nil), server, worker.loop)
            #expect(alert.prefix(2) == [0x15, 3])
            #expect(alert.suffix(2) == [2, 70])
            await server.drain(within: .seconds(10))
        }
    }

    @Test("C10: HTTP/2 is not offered: a client that speaks nothing else is refused by ALPN")
    func applicationProtocol() async throws {
        try await onWorker { worker in
            let server = try TLSTests.serve(worker)
            let refused = try await TLSTests.answer(
                to: clientHello(version: [3, 3], alpn: ["h2"]),
                server,
                worker.loop
            )
            #expect(refused.suffix(2) == [2, 120])
            let client = try await RawClient(server.address, on: worker.loop)
            client.stream.send(clientHello(version: [3, 3], alpn: ["h2", "http/1.1"]))
            let accepted = try #require(await client.stream.read())
            #expect(accepted.first == 0x16)
            #expect(accepted.firstRange(of: bytes("http/1.1")) != nil)
            client.stream.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test(
        "H1: a handshake that does not come, or is none, ends in time and without harm",
        arguments: [
            "", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{16}\u{3}",
        ]
    )
    func handshakeTimeout(start: String) async throws {
        try await onWorker { worker in
            let server = try TLSTests.serve(worker, handshake: .milliseconds(200))
            let client = try await RawClient(server.address, on: worker.loop)
            client.send(start)
            let answer = await client.readToEnd()
            #expect(!answer.hasPrefix("HTTP/1.1 200"))
            client.stream.close()
            await server.drain(within: .seconds(10))
            #expect(server.connectionCount == 0)
        }
    }

    @Test("a connection that is cut, without TLS's word of farewell, is no end of an answer")
    func truncation() async throws {
        try await onWorker { worker in
            // A plain relay between client and server that cuts the server's last bytes off.
            let server = try HTTPServer(
                on: worker,
                configuration: quickConfiguration(tls: try TLSTests.identity(Certificates.good, Certificates.goodKey))
            ) { exchange in
                try? await exchange.respond(200, HTTPFields(), body: bytes("whole"))
            }
            let relay = try RawServer(on: worker) { front, _ in
                guard
                    let back = try? await TCPStream.connect(to: server.address, on: worker.loop, timeout: .seconds(10))
                else {
                    return
                }
                worker.spawn {
                    while let piece = try? await front.read() {
                        back.send(piece)
                    }
                }
                var count = 0
                while let piece = try? await back.read() {
                    count += piece.count
                    front.send(count > 1_400 ? Array(piece.prefix(30)) : piece)
                    if count > 1_400 {
                        front.finishOutput()
                        break
                    }
                }
            }
            let client = try TLSTests.client(worker.loop)
            let origin = HTTPOrigin(.https, host: "localhost", port: relay.listener.address.port)
            do throws(HTTPClientError) {
                let answer = try await fetch(client, origin)
                // The cut may fall behind the whole answer; then it is whole.
                #expect(answer == "200 whole")
            } catch {
                #expect(error.kind == .reset)
            }
            client.close()
            relay.close()
            await server.drain(within: .seconds(10))
        }
    }

    @Test("a certificate and key that do not belong together, or are none, are refused")
    func badIdentity() {
        for (certificate, key) in [
            (Certificates.good, Certificates.otherKey), ("nonsense", "nonsense"), (Certificates.good, ""),
        ] {
            #expect(throws: TLSError.badIdentity) { try TLSTests.identity(certificate, key) }
        }
        #expect(throws: TLSError.badTrust) { try TLSTrust(authoritiesFile: "/nonexistent.pem") }
    }

    private static func answer(to hello: [UInt8], _ server: HTTPServer, _ loop: EventLoop) async throws -> [UInt8] {
        let client = try await RawClient(server.address, on: loop)
        client.stream.send(hello)
        var answer: [UInt8] = []
        while let piece = try? await client.stream.read() {
            answer += piece
        }
        client.stream.close()
        return answer
    }
}

/// A client's first message (RFC 5246, section 7.4.1.2), by hand.
private func clientHello(version: [UInt8], alpn: [String]?) -> [UInt8] {
    var extensions: [UInt8] = []
    extensions += [0, 10, 0, 4, 0, 2, 0, 23] + [0, 11, 0, 2, 1, 0] + [0, 13, 0, 4, 0, 2, 4, 3]
    if let alpn {
        let names = alpn.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        extensions += [0, 16, 0, UInt8(names.count + 2), 0, UInt8(names.count)] + names
    }
    var body = version + [UInt8](repeating: 7, count: 32) + [0]
    body += [0, 4, 0xC0, 0x2B, 0xC0, 0x09] + [1, 0]
    body += [UInt8(extensions.count >> 8), UInt8(extensions.count & 255)] + extensions
    let message = [1, 0, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    return [0x16, 3, 1, UInt8(message.count >> 8), UInt8(message.count & 255)] + message
}
