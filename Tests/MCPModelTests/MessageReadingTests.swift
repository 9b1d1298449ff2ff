import Base
import JSONText
import MCPModel
import Testing

@Suite("reading a client's message")
struct MessageReadingTests {
    private static let method = #""jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}"#

    @Test(
        "A10: batches are refused in every era, full or empty",
        arguments: [nil, "2025-03-26", "2026-07-28"] as [String?]
    )
    func batches(version: String?) {
        for body in ["[]", "[{\(Self.method)}]", "[[{\(Self.method)}]]", "[1]"] {
            let failure = Fixture.failure(body, Fixture.headers(version: version))
            #expect(failure?.kind == .batch)
            #expect((failure?.code, failure?.status) == (-32600, 400))
            #expect(failure?.body().text.contains(#""id":null"#) == true)
        }
    }

    @Test(
        "A1, A5, A12: what is not one strict JSON text is −32700 with a null id",
        arguments: [
            "", " ", "{", #"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, "{} {}", "\u{FEFF}{}",
            #"{"a":"\ud800"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#, "nul",
        ]
    )
    func notJSON(body: String) {
        let failure = Fixture.failure(body)
        #expect((failure?.code, failure?.status, failure?.id) == (-32700, 400, nil))
    }

    @Test(
        "A11: what is neither request, notification nor response is −32600",
        arguments: [
            "{}", "null", "1", #""x""#, #"{"jsonrpc":"2.0"}"#, #"{"jsonrpc":"2.0","id":1}"#,
            #"{"id":1,"method":"ping"}"#, #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            #"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":1}"#, #"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            #"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, #"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":[]}"#, #"{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"x"}}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#, #"{"jsonrpc":"2.0","result":{}}"#,
            #"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#,
        ]
    )
    func notAMessage(body: String) {
        #expect(Fixture.failure(body)?.code == -32600)
    }

    @Test(
        "A11: a request without an id is refused, not taken for a notification",
        arguments: [
            "tools/call", "tools/list", "initialize", "vendor/method", "completion/complete",
        ]
    )
    func withoutID(method: String) {
        let body = #"{"jsonrpc":"2.0","method":"\#(method)","params":{"name":"t"}}"#
        let failure = Fixture.failure(body)
        #expect((failure?.code, failure?.status) == (-32600, 400))
    }

