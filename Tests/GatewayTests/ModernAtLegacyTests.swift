import Base
import Glibc
import JSONText
import Synchronization
import Testing

@testable import Gateway

/// Modern clients in front of servers that need `initialize`.
@Suite("Modern clients at legacy servers", .serialized)
struct ModernToLegacyTests {
    @Test("a modern client's requests go over a session of the gateway's, with types and hints added")
    func basics() async throws {
        let tool = #"{"name":"create_lead","inputSchema":{"type":"object"},"execution":{"taskSupport":"optional"}}"#
        let upstream = Upstreams.legacy(tools: { tool })
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let discovered = try client.modern("server/discover")
        #expect(discovered.status == 200 && discovered.text.contains(#""supportedVersions":["2026-07-28"]"#))
        #expect(discovered.text.contains(#""tools":{"listChanged":true}"#) && !discovered.text.contains("tasks"))
        let list = try client.modern("tools/list")
        #expect(list.text.contains(#""resultType":"complete","ttlMs":0,"cacheScope":"private""#), "\(list.text)")
        #expect(list.text.contains("create_lead") && !list.text.contains("execution"))
        for _ in 0..<3 {
            let answer = try client.modern("tools/call", #""name":"create_lead","arguments":{}"#, name: "create_lead")
            #expect(answer.text.contains("ran create_lead") && answer.text.contains(#""resultType":"complete""#))
        }
        let calls = upstream.received.map(\.message).filter { $0.text.contains("tools/call") }
        #expect(calls.allSatisfy { $0.field("mcp-session-id") == "upstream-session" && $0.field("mcp-name") == nil })
        #expect(calls.allSatisfy { !$0.text.contains("io.modelcontextprotocol") })
        // Two for the gateway's own question and listing, one for all of the client's calls.
        #expect(upstream.bodies(containing: #""method":"initialize""#).count == 3)
        let session = try #require(upstream.bodies(containing: #""method":"initialize""#).last { $0.contains("form") })
        #expect(session.contains(#""capabilities":{"elicitation":{"form":{}}}"#), "\(session)")
        await gateway.stop()
    }

    @Test("no two grants share a session with a server, and no two sets of capabilities")
    func separate() async throws {
        let upstream = Upstreams.legacy()
        let gateway = try await Harness.start(upstream)
        for token in [gateway.token, gateway.otherToken, gateway.token] {
            let client = try gateway.client(token: token)
            _ = try client.modern("tools/call", #""name":"create_lead","arguments":{}"#, name: "create_lead")
        }
        let sessions = upstream.bodies(containing: #""method":"initialize""#).filter { $0.contains("form") }
        #expect(sessions.count == 2)
        await gateway.stop()
    }

    @Test("a session the server has forgotten is opened again, and the call that found it out goes through once")
    func forgotten() async throws {
        let opened = Counter()
        let ran = Counter()
        let upstream = Upstreams.legacy { sent in
            switch sent.method {
            case "initialize" where sent.message.text.contains("form"):
                opened.add()
                let result = """
                    {"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
                    "serverInfo":{"name":"s","version":"1"}}
                    """
                return .json(sent.result(result), headers: ["mcp-session-id: s\(opened.count)"])
            case "tools/call":
                guard sent.message.field("mcp-session-id") == "s\(opened.count)", opened.count > 1 else {
                    let error = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"no session"}}"#
                    return .json(error, status: 404)
                }
                ran.add()
                return nil
            default:
                return nil
            }
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let answer = try client.modern("tools/call", #""name":"create_lead","arguments":{}"#, name: "create_lead")
        #expect(answer.text.contains("ran create_lead"), "\(answer.text)")
        #expect(opened.count == 2 && ran.count == 1)
        await gateway.stop()
    }

    @Test("statuses and codes are the modern ones")
    func errors() async throws {
        let upstream = Upstreams.legacy { sent in
            sent.method == "resources/read" ? .json(sent.error(-32002, "no such thing")) : nil
        }
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"allow"}"#
        let gateway = try await Harness.start(upstream, options)
        let answer = try gateway.client().modern("resources/read", #""uri":"x://y""#, name: "x://y")
        #expect(answer.status == 400 && answer.text.contains("-32602"), "\(answer.text)")
        await gateway.stop()
    }

    /// A legacy server that asks `count` questions in the middle of a call, and counts what it is told.
    static func asking(_ count: Int, _ answers: Counter, _ cancelled: Counter = Counter()) -> ScriptedUpstream {
        Upstreams.legacy { sent in
            if sent.method == "tools/call" {
                return .custom { socket, message in
                    socket.startEvents()
                    for number in 0..<count {
                        socket.sendEvent(
                            #"{"jsonrpc":"2.0","id":\#(number),"method":"elicitation/create","params":{"message":"q\#(number)","requestedSchema":{"type":"object"}}}"#
                        )
                        for _ in 0..<10_000 where answers.count <= number && cancelled.count == 0 {
                            usleep(1_000)
                        }
                    }
                    socket.sendEvent(SentMessage(message).result(Upstreams.text("done")))
                    socket.endEvents()
                }
            }
            if sent.method == "notifications/cancelled" {
                cancelled.add()
            }
            if sent.method.isEmpty, sent.root?["result"] != nil {
                answers.add()
                return .json("", status: 202)
            }
            return nil
        }
    }

    private static let call = #""name":"create_lead","arguments":{"name":"x"}"#
    private static let answers = #""inputResponses":{"question":{"action":"accept","content":{"n":1}}}"#

    private static func state(_ message: PlainMessage) throws -> String {
        let root = try JSONDocument(Array(try #require(message.text.split(separator: "data: ").last).utf8)).root
        return try #require(root["result"]?["requestState"]?.string?.text, "\(message.text)")
    }

    private static func retry(_ client: TestClient, _ state: String, _ more: String = answers) throws -> PlainMessage {
        try client.modern("tools/call", #"\#(call),\#(more),"requestState":"\#(state)""#, name: "create_lead")
    }

    @Test("a question in the middle of a call ends the request; the next one goes on with it", arguments: [1, 2])
    func parks(workers: Int) async throws {
        let answers = Counter()
        let upstream = Self.asking(2, answers)
        var options = Harness.Options()
        options.workers = workers
        options.policy = """
            {"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":1}]}}}
            """
        let gateway = try await Harness.start(upstream, options)
        var last = try gateway.client().modern("tools/call", Self.call, name: "create_lead")
        #expect(last.text.contains("input_required") && last.text.contains("q0"), "\(last.text)")
        for number in 1...2 {
            // A connection of its own each time: it may be another worker's.
            last = try Self.retry(gateway.client(), Self.state(last))
            #expect(answers.count == number)
        }
        #expect(last.text.contains("done") && last.text.contains(#""resultType":"complete""#), "\(last.text)")
        #expect(upstream.bodies(containing: "tools/call").count == 1, "the server runs the call once")
        let answer = try #require(upstream.bodies(containing: "accept").first)
        #expect(answer == #"{"jsonrpc":"2.0","id":0,"result":{"action":"accept","content":{"n":1}}}"#)
        await gateway.stop()
    }

    @Test("D1, D2: a ticket is good once, for its grant, for the same arguments")
    func tickets() async throws {
        let answers = Counter()
        let upstream = Self.asking(1, answers)
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let state = try Self.state(client.modern("tools/call", Self.call, name: "create_lead"))
        let other = try gateway.client(token: gateway.otherToken)
        #expect(try Self.retry(other, state).text.contains("-32602"))
        let changed = #""name":"create_lead","arguments":{"name":"y"},\#(Self.answers),"requestState":"\#(state)""#
        #expect(try client.modern("tools/call", changed, name: "create_lead").text.contains("-32602"))
        #expect(answers.count == 0)
        // Without an answer it is asked again, with another ticket.
        let again = try Self.retry(client, state, #""inputResponses":{}"#)
        #expect(again.text.contains("input_required") && again.text.contains("q0"), "\(again.text)")
        #expect(try Self.retry(client, state).text.contains("-32602"))
        let next = try Self.state(again)
        #expect(try Self.retry(client, next).text.contains("done"))
        #expect(try Self.retry(client, next).text.contains("-32602"))
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        await gateway.stop()
    }

    @Test("H5: a call that waits at its server for an answer keeps its place in flight, and its rounds need none")
    func parkedPlace() async throws {
        let upstream = Self.asking(1, Counter())
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"deny","tools":{"create_lead":{"concurrency":1}}}"#
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        let state = try Self.state(client.modern("tools/call", Self.call, name: "create_lead"))
        let refused = try client.modern("tools/call", Self.call, name: "create_lead")
        #expect(refused.text.contains("rate_limited"), "\(refused.text)")
        #expect(try Self.retry(client, state).text.contains("done"))
        let next = try client.modern("tools/call", Self.call, name: "create_lead")
        #expect(next.text.contains("input_required"), "\(next.text)")
        await gateway.stop()
    }

    @Test("H5: a client that does not come back lets its call go: dismissed and cancelled at the server")
    func abandoned() async throws {
        let (answers, cancelled) = (Counter(), Counter())
        let upstream = Self.asking(1, answers, cancelled)
        var options = Harness.Options()
        options.limits.parkingDeadline = .milliseconds(100)
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        let state = try Self.state(client.modern("tools/call", Self.call, name: "create_lead"))
        let dismissal = #""result":{"action":"cancel"}"#
        for _ in 0..<5_000 where cancelled.count == 0 || upstream.bodies(containing: dismissal).isEmpty {
            usleep(1_000)
        }
        #expect(cancelled.count == 1 && upstream.bodies(containing: dismissal).count == 1)
        #expect(try Self.retry(client, state).text.contains("-32602"))
        await gateway.stop()
    }

    @Test("a rule that came while the call was parked decides about its continuation")
    func judgedAgain() async throws {
        let answers = Counter()
        let upstream = Self.asking(1, answers)
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let state = try Self.state(client.modern("tools/call", Self.call, name: "create_lead"))
        try gateway.reload(upstream, policy: #"{"version":"1","default":"deny","tools":{"delete_lead":{}}}"#)
        #expect(try Self.retry(client, state).text.contains("(default deny)"))
        #expect(answers.count == 0)
        await gateway.stop()
    }

    @Test("a client that hangs up cancels its call at the server")
    func cancelled() async throws {
        let cancelled = Counter()
        let upstream = Upstreams.legacy { sent in
            if sent.method == "notifications/cancelled" {
                cancelled.add()
            }
            guard sent.method == "tools/call" else {
                return nil
            }
            return .custom { socket, _ in
                socket.startEvents()
                _ = socket.isEnded()
            }
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        client.sendModern("tools/call", Self.call, name: "create_lead")
        for _ in 0..<2_000 where upstream.bodies(containing: "tools/call").isEmpty {
            usleep(1_000)
        }
        client.socket.end()
        for _ in 0..<5_000 where cancelled.count == 0 {
            usleep(1_000)
        }
        let call = SentMessage(try #require(upstream.received.last { $0.message.text.contains("tools/call") }).message)
        let sent = upstream.bodies(containing: "notifications/cancelled")
        #expect(sent.count == 1 && sent.first?.contains(#""requestId":\#(call.id)"#) == true, "\(sent)")
        await gateway.stop()
    }

    @Test("-32042 becomes a question when the client opens addresses, and never a code of its own")
    func addresses() async throws {
        let upstream = Upstreams.legacy { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            let data =
                #"{"elicitations":[{"mode":"url","elicitationId":"e","url":"https://x.test/","message":"open it"}]}"#
            return .json(#"{"jsonrpc":"2.0","id":\#(sent.id),"error":{"code":-32042,"message":"u","data":\#(data)}}"#)
        }
        let gateway = try await Harness.start(upstream)
        let without = try gateway.client().modern("tools/call", Self.call, name: "create_lead")
        #expect(without.status == 400 && without.text.contains("-32021"), "\(without.text)")
        await gateway.stop()
    }

    @Test("a subscription lives on the stream of a session, its resources subscribed to and counted")
    func listens() async throws {
        let go = Counter()
        let upstream = Upstreams.legacy { sent in
            switch sent.method {
            case "initialize":
                let result = """
                    {"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},\
                    "resources":{"subscribe":true}},"serverInfo":{"name":"s","version":"1"}}
                    """
                return .json(sent.result(result), headers: ["mcp-session-id: upstream-session"])
            case "resources/subscribe", "resources/unsubscribe":
                return .json(sent.result("{}"))
            case "" where sent.message.startLine.hasPrefix("GET"):
                return .custom { socket, _ in
                    socket.startEvents()
                    for _ in 0..<10_000 where go.count == 0 {
                        usleep(1_000)
                    }
                    socket.sendEvent(#"{"jsonrpc":"2.0","id":9,"method":"ping"}"#)
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x://y"}}"#
                    )
                    socket.sendEvent(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
                    _ = socket.isEnded()
                }
            default:
                return nil
            }
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let wanted =
            #""notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["x://y"]}"#
        client.sendModern("subscriptions/listen", wanted, id: "\"sub\"")
        _ = try #require(client.socket.readHead())
        let acknowledged = try #require(client.nextEvent())
        #expect(acknowledged.contains(#""toolsListChanged":true"#) && acknowledged.contains("x://y"))
        #expect(!acknowledged.contains("promptsListChanged"), "the server did not declare it")
        go.add()
        let updated = try #require(client.nextEvent())
        #expect(updated.contains("resources/updated") && updated.contains(#"subscriptionId":"sub""#), "\(updated)")
        #expect(try #require(client.nextEvent()).contains("tools/list_changed"))
        #expect(upstream.bodies(containing: "resources/subscribe").count == 1)
        client.socket.end()
        for _ in 0..<5_000 where upstream.bodies(containing: "resources/unsubscribe").isEmpty {
            usleep(1_000)
        }
        #expect(upstream.bodies(containing: "resources/unsubscribe").count == 1)
        #expect(upstream.bodies(containing: #""id":9,"result":{}"#).count == 1, "its ping is answered")
        await gateway.stop()
    }

    @Test("a question on the session's stream is that of the one call that is open")
    func asksBeside() async throws {
        let answers = Counter()
        let called = Counter()
        let upstream = Upstreams.legacy { sent in
            switch sent.method {
            case "" where sent.message.startLine.hasPrefix("GET"):
                return .custom { socket, _ in
                    socket.startEvents()
                    for _ in 0..<10_000 where called.count == 0 {
                        usleep(1_000)
                    }
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","id":5,"method":"elicitation/create","params":{"message":"beside","requestedSchema":{"type":"object"}}}"#
                    )
                    _ = socket.isEnded()
                }
            case "tools/call":
                return .custom { socket, message in
                    socket.startEvents()
                    called.add()
                    for _ in 0..<10_000 where answers.count == 0 {
                        usleep(1_000)
                    }
                    socket.sendEvent(SentMessage(message).result(Upstreams.text("done")))
                    socket.endEvents()
                }
            case "" where sent.root?["result"] != nil:
                answers.add()
                return .json("", status: 202)
            default:
                return nil
            }
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let asked = try client.modern("tools/call", Self.call, name: "create_lead")
        #expect(asked.text.contains("beside"), "\(asked.text)")
        #expect(try Self.retry(client, Self.state(asked)).text.contains("done"))
        await gateway.stop()
    }
}
