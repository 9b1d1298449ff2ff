import Base
import JSONText
import People
import Secrets
import Settings
import Stores
import Testing

@testable import toolgate

@Suite("member invite | password | link | sessions | second-factor, token")
struct AccountCommandTests {
    private func words(_ value: JSONValue?) -> String? {
        value?.string.map { ByteString($0.bytes).text }
    }

    @Test("F10: the first account's link is printed anew while there is no account, and no more then")
    func link() throws {
        let scene = try StoreScene()
        let (status, console) = scene.run("member", "link", "--admin-url", "https://t.example.com")
        #expect(status == .done)
        let line = try #require(console.output.split(separator: "\n").first)
        #expect(line.hasPrefix("https://t.example.com/#/setup/tgf_"))
        #expect(console.error.contains("works once, until"))
        let again = try scene.json("member", "link")
        #expect(words(again["link"])?.hasPrefix("http://127.0.0.1:8788/#/setup/tgf_") == true)
        scene.run("member", "add", "ana", "--role", "admin", "--email", "ana@example.com")
        let set = scene.run("member", "password", "ana", "--from", "env:P", environment: ["P": "a few plain words"])
        #expect(set.0 == .done)
        let (refused, late) = scene.run("member", "link")
        #expect(refused == .refused)
        #expect(late.error.contains("there is an account already"))
        #expect(try !scene.storeText().contains(line.suffix(20)))
    }

    @Test("a password is typed twice, is checked, and is kept as a slow hash alone")
    func password() throws {
        let scene = try StoreScene()
        scene.run("member", "add", "ana", "--email", "ana@example.com")
        let typed = scene.ask("member", "password", "ana", answers: ["a few plain words", "a few plain words"])
        #expect(typed.0 == .done)
        #expect(typed.1.output.contains("signs in with the new password"))
        #expect(!typed.1.output.contains("plain words") && !typed.1.error.contains("plain words"))
        let kept = try scene.storeText()
        #expect(kept.contains("$argon2id$v=19$m=65536,t=3,p=1$") && !kept.contains("plain words"))
        let differ = scene.ask("member", "password", "ana", answers: ["a few plain words", "a few plain wordz"])
        #expect(differ.0 == .refused && differ.1.error.contains("not the same"))
        let short = scene.ask("member", "password", "ana", answers: ["short", "short"])
        #expect(short.0 == .refused && short.1.error.contains("at least 12"))
        let nobody = scene.run("member", "password", "ana")
        #expect(nobody.0 == .usage && nobody.1.error.contains("--from"))
        let open = scene.run("member", "password", "ana", "--from", "a few plain words")
        #expect(open.0 == .usage && !open.1.error.contains("plain words"))
    }

    @Test("an invitation's link is printed once; sessions are listed and ended")
    func invitation() throws {
        let scene = try StoreScene()
        scene.run("member", "add", "root", "--role", "admin", "--email", "root@example.com")
        let made = try scene.json("member", "invite", "Bo@example.com", "--role", "policy_manager", "--expires", "2d")
        #expect(words(made["email"]) == "bo@example.com")
        #expect(words(made["role"]) == "policy_manager")
        #expect(words(made["link"])?.contains("/#/invitation/tgi_") == true)
        #expect(scene.run("member", "invite", "Bo@example.com", "--expires", "31d").0 == .refused)
        #expect(scene.run("member", "invite", "nobody").0 == .refused)
        let none = scene.run("member", "sessions", "root")
        #expect(none.0 == .done && none.1.error.contains("signed in nowhere"))
        let ended = try scene.json("member", "sessions", "root", "--end")
        #expect(ended["ended"]?.number?.int == 0)
        let factor = scene.run("member", "second-factor", "remove", "root", "--yes")
        #expect(factor.0 == .refused && factor.1.error.contains("no second factor"))
    }

    @Test("F9: a token is shown once, may do no more than its owner, and is gone when removed")
    func tokens() throws {
        let scene = try StoreScene()
        scene.run("member", "add", "ana", "--role", "policy_manager")
        let (status, console) = scene.run("token", "create", "ci", "--member", "ana", "--role", "policy_manager")
        #expect(status == .done)
        let token = console.output.split(separator: "\n").first.map(String.init) ?? ""
        #expect(AccessToken(parsing: token.utf8, as: .admin) != nil)
        #expect(try !scene.storeText().contains(token.suffix(20)))
        let above = scene.run("token", "create", "x", "--member", "ana", "--role", "admin")
        #expect(above.0 == .refused && above.1.error.contains("no more than its owner"))
        #expect(scene.run("token", "create", "x").0 == .usage)
        let (_, listed) = scene.run("token", "list")
        #expect(listed.output.contains("ci") && !listed.output.contains("tga_"))
        #expect(scene.run("token", "remove", "ci").0 == .usage)
        #expect(scene.run("token", "remove", "ci", "--yes").0 == .done)
        #expect(scene.run("token", "remove", "ci", "--yes").1.error.contains("no token `ci`"))
        #expect(try scene.read { reader throws(StoreError) in try reader.adminTokens() } == [])
    }
}
