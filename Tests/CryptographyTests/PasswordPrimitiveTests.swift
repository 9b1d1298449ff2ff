import Base
import Cryptography
import Testing

@Suite struct PasswordPrimitiveTests {
    private func hexadecimal(_ bytes: [UInt8]?) -> String? {
        bytes.map { String(decoding: TextCoding.hexadecimal($0), as: UTF8.self) }
    }

    // Of the reference implementation's own tests (phc-winner-argon2, test.c, version 0x13, Argon2id).
    @Test(
        "argon2id gives the reference's values",
        arguments: [
            (
                Argon2id.Cost(kibibytes: 65_536, passes: 2, lanes: 1), "password", "somesalt",
                "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
            ),
            (
                Argon2id.Cost(kibibytes: 256, passes: 2, lanes: 1), "password", "somesalt",
                "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
            ),
            (
                Argon2id.Cost(kibibytes: 256, passes: 2, lanes: 2), "password", "somesalt",
                "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"
            ),
            (
                Argon2id.Cost(kibibytes: 65_536, passes: 2, lanes: 1), "differentpassword", "somesalt",
                "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde"
            ),
        ]
    )
    func argon2id(cost: Argon2id.Cost, password: String, salt: String, expected: String) {
        let hash = Argon2id.hash(Array(password.utf8), salt: Array(salt.utf8), cost: cost, count: 32)
        #expect(hexadecimal(hash) == expected)
    }

    @Test("a cost or a length that argon2id does not take gives nothing, and no trap")
    func impossible() {
        let salt = [UInt8](repeating: 1, count: 16)
        func hash(_ cost: Argon2id.Cost, salt: [UInt8], count: Int = 32) -> [UInt8]? {
            Argon2id.hash([], salt: salt, cost: cost, count: count)
        }
        let small = Argon2id.Cost(kibibytes: 8, passes: 1, lanes: 1)
        #expect(hash(small, salt: salt)?.count == 32)
        #expect(hash(Argon2id.Cost(kibibytes: 7, passes: 1, lanes: 1), salt: salt) == nil)
        #expect(hash(Argon2id.Cost(kibibytes: 8, passes: 0, lanes: 1), salt: salt) == nil)
        #expect(hash(Argon2id.Cost(kibibytes: 8, passes: 1, lanes: 0), salt: salt) == nil)
        #expect(hash(small, salt: []) == nil)
        #expect(hash(small, salt: salt, count: 0) == nil)
        #expect(hash(small, salt: salt, count: -1) == nil)
    }

    // RFC 2202, section 3, cases 1, 2 and 6.
    @Test(
        "HMAC-SHA-1 gives the values of RFC 2202",
        arguments: [
            ([UInt8](repeating: 0x0B, count: 20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            (Array("Jefe".utf8), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                [UInt8](repeating: 0xAA, count: 80), "Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112"
            ),
        ]
    )
    func hmacSHA1(key: [UInt8], message: String, expected: String) {
        #expect(hexadecimal(HMACSHA1.authenticate(Array(message.utf8), key: key)) == expected)
    }
}
