public import Base
public import Secrets
public import Settings

/// How a member signs in: an address, a password's hash, a second factor.
///
/// A member without one answers for grants and signs in nowhere. Nothing in it opens anything without the key file or
/// the password.
public struct AccountRecord: Hashable, Sendable {
    /// The member; one account each.
    public let member: EntityID
    /// The organisation it belongs to.
    public let organisation: EntityID
    /// What they sign in with: the member's address in lower case; unique.
    public internal(set) var email: ByteString
    /// The password's hash; `nil`: it signs in by other means only.
    public internal(set) var password: PasswordHash?
    /// When the password was set.
    public internal(set) var passwordSet: WallTime
    /// The shared secret of the second factor, sealed; `nil`: there is none.
    public internal(set) var secondFactor: SealedCredential?
    /// The shared secret that waits for its first code, and until when; `nil`: none waits.
    public internal(set) var pendingFactor: PendingFactor?
    /// When it was made.
    public internal(set) var created: WallTime

    /// A shared secret that waits for the first code made from it.
    public struct PendingFactor: Hashable, Sendable {
        /// Sealed for ``AccountRecord/factorBinding``.
        public let sealed: SealedCredential
        /// From then on it is forgotten.
        public let until: WallTime

        /// A pending secret from its parts.
        public init(sealed: SealedCredential, until: WallTime) {
            self.sealed = sealed
            self.until = until
        }
    }

    /// What the second factor's secret is bound to: this account, and nothing that is sent anywhere.
    public var factorBinding: CredentialBinding {
        CredentialBinding(
            organisation: ByteString(organisation.text),
            server: "account",
            origin: "second-factor",
            credential: ByteString(member.text)
        )
    }

    /// An address as accounts are known by: ASCII letters in lower case.
    public static func normalised(_ email: ByteString) -> ByteString {
        ByteString(email.bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
    }
}

extension AccountRecord: StoredRecord {
    static let table = RecordTable(
        "accounts",
        key: ["member"],
        [
            "organisation", "email", "password", "password_set", "second_factor", "pending_factor", "pending_until",
            "created",
        ]
    )

    var values: [StoredValue] {
        [.id(member), .id(organisation), .text(email), .optional(password.map { ByteString($0.text) })]
            + [.time(passwordSet), .optional(secondFactor?.encoded), .optional(pendingFactor?.sealed.encoded)]
            + [.optional(pendingFactor?.until), .time(created)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        member = try row.id()
        organisation = try row.id()
        email = try row.text()
        password = try row.optionalText().map { text throws(StoreError) in
            guard let hash = PasswordHash(text: text.bytes) else {
                throw .corrupt(detail: "an account's password has not the form of a hash")
            }
            return hash
        }
        passwordSet = try row.time()
        secondFactor = try row.optionalSealed()
        let sealed = try row.optionalSealed()
        let until = try row.optionalTime()
        switch (sealed, until) {
        case (nil, nil): pendingFactor = nil
        case (let sealed?, let until?): pendingFactor = PendingFactor(sealed: sealed, until: until)
        default: throw .corrupt(detail: "an account's pending second factor is incomplete")
        }
        created = try row.time()
    }
}

extension RowReader {
    mutating func optionalSealed() throws(StoreError) -> SealedCredential? {
        guard let bytes = try optionalBytes() else {
            return nil
        }
        guard let sealed = SealedCredential(encoded: bytes) else {
            throw .corrupt(detail: "a sealed secret has not its form")
        }
        return sealed
    }

    mutating func digest() throws(StoreError) -> GrantDigest {
        try parsed { GrantDigest($0) }
    }
}

/// What signing in leaves behind; beside the account, because use is no change of configuration.
public struct AccountUse: Hashable, Sendable {
    /// The member.
    public let member: EntityID
    /// The time step of the last code that was taken: it and all before it are spent.
    public internal(set) var lastStep: Int64?
    /// When a session was last opened.
    public internal(set) var lastSignIn: WallTime?
}

extension AccountUse: StoredRecord {
    static let table = RecordTable("account_uses", key: ["member"], ["last_step", "last_sign_in"])

    var values: [StoredValue] {
        [.id(member), lastStep.map { .integer($0) } ?? .null, .optional(lastSignIn)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        member = try row.id()
        lastStep = try row.optionalInteger()
        lastSignIn = try row.optionalTime()
    }
}

/// The keyed digest of a recovery code that was not used yet.
struct RecoveryCodeRow: StoredRecord {
    static let table = RecordTable("recovery_codes", key: ["digest"], ["member"])

    let digest: GrantDigest
    let member: EntityID

    init(digest: GrantDigest, member: EntityID) {
        self.digest = digest
        self.member = member
    }

    var values: [StoredValue] { [.bytes(digest.bytes), .id(member)] }

    init(reading row: inout RowReader) throws(StoreError) {
        digest = try row.digest()
        member = try row.id()
    }
}
