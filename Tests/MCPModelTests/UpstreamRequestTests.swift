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
}
