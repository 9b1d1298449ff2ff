public import Base

/// A limit's counter as it was last kept; what the bytes mean is the limiter's business.
public struct QuotaState: Hashable, Sendable {
    /// What tells it from every other counter; at most 1024 bytes.
    public let counter: [UInt8]
    /// Its windows; at most 64 KiB.
    public let windows: [UInt8]
    /// When it was kept.
    public let updated: WallTime

    /// A state from its parts.
    public init(counter: [UInt8], windows: [UInt8], updated: WallTime) {
        self.counter = counter
        self.windows = windows
        self.updated = updated
    }
}

extension QuotaState: StoredRecord {
    static let table = RecordTable("quota_states", key: ["counter"], ["windows", "updated"])

    var values: [StoredValue] { [.bytes(counter), .bytes(windows), .time(updated)] }

    init(reading row: inout RowReader) throws(StoreError) {
        counter = try row.bytes()
        windows = try row.bytes()
        updated = try row.time()
    }
}
