public import Base
public import Secrets
public import Settings

/// A link that lets one person join, once, until it expires.
public struct InvitationRecord: Hashable, Sendable {
    /// How long an invitation is good when nothing else is said, in milliseconds: 7 days.
    public static let lifetime: Int64 = 7 * 86_400_000
    /// How long at most, in milliseconds: 30 days.
    public static let longestLifetime: Int64 = 30 * 86_400_000

    /// Names it to people; opens nothing.
    public let id: EntityID
    /// The organisation it is for; set by the store.
    public internal(set) var organisation: EntityID
    /// Of the token in the link.
    public let digest: GrantDigest
    /// The address it was made for, in lower case; the account gets it.
    public let email: ByteString
    /// What whoever accepts it may do.
    public internal(set) var role: MemberRole
    /// The member it gives an account to, set by the store; `nil`: whoever accepts becomes a new one.
    public internal(set) var member: EntityID?
    /// The member who invites; `nil`: whoever holds the data directory.
    ///
    /// It ends when they may not invite any more.
    public let inviter: EntityID?
    /// Who made it, as `KIND:NAME`; set by the store.
    public internal(set) var createdBy: ByteString = ""
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)
    /// From then on it is unknown.
    public let expires: WallTime

    /// An invitation from its parts.
    public init(
        digest: GrantDigest,
        email: ByteString,
        role: MemberRole,
        inviter: EntityID?,
        expires: WallTime
    ) {
        id = .random()
        organisation = id
        self.digest = digest
        self.email = AccountRecord.normalised(email)
        self.role = role
        self.inviter = inviter
        self.expires = expires
    }

    /// Whether it can be accepted at `now`.
    public func isOpen(at now: WallTime) -> Bool { now < expires }

    var subject: Subject { Subject(.invitation, email) }
}

extension InvitationRecord: StoredRecord {
    static let table = RecordTable(
        "invitations",
        key: ["id"],
        ["organisation", "digest", "email", "role", "member", "inviter", "created_by", "created", "expires"]
    )

    var values: [StoredValue] {
        [.id(id), .id(organisation), .bytes(digest.bytes), .text(email), .text(role.rawValue), .optional(member)]
            + [.optional(inviter), .text(createdBy), .time(created), .time(expires)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        organisation = try row.id()
        digest = try row.digest()
        email = try row.text()
        role = try row.word()
        member = try row.optionalID()
        inviter = try row.optionalID()
        createdBy = try row.text()
        created = try row.time()
        expires = try row.time()
    }
}

/// The link that makes the first account: one at a time, once, and only while there is no account.
public struct SetupLinkRecord: Hashable, Sendable {
    /// How long it is good, in milliseconds: 24 hours.
    public static let lifetime: Int64 = 24 * 3_600_000

    /// The organisation it is for.
    public let organisation: EntityID
    /// Of the token in the link.
    public let digest: GrantDigest
    /// When it was made.
    public let created: WallTime
    /// From then on it is unknown.
    public let expires: WallTime

    var subject: Subject { Subject(.setup, "first account") }
}

extension SetupLinkRecord: StoredRecord {
    static let table = RecordTable("setup_links", key: ["organisation"], ["digest", "created", "expires"])

    var values: [StoredValue] { [.id(organisation), .bytes(digest.bytes), .time(created), .time(expires)] }

    init(reading row: inout RowReader) throws(StoreError) {
        organisation = try row.id()
        digest = try row.digest()
        created = try row.time()
        expires = try row.time()
    }
}
