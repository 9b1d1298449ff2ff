public import Base
public import Settings

/// Whom a store belongs to: exactly one organisation, made with the store.
///
/// Its identity is random and part of what sealed credentials are bound to, so that a row of one store does not open
/// in another.
public struct OrganisationRecord: Hashable, Sendable {
    /// Made with the store; never changes.
    public let id: EntityID
    /// For people.
    public var name: ByteString
    /// When the store was made.
    public let created: WallTime

    init(id: EntityID, name: ByteString, created: WallTime) {
        self.id = id
        self.name = name
        self.created = created
    }
}

extension OrganisationRecord: StoredRecord {
    static let table = RecordTable("organisations", key: ["id"], ["name", "created"])

    var values: [StoredValue] { [.id(id), .text(name), .time(created)] }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        name = try row.text()
        created = try row.time()
    }
}

/// The one row that says how far the store is.
struct StoreState: StoredRecord {
    static let table = RecordTable("state", key: ["id"], ["revision", "events", "wrapping_version", "key_check"])

    /// The number of changes so far.
    var revision = 0
    /// The number of admin events so far.
    var events = 0
    /// Credentials wrapped with an older version of the key than this are not taken any more.
    var wrappingVersion = 0
    /// Tells the key file the store is used with from others; `nil` before it was served.
    var keyCheck: [UInt8]?

    init() {}

    var values: [StoredValue] {
        [.integer(1), .count(revision), .count(events), .count(wrappingVersion), .optional(keyCheck)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        _ = try row.integer()
        revision = try row.count()
        events = try row.count()
        wrappingVersion = try row.count()
        keyCheck = try row.optionalBytes()
    }
}
