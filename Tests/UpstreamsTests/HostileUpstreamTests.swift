import Base
import EventLoops
import HTTPTransport
import JSONText
import MCPModel
import Testing

@testable import Upstreams

@Suite("a server that misbehaves")
struct HostileUpstreamTests {
    private static let result = #"{"jsonrpc":"2.0","id":$ID,"result":{}}"#

    /// The kind of failure a script leads to, and how many connections it took.
    private func outcome(
        of answer: ScriptedUpstream.Answer,
        message: UpstreamMessage = toolCall(),
        limits: UpstreamLimits = UpstreamLimits()
    ) async throws -> UpstreamFailure.Kind? {
        try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, _ in answer }
            defer { upstream.close() }
            return try await upstream.server(on: worker, limits: limits).failure(message)?.kind
        }
    }

    @Test(
        "D8: a response to somebody else's id is a violation, as JSON and in a stream",
        arguments: [
            #"{"jsonrpc":"2.0","id":8,"result":{}}"#, #"{"jsonrpc":"2.0","id":"7","result":{}}"#,
            #"{"jsonrpc":"2.0","id":null,"result":{}}"#,
        ]
    )
    func foreignResponse(body: String) async throws {
        let asJSON = try await outcome(of: .json(body))
        let asEvent = try await outcome(of: .events("data: \(body)\n\n"))
        let expected: Set<UpstreamFailure.Kind?> = [.protocolViolation(.foreignResponse)]
        #expect(expected.contains(asJSON))
        #expect(expected.contains(asEvent))
    }

    /// A reply that is whole has freed its connection before its JSON is judged: then nothing of it is left to harm anyone.
    @Test("D8: a stream that broke the protocol is closed, and its connection not used again")
    func closedAfterViolation() async throws {
        let connections = try await onWorker { worker in
            let event = "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n\n"
            let open =
                "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n"
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                number == 0 ? .raw(open) : .json(Self.result)
            }
            defer { upstream.close() }
            let server = try upstream.server(on: worker)
            #expect(await server.failure(toolCall())?.kind == .protocolViolation(.foreignResponse))
            #expect(await server.failure(toolCall()) == nil)
            return upstream.connectionCount
        }
        #expect(connections == 2)
    }

    @Test("D8: a request on a stream of 2026-07-28 is a violation, on a legacy stream it is passed on")
    func serverRequest() async throws {
        let events = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\"}\n\ndata: \(Self.result)\n\n"
        let modern = try await outcome(of: .events(events))
        #expect(modern == .protocolViolation(.serverRequest))
        let legacy = try await outcome(of: .events(events), message: toolCall(revision: .november2025))
        #expect(legacy == nil)
    }

    @Test(
        "D7: every kind of line end is understood, and whatever follows the response is dropped",
        arguments: ["\n", "\r", "\r\n"]
    )
    func lineEnds(end: String) async throws {
        let kinds = try await onWorker { worker in
            let note = #"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#
            let lines = [
                "\u{FEFF}: hello", "id: 1", "data:", "", "event: message", "data: {\"jsonrpc\":\"2.0\",",
                "data: \"id\":$ID,",
                "data: \"result\":{\"x\":1}}", "", "data: \(Self.result)", "", "data: \(note)", "", "",
            ]
            let upstream = try ScriptedUpstream(on: worker) { _, _ in .events(lines.joined(separator: end)) }
            defer { upstream.close() }
            guard case .stream(let stream, _) = try await upstream.server(on: worker).send(toolCall()) else {
                return [UpstreamEvent.Kind]()
            }
            var kinds: [UpstreamEvent.Kind] = []
            while let event = try await stream.next() {
                kinds.append(event.kind)
            }
            return kinds
        }
        #expect(kinds == [.empty, .response])
    }

    @Test(
        "E10: a reply that is encoded, too large, or not what it says is refused",
        arguments: [
            (
                "HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                UpstreamFailure.Kind.protocolViolation(.http)
            ),
            (
                "HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",
                .protocolViolation(.contentType)
            ),
            ("HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}", .protocolViolation(.contentType)),
            (
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n"
                    + String(repeating: " ", count: 2_000), .tooLarge
            ),
            ("HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n", .protocolViolation(.noResponse)),
            ("HTTP/1.1 204 X\r\n\r\n", .protocolViolation(.noResponse)),
            ("HTTP/1.1 200 X\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", .protocolViolation(.http)),
        ]
    )
    func badReplies(answer: String, expected: UpstreamFailure.Kind) async throws {
        var limits = UpstreamLimits()
        limits.maximumReplyBytes = 1_000
        let bounded = limits
        let kind = try await outcome(of: .raw(answer), limits: bounded)
        #expect(kind == expected)
    }

    @Test(
        "a body that is no JSON-RPC response is a violation",
        arguments: [
            ("{", UpstreamFailure.Violation.json), (#"{"id":7,"id":7}"#, .json), ("[]", .message), ("7", .message),
            (#"{"jsonrpc":"2.0","id":7}"#, .message), (#"{"jsonrpc":"2.0","id":7,"result":1}"#, .message),
            (#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#, .message),
            (#"{"jsonrpc":"2.0","id":7,"error":{"code":"x","message":"y"}}"#, .message),
            (#"{"jsonrpc":"1.0","id":7,"result":{}}"#, .message), (#"{"jsonrpc":"2.0","method":"ping"}"#, .message),
        ]
    )
    func badBodies(body: String, expected: UpstreamFailure.Violation) async throws {
        let kind = try await outcome(of: .json(body))
        #expect(kind == .protocolViolation(expected))
    }

    @Test("E10: a stream without end stops at its bounds, a silent one at its time-out")
    func endless() async throws {
        var limits = UpstreamLimits()
        limits.maximumStreamBytes = 10_000
        limits.idleTimeout = .milliseconds(200)
        let bounded = limits
        let note = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n"
        let many = try await outcome(of: .events(String(repeating: note, count: 1_000)), limits: bounded)
        #expect(many == .tooLarge)
        limits = UpstreamLimits()
        limits.maximumStreamEvents = 50
        let counted = limits
        let events = try await outcome(of: .events(String(repeating: note, count: 1_000)), limits: counted)
        #expect(events == .tooLarge)
        let head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        let silent = try await outcome(of: .raw(head), limits: bounded)
        #expect(silent == .timedOut)
        let short = try await outcome(of: .events(note))
        #expect(short == .protocolViolation(.noResponse))
        limits = UpstreamLimits()
        limits.maximumEventBytes = 100
        let line = limits
        let long = try await outcome(of: .events("data: " + String(repeating: "x", count: 10_000)), limits: line)
        #expect(long == .protocolViolation(.events))
    }

    @Test("E10: a reply of one byte now and then ends at the total time-out (MC-21)")
    func dripping() async throws {
        var limits = UpstreamLimits()
        limits.totalTimeout = .milliseconds(400)
        let bounded = limits
        let head = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
        let drip = head + String(repeating: " ", count: 500)
        let kind = try await outcome(of: .slow(drip, .milliseconds(10)), limits: bounded)
        #expect(kind == .timedOut)
    }

    @Test("C4: surplus bytes behind a response close the connection and reach no other request")
    func surplus() async throws {
        let (connections, second) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                let body = #"{"jsonrpc":"2.0","id":$ID,"result":{"n":\#(number)}}"#
                let size = body.replacing("$ID", with: "7").utf8.count
                let whole = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: \(size)\r\n\r\n\(body)"
                return .raw(number == 0 ? whole + whole : whole)
            }
            defer { upstream.close() }
            let server = try upstream.server(on: worker)
            _ = await server.failure(toolCall())
            var second: Int?
            if case .message(let document, _, _) = try await server.send(toolCall()) {
                second = document.root["result"]?["n"]?.number?.int
            }
            return (upstream.connectionCount, second)
        }
        #expect(second == 1)
        #expect(connections == 2)
    }

    @Test("C4: two credentials never share a connection, one credential does")
    func pools() async throws {
        let connections = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, _ in .json(Self.result) }
            defer { upstream.close() }
            let client = HTTPClient(on: worker.loop)
            let first = try upstream.server(on: worker, client: client)
            let second = try upstream.server(on: worker, client: client)
            for _ in 0..<3 {
                #expect(await first.failure(toolCall()) == nil)
                #expect(await second.failure(toolCall()) == nil)
            }
            return upstream.connectionCount
        }
        #expect(connections == 2)
    }

    @Test("G2: a redirect is an error, and the place it names is never asked", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async throws {
        let (kind, visits) = try await onWorker { worker in
            let trap = try ScriptedUpstream(on: worker) { _, _ in .json(Self.result) }
            let port = trap.port
            let upstream = try ScriptedUpstream(on: worker) { _, _ in
                .raw("HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:\(port)/mcp\r\nContent-Length: 0\r\n\r\n")
            }
            defer {
                upstream.close()
                trap.close()
            }
            let secret = UpstreamHeader(name: "Authorization", value: Secret(Array("Bearer up".utf8)))
            let failure = try await upstream.server(on: worker, headers: [secret]).failure(toolCall())
            return (failure?.kind, trap.requests.count)
        }
        #expect(kind == .redirected(status: status))
        #expect(visits == 0)
    }

    @Test("G3: a cookie set by the server never comes back, nothing is cached")
    func cookies() async throws {
        let requests = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, _ in
                let body = Self.result.replacing("$ID", with: "7")
                return .raw(
                    "HTTP/1.1 200 X\r\nSet-Cookie: a=b\r\nCache-Control: max-age=3600\r\nETag: \"x\"\r\n"
                        + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
            defer { upstream.close() }
            let server = try upstream.server(on: worker)
            for _ in 0..<3 {
                #expect(await server.failure(toolCall()) == nil)
            }
            return upstream.requests
        }
        #expect(requests.count == 3)
        #expect(!requests.contains { $0.lowercased().contains("cookie") || $0.lowercased().contains("if-none-match") })
    }

    @Test("only a failure before the first byte says that nothing was sent")
    func wroteBytes() async throws {
        let (refused, hungUp) = try await onWorker { worker in
            let upstream = try ScriptedUpstream(on: worker) { _, _ in .hangUp }
            let server = try upstream.server(on: worker)
            let hungUp = await server.failure(toolCall())
            upstream.close()
            let refused = await server.failure(toolCall())
            return (refused, hungUp)
        }
        #expect(refused?.kind == .unreachable)
        #expect(refused?.wroteBytes == false)
        #expect(hungUp?.kind == .broken)
        #expect(hungUp?.wroteBytes == true)
    }

    @Test("a cancelled call closes its connection, whether the reply has begun or not")
    func cancellation() async throws {
        let (kind, isClosed) = try await onWorker { worker in
            let head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                number == 0 ? .raw(head) : .slow("", .seconds(1))
            }
            defer { upstream.close() }
            let client = HTTPClient(on: worker.loop)
            let server = try upstream.server(on: worker, client: client)
            guard case .stream(let stream, _) = try await server.send(toolCall()) else {
                return (UpstreamFailure.Kind?.none, false)
            }
            stream.cancel()
            let point = CancellationPoint()
            worker.loop.schedule(after: .milliseconds(30)) { point.cancel() }
            do throws(UpstreamFailure) {
                _ = try await server.send(toolCall(), cancellation: point)
                return (nil, false)
            } catch {
                return (error.kind, client.connectionCount == 0)
            }
        }
        #expect(kind == .cancelled)
        #expect(isClosed)
    }
}
