import Testing

@testable import Gateway

@Suite("Calls", .serialized)
struct CallTests {
    private static let call =
        #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_lead","arguments":{"name":"x"}}}"#

    @Test("an allowed call of a legacy client reaches the server and comes back with the client's id")
    func legacyCall() async throws {
        let upstream = Upstreams.legacy()
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        let opened = try client.initialize()
        #expect(opened.status == 200, "\(opened.text)")
        let answer = try client.request("POST", Self.call)
        #expect(answer.status == 200)
        #expect(
            answer.text == #"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"ran create_lead"}]}}"#
        )
        let records = await gateway.records(2)
        #expect(records.last?.contains(#""tool":"create_lead""#) == true, "\(records)")
        #expect(records.last?.contains(#""outcome":"allow""#) == true)
        await gateway.stop()
    }

    @Test("an allowed call of a modern client reaches the server and comes back complete")
    func modernCall() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let answer = try client.modern(
            "tools/call",
            #""name":"create_lead","arguments":{"name":"x"}"#,
            name: "create_lead"
        )
        #expect(answer.status == 200)
        #expect(answer.text.contains(#""ran create_lead""#), "\(answer.text)")
        #expect(answer.text.contains(#""resultType":"complete""#))
        await gateway.stop()
    }

    @Test("a denied call is a result with isError, a hidden one an unknown tool")
    func refusals() async throws {
        let upstream = Upstreams.legacy()
        let policy =
            #"{"version":"1","default":"allow","hide":["delete_lead"],"tools":{"create_lead":{"deny_if":[{"conditions":[{"path":"args.name","op":"eq","value":"x"}],"on_deny":"not x"}]}}}"#
        var options = Harness.Options()
        options.policy = policy
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize()
        let denied = try client.request("POST", Self.call)
        #expect(denied.status == 200)
        #expect(denied.text.contains(#""text":"[POLICY DENIED] not x""#), "\(denied.text)")
        #expect(denied.text.contains(#""isError":true"#))
        #expect(denied.text.contains(#""outcome":"deny""#))
        let hidden = try client.request("POST", Self.call.replacing("create_lead", with: "delete_lead"))
        let unknown = try client.request("POST", Self.call.replacing("create_lead", with: "no_such_one"))
        #expect(hidden.text == unknown.text.replacing("no_such_one", with: "delete_lead"))
        #expect(hidden.text.contains("-32602"), "\(hidden.text)")
        #expect(upstream.bodies(containing: "tools/call").isEmpty)
        let list = try client.request("POST", #"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#)
        #expect(list.text.contains("create_lead"), "\(list.text)")
        #expect(!list.text.contains("delete_lead"))
        await gateway.stop()
    }
}
