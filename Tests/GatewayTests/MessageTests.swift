import Glibc
import JSONText
import Testing

@testable import Gateway

@Suite("Messages", .serialized)
struct MessageTests {
    private func opened(_ upstream: ScriptedUpstream) async throws -> (Harness, TestClient) {
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        _ = try client.initialize()
        return (gateway, client)
    }

    private static func call(_ params: String, id: String = "1") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{\#(params)}}"#
    }

    @Test("A3: the server gets a new message: own id, known members only, the arguments byte for byte")
    func rebuilt() async throws {
        let upstream = Upstreams.legacy()
        let (gateway, client) = try await opened(upstream)
        let body = """
            { "jsonrpc" : "2.0", "extra":1, "id":"mine", "method":"tools/call", "params":{"name":"create_lead",\
            "arguments":{ "amount" : 1.50e1, "name":"\\u0061"}, "other":true, "_meta":{"x/y":1}}}
            """
        let answer = try client.request("POST", body)
        #expect(answer.text.contains(#""id":"mine""#), "\(answer.text)")
        let sent = try #require(upstream.received.map(\.message).first { $0.text.contains("tools/call") })
        let message = SentMessage(sent)
        #expect(message.arguments == #"{ "amount" : 1.50e1, "name":"\u0061"}"#)
        #expect(!sent.text.contains("extra") && !sent.text.contains("other") && !sent.text.contains("mine"))
        #expect(message.id != "\"mine\"")
        await gateway.stop()
    }

