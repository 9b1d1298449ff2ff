import Base
import Cryptography
import Testing

@testable import Secrets

@Suite struct GrantTokenTests {
    private func text(_ token: GrantToken) -> String {
        String(decoding: token.reveal(), as: UTF8.self)
    }

    @Test("F4: tokens carry 256 random bits and never repeat")
    func areRandom() throws {
        #expect(Set((0..<1_000).map { _ in text(.generate()) }).count == 1_000)
        #expect(Base62.digits(of: [UInt8](repeating: 255, count: 32), count: 43).first != UInt8(ascii: "0"))
    }

    @Test("a token has its prefix, its length and the form that secret scanners look for")
    func form() throws {
        let pattern = try Regex("^" + GrantToken.scannerPattern + "$")
        for environment in GrantToken.Environment.allCases {
            let token = text(.generate(for: environment))
            #expect(token.utf8.count == GrantToken.byteCount)
            #expect(token.wholeMatch(of: pattern) != nil)
        }
        #expect(text(.generate()).hasPrefix("tg_lg_"))
        #expect(text(.generate(for: .sandbox)).hasPrefix("tg_sg_"))
    }

    @Test("base 62 and CRC-32 give known values")
    func knownValues() {
        #expect(CRC32.checksum(of: Array("123456789".utf8)[...]) == 0xCBF4_3926)
        #expect(Base62.digits(of: [0, 0], count: 3) == Array("000".utf8))
        #expect(Base62.digits(of: [0, 61], count: 3) == Array("00z".utf8))
        #expect(Base62.digits(of: [1, 0], count: 3) == Array("048".utf8))
        #expect(Base62.digits(of: [255, 255, 255, 255], count: 6) == Array("4gfFC3".utf8))
    }

    @Test("F4: a token with any character changed, cut or added is refused before it is hashed")
    func refusesTypos() {
        let bytes = GrantToken.generate().reveal()
        #expect(GrantToken(parsing: bytes) != nil)
        for index in bytes.indices {
            for replacement in [UInt8(ascii: "0"), UInt8(ascii: "z"), UInt8(ascii: "_"), 0, 0xFF]
            where bytes[index] != replacement {
                var changed = bytes
                changed[index] = replacement
                #expect(GrantToken(parsing: changed) == nil)
            }
            #expect(GrantToken(parsing: bytes[..<index]) == nil)
        }
        #expect(GrantToken(parsing: bytes + [UInt8(ascii: "0")]) == nil)
        #expect(GrantToken(parsing: [UInt8(ascii: " ")] + bytes.dropLast()) == nil)
        #expect(GrantToken(parsing: [UInt8](repeating: 0x61, count: 10_000_000)) == nil)
    }

    @Test("F9: no description, dump or mirror of a token or key shows it")
    func isMasked() {
        let token = GrantToken.generate()
        let keys = KeyFile.generate()
        var dumped = ""
        dump(token, to: &dumped)
        dump(keys, to: &dumped)
        let shown = "\(token) \(String(reflecting: token)) \(keys) \(String(reflecting: keys))" + dumped
        #expect(!shown.contains(text(token).suffix(49)))
        for key in keys.peppers + keys.sealingKeys {
            #expect(!shown.contains(String(decoding: TextCoding.base64URL(key.key.reveal()), as: UTF8.self)))
            #expect(!shown.contains(key.key.reveal().map(String.init).joined(separator: ", ")))
        }
    }
}

@Suite struct GrantDigestTests {
    private let pepper = Secret([UInt8](repeating: 7, count: 32))

    @Test("F9: what is stored is the HMAC of the whole token under the pepper, and nothing else opens it")
    func digests() throws {
        let token = GrantToken.generate()
        let digest = GrantDigester(current: pepper).digest(of: token)
        #expect(digest.bytes == HMACSHA256.authenticate(token.reveal(), key: pepper.reveal()))
        #expect(digest.bytes != SHA256.digest(token.reveal()))
        let other = GrantDigester(current: Secret([UInt8](repeating: 8, count: 32)))
        #expect(other.digest(of: token) != digest)
        #expect(GrantDigester(current: pepper).digest(of: .generate()) != digest)
    }

    @Test("a digest's text comes back as the digest")
    func text() throws {
        let digest = GrantDigester(current: pepper).digest(of: .generate())
        #expect(digest.text.count == 76)
        #expect(digest.text.starts(with: "hmac-sha256:".utf8))
        #expect(GrantDigest(text: digest.text) == digest)
    }

    @Test(
        "a text that is no digest is refused",
        arguments: [
            "", "hmac-sha256:", "sha256:" + String(repeating: "0", count: 64), String(repeating: "0", count: 64),
            "hmac-sha256:" + String(repeating: "0", count: 63), "hmac-sha256:" + String(repeating: "0", count: 65),
            "hmac-sha256:" + String(repeating: "G", count: 64), "hmac-sha256:" + String(repeating: "A", count: 64),
            "HMAC-SHA256:" + String(repeating: "0", count: 64), " hmac-sha256:" + String(repeating: "0", count: 63),
        ]
    )
    func refuses(text: String) {
        #expect(GrantDigest(text: Array(text.utf8)) == nil)
    }

    @Test("a token made under an older pepper is still found, after every pepper was asked")
    func olderPeppers() {
        let newer = Secret([UInt8](repeating: 9, count: 32))
        let token = GrantToken.generate()
        let stored = GrantDigester(current: pepper).digest(of: token)
        let digester = GrantDigester(current: newer, older: [Secret([1]), pepper, Secret([2])])
        var asked = 0
        let found = digester.firstMatch(for: token) { digest in
            asked += 1
            return digest == stored ? "grant" : nil
        }
        #expect(found == "grant")
        #expect(asked == 4)
        #expect(digester.firstMatch(for: .generate()) { $0 == stored ? true : nil } == nil)
    }
}
