import Base
import JSONText
import Secrets
import Settings
import Stores
import Testing

@testable import AdminAPI
@testable import AdminModel

@Suite("Changes through the admin API")
struct ChangeTests {
    /// A body of each operation that takes one, which would be done.
    private static let bodies: [OperationID: String] = [
        .createServer:
            #"{"name":"mail","upstream":"http://127.0.0.1:8/mcp","headers":[{"name":"Authorization","value":"Bearer top-secret"}]}"#,
        .editServer: #"{"changed_tools":"show"}"#, .removeServer: "",
        .createBundle: #"{"name":"both","members":[{"server":"crm","prefix":"c_","policy":"crm-sales"}]}"#,
        .editBundle: #"{"members":[{"server":"crm","prefix":"x_"}]}"#,
        .putPolicy: #"{"document":{"version":"1","default":"allow"},"note":"open"}"#,
        .rollBackPolicy: #"{"version":1}"#,
        .createGrant: #"{"label":"ana's laptop","server":"crm","policy":"crm-sales","owner":"viewer"}"#,
        .editGrant: #"{"label":"ci runner","expires":"2099-01-01T00:00:00Z"}"#, .setGrantPolicy: #"{"policy":null}"#,
        .rotateGrant: #"{"overlap":"1h"}"#, .createMember: #"{"label":"bo","email":"bo@example.com","role":"viewer"}"#,
        .editMember: #"{"role":"policy_manager"}"#, .removeMember: #"{"grants":"revoke"}"#,
    ]

    @Test("an edit that is based on another state is refused, and changes nothing")
    func stale() async throws {
        try await AdminScene.with { scene async throws in
            for operation in Operations.all where operation.basis != .none {
                let before = try scene.store.revision()
                let path = ListenerTests.path(of: operation)
                let body = Self.bodies[operation.id].flatMap { $0.isEmpty ? nil : $0 }
                let reply = try await scene.ask(operation.method.rawValue, path, ["If-Match": "\"stale\""], body: body)
                #expect(reply.problem == "stale", "\(operation.id): \(reply.text)")
                if operation.basis != .freeTag {
                    let bare = try await scene.ask(operation.method.rawValue, path, body: body)
                    #expect(bare.status == 428, "\(operation.id): \(bare.text)")
                }
                for field in ["W/\"a\"", "*", "\"a\", \"b\""] {
                    let bad = try await scene.ask(operation.method.rawValue, path, ["If-Match": field], body: body)
                    #expect(bad.status == 400, "\(operation.id) \(field): \(bad.text)")
                }
                #expect(try scene.store.revision() == before, "\(operation.id)")
            }
        }
    }

    @Test("every edit is done when it is based on the present state, and its answer has the promised shape")
    func done() async throws {
        for operation in Operations.all where Self.bodies[operation.id] != nil || operation.isRemoval {
            try await AdminScene.with { scene async throws in
                let path = ListenerTests.path(of: operation)
                var fields: [String: String] = [:]
                if operation.basis != .none {
                    let known = try await scene.ask(
                        "GET",
                        path.split(separator: "/").prefix(4).reduce("") { "\($0)/\($1)" }
                    )
                    fields["If-Match"] = known.fields["etag"]
                }
                try Self.clear(for: operation.id, scene.store)
                let body = Self.bodies[operation.id].flatMap { $0.isEmpty ? nil : $0 }
                let reply = try await scene.ask(operation.method.rawValue, path, fields, body: body)
                switch operation.answer {
                case .nothing: #expect(reply.status == 204, "\(operation.id): \(reply.text)")
                case .json(let status, let shape):
                    #expect(reply.status == status, "\(operation.id): \(reply.text)")
                    let document = try JSONDocument(reply.body)
                    let errors = BodyCheck.errors(in: document, shape)
                    #expect(errors.isEmpty, "\(operation.id): \(errors) in \(reply.text)")
                case .events: break
                }
                guard operation.id != .rollBackPolicy else {
                    // The only version is in force already: nothing changes. `policyLife` rolls back.
                    return
                }
                let event = try scene.store.read { reader throws(StoreError) in try reader.latestEvents(limit: 1) }
                #expect(event.first?.author == "member:admin", "\(operation.id)")
            }
        }
    }

