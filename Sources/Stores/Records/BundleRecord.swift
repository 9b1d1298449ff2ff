public import Base
public import Settings

/// One server of a bundle.
public struct BundlePart: Hashable, Sendable {
    /// The server.
    public var server: EntityID
    /// What stands before the names of its tools; 1 to 40 of `A–Z a–z 0–9 _ - .`, none the beginning of another.
    public var prefix: ByteString
    /// A policy of that server; `nil`: every call is denied.
    public var policy: EntityID?

    /// A part from its parts.
    public init(server: EntityID, prefix: ByteString, policy: EntityID?) {
        self.server = server
        self.prefix = prefix
        self.policy = policy
    }
}

/// Several servers behind one path `/mcp/NAME`.
public struct BundleRecord: Hashable, Sendable {
    /// Stays when the name changes.
    public let id: EntityID
    /// Keeps ``EntityName``; unique among servers and bundles.
    public var name: ByteString
    /// In this order; 1 to 32.
    public var members: [BundlePart]
    /// When it was made; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A bundle from its parts.
    public init(id: EntityID = .random(), name: ByteString, members: [BundlePart]) {
        self.id = id
        self.name = name
        self.members = members
    }

    var subject: Subject { Subject(.bundle, name) }

    /// The bundle's own row and those of its parts.
    var rows: [StoredRow] {
        [row] + members.enumerated().map { BundleMember(bundle: id, position: $0.offset, part: $0.element).row }
    }
}

extension BundleRecord: StoredRecord {
    static let table = RecordTable("bundles", key: ["id"], ["name", "created"])

    var values: [StoredValue] { [.id(id), .text(name), .time(created)] }

    /// Without its members, which are rows of their own.
    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        name = try row.text()
        created = try row.time()
        members = []
    }
}

/// A part of a bundle as a row.
struct BundleMember: StoredRecord {
    static let table = RecordTable("bundle_members", key: ["bundle", "position"], ["server", "prefix", "policy"])

    let bundle: EntityID
    let position: Int
    let part: BundlePart

    init(bundle: EntityID, position: Int, part: BundlePart) {
        self.bundle = bundle
        self.position = position
        self.part = part
    }

    var values: [StoredValue] {
        [.id(bundle), .count(position), .id(part.server), .text(part.prefix), .optional(part.policy)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        bundle = try row.id()
        position = try row.count()
        part = BundlePart(server: try row.id(), prefix: try row.text(), policy: try row.optionalID())
    }
}
