import Base
import Cryptography
import EventLoops
import JSONText
import People
import Secrets
import Stores
import Testing

@testable import AdminAPI
@testable import AdminModel

@Suite("People through the admin API")
struct PeopleTests {
    private static let password = "correct horse battery staple"

    /// An admin API over an empty store, and the token of the first link.
    private func with(_ body: (AdminScene, String) async throws -> Void) async throws {
        let keys = KeyFile.generate()
        let store = MemoryStore(time: SystemTime())
        let desk = PeopleDesk(store: store, time: SystemTime(), cost: Argon2id.Cost(kibibytes: 16, passes: 1, lanes: 1))
        {
            PeopleKeys(keys)
        }
        let link = try #require(try desk.makeSetupLink(by: .gateway))
        try await AdminScene.with { configuration in
            configuration.store = store
            configuration.people = desk
            configuration.gate = PeopleGate(people: desk, store: store)
        } _: { scene async throws in
            try await body(scene, String(decoding: link.reveal(), as: UTF8.self))
        }
    }

    private func cookie(_ reply: AdminReply) throws -> [String: String] {
        let field = try #require(reply.fields["set-cookie"], "\(reply.status) \(reply.text)")
        return ["Cookie": String(field.prefix { $0 != ";" }), "Sec-Fetch-Site": "same-origin"]
    }

    private func setUp(_ scene: AdminScene, _ link: String) async throws -> AdminReply {
        let body =
            #"{"token":"\#(link)","organisation":"Acme","label":"ana","email":"ana@example.com","#
            + #""password":"\#(Self.password)"}"#
        return try await scene.ask("POST", "/api/v1/setup", as: nil, body: body)
    }

    @Test("the first account is made by its link, once, and its session is a cookie no script reads")
    func first() async throws {
        try await with { scene, link async throws in
            #expect(try await scene.ask("GET", "/api/v1/health", as: nil).json?["setup"]?.boolean == false)
            #expect(try await setUp(scene, "tgf_wrong").status == 409)
            let made = try await setUp(scene, link)
            #expect(made.json?["role"]?.string?.text == "admin", "\(made.text)")
            let field = try #require(made.fields["set-cookie"])
            #expect(field.contains("; HttpOnly") && field.contains("; SameSite=Strict") && field.contains("; Path=/"))
            #expect(!made.text.contains("tgs_"))
            #expect(try await setUp(scene, link).status == 409)
            let session = try await scene.ask("GET", "/api/v1/session", as: nil, cookie(made))
            #expect(session.json?["organisation"]?.string?.text == "Acme")
            #expect(session.json?["member"]?["email"]?.string?.text == "ana@example.com")
            #expect(try await scene.ask("GET", "/api/v1/health", as: nil).json?["setup"]?.boolean == true)
        }
    }

    @Test("signing in and out: a session that has ended opens nothing")
    func sessions() async throws {
        try await with { scene, link async throws in
            _ = try await setUp(scene, link)
            let wrong = #"{"email":"ana@example.com","password":"no such password"}"#
            #expect(try await scene.ask("POST", "/api/v1/session", as: nil, body: wrong).status == 401)
            let right = #"{"email":"Ana@example.com","password":"\#(Self.password)"}"#
            let signed = try await scene.ask("POST", "/api/v1/session", as: nil, body: right)
            #expect(signed.status == 200, "\(signed.text)")
            let mine = try cookie(signed)
            let list = try await scene.ask("GET", "/api/v1/sessions", as: nil, mine)
            #expect(list.json?["items"]?.count == 2, "\(list.text)")
            let out = try await scene.ask("DELETE", "/api/v1/session", as: nil, mine)
            #expect(out.status == 204)
            #expect(out.fields["set-cookie"]?.contains("Max-Age=0") == true)
            #expect(try await scene.ask("GET", "/api/v1/session", as: nil, mine).status == 401)
        }
    }

    @Test("F8: who is invited has the role of the invitation, and a token never more than its owner")
    func invited() async throws {
        try await with { scene, link async throws in
            let admin = try cookie(try await setUp(scene, link))
            let body = #"{"email":"vi@example.com","role":"viewer"}"#
            let made = try await scene.ask("POST", "/api/v1/invitations", as: nil, admin, body: body)
            let address = try #require(made.json?["link"]?.string?.text, "\(made.text)")
            #expect(address.hasPrefix("http://\(scene.server.address)/#/invitation/tgi_"))
            let token = try #require(address.split(separator: "/").last)
            let accept = #"{"token":"\#(token)","label":"vi","password":"another long passphrase"}"#
            let viewer = try cookie(try await scene.ask("POST", "/api/v1/invitations/accept", as: nil, body: accept))
            #expect(try await scene.ask("GET", "/api/v1/members", as: nil, viewer).status == 200)
            #expect(try await scene.ask("GET", "/api/v1/invitations", as: nil, viewer).status == 403)
            #expect(
                try await scene.ask("POST", "/api/v1/tokens", as: nil, viewer, body: #"{"label":"x"}"#).status == 403
            )
            let machine = #"{"label":"ci","role":"policy_manager"}"#
            let minted = try await scene.ask("POST", "/api/v1/tokens", as: nil, admin, body: machine)
            let secret = try #require(minted.json?["token"]?.string?.text, "\(minted.text)")
            let bearer = ["Authorization": "Bearer \(secret)"]
            #expect(try await scene.ask("GET", "/api/v1/policies", as: nil, bearer).status == 200)
            #expect(try await scene.ask("GET", "/api/v1/tokens", as: nil, bearer).status == 403)
            let id = try #require(minted.json?["record"]?["id"]?.string?.text)
            #expect(try await scene.ask("DELETE", "/api/v1/tokens/\(id)", as: nil, admin).status == 204)
            #expect(try await scene.ask("GET", "/api/v1/policies", as: nil, bearer).status == 401)
        }
    }

    @Test("registration is closed unless it was opened")
    func registration() async throws {
        try await with { scene, _ async throws in
            let body = #"{"label":"ana","email":"ana@example.com","password":"\#(Self.password)"}"#
            #expect(try await scene.ask("POST", "/api/v1/registration", as: nil, body: body).status == 403)
        }
    }
}