    @Test("MS-06: notifications are accepted, unknown ones to be dropped")
    func notifications() throws {
        let post = try Fixture.post(#"{"jsonrpc":"2.0","method":"notifications/whatever"}"#)
        guard case .notification(let unknown) = post.message else {
            throw Unexpected()
        }
        #expect(unknown.method == nil)
        #expect(try post.settle(session: .november2025) == nil)
        #expect(post.methodName == "notifications/whatever")
        let known = try Fixture.post(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        #expect(try known.settle(session: .november2025)?.handling == .answered)
    }

    @Test(
        "LS-17: a cancellation names its request; one that names none properly is ignored",
        arguments: [
            (#"{"requestId":5}"#, "5"), (#"{"requestId":"a","reason":"x"}"#, "\"a\""), (#"{"requestId":1.5}"#, nil),
            ("{}", nil),
        ] as [(String, String?)]
    )
    func cancelled(params: String, id: String?) throws {
        let post = try Fixture.post(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":\#(params)}"#)
        guard case .notification(let notification) = post.message else {
            throw Unexpected()
        }
        #expect(notification.cancelledRequest?.json.text == id)
    }

    @Test("A11: a legacy response is read with its id and its one outcome")
    func response() throws {
        let post = try Fixture.post(#"{"jsonrpc":"2.0","id":"tgs_1","result":{"action":"accept"}}"#)
        guard case .response(let response) = post.message, case .result(let result) = response.outcome else {
            throw Unexpected()
        }
        #expect(response.id.plainText == "tgs_1")
        #expect(
            Fixture.upstream.response(response.outcome, to: RequestID(3)).text
                == #"{"jsonrpc":"2.0","id":3,"result":{"action":"accept"}}"#
        )
        #expect(result["action"] != nil)
    }

    @Test(
        "MS-04: whatever else is wrong, an id that could be read comes back",
        arguments: [
            #"{"jsonrpc":"2.0","id":"q","method":"nope"}"#, #"{"jsonrpc":"2.0","id":"q","method":"tools/call"}"#,
            #"{"jsonrpc":"1.0","id":"q","method":"ping"}"#, #"{"jsonrpc":"2.0","id":"q","method":"ping","Params":{}}"#,
        ]
    )
    func idComesBack(body: String) {
        let failure = Fixture.failure(body)
        #expect(failure?.id?.json.text == "\"q\"")
        #expect(failure?.status == 200)
    }

    @Test("policy-language 2: arguments may nest 64 levels and not one more")
    func depth() {
        func body(_ levels: Int) -> String {
            let arguments =
                String(repeating: #"{"a":"#, count: levels - 1) + "{}" + String(repeating: "}", count: levels - 1)
            return #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":\#(arguments)}}"#
        }
        #expect(Fixture.failure(body(64)) == nil)
        #expect(Fixture.failure(body(65))?.code == -32700)
    }

    @Test(
        "parameters of the wrong type are −32602",
        arguments: [
            ("tools/call", "{}"), ("tools/call", #"{"name":1}"#), ("tools/call", #"{"name":"t","arguments":[]}"#),
            ("tools/call", #"{"name":"t","arguments":null}"#), ("tools/call", #"{"name":"t","_meta":[]}"#),
            ("tools/call", #"{"name":"t","_meta":{"progressToken":1.5}}"#),
            ("tools/call", #"{"name":"t","_meta":{"progressToken":null}}"#),
            ("tools/list", #"{"cursor":1}"#), ("prompts/get", #"{"name":null}"#),
            ("prompts/get", #"{"name":"p","arguments":"x"}"#),
            ("resources/read", #"{"uri":[]}"#), ("resources/read", "{}"), ("resources/subscribe", "{}"),
            ("logging/setLevel", #"{"level":"loud"}"#), ("logging/setLevel", "{}"), ("initialize", "{}"),
            ("initialize", #"{"protocolVersion":1}"#), ("initialize", #"{"protocolVersion":"x","capabilities":1}"#),
            ("initialize", #"{"protocolVersion":"x","capabilities":{"roots":1}}"#),
            ("initialize", #"{"protocolVersion":"x","clientInfo":{"name":1}}"#), ("completion/complete", "{}"),
            ("completion/complete", #"{"ref":{"type":"ref/tool","name":"x"},"argument":{"name":"a","value":"b"}}"#),
            ("completion/complete", #"{"ref":{"type":"ref/prompt"},"argument":{"name":"a","value":"b"}}"#),
            ("completion/complete", #"{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"a"}}"#),
        ]
    )
    func parameters(method: String, params: String) {
        let body = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
        #expect(Fixture.failure(body)?.code == -32602)
    }

    @Test("MS-33: a retry is read where the revision has one, and nowhere else")
    func retry() throws {
        let params = #""name":"t","inputResponses":{"q":{"action":"accept"}},"requestState":"s""#
        let modern = try Fixture.modernRequest("tools/call", params)
        #expect(modern.retry?.state == "s")
        #expect(modern.retry?.responses?.count == 1)
        let legacy = try Fixture.request(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{\#(params)}}"#)
        #expect(legacy.retry == nil)
        let wrong = Fixture.modernBody("tools/call", #""name":"t","inputResponses":{"q":1}"#)
        #expect(Fixture.failure(wrong, Fixture.headers(method: "tools/call", name: "t"))?.code == -32602)
    }

    @Test(
        "LS-01: the answer to initialize is the revision asked for, if it is served to sessions",
        arguments: [
            ("2025-03-26", Revision.march2025), ("2025-06-18", .june2025), ("2025-11-25", .november2025),
            ("2024-11-05", .november2025), ("2026-07-28", .november2025), ("1.0", .november2025),
        ]
    )
    func handshake(requested: String, expected: Revision) throws {
        let body = """
            {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"\(requested)","capabilities":\
            {"elicitation":{},"sampling":{"tools":{}},"roots":{"listChanged":true}},"clientInfo":{"name":"c","version":"9"}}}
            """
        guard case .initialization(let opening) = try Fixture.request(body).detail else {
            throw Unexpected()
        }
        #expect(opening.revision == expected)
        #expect(opening.requested == ByteString(requested))
        #expect(opening.capabilities == [.elicitationForm, .sampling, .samplingTools, .roots, .rootsListChanged])
        #expect(opening.client?.name == "c")
    }

    @Test("MS-32: the empty cursor is a cursor")
    func cursor() throws {
        #expect(
            try Fixture.request(#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":""}}"#).cursor == ""
        )
        #expect(try Fixture.request(#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#).cursor == nil)
    }

    @Test("a subscription's filter is read with its types checked")
    func subscription() throws {
        let filter =
            #""notifications":{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["a","b"]}"#
        guard case .subscription(let read) = try Fixture.modernRequest("subscriptions/listen", filter).detail else {
            throw Unexpected()
        }
        #expect(read == SubscriptionFilter(toolsListChanged: true, resourceSubscriptions: ["a", "b"]))
        #expect(read.admits(.toolsListChanged) && !read.admits(.promptsListChanged) && !read.admits(.progress))
        #expect(read.admits(.resourcesUpdated, uri: "b") && !read.admits(.resourcesUpdated, uri: "c"))
        for wrong in [
            "", #""notifications":[]"#, #""notifications":{"toolsListChanged":1}"#,
            #""notifications":{"resourceSubscriptions":[1]}"#,
        ] {
            let body = Fixture.modernBody("subscriptions/listen", wrong)
            #expect(Fixture.failure(body, Fixture.headers(method: "subscriptions/listen"))?.code == -32602)
        }
    }

    @Test(
        "A13: names are bytes: twins that look alike are different tools",
        arguments: [
            "get", "get ", "gеt", "g\u{200B}et", "ｇet", "GET", "get\u{301}", "a__b",
        ]
    )
    func toolNames(name: String) throws {
        let request = try Fixture.request(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)"}}"#
        )
        #expect(request.name?.bytes == Array(name.utf8))
        #expect((request.name == "get") == (Array(name.utf8) == Array("get".utf8)))
    }
}
