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

    // AES-256-GCM with a 96-bit nonce: known answers of Wycheproof (aes_gcm_test.json), by test id.
    static let wycheproof: [Vector] = [
        // 91
        Vector(
            key: "92ace3e348cd821092cd921aa3546374299ab46209691bc28b8752d17f123c20",
            nonce: "00112233445566778899aabb",
            context: "00000000ffffffff",
            plaintext: "00010203040506070809",
            sealed: "e27abdd2d2a53d2f136b9a4a2579529301bcfb71c78d4060f52c"
        ),
        // 92
        Vector(
            key: "29d3a44f8723dc640239100c365423a312934ac80239212ac3df3421a2098123",
            nonce: "00112233445566778899aabb",
            context: "aabbccddeeff",
            plaintext: "",
            sealed: "2a7d77fa526b8250cb296078926b5020"
        ),
        // 93
        Vector(
            key: "80ba3192c803ce965ea371d5ff073cf0f43b6a2ab576b208426e11409c09b9b0",
            nonce: "4da5bf8dfd5852c1ea12379d",
            context: "",
            plaintext: "",
            sealed: "4771a7c404a472966cea8f73c8bfe17a"
        ),
        // 94
        Vector(
            key: "cc56b680552eb75008f5484b4cb803fa5063ebd6eab91f6ab6aef4916a766273",
            nonce: "99e23ec48985bccdeeab60f1",
            context: "",
            plaintext: "2a",
            sealed: "06633c1e9703ef744ffffb40edf9d14355"
        ),
        // 97
        Vector(
            key: "59d4eafb4de0cfc7d3db99a8f54b15d7b39f0acc8da69763b019c1699f87674a",
            nonce: "2fcb1b38a99e71b84740ad9b",
            context: "",
            plaintext: "549b365af913f3b081131ccb6b825588",
            sealed: "f58c16690122d75356907fd96b570fca28752c20153092818faba2a334640d6e"
        ),
        // 98
        Vector(
            key: "3b2458d8176e1621c0cc24c0c0e24c1e80d72f7ee9149a4b166176629616d011",
            nonce: "45aaa3e5d16d2d42dc03445d",
            context: "",
            plaintext: "3ff1514b1c503915918f0c0c31094a6e1f",
            sealed: "73a6b6f45f6ccc5131e07f2caa1f2e2f562d7379ec1db5952d4e95d30c340b1b1d"
        ),
        // 100
        Vector(
            key: "b279f57e19c8f53f2f963f5f2519fdb7c1779be2ca2b3ae8e1128b7d6c627fc4",
            nonce: "98bc2c7438d5cd7665d76f6e",
            context: "c0",
            plaintext: "fcc515b294408c8645c9183e3f4ecee5127846d1",
            sealed: "eb5500e3825952866d911253f8de860c00831c81ecb660e1fb0541ec41e8d68a64141b3a"
        ),
        // 101
        Vector(
            key: "cdccfe3f46d782ef47df4e72f0c02d9c7f774def970d23486f11a57f54247f17",
            nonce: "376187894605a8d45e30de51",
            context: "956846a209e087ed",
            plaintext: "e28e0e9f9d22463ac0e42639b530f42102fded75",
            sealed: "feca44952447015b5df1f456df8ca4bb4eee2ce2082e91924deeb77880e1b1c84f9b8d30"
        ),
        // 102
        Vector(
            key: "f32364b1d339d82e4f132d8f4a0ec1ff7e746517fa07ef1a7f422f4e25a48194",
            nonce: "5a86a50a0e8a179c734b996d",
            context: "ab2ac7c44c60bdf8228c7884adb20184",
            plaintext: "43891bccb522b1e72a6b53cf31c074e9d6c2df8e",
            sealed: "43dda832e942e286da314daa99bef5071d9d2c78c3922583476ced575404ddb85dd8cd44"
        ),
        // 103
        Vector(
            key: "ff0089ee870a4a39f645b0a5da774f7a5911e9696fc9cad646452c2aa8595a12",
            nonce: "bc2a7757d0ce2d8b1f14ccd9",
            context: "972ab4e06390caae8f99dd6e2187be6c7ff2c08a24be16ef",
            plaintext: "748b28031621d95ee61812b4b4f47d04c6fc2ff3",
            sealed: "a929ee7e67c7a2f91bbcec6389a3caf43ab49305ebec6774b955e789591c822dab739e12"
        ),
        // 105
        Vector(
            key: "5b1d1035c0b17ee0b0444767f80a25b8c1b741f4b50a4d3052226baa1c6fb701",
            nonce: "d61040a313ed492823cc065b",
            context: "",
            plaintext: "d096803181beef9e008ff85d5ddc38ddacf0f09ee5f7e07f1e4079cb64d0dc8f"
                + "5e6711cd4921a7887de76e2678fdc67618f1185586bfea9d4c685d50e4bb9a82",
            sealed: "c7d191b601f86c28b6a1bdef6a57b4f6ee3ae417bc125c381cdf1c4dac184ed1"
                + "d84f1196206d62cad112b038845720e02c061179a8836f02b93fa7008379a6bf"
                + "f15612f6c40f2e0db6dc76fc4822fcfe"
        ),
    ]

    @Test(
        "Q12: AES-256-GCM gives the ciphertexts and tags of its specification and of Wycheproof, and opens them",
        arguments: vectors + wycheproof
    )
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

    @Test("Q12: known answers with any byte of tag or text changed are not authentic", arguments: wycheproof)
    func tamperedAnswers(vector: Vector) throws {
        let cipher = try AESGCM(key: try bytes(vector.key))
        let (nonce, context) = (try bytes(vector.nonce), try bytes(vector.context))
        let sealed = try bytes(vector.sealed)
        for position in sealed.indices {
            for flip in [0x01, 0x80, 0xFF] as [UInt8] {
                var changed = sealed
                changed[position] ^= flip
                #expect(throws: CryptographyError.notAuthentic) {
                    try cipher.open(changed, nonce: nonce, context: context)
                }
            }
        }
    }

    @Test("keys and nonces of another length are refused")
    func lengths() throws {
        #expect(throws: CryptographyError.wrongKeyLength) { try AESGCM(key: [UInt8](repeating: 0, count: 16)) }
        let cipher = try AESGCM(key: [UInt8](repeating: 0, count: 32))
        #expect(throws: CryptographyError.wrongNonceLength) { try cipher.seal([], nonce: [1, 2, 3]) }
        #expect(throws: CryptographyError.wrongNonceLength) { try cipher.open([], nonce: []) }
    }
}
