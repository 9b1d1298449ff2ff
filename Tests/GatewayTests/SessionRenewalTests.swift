import Base
import Glibc
import JSONText
import Synchronization
import Testing

@testable import Gateway

/// Sessions that outlive what they went on in: the server's session, the client's process, the gateway's.
@Suite("Sessions that survive", .serialized)
struct SessionRenewalTests {
    private static let call =
        #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_lead","arguments":{}}}"#

    /// A legacy server that forgets the sessions before the latest one when it is told to.
    private static func forgetful(_ opened: Counter, _ forgotten: Counter) -> ScriptedUpstream {
        Upstreams.legacy { sent in
            if sent.method == "initialize", sent.message.text.contains("roots") {
                opened.add()
                let result = """
                    {"protocolVersion":"2025-11-25","capabilities":{"tools":{},"logging":{},\
                    "resources":{"subscribe":true}},"serverInfo":{"name":"s","version":"1"}}
                    """
                return .json(sent.result(result), headers: ["mcp-session-id: s\(opened.count)"])
            }
            let session = sent.message.field("mcp-session-id") ?? ""
            if session.hasPrefix("s"), forgotten.count > 0, session == "s1" {
                return .json(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"gone"}}"#, status: 404)
            }
            switch sent.method {
            case "logging/setLevel", "resources/subscribe": return .json(sent.result("{}"))
            default: return nil
            }
        }
    }

    @Test("a server's session that died is opened again, with level and subscriptions, and no client notices")
    func renewed() async throws {
        let (opened, forgotten) = (Counter(), Counter())
        let upstream = Self.forgetful(opened, forgotten)
        var options = Harness.Options()
        options.workers = 2
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize(#"{"roots":{}}"#)
        let level = #"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"error"}}"#
        _ = try client.request("POST", level)
        let subscribe = #"{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"x://y"}}"#
        _ = try client.request("POST", subscribe)
        forgotten.add()
        for _ in 0..<6 {
            // On whatever worker: all of them go on in the one new session.
            var again = try gateway.client()
            again.session = client.session
            let answer = try again.request("POST", Self.call)
            #expect(answer.status == 200 && answer.text.contains("ran create_lead"), "\(answer.text)")
        }
        #expect(opened.count == 2)
        let renewed = upstream.received.map(\.message).filter { $0.field("mcp-session-id") == "s2" }
        #expect(renewed.contains { $0.text.contains("setLevel") && $0.text.contains("error") })
        #expect(renewed.contains { $0.text.contains("resources/subscribe") && $0.text.contains("x://y") })
        #expect(renewed.filter { $0.text.contains("tools/call") }.count == 6)
        await gateway.stop()
    }

    @Test("a session that cannot be opened again is over for its client too")
    func over() async throws {
        let lost = Counter()
        let upstream = Upstreams.legacy { sent in
            lost.count > 0 && sent.message.startLine.hasPrefix("POST") ? .json("{}", status: 404) : nil
        }
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        _ = try client.request("POST", Self.call)
        lost.add()
        #expect(try client.request("POST", Self.call).text.contains("session not found"))
        await gateway.stop()
    }

    @Test("a server that is pointed at another address is never told the session the old one gave, on any way")
    func moved() async throws {
        let opened = Counter()
        let new = Self.forgetful(opened, Counter())
        let old = Upstreams.legacy { sent in
            let result = #"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#
            return sent.method == "initialize"
                ? .json(sent.result(result), headers: ["mcp-session-id: old-session"]) : nil
        }
        var options = Harness.Options()
        options.workers = 2
        let gateway = try await Harness.start(old, options)
        var client = try gateway.client()
        _ = try client.initialize(#"{"roots":{}}"#)
        var given = try gateway.client()
        _ = try given.initialize(#"{"roots":{}}"#)
        #expect(try client.request("POST", Self.call).text.contains("ran create_lead"))
        try gateway.reload(new, options)
        // A stream and an end are no reason to open anything: what they would be said in is not there.
        #expect(try given.request("DELETE", "").status == 200)
        for _ in 0..<4 {
            // On whatever worker: in one session of the new server's.
            var again = try gateway.client()
            again.session = client.session
            let answer = try again.request("POST", Self.call)
            #expect(answer.status == 200 && answer.text.contains("ran create_lead"), "\(answer.text)")
        }
        #expect(opened.count == 1)
        let sessions = new.received.map { $0.message.field("mcp-session-id") ?? "" }
        #expect(!sessions.contains("old-session"), "\(sessions)")
        #expect(new.bodies(containing: "tools/call").count == 4)
        // And back again: the old one's is its own still, the new one's is not told it.
        try gateway.reload(old, options)
        #expect(try client.request("POST", Self.call).text.contains("ran create_lead"))
        #expect(!old.received.contains { $0.message.field("mcp-session-id") == "s1" })
        await gateway.stop()
    }

    @Test("D1: two grants that exchange session ids, cursors, states and ids of questions get nothing")
    func exchanged() async throws {
        let upstream = Upstreams.modern { sent in
            if sent.method == "tools/list", sent.root?["params"]?["cursor"] == nil {
                return .json(
                    sent.result(#"{"resultType":"complete","tools":[\#(Upstreams.tools)],"nextCursor":"more"}"#)
                )
            }
            return nil
        }
        let gateway = try await Harness.start(upstream)
        var mine = try gateway.client()
        _ = try mine.initialize()
        var other = try gateway.client(token: gateway.otherToken)
        other.session = mine.session
        #expect(try other.request("POST", Self.call).status == 404)
        #expect(try other.request("DELETE", "").status == 404)
        other.session = nil
        let page = try JSONDocument(mine.request("POST", Self.list()).body).root
        let cursor = try #require(page["result"]?["nextCursor"]?.string?.text)
        #expect(try mine.request("POST", Self.list(cursor)).text.contains("create_lead"))
        _ = try other.initialize()
        #expect(try other.request("POST", Self.list(cursor)).text.contains("-32602"))
        // A cursor of a session is none of another era's either way: it is bound to grant, server and method.
        let prompts = #"{"jsonrpc":"2.0","id":3,"method":"prompts/list","params":{"cursor":"\#(cursor)"}}"#
        #expect(try mine.request("POST", prompts).text.contains("-32602"))
        await gateway.stop()
    }

    private static func list(_ cursor: String? = nil) -> String {
        let params = cursor.map { #""cursor":"\#($0)""# } ?? ""
        return #"{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{\#(params)}}"#
    }
}
