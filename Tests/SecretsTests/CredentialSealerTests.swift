import Base
import Testing

@testable import Secrets

@Suite("sealing of credentials")
struct CredentialSealerTests {
    private static let binding = CredentialBinding(
        organisation: "o-1",
        server: "s-1",
        origin: "https://crm.example.com:443",
        credential: "c-1"
    )

    private func key(_ version: UInt32, _ byte: UInt8) -> VersionedKey {
        VersionedKey(version: version, key: Secret([UInt8](repeating: byte, count: 32)))
    }

    private func error(_ body: () throws -> Void) -> CredentialError? {
        do {
            try body()
            return nil
        } catch {
            return error as? CredentialError
        }
    }

    @Test("a secret comes back for its binding, and twice the same is sealed into different bytes")
    func roundTrip() throws {
        let sealer = try #require(CredentialSealer([key(1, 1), key(3, 3), key(2, 2)]))
        #expect(sealer.currentVersion == 3)
        for secret in [[], [0], Array("Bearer abc".utf8), [UInt8](repeating: 9, count: 64 << 10)] {
            let one = try sealer.seal(Secret(secret), for: Self.binding)
            let two = try sealer.seal(Secret(secret), for: Self.binding)
            #expect(one.isWellFormed)
            #expect(one.keyVersion == 3)
            #expect(try sealer.open(one, for: Self.binding).reveal() == secret)
            #expect(one.nonce != two.nonce)
            #expect(one.wrappedKey != two.wrappedKey)
            #expect(one.ciphertext != two.ciphertext)
        }
        let long = Secret([UInt8](repeating: 9, count: (64 << 10) + 1))
        #expect(error { _ = try sealer.seal(long, for: Self.binding) } == .tooLarge)
        #expect(CredentialSealer([]) == nil)
        #expect(CredentialSealer([VersionedKey(version: 1, key: Secret([1]))]) == nil)
    }

    @Test("G5: a sealed credential moved to another organisation, server, address or id does not open")
    func bound() throws {
        let sealer = try #require(CredentialSealer([key(1, 1)]))
        let sealed = try sealer.seal(Secret(Array("secret".utf8)), for: Self.binding)
        func moved(_ o: ByteString, _ s: ByteString, _ a: ByteString, _ c: ByteString) -> CredentialError? {
            let other = CredentialBinding(organisation: o, server: s, origin: a, credential: c)
            return error { _ = try sealer.open(sealed, for: other) }
        }
        let origin = Self.binding.origin
        #expect(moved("o-1", "s-1", origin, "c-1") == nil)
        #expect(moved("o-2", "s-1", origin, "c-1") == .notAuthentic)
        #expect(moved("o-1", "s-2", origin, "c-1") == .notAuthentic)
        #expect(moved("o-1", "s-1", "http://crm.example.com:443", "c-1") == .notAuthentic)
        #expect(moved("o-1", "s-1", "https://crm.example.com:444", "c-1") == .notAuthentic)
        #expect(moved("o-1", "s-1", origin, "c-2") == .notAuthentic)
        // The same bytes, cut elsewhere.
        #expect(moved("o-1s", "-1", origin, "c-1") == .notAuthentic)
        #expect(moved("o-", "1s-1", origin, "c-1") == .notAuthentic)
    }

