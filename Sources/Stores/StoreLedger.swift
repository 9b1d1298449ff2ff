/// Keeps what running leaves behind: counters and last uses.
///
/// No revision, no events. Good for the call it was given to only.
public struct StoreLedger {
    /// Sees what was kept so far in this transaction.
    public let reader: StoreReader

    // LIMIT: a counter's identity is a few names and a key; its windows are at most 64 buckets each.
    private static let maximumCounterBytes = 1_024
    private static let maximumWindowBytes = 64 << 10

    /// A ledger over the rows of one transaction that was begun for writing, for implementations of ``Store``.
    public init(over tables: any StoreTables) {
        reader = StoreReader(over: tables)
    }

    /// Keeps counters, each in the place of what was kept of it before.
    public func keep(_ states: [QuotaState]) throws(StoreError) {
        for state in states {
            guard state.counter.count <= Self.maximumCounterBytes, state.windows.count <= Self.maximumWindowBytes else {
                throw .refused("a counter's state is too large to keep")
            }
            try reader.tables.put(state.row)
        }
    }

    /// Keeps what tells the key file the store is used with from others: 32 bytes.
    public func keep(keyCheck: [UInt8]) throws(StoreError) {
        guard keyCheck.count == 32 else {
            throw .refused("the check of a key file has 32 bytes")
        }
        var state = try reader.state()
        state.keyCheck = keyCheck
        try reader.tables.put(state.row)
    }

    /// Forgets counters.
    public func forget(counters: [[UInt8]]) throws(StoreError) {
        for counter in counters {
            try reader.tables.remove(from: QuotaState.table, RowSelection([("counter", .bytes(counter))]))
        }
    }

    /// Keeps when grants were last used; grants that are gone, and times older than the one kept, are passed over.
    public func keep(_ uses: [GrantUse]) throws(StoreError) {
        for use in uses where try reader.grant(use.grant) != nil {
            let known = try reader.tables.first(GrantUse.self, [("grant_id", .id(use.grant))])
            if known.map({ $0.time < use.time }) ?? true {
                try reader.tables.put(use.row)
            }
        }
    }
}
