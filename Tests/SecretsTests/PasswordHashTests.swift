import Base
import Cryptography
import Testing

@testable import Secrets

@Suite struct PasswordHashTests {
    private static let cheap = Argon2id.Cost(kibibytes: 8, passes: 1, lanes: 1)

    private func secret(_ text: String) -> Secret<[UInt8]> { Secret(Array(text.utf8)) }

    @Test("a password matches its own hash and no other does; two hashes of it differ")
    func matching() throws {
        let hash = try #require(PasswordHash.make(secret("correct horse"), cost: Self.cheap))
        #expect(hash.matches(secret("correct horse")) == true)
        #expect(hash.matches(secret("correct horsf")) == false)
        #expect(hash.matches(secret("")) == false)
        let other = try #require(PasswordHash.make(secret("correct horse"), cost: Self.cheap))
        #expect(hash.text != other.text)
        #expect(PasswordHash.decoy(secret("correct horse"), cost: Self.cheap) == false)
    }

    @Test("new hashes cost 64 MiB and three passes; what costs less is outdated")
    func cost() throws {
        #expect(PasswordHash.cost == Argon2id.Cost(kibibytes: 65_536, passes: 3, lanes: 1))
        #expect(try #require(PasswordHash.make(secret("x"), cost: Self.cheap)).isOutdated)
        let full = try #require(PasswordHash.make(secret("x")))
        #expect(!full.isOutdated)
        #expect(full.text.hasPrefix("$argon2id$v=19$m=65536,t=3,p=1$"))
    }

    // Of the reference implementation's own tests, as a PHC string.
    @Test("a hash that another program made is read, and written as it was")
    func foreignHash() throws {
        let text = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        let hash = try #require(PasswordHash(text: text.utf8))
        #expect(hash.matches(secret("password")) == true)
        #expect(hash.text == text)
    }

    @Test(
        "what is no hash of argon2id, or would cost too much to check, is not read",
        arguments: [
            "", "$", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=99999999999999999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=99,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=02,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c2$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
        ]
    )
    func refusals(text: String) {
        #expect(PasswordHash(text: text.utf8) == nil)
    }

    @Test("short, monotonous and well-known passwords are refused with what to do")
    func rules() {
        func problem(_ text: String) -> String? {
            PasswordRules.problem(with: secret(text), names: ["ana@example.com", "an"])
        }
        #expect(problem("a few plain words") == nil)
        #expect(problem("пароль из слов") == nil)
        #expect(problem("elevenchars")?.contains("at least 12") == true)
        #expect(problem(String(repeating: "word ", count: 300))?.contains("at most") == true)
        for weak in ["aaaaaaaaaaaaaaa", "passwordpassword", "Toolgate2027", "ANA@example.com", "ana@example.com123"] {
            #expect(problem(weak)?.contains("first to be guessed") == true, "\(weak)")
        }
        #expect(problem("and another thing") == nil)
        #expect(PasswordRules.problem(with: Secret([UInt8](repeating: 0xFF, count: 20)))?.contains("UTF-8") == true)
    }

    @Test("F9: no description of a hash shows it")
    func masked() throws {
        let hash = try #require(PasswordHash.make(secret("x"), cost: Self.cheap))
        let end = hash.text.suffix(10)
        var dumped = ""
        dump(hash, to: &dumped)
        #expect(![dumped, "\(hash)", String(reflecting: hash)].contains { $0.contains(end) })
    }
}
