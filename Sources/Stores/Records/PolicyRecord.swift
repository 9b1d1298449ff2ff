public import Base
public import Settings

/// A named policy of one server; its documents are ``PolicyVersion``s.
public struct PolicyRecord: Hashable, Sendable {
    /// Stays when the name changes.
    public let id: EntityID
    /// The server it is for.
    public var server: EntityID
    /// Keeps ``EntityName``; unique.
    public var name: ByteString
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A policy from its parts, without any version yet.
    public init(id: EntityID = .random(), server: EntityID, name: ByteString) {
        self.id = id
        self.server = server
        self.name = name
    }

    var subject: Subject { Subject(.policy, name) }
}

extension PolicyRecord: StoredRecord {
    static let table = RecordTable("policies", key: ["id"], ["server", "name", "created"])

    var values: [StoredValue] { [.id(id), .id(server), .text(name), .time(created)] }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        server = try row.id()
        name = try row.text()
        created = try row.time()
    }
}

/// One document of a policy, as it was given; kept as long as the policy is, the highest number in force.
public struct PolicyVersion: Hashable, Sendable {
    /// Whose it is.
    public let policy: EntityID
    /// From 1, without gaps.
    public let number: Int
    /// The very bytes that were given; at most 4 MiB, as the engine reads.
    public let source: [UInt8]
    /// The SHA-256 of the document's canonical form: 32 bytes.
    public let digest: [UInt8]
    /// Who gave it.
    public let author: ByteString
    /// When.
    public let time: WallTime
    /// What they said about it; at most 1024 bytes.
    public let note: ByteString?
}

extension PolicyVersion: StoredRecord {
    static let table = RecordTable(
        "policy_versions",
        key: ["policy", "number"],
        ["source", "digest", "author", "time", "note"]
    )

    var values: [StoredValue] {
        [.id(policy), .count(number), .bytes(source), .bytes(digest), .text(author), .time(time), .optional(note)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        policy = try row.id()
        number = try row.count()
        source = try row.bytes()
        digest = try row.bytes()
        author = try row.text()
        time = try row.time()
        note = try row.optionalText()
    }
}