    /// Takes away what would forbid a removal.
    private static func clear(for id: OperationID, _ store: MemoryStore) throws {
        guard id == .removeServer || id == .removePolicy else {
            return
        }
        try store.change(by: .gateway) { writer throws(StoreError) in
            for grant in try writer.reader.grants() {
                try writer.remove(grant: grant.id)
            }
            for bundle in try writer.reader.bundles() {
                try writer.remove(bundle: bundle.id)
            }
            if id == .removeServer {
                for policy in try writer.reader.policies() {
                    try writer.remove(policy: policy.id)
                }
            }
        }
    }

    @Test("F9: a grant's token is shown once, and a repeat of the request that made it shows nothing")
    func tokenOnce() async throws {
        try await AdminScene.with { scene async throws in
            let body = #"{"label":"laptop","server":"crm"}"#
            let key = ["Idempotency-Key": "k1"]
            let made = try await scene.ask("POST", "/api/v1/grants", key, body: body)
            let token = try #require(made.json?["token"]?.string?.text)
            #expect(made.status == 201)
            #expect(made.json?["setup"]?.elements.allSatisfy { $0["text"] != nil } == true)
            let again = try await scene.ask("POST", "/api/v1/grants", key, body: body)
            #expect(again.status == 409)
            #expect(!again.text.contains(token))
            let other = try await scene.ask("POST", "/api/v1/grants", key, body: #"{"label":"x","server":"crm"}"#)
            #expect(other.problem == "key-reused")
            let list = try await scene.ask("GET", "/api/v1/grants")
            #expect(!list.text.contains(token))
            let digests = try scene.store.read { reader throws(StoreError) in
                try reader.grant(labelled: "laptop")?.digest
            }
            let parsed = try #require(GrantToken(parsing: Array(token.utf8)))
            #expect(scene.keys.grantDigester.digest(of: parsed) == digests)
        }
    }

    @Test("a request that failed may be tried again with its key")
    func failedKey() async throws {
        try await AdminScene.with { scene async throws in
            let key = ["Idempotency-Key": "k2"]
            let body = #"{"label":"l","server":"nothing"}"#
            #expect(try await scene.ask("POST", "/api/v1/grants", key, body: body).status == 409)
            #expect(try await scene.ask("POST", "/api/v1/grants", key, body: body).problem == "refused")
            let good = #"{"label":"l","server":"crm"}"#
            #expect(try await scene.ask("POST", "/api/v1/grants", key, body: good).status == 201)
        }
    }

    @Test("a secret is sealed into the store, and no answer has it")
    func sealed() async throws {
        try await AdminScene.with { scene async throws in
            let body = try #require(Self.bodies[.createServer])
            let made = try await scene.ask("POST", "/api/v1/servers", body: body)
            #expect(!made.text.contains("top-secret"))
            #expect(made.json?["headers"]?.element(at: 0)?["source"]?.string?.text == "store:mail-authorization")
            let (credential, organisation) = try scene.store.read { reader throws(StoreError) in
                (try reader.credential(named: "mail-authorization"), try reader.organisation().id)
            }
            let record = try #require(credential)
            let sealer = try #require(scene.keys.credentialSealer)
            let opened = try sealer.open(record.sealed, for: record.binding(organisation: organisation))
            #expect(opened.reveal() == Array("Bearer top-secret".utf8))
        }
    }

    @Test(
        "M1: no program, variable or file of the gateway's machine is named by a request",
        arguments: [
            #"{"name":"x","command":"/bin/sh","args":["-c","id"]}"#, #"{"name":"x","upstream":"file:///etc/passwd"}"#,
            #"{"name":"x","upstream":"http://127.0.0.1/","headers":[{"name":"X-A","source":"env:HOME"}]}"#,
            #"{"name":"x","upstream":"http://127.0.0.1/","headers":[{"name":"X-A","source":"file:/etc/passwd"}]}"#,
            #"{"name":"x","connector":"/etc/passwd","secret":{"value":"a"}}"#,
            #"{"name":"x","upstream":"http://127.0.0.1/","headers":[{"name":"X","value":"a\r\nHost: b"}]}"#,
        ]
    )
    func noPrograms(body: String) async throws {
        try await AdminScene.with { scene async throws in
            let before = try scene.store.revision()
            let reply = try await scene.ask("POST", "/api/v1/servers", body: body)
            #expect(reply.status == 422 || reply.status == 409, "\(reply.status) \(reply.text)")
            #expect(try scene.store.revision() == before)
        }
    }

    @Test("a document that does not load changes nothing, and every finding has its line")
    func badDocument() async throws {
        try await AdminScene.with { scene async throws in
            let tag = try #require(try await scene.ask("GET", "/api/v1/policies/crm-sales").fields["etag"])
            let document = "{\n \"version\":\"1\",\n \"default\":\"maybe\",\n \"tool\":{} }"
            let body = "{\"document\":\(document)}"
            let reply = try await scene.ask("PUT", "/api/v1/policies/crm-sales", ["If-Match": tag], body: body)
            #expect(reply.status == 422)
            let lines = reply.json?["errors"]?.elements.compactMap { $0["line"]?.number?.int } ?? []
            #expect(lines == [3, 4], "\(reply.text)")
            let check = try await scene.ask("POST", "/api/v1/policy/check", body: body)
            #expect(check.json?["ok"]?.boolean == false)
            let text = try await scene.ask("POST", "/api/v1/policy/check", body: #"{"document":"{\"version\":\"1\","}"#)
            #expect(text.status == 200, "text that is no JSON is a finding: \(text.text)")
        }
    }

    @Test("a policy is made, changed, compared, explained and rolled back; the history has it all")
    func policyLife() async throws {
        try await AdminScene.with { scene async throws in
            let path = "/api/v1/policies/new-one"
            let first = #"{"server":"crm","document":{"version":"1","default":"deny","tools":{"get_lead":{}}}}"#
            #expect(try await scene.ask("PUT", path, ["If-Match": "\"x\""], body: first).status == 404)
            let made = try await scene.ask("PUT", path, ["If-None-Match": "*"], body: first)
            #expect(made.status == 200, "\(made.text)")
            #expect(try await scene.ask("PUT", path, ["If-None-Match": "*"], body: first).problem == "stale")
            let tag = try #require(made.fields["etag"])
            let second = #"{"document":{"version":"1","default":"allow"}}"#
            let changed = try await scene.ask("PUT", path, ["If-Match": tag], body: second)
            #expect(changed.json?["version"]?.number?.int == 2)
            let diff = #"{"policy":"new-one","version":1,"to":{"version":"1","default":"allow"}}"#
            let compared = try await scene.ask("POST", "/api/v1/policy/diff", body: diff)
            #expect((compared.json?["changes"]?.count ?? 0) > 0, "\(compared.text)")
            let call = #"{"policy":"new-one","server":"crm","call":{"tool":"get_lead","arguments":{}}}"#
            let explained = try await scene.ask("POST", "/api/v1/policy/explain", body: call)
            #expect(explained.json?["decisions"]?.element(at: 0)?["outcome"]?.string?.text == "allow")
            let back = try await scene.ask(
                "POST",
                path + "/rollback",
                ["If-Match": try #require(changed.fields["etag"])],
                body: #"{"version":1}"#
            )
            #expect(back.json?["version"]?.number?.int == 3)
            let history = try await scene.ask("GET", path + "/versions")
            #expect(history.json?["items"]?.count == 3)
        }
    }

    @Test("L1: the arguments of a call are for those who may decide about it, until one of two racing has")
    func approvals() async throws {
        try await AdminScene.with { scene async throws in
            let path = "/api/v1/approvals/\(scene.approval)"
            for role in [MemberRole.viewer, .policyManager] {
                let seen = try await scene.ask("GET", path, as: role)
                #expect(seen.json?["may_decide"]?.boolean == false)
                #expect(seen.json?["arguments"] == nil)
                #expect(try await scene.ask("POST", path + "/approve", as: role, body: "{}").status == 403)
            }
            let seen = try await scene.ask("GET", path)
            #expect(seen.json?["arguments"]?["id"]?.number?.int == 7)
            #expect(try await scene.ask("GET", path + "/approve").status == 405, "GET approves nothing")
            async let yes = scene.ask("POST", path + "/approve", body: "{}")
            async let no = scene.ask("POST", path + "/deny", body: #"{"reason":"no"}"#)
            let statuses = try await [yes.status, no.status].sorted()
            #expect(statuses == [200, 409])
            #expect(try await scene.ask("GET", path).json?["arguments"] == nil)
        }
    }

    @Test("a tool is accepted as it was looked at, or not at all")
    func accepting() async throws {
        try await AdminScene.with { scene async throws in
            let path = "/api/v1/servers/crm/tools/new_tool/accept"
            let digest = [UInt8](repeating: 0xAB, count: 32)
            let text = String(decoding: TextCoding.hexadecimal(digest), as: UTF8.self)
            try scene.store.change(by: .gateway) { writer throws(StoreError) in
                let server = try writer.reader.server(named: "crm")
                let canonical = Array(#"{"inputSchema":{"type":"object"},"name":"new_tool"}"#.utf8)
                let definition = PinnedDefinition(digest: digest, canonical: canonical, seen: writer.now)
                if let server {
                    let pin = ToolPin(server: server.id, tool: "new_tool", standing: .new, definition: definition)
                    try writer.save(pin)
                }
            }
            let changes = try await scene.ask("GET", "/api/v1/servers/crm/changes", as: .viewer)
            #expect(changes.json?["items"]?.element(at: 0)?["offered_digest"]?.string?.text == text)
            let other = String(repeating: "0", count: 64)
            #expect(try await scene.ask("POST", path, body: "{\"digest\":\"\(other)\"}").status == 409)
            #expect(try await scene.ask("POST", path, as: .viewer, body: "{\"digest\":\"\(text)\"}").status == 403)
            let done = try await scene.ask("POST", path, as: .policyManager, body: "{\"digest\":\"\(text)\"}")
            #expect(done.json?["standing"]?.string?.text == "pinned", "\(done.text)")
        }
    }

    @Test(
        "H2, A1: a body that is hostile costs a refusal",
        arguments: [
            String(repeating: "[", count: 100_000), "{\"document\":" + String(repeating: "[", count: 1_000),
            #"{"document":{},"document":{}}"#, #"{"document":1e999999999999}"#, "\u{FEFF}{}", "{\"a\":\"\u{0}\"}", "",
            #"{"document":"\ud800"}"#, #"{"label":"a"#,
        ]
    )
    func hostileBodies(body: String) async throws {
        try await AdminScene.with { scene async throws in
            let reply = try await scene.ask("POST", "/api/v1/policy/check", body: body)
            #expect(reply.status == 400 || reply.status == 200, "\(reply.status) \(reply.text)")
            if reply.status == 200 {
                #expect(reply.json?["ok"]?.boolean == false)
            }
            let form = try await scene.ask(
                "POST",
                "/api/v1/policy/check",
                ["Content-Type": "text/plain"],
                body: #"{"document":{}}"#
            )
            #expect(form.status == 415, "a form of another site sends this without being asked")
        }
    }
}

extension Operation {
    /// Whether it removes a record that may be based on.
    fileprivate var isRemoval: Bool { method == .delete && basis != .none }
}
