public import Base
public import Secrets
public import Settings

/// What a grant opens.
public enum GrantTarget: Hashable, Sendable {
    /// One server, under a policy of that server; without one every call is denied.
    case server(EntityID, policy: EntityID?)
    /// A bundle, whose members have their own policies.
    case bundle(EntityID)
}

/// The token before the last rotation, which opens until its overlap ends.
public struct PreviousToken: Hashable, Sendable {
    /// Its keyed digest.
    public let digest: GrantDigest
    /// From then on it is unknown.
    public let ends: WallTime

    /// A previous token from its parts.
    public init(digest: GrantDigest, ends: WallTime) {
        self.digest = digest
        self.ends = ends
    }
}

/// Who may call: the keyed digest of a token, and what it opens.
///
/// The token itself is kept nowhere.
public struct GrantRecord: Hashable, Sendable {
    /// Stays over rotations.
    public let id: EntityID
    /// The name it has in records; 1 to 128 bytes, unique.
    public var label: ByteString
    /// What it opens.
    public var target: GrantTarget
    /// Of the token in force; no other grant has or had it.
    public internal(set) var digest: GrantDigest
    /// The token before, as long as it overlaps; `nil` when there is none.
    public internal(set) var previous: PreviousToken?
    /// From 1; one more with each rotation.
    public internal(set) var generation = 1
    /// From then on it is unknown; `nil`: it does not expire.
    public var expires: WallTime?
    /// When it was revoked, which is for good; `nil`: it was not.
    public internal(set) var revoked: WallTime?
    /// The member it belongs to.
    public var owner: EntityID?
    /// Who made it; set by the store.
    public internal(set) var createdBy: ByteString = ""
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A grant from its parts, of generation 1, not revoked.
    public init(
        id: EntityID = .random(),
        label: ByteString,
        target: GrantTarget,
        digest: GrantDigest,
        expires: WallTime? = nil,
        owner: EntityID? = nil
    ) {
        self.id = id
        self.label = label
        self.target = target
        self.digest = digest
        self.expires = expires
        self.owner = owner
    }

    /// Takes over what the store sets, so that two records can be compared by what people set.
    public mutating func keepHistory(of known: GrantRecord) {
        digest = known.digest
        previous = known.previous
        generation = known.generation
        revoked = known.revoked
        createdBy = known.createdBy
        created = known.created
    }

    var subject: Subject { Subject(.grant, label) }

    /// Whether its token opens at `now`.
    public func isOpen(at now: WallTime) -> Bool {
        revoked == nil && (expires.map { now < $0 } ?? true)
    }
}

extension GrantRecord: StoredRecord {
    static let table = RecordTable(
        "grants",
        key: ["id"],
        [
            "label", "server", "policy", "bundle", "digest", "previous_digest", "previous_ends", "generation",
            "expires",
            "revoked", "owner", "created_by", "created",
        ]
    )

    var values: [StoredValue] {
        let opens: [StoredValue] =
            switch target {
            case .server(let server, let policy): [.id(server), .optional(policy), .null]
            case .bundle(let bundle): [.null, .null, .id(bundle)]
            }
        return [.id(id), .text(label)] + opens
            + [.bytes(digest.bytes), .optional(previous?.digest.bytes), .optional(previous?.ends), .count(generation)]
            + [.optional(expires), .optional(revoked), .optional(owner), .text(createdBy), .time(created)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        label = try row.text()
        switch (try row.optionalID(), try row.optionalID(), try row.optionalID()) {
        case (let server?, let policy, nil): target = .server(server, policy: policy)
        case (nil, nil, let bundle?): target = .bundle(bundle)
        default: throw .corrupt(detail: "a grant opens neither one server nor one bundle")
        }
        digest = try row.parsed { GrantDigest($0) }
        let old = try row.optionalBytes().map { GrantDigest($0) }
        let ends = try row.optionalTime()
        switch (old, ends) {
        case (nil, nil): previous = nil
        case (let digest??, let ends?): previous = PreviousToken(digest: digest, ends: ends)
        default: throw .corrupt(detail: "a grant's previous token is incomplete")
        }
        generation = try row.count()
        expires = try row.optionalTime()
        revoked = try row.optionalTime()
        owner = try row.optionalID()
        createdBy = try row.text()
        created = try row.time()
    }
}

/// When a grant was last used; beside the grant, because use is no change of configuration.
public struct GrantUse: Hashable, Sendable {
    /// The grant.
    public let grant: EntityID
    /// When its token was last accepted.
    public let time: WallTime

    /// A use from its parts.
    public init(grant: EntityID, time: WallTime) {
        self.grant = grant
        self.time = time
    }
}

extension GrantUse: StoredRecord {
    static let table = RecordTable("grant_uses", key: ["grant_id"], ["time"])

    var values: [StoredValue] { [.id(grant), .time(time)] }

    init(reading row: inout RowReader) throws(StoreError) {
        grant = try row.id()
        time = try row.time()
    }
}
