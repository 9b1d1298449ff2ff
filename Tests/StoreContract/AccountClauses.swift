import Base
import Cryptography
import Secrets
import Settings
import Stores
import Testing

extension Scene {
    /// A hash that costs nothing, of which nobody asks what it is the hash of.
    static func password(_ byte: UInt8) throws -> PasswordHash {
        let cheap = Argon2id.Cost(kibibytes: 8, passes: 1, lanes: 1)
        return try #require(PasswordHash.make(Secret([byte]), cost: cheap))
    }

    /// A member with an account.
    @discardableResult
    func save(account label: ByteString, _ role: MemberRole = .viewer) throws -> MemberRecord {
        let member = MemberRecord(label: label, email: ByteString("\(label.text)@Example.com"), role: role)
        let password = try Self.password(1)
        try change { writer throws(StoreError) in
            try writer.save(member)
            try writer.set(password: password, of: member.id)
        }
        return try #require(try store.read { reader throws(StoreError) in try reader.member(member.id) })
    }

    func account(_ member: MemberRecord) throws -> AccountRecord {
        try #require(try store.read { reader throws(StoreError) in try reader.account(of: member.id) })
    }

    @discardableResult
    func signIn(_ member: MemberRecord, digest: UInt8, proof: SecondProof = .none) throws -> SessionRecord? {
        let account = try account(member)
        let now = time.wallTime
        let session = SessionRecord(
            of: account,
            digest: try Self.digest(digest),
            address: "192.0.2.7",
            client: "Browser/1",
            now: now
        )
        let isOpen = try store.keep(isDurable: true) { ledger throws(StoreError) in
            try ledger.open(session, for: account, proof: proof, now: now)
        }
        return isOpen ? session : nil
    }

    func identity(session digest: UInt8) throws -> Identity? {
        let (now, digests) = (time.wallTime, [try Self.digest(99), try Self.digest(digest)])
        return try store.read { reader throws(StoreError) in try reader.identity(session: digests, at: now) }
    }

    func identity(token digest: UInt8) throws -> Identity? {
        let (now, digests) = (time.wallTime, [try Self.digest(99), try Self.digest(digest)])
        return try store.read { reader throws(StoreError) in try reader.identity(token: digests, at: now) }
    }

    @discardableResult
    func keep<Value: Sendable>(
        _ body: (StoreLedger) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try store.keep(isDurable: true, body)
    }
}

extension StoreClause {
    private static func sealed(_ byte: UInt8) -> SealedCredential {
        SealedCredential(
            keyVersion: 1,
            wrapNonce: Scene.bytes(byte, 12),
            wrappedKey: Scene.bytes(byte, 48),
            nonce: Scene.bytes(byte, 12),
            ciphertext: Scene.bytes(byte, 36)
        )
    }

