import Base
import EventLoops
import JSONText
import MCPModel
import Testing

@testable import Upstreams

@Suite("servers over HTTP+SSE, the transport of 2024-11-05")
struct EventTests {
    private static let opening = UpstreamMessage(
        posting: Array(#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#.utf8),
        requestID: RequestID(1),
        method: .initialize,
        revision: .november2025
    )

    private static func call(_ session: ByteString?, id: Int = 7) -> UpstreamMessage {
        var message = toolCall(id, revision: .november2025)
        message.name = nil
        message.sessionID = session
        return message
    }

    private static func open(_ server: UpstreamServer) async throws -> ByteString {
        guard case .message(_, status: 200, let session?) = try await server.send(opening) else {
            Issue.record("initialize is not answered")
            return ""
        }
        return session
    }

    @Test("MC-12 LC-10: a server that refuses a POST and names an endpoint on a stream is found, and lists its tools")
    func found() async throws {
        let (names, posted, counts) = try await onWorker { worker in
            let old = try EventServer(on: worker)
            defer { old.close() }
            let knowledge = UpstreamKnowledge()
            let server = try old.server(on: worker, shared: knowledge)
            #expect(try await server.era() == .legacy)
            let names = try await server.listTools().tools.compactMap { $0["name"]?.string?.text }
            #expect(knowledge.speaksEvents)
            await old.wait { old.closed == 2 }
            return (names, old.posted, (old.opened, old.closed))
        }
        #expect(names == ["a"])
        #expect(counts == (2, 2), "one session for the question, one for the list, both ended")
        #expect(posted.filter { !$0.contains("x-key: k-1") } == [], "the credential goes with every message")
        #expect(posted.filter { $0.contains("Mcp-Session-Id") } == [], "this transport has no such header")
        #expect(posted.contains { $0.contains("notifications/initialized") })
    }

    @Test(
        "G2 G5: an endpoint of another origin is never followed",
        arguments: [
            "http://127.0.0.1:1/messages/?session_id=1", "//127.0.0.1/messages/", "https://127.0.0.1/messages/",
            "http://localhost:$PORT/messages/", "http://127.0.0.1:$PORT@evil.example/", "/a/../b", "/a b",
        ]
    )
    func foreign(endpoint: String) async throws {
        let (kind, posted) = try await onWorker { worker in
            let old = try EventServer(on: worker, endpoint: { endpoint.replacing("$PORT", with: "\($0)") })
            defer { old.close() }
            let failure = try await old.server(on: worker).failure(Self.opening)
            return (failure?.kind, old.posted)
        }
        #expect(kind == .protocolViolation(.endpoint))
        #expect(posted.isEmpty)
    }

    @Test("an endpoint is resolved against the address of the stream")
    func resolved() throws {
        let address = try UpstreamAddress("https://mcp.example/a/sse?k=1".utf8)
        let cases = [
            ("/messages?s=1", "/messages?s=1"), ("?s=1", "/a/sse?s=1"), ("messages/x", "/a/messages/x"),
            ("https://MCP.example:443/m", "/m"), ("/m:n", "/m:n"),
        ]
        for (reference, target) in cases {
            #expect(address.endpoint(Array(reference.utf8))?.target == Array(target.utf8), "\(reference)")
        }
        let bad = [
            "", "//x/y", "http://mcp.example/m", "mailto:a", "/m#f", "/\u{e9}", String(repeating: "a", count: 5000),
        ]
        for reference in bad {
            #expect(address.endpoint(Array(reference.utf8)) == nil, "\(reference.prefix(20))")
        }
    }

    @Test("D8: answers go to their own request, progress too; what is for nobody is dropped, and a ping is answered")
    func routed() async throws {
        let (texts, pong) = try await onWorker { worker in
            let old = try EventServer(
                on: worker,
                script: { request in
                    guard request.contains("tools/call") else {
                        return EventServer.usual(request)
                    }
                    return EventServer.Answer(events: [
                        #"{"jsonrpc":"2.0","id":99,"result":{"for":"nobody"}}"#,
                        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":99,"progress":1}}"#,
                        #"{"jsonrpc":"2.0","id":"p","method":"ping"}"#,
                        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$ID,"progress":2}}"#,
                        #"{"jsonrpc":"2.0","id":$ID,"result":{"for":"us"}}"#,
                    ])
                }
            )
            defer { old.close() }
            let server = try old.server(on: worker)
            let session = try await Self.open(server)
            var texts: [String] = []
            guard case .stream(let stream, _) = try await server.send(Self.call(session)) else {
                return (texts, false)
            }
            while let event = try await stream.next() {
                texts.append(String(decoding: event.message?.bytes ?? [], as: UTF8.self))
            }
            await old.wait { old.posted.contains { $0.hasSuffix(#"{"jsonrpc":"2.0","id":"p","result":{}}"#) } }
            return (texts, true)
        }
        #expect(texts.count == 2 && pong)
        #expect(texts.first?.contains(#""progress":2"#) == true && texts.last?.contains("us") == true)
    }

    @Test("a session the server has forgotten, and one of an earlier life, are over: nothing was done (LC-04)")
    func forgotten() async throws {
        let (statuses, count) = try await onWorker { worker in
            let old = try EventServer(
                on: worker,
                script: { request in
                    request.contains("tools/call") ? EventServer.Answer(status: 404) : EventServer.usual(request)
                }
            )
            defer { old.close() }
            let server = try old.server(on: worker)
            let session = try await Self.open(server)
            var statuses: [Int] = []
            for named in [session, session, "toolgate-events-1-2"] {
                if case .status(let status, _) = try await server.send(Self.call(named)) {
                    statuses.append(status)
                }
            }
            await old.wait { old.closed == 1 }
            return (statuses, old.posted.filter { $0.contains("tools/call") }.count)
        }
        #expect(statuses == [404, 404, 404])
        #expect(count == 1)
    }

    @Test("a stream that ends fails the calls under way, and the session is over")
    func broken() async throws {
        let (kind, status) = try await onWorker { worker in
            let old = try EventServer(
                on: worker,
                script: { request in
                    request.contains("tools/call") ? EventServer.Answer(ends: true) : EventServer.usual(request)
                }
            )
            defer { old.close() }
            let server = try old.server(on: worker)
            let session = try await Self.open(server)
            let failure = await server.failure(Self.call(session))
            #expect(failure?.wroteBytes == true)
            guard case .status(let status, _) = try await server.send(Self.call(session, id: 8)) else {
                return (failure?.kind, 0)
            }
            return (failure?.kind, status)
        }
        #expect(kind == .broken)
        #expect(status == 404)
    }

    @Test("a request nobody waits for any more is cancelled at the server (25/cancel)")
    func cancelled() async throws {
        let posted = try await onWorker { worker in
            let old = try EventServer(on: worker)
            defer { old.close() }
            let server = try old.server(on: worker)
            let session = try await Self.open(server)
            let point = CancellationPoint()
            worker.spawn {
                await old.wait { old.posted.contains { $0.contains("tools/call") } }
                point.cancel()
            }
            do throws(UpstreamFailure) {
                _ = try await server.send(Self.call(session), cancellation: point)
                Issue.record("answered")
            } catch {
                #expect(error.kind == .cancelled)
            }
            await old.wait { old.posted.contains { $0.contains("notifications/cancelled") } }
            return old.posted.last
        }
        #expect(posted?.hasSuffix(#""params":{"requestId":7}}"#) == true)
    }

    @Test("E10: a server that floods a session with what is for nobody loses it")
    func flooded() async throws {
        let kind = try await onWorker { worker in
            let old = try EventServer(
                on: worker,
                script: { request in
                    guard request.contains("tools/call") else {
                        return EventServer.usual(request)
                    }
                    let noise = #"{"jsonrpc":"2.0","id":99,"result":{}}"#
                    return EventServer.Answer(events: Array(repeating: noise, count: 10_001))
                }
            )
            defer { old.close() }
            let server = try old.server(on: worker)
            return await server.failure(Self.call(try await Self.open(server)))?.kind
        }
        #expect(kind == .protocolViolation(.message))
    }
}
