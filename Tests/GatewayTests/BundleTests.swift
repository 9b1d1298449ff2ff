import Base
import Cryptography
import Glibc
import JSONText
import PolicyEngine
import Secrets
import Synchronization
import Testing
import Upstreams

@testable import Gateway

/// Several servers behind one path.
@Suite("Bundles", .serialized)
struct BundleTests {
    /// A gateway with a bundle `office` of the given servers, prefixes `a_`, `b_`, …, each under the same policy.
    private static func start(
        _ servers: [ScriptedUpstream],
        policy: String = #"{"version":"1","default":"allow","hide":["delete_lead"]}"#,
        prefixes: [String]? = nil
    ) async throws -> (Harness, TestClient) {
        var options = Harness.Options()
        let bundleToken = GrantToken.generate()
        let names = prefixes ?? servers.indices.map { String(UnicodeScalar(UInt8(97 + $0))) + "_" }
        options.amend = { definition in
            let compiled = try #require(CompiledPolicy.load(Array(policy.utf8)).0)
            var parts: [BundleDefinition.Part] = []
            for (number, server) in servers.enumerated() {
                let name = ByteString("s\(number)")
                let upstream = try UpstreamConfiguration(
                    name: name,
                    address: UpstreamAddress(Array("http://127.0.0.1:\(server.port)/mcp".utf8))
                )
                definition.servers.append(ServerDefinition(name: name, upstream: upstream))
                definition.policies.append(
                    PolicyDefinition(name: ByteString("p\(number)"), server: name, compiled: compiled)
                )
                parts.append(
                    BundleDefinition.Part(
                        server: name,
                        prefix: ByteString(names[number]),
                        policy: ByteString("p\(number)")
                    )
                )
            }
            definition.bundles = [BundleDefinition(name: "office", parts: parts)]
            var grant = GrantDefinition(
                label: "bundled",
                server: "",
                digest: options.keys.grantDigester.digest(of: bundleToken).bytes
            )
            grant.bundle = "office"
            definition.grants.append(grant)
        }
        let gateway = try await Harness.start(servers[0], options)
        var client = try gateway.client(token: String(decoding: bundleToken.reveal(), as: UTF8.self))
        client.path = "/mcp/office"
        return (gateway, client)
    }

