import Base
import JSONText
import Testing

@testable import toolgate

@Suite("the sandbox")
struct SandboxTests {
    private static let now = WallTime(milliseconds: 1_795_226_400_000)

    /// A server and what a client of one era sends with every request.
    private struct Bench {
        var endpoint: SandboxEndpoint
        var request = SandboxRequest()
        var isModern = true
        private var lastID = 0

        init(pageSize: Int = 100) {
            var minted = 0
            endpoint = SandboxEndpoint(now: SandboxTests.now, pageSize: pageSize) {
                minted += 1
                return Array("session-\(minted)".utf8)
            }
            request.contentType = Array("application/json".utf8)
            request.protocolVersion = Array("2026-07-28".utf8)
        }

        mutating func send(_ method: String, _ params: String = "", id: String? = nil) -> SandboxResponse {
            lastID += 1
            request.mcpMethod = isModern ? Array(method.utf8) : nil
            let meta =
                #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#
                + #""io.modelcontextprotocol/clientCapabilities":{}}"#
            let parts = [params, isModern ? meta : ""].filter { !$0.isEmpty }.joined(separator: ",")
            request.body = Array(
                #"{"jsonrpc":"2.0","id":\#(id ?? "\(lastID)"),"method":"\#(method)","params":{\#(parts)}}"#.utf8
            )
            return endpoint.answer(request, now: SandboxTests.now)
        }

