import Glibc
import JSONText
import Synchronization
import Testing

@testable import Gateway

@Suite("Streams", .serialized)
struct StreamTests {
    static func call(_ extra: String = "", id: String = "5") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"create_lead","arguments":{}\#(extra)}}"#
    }

    /// A server whose calls are answered by `script` on the raw connection.
    static func scripted(
        modern: Bool = false,
        _ script: @escaping @Sendable (Socket, SentMessage) -> Void
    ) -> ScriptedUpstream {
        let call: @Sendable (SentMessage) -> ScriptedUpstream.Reply? = { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            return .custom { socket, message in script(socket, SentMessage(message)) }
        }
        return modern ? Upstreams.modern(call) : Upstreams.legacy(call)
    }

    private func opened(
        _ upstream: ScriptedUpstream,
        _ options: Harness.Options = .init()
    ) async throws
        -> (Harness, TestClient)
    {
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize(#"{"elicitation":{},"roots":{}}"#)
        return (gateway, client)
    }

    @Test("progress and log messages arrive while the call runs, under the client's own token")
    func progress() async throws {
        let upstream = Self.scripted { socket, sent in
            let token = sent.root?["params"]?["_meta"]?["progressToken"].map {
                String(decoding: $0.rawBytes, as: UTF8.self)
            }
            socket.startEvents()
            socket.sendEvent(
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(token ?? "0"),"progress":1}}"#
            )
            socket.sendEvent(
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"foreign","progress":2}}"#
            )
            socket.sendEvent(
                #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hello"}}"#
            )
            socket.sendEvent(#"{"jsonrpc":"2.0","method":"vendor/secret","params":{}}"#)
            socket.sendEvent(sent.result(Upstreams.text("done")))
            socket.endEvents()
        }
        let (gateway, client) = try await opened(upstream)
        client.send("POST", Self.call(#","_meta":{"progressToken":"mine"}"#))
        let head = try #require(client.socket.readHead())
        #expect(head.field("content-type") == "text/event-stream")
        #expect(head.field("x-accel-buffering") == "no")
        let first = try #require(client.nextEvent())
        #expect(first.contains(#""progressToken":"mine""#) && first.contains(#""progress":1"#), "\(first)")
        #expect(client.nextEvent()?.contains("hello") == true)
        let last = try #require(client.nextEvent())
        #expect(last.contains(#""id":5"#) && last.contains("done"), "\(last)")
        #expect(client.nextEvent() == nil)
        await gateway.stop()
    }

    @Test("a client that takes only JSON gets the response of a stream as JSON")
    func jsonOnly() async throws {
        let upstream = Self.scripted { socket, sent in
            socket.startEvents()
            socket.sendEvent(
                #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#
            )
            socket.sendEvent(sent.result(Upstreams.text("done")))
            socket.endEvents()
        }
        let (gateway, client) = try await opened(upstream)
        let answer = try client.request("POST", Self.call(), accept: "application/json")
        #expect(answer.field("content-type") == "application/json")
        #expect(answer.text.contains("done") && !answer.text.contains("notifications"))
        await gateway.stop()
    }

    @Test(
        "D1: a server's question reaches the client under an id of ours that only its grant can answer, and the answer finds its way back from anywhere"
    )
    func elicitation() async throws {
        let answered = Shared("")
        let upstream = Upstreams.legacy { sent in
            if sent.method == "tools/call" {
                return .custom { socket, message in
                    let sent = SentMessage(message)
                    socket.startEvents()
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object"}}}"#
                    )
                    for _ in 0..<500 where answered.value.isEmpty {
                        usleep(10_000)
                    }
                    socket.sendEvent(sent.result(Upstreams.text("ok")))
                    socket.endEvents()
                }
            }
            if sent.method.isEmpty, sent.root?["result"] != nil {
                answered.value = sent.message.text
                return .json("", status: 202)
            }
            return nil
        }
        var options = Harness.Options()
        options.workers = 2
        let (gateway, client) = try await opened(upstream, options)
        client.send("POST", Self.call())
        _ = try #require(client.socket.readHead())
        let question = try #require(client.nextEvent())
        #expect(question.contains("who?"))
        let id = try #require(try JSONDocument(Array(question.utf8)).root["id"]?.string?.text)
        var elsewhere = try gateway.client()
        elsewhere.session = client.session
        let answer = #"{"jsonrpc":"2.0","id":"\#(id)","result":{"action":"accept","content":{"name":"x"}}}"#
        var thief = try gateway.client(token: gateway.otherToken)
        _ = try thief.initialize()
        #expect(try thief.request("POST", answer).status >= 400, "D1: another grant's answer")
        #expect(try elsewhere.request("POST", answer.replacing(id, with: "1")).status >= 400, "the server's own id")
        #expect(try elsewhere.request("POST", answer).status == 202)
        #expect(client.nextEvent()?.contains(#""ok""#) == true)
        #expect(answered.value.contains(#""id":1"#) && answered.value.contains(#""accept""#), "\(answered.value)")
        await gateway.stop()
    }

    @Test("D3: a server's question that the client did not offer to answer is refused on the server's side")
    func undeclared() async throws {
        let refused = Shared("")
        let upstream = Upstreams.legacy { sent in
            if sent.method == "tools/call" {
                return .custom { socket, message in
                    socket.startEvents()
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}"#
                    )
                    for _ in 0..<500 where refused.value.isEmpty {
                        usleep(10_000)
                    }
                    socket.sendEvent(SentMessage(message).result(Upstreams.text("ok")))
                    socket.endEvents()
                }
            }
            if sent.root?["error"] != nil {
                refused.value = sent.message.text
                return .json("", status: 202)
            }
            return nil
        }
        let (gateway, client) = try await opened(upstream)
        let answer = try client.request("POST", Self.call())
        #expect(answer.text.contains("ok") && !answer.text.contains("sampling"))
        #expect(refused.value.contains(#""id":"q""#) && refused.value.contains("-32601"), "\(refused.value)")
        await gateway.stop()
    }

    @Test(
        "D8: an answer to nobody, or a request where there are none, is withheld and the connection given up",
        arguments: [
            #"{"jsonrpc":"2.0","id":999999,"result":{"content":[]}}"#, #"{"jsonrpc":"2.0","id":"0","result":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#, "[]", "secret",
            #"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        ]
    )
    func strayMessages(_ message: String) async throws {
        let closed = Shared(false)
        let upstream = Self.scripted(modern: true) { socket, _ in
            socket.startEvents()
            socket.sendEvent(message)
            closed.value = socket.isEnded()
        }
        let gateway = try await Harness.start(upstream)
        let answer = try gateway.client().modern("tools/call", #""name":"create_lead""#, name: "create_lead")
        #expect(answer.text.contains(#""isError":true"#) && !answer.text.contains("secret"), "\(answer.text)")
        for _ in 0..<100 where !closed.value {
            usleep(10_000)
        }
        #expect(closed.value)
        await gateway.stop()
    }

    @Test("D7: a stream is read strictly and written anew: one response, our own framing")
    func framing() async throws {
        let upstream = Self.scripted { socket, sent in
            let body = sent.result(Upstreams.text("done"))
            let second = sent.result(Upstreams.text("second"))
            let middle = body.utf8.count / 2
            let (start, end) = (String(body.prefix(middle)), String(body.dropFirst(middle)))
            let text = "\u{feff}retry: 1\r\rid: injected\nevent: message\r\n: comment\r\ndata: \(start)"
            let rest = "\(end)\r\n\r\nevent: evil\ndata: x\n\ndata: \(second)\n\n"
            socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\(text)")
            usleep(20_000)
            socket.write(rest)
        }
        let (gateway, client) = try await opened(upstream)
        let answer = try client.request("POST", Self.call(), accept: "text/event-stream")
        let lines = answer.text.split(separator: "\n")
        #expect(lines.count == 2 && lines[0] == "event: message" && lines[1].contains("done"), "\(answer.text)")
        await gateway.stop()
    }

    @Test("D9: a grant that is revoked ends its streams within a second, whatever they carry")
    func revocation() async throws {
        let upstream = Upstreams.legacy { sent in
            if sent.method == "tools/call" || sent.message.startLine.hasPrefix("GET") {
                return .custom { socket, _ in
                    socket.startEvents()
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#
                    )
                    _ = socket.isEnded()
                }
            }
            return nil
        }
        let (gateway, calling) = try await opened(upstream)
        calling.send("POST", Self.call())
        _ = try #require(calling.socket.readHead())
        #expect(calling.nextEvent() != nil)
        var watching = try gateway.client()
        watching.session = calling.session
        watching.send("GET", "", accept: "text/event-stream")
        #expect(watching.socket.readHead()?.status == 200)
        #expect(watching.nextEvent() != nil)
        let clock = ContinuousClock()
        let began = clock.now
        try gateway.reload(upstream, policy: #"{"version":"1","default":"allow"}"#, includesFirst: false)
        #expect(calling.nextEvent() == nil)
        #expect(watching.nextEvent() == nil)
        #expect(clock.now - began < .seconds(1))
        #expect(try gateway.client().request("POST", Self.call()).status == 401)
        #expect(try gateway.client(token: gateway.otherToken).request("POST", Self.call()).status == 400)
        await gateway.stop()
    }

    @Test("D9: a call whose grant is revoked while it waits is answered as unauthorised, not with its result")
    func revokedWhileWaiting() async throws {
        let proceed = Shared(false)
        let upstream = Self.scripted { socket, sent in
            while !proceed.value {
                usleep(5_000)
            }
            let body = sent.result(Upstreams.text("secret"))
            socket.write(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
        let (gateway, client) = try await opened(upstream)
        client.send("POST", Self.call(), accept: "application/json")
        while upstream.bodies(containing: "tools/call").isEmpty {
            usleep(5_000)
        }
        try gateway.reload(upstream, policy: nil, includesFirst: false)
        proceed.value = true
        let answer = try #require(client.socket.readMessage())
        #expect(answer.status == 401 && !answer.text.contains("secret"), "\(answer.text)")
        await gateway.stop()
    }

    @Test("D10: a modern client that hangs up cancels its call, also before the server has answered a byte")
    func modernDisconnect() async throws {
        for startsStream in [true, false] {
            let closed = Shared(false)
            let upstream = Self.scripted(modern: true) { socket, _ in
                if startsStream {
                    socket.startEvents()
                }
                closed.value = socket.isEnded()
            }
            let gateway = try await Harness.start(upstream)
            let client = try gateway.client()
            client.sendModern("tools/call", #""name":"create_lead""#, name: "create_lead")
            while upstream.bodies(containing: "tools/call").isEmpty {
                usleep(5_000)
            }
            client.socket.end()
            for _ in 0..<200 where !closed.value {
                usleep(10_000)
            }
            #expect(closed.value)
            let records = await gateway.records(1)
            #expect(records.contains { $0.contains(#""tool":"create_lead""#) }, "\(records)")
            await gateway.stop()
        }
    }

    @Test("D10: a client that hangs up gets nothing of its limit back")
    func quotaStaysSpent() async throws {
        let closed = Shared(false)
        let upstream = Self.scripted(modern: true) { socket, _ in closed.value = socket.isEnded() }
        var options = Harness.Options()
        options.policy =
            #"{"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":1}]}}}"#
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        client.sendModern("tools/call", #""name":"create_lead""#, name: "create_lead")
        while upstream.bodies(containing: "tools/call").isEmpty {
            usleep(5_000)
        }
        client.socket.end()
        let records = await gateway.records(1)
        #expect(records.count == 1 && records[0].contains(#""outcome":"allow""#), "\(records)")
        let again = try gateway.client().modern("tools/call", #""name":"create_lead""#, name: "create_lead")
        #expect(again.text.contains("rate_limited"), "\(again.text)")
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        await gateway.stop()
    }

    @Test("D10: a legacy client that hangs up does not cancel: the server goes on to its end")
    func legacyDisconnect() async throws {
        let finished = Shared(false)
        let upstream = Self.scripted { socket, sent in
            usleep(150_000)
            let body = sent.result(Upstreams.text("done"))
            finished.value = socket.write(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
        let (gateway, client) = try await opened(upstream)
        client.send("POST", Self.call())
        while upstream.bodies(containing: "tools/call").isEmpty {
            usleep(5_000)
        }
        client.socket.end()
        let records = await gateway.records(2)
        #expect(finished.value)
        #expect(records.last?.contains(#""upstream_status":200"#) == true, "\(records)")
        await gateway.stop()
    }

    @Test("a legacy client's cancellation finds the call on whatever worker it is, and tells the server")
    func cancellation() async throws {
        let upstream = Self.scripted { socket, _ in
            socket.startEvents()
            socket.sendEvent(
                #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#
            )
            _ = socket.isEnded()
        }
        var options = Harness.Options()
        options.workers = 3
        let (gateway, client) = try await opened(upstream, options)
        client.send("POST", Self.call(id: #""call-1""#))
        _ = try #require(client.socket.readHead())
        #expect(client.nextEvent() != nil)
        var elsewhere = try gateway.client()
        elsewhere.session = client.session
        let cancel = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"call-1"}}"#
        var stranger = try gateway.client(token: gateway.otherToken)
        _ = try stranger.initialize()
        #expect(try stranger.request("POST", cancel).status == 202, "accepted, and about nothing")
        #expect(try elsewhere.request("POST", cancel).status == 202)
        #expect(client.nextEvent()?.contains("result") != true)
        for _ in 0..<100 where upstream.bodies(containing: "notifications/cancelled").isEmpty {
            usleep(10_000)
        }
        let told = upstream.bodies(containing: "notifications/cancelled")
        #expect(told.count == 1 && !told[0].contains("call-1"), "\(told)")
        await gateway.stop()
    }

    @Test("a call that is silent for long is kept alive with comments")
    func keepAlive() async throws {
        var options = Harness.Options()
        options.limits.keepAliveInterval = .milliseconds(100)
        options.limits.streamCheckInterval = .milliseconds(50)
        let upstream = Self.scripted { socket, sent in
            usleep(400_000)
            let body = sent.result(Upstreams.text("done"))
            socket.write(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
        let (gateway, client) = try await opened(upstream, options)
        let answer = try client.request("POST", Self.call())
        #expect(answer.field("content-type") == "text/event-stream")
        #expect(answer.text.hasPrefix(": keep-alive\n\n"))
        #expect(answer.text.contains("done"))
        await gateway.stop()
    }

    @Test("GET gives the session's stream where the server has one, and 405 where it has none")
    func sessionStream() async throws {
        let upstream = Upstreams.legacy { sent in
            guard sent.message.startLine.hasPrefix("GET") else {
                return nil
            }
            return .events([
                #"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
                #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///x"}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"docs://x"}}"#,
            ])
        }
        var options = Harness.Options()
        options.policy =
            #"{"version":"1","default":"deny","tools":{"create_lead":{}},"resources":{"allow":["docs://*"]}}"#
        let (gateway, client) = try await opened(upstream, options)
        let answer = try client.request("GET", "", accept: "text/event-stream")
        #expect(answer.status == 200)
        #expect(answer.text.contains("tools/list_changed") && answer.text.contains("docs://x"))
        #expect(!answer.text.contains("file:///x"))
        let got = upstream.received.first { $0.message.startLine.hasPrefix("GET") }
        #expect(got?.message.field("mcp-session-id") == "upstream-session")
        await gateway.stop()
        let (plain, other) = try await opened(Upstreams.legacy())
        let refused = try other.request("GET", "", accept: "text/event-stream")
        #expect(refused.status == 405 && refused.field("allow") != nil)
        await plain.stop()
    }
}
