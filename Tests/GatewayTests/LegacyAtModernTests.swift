import Base
import Glibc
import JSONText
import Synchronization
import Testing

@testable import Gateway

/// Legacy clients in front of servers that speak 2026-07-28 alone.
@Suite("Legacy clients at modern servers", .serialized)
struct LegacyToModernTests {
    private static func call(_ method: String, _ params: String = "", id: Int = 7) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(params)}}"#
    }

    @Test("a legacy client opens a session that exists on its side alone, and calls a tool in the modern way")
    func basics() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        let opened = try client.initialize(#"{"elicitation":{}}"#)
        #expect(opened.text.contains(#""protocolVersion":"2025-11-25""#), "\(opened.text)")
        #expect(opened.text.contains(#""tools":{"listChanged":true}"#) && !opened.text.contains("resultType"))
        #expect(client.session != nil)
        let initialized = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        #expect(try client.request("POST", initialized).status == 202)
        let list = try client.request("POST", Self.call("tools/list"))
        #expect(list.text.contains("create_lead") && !list.text.contains("ttlMs"), "\(list.text)")
        let answer = try client.request("POST", Self.call("tools/call", #""name":"create_lead","arguments":{}"#))
        #expect(answer.text.contains("ran create_lead") && !answer.text.contains("resultType"), "\(answer.text)")
        let sent = try #require(upstream.received.last { $0.message.text.contains("tools/call") }).message
        #expect(sent.field("mcp-protocol-version") == "2026-07-28" && sent.field("mcp-method") == "tools/call")
        #expect(sent.field("mcp-name") == "create_lead" && sent.field("mcp-session-id") == nil)
        #expect(sent.text.contains(#""io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}"#))
        #expect(upstream.bodies(containing: "notifications/initialized").isEmpty)
        #expect(try client.request("DELETE", "").status == 200)
        #expect(try client.request("POST", Self.call("tools/list")).status == 404)
        await gateway.stop()
    }

    @Test("a session in front of a modern server goes on after the gateway has restarted")
    func restarts() async throws {
        let upstream = Upstreams.modern()
        var options = Harness.Options()
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize()
        await gateway.stop()
        options.keys = gateway.keys
        options.tokens = (gateway.token, gateway.otherToken)
        let next = try await Harness.start(upstream, options)
        var again = try next.client(token: gateway.token)
        again.session = client.session
        #expect(try again.request("POST", Self.call("tools/list")).text.contains("create_lead"))
        var other = try next.client(token: gateway.otherToken)
        other.session = client.session
        #expect(try other.request("POST", Self.call("tools/list")).status == 404)
        await next.stop()
    }

    @Test("a log level is kept for the session and goes with every request")
    func level() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        _ = try client.request("POST", Self.call("tools/call", #""name":"create_lead""#))
        let set = try client.request("POST", Self.call("logging/setLevel", #""level":"warning""#))
        #expect(set.text.contains(#""result":{}"#), "\(set.text)")
        _ = try client.request("POST", Self.call("tools/call", #""name":"create_lead""#))
        let calls = upstream.bodies(containing: "tools/call")
        #expect(!calls[0].contains("logLevel") && calls[1].contains(#"logLevel":"warning""#), "\(calls)")
        #expect(upstream.bodies(containing: "logging/setLevel").isEmpty)
        await gateway.stop()
    }

    /// A tool that asks twice before it runs.
    static func asking(_ answers: Counter = Counter()) -> ScriptedUpstream {
        Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            let form =
                #"{"method":"elicitation/create","params":{"mode":"form","message":"who?","requestedSchema":{"type":"object"}}}"#
            switch sent.root?["params"]?["requestState"]?.string?.text {
            case "two":
                return .json(sent.result(#"{"resultType":"complete","content":[{"type":"text","text":"done"}]}"#))
            case "one":
                answers.add()
                return .json(
                    sent.result(
                        #"{"resultType":"input_required","requestState":"two","inputRequests":{"b":\#(form)}}"#
                    )
                )
            default:
                let roots = #"{"method":"roots/list"}"#
                return .json(
                    sent.result(
                        #"{"resultType":"input_required","requestState":"one","inputRequests":{"a":\#(form),"r":\#(roots)}}"#
                    )
                )
            }
        }
    }

    private static func id(of event: String) throws -> String {
        try #require(try JSONDocument(Array(event.utf8)).root["id"]?.string?.text)
    }

    @Test("input_required becomes requests on the call's stream, whose answers any worker takes", arguments: [1, 2])
    func questions(workers: Int) async throws {
        let upstream = Self.asking()
        var options = Harness.Options()
        options.workers = workers
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize(#"{"elicitation":{},"roots":{}}"#)
        client.send("POST", Self.call("tools/call", #""name":"create_lead","arguments":{}"#))
        _ = try #require(client.socket.readHead())
        let first = try #require(client.nextEvent())
        let second = try #require(client.nextEvent())
        #expect(first.contains("elicitation/create") && first.contains("who?") && second.contains("roots/list"))
        let answers = [
            #"{"jsonrpc":"2.0","id":"\#(try Self.id(of: second))","result":{"roots":[]}}"#,
            #"{"jsonrpc":"2.0","id":"\#(try Self.id(of: first))","result":{"action":"accept","content":{"n":1}}}"#,
        ]
        for answer in answers {
            var other = try gateway.client()
            other.session = client.session
            #expect(try other.request("POST", answer).status == 202)
            #expect(try other.request("POST", answer).status >= 400, "an answer counts once")
        }
        let third = try #require(client.nextEvent())
        // Somebody else's answer, and one of another session, are nobody's.
        var stranger = try gateway.client(token: gateway.otherToken)
        _ = try stranger.initialize(#"{"elicitation":{}}"#)
        let last = #"{"jsonrpc":"2.0","id":"\#(try Self.id(of: third))","result":{"action":"decline"}}"#
        #expect(try stranger.request("POST", last).status >= 400)
        var sibling = try gateway.client()
        _ = try sibling.initialize(#"{"elicitation":{}}"#)
        #expect(try sibling.request("POST", last).status >= 400)
        var same = try gateway.client()
        same.session = client.session
        #expect(try same.request("POST", last).status == 202)
        #expect(client.nextEvent()?.contains("done") == true)
        let retries = upstream.bodies(containing: "requestState")
        #expect(retries.count == 2)
        let sent = try JSONDocument(Array(retries[0].utf8)).root["params"]?["inputResponses"]
        #expect(sent?["a"]?["content"]?["n"]?.number?.int == 1 && sent?["r"]?["roots"]?.kind == .array)
        await gateway.stop()
    }

    @Test("D3: a client is not asked what it did not declare or policy does not allow")
    func undeclared() async throws {
        let gateway = try await Harness.start(Self.asking())
        var client = try gateway.client()
        _ = try client.initialize()
        let answer = try client.request("POST", Self.call("tools/call", #""name":"create_lead","arguments":{}"#))
        #expect(answer.text.contains(#""isError":true"#) && !answer.text.contains("who?"), "\(answer.text)")
        await gateway.stop()
    }

    @Test("I1: a rule that came while the client was asked decides about the retry")
    func judgedAgain() async throws {
        let upstream = Self.asking()
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize(#"{"elicitation":{},"roots":{}}"#)
        client.send("POST", Self.call("tools/call", #""name":"create_lead","arguments":{}"#))
        _ = try #require(client.socket.readHead())
        let questions = [try #require(client.nextEvent()), try #require(client.nextEvent())]
        try gateway.reload(upstream, policy: #"{"version":"1","default":"deny","tools":{"delete_lead":{}}}"#)
        for question in questions {
            var other = try gateway.client()
            other.session = client.session
            let result = question.contains("roots") ? #"{"roots":[]}"# : #"{"action":"accept","content":{}}"#
            let answer = #"{"jsonrpc":"2.0","id":"\#(try Self.id(of: question))","result":\#(result)}"#
            #expect(try other.request("POST", answer).status == 202)
        }
        #expect(client.nextEvent()?.contains("(default deny)") == true)
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        await gateway.stop()
    }

    @Test("H8: a server that never stops asking is asked ten times again")
    func endless() async throws {
        let upstream = Upstreams.modern { sent in
            sent.method == "tools/call"
                ? .json(sent.result(#"{"resultType":"input_required","requestState":"again"}"#)) : nil
        }
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        client.send("POST", Self.call("tools/call", #""name":"create_lead","arguments":{}"#))
        let answer = try #require(client.socket.readMessage())
        #expect(answer.text.contains(#""isError":true"#))
        #expect(upstream.bodies(containing: "tools/call").count == 11)
        await gateway.stop()
    }

    @Test(
        "notifications/cancelled closes the server's stream, which cancels there, and so does the session's end",
        arguments: [false, true]
    )
    func cancelled(byEnding: Bool) async throws {
        let closed = Counter()
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            return .custom { socket, _ in
                socket.startEvents()
                if socket.isEnded() {
                    closed.add()
                }
            }
        }
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        client.send("POST", Self.call("tools/call", #""name":"create_lead","arguments":{}"#))
        for _ in 0..<2_000 where upstream.bodies(containing: "tools/call").isEmpty {
            usleep(1_000)
        }
        var other = try gateway.client()
        other.session = client.session
        let notification = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#
        if byEnding {
            #expect(try other.request("DELETE", "").status == 200)
        } else {
            #expect(try other.request("POST", notification).status == 202)
        }
        for _ in 0..<5_000 where closed.count == 0 {
            usleep(1_000)
        }
        #expect(closed.count == 1)
        #expect(upstream.bodies(containing: "notifications/cancelled").isEmpty)
        await gateway.stop()
    }
}
