public import Base
internal import Cryptography
internal import Settings

/// Changes a store inside one transaction, by the rules every implementation shares.
///
/// Good for the call it was given to only. A method that throws has changed nothing; the transaction goes on, unless
/// the error leaves `body`. Saving a record that is there already, unchanged, does nothing and leaves no event.
/// The rules are in the extensions: `StoreWriter+Servers.swift` and so on.
public struct StoreWriter {
    /// Sees what was changed so far in this transaction.
    public let reader: StoreReader
    /// When the change takes place, the same for all of it.
    public let now: WallTime
    let author: Author
    private let log: ChangeLog

    /// How many events this change has left so far.
    final class ChangeLog {
        var events = 0
    }

    /// A writer over the rows of one transaction that was begun for writing, for implementations of ``Store``.
    ///
    /// The implementation calls ``finish()`` before it commits.
    ///
    /// - Throws: ``StoreError/conflict(expected:found:)`` when the store is not at `expected`.
    public init(
        over tables: any StoreTables,
        author: Author,
        now: WallTime,
        expecting expected: Int?
    ) throws(StoreError) {
        reader = StoreReader(over: tables)
        self.author = author
        self.now = now
        log = ChangeLog()
        if let expected {
            let found = try reader.revision()
            guard found == expected else {
                throw .conflict(expected: expected, found: found)
            }
        }
    }

    /// Ends the change: moves the revision up if anything was changed, and says whether it was.
    ///
    /// An implementation calls it once, last; when it returns `false` there is nothing to commit.
    public func finish() throws(StoreError) -> Bool {
        guard log.events > 0 else {
            return false
        }
        var state = try reader.state()
        state.revision += 1
        try tables.put(state.row)
        return true
    }

    /// Makes what a store needs to have before anything else; an implementation calls it once, in the transaction that
    /// makes the tables.
    public static func initialise(_ tables: any StoreTables, now: WallTime) throws(StoreError) {
        try tables.put(StoreState().row)
        try tables.put(OrganisationRecord(id: .random(), name: "default", created: now).row)
    }

    var tables: any StoreTables { reader.tables }
}

// MARK: - What every change is made of

extension StoreWriter {
    /// Writes rows, takes away those that are gone, and leaves an event; nothing when they are the same.
    func commit(
        _ subject: Subject,
        before: [StoredRow],
        after: [StoredRow],
        as action: AdminEvent.Action? = nil
    ) throws(StoreError) {
        guard before != after else {
            return
        }
        let kept = Set(after.map { RowKey($0) })
        for row in before.reversed() where !kept.contains(RowKey(row)) {
            try tables.remove(from: row.table, RowSelection(Array(zip(row.table.columns, row.key))))
        }
        let known = Set(before)
        for row in after where !known.contains(row) {
            try tables.put(row)
        }
        let usual: AdminEvent.Action = before.isEmpty ? .add : after.isEmpty ? .remove : .change
        try note(action ?? usual, subject, before: Self.digest(before), after: Self.digest(after))
    }

    func note(
        _ action: AdminEvent.Action,
        _ subject: Subject,
        before: [UInt8]?,
        after: [UInt8]?
    ) throws(StoreError) {
        var state = try reader.state()
        state.events += 1
        let event = AdminEvent(
            sequence: state.events,
            revision: state.revision + 1,
            time: now,
            author: ByteString("\(author)"),
            action: action,
            subject: subject,
            before: before,
            after: after
        )
        try tables.put(event.row)
        try tables.put(state.row)
        log.events += 1
    }

    private struct RowKey: Hashable {
        let table: RecordTable
        let key: [StoredValue]

        init(_ row: StoredRow) {
            table = row.table
            key = row.key
        }
    }

    /// SHA-256 over the rows, each value behind its kind and length; `nil` for none.
    private static func digest(_ rows: [StoredRow]) -> [UInt8]? {
        guard !rows.isEmpty else {
            return nil
        }
        var hash = SHA256()
        for row in rows {
            hash.update(ByteString(row.table.name), kind: 0)
            for value in row.values {
                switch value {
                case .null: hash.update("", kind: 1)
                case .integer(let number): hash.update(ByteString(String(number)), kind: 2)
                case .text(let text): hash.update(text, kind: 3)
                case .bytes(let bytes): hash.update(ByteString(bytes), kind: 4)
                }
            }
        }
        return hash.finish()
    }
}

extension SHA256 {
    fileprivate mutating func update(_ bytes: ByteString, kind: UInt8) {
        var head: [UInt8] = [kind]
        for shift in stride(from: 56, through: 0, by: -8) {
            head.append(UInt8(truncatingIfNeeded: bytes.count >> shift))
        }
        update(head)
        update(bytes.bytes)
    }
}

// MARK: - Checks that several rules share

extension StoreWriter {
    /// Refuses a name that cannot stand in a path.
    func checkName(_ name: ByteString) throws(StoreError) {
        guard EntityName.isValid(name) else {
            throw .refused("`\(name.shown)` is no name: \(EntityName.rule)")
        }
    }

    /// Refuses a label that is empty, too long, no UTF-8, or has control characters.
    func checkLabel(_ label: ByteString, _ what: StaticString) throws(StoreError) {
        let isPlain = label.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard (1...128).contains(label.count), isPlain, ByteString(label.text) == label else {
            throw .refused("`\(label.shown)` is no \(what): use 1 to 128 bytes of UTF-8 without control characters")
        }
    }

    func checkDigest(_ digest: [UInt8]) throws(StoreError) {
        guard digest.count == SHA256.byteCount else {
            throw .refused("a digest has \(SHA256.byteCount) bytes, this one \(digest.count)")
        }
    }

    /// The message that something is still used, naming at most ten users.
    func inUse(_ subject: Subject, by users: [Subject]) -> StoreError {
        let shown = users.prefix(10).map { "\($0)" }.joined(separator: ", ")
        let more = users.count > 10 ? " and \(users.count - 10) more" : ""
        return .refused("\(subject) is in use by \(shown)\(more): remove or change those first")
    }
}
