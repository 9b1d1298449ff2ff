internal import Base
internal import Stores

/// `WHERE` for kinds, made of names of columns and question marks alone.
struct KindCondition {
    let text: String
    let values: [StoredValue]
    var isEmpty: Bool { text.isEmpty }

    init(_ query: AuditTableQuery) {
        let kind = query.kind
        let words = [
            ("grant_label", kind.grant), ("server", kind.server), ("tool", kind.tool), ("outcome", kind.outcome),
            ("rule", kind.rule), ("result", kind.result),
        ]
        var terms: [String] = []
        var values: [StoredValue] = []
        for case (let column, let word?) in words {
            terms.append("\(column) = ?")
            values.append(.text(word))
        }
        if let grant = query.grant {
            terms.append("(grant_label = ? OR grant_id = ?)")
            values += [.text(grant), .text(grant)]
        }
        text = terms.joined(separator: " AND ")
        self.values = values
    }
}

/// The numbers of kinds, looked up once for one transaction: another process may remove what no call is of.
struct KindBook {
    private let connection: Connection
    private var numbers: [AuditTableKind: Int64] = [:]
    private var ends: [End: Int64] = [:]

    private struct End: Hashable {
        let kind: Int64
        let result: ByteString
    }

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// The number of a kind, which is added when there is none.
    mutating func id(of kind: AuditTableKind) throws(StoreError) -> Int64 {
        if let known = numbers[kind] {
            return known
        }
        let key = StoredValue.bytes(kind.key)
        var found = try connection.run("SELECT id FROM kinds WHERE key = ?", [key])
        if found.isEmpty {
            found = try connection.run(
                "INSERT INTO kinds (key, grant_label, grant_id, server, tool, outcome, rule, result) "
                    + "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                [key] + kind.words.map { $0.map { .text($0) } ?? .null }
            )
        }
        guard case .integer(let number)? = found.first?.first else {
            throw .corrupt(detail: "a kind of calls has no number")
        }
        numbers[kind] = number
        return number
    }

    /// The number of the kind that differs from `kind` in how its calls ended.
    mutating func id(of kind: Int64, endingWith result: ByteString) throws(StoreError) -> Int64 {
        let end = End(kind: kind, result: result)
        if let known = ends[end] {
            return known
        }
        let row = try connection.run(
            "SELECT grant_label, grant_id, server, tool, outcome, rule FROM kinds WHERE id = ?",
            [.integer(kind)]
        ).first
        guard let row, row.count == 6 else {
            throw .corrupt(detail: "a call is of a kind that is not there")
        }
        let words = row.map { value -> ByteString? in
            if case .text(let word) = value {
                return word
            }
            return nil
        }
        var ended = AuditTableKind()
        (ended.grant, ended.grantID, ended.server) = (words[0], words[1], words[2])
        (ended.tool, ended.outcome, ended.rule) = (words[3], words[4], words[5])
        ended.result = result
        let number = try id(of: ended)
        ends[end] = number
        return number
    }
}

extension AuditTableKind {
    /// All words, in the order of the table's columns.
    fileprivate var words: [ByteString?] { [grant, grantID, server, tool, outcome, rule, result] }

    /// The same as bytes that no other kind has: NULL is no word, and equal to nothing.
    fileprivate var key: [UInt8] {
        var key: [UInt8] = []
        for word in words {
            guard let word else {
                key.append(0)
                continue
            }
            key.append(1)
            let count = UInt32(clamping: word.count)
            key += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
            key += word.bytes
        }
        return key
    }
}
