import Glibc
import Testing

@testable import Gateway

/// Clients of 2024-11-05: `GET /sse/<server>`, and posts beside.
@Suite("Clients over HTTP+SSE", .serialized)
struct EventClientTests {
    /// A client's two connections.
    struct Client {
        let stream: TestClient
        var poster: TestClient

        init(_ gateway: Harness, token: String? = nil) throws {
            var stream = try gateway.client(token: token)
            stream.path = "/sse/crm"
            stream.send("GET", "", accept: "text/event-stream")
            let head = try #require(stream.socket.readHead())
            #expect(head.status == 200 && head.field("content-type") == "text/event-stream")
            self.stream = stream
            poster = try gateway.client(token: token)
            poster.path = try #require(stream.nextEvent())
        }

        func post(_ body: String) throws -> Int {
            let answer = try poster.request("POST", body, accept: "*/*")
            #expect(answer.body.isEmpty || answer.status >= 400, "what answers goes on the stream")
            return answer.status
        }

        func ask(_ method: String, _ params: String = "", id: Int = 7) throws -> String {
            #expect(try post(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(params)}}"#) == 202)
            return try #require(stream.nextEvent(), "no answer on the stream")
        }

        func initialize(_ revision: String = "2024-11-05") throws -> String {
            let opened = try ask(
                "initialize",
                #""protocolVersion":"\#(revision)","capabilities":{},"clientInfo":{"name":"t","version":"1"}"#,
                id: 0
            )
            #expect(try post(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#) == 202)
            return opened
        }
    }

    private static let policy = """
        {"version":"1","default":"deny","hide":["delete_lead"],"tools":{"create_lead":{"deny_if":[{"name":"big",\
        "conditions":[{"path":"args.amount","op":"gt","value":5}],"on_deny":"too much"}]}}}
        """