    static let accountClauses: [StoreClause] = [
        StoreClause("an account comes back as it was made, is found by its address in any case, and follows it") {
            scene in
            let ana = try scene.save(account: "ana", .admin)
            let account = try scene.account(ana)
            #expect(account.email == "ana@example.com")
            #expect(account.password?.text == (try scene.account(ana).password?.text))
            func found(_ email: ByteString) throws -> EntityID? {
                try scene.store.read { reader throws(StoreError) in try reader.account(email: email)?.member }
            }
            #expect(try found("ANA@example.COM") == ana.id)
            var moved = ana
            moved.email = "a@example.org"
            let edited = moved
            try scene.change { writer throws(StoreError) in try writer.save(edited) }
            #expect(try found("ana@example.com") == nil)
            #expect(try found("a@example.org") == ana.id)
            moved.email = nil
            let without = moved
            let refusal = try scene.refusal { writer throws(StoreError) in try writer.save(without) }
            #expect(refusal?.rule?.contains("signs in with their address") == true)
            let other = try scene.save(account: "bo")
            var taken = other
            taken.email = "A@example.org"
            let twin = taken
            let refused = try scene.refusal { writer throws(StoreError) in try writer.save(twin) }
            #expect(refused?.rule?.contains("already") == true)
            #expect(try scene.store.check() == [])
        },
        StoreClause("F8: the last active admin who can sign in is not removed, demoted or made inactive") { scene in
            let ana = try scene.save(account: "ana", .admin)
            // An admin who cannot sign in does not count.
            try scene.change { writer throws(StoreError) in
                try writer.save(MemberRecord(label: "cy", role: .admin))
            }
            func refused(_ body: (StoreWriter) throws(StoreError) -> Void) throws -> Bool {
                try scene.refusal(body)?.rule?.contains("last active admin who can sign in") == true
            }
            var demoted = ana
            demoted.role = .policyManager
            var asleep = ana
            asleep.isActive = false
            for edited in [demoted, asleep] {
                #expect(try refused { writer throws(StoreError) in try writer.save(edited) })
            }
            #expect(try refused { writer throws(StoreError) in try writer.remove(member: ana.id, grants: .keep) })
            try scene.save(account: "bo", .admin)
            let edited = asleep
            try scene.change { writer throws(StoreError) in
                try writer.save(edited)
                try writer.remove(member: ana.id, grants: .keep)
            }
            #expect(try scene.store.read { reader throws(StoreError) in try reader.accounts() }.count == 1)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a second factor is in force from its first code on; each code and each recovery code works once") {
            scene in
            let ana = try scene.save(account: "ana")
            let codes = [try Scene.digest(71), try Scene.digest(72)]
            let early = try scene.refusal { writer throws(StoreError) in
                try writer.confirmSecondFactor(of: ana.id, step: 5, codes: codes, keeping: nil)
            }
            #expect(early?.rule?.contains("begin anew") == true)
            try scene.change { writer throws(StoreError) in try writer.begin(secondFactor: sealed(1), of: ana.id) }
            #expect(try scene.account(ana).secondFactor == nil)
            let open = try #require(try scene.signIn(ana, digest: 1))
            _ = try scene.signIn(ana, digest: 2)
            try scene.change { writer throws(StoreError) in
                try writer.confirmSecondFactor(of: ana.id, step: 5, codes: codes, keeping: open.id)
            }
            #expect(try scene.account(ana).secondFactor == sealed(1))
            #expect(try scene.identity(session: 1) != nil && scene.identity(session: 2) == nil)
            // The code that confirmed it is spent; so is every earlier one.
            #expect(try scene.signIn(ana, digest: 3) == nil)
            #expect(try scene.signIn(ana, digest: 3, proof: .step(5)) == nil)
            #expect(try scene.signIn(ana, digest: 3, proof: .step(6)) != nil)
            #expect(try scene.signIn(ana, digest: 4, proof: .step(6)) == nil)
            #expect(try scene.signIn(ana, digest: 4, proof: .recovery([codes[0]])) != nil)
            #expect(try scene.signIn(ana, digest: 5, proof: .recovery([codes[0]])) == nil)
            let bo = try scene.save(account: "bo")
            #expect(try scene.signIn(bo, digest: 6, proof: .recovery([codes[1]])) == nil)
            #expect(try scene.signIn(bo, digest: 6, proof: .step(9)) == nil)
            #expect(try scene.store.read { reader throws(StoreError) in try reader.recoveryCodes(of: ana.id) } == 1)
            let wrong = try scene.refusal { writer throws(StoreError) in
                try writer.removeSecondFactor(of: ana.id, proof: .step(6))
            }
            #expect(wrong?.rule?.contains("used already") == true)
            try scene.change { writer throws(StoreError) in try writer.removeSecondFactor(of: ana.id, proof: nil) }
            #expect(try scene.account(ana).secondFactor == nil)
            #expect(try scene.store.read { reader throws(StoreError) in try reader.recoveryCodes(of: ana.id) } == 0)
            #expect(try scene.identity(session: 3) == nil)
            #expect(try scene.store.check() == [])
        },
        StoreClause("a second factor that waits is forgotten after ten minutes, and moves to a new key with the others")
        {
            scene in
            let ana = try scene.save(account: "ana")
            try scene.change { writer throws(StoreError) in try writer.begin(secondFactor: sealed(1), of: ana.id) }
            var renewed = sealed(2)
            renewed = SealedCredential(
                keyVersion: 2,
                wrapNonce: renewed.wrapNonce,
                wrappedKey: renewed.wrappedKey,
                nonce: renewed.nonce,
                ciphertext: renewed.ciphertext
            )
            let (new, account) = (renewed, try scene.account(ana))
            let count = try scene.change { writer throws(StoreError) in
                try writer.rewrapSecrets(to: 2) { old throws(StoreError) in
                    guard old.binding == account.factorBinding else {
                        throw .refused("it is bound to something else")
                    }
                    return new
                }
            }
            #expect(count == 1)
            #expect(try scene.account(ana).pendingFactor?.sealed == new)
            let old = try scene.refusal { writer throws(StoreError) in
                try writer.begin(secondFactor: sealed(1), of: ana.id)
            }
            #expect(old?.rule?.contains("rotated") == true)
            scene.time.advance(milliseconds: StoreWriter.pendingFactorLifetime)
            let late = try scene.refusal { writer throws(StoreError) in
                try writer.confirmSecondFactor(of: ana.id, step: 1, codes: [], keeping: nil)
            }
            #expect(late?.rule?.contains("begin anew") == true)
        },
        StoreClause("a password that was changed while it was checked opens nothing, and ends other sessions") {
            scene in
            let ana = try scene.save(account: "ana")
            let stale = try scene.account(ana)
            let kept = try #require(try scene.signIn(ana, digest: 1))
            _ = try scene.signIn(ana, digest: 2)
            let password = try Scene.password(2)
            try scene.change { writer throws(StoreError) in
                try writer.set(password: password, of: ana.id, keeping: kept.id)
            }
            #expect(try scene.identity(session: 1) != nil && scene.identity(session: 2) == nil)
            let now = scene.time.wallTime
            let late = SessionRecord(
                of: stale,
                digest: try Scene.digest(3),
                address: "",
                client: "",
                now: now
            )
            let isOpen = try scene.keep { ledger throws(StoreError) in
                try ledger.open(late, for: stale, proof: .none, now: now)
            }
            #expect(!isOpen)
            // Nor does a hash made anew of the old password come in the way of the new one.
            try scene.change { writer throws(StoreError) in try writer.rehash(password, of: stale) }
            #expect(try scene.account(ana).password?.text == password.text)
            let nobody = MemberRecord(label: "bo")
            try scene.change { writer throws(StoreError) in try writer.save(nobody) }
            let refusal = try scene.refusal { writer throws(StoreError) in
                try writer.set(password: password, of: nobody.id)
            }
            #expect(refusal?.rule?.contains("no address") == true)
        },
    ]
}
