public import Base

/// One field of a stored row, in the terms every database understands.
public enum StoredValue: Hashable, Sendable {
    /// Nothing.
    case null
    /// A whole number, a time in milliseconds or a flag (0 or 1).
    case integer(Int64)
    /// UTF-8, compared byte by byte.
    case text(ByteString)
    /// Bytes of any kind.
    case bytes([UInt8])
}

extension StoredValue: Comparable {
    private var rank: Int {
        switch self {
        case .null: 0
        case .integer: 1
        case .text: 2
        case .bytes: 3
        }
    }

    /// The order rows are listed in: nothing, numbers, text, bytes; each among itself by value.
    public static func < (left: StoredValue, right: StoredValue) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left < right
        case (.text(let left), .text(let right)): left < right
        case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
        default: left.rank < right.rank
        }
    }
}

/// The shape of one kind of row: what a database makes a table of.
public struct RecordTable: Hashable, Sendable {
    /// `[a-z_]+`.
    public let name: String
    /// In the order of a row's values; the first ``keyCount`` identify the row.
    public let columns: [String]
    /// How many of the columns, from the first, are the primary key; at least one.
    public let keyCount: Int

    /// A shape from its parts.
    init(_ name: String, key: [String], _ others: [String] = []) {
        self.name = name
        columns = key + others
        keyCount = key.count
    }

    /// Every table there is, those that others refer to first.
    public static let all: [RecordTable] = [
        StoreState.table, OrganisationRecord.table, MemberRecord.table, ServerRecord.table, ServerHeader.table,
        PolicyRecord.table, PolicyVersion.table, BundleRecord.table, BundleMember.table, GrantRecord.table,
        GrantUse.table, CredentialRecord.table, ToolPin.table, QuotaState.table, ApprovalRecord.table, AdminEvent.table,
        AccountRecord.table, AccountUse.table, RecoveryCodeRow.table, SessionRecord.table, AdminTokenRecord.table,
        AdminTokenUse.table, InvitationRecord.table, SetupLinkRecord.table, WebhookRecord.table,
        WebhookDelivery.table,
    ]
}

/// A row and the table it belongs to.
public struct StoredRow: Hashable, Sendable {
    /// Its shape.
    public let table: RecordTable
    /// As many values as the table has columns.
    public let values: [StoredValue]

    /// The values that identify it.
    public var key: [StoredValue] { Array(values[..<table.keyCount]) }

    init(_ table: RecordTable, _ values: [StoredValue]) {
        precondition(values.count == table.columns.count, "a row has a value for each column")
        self.table = table
        self.values = values
    }
}

/// Which rows of a table are meant.
public struct RowSelection: Hashable, Sendable {
    /// What one column must be.
    public struct Match: Hashable, Sendable {
        /// A column of the table.
        public let column: String
        /// Its value; not ``StoredValue/null``.
        public let value: StoredValue
    }

    /// All of these must hold; none means every row.
    public let matches: [Match]
    /// Only rows whose first key column is an integer greater than this; `nil` for no such bound.
    public let after: Int64?
    /// The greatest key first.
    public let isDescending: Bool
    /// At most so many rows; `nil` for all.
    public let limit: Int?

    init(
        _ matches: [(column: String, value: StoredValue)] = [],
        after: Int64? = nil,
        isDescending: Bool = false,
        limit: Int? = nil
    ) {
        self.matches = matches.map { Match(column: $0.column, value: $0.value) }
        self.after = after
        self.isDescending = isDescending
        self.limit = limit
    }
}

/// A value that is kept as one row.
protocol StoredRecord: Hashable, Sendable {
    static var table: RecordTable { get }
    var values: [StoredValue] { get }
    init(reading row: inout RowReader) throws(StoreError)
}

extension StoredRecord {
    var row: StoredRow { StoredRow(Self.table, values) }

    init(_ values: [StoredValue]) throws(StoreError) {
        var reader = RowReader(table: Self.table, values: values)
        try self.init(reading: &reader)
    }
}

/// Takes the values of a row one after the other; a value of another kind than the record's is a damaged store.
struct RowReader {
    private let table: RecordTable
    private let values: [StoredValue]
    private var position = 0

    init(table: RecordTable, values: [StoredValue]) {
        self.table = table
        self.values = values
    }

    private mutating func next() throws(StoreError) -> StoredValue {
        guard position < values.count else {
            throw damage("is missing")
        }
        defer { position += 1 }
        return values[position]
    }

    private func damage(_ what: String) -> StoreError {
        let column = position <= table.columns.count && position > 0 ? table.columns[position - 1] : "?"
        return .corrupt(detail: "`\(column)` of a row of `\(table.name)` \(what)")
    }

    mutating func integer() throws(StoreError) -> Int64 {
        guard case .integer(let value) = try next() else {
            throw damage("is no number")
        }
        return value
    }

    mutating func optionalInteger() throws(StoreError) -> Int64? {
        switch try next() {
        case .null: return nil
        case .integer(let value): return value
        default: throw damage("is no number")
        }
    }

    mutating func count() throws(StoreError) -> Int {
        guard let value = Int(exactly: try integer()), value >= 0 else {
            throw damage("is negative")
        }
        return value
    }

    mutating func flag() throws(StoreError) -> Bool {
        switch try integer() {
        case 0: return false
        case 1: return true
        default: throw damage("is neither 0 nor 1")
        }
    }

    mutating func text() throws(StoreError) -> ByteString {
        guard case .text(let value) = try next() else {
            throw damage("is no text")
        }
        return value
    }

    mutating func optionalText() throws(StoreError) -> ByteString? {
        switch try next() {
        case .null: return nil
        case .text(let value): return value
        default: throw damage("is no text")
        }
    }

    mutating func bytes() throws(StoreError) -> [UInt8] {
        guard case .bytes(let value) = try next() else {
            throw damage("is no byte string")
        }
        return value
    }

    mutating func optionalBytes() throws(StoreError) -> [UInt8]? {
        switch try next() {
        case .null: return nil
        case .bytes(let value): return value
        default: throw damage("is no byte string")
        }
    }

    mutating func time() throws(StoreError) -> WallTime {
        WallTime(milliseconds: try integer())
    }

    mutating func optionalTime() throws(StoreError) -> WallTime? {
        try optionalInteger().map { WallTime(milliseconds: $0) }
    }

    /// One of the words of an enumeration.
    mutating func word<Word: RawRepresentable>() throws(StoreError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try text().text) else {
            throw damage("is a word this version does not know")
        }
        return word
    }

    /// What `make` builds of the bytes; damage when it cannot.
    mutating func parsed<Value>(_ make: ([UInt8]) -> Value?) throws(StoreError) -> Value {
        guard let value = make(try bytes()) else {
            throw damage("has not the right length")
        }
        return value
    }
}

extension StoredValue {
    static func text(_ text: String) -> StoredValue { .text(ByteString(text)) }
    static func flag(_ flag: Bool) -> StoredValue { .integer(flag ? 1 : 0) }
    static func count(_ count: Int) -> StoredValue { .integer(Int64(count)) }
    static func time(_ time: WallTime) -> StoredValue { .integer(time.milliseconds) }

    static func optional(_ text: ByteString?) -> StoredValue { text.map { .text($0) } ?? .null }
    static func optional(_ bytes: [UInt8]?) -> StoredValue { bytes.map { .bytes($0) } ?? .null }
    static func optional(_ time: WallTime?) -> StoredValue { time.map { .time($0) } ?? .null }
}
