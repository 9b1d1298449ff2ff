import Base
import Cryptography
import Testing

private func bytes(_ hexadecimal: String) throws -> [UInt8] {
    try #require(TextCoding.bytes(hexadecimal: Array(hexadecimal.utf8)))
}

private func text(_ bytes: [UInt8]) -> String {
    String(decoding: TextCoding.hexadecimal(bytes), as: UTF8.self)
}

@Suite struct DigestTests {
    @Test(
        "SHA-256 gives the digests of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func sha256(message: String, expected: String) {
        #expect(text(SHA256.digest(Array(message.utf8))) == expected)
    }

    @Test("SHA-256 in pieces is SHA-256 at once")
    func inPieces() {
        var hash = SHA256()
        for _ in 0..<1_000 {
            hash.update([UInt8](repeating: UInt8(ascii: "a"), count: 1_000))
        }
        #expect(text(hash.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test(
        "HMAC-SHA-256 gives the authenticators of RFC 4231",
        arguments: [
            (
                String(repeating: "0b", count: 20), "4869205468657265",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
        ]
    )
    func hmac(key: String, message: String, expected: String) throws {
        let authenticator = HMACSHA256(key: try bytes(key))
        #expect(text(authenticator.authenticate(try bytes(message))) == expected)
        #expect(text(authenticator.authenticate(try bytes(message))) == expected)
    }

    @Test("HMAC-SHA-256 hashes keys that are longer than a block, as in RFC 4231, cases 6 and 7")
    func longKeys() {
        let key = [UInt8](repeating: 0xAA, count: 131)
        let sixth = "Test Using Larger Than Block-Size Key - Hash Key First"
        let seventh =
            "This is a test using a larger than block-size key and a larger than block-size data. "
            + "The key needs to be hashed before being used by the HMAC algorithm."
        #expect(
            text(HMACSHA256.authenticate(Array(sixth.utf8), key: key))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        )
        #expect(
            text(HMACSHA256.authenticate(Array(seventh.utf8), key: key))
                == "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        )
    }

    @Test("one authenticator serves many threads at once")
    func isShared() async {
        let authenticator = HMACSHA256(key: [1, 2, 3])
        let expected = authenticator.authenticate([4, 5, 6])
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask { (0..<2_000).allSatisfy { _ in authenticator.authenticate([4, 5, 6]) == expected } }
            }
            for await isSame in group {
                #expect(isSame)
            }
        }
    }
}

@Suite struct RandomTests {
    @Test("random bytes come in the number asked for and do not repeat")
    func differ() {
        #expect(Random.bytes(0).isEmpty)
        #expect(Random.bytes(-1).isEmpty)
        #expect(Random.bytes(3_000_000).count == 3_000_000)
        #expect(Random.bytes(32) != Random.bytes(32))
    }
}

@Suite struct ConstantTimeTests {
    @Test("F4: secrets are compared by all their bytes")
    func compares() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [0, 2, 3]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2]))
        #expect(!ConstantTime.areEqual([], [0]))
    }
}

@Suite struct AESGCMTests {
    struct Vector: Sendable {
        let key: String
        let nonce: String
        let context: String
        let plaintext: String
        let sealed: String
    }

    // Test cases 13 to 16 of the GCM specification (McGrew and Viega), those with a 256-bit key and a 96-bit nonce.
    static let vectors: [Vector] = [
        Vector(
            key: String(repeating: "0", count: 64),
            nonce: String(repeating: "0", count: 24),
            context: "",
            plaintext: "",
            sealed: "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        Vector(
            key: String(repeating: "0", count: 64),
            nonce: String(repeating: "0", count: 24),
            context: "",
            plaintext: String(repeating: "0", count: 32),
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            context: "",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
                + "b094dac5d93471bdec1a502270e3cc6c"
        ),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            context: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ]

    @Test("Q12: AES-256-GCM gives the ciphertexts and tags of its specification, and opens them", arguments: vectors)
    func knownAnswers(vector: Vector) throws {
        let cipher = try AESGCM(key: try bytes(vector.key))
        let nonce = try bytes(vector.nonce)
        let context = try bytes(vector.context)
        let sealed = try cipher.seal(try bytes(vector.plaintext), nonce: nonce, context: context)
        #expect(text(sealed) == vector.sealed)
        #expect(text(try cipher.open(sealed, nonce: nonce, context: context)) == vector.plaintext)
    }

    @Test("Q12: one changed bit anywhere, in text, tag, nonce, context or key, is not authentic")
    func changedBits() throws {
        let vector = Self.vectors[3]
        let (key, nonce) = (try bytes(vector.key), try bytes(vector.nonce))
        let (context, sealed) = (try bytes(vector.context), try bytes(vector.sealed))
        func isRefused(_ key: [UInt8], _ sealed: [UInt8], _ nonce: [UInt8], _ context: [UInt8]) -> Bool {
            do throws(CryptographyError) {
                _ = try AESGCM(key: key).open(sealed, nonce: nonce, context: context)
                return false
            } catch {
                return error == .notAuthentic
            }
        }
        func flips(_ bytes: [UInt8]) -> [[UInt8]] {
            (0..<(bytes.count * 8)).map { bit in
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                return changed
            }
        }
        #expect(!isRefused(key, sealed, nonce, context))
        #expect(flips(sealed).allSatisfy { isRefused(key, $0, nonce, context) })
        #expect(flips(nonce).allSatisfy { isRefused(key, sealed, $0, context) })
        #expect(flips(context).allSatisfy { isRefused(key, sealed, nonce, $0) })
        #expect(flips(key).allSatisfy { isRefused($0, sealed, nonce, context) })
        #expect((0..<sealed.count).allSatisfy { isRefused(key, Array(sealed.prefix($0)), nonce, context) })
        #expect(isRefused(key, sealed + [0], nonce, context))
        #expect(isRefused(key, sealed, nonce, []))
    }

    @Test("keys and nonces of another length are refused")
    func lengths() throws {
        #expect(throws: CryptographyError.wrongKeyLength) { try AESGCM(key: [UInt8](repeating: 0, count: 16)) }
        let cipher = try AESGCM(key: [UInt8](repeating: 0, count: 32))
        #expect(throws: CryptographyError.wrongNonceLength) { try cipher.seal([], nonce: [1, 2, 3]) }
        #expect(throws: CryptographyError.wrongNonceLength) { try cipher.open([], nonce: []) }
    }
}