    @Test(
        "A1: a duplicate key anywhere is refused before anything is sent",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_lead","name":"delete_lead"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"delete_lead"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_lead","n\u0061me":"delete_lead"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_lead","arguments":{"a":1,"a":2}}}"#,
        ]
    )
    func duplicates(_ body: String) async throws {
        let upstream = Upstreams.legacy()
        let (gateway, client) = try await opened(upstream)
        let before = upstream.received.count
        let answer = try client.request("POST", body)
        #expect(answer.status == 400 && answer.text.contains("-32700"), "\(answer.text)")
        #expect(upstream.received.count == before)
        await gateway.stop()
    }

    @Test(
        "A2: a key that somebody may read as a reserved one is refused",
        arguments: [#""Name":"delete_lead""#, #""NAME":"x""#, #""paramſ":{}"#, #""ARGUMENTS":{}"#]
    )
    func nearMiss(_ member: String) async throws {
        let upstream = Upstreams.legacy()
        let (gateway, client) = try await opened(upstream)
        let before = upstream.received.count
        let answer = try client.request("POST", Self.call(#""name":"create_lead","arguments":{},\#(member)"#))
        if !member.contains("ſ") {
            #expect(answer.text.contains("-32600"), "\(answer.text)")
            #expect(upstream.received.count == before)
        }
        let outer = try client.request("POST", #"{"jsonrpc":"2.0","id":1,"method":"ping",\#(member)}"#)
        if member.contains("ſ") {
            #expect(outer.text.contains("-32600"), "\(outer.text)")
        }
        await gateway.stop()
    }

    @Test(
        "A10: batches are refused in every revision",
        arguments: ["[]", "[[]]", #"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#]
    )
    func batches(_ body: String) async throws {
        let upstream = Upstreams.legacy()
        for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
            let gateway = try await Harness.start(upstream)
            var client = try gateway.client()
            _ = try client.initialize(revision: revision)
            let before = upstream.received.count
            let answer = try client.request("POST", body)
            #expect(answer.status == 400 && answer.text.contains("-32600"), "\(answer.text)")
            #expect(upstream.received.count == before)
            await gateway.stop()
        }
        let gateway = try await Harness.start(upstream)
        let answer = try gateway.client().request("POST", body, headers: ["mcp-protocol-version: 2026-07-28"])
        #expect(answer.status == 400)
        await gateway.stop()
    }

    @Test(
        "A11: a request with a strange id, or a call without one, is refused",
        arguments: ["null", "1.5", "1e2", "true", "[1]", "{}", "99999999999999999999"]
    )
    func strangeIDs(_ id: String) async throws {
        let upstream = Upstreams.legacy()
        let (gateway, client) = try await opened(upstream)
        let before = upstream.received.count
        #expect(try client.request("POST", Self.call(#""name":"create_lead""#, id: id)).status == 400, "\(id)")
        let noID = #"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"create_lead"}}"#
        #expect(try client.request("POST", noID).status == 400)
        #expect(upstream.received.count == before)
        await gateway.stop()
    }

    @Test("A11: many clients that all use id 0 get their own answers, whatever order the server answers in")
    func sameIDs() async throws {
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            let text = sent.root?["params"]?["arguments"]?["name"]?.string?.text ?? ""
            return .custom { socket, _ in
                // Those that came first answer last.
                usleep(UInt32(max(0, 40 - (Int(text) ?? 0)) * 1_000))
                let body = sent.result(Upstreams.text("for \(text)"))
                socket.write(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
        }
        let gateway = try await Harness.start(upstream)
        _ = try gateway.client().modern("tools/list")
        let clients = try (0..<40).map { _ in try gateway.client() }
        for (number, client) in clients.enumerated() {
            client.sendModern(
                "tools/call",
                #""name":"create_lead","arguments":{"name":"\#(number)"}"#,
                name: "create_lead",
                id: "0"
            )
        }
        for (number, client) in clients.enumerated() {
            let answer = try #require(client.socket.readMessage())
            #expect(answer.text.contains(#""for \#(number)""#), "\(answer.text)")
            #expect(answer.text.contains(#""id":0"#))
        }
        await gateway.stop()
    }

    @Test("A12: a body is taken whole or not at all")
    func wholeBodies() async throws {
        let upstream = Upstreams.legacy()
        var options = Harness.Options()
        options.bodyLimit = 300
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize()
        let before = upstream.received.count
        let body = Self.call(#""name":"create_lead""#)
        #expect(try client.request("POST", body + String(repeating: " ", count: 300 - body.utf8.count)).status == 200)
        let after = upstream.received.count
        #expect(after > before)
        #expect(try client.request("POST", body + "{}").status == 400)
        #expect(try client.request("POST", String(body.dropLast())).status == 400)
        let large = try client.request("POST", body + String(repeating: " ", count: 301 - body.utf8.count))
        #expect(large.status == 413)
        #expect(upstream.received.count == after)
        await gateway.stop()
    }

    @Test(
        "A13: a name that only looks like a tool's is another name",
        arguments: [
            "create_lead ", "create_leаd", "create\u{200b}_lead", "ｃreate_lead", "CREATE_LEAD", "create_lead\\u0301",
        ]
    )
    func lookalikes(_ name: String) async throws {
        let upstream = Upstreams.legacy()
        let (gateway, client) = try await opened(upstream)
        let answer = try client.request("POST", Self.call(#""name":"\#(name)""#))
        #expect(answer.text.contains("-32602"), "\(answer.text)")
        #expect(upstream.bodies(containing: "tools/call").isEmpty)
        await gateway.stop()
    }

    @Test(
        "A14: a method outside the table of its revision goes nowhere",
        arguments: [
            "tools/call ", "Tools/Call", "tools%2Fcall", "tasks/get", "tasks/result", "tasks/list", "vendor/run",
            "server/discover", "subscriptions/listen", "sampling/createMessage", "elicitation/create", "rpc.discover",
        ]
    )
    func methods(_ method: String) async throws {
        let upstream = Upstreams.legacy()
        let (gateway, client) = try await opened(upstream)
        let before = upstream.received.count
        let answer = try client.request(
            "POST",
            #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":{"name":"create_lead"}}"#
        )
        #expect(answer.text.contains("-32601"), "\(answer.text)")
        #expect(upstream.received.count == before)
        await gateway.stop()
    }

    @Test("A9: the same forbidden call is refused under every revision")
    func downgrade() async throws {
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"deny","tools":{"delete_lead":{}}}"#
        for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
            let upstream = Upstreams.legacy()
            let gateway = try await Harness.start(upstream, options)
            var client = try gateway.client()
            _ = try client.initialize(revision: revision)
            let answer = try client.request("POST", Self.call(#""name":"create_lead""#))
            #expect(answer.text.contains("(default deny)"), "\(answer.text)")
            #expect(upstream.bodies(containing: "tools/call").isEmpty)
            await gateway.stop()
        }
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream, options)
        let answer = try gateway.client().modern("tools/call", #""name":"create_lead""#, name: "create_lead")
        #expect(answer.text.contains("(default deny)"), "\(answer.text)")
        let old = try gateway.client().request(
            "POST",
            Self.call(#""name":"create_lead""#),
            headers: ["mcp-protocol-version: 2024-11-05"]
        )
        #expect(old.status == 400 && old.text.contains("-32022"), "\(old.text)")
        #expect(upstream.bodies(containing: "tools/call").isEmpty)
        await gateway.stop()
    }

    @Test("A7: headers that do not say what the body says are refused, and those upstream are made anew")
    func headers() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let params = #""name":"create_lead","arguments":{}"#
        #expect(try client.modern("tools/call", params, name: "delete_lead").text.contains("-32020"))
        #expect(try client.modern("tools/call", params).text.contains("-32020"))
        #expect(try client.modern("tools/call", params, name: "Create_lead").status == 400)
        let encoded = "=?base64?Y3JlYXRlX2xlYWQ=?="
        #expect(try client.modern("tools/call", params, name: encoded).status == 200)
        let sent = try #require(upstream.received.map(\.message).last { $0.text.contains("tools/call") })
        #expect(sent.field("mcp-name") == "create_lead")
        #expect(sent.field("mcp-method") == "tools/call")
        #expect(sent.field("mcp-protocol-version") == "2026-07-28")
        await gateway.stop()
    }

    @Test("A8: Mcp-Param headers are held to the arguments where the tool declares them, and strays are dropped")
    func parameterHeaders() async throws {
        let tool = """
            {"name":"create_lead","inputSchema":{"type":"object","properties":{"name":{"type":"string","x-mcp-header":"Lead"}}}}
            """
        let upstream = Upstreams.modern(tools: { tool })
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let params = #""name":"create_lead","arguments":{"name":"x"}"#
        #expect(try client.modern("tools/call", params, name: "create_lead").text.contains("-32020"))
        let wrong = try client.modern("tools/call", params, name: "create_lead", extra: ["mcp-param-lead: y"])
        #expect(wrong.text.contains("-32020"))
        let headers = ["mcp-param-lead: x", "mcp-param-stray: 1"]
        #expect(try client.modern("tools/call", params, name: "create_lead", extra: headers).status == 200)
        let sent = try #require(upstream.received.map(\.message).last { $0.text.contains("tools/call") })
        #expect(sent.field("mcp-param-lead") == "x")
        #expect(sent.field("mcp-param-stray") == nil)
        await gateway.stop()
    }

    @Test("A15: nothing of a body but names is kept, however the request ends")
    func nothingIsKept() async throws {
        let upstream = Upstreams.legacy { sent in
            sent.arguments.contains("failing") ? .json(sent.error(-32000, "canary-error")) : nil
        }
        var options = Harness.Options()
        options.policy = """
            {"version":"1","default":"allow","hide":["delete_lead"],"tools":{"create_lead":{"deny_if":[{"conditions":[\
            {"path":"args.name","op":"eq","value":"canary-denied"}]}],"limits":[{"counter":"n","window":"hour","max":2}]}}}
            """
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize()
        let endings = [
            (#""name":"create_lead","arguments":{"name":"canary-1"}"#, "ran create_lead"),
            (#""name":"create_lead","arguments":{"name":"canary-denied"}"#, "POLICY DENIED"),
            (#""name":"create_lead","arguments":{"name":"canary-failing"}"#, "canary-error"),
            (#""name":"create_lead","arguments":{"name":"canary-limited"}"#, "rate_limited"),
            (#""name":"delete_lead","arguments":{"name":"canary-hidden"}"#, "-32602"),
            (#""name":"create_lead","arguments":{"name":"canary-wrong","amount":"canary"}"#, "arguments"),
            (#""name":"create_lead","arguments":["canary-shape"]"#, "error"),
            (#""name":"create_lead","arguments":{"name":"canary-twice","name":"canary-twice"}"#, "-32700"),
        ]
        for (params, ending) in endings {
            let answer = try client.request("POST", Self.call(params, id: #""canary-id""#))
            #expect(answer.text.contains(ending), "\(params): \(answer.text)")
        }
        let records = await gateway.records(endings.count + 1)
        #expect(records.count == endings.count + 1, "\(records)")
        #expect(records.contains { $0.contains(#""argument_keys":["name"]"#) })
        #expect(!records.contains { $0.contains("canary") }, "\(records)")
        await gateway.stop()
    }

    @Test("a client of a server that knows neither era is told so, of whatever era it is", arguments: [true, false])
    func neitherEra(isModern: Bool) async throws {
        let upstream = Upstreams.legacy { sent in sent.method == "initialize" ? .json("{}", status: 404) : nil }
        let gateway = try await Harness.start(upstream)
        var client = try gateway.client()
        let answer = try isModern ? client.modern("server/discover") : client.initialize()
        #expect(answer.status == 200)
        #expect(answer.text.contains("does not speak"), "\(answer.text)")
        await gateway.stop()
    }
}
