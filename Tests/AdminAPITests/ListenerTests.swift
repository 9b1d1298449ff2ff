import Base
import JSONText
import Secrets
import Settings
import Stores
import Testing

@testable import AdminAPI
@testable import AdminModel

@Suite("The admin listener")
struct ListenerTests {
    /// A path of an operation with names that are there.
    static func path(of operation: Operation, in scene: AdminScene? = nil) -> String {
        Target.root
            + operation.path.map { segment in
                switch segment {
                case .literal(let text): "/\(text)"
                case .parameter("server"): "/crm"
                case .parameter("policy"): "/crm-sales"
                case .parameter("bundle"): "/office"
                case .parameter("label"): "/ci%20runner"
                case .parameter("member"): "/viewer"
                case .parameter("version"): "/1"
                case .parameter("id"): "/\(scene?.approval.description ?? "00000000-0000-4000-8000-000000000000")"
                case .parameter("decision"): "/\(scene?.journal.first ?? "none")"
                case .parameter: "/get_lead"
                }
            }.joined()
    }

    @Test("F8, K5: every operation is open to the roles its line says, and to nobody else")
    func roles() async throws {
        try await AdminScene.with { scene async throws in
            for operation in Operations.all {
                for role in [nil, .viewer, .policyManager, .admin] as [MemberRole?] {
                    if case .events = operation.answer, role != nil {
                        // It would not end; `LiveTests` watches.
                        continue
                    }
                    // Without what the operation needs besides, so that nothing is changed by asking.
                    let reply = try await scene.ask(operation.method.rawValue, Self.path(of: operation), as: role)
                    let said = "\(operation.id) as \(role?.rawValue ?? "nobody"): \(reply.status) \(reply.text)"
                    if operation.access == .open {
                        #expect(reply.status != 401 && reply.status != 403, "\(said)")
                    } else if let role {
                        let may = role.access >= operation.access
                        #expect((reply.problem == "forbidden") == !may, "\(said)")
                        #expect(reply.status != 401, "\(said)")
                    } else {
                        #expect(reply.status == 401, "\(said)")
                        #expect(reply.fields["www-authenticate"] != nil)
                    }
                    #expect(reply.status < 500, "\(said)")
                }
            }
        }
    }

    @Test("what is read has the shape the document promises, as viewer")
    func shapes() async throws {
        try await AdminScene.with { scene async throws in
            scene.journal.decide(["get_lead", "move_lead"])
            for operation in Operations.all where operation.method == .get && operation.access <= .viewer {
                guard case .json(let status, let shape) = operation.answer else {
                    continue
                }
                let reply = try await scene.ask("GET", Self.path(of: operation, in: scene), as: .viewer)
                #expect(reply.status == status, "\(operation.id): \(reply.text)")
                let document = try JSONDocument(reply.body)
                let errors = BodyCheck.errors(in: document, shape)
                #expect(errors.isEmpty, "\(operation.id): \(errors) in \(reply.text)")
                if let tag = document.root["etag"]?.string?.text {
                    #expect(reply.fields["etag"] == tag)
                }
            }
        }
    }

    @Test("no answer has a grant's token or its digest")
    func noTokens() async throws {
        try await AdminScene.with { scene async throws in
            scene.journal.decide(["get_lead"])
            let token = String(decoding: AdminScene.grantToken.reveal(), as: UTF8.self)
            for operation in Operations.all where operation.method == .get {
                if case .events = operation.answer {
                    continue
                }
                let reply = try await scene.ask("GET", Self.path(of: operation))
                #expect(!reply.text.contains(token))
            }
        }
    }

    @Test("a list is the same in pages as in one piece")
    func pages() async throws {
        try await AdminScene.with { scene async throws in
            try scene.store.change(by: .gateway) { writer throws(StoreError) in
                for index in 0..<23 {
                    try writer.save(MemberRecord(label: ByteString("m\(index)")))
                }
            }
            let whole = try await scene.ask("GET", "/api/v1/members?limit=200")
            let labels = try #require(whole.json?["items"]).elements.compactMap { $0["label"]?.string?.text }
            #expect(labels.count == 26)
            #expect(whole.json?["next"]?.isNull == true)
            var paged: [String] = []
            var cursor: String?
            repeat {
                let query = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await scene.ask("GET", "/api/v1/members?limit=4\(query)")
                paged += try #require(page.json?["items"]).elements.compactMap { $0["label"]?.string?.text }
                cursor = page.json?["next"]?.string?.text
            } while cursor != nil && paged.count < 100
            #expect(paged == labels)
            let foreign = try await scene.ask("GET", "/api/v1/grants?cursor=\(Cursor(list: "listMembers", ["a"]).text)")
            #expect(foreign.status == 400)
        }
    }

