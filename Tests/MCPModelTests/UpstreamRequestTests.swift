import Base
import JSONText
import MCPModel
import Testing

@Suite("requests to the server")
struct UpstreamRequestTests {
    @Test("A3: a call is rebuilt; unknown members stay behind, the arguments keep their very bytes")
    func legacyCall() throws {
        let body = """
            {"jsonrpc":"2.0","id":"client-7","evil":1,"method":"tools/call","params":{"name":"search",\
            "arguments":{ "q" : 1.50e0, "b":"\\u00e9" },"task":{"ttl":1},"x":2,\
            "_meta":{"progressToken":"p","com.example/x":1}},"auth":"no"}
            """
        let request = try Fixture.request(body)
        let envelope = UpstreamEnvelope(revision: .november2025, id: RequestID(41), progressToken: RequestID(9))
        #expect(
            Fixture.upstream.request(request, envelope).text == """
                {"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"name":"search",\
                "arguments":{ "q" : 1.50e0, "b":"\\u00e9" },"_meta":{"progressToken":9}}}
                """
        )
    }

    @Test("A3, MC-06: a modern call carries the gateway's envelope, not the client's")
    func modernCall() throws {
        let meta = """
            \(Fixture.envelope),"io.modelcontextprotocol/clientInfo":{"name":"secret","version":"0"},"progressToken":3,\
            "traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","baggage":"user=ana"
            """
        let request = try Fixture.modernRequest("tools/call", #""name":"search","arguments":{"q":1}"#, meta: meta)
        let envelope = UpstreamEnvelope(
            revision: .july2026,
            id: RequestID(1),
            progressToken: RequestID(2),
            capabilities: [.elicitationForm],
            logLevel: .warning
        )
        #expect(
            Fixture.upstream.request(request, envelope).text == """
                {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"q":1},\
                "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
                "io.modelcontextprotocol/clientInfo":\(Fixture.info),\
                "io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}},\
                "io.modelcontextprotocol/logLevel":"warning","progressToken":2,\
                "traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}}
                """
        )
    }

    private static let envelope = UpstreamEnvelope(revision: .november2025, id: RequestID(5))

    @Test(
        "A3: every method is rebuilt with the parameters it has and no others",
        arguments: [
            ("tools/call", #""name":"t","uri":"x","cursor":"c""#, #"{"name":"t"}"#),
            ("tools/call", #""arguments":{},"name":"t""#, #"{"name":"t","arguments":{}}"#),
            ("prompts/get", #""name":"p","arguments":{"a":"b"}"#, #"{"name":"p","arguments":{"a":"b"}}"#),
            ("resources/read", #""uri":"file:///a","name":"x""#, #"{"uri":"file:///a"}"#),
            ("resources/subscribe", #""uri":"file:///a""#, #"{"uri":"file:///a"}"#),
            ("resources/unsubscribe", #""uri":"file:///a""#, #"{"uri":"file:///a"}"#),
            ("tools/list", #""name":"x","cursor":"sealed""#, "{}"),
            ("logging/setLevel", #""level":"info","x":1"#, #"{"level":"info"}"#),
            (
                "completion/complete",
                #""ref":{"type":"ref/prompt","name":"p","y":1},"argument":{"name":"a","value":"v","z":1},"context":{"arguments":{"q":"r"},"w":1}"#,
                #"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"v"},"context":{"arguments":{"q":"r"}}}"#
            ),
            (
                "completion/complete",
                #""ref":{"type":"ref/resource","uri":"u://{x}"},"argument":{"name":"x","value":""}"#,
                #"{"ref":{"type":"ref/resource","uri":"u://{x}"},"argument":{"name":"x","value":""}}"#
            ),
        ]
    )
    func methods(method: String, params: String, expected: String) throws {
        let request = try Fixture.request(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":{\#(params)}}"#)
        let sent = Fixture.upstream.request(request, Self.envelope).text
        #expect(sent == #"{"jsonrpc":"2.0","id":5,"method":"\#(method)","params":\#(expected)}"#)
    }

    @Test("D1: cursors, states and names go up only as what the gateway puts in their place")
    func substitutes() throws {
        var substitutes = UpstreamSubstitutes()
        substitutes.cursor = "page2"
        substitutes.name = "own"
        substitutes.requestState = "theirs"
        let list = try Fixture.request(#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"sealed"}}"#)
        #expect(
            Fixture.upstream.request(list, Self.envelope, substitutes: substitutes).text
                == #"{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"cursor":"page2"}}"#
        )
        let call = try Fixture.modernRequest(
            "tools/call",
            #""name":"k_own","inputResponses":{"q":{"a":1}},"requestState":"sealed""#
        )
        let modern = UpstreamEnvelope(revision: .july2026, id: RequestID(6))
        let sent = Fixture.upstream.request(call, modern, substitutes: substitutes).text
        #expect(sent.contains(#""name":"own","inputResponses":{"q":{"a":1}},"requestState":"theirs","_meta""#))
        #expect(!Fixture.upstream.request(call, modern).text.contains("requestState"))
    }

    @Test("MC-15: the server's state goes back byte for byte, with a new id")
    func state() throws {
        var substitutes = UpstreamSubstitutes()
        substitutes.requestState = ByteString("a\"\\\u{1F600}\n")
        let call = try Fixture.modernRequest("tools/call", #""name":"t","requestState":"sealed""#)
        let sent = Fixture.upstream.request(
            call,
            UpstreamEnvelope(revision: .july2026, id: RequestID(6)),
            substitutes: substitutes
        )
        let back = try JSONDocument(sent).root["params"]?["requestState"]?.string?.bytes
        #expect(back.map { ByteString($0) } == substitutes.requestState)
    }

    @Test(
        "the gateway's own messages",
        arguments: [
            (Fixture.upstream.notification(.initialized), #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
            (
                Fixture.upstream.cancelled(RequestID(5), reason: "client gone"),
                #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5,"reason":"client gone"}}"#
            ),
            (Fixture.upstream.emptyResponse(to: RequestID(5)), #"{"jsonrpc":"2.0","id":5,"result":{}}"#),
            (Fixture.upstream.declined(RequestID(5)), #"{"jsonrpc":"2.0","id":5,"result":{"action":"decline"}}"#),
            (
                Fixture.upstream.refusal(to: RequestID(5)),
                #"{"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"the client does not offer this"}}"#
            ),
            (
                Fixture.upstream.initialize(
                    UpstreamEnvelope(revision: .june2025, id: RequestID(0), capabilities: [.elicitationForm, .roots])
                ),
                #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{},"roots":{}},"clientInfo":{"name":"toolgate","version":"1.2.3"}}}"#
            ),
            (
                Fixture.upstream.list(
                    .resourceTemplates,
                    cursor: "c",
                    UpstreamEnvelope(revision: .june2025, id: RequestID(2))
                ),
                #"{"jsonrpc":"2.0","id":2,"method":"resources/templates/list","params":{"cursor":"c"}}"#
            ),
        ]
    )
    func own(message: [UInt8], expected: String) {
        #expect(message.text == expected)
    }

    @Test(
        "MS-53, X-24: trace context goes on in W3C form only, baggage only when asked",
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", false), ("", false), ("x", false),
        ]
    )
    func traceContext(parent: String, isLegal: Bool) throws {
        let meta = #""traceparent":"\#(parent)","tracestate":"a=1, b@c=2","baggage":"k=v;p,l=w""#
        let request = try Fixture.request(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{\#(meta)}}}"#
        )
        var envelope = Self.envelope
        let trace = isLegal ? #"{"_meta":{"traceparent":"\#(parent)","tracestate":"a=1, b@c=2"}}"# : "{}"
        #expect(Fixture.upstream.request(request, envelope).text.hasSuffix(#""params":\#(trace)}"#))
        envelope.forwardsBaggage = true
        #expect(Fixture.upstream.request(request, envelope).text.contains(#""baggage":"k=v;p,l=w""#) == isLegal)
    }

    @Test(
        "MS-53: a tracestate or baggage out of form stays behind",
        arguments: [
            "a", "=1", "A=1", "a=\u{7F}", "a=1,,b=2", String(repeating: "a=1,", count: 40) + "b=2", "a=b=c",
        ]
    )
    func traceState(state: String) throws {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let meta = #""traceparent":"\#(parent)","tracestate":"\#(state)","baggage":"k=\\""#
        let request = try Fixture.request(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{\#(meta)}}}"#
        )
        var envelope = Self.envelope
        envelope.forwardsBaggage = true
        #expect(Fixture.upstream.request(request, envelope).text.hasSuffix(#"{"_meta":{"traceparent":"\#(parent)"}}}"#))
    }

    @Test("a client's error goes to the server with its code, sentence and data")
    func clientError() throws {
        let post = try Fixture.post(
            #"{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no","data":[1],"extra":2}}"#
        )
        guard case .response(let response) = post.message else {
            throw Unexpected()
        }
        #expect(
            Fixture.upstream.response(response.outcome, to: RequestID(3)).text
                == #"{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no","data":[1]}}"#
        )
    }
}