    @Test("A9: the same decisions as for any other client, at servers of both eras", arguments: [1, 2], [true, false])
    func decisions(workers: Int, isModern: Bool) async throws {
        let upstream = isModern ? Upstreams.modern() : Upstreams.legacy()
        var options = Harness.Options()
        options.workers = workers
        options.policy = Self.policy
        let gateway = try await Harness.start(upstream, options)
        let client = try Client(gateway)
        let opened = try client.initialize()
        #expect(opened.contains(#""protocolVersion":"2024-11-05""#) && opened.contains(#""id":0"#), "\(opened)")
        let list = try client.ask("tools/list")
        #expect(list.contains("create_lead") && !list.contains("delete_lead"), "\(list)")
        let ran = try client.ask("tools/call", #""name":"create_lead","arguments":{"amount":1}"#, id: 8)
        #expect(ran.contains("ran create_lead") && ran.contains(#""id":8"#), "\(ran)")
        let denied = try client.ask("tools/call", #""name":"create_lead","arguments":{"amount":9}"#)
        #expect(denied.contains("too much") && denied.contains(#""isError":true"#), "\(denied)")
        let hidden = try client.ask("tools/call", #""name":"delete_lead""#)
        let absent = try client.ask("tools/call", #""name":"absent_lead""#)
        #expect(hidden.replacing("delete", with: "absent") == absent && absent.contains("-32602"), "\(absent)")
        #expect(upstream.bodies(containing: "delete_lead").isEmpty)
        let lines = await gateway.records(8).filter { $0.contains(#""method":"tools/call""#) }
        #expect(lines.count == 4 && lines.contains { $0.contains(#""outcome":"hidden""#) }, "\(lines)")
        await gateway.stop()
    }

    @Test("D1 F6: a stream's address is good for its grant alone, and only while the stream is open")
    func addresses() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let client = try Client(gateway)
        _ = try client.initialize()
        let note = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        var other = try gateway.client(token: gateway.otherToken)
        other.path = client.poster.path
        #expect(try other.request("POST", note).status == 404)
        var nobody = try gateway.client(token: "")
        nobody.path = client.poster.path
        #expect(try nobody.request("POST", note).status == 401)
        for path in ["/sse/crm/x", "/sse/crm/", "/sse/crm/x/y", client.poster.path + "A"] {
            var wrong = try gateway.client()
            wrong.path = path
            #expect(try wrong.request("POST", note).status == 404 || path == "/sse/crm/", "\(path)")
        }
        #expect(try client.post(note) == 202)
        client.stream.socket.end()
        // The end of the stream is seen in a turn of the loop; until then posts are taken.
        var status = 202
        for _ in 0..<10_000 where status == 202 {
            status = try client.post(note)
        }
        #expect(status == 404)
        await gateway.stop()
    }

    @Test("what is no message, or not for this transport, is refused with a status")
    func refusals() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let client = try Client(gateway)
        #expect(try client.post("{") == 400)
        #expect(try client.post(#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#) == 400)
        // Before `initialize` there is no session; a request hears so on the stream.
        #expect(try client.ask("tools/list").contains("initialize"))
        _ = try client.initialize()
        #expect(try client.ask("initialize", #""protocolVersion":"2024-11-05","capabilities":{}"#).contains("error"))
        #expect(try client.ask("no/such").contains("-32601"))
        #expect(try client.ask("ping").contains(#""result":{}"#))
        var plain = try gateway.client()
        plain.path = "/sse/crm"
        #expect(try plain.request("POST", "{}").status == 405)
        plain.path = client.poster.path
        #expect(try plain.request("GET", "").status == 405)
        await gateway.stop()
    }

    @Test("D9: a revoked grant loses its stream")
    func revoked() async throws {
        let upstream = Upstreams.legacy()
        let gateway = try await Harness.start(upstream)
        let client = try Client(gateway)
        _ = try client.initialize()
        try gateway.reload(upstream, policy: nil, includesFirst: false)
        #expect(client.stream.nextEvent() == nil)
        #expect(try client.post(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#) == 401)
        await gateway.stop()
    }

    @Test("H5: streams are counted per grant")
    func counted() async throws {
        var options = Harness.Options()
        options.limits.maximumStreamsPerGrant = 1
        let gateway = try await Harness.start(Upstreams.legacy(), options)
        let client = try Client(gateway)
        var second = try gateway.client()
        second.path = "/sse/crm"
        #expect(try second.request("GET", "", accept: "text/event-stream").status == 503)
        _ = try client.initialize()
        await gateway.stop()
    }

    @Test("H5: a client that does not read its stream loses it")
    func slow() async throws {
        let text = String(repeating: "x", count: 1 << 20)
        let upstream = Upstreams.legacy { sent in
            sent.method == "tools/call" ? .json(sent.result(Upstreams.text(text))) : nil
        }
        let gateway = try await Harness.start(upstream)
        let client = try Client(gateway)
        _ = try client.initialize()
        var status = 202
        for number in 0..<200 where status == 202 {
            let call = #"{"jsonrpc":"2.0","id":\#(number),"method":"tools/call","params":{"name":"create_lead"}}"#
            status = try client.post(call)
            // One after the other: it is the stream that is to be full, not the gateway busy.
            for _ in 0..<400 where status == 202 && upstream.bodies(containing: "tools/call").count <= number {
                usleep(5_000)
            }
        }
        #expect(status == 404)
        await gateway.stop()
    }

    @Test("the end of a stream ends the session at the server")
    func ended() async throws {
        let upstream = Upstreams.legacy()
        let gateway = try await Harness.start(upstream)
        let client = try Client(gateway)
        _ = try client.initialize()
        client.stream.socket.end()
        for _ in 0..<10_000 where try client.post(#"{"jsonrpc":"2.0","method":"notifications/x"}"#) == 202 {}
        await gateway.stop()
        let ends = upstream.received.filter { $0.message.startLine.hasPrefix("DELETE") }
        #expect(ends.first?.message.field("mcp-session-id") == "upstream-session")
    }
}