    @Test("one changed bit in any part of a sealed credential keeps it shut")
    func tampering() throws {
        let sealer = try #require(CredentialSealer([key(1, 1), key(2, 1)]))
        let sealed = try sealer.seal(Secret(Array("secret".utf8)), for: Self.binding)
        func rebuilt(
            version: UInt32? = nil,
            wrapNonce: [UInt8]? = nil,
            wrappedKey: [UInt8]? = nil,
            nonce: [UInt8]? = nil,
            ciphertext: [UInt8]? = nil
        ) -> SealedCredential {
            SealedCredential(
                keyVersion: version ?? sealed.keyVersion,
                wrapNonce: wrapNonce ?? sealed.wrapNonce,
                wrappedKey: wrappedKey ?? sealed.wrappedKey,
                nonce: nonce ?? sealed.nonce,
                ciphertext: ciphertext ?? sealed.ciphertext
            )
        }
        func flips(_ bytes: [UInt8]) -> [[UInt8]] {
            (0..<(bytes.count * 8)).map { bit in
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                return changed
            }
        }
        var changed: [SealedCredential] = []
        changed += flips(sealed.wrapNonce).map { rebuilt(wrapNonce: $0) }
        changed += flips(sealed.wrappedKey).map { rebuilt(wrappedKey: $0) }
        changed += flips(sealed.nonce).map { rebuilt(nonce: $0) }
        changed += flips(sealed.ciphertext).map { rebuilt(ciphertext: $0) }
        changed += (0..<sealed.ciphertext.count).map { rebuilt(ciphertext: Array(sealed.ciphertext.prefix($0))) }
        // Both versions are the same key here: the number alone makes the difference.
        changed.append(rebuilt(version: 1))
        #expect(changed.count > 600)
        for one in changed {
            #expect(error { _ = try sealer.open(one, for: Self.binding) } == .notAuthentic)
        }
        #expect(try sealer.open(rebuilt(), for: Self.binding).reveal() == Array("secret".utf8))
    }

    @Test("the key of one credential does not open the text of another with the same binding")
    func mixed() throws {
        let sealer = try #require(CredentialSealer([key(1, 1)]))
        let old = try sealer.seal(Secret(Array("old".utf8)), for: Self.binding)
        let new = try sealer.seal(Secret(Array("new".utf8)), for: Self.binding)
        let mixed = SealedCredential(
            keyVersion: 1,
            wrapNonce: old.wrapNonce,
            wrappedKey: old.wrappedKey,
            nonce: new.nonce,
            ciphertext: new.ciphertext
        )
        #expect(error { _ = try sealer.open(mixed, for: Self.binding) } == .notAuthentic)
    }

    @Test("rewrapping changes the wrap and nothing else, and afterwards the older key is not needed")
    func rewrap() throws {
        let before = try #require(CredentialSealer([key(1, 1)]))
        let both = try #require(CredentialSealer([key(1, 1), key(2, 2)]))
        let after = try #require(CredentialSealer([key(2, 2)]))
        let sealed = try before.seal(Secret(Array("secret".utf8)), for: Self.binding)
        let rewrapped = try both.rewrap(sealed, for: Self.binding)
        #expect(rewrapped.keyVersion == 2)
        #expect((rewrapped.nonce, rewrapped.ciphertext) == (sealed.nonce, sealed.ciphertext))
        #expect(rewrapped.wrappedKey != sealed.wrappedKey)
        #expect(try after.open(rewrapped, for: Self.binding).reveal() == Array("secret".utf8))
        #expect(error { _ = try after.open(sealed, for: Self.binding) } == .unknownKeyVersion(1))
        #expect(error { _ = try before.open(rewrapped, for: Self.binding) } == .unknownKeyVersion(2))
        #expect("\(CredentialError.unknownKeyVersion(1))".contains("put back the key file"))
        var ciphertext = sealed.ciphertext
        ciphertext[0] ^= 1
        let broken = SealedCredential(
            keyVersion: 1,
            wrapNonce: sealed.wrapNonce,
            wrappedKey: sealed.wrappedKey,
            nonce: sealed.nonce,
            ciphertext: ciphertext
        )
        #expect(error { _ = try both.rewrap(broken, for: Self.binding) } == .notAuthentic)
    }

    @Test("K3: no text or dump of sealer or secret shows a key or the secret")
    func masks() throws {
        let sealer = try #require(
            CredentialSealer([VersionedKey(version: 1, key: Secret(Array("0123456789abcdef0123456789abcdef".utf8)))])
        )
        let sealed = try sealer.seal(Secret(Array("s3cret-value".utf8)), for: Self.binding)
        let opened = try sealer.open(sealed, for: Self.binding)
        var dumped = ""
        dump(opened, to: &dumped)
        dump(sealed, to: &dumped)
        #expect(!"\(opened) \(String(reflecting: opened)) \(dumped)".contains("s3cret"))
    }
}
