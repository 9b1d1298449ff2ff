import Base
import Cryptography
import Testing

private func bytes(_ hexadecimal: String) throws -> [UInt8] {
    try #require(TextCoding.bytes(hexadecimal: Array(hexadecimal.utf8)))
}

@Suite struct Ed25519Tests {
    struct Vector: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    static let vectors = [
        Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature:
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"
        ),
        Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature:
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"
        ),
        Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature:
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ]

    @Test("Ed25519 gives the keys and signatures of RFC 8032", arguments: vectors.indices)
    func knownAnswers(index: Int) throws {
        let vector = Self.vectors[index]
        let key = try Ed25519.PrivateKey(seed: try bytes(vector.seed))
        let message = try bytes(vector.message)
        #expect(key.publicKey.bytes == (try bytes(vector.publicKey)))
        #expect(key.sign(message) == (try bytes(vector.signature)))
        let publicKey = try Ed25519.PublicKey(try bytes(vector.publicKey))
        #expect(publicKey.isValid(try bytes(vector.signature), for: message))
    }

    @Test("one flipped bit of a signature, of the message or of the key is noticed")
    func flippedBits() throws {
        let key = Ed25519.PrivateKey.generate()
        let message = Array("what was said".utf8)
        let signature = key.sign(message)
        for index in 0..<(signature.count * 8) {
            var changed = signature
            changed[index / 8] ^= 1 << UInt8(index % 8)
            #expect(!key.publicKey.isValid(changed, for: message))
        }
        for index in message.indices {
            var changed = message
            changed[index] ^= 1
            #expect(!key.publicKey.isValid(signature, for: changed))
        }
        for index in 0..<32 {
            var changed = key.publicKey.bytes
            changed[index] ^= 1
            #expect(!(try Ed25519.PublicKey(changed)).isValid(signature, for: message))
        }
    }

    @Test("keys and signatures of another length are refused")
    func lengths() throws {
        #expect(throws: CryptographyError.wrongKeyLength) { try Ed25519.PrivateKey(seed: [1, 2]) }
        #expect(throws: CryptographyError.wrongKeyLength) { try Ed25519.PublicKey([]) }
        let key = Ed25519.PrivateKey.generate()
        #expect(!key.publicKey.isValid([], for: []))
        #expect(!key.publicKey.isValid(key.sign([]) + [0], for: []))
    }

    @Test("two generated keys differ")
    func generated() {
        #expect(Ed25519.PrivateKey.generate().seed != Ed25519.PrivateKey.generate().seed)
    }
}

@Suite struct Digest256Tests {
    @Test("a digest goes through its digits and back, capitals are refused")
    func digits() throws {
        let digest = try #require(Digest256(SHA256.digest(Array("abc".utf8))))
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(digest.description == text)
        #expect(Digest256(hexadecimal: Array(text.utf8)[...]) == digest)
        #expect(Digest256(hexadecimal: Array(text.uppercased().utf8)[...]) == nil)
        #expect(Digest256(hexadecimal: Array(text.utf8)[1...]) == nil)
        #expect(Digest256([1]) == nil)
        let all = try #require(Digest256((0..<32).map { UInt8($0 * 8 + 7) }))
        #expect(all.description == String(decoding: TextCoding.hexadecimal(all.bytes), as: UTF8.self))
    }

    @Test("a context that is used again gives the digests of fresh ones")
    func reuse() {
        var hash = ReusableSHA256()
        for count in [0, 1, 55, 56, 64, 1_000] {
            let message = [UInt8](repeating: 7, count: count)
            hash.begin()
            hash.update(message.span)
            #expect(hash.finish() == Digest256(SHA256.digest(message)))
        }
        hash.begin()
        hash.update(0, .zero)
        #expect(hash.finish() == Digest256(SHA256.digest([UInt8](repeating: 0, count: 33))))
    }
}
