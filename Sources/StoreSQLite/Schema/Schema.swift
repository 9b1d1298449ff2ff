internal import Stores

/// The numbered shapes the database has had, each reached from the one before.
///
/// To change the shape, add `SchemaN.swift` with the statements that lead from N−1 to N, and put it at the end of
/// ``current``. A number that was released is never edited.
struct Schema: Sendable {
    /// "Tlgt": what tells our files from other programs' (`PRAGMA application_id`).
    static let applicationID = 0x546C_6774

    /// Statements by number, the first is 1.
    let migrations: [String]

    /// The number this version of Toolgate writes.
    var newest: Int { migrations.count }

    static let current = Schema(
        migrations: [
            Schema1.statements, Schema2.statements, Schema3.statements, Schema4.statements, Schema5.statements,
            Schema6.statements,
        ]
    )

    /// Brings a database from `version` to ``newest``; inside a transaction, with foreign keys not enforced.
    func migrate(_ connection: Connection, from version: Int) throws(StoreError) {
        for number in (version + 1)...newest {
            try connection.execute(migrations[number - 1])
            try connection.execute("PRAGMA user_version = \(number)")
        }
        let orphans = try connection.words("PRAGMA foreign_key_check")
        guard orphans.isEmpty else {
            throw .corrupt(
                detail: "rows refer to rows that are not there: \(orphans.prefix(3).joined(separator: "; "))"
            )
        }
    }
}
