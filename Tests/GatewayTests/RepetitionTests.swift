import JSONText
import Testing

@testable import Gateway

/// Agents in a loop, and whether the gateway ever makes one itself.
@Suite("Repetition", .serialized)
struct RepetitionTests {
    private static let params = #""name":"create_lead","arguments":{"name":"x"}"#

    @Test("H8: a loop is stopped at its limit, told how long to wait, and nothing of it reaches the server")
    func loops() async throws {
        let upstream = Upstreams.modern()
        var options = Harness.Options()
        options.policy = """
            {"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":3}]}}}
            """
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        for _ in 0..<3 {
            #expect(try client.modern("tools/call", Self.params, name: "create_lead").text.contains("ran create_lead"))
        }
        for _ in 0..<50 {
            let refused = try client.modern("tools/call", Self.params, name: "create_lead")
            let result = try #require(try JSONDocument(refused.body).root["result"])
            let decision = try #require(result["_meta"]?["dev.toolgate/decision"], "\(refused.text)")
            #expect(decision["outcome"]?.string?.text == "rate_limited")
            let wait = try #require(decision["retry_after_ms"]?.number?.int)
            #expect(wait > 0 && wait <= 3_600_000 + 3_600_000 / 64)
        }
        #expect(upstream.bodies(containing: "tools/call").count == 3)
        await gateway.stop()
    }

    @Test(
        "H8: the gateway itself never repeats a call, however it fails",
        arguments: [
            "HTTP/1.1 429 Slow\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{", "",
        ]
    )
    func noRetries(_ reply: String) async throws {
        let upstream = Upstreams.modern { sent in sent.method == "tools/call" ? .raw(reply) : nil }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let answer = try client.modern("tools/call", Self.params, name: "create_lead")
        #expect(answer.text.contains(#""isError":true"#), "\(answer.text)")
        #expect(upstream.bodies(containing: "tools/call").count == 1)
        await gateway.stop()
    }
}
