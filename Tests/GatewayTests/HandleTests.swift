import Base
import JSONText
import Testing

@testable import Gateway

@Suite("Handles", .serialized)
struct HandleTests {
    private static let list = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#

    private static func paged() -> ScriptedUpstream {
        Upstreams.legacy { sent in
            guard sent.method == "tools/list" else {
                return nil
            }
            let isSecond = sent.root?["params"]?["cursor"]?.string?.text == "page-2"
            let tools =
                isSecond
                ? #"{"name":"b","inputSchema":{"type":"object"}}"# : #"{"name":"a","inputSchema":{"type":"object"}}"#
            return .json(sent.result(#"{"tools":[\#(tools)]\#(isSecond ? "" : #","nextCursor":"page-2""#)}"#))
        }
    }

    @Test("D1: a session id opens nothing for another grant, altered, ended, or after its key is gone")
    func sessions() async throws {
        let upstream = Upstreams.legacy()
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        #expect(try client.request("POST", Self.list).status == 200)
        #expect(try client.request("POST", Self.list).text.contains("create_lead"))
        let session = try #require(client.session)
        #expect(!session.contains("upstream-session"))
        var other = try gateway.client(token: gateway.otherToken)
        other.session = session
        #expect(try other.request("POST", Self.list).status == 404)
        // Also when another grant's use of the very same id was remembered.
        #expect(try client.request("POST", Self.list).status == 200)
        #expect(try other.request("POST", Self.list).status == 404)
        var altered = client
        altered.session = String(session.dropLast()) + (session.hasSuffix("A") ? "B" : "A")
        #expect(try altered.request("POST", Self.list).status == 404)
        altered.session = "upstream-session"
        #expect(try altered.request("POST", Self.list).status == 404)
        #expect(try client.request("DELETE", "").status == 200)
        #expect(try client.request("POST", Self.list).status == 404)
        #expect(upstream.received.contains { $0.message.startLine.hasPrefix("DELETE") })
        await gateway.stop()
    }

    @Test("a session is served by any worker, and by the next process with the same keys")
    func anywhere() async throws {
        let upstream = Upstreams.legacy()
        var options = Harness.Options()
        options.workers = 3
        let first = try await Harness.start(upstream, options)
        var client = try first.client()
        _ = try client.initialize()
        for _ in 0..<12 {
            var elsewhere = try first.client()
            elsewhere.session = client.session
            #expect(try elsewhere.request("POST", Self.list).status == 200)
        }
        await first.stop()
    }

    @Test("D1: a cursor is ours, and opens nothing for another grant or another list")
    func cursors() async throws {
        let gateway = try await Harness.start(Self.paged())
        var client = try gateway.client()
        _ = try client.initialize()
        let first = try client.request("POST", Self.list)
        let document = try JSONDocument(first.body)
        let cursor = try #require(document.root["result"]?["nextCursor"]?.string?.text)
        #expect(!first.text.contains("page-2"))
        let next = { (method: String, cursor: String) in
            #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":{"cursor":"\#(cursor)"}}"#
        }
        #expect(try client.request("POST", next("tools/list", cursor)).text.contains(#""name":"b""#))
        #expect(try client.request("POST", next("resources/list", cursor)).text.contains("-32602"))
        #expect(try client.request("POST", next("tools/list", "page-2")).text.contains("-32602"))
        var other = try gateway.client(token: gateway.otherToken)
        _ = try other.initialize()
        #expect(try other.request("POST", next("tools/list", cursor)).text.contains("-32602"))
        await gateway.stop()
    }

    /// A tool that asks for a name before it runs.
    private static func asking() -> ScriptedUpstream {
        Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            if sent.root?["params"]?["requestState"]?.string?.text == "server-state" {
                return .json(sent.result(#"{"resultType":"complete","content":[{"type":"text","text":"done"}]}"#))
            }
            let question =
                #"{"method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object"}}}"#
            return .json(
                sent.result(
                    #"{"resultType":"input_required","requestState":"server-state","inputRequests":{"q":\#(question)}}"#
                )
            )
        }
    }

    @Test("D2: a request that needs input goes on with the same arguments only, and only for the one who was asked")
    func requestState() async throws {
        let gateway = try await Harness.start(Self.asking())
        let client = try gateway.client()
        let first = try client.modern(
            "tools/call",
            #""name":"create_lead","arguments":{"name":"x"}"#,
            name: "create_lead"
        )
        #expect(first.text.contains(#""resultType":"input_required""#), "\(first.text)")
        #expect(!first.text.contains("server-state"))
        let state = try #require(try JSONDocument(first.body).root["result"]?["requestState"]?.string?.text)
        let answers = #""inputResponses":{"q":{"action":"accept","content":{}}}"#
        let retry = { (client: TestClient, arguments: String, state: String) in
            try client.modern(
                "tools/call",
                #""name":"create_lead","arguments":\#(arguments),\#(answers),"requestState":"\#(state)""#,
                name: "create_lead"
            )
        }
        #expect(try retry(client, #"{"name":"y"}"#, state).text.contains("-32602"))
        #expect(try retry(client, #"{"name":"x"}"#, "server-state").text.contains("-32602"))
        #expect(try retry(gateway.client(token: gateway.otherToken), #"{"name":"x"}"#, state).text.contains("-32602"))
        let otherTool = #""name":"delete_lead","arguments":{"name":"x"},\#(answers),"requestState":"\#(state)""#
        #expect(try client.modern("tools/call", otherTool, name: "delete_lead").text.contains("-32602"))
        let otherMethod = #""name":"create_lead","arguments":{"name":"x"},\#(answers),"requestState":"\#(state)""#
        #expect(try client.modern("prompts/get", otherMethod, name: "create_lead").text.contains("\"error\""))
        // The same value in another spelling is the same call.
        #expect(try retry(client, #"{ "name" : "\u0078" }"#, state).text.contains(#""done""#))
        await gateway.stop()
    }

    @Test("D2: a rule that came between two rounds decides about the second")
    func roundsAreJudged() async throws {
        let upstream = Self.asking()
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let params = #""name":"create_lead","arguments":{"name":"x"}"#
        let first = try client.modern("tools/call", params, name: "create_lead")
        let state = try #require(try JSONDocument(first.body).root["result"]?["requestState"]?.string?.text)
        try gateway.reload(upstream, policy: #"{"version":"1","default":"deny","tools":{"delete_lead":{}}}"#)
        let retry = params + #","inputResponses":{"q":{"action":"decline"}},"requestState":"\#(state)""#
        let second = try client.modern("tools/call", retry, name: "create_lead")
        #expect(second.text.contains("(default deny)"), "\(second.text)")
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        await gateway.stop()
    }

    @Test("D2: one call is charged once, however often it is asked for input; its state goes on for nothing only once")
    func roundsAreCounted() async throws {
        var options = Harness.Options()
        options.policy = """
            {"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":1}]}}}
            """
        let gateway = try await Harness.start(Self.asking(), options)
        let client = try gateway.client()
        let params = #""name":"create_lead","arguments":{"name":"x"}"#
        let first = try client.modern("tools/call", params, name: "create_lead")
        let state = try #require(try JSONDocument(first.body).root["result"]?["requestState"]?.string?.text)
        let retry = params + #","inputResponses":{"q":{"action":"decline"}},"requestState":"\#(state)""#
        let second = try client.modern("tools/call", retry, name: "create_lead")
        #expect(second.text.contains("done"), "\(second.text)")
        let third = try client.modern("tools/call", retry, name: "create_lead")
        #expect(third.text.contains("rate_limited"), "\(third.text)")
        await gateway.stop()
    }

    @Test(
        "D2: an answer to something else than was asked runs nothing, costs nothing and uses nothing up",
        arguments: [
            "", #""inputResponses":{},"#, #""inputResponses":{"x":{}},"#, #""inputResponses":{"q":{},"x":{}},"#,
        ]
    )
    func answersOfOthers(answers: String) async throws {
        let upstream = Self.asking()
        var options = Harness.Options()
        options.policy = """
            {"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":1}]}}}
            """
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        let params = #""name":"create_lead","arguments":{"name":"x"}"#
        let first = try client.modern("tools/call", params, name: "create_lead")
        let state = try #require(try JSONDocument(first.body).root["result"]?["requestState"]?.string?.text)
        for _ in 0..<3 {
            let wrong = try client.modern(
                "tools/call",
                #"\#(params),\#(answers)"requestState":"\#(state)""#,
                name: "create_lead"
            )
            #expect(wrong.text.contains("-32602") && wrong.text.contains("inputResponses"), "\(wrong.text)")
        }
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        let right = #"\#(params),"inputResponses":{"q":{"action":"decline"}},"requestState":"\#(state)""#
        #expect(try client.modern("tools/call", right, name: "create_lead").text.contains("done"))
        await gateway.stop()
    }

    @Test("D2: each round takes a place in flight, and a state that found none is good later")
    func roundsTakePlaces() async throws {
        let gate = Gate()
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call", sent.root?["params"]?["requestState"] == nil else {
                return nil
            }
            if sent.root?["params"]?["arguments"]?["name"]?.string?.text == "slow" {
                gate.wait()
                return nil
            }
            let question =
                #"{"method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object"}}}"#
            return .json(
                sent.result(#"{"resultType":"input_required","requestState":"s","inputRequests":{"q":\#(question)}}"#)
            )
        }
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"deny","tools":{"create_lead":{"concurrency":1}}}"#
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        let params = #""name":"create_lead","arguments":{"name":"x"}"#
        let first = try client.modern("tools/call", params, name: "create_lead")
        let state = try #require(try JSONDocument(first.body).root["result"]?["requestState"]?.string?.text)
        let retry = #"\#(params),"inputResponses":{"q":{"action":"decline"}},"requestState":"\#(state)""#
        let slow = try gateway.client()
        slow.sendModern("tools/call", #""name":"create_lead","arguments":{"name":"slow"}"#, name: "create_lead")
        gate.waitUntilOccupied()
        let refused = try client.modern("tools/call", retry, name: "create_lead")
        #expect(refused.text.contains("rate_limited"), "\(refused.text)")
        gate.open()
        _ = slow.socket.readMessage()
        let done = try client.modern("tools/call", retry, name: "create_lead")
        #expect(done.text.contains("ran create_lead"), "\(done.text)")
        await gateway.stop()
    }

    @Test("D3: a server is refused what policy does not let it ask, and the client never sees it")
    func clientRequests() async throws {
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"allow","client_requests":{"elicitation":"deny"}}"#
        let gateway = try await Harness.start(Self.asking(), options)
        let answer = try gateway.client().modern("tools/call", #""name":"create_lead""#, name: "create_lead")
        #expect(!answer.text.contains("who?"))
        #expect(answer.text.contains("isError"), "\(answer.text)")
        await gateway.stop()
    }
}
