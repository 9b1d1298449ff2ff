public import Base

/// One record's change, written in the same transaction.
public struct AdminEvent: Hashable, Sendable {
    /// What was done.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        /// The record is new.
        case add
        /// It was edited.
        case change
        /// It is gone.
        case remove
        /// A grant got a new token.
        case rotate
        /// A grant was revoked.
        case revoke
        /// A tool's definition was accepted.
        case accept
        /// A call was agreed to.
        case approve
        /// A call was refused by a person.
        case deny
        /// A credential was wrapped with another version of the key.
        case rewrap
    }

    /// From 1, without gaps, over the life of the store.
    public let sequence: Int
    /// The change it is part of.
    public let revision: Int
    /// When.
    public let time: WallTime
    /// Who, as `KIND:NAME`.
    public let author: ByteString
    /// What was done.
    public let action: Action
    /// To what.
    public let subject: Subject
    /// SHA-256 over the record as it was; `nil` when it is new.
    public let before: [UInt8]?
    /// SHA-256 over the record as it is; `nil` when it is gone.
    public let after: [UInt8]?
}

extension AdminEvent: StoredRecord {
    static let table = RecordTable(
        "admin_events",
        key: ["sequence"],
        ["revision", "time", "author", "action", "subject_kind", "subject_name", "before", "after"]
    )

    var values: [StoredValue] {
        [.count(sequence), .count(revision), .time(time), .text(author), .text(action.rawValue)]
            + [.text(subject.kind.rawValue), .text(subject.name), .optional(before), .optional(after)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        sequence = try row.count()
        revision = try row.count()
        time = try row.time()
        author = try row.text()
        action = try row.word()
        subject = Subject(try row.word(), try row.text())
        before = try row.optionalBytes()
        after = try row.optionalBytes()
    }
}
