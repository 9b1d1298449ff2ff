public import Base
internal import Synchronization

/// A store that ends with the process: for tests, and for a gateway without a data directory.
public final class MemoryStore: Store {
    private typealias Rows = [String: [[StoredValue]: [StoredValue]]]

    private let time: any TimeSource
    private let rows: Guarded<Rows>
    /// Held for the whole of a change, so that changes follow one another while readers go on.
    private let turn = Guarded<Void>(())

    /// An empty store with an organisation of its own.
    public init(time: any TimeSource) {
        self.time = time
        let tables = MemoryTables([:])
        do throws(StoreError) {
            try StoreWriter.initialise(tables, now: time.wallTime)
        } catch {
            // Putting rows into a dictionary does not fail; a store without them would say so at its first use.
        }
        rows = Guarded(tables.rows)
    }

    /// See ``Store``.
    public func read<Value: Sendable>(
        _ body: (StoreReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try body(StoreReader(over: MemoryTables(rows.withLock { $0 })))
    }

    /// See ``Store``; nothing survives the process here.
    public func change<Value: Sendable>(
        by author: Author,
        expecting revision: Int?,
        _ body: (StoreWriter) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try turn.withLock { _ throws(StoreError) in
            let tables = MemoryTables(rows.withLock { $0 })
            let writer = try StoreWriter(over: tables, author: author, now: time.wallTime, expecting: revision)
            let value = try body(writer)
            if try writer.finish() {
                let changed = tables.rows
                rows.withLock { $0 = changed }
            }
            return value
        }
    }

    /// See ``Store``; nothing survives the process here.
    public func keep<Value: Sendable>(
        isDurable: Bool,
        _ body: (StoreLedger) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try turn.withLock { _ throws(StoreError) in
            let tables = MemoryTables(rows.withLock { $0 })
            let value = try body(StoreLedger(over: tables))
            let changed = tables.rows
            rows.withLock { $0 = changed }
            return value
        }
    }

    /// See ``Store``.
    public func revision() throws(StoreError) -> Int {
        try read { reader throws(StoreError) in try reader.revision() }
    }

    /// See ``Store``.
    public func check() throws(StoreError) -> [String] {
        try read { reader throws(StoreError) in try reader.findings() }
    }
}

/// The rows of one transaction; a copy costs nothing until it is written to.
final class MemoryTables: StoreTables {
    private(set) var rows: [String: [[StoredValue]: [StoredValue]]]

    init(_ rows: [String: [[StoredValue]: [StoredValue]]]) {
        self.rows = rows
    }

    func rows(of table: RecordTable, _ selection: RowSelection) throws(StoreError) -> [[StoredValue]] {
        var found = selected(table, selection)
        found.sort { left, right in
            let isBefore = left[..<table.keyCount].lexicographicallyPrecedes(right[..<table.keyCount])
            return isBefore != selection.isDescending
        }
        return selection.limit.map { Array(found.prefix($0)) } ?? found
    }

    func count(of table: RecordTable, _ selection: RowSelection) throws(StoreError) -> Int {
        selected(table, selection).count
    }

    func put(_ row: StoredRow) throws(StoreError) {
        rows[row.table.name, default: [:]][row.key] = row.values
    }

    func remove(from table: RecordTable, _ selection: RowSelection) throws(StoreError) {
        for values in selected(table, selection) {
            rows[table.name]?[Array(values[..<table.keyCount])] = nil
        }
    }

    private func selected(_ table: RecordTable, _ selection: RowSelection) -> [[StoredValue]] {
        guard let all = rows[table.name] else {
            return []
        }
        if let key = wholeKey(table, selection) {
            return all[key].map { [$0] } ?? []
        }
        let wanted = selection.matches.map { (table.columns.firstIndex(of: $0.column), $0.value) }
        return all.values.filter { values in
            if let after = selection.after, values[0] <= .integer(after) {
                return false
            }
            return wanted.allSatisfy { index, value in index.map { values[$0] == value } ?? false }
        }
    }

    /// The key, when the selection names it and nothing else: no need to look at every row.
    private func wholeKey(_ table: RecordTable, _ selection: RowSelection) -> [StoredValue]? {
        let isKey = selection.matches.map(\.column) == Array(table.columns[..<table.keyCount])
        return isKey && selection.after == nil ? selection.matches.map(\.value) : nil
    }
}
