internal import Stores

/// The rows of one transaction on one connection.
final class SQLiteTables: StoreTables {
    private let connection: Connection
    private var isEnded = false

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// The transaction is over: whoever kept a reader or writer finds nothing behind it any more.
    func end() {
        isEnded = true
    }

    private func run(_ text: String, _ values: [StoredValue]) throws(StoreError) -> [[StoredValue]] {
        guard !isEnded else {
            throw .failed(detail: "the transaction is over")
        }
        return try connection.run(text, values)
    }

    func rows(of table: RecordTable, _ selection: RowSelection) throws(StoreError) -> [[StoredValue]] {
        let condition = Condition(table, selection)
        let order = table.columns[..<table.keyCount].map { "\"\($0)\"\(selection.isDescending ? " DESC" : "")" }
        var text = "SELECT \(Self.list(table.columns)) FROM \"\(table.name)\"\(condition.text)"
        text += " ORDER BY \(order.joined(separator: ", "))"
        var values = condition.values
        if let limit = selection.limit {
            text += " LIMIT ?"
            values.append(.integer(Int64(limit)))
        }
        return try run(text, values)
    }

    func count(of table: RecordTable, _ selection: RowSelection) throws(StoreError) -> Int {
        let condition = Condition(table, selection)
        let rows = try run("SELECT count(*) FROM \"\(table.name)\"\(condition.text)", condition.values)
        guard case .integer(let count)? = rows.first?.first else {
            throw .failed(detail: "a count gave no number")
        }
        return Int(count)
    }

    func put(_ row: StoredRow) throws(StoreError) {
        let table = row.table
        let marks = table.columns.map { _ in "?" }.joined(separator: ", ")
        let others = table.columns[table.keyCount...].map { "\"\($0)\" = excluded.\"\($0)\"" }
        let action = others.isEmpty ? "NOTHING" : "UPDATE SET \(others.joined(separator: ", "))"
        let key = Self.list(Array(table.columns[..<table.keyCount]))
        let text =
            "INSERT INTO \"\(table.name)\" (\(Self.list(table.columns))) VALUES (\(marks)) "
            + "ON CONFLICT (\(key)) DO \(action)"
        _ = try run(text, row.values)
    }

    func remove(from table: RecordTable, _ selection: RowSelection) throws(StoreError) {
        let condition = Condition(table, selection)
        _ = try run("DELETE FROM \"\(table.name)\"\(condition.text)", condition.values)
    }

    private static func list(_ columns: [String]) -> String {
        columns.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// `WHERE`, made of names of columns and question marks alone; values never become text.
    private struct Condition {
        let text: String
        let values: [StoredValue]

        init(_ table: RecordTable, _ selection: RowSelection) {
            var terms = selection.matches.map { "\"\($0.column)\" = ?" }
            var values = selection.matches.map(\.value)
            if let after = selection.after {
                terms.append("\"\(table.columns[0])\" > ?")
                values.append(.integer(after))
            }
            text = terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))"
            self.values = values
        }
    }
}
