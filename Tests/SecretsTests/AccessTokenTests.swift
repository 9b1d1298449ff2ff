import Base
import Testing

@testable import Secrets

@Suite struct AccessTokenTests {
    private func text(_ token: AccessToken) -> String {
        String(decoding: token.reveal(), as: UTF8.self)
    }

    @Test("F4: every token of the administration has its prefix, 256 random bits and the form scanners look for")
    func form() throws {
        let pattern = try Regex("^" + AccessToken.scannerPattern + "$")
        let grants = try Regex("^" + GrantToken.scannerPattern + "$")
        for kind in AccessToken.Kind.allCases {
            let tokens = (0..<200).map { _ in text(.generate(kind)) }
            #expect(Set(tokens).count == 200)
            for token in tokens {
                #expect(token.hasPrefix(kind.rawValue) && token.utf8.count == AccessToken.byteCount)
                #expect(token.wholeMatch(of: pattern) != nil && token.wholeMatch(of: grants) == nil)
            }
        }
    }

    @Test("F4: a token of another kind, or with any character changed, cut or added, is refused before it is hashed")
    func refusals() {
        for kind in AccessToken.Kind.allCases {
            let bytes = AccessToken.generate(kind).reveal()
            for other in AccessToken.Kind.allCases {
                #expect((AccessToken(parsing: bytes, as: other) != nil) == (other == kind))
            }
            for index in bytes.indices {
                var changed = bytes
                changed[index] = bytes[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
                #expect(AccessToken(parsing: changed, as: kind) == nil)
            }
            #expect(AccessToken(parsing: bytes.dropLast(), as: kind) == nil)
            #expect(AccessToken(parsing: bytes + [UInt8(ascii: "0")], as: kind) == nil)
        }
    }

    @Test("F9: digests are keyed, and a token is known under every version of the pepper")
    func digests() {
        let (old, new) = (Secret([UInt8](repeating: 1, count: 32)), Secret([UInt8](repeating: 2, count: 32)))
        let before = GrantDigester(current: old)
        let after = GrantDigester(current: new, older: [old])
        let token = AccessToken.generate(.session)
        #expect(before.digest(of: token) != after.digest(of: token))
        #expect(after.digests(of: token) == [after.digest(of: token), before.digest(of: token)])
        let code = RecoveryCode.generate()
        #expect(after.digests(of: code, account: "a") != after.digests(of: code, account: "b"))
        #expect(after.digests(of: code, account: "a")[1] == before.digests(of: code, account: "a")[0])
        for shown in ["\(token)", "\(code)", String(reflecting: token), String(reflecting: code)] {
            #expect(!shown.contains(text(token).suffix(20)) && !shown.contains(code.shown))
        }
    }

    @Test("a recovery code is read as people write it, and as nothing else")
    func recoveryCodes() throws {
        let code = RecoveryCode.generate()
        #expect(code.shown.utf8.count == 19)
        for written in [code.shown, code.shown.uppercased(), " " + code.shown.replacing("-", with: " ")] {
            #expect(RecoveryCode(parsing: written.utf8)?.reveal() == code.reveal())
        }
        let lookalike = try #require(RecoveryCode(parsing: "oil0-0000-0000-0000".utf8))
        #expect(lookalike.shown == "0110-0000-0000-0000")
        for written in ["", "k3xa", code.shown + "0", "u000-0000-0000-0000", String(repeating: "-", count: 100)] {
            #expect(RecoveryCode(parsing: written.utf8) == nil)
        }
        #expect(Set((0..<100).map { _ in RecoveryCode.generate().shown }).count == 100)
    }
}