        mutating func call(_ tool: String, _ arguments: String = "{}") throws -> JSONValue {
            request.mcpName = Array(tool.utf8)
            let response = send("tools/call", #""name":"\#(tool)","arguments":\#(arguments)"#)
            return try #require(try JSONDocument(response.body).root["result"])
        }

        mutating func openSession(_ revision: String) throws {
            isModern = false
            request.protocolVersion = nil
            let response = send("initialize", #""protocolVersion":"\#(revision)","capabilities":{}"#)
            #expect(response.sessionID != nil)
            request.sessionID = response.sessionID
            let negotiated = try JSONDocument(response.body).root["result"]?["protocolVersion"]?.string?.bytes
            request.protocolVersion = negotiated
        }
    }

    @Test("every tool of the table can be read and has a schema")
    func table() {
        #expect(Bench().endpoint.toolCount == SandboxToolTable.definitions.count)
    }

    @Test("a lead is really created, moved, noted on and deleted")
    func leads() throws {
        var bench = Bench()
        let created = try bench.call("create_lead", #"{"name":"Acme","price":900,"tags":["new"]}"#)
        #expect(created["isError"]?.boolean == false)
        let id = try #require(created["structuredContent"]?["id"]?.number?.int)
        let moved = try bench.call("move_lead", #"{"lead_id":\#(id),"status_id":12}"#)
        #expect(moved["structuredContent"]?["status_id"]?.number?.int == 12)
        let ran = try bench.call("run_salesbot", #"{"bot_id":1,"entity_id":\#(id)}"#)
        #expect(ran["structuredContent"]?["run_id"]?.number?.int == 1)
        let seen = try bench.call("get_lead", #"{"lead_id":\#(id)}"#)
        #expect(seen["structuredContent"]?["notes"]?.count == 1)
        let found = try bench.call("list_leads", #"{"query":"acme"}"#)
        #expect(found["structuredContent"]?["total"]?.number?.int == 1)
        #expect(try bench.call("delete_lead", #"{"lead_id":\#(id)}"#)["isError"]?.boolean == false)
        #expect(try bench.call("get_lead", #"{"lead_id":\#(id)}"#)["isError"]?.boolean == true)
    }

    @Test("losing a lead takes a reason, and the answer says where to find one")
    func losing() throws {
        var bench = Bench()
        let refused = try bench.call("move_lead", #"{"lead_id":1001,"status_id":143}"#)
        #expect(refused["isError"]?.boolean == true)
        #expect(refused["content"]?.element(at: 0)?["text"]?.string?.text.contains("get_loss_reasons") == true)
        let lost = try bench.call("move_lead", #"{"lead_id":1001,"status_id":143,"loss_reason_id":2}"#)
        #expect(lost["structuredContent"]?["loss_reason_id"]?.number?.int == 2)
    }

    @Test(
        "arguments that break the schema come back as a tool error",
        arguments: [
            ("create_lead", "{}"), ("create_lead", #"{"name":"a","price":-1}"#),
            ("create_lead", #"{"name":"a","x":1}"#),
            ("get_lead", #"{"lead_id":"1001"}"#), ("run_salesbot", #"{"bot_id":1,"entity_id":1001,"entity_type":"x"}"#),
        ]
    )
    func validation(tool: String, arguments: String) throws {
        var bench = Bench()
        #expect(try bench.call(tool, arguments)["isError"]?.boolean == true)
    }

    @Test("a modern client discovers, lists and gets the fields every result needs")
    func modern() throws {
        var bench = Bench()
        let discovered = try JSONDocument(bench.send("server/discover").body).root["result"]
        #expect(discovered?["supportedVersions"]?.element(at: 0)?.string?.text == "2026-07-28")
        #expect(discovered?["resultType"]?.string?.text == "complete")
        #expect(discovered?["_meta"]?["io.modelcontextprotocol/serverInfo"] != nil)
        let listed = try JSONDocument(bench.send("tools/list").body).root["result"]
        #expect(listed?["tools"]?.count == SandboxToolTable.definitions.count)
        #expect(listed?["cacheScope"]?.string?.text == "public")
    }

    @Test(
        "each legacy revision opens a session, and structured results come from 2025-06-18 on",
        arguments: [
            ("2025-03-26", "2025-03-26", false), ("2025-06-18", "2025-06-18", true), ("2025-11-25", "2025-11-25", true),
            ("2024-11-05", "2025-11-25", true),
        ]
    )
    func legacy(asked: String, agreed: String, isStructured: Bool) throws {
        var bench = Bench()
        try bench.openSession(asked)
        #expect(bench.request.protocolVersion == Array(agreed.utf8))
        let result = try bench.call("get_loss_reasons")
        #expect((result["structuredContent"] != nil) == isStructured)
        #expect(result["resultType"] == nil)
        #expect(try JSONDocument(bench.send("ping").body).root["result"]?.count == 0)
        bench.request.method = .delete
        #expect(bench.endpoint.answer(bench.request, now: Self.now).status == 200)
        bench.request.method = .post
        #expect(bench.send("ping").status == 404)
    }

    @Test("a list comes in pages whose cursors lead on, and a foreign cursor is refused")
    func pages() throws {
        var bench = Bench(pageSize: 5)
        var names: Set<String> = []
        var cursor = ""
        var pages = 0
        repeat {
            let params = cursor.isEmpty ? "" : #""cursor":"\#(cursor)""#
            let result = try JSONDocument(bench.send("tools/list", params).body).root["result"]
            for tool in try #require(result?["tools"]).elements {
                names.insert(tool["name"]?.string?.text ?? "")
            }
            cursor = result?["nextCursor"]?.string?.text ?? ""
            pages += 1
        } while !cursor.isEmpty
        #expect(names.count == SandboxToolTable.definitions.count)
        #expect(pages == 3)
        #expect(bench.send("tools/list", #""cursor":"99""#).status == 400)
    }

    @Test("what a server must refuse is refused with the status and code of its revision")
    func refusals() throws {
        func code(_ response: SandboxResponse) throws -> Int? {
            try JSONDocument(response.body).root["error"]?["code"]?.number?.int
        }
        var bench = Bench()
        #expect(try code(bench.send("no/such")) == -32_601)
        #expect(bench.send("no/such").status == 404)
        bench.request.mcpName = Array("nope".utf8)
        let unknown = bench.send("tools/call", #""name":"nope""#)
        #expect(try unknown.status == 400 && code(unknown) == -32_602)
        bench.request.mcpName = Array("other".utf8)
        #expect(try code(bench.send("tools/call", #""name":"get_lead""#)) == -32_020)
        bench.request.protocolVersion = Array("2030-01-01".utf8)
        #expect(try code(bench.send("tools/list")) == -32_022)
        bench.request.origin = Array("https://evil.test".utf8)
        #expect(bench.send("tools/list").status == 403)
        bench.request.origin = Array("http://localhost:8080".utf8)
        bench.request.contentType = Array("text/plain".utf8)
        #expect(bench.send("tools/list").status == 415)
        bench.request.contentType = Array("application/json; charset=utf-8".utf8)
        bench.request.body = Array("[]".utf8)
        #expect(bench.endpoint.answer(bench.request, now: Self.now).status == 400)
        bench.request.method = .get
        #expect(bench.endpoint.answer(bench.request, now: Self.now).status == 405)
        bench.request.path = Array("/".utf8)
        #expect(bench.endpoint.answer(bench.request, now: Self.now).status == 404)
        var legacy = Bench()
        legacy.isModern = false
        legacy.request.protocolVersion = nil
        #expect(legacy.send("tools/list").status == 400)
        legacy.request.sessionID = Array("made up".utf8)
        #expect(legacy.send("tools/list").status == 404)
    }
}
