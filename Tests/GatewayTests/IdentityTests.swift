import Base
import Glibc
import Secrets
import Testing

@testable import Gateway

@Suite("Identity", .serialized)
struct IdentityTests {
    static let list = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#

    @Test("F2: every way of not being who may call here ends in the same bytes")
    func uniformRefusal() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let stranger = "tg_lg_" + String(repeating: "0", count: 49)
        var answers: Set<String> = []
        for (token, path) in [
            ("", "/mcp/crm"), ("nonsense", "/mcp/crm"), (stranger, "/mcp/crm"), (gateway.token, "/mcp/second"),
            (gateway.token, "/mcp/absent"), (String(gateway.token.dropLast()), "/mcp/crm"),
            (gateway.token + "x", "/mcp/crm"), (gateway.token, "/mcp/CRM"),
        ] {
            var client = try gateway.client(token: token)
            client.path = path
            for method in ["POST", "GET", "DELETE"] {
                let answer = try client.request(method, method == "POST" ? Self.list : "")
                #expect(answer.status == 401, "\(method) \(token) \(path)")
                #expect(answer.field("www-authenticate") == "Bearer")
                let fields = answer.fields.filter { $0.name != "date" }.map { "\($0.name): \($0.value)" }
                answers.insert(([answer.startLine] + fields + [answer.text]).joined(separator: "\n"))
            }
        }
        #expect(answers.count == 1)
        await gateway.stop()
    }

    @Test("rotated keys are in force at once, and tokens made under older ones go on")
    func rotatedKeys() async throws {
        let folder = try #require(mkdtemp(strdup("/tmp/toolgate-rotated-XXXXXX")).map { String(cString: $0) })
        let path = "\(folder)/keys.json"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let upstream = Upstreams.legacy()
        var options = Harness.Options()
        options.keys = try KeyFile.loadOrCreate(path: path).keys
        let gateway = try await Harness.start(upstream, options)
        #expect(try gateway.client().request("POST", Self.list).status != 401)
        try KeyFile.rotate(.pepper, path: path)
        try KeyFile.rotate(.sealing, path: path)
        options.keys = try KeyFile.load(path: path)
        let tokens = (GrantToken.generate(), GrantToken.generate())
        try gateway.service.reload(try Harness.definition(upstream, options, tokens: tokens))
        let fresh = try gateway.client(token: String(decoding: tokens.0.reveal(), as: UTF8.self))
        #expect(try fresh.request("POST", Self.list).status == 401)
        gateway.service.use(options.keys)
        #expect(try fresh.request("POST", Self.list).status != 401)
        // Its grant as it was, digested under the older pepper.
        let old = (
            try #require(GrantToken(parsing: Array(gateway.token.utf8))),
            try #require(GrantToken(parsing: Array(gateway.otherToken.utf8)))
        )
        options.keys = gateway.keys
        try gateway.service.reload(try Harness.definition(upstream, options, tokens: old))
        #expect(try gateway.client().request("POST", Self.list).status != 401)
        #expect(try fresh.request("POST", Self.list).status == 401)
        await gateway.stop()
    }

    @Test("F2: an expired grant is as unknown as any other")
    func expired() async throws {
        var options = Harness.Options()
        options.expires = WallTime(milliseconds: 1)
        let gateway = try await Harness.start(Upstreams.legacy(), options)
        let answer = try gateway.client().request("POST", Self.list)
        #expect(answer.status == 401)
        await gateway.stop()
    }

    @Test("F3: a token anywhere but in the header opens nothing")
    func tokenElsewhere() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        var client = try gateway.client(token: "")
        #expect(try client.request("POST", Self.list, headers: ["cookie: token=\(gateway.token)"]).status == 401)
        #expect(try client.request("POST", Self.list, headers: ["x-api-key: \(gateway.token)"]).status == 401)
        let encoded = String(decoding: TextCoding.base64(Array("x:\(gateway.token)".utf8)), as: UTF8.self)
        for scheme in ["Basic \(encoded)", "Token \(gateway.token)", gateway.token, "Bearer  \(gateway.token)"] {
            #expect(
                try client.request("POST", Self.list, headers: ["authorization: \(scheme)"]).status == 401,
                "\(scheme)"
            )
        }
        let inBody = #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"token":"\#(gateway.token)"}}}"#
        #expect(try client.request("POST", inBody).status == 401)
        client.path = "/mcp/crm?access_token=\(gateway.token)"
        #expect(try client.request("POST", Self.list).status == 404)
        await gateway.stop()
    }

    @Test("F1: neither the grant's token nor cookies nor any header of the client's own reaches the server")
    func nothingPasses() async throws {
        let upstream = Upstreams.legacy()
        var options = Harness.Options()
        options.headers = [("Authorization", "Bearer upstream-credential")]
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        _ = try client.initialize()
        let headers = ["cookie: a=b", "x-secret: s", "x-forwarded-for: 1.2.3.4", "traceparent: 00-x"]
        _ = try client.request("POST", Self.list, headers: headers)
        let call = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_lead","arguments":{}}}"#
        #expect(try client.request("POST", call, headers: headers).text.contains("ran create_lead"))
        _ = try client.request("GET", "", headers: headers, accept: "text/event-stream")
        _ = try client.request("DELETE", "", headers: headers)
        #expect(upstream.received.count >= 4)
        let secret = Array(gateway.token.utf8)
        let spellings = [
            secret, TextCoding.hexadecimal(secret), TextCoding.base64(secret),
            // Without what a neighbour may change: two bytes at either end.
            TextCoding.base64(Array(secret.dropFirst(3))).dropFirst(4).dropLast(4) + [],
        ].map { String(decoding: $0, as: UTF8.self) }
        for received in upstream.received {
            let all = received.message.fields.map { "\($0.name): \($0.value)" } + [received.message.text]
            #expect(!all.contains { line in spellings.contains { line.contains($0) } })
            #expect(received.message.field("authorization") == "Bearer upstream-credential")
            for name in ["cookie", "x-secret", "x-forwarded-for", "traceparent"] {
                #expect(received.message.field(name) == nil)
            }
        }
        await gateway.stop()
    }

    @Test("F6: a session id alone is no authentication")
    func sessionIsNoToken() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        var client = try gateway.client()
        _ = try client.initialize()
        var thief = try gateway.client(token: "")
        thief.session = client.session
        #expect(try thief.request("POST", Self.list).status == 401)
        await gateway.stop()
    }

    @Test("C9: a foreign Origin is refused whoever sends it, and a Host that is not ours")
    func browser() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let client = try gateway.client()
        #expect(try client.request("POST", Self.list, headers: ["origin: http://evil.example"]).status == 403)
        #expect(try client.request("POST", Self.list, headers: ["origin: null"]).status == 403)
        let raw = try gateway.client()
        raw.socket.write(
            "POST /mcp/crm HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer \(gateway.token)\r\ncontent-length: 0\r\n\r\n"
        )
        #expect(raw.socket.readMessage()?.status == 421)
        await gateway.stop()
    }

    @Test(
        "C8: a body that a form could send is refused",
        arguments: ["text/plain", "application/x-www-form-urlencoded"]
    )
    func contentType(_ type: String) async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let answer = try gateway.client().request("POST", Self.list, headers: ["content-type: \(type)"])
        #expect(answer.status == 415)
        await gateway.stop()
    }

    @Test("paths are not normalised: only the exact bytes of a route lead anywhere")
    func paths() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        var client = try gateway.client()
        for path in [
            "/", "/mcp", "/mcp/", "/mcp/crm/", "/mcp/crm/x", "/mcp/%63rm", "/mcp//crm", "/x/../mcp/crm", "/healthz/",
        ] {
            client.path = path
            #expect(try client.request("POST", Self.list).status == 404, "\(path)")
        }
        client.path = "/healthz"
        #expect(try client.request("GET", "").text == #"{"status":"ok"}"#)
        await gateway.stop()
    }

    @Test("a server is reached by its UUID as well")
    func byUUID() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        var client = try gateway.client()
        client.path = "/mcp/\(gateway.uuid)"
        #expect(try client.initialize().status == 200)
        await gateway.stop()
    }

    @Test("C3: a request after one that was refused on the same connection is judged by its own token")
    func pipelining() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let client = try gateway.client(token: "")
        client.send("POST", Self.list)
        var second = client
        second.token = gateway.token
        second.send("POST", Self.list)
        #expect(client.socket.readMessage()?.status == 401)
        #expect(client.socket.readMessage()?.status == 400, "a session is required")
        await gateway.stop()
    }

    @Test("a grant without a policy gets empty lists and denied calls")
    func noPolicy() async throws {
        var options = Harness.Options()
        options.policy = nil
        let upstream = Upstreams.legacy()
        let gateway = try await Harness.start(upstream, options)
        var client = try gateway.client()
        #expect(try client.initialize().status == 200)
        #expect(try client.request("POST", Self.list).text == #"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#)
        let call = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_lead"}}"#
        let denied = try client.request("POST", call)
        #expect(denied.text.contains("(no policy)") && denied.text.contains(#""isError":true"#), "\(denied.text)")
        #expect(upstream.bodies(containing: "tools/call").isEmpty)
        await gateway.stop()
    }

    @Test("F4: an address that fails too often is told to wait, before anything is hashed")
    func throttled() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let client = try gateway.client(token: "x")
        var statuses: Set<Int> = []
        for _ in 0..<(AddressThrottle.capacity + 30) {
            statuses.insert(try client.request("POST", Self.list).status)
        }
        #expect(statuses == [401, 429])
        await gateway.stop()
    }

    @Test("F4: a token that was good a moment ago is not turned away for what others at its address do")
    func notLockedOut() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        var valid = try gateway.client()
        #expect(try valid.initialize().status == 200)
        let noisy = try gateway.client(token: "x")
        for _ in 0..<(AddressThrottle.capacity + 30) {
            _ = try noisy.request("POST", Self.list).status
        }
        #expect(try valid.request("POST", Self.list).status == 200)
        await gateway.stop()
    }

    @Test("C12: no header or preface makes an address: failures count for the socket, whatever they say of themselves")
    func forgedAddresses() async throws {
        let gateway = try await Harness.start(Upstreams.legacy())
        let client = try gateway.client(token: "x")
        var statuses: Set<Int> = []
        // Some more than the budget, as it refills while the test runs.
        for number in 0..<(AddressThrottle.capacity + 30) {
            let address = "203.0.113.\(number)"
            let headers = [
                "x-forwarded-for: \(address)", "forwarded: for=\(address)", "x-real-ip: \(address)",
                "true-client-ip: \(address)", "x-client-ip: \(address)", "cf-connecting-ip: \(address)",
            ]
            statuses.insert(try client.request("POST", Self.list, headers: headers).status)
        }
        #expect(statuses == [401, 429])
        for preface in ["PROXY TCP4 198.51.100.1 198.51.100.2 1 2\r\n", "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{0c}"] {
            let proxied = try gateway.client()
            proxied.socket.write(preface)
            proxied.send("POST", Self.list)
            #expect(proxied.socket.readMessage()?.status == 400)
            #expect(proxied.socket.isEnded())
        }
        await gateway.stop()
    }
}
