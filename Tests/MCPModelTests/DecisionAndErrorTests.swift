import Base
import JSONText
import MCPModel
import Testing

@Suite("refusals, errors and notifications to the client")
struct DecisionAndErrorTests {
    @Test("policy-language 4: a denied call is a tool result that the model can read, in both eras")
    func denied() {
        let call = RefusedCall(
            .deny,
            rule: "/tools/refund/deny_if/args.amount-gt",
            reason: "Refund exceeds the policy limit."
        )
        let decision = """
            "dev.toolgate/decision":{"outcome":"deny","rule":"/tools/refund/deny_if/args.amount-gt",\
            "reason":"Refund exceeds the policy limit."}
            """
        let content =
            #""content":[{"type":"text","text":"[POLICY DENIED] Refund exceeds the policy limit."}],"isError":true"#
        #expect(
            Fixture.legacy.refused(call, to: RequestID(1)).text
                == #"{"jsonrpc":"2.0","id":1,"result":{\#(content),"_meta":{\#(decision)}}}"#
        )
        #expect(
            Fixture.modern.refused(call, to: RequestID(1)).text == """
                {"jsonrpc":"2.0","id":1,"result":{\(content),"resultType":"complete","_meta":{\(decision),\
                "io.modelcontextprotocol/serverInfo":\(Fixture.info)}}}
                """
        )
    }

    @Test("policy-language 4: the decision object has what applies and nothing else")
    func decision() throws {
        var call = RefusedCall(.rateLimited, rule: "/r", reason: "Later.", retryAfterMilliseconds: 1500, limit: "calls")
        call.approval = RefusedCall.Approval(id: "a1", url: "https://x/a1", expiresAt: "2027-01-01T00:00:00Z")
        let written = try JSONDocument(Fixture.legacy.refused(call, to: RequestID(1))).root
        let decision = try #require(written["result"]?["_meta"]?["dev.toolgate/decision"])
        #expect(
            decision.rawBytes.elementsEqual(
                """
                {"outcome":"rate_limited","rule":"/r","reason":"Later.","retry_after_ms":1500,"limit":"calls",\
                "approval":{"id":"a1","url":"https://x/a1","expires_at":"2027-01-01T00:00:00Z"}}
                """.utf8
            )
        )
        #expect(RefusedCall.Outcome.approvalRequired.name.description == "approval_required")
    }

    @Test("section 4.2: a call that could not be made is a tool error, not a protocol error")
    func failedCall() {
        #expect(
            Fixture.legacy.failedCall("upstream unavailable", to: RequestID(1)).text
                == #"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"upstream unavailable"}],"isError":true}}"#
        )
    }

    @Test(
        "MS-49, MC-26: a server's error comes with a code this revision may carry",
        arguments: [
            (-32602, 400, -32602, -32602), (-32601, 404, -32601, -32601), (-32603, 200, -32603, -32603),
            (-32002, 400, -32602, -32002), (-32042, 200, -32603, -32042), (-32021, 400, -32021, -32603),
            (-32020, 200, -32603, -32603), (-32022, 200, -32603, -32603), (-32050, 200, -32603, -32603),
            (4031, 200, 4031, 4031),
            (-1, 200, -1, -1),
        ]
    )
    func errors(code: Int, status: Int, modern: Int, legacy: Int) throws {
        let error = try Fixture.json(#"{"code":\#(code),"message":"m","data":{"a":1},"stack":"secret"}"#)
        let answer = Fixture.modern.error(error, to: RequestID(1))
        #expect((answer.status, answer.code) == (status, modern))
        let old = Fixture.legacy.error(error, to: RequestID(1))
        #expect((old.status, old.code) == (200, legacy))
        for (body, expected) in [(answer.body, modern), (old.body, legacy)] {
            let read = try JSONDocument(body).root["error"]
            #expect(read?["code"]?.number?.int == expected)
            #expect(!body.text.contains("secret"))
        }
    }

    @Test("E1, X-25: a server's error text is bounded, oversized data is dropped")
    func boundedErrors() throws {
        let text = String(repeating: "é", count: 10_000)
        let error = try Fixture.json(
            #"{"code":1,"message":"\#(text)","data":"\#(String(repeating: "x", count: 70_000))"}"#
        )
        let answer = Fixture.modern.error(error, to: RequestID(1))
        #expect(answer.body.count < 5000)
        #expect(throws: Never.self) { try JSONDocument(answer.body) }
    }

    @Test("MS-44: progress carries the client's token and the server's numbers")
    func progress() throws {
        let notification = try ServerMessageTests.notification(
            """
            {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3,"progress":1.50,"total":2,\
            "message":"half","evil":1}}
            """
        )
        #expect(
            Fixture.legacy.progress(notification, token: RequestID(text: "p"))?.text == """
                {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1.50,"total":2,\
                "message":"half"}}
                """
        )
        let broken = try ServerMessageTests.notification(
            #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":"1"}}"#
        )
        #expect(Fixture.legacy.progress(broken, token: RequestID(1)) == nil)
    }

    @Test(
        "MS-43: log messages pass from the asked level on, with a level the protocol knows",
        arguments: [
            ("info", LogLevel.info, true), ("debug", .info, false), ("emergency", .info, true), ("loud", .debug, false),
        ]
    )
    func logMessage(level: String, floor: LogLevel, passes: Bool) throws {
        let notification = try ServerMessageTests.notification(
            #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"\#(level)","logger":"l","data":{"a":1},"x":2}}"#
        )
        let expected =
            #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"\#(level)","logger":"l","data":{"a":1}}}"#
        #expect(Fixture.legacy.logMessage(notification, floor: floor)?.text == (passes ? expected : nil))
    }

    @Test("MS-40, MS-41: a listen stream begins with its acknowledgement, is tagged throughout, and ends with a result")
    func listen() {
        let tag = #""_meta":{"io.modelcontextprotocol/subscriptionId":"s"}"#
        let id = RequestID(text: "s")
        let filter = SubscriptionFilter(toolsListChanged: true, resourceSubscriptions: ["a"])
        #expect(
            Fixture.modern.acknowledged(filter, subscription: id).text == """
                {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":\
                {"toolsListChanged":true,"resourceSubscriptions":["a"]},\(tag)}}
                """
        )
        #expect(
            Fixture.modern.changed(.toolsListChanged, subscription: id).text
                == #"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{\#(tag)}}"#
        )
        #expect(
            Fixture.modern.resourceUpdated("a", subscription: id).text
                == #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a",\#(tag)}}"#
        )
        #expect(
            Fixture.modern.listenEnded(id).text == """
                {"jsonrpc":"2.0","id":"s","result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":\
                \(Fixture.info),"io.modelcontextprotocol/subscriptionId":"s"}}}
                """
        )
    }

    @Test("LS-23: legacy changes are bare notifications")
    func legacyChanges() throws {
        #expect(
            Fixture.legacy.changed(.promptsListChanged, subscription: nil).text
                == #"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#
        )
        #expect(
            Fixture.legacy.resourceUpdated("a", subscription: nil).text
                == #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a"}}"#
        )
        #expect(
            Fixture.legacy.elicitationCompleted("e").text
                == #"{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}"#
        )
        #expect(Fixture.legacy.ping(id: RequestID(1)).text == #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        let cancelled = try ServerMessageTests.notification(
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3,"reason":"late"}}"#
        )
        #expect(cancelled.cancelledRequest == RequestID(3))
        #expect(
            Fixture.legacy.cancelled(RequestID(text: "tgs"), cancelled).text
                == #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"tgs","reason":"late"}}"#
        )
    }

    @Test(
        "client capabilities are written as each revision knows them",
        arguments: [
            (Revision.march2025, #"{"sampling":{},"roots":{"listChanged":true}}"#),
            (.june2025, #"{"elicitation":{},"sampling":{},"roots":{"listChanged":true}}"#),
            (
                .november2025,
                #"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{"listChanged":true}}"#
            ),
            (.july2026, #"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#),
        ]
    )
    func capabilities(revision: Revision, expected: String) {
        var writer = JSONWriter()
        let all: ClientCapabilities = [
            .elicitationForm, .elicitationURL, .sampling, .samplingTools, .roots, .rootsListChanged,
        ]
        all.append(to: &writer, revision: revision)
        #expect(writer.output.text == expected)
    }
}
