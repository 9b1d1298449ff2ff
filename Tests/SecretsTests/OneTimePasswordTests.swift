import Base
import Testing

@testable import Secrets

@Suite struct OneTimePasswordTests {
    private let password = OneTimePassword(secret: Secret(Array("12345678901234567890".utf8)))

    private func time(_ seconds: Int64) -> WallTime { WallTime(milliseconds: seconds * 1_000) }

    // RFC 6238, appendix B, the rows of SHA-1: eight digits.
    @Test(
        "the codes are those of RFC 6238",
        arguments: [
            (Int64(59), "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"), (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ]
    )
    func vectors(seconds: Int64, expected: String) {
        #expect(password.code(for: seconds / 30, digits: 8) == Array(expected.utf8))
        #expect(password.code(at: time(seconds)) == Array(expected.utf8.suffix(6)))
    }

    @Test("a code is taken one step early and one step late, and no further")
    func window() {
        let code = password.code(for: 100)
        for (second, isTaken) in [(2_969, false), (2_970, true), (3_000, true), (3_059, true), (3_060, false)] {
            let step = password.step(of: code, at: time(Int64(second)), after: nil)
            #expect(step == (isTaken ? 100 : nil), "\(second)")
        }
    }

    @Test("a code works once, and so does none before it")
    func once() {
        let now = time(3_000)
        #expect(password.step(of: password.code(for: 100), at: now, after: 99) == 100)
        #expect(password.step(of: password.code(for: 100), at: now, after: 100) == nil)
        #expect(password.step(of: password.code(for: 99), at: now, after: 100) == nil)
        #expect(password.step(of: password.code(for: 101), at: now, after: 100) == 101)
    }

    @Test("what is not six digits is no code, and no input traps")
    func strictness() {
        let code = String(decoding: password.code(for: 1), as: UTF8.self)
        #expect(password.step(of: (code.prefix(3) + " " + code.suffix(3)).utf8, at: time(30), after: nil) == 1)
        for typed in ["", "12345", "1234567", "12a456", "١٢٣٤٥٦", String(repeating: "1", count: 1_000)] {
            #expect(password.step(of: typed.utf8, at: time(30), after: nil) == nil)
        }
        #expect(password.step(of: code.utf8, at: WallTime(milliseconds: .min), after: nil) == nil)
        #expect(password.step(of: code.utf8, at: WallTime(milliseconds: .max), after: .max) == nil)
        #expect(password.step(of: password.code(for: 0).prefix(6), at: time(0), after: nil) == 0)
    }

    @Test("an app reads the secret from the address, whatever the names are")
    func address() {
        #expect(password.typedSecret == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        #expect(
            password.uri(issuer: "Toolgate & Söhne", account: "a@x.com?secret=b")
                == "otpauth://totp/Toolgate%20%26%20S%C3%B6hne:a%40x.com%3Fsecret%3Db"
                + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Toolgate%20%26%20S%C3%B6hne"
                + "&algorithm=SHA1&digits=6&period=30"
        )
        #expect(OneTimePassword.newSecret().reveal().count == 20)
    }
}