    @Test("the console's page comes with its policy for scripts, a tag, and 304 to whoever has it")
    func files() async throws {
        try await AdminScene.with { scene async throws in
            let page = try await scene.ask("GET", "/", as: nil)
            #expect(page.status == 200)
            #expect(page.fields["content-type"] == "text/html; charset=utf-8")
            #expect(page.fields["cache-control"] == "no-cache")
            let policy = try #require(page.fields["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self';"))
            #expect(!policy.contains("unsafe"))
            for (name, value) in [
                ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                #expect(page.fields[name] == value)
            }
            let tag = try #require(page.fields["etag"])
            let again = try await scene.ask("GET", "/index.html", as: nil, ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            for path in ["/nothing", "/index.html/", "/%69ndex.html", "/../index.html", "/etc/passwd", "/api/v1"] {
                #expect(try await scene.ask("GET", path, as: nil).status == 404, "\(path)")
            }
            #expect(try await scene.ask("POST", "/", as: nil).status == 405)
            #expect(try await scene.ask("HEAD", "/", as: nil).body.isEmpty)
        }
    }
}

@Suite("Hostile requests of the admin listener")
struct HostileRequestTests {
    @Test(
        "C9: a name that is not this machine's is not served, whatever it asks",
        arguments: ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "a b", "@localhost"]
    )
    func foreignHost(host: String) async throws {
        try await AdminScene.with { scene async throws in
            for path in ["/", "/api/v1/servers", "/api/v1/health"] {
                let reply = try await scene.ask("GET", path, ["Host": host])
                #expect(reply.status == 421 || reply.status == 400, "\(reply.status)")
                #expect(!reply.text.contains("crm"))
            }
        }
    }

    @Test(
        "L3: a change from another site is refused, with a session or without",
        arguments: [
            ["Origin": "http://evil.example"], ["Origin": "null"], ["Origin": "http://127.0.0.1:1"],
            ["Origin": "https://localhost"], ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], [:],
        ]
    )
    func crossSite(fields: [String: String]) async throws {
        try await AdminScene.with { scene async throws in
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                var fields = fields
                fields["Authorization"] = ""
                fields["Cookie"] = "toolgate=admin"
                let reply = try await scene.ask(method, "/api/v1/servers/crm", fields)
                #expect(reply.problem == "cross-origin", "\(method) \(reply.status) \(reply.text)")
            }
        }
    }

    @Test("L3: the listener's own pages may change things, and so may programs with a token")
    func sameSite() async throws {
        try await AdminScene.with { scene async throws in
            let cookie = ["Authorization": "", "Cookie": "a=b; toolgate=admin"]
            let own = try await scene.ask(
                "PATCH",
                "/api/v1/servers",
                cookie.merging(["Origin": "http://\(scene.server.address)"]) { $1 }
            )
            #expect(own.status == 405, "past the check, to the router: \(own.text)")
            #expect(try await scene.ask("PATCH", "/api/v1/servers").status == 405)
            let fetch = cookie.merging(["Sec-Fetch-Site": "same-origin"]) { $1 }
            #expect(try await scene.ask("PATCH", "/api/v1/servers", fetch).status == 405)
        }
    }

    @Test("L3: behind a proxy only the origin people use is the console's")
    func proxyOrigin() async throws {
        try await AdminScene.with({ $0.origin = "https://admin.example" }) { scene async throws in
            let host = ["Host": "admin.example", "Authorization": "", "Cookie": "__Host-toolgate=admin"]
            let own = host.merging(["Origin": "https://admin.example"]) { $1 }
            #expect(try await scene.ask("PATCH", "/api/v1/servers", own).status == 405)
            let other = host.merging(["Origin": "http://admin.example"]) { $1 }
            #expect(try await scene.ask("PATCH", "/api/v1/servers", other).problem == "cross-origin")
            let page = try await scene.ask("GET", "/", host)
            #expect(page.fields["strict-transport-security"] != nil)
        }
    }

    @Test(
        "a credential that is none is nobody's",
        arguments: [
            ["Authorization": "Basic YWRtaW46"], ["Authorization": "Bearer"], ["Authorization": "bearer  admin"],
            ["Authorization": "Bearer nobody"], ["Authorization": "", "Cookie": "toolgate="],
            ["Authorization": "", "Cookie": "xtoolgate=admin; =admin; toolgate"],
            ["Authorization": "Bearer nobody", "Cookie": "toolgate=admin"],
        ]
    )
    func badCredentials(fields: [String: String]) async throws {
        try await AdminScene.with { scene async throws in
            #expect(try await scene.ask("GET", "/api/v1/servers", fields).status == 401)
        }
    }

    @Test("a body where none is taken, and one of any size, cost no more than a refusal")
    func bodies() async throws {
        try await AdminScene.with({ $0.maximumBodyBytes = 1_000 }) { scene async throws in
            #expect(try await scene.ask("GET", "/api/v1/servers", body: "{}").status == 400)
            let large = String(repeating: "a", count: 2_000)
            #expect(try await scene.ask("GET", "/api/v1/servers", body: large).status == 413)
        }
    }

    @Test("what is no HTTP gets no further than the wire")
    func wire() async throws {
        try await AdminScene.with { scene async throws in
            for text in [
                "GET /api/v1/servers\r\n\r\n", "GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            ] {
                #expect(try await scene.send(text).status == 400, "\(text)")
            }
        }
    }
}