    private static func call(_ name: String, id: Int = 7) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"\#(name)","arguments":{}}}"#
    }

    @Test("a change of any member's lists reaches who listens to the bundle, of either era and over HTTP+SSE")
    func changes() async throws {
        let modern = Upstreams.modern { sent in
            sent.method == "subscriptions/listen"
                ? .custom { socket, message in
                    let id = SentMessage(message).id
                    let meta = #""_meta":{"io.modelcontextprotocol/subscriptionId":\#(id)}"#
                    socket.startEvents()
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"toolsListChanged":true},\#(meta)}}"#
                    )
                    socket.sendEvent(
                        #"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{\#(meta)}}"#
                    )
                    _ = socket.isEnded()
                } : nil
        }
        let (gateway, client) = try await Self.start([modern, Upstreams.legacy()])
        let listener = client
        listener.sendModern("subscriptions/listen", #""notifications":{"toolsListChanged":true}"#, id: "9")
        #expect(listener.socket.readHead()?.status == 200)
        let acknowledged = try #require(listener.nextEvent())
        #expect(acknowledged.contains("toolsListChanged") && acknowledged.contains(":9"), "\(acknowledged)")
        let change = try #require(listener.nextEvent())
        #expect(change.contains("notifications/tools/list_changed") && change.contains(":9"), "\(change)")
        var session = try gateway.client(token: client.token)
        session.path = "/mcp/office"
        #expect(try session.initialize().text.contains(#""tools":{"listChanged":true}"#))
        session.send("GET", "", accept: "text/event-stream")
        #expect(session.socket.readHead()?.status == 200)
        // Its own stream of the server, which tells it again: the filter is another one.
        #expect(session.nextEvent()?.contains("notifications/tools/list_changed") == true)
        var old = try gateway.client(token: client.token)
        old.path = "/sse/office"
        old.send("GET", "", accept: "text/event-stream")
        #expect(old.socket.readHead()?.status == 200)
        #expect(old.nextEvent()?.hasPrefix("/sse/office/") == true)
        await gateway.stop()
    }

    private static func list(_ cursor: String? = nil) -> String {
        let params = cursor.map { #""cursor":"\#($0)""# } ?? ""
        return #"{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{\#(params)}}"#
    }

    @Test("a bundle of both eras lists and calls in both eras, each server in its own names", arguments: [true, false])
    func basics(isModern: Bool) async throws {
        let servers = [Upstreams.modern(), Upstreams.legacy()]
        var (gateway, client) = try await Self.start(servers)
        let listed: PlainMessage
        var called: [PlainMessage] = []
        var unknown: [String] = []
        let names = ["a_create_lead", "b_create_lead"]
        if isModern {
            #expect(try client.modern("server/discover").text.contains(#""completions":{}"#))
            listed = try client.modern("tools/list")
            for name in names {
                called.append(try client.modern("tools/call", #""name":"\#(name)","arguments":{}"#, name: name))
            }
            for name in ["a_delete_lead", "a_absent", "c_create_lead", "create_lead"] {
                let answer = try client.modern("tools/call", #""name":"\#(name)""#, name: name)
                #expect(answer.status == 400)
                unknown.append(answer.text.replacing(name, with: "NAME"))
            }
        } else {
            #expect(try client.initialize().text.contains("office"))
            listed = try client.request("POST", Self.list())
            for name in names {
                called.append(try client.request("POST", Self.call(name)))
            }
            for name in ["a_delete_lead", "a_absent", "c_create_lead", "create_lead"] {
                unknown.append(try client.request("POST", Self.call(name)).text.replacing(name, with: "NAME"))
            }
        }
        #expect(names.allSatisfy { listed.text.contains($0) } && !listed.text.contains("delete_lead"), "\(listed.text)")
        #expect(!listed.text.contains("missing"))
        #expect(called.allSatisfy { $0.text.contains("ran create_lead") }, "\(called.map(\.text))")
        #expect(Set(unknown).count == 1 && unknown[0].contains("-32602"), "\(unknown)")
        for server in servers {
            let calls = server.received.map(\.message).filter { $0.text.contains("tools/call") }
            #expect(calls.count == 1)
            #expect(SentMessage(calls[0]).tool == "create_lead")
        }
        let modern = try #require(servers[0].received.last { $0.message.text.contains("tools/call") }).message
        #expect(modern.field("mcp-name") == "create_lead")
        let records = await gateway.records(4)
        #expect(records.contains { $0.contains(#""server":"s1""#) && $0.contains(#""bundle":"office""#) })
        await gateway.stop()
    }

    @Test("a server that hangs and one that answers garbage hide their own part only, and the list says so")
    func missing() async throws {
        let hanging = ScriptedUpstream { _ in .custom { socket, _ in _ = socket.isEnded() } }
        let garbage = ScriptedUpstream { _ in .raw("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes") }
        let servers = [Upstreams.modern(), hanging, Upstreams.legacy(), garbage, Upstreams.modern()]
        let (gateway, client) = try await Self.start(servers)
        let list = try client.modern("tools/list")
        for name in ["a_create_lead", "c_create_lead", "e_create_lead"] {
            #expect(list.text.contains(name), "\(list.text)")
        }
        #expect(!list.text.contains("b_") && !list.text.contains("d_"))
        let missing = try JSONDocument(list.body).root["result"]?["_meta"]?["dev.toolgate/missing"]
        #expect(missing?.elements.compactMap { $0["server"]?.string?.text } == ["s1", "s3"], "\(list.text)")
        let call = try client.modern("tools/call", #""name":"e_create_lead""#, name: "e_create_lead")
        #expect(call.text.contains("ran create_lead"))
        await gateway.stop()
    }

    @Test("pages are merged, and the cursor says whose there are more of; it is this grant's alone")
    func pages() async throws {
        let paged = Upstreams.modern { sent in
            guard sent.method == "tools/list" else {
                return nil
            }
            let isFirst = sent.root?["params"]?["cursor"] == nil
            let tool = isFirst ? "one" : "two"
            let next = isFirst ? #","nextCursor":"more""# : ""
            let tools = #""tools":[{"name":"\#(tool)","inputSchema":{"type":"object"}}]"#
            return .json(sent.result(#"{"resultType":"complete",\#(tools)\#(next)}"#))
        }
        let (gateway, client) = try await Self.start([paged, Upstreams.modern()])
        let first = try client.modern("tools/list")
        #expect(first.text.contains("a_one") && first.text.contains("b_create_lead") && !first.text.contains("a_two"))
        let cursor = try #require(try JSONDocument(first.body).root["result"]?["nextCursor"]?.string?.text)
        let second = try client.modern("tools/list", #""cursor":"\#(cursor)""#)
        #expect(second.text.contains("a_two") && !second.text.contains("b_"), "\(second.text)")
        #expect(!second.text.contains("nextCursor"))
        let alone = try gateway.client().modern("tools/list", #""cursor":"\#(cursor)""#)
        #expect(alone.text.contains("-32602"))
        await gateway.stop()
    }

    @Test("a name too long is kept within 64 characters, and still leads to its tool")
    func longNames() async throws {
        let name = String(repeating: "x", count: 100)
        let tools = #"{"name":"\#(name)","inputSchema":{"type":"object"}}"#
        let (gateway, client) = try await Self.start([Upstreams.modern(tools: { tools })])
        let list = try JSONDocument(client.modern("tools/list").body).root
        let shown = try #require(list["result"]?["tools"]?.elements.first { _ in true }?["name"]?.string?.text)
        #expect(shown.utf8.count == 64 && shown.hasPrefix("a_xxx"))
        let answer = try client.modern("tools/call", #""name":"\#(shown)""#, name: shown)
        #expect(answer.text.contains("ran \(name)"), "\(answer.text)")
        await gateway.stop()
    }

    @Test("resources go to the server that lists them, and to nobody else")
    func resources() async throws {
        let server = { (uri: String) in
            Upstreams.modern { sent in
                switch sent.method {
                case "resources/list":
                    let result = #"{"resultType":"complete","resources":[{"uri":"\#(uri)","name":"r"}]}"#
                    return .json(sent.result(result))
                case "resources/templates/list":
                    return .json(sent.result(#"{"resultType":"complete","resourceTemplates":[]}"#))
                case "resources/read":
                    let result = #"{"resultType":"complete","contents":[{"uri":"\#(uri)","text":"from \#(uri)"}]}"#
                    return .json(sent.result(result))
                default:
                    return nil
                }
            }
        }
        let servers = [server("x://one"), server("x://two")]
        let (gateway, client) = try await Self.start(servers)
        let read = try client.modern("resources/read", #""uri":"x://two""#, name: "x://two")
        #expect(read.text.contains("from x://two"), "\(read.text)")
        #expect(servers[0].bodies(containing: "resources/read").isEmpty)
        let list = try client.modern("resources/list")
        #expect(list.text.contains("x://one") && list.text.contains("x://two"))
        #expect(try client.modern("resources/read", #""uri":"x://three""#, name: "x://three").text.contains("-32602"))
        await gateway.stop()
    }

    @Test("a legacy server of a bundle asks a legacy client, and gets its answer")
    func asks() async throws {
        let answers = Counter()
        let upstream = ModernToLegacyTests.asking(1, answers)
        var (gateway, client) = try await Self.start([Upstreams.modern(), upstream])
        _ = try client.initialize(#"{"elicitation":{}}"#)
        client.send("POST", Self.call("b_create_lead"))
        _ = try #require(client.socket.readHead())
        let question = try #require(client.nextEvent())
        let id = try #require(try JSONDocument(Array(question.utf8)).root["id"]?.string?.text)
        var other = try gateway.client(token: client.token)
        other.path = client.path
        other.session = client.session
        let answer = #"{"jsonrpc":"2.0","id":"\#(id)","result":{"action":"accept","content":{}}}"#
        #expect(try other.request("POST", answer).status == 202)
        #expect(client.nextEvent()?.contains("done") == true)
        #expect(answers.count == 1)
        await gateway.stop()
    }

    @Test("a grant of a bundle opens none of its servers, and a grant of a server no bundle")
    func separate() async throws {
        var (gateway, client) = try await Self.start([Upstreams.modern()])
        client.path = "/mcp/s0"
        #expect(try client.modern("tools/list").status == 401)
        var other = try gateway.client()
        other.path = "/mcp/office"
        #expect(try other.modern("tools/list").status == 401)
        await gateway.stop()
    }

    @Test("prefixes that begin one another are refused with the definition")
    func collisions() async throws {
        await #expect(throws: SnapshotProblems.self) {
            _ = try await Self.start([Upstreams.modern(), Upstreams.modern()], prefixes: ["a_", "a_b"])
        }
    }
}
