/// What a database has to offer for the rules of this room to stand on it: rows, inside one transaction.
///
/// The rules (``StoreWriter``) know no database, a database knows no rule. A value of this type belongs to one
/// transaction and one thread; rows change only in transactions that were begun for writing.
public protocol StoreTables: AnyObject {
    /// The rows a selection means, by key, ascending unless the selection says otherwise.
    func rows(of table: RecordTable, _ selection: RowSelection) throws(StoreError) -> [[StoredValue]]
    /// How many rows a selection means, without its limit.
    func count(of table: RecordTable, _ selection: RowSelection) throws(StoreError) -> Int
    /// Adds a row, or puts it in the place of the one with the same key.
    func put(_ row: StoredRow) throws(StoreError)
    /// Removes the rows a selection means, without its limit.
    func remove(from table: RecordTable, _ selection: RowSelection) throws(StoreError)
}

extension StoreTables {
    func all<Record: StoredRecord>(
        _ type: Record.Type,
        _ selection: RowSelection = RowSelection()
    ) throws(StoreError) -> [Record] {
        var records: [Record] = []
        for values in try rows(of: Record.table, selection) {
            records.append(try Record(values))
        }
        return records
    }

    func first<Record: StoredRecord>(
        _ type: Record.Type,
        _ matches: [(column: String, value: StoredValue)]
    ) throws(StoreError) -> Record? {
        try all(type, RowSelection(matches, limit: 1)).first
    }
}
