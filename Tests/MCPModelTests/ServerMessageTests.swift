import Base
import JSONText
import MCPModel
import Testing

@Suite("reading a server's message")
struct ServerMessageTests {
    static let samplingWithTools: ClientCapabilities = [.sampling, .samplingTools]

    static func read(_ text: String, _ revision: Revision = .november2025) throws -> ServerMessage {
        try ServerMessage(JSONDocument(Array(text.utf8)), revision: revision)
    }

    static func notification(_ text: String, _ revision: Revision = .november2025) throws -> ServerNotification {
        guard case .notification(let notification) = try read(text, revision) else {
            throw Unexpected()
        }
        return notification
    }

    static func ask(_ method: String, _ params: String) throws -> ServerRequest {
        let text = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
        guard case .request(let request) = try read(text) else {
            throw Unexpected()
        }
        return request
    }

    @Test(
        "D8: what is no message of the revision is a violation",
        arguments: [
            ("[]", UpstreamViolation.notAMessage), ("{}", .notAMessage), (#"{"jsonrpc":"2.0","id":1}"#, .notAMessage),
            (#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, .notAMessage),
            (#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#, .notAMessage),
            (#"{"jsonrpc":"2.0","id":1,"result":1}"#, .notAMessage),
            (#"{"jsonrpc":"2.0","id":1,"result":{},"Result":{}}"#, .notAMessage),
            (#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#, .notAMessage),
            (#"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#, .requestNotAllowed),
            (#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, .requestNotAllowed),
        ]
    )
    func violations(text: String, violation: UpstreamViolation) {
        #expect(throws: violation) { try Self.read(text, .july2026) }
    }

    @Test("D8: a response says whom it answers; an error may answer nobody")
    func responses() throws {
        guard case .response(let one) = try Self.read(#"{"jsonrpc":"2.0","id":7,"result":{"a":1}}"#) else {
            throw Unexpected()
        }
        #expect(one.id == RequestID(7))
        guard case .response(let none) = try Self.read(#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#)
        else {
            throw Unexpected()
        }
        #expect(none.id == nil)
    }

    @Test(
        "D8: a notification the revision does not know has no method, and is dropped",
        arguments: [
            ("notifications/whatever", Revision.november2025, false),
            ("notifications/initialized", .november2025, false),
            ("notifications/elicitation/complete", .june2025, false),
            ("notifications/elicitation/complete", .november2025, true),
            ("notifications/subscriptions/acknowledged", .november2025, false),
            ("notifications/subscriptions/acknowledged", .july2026, true), ("tools/call", .november2025, false),
        ]
    )
    func notifications(method: String, revision: Revision, isKnown: Bool) throws {
        let read = try Self.notification(#"{"jsonrpc":"2.0","method":"\#(method)"}"#, revision)
        #expect((read.method != nil) == isKnown)
    }

    @Test("the facts of a notification are read with their types")
    func facts() throws {
        let progress = try Self.notification(
            #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3,"progress":0.5}}"#
        )
        #expect(progress.progressToken == RequestID(3))
        #expect(progress.progress.map { $0 < ExactDecimal(1) } == true)
        let log = try Self.notification(
            #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"alert","data":1}}"#
        )
        #expect(log.level == .alert)
        let update = try Self.notification(
            """
            {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b",\
            "_meta":{"io.modelcontextprotocol/subscriptionId":9}}}
            """,
            .july2026
        )
        #expect((update.uri, update.subscription) == ("a:b", RequestID(9)))
        let acknowledged = try Self.notification(
            """
            {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged",\
            "params":{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a"]}}}
            """,
            .july2026
        )
        #expect(acknowledged.acknowledged == SubscriptionFilter(toolsListChanged: true, resourceSubscriptions: ["a"]))
    }

    @Test(
        "MS-34, LS-21: what a request needs is told from its mode and parts",
        arguments: [
            ("elicitation/create", #"{"message":"m","requestedSchema":{}}"#, ClientCapabilities.elicitationForm),
            ("elicitation/create", #"{"mode":"form","message":"m","requestedSchema":{}}"#, .elicitationForm),
            ("elicitation/create", #"{"mode":"url","message":"m","url":"https://x"}"#, .elicitationURL),
            ("sampling/createMessage", #"{"messages":[],"maxTokens":1}"#, .sampling),
            ("sampling/createMessage", #"{"messages":[],"tools":[]}"#, Self.samplingWithTools),
            ("roots/list", "{}", .roots),
        ]
    )
    func required(method: String, params: String, capabilities: ClientCapabilities) throws {
        let request = try Self.ask(method, params)
        #expect(request.ask?.required == capabilities)
    }

    @Test(
        "D3: a request out of shape asks nothing of the client",
        arguments: [
            ("elicitation/create", "{}"),
            ("elicitation/create", #"{"mode":"page","message":"m","requestedSchema":{}}"#),
            ("elicitation/create", #"{"mode":"url","message":"m"}"#),
            ("elicitation/create", #"{"mode":1,"message":"m","requestedSchema":{}}"#),
            ("sampling/createMessage", "{}"), ("ping", "{}"), ("tools/call", "{}"), ("vendor/x", "{}"),
        ]
    )
    func outOfShape(method: String, params: String) throws {
        #expect(try Self.ask(method, params).ask == nil)
    }

    @Test("D8: a server's request reaches the client under our id, without the server's token, task and strangers")
    func passedOn() throws {
        let request = try Self.ask(
            "elicitation/create",
            #"{"mode":"url","message":"m","url":"https://x/y","elicitationId":"e","task":{},"_meta":{"progressToken":1},"evil":1}"#
        )
        let ask = try #require(request.ask)
        #expect(ask.url == "https://x/y")
        #expect(
            Fixture.legacy.request(ask, id: RequestID(text: "tgs_9")).text == """
                {"jsonrpc":"2.0","id":"tgs_9","method":"elicitation/create","params":{"mode":"url","message":"m",\
                "url":"https://x/y","elicitationId":"e"}}
                """
        )
        let roots = try #require(try Self.ask("roots/list", #"{"_meta":{}}"#).ask)
        #expect(
            Fixture.legacy.request(roots, id: RequestID(1)).text == #"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#
        )
    }

    @Test("a handshake is read, with capabilities by an allow-list (X-29)")
    func handshake() throws {
        let result = try Fixture.json(
            """
            {"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},\
            "tasks":{"list":{}},"experimental":{"x":{}},"logging":{}},"serverInfo":{"name":"s","title":"T","version":"1"},\
            "instructions":"be nice"}
            """
        )
        let read = try ServerHandshake(initializeResult: result)
        #expect(read.revisions == [.november2025])
        #expect(read.capabilities == [.tools, .toolsListChanged, .resources, .resourcesSubscribe, .logging])
        #expect((read.name, read.title, read.version, read.instructions) == ("s", "T", "1", "be nice"))
        let discovered = try Fixture.json(
            """
            {"supportedVersions":["2026-07-28","2027-01-01"],"capabilities":{"extensions":{"a/b":{}}},\
            "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}}
            """
        )
        let modern = try ServerHandshake(discoverResult: discovered)
        #expect((modern.revisions, modern.capabilities, modern.name) == ([.july2026], [], "s"))
        for wrong in ["{}", #"{"protocolVersion":"2025-11-25"}"#, #"{"protocolVersion":1,"capabilities":{}}"#] {
            let value = try Fixture.json(wrong)
            #expect(throws: UpstreamViolation.handshake) { try ServerHandshake(initializeResult: value) }
            #expect(throws: UpstreamViolation.handshake) { try ServerHandshake(discoverResult: value) }
        }
    }
}
