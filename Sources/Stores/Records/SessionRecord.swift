public import Base
public import Secrets
public import Settings

/// A person's session in the console: the keyed digest of its token, and when it ends.
public struct SessionRecord: Hashable, Sendable {
    /// How long a session may lie unused, in milliseconds: 12 hours.
    public static let idleLimit: Int64 = 12 * 3_600_000
    /// How long a session lives, however much it is used, in milliseconds: 7 days.
    public static let lifetime: Int64 = 7 * 86_400_000

    /// Names it to people, opens nothing, and stays when the token is rotated.
    public let id: EntityID
    /// Whose it is.
    public let member: EntityID
    /// The organisation it is in.
    public let organisation: EntityID
    /// Of the token in force.
    public internal(set) var digest: GrantDigest
    /// Where it was opened from, as the listener saw it; at most 64 bytes are kept.
    public let address: ByteString
    /// What the browser called itself; at most 256 bytes are kept.
    public let client: ByteString
    /// When it was opened.
    public let created: WallTime
    /// When it was last used, to the minute.
    public internal(set) var lastSeen: WallTime
    /// When it ends, however much it is used.
    public let ends: WallTime

    /// A session that begins now, for an account.
    public init(
        of account: AccountRecord,
        digest: GrantDigest,
        address: ByteString,
        client: ByteString,
        now: WallTime
    ) {
        id = .random()
        member = account.member
        organisation = account.organisation
        self.digest = digest
        self.address = Self.shortened(address, to: 64)
        self.client = Self.shortened(client, to: 256)
        created = now
        lastSeen = now
        ends = now.advanced(milliseconds: Self.lifetime)
    }

    /// Text of whoever connected, made fit for a table: UTF-8, no controls.
    private static func shortened(_ text: ByteString, to count: Int) -> ByteString {
        let plain = text.bytes.prefix(count).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return ByteString(plain)
    }

    /// Whether its token still opens it at `now`.
    public func isOpen(at now: WallTime) -> Bool {
        now < ends && now < lastSeen.advanced(milliseconds: Self.idleLimit)
    }
}

extension SessionRecord: StoredRecord {
    static let table = RecordTable(
        "sessions",
        key: ["id"],
        ["member", "organisation", "digest", "address", "client", "created", "last_seen", "ends"]
    )

    var values: [StoredValue] {
        [.id(id), .id(member), .id(organisation), .bytes(digest.bytes), .text(address), .text(client)]
            + [.time(created), .time(lastSeen), .time(ends)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        member = try row.id()
        organisation = try row.id()
        digest = try row.digest()
        address = try row.text()
        client = try row.text()
        created = try row.time()
        lastSeen = try row.time()
        ends = try row.time()
    }
}
