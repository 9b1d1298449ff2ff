public import Base
public import Secrets
public import Settings

/// A machine's access to the admin API: the keyed digest of a token, and what it may do.
public struct AdminTokenRecord: Hashable, Sendable {
    /// Stays as long as the token.
    public let id: EntityID
    /// The organisation it belongs to; set by the store.
    public internal(set) var organisation: EntityID
    /// The name it has in records; 1 to 128 bytes, unique.
    public var label: ByteString
    /// The member it acts for, who may do at least as much.
    public let owner: EntityID
    /// What it may do; never more than its owner.
    public internal(set) var role: MemberRole
    /// Of the token.
    public let digest: GrantDigest
    /// From then on it is unknown; `nil`: it does not expire.
    public let expires: WallTime?
    /// Who made it; set by the store.
    public internal(set) var createdBy: ByteString = ""
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A token from its parts.
    public init(
        id: EntityID = .random(),
        label: ByteString,
        owner: EntityID,
        role: MemberRole,
        digest: GrantDigest,
        expires: WallTime? = nil
    ) {
        self.id = id
        organisation = id
        self.label = label
        self.owner = owner
        self.role = role
        self.digest = digest
        self.expires = expires
    }

    /// Whether it opens at `now`, as far as it itself goes.
    public func isOpen(at now: WallTime) -> Bool { expires.map { now < $0 } ?? true }

    var subject: Subject { Subject(.token, label) }
}

extension AdminTokenRecord: StoredRecord {
    static let table = RecordTable(
        "admin_tokens",
        key: ["id"],
        ["organisation", "label", "owner", "role", "digest", "expires", "created_by", "created"]
    )

    var values: [StoredValue] {
        [.id(id), .id(organisation), .text(label), .id(owner), .text(role.rawValue), .bytes(digest.bytes)]
            + [.optional(expires), .text(createdBy), .time(created)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        organisation = try row.id()
        label = try row.text()
        owner = try row.id()
        role = try row.word()
        digest = try row.digest()
        expires = try row.optionalTime()
        createdBy = try row.text()
        created = try row.time()
    }
}

/// When an admin token was last used; beside the token, because use is no change of configuration.
public struct AdminTokenUse: Hashable, Sendable {
    /// The token.
    public let token: EntityID
    /// When it was last accepted.
    public let time: WallTime

    /// A use from its parts.
    public init(token: EntityID, time: WallTime) {
        self.token = token
        self.time = time
    }
}

extension AdminTokenUse: StoredRecord {
    static let table = RecordTable("admin_token_uses", key: ["token"], ["time"])

    var values: [StoredValue] { [.id(token), .time(time)] }

    init(reading row: inout RowReader) throws(StoreError) {
        token = try row.id()
        time = try row.time()
    }
}
