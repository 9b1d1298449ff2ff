import Base
import StoreSQLite
import Stores
import Synchronization
public import ToolCatalogue

/// The index in one SQLite file, with full-text search (FTS5).
///
/// Write-ahead log; a step is whole or not there after a loss of power, the last steps may be missing (`NORMAL`): what is
/// in here can be read in again. The file is of mode 0600 and of any size; one process writes at a time.
public final class SQLiteCatalogue: CatalogueIndex {
    /// What a search looks at before it orders; more common words give those that came first.
    private static let mostCandidates = 256

    private let database: Guarded<Connection>

    /// Opens the index at `path`, or makes it.
    public init(opening path: String) throws(CatalogueFailure) {
        let connection = try Self.attempt { () throws(StoreError) in
            try StoreFile.prepare(path)
            let connection = try Connection(path: path, busyTimeout: .seconds(5))
            try Self.bringUp(connection)
            return connection
        }
        database = Guarded(connection)
    }

    private static func bringUp(_ connection: Connection) throws(StoreError) {
        let application = try connection.number("PRAGMA application_id")
        let version = try connection.number("PRAGMA user_version")
        guard (application, version) == (CatalogueTables.applicationID, CatalogueTables.version) else {
            let tables = try connection.number("SELECT count(*) FROM sqlite_schema")
            guard application == 0, version == 0, tables == 0 else {
                throw .foreign(
                    detail: "it is no index of this version: move it away, `catalogue import` makes"
                        + " a new one"
                )
            }
            _ = try connection.words("PRAGMA journal_mode = WAL")
            try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                try connection.execute(CatalogueTables.statements)
                try connection.execute("PRAGMA application_id = \(CatalogueTables.applicationID)")
                try connection.execute("PRAGMA user_version = \(CatalogueTables.version)")
                return ((), true)
            }
            return try tune(connection)
        }
        try tune(connection)
    }

    private static func tune(_ connection: Connection) throws(StoreError) {
        try connection.setFullySynchronous(false)
        // 64 MB of pages: the words of an import that are not merged yet, and the upper pages of every tree.
        try connection.execute("PRAGMA cache_size = -65536; PRAGMA cell_size_check = ON")
    }

    private static func attempt<Value>(_ body: () throws(StoreError) -> Value) throws(CatalogueFailure) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            throw CatalogueFailure("the catalogue's index: \(error)")
        }
    }

    private func reading<Value: Sendable>(
        _ body: (Connection) throws(StoreError) -> Value
    ) throws(CatalogueFailure) -> Value {
        try Self.attempt { () throws(StoreError) in
            try database.withLock { connection throws(StoreError) in
                try connection.transaction("BEGIN") { () throws(StoreError) in (try body(connection), false) }
            }
        }
    }

    // MARK: - CatalogueIndex

    /// See ``CatalogueIndex``.
    public func take(
        _ entries: [CatalogueEntry],
        from source: CatalogueOrigin,
        reading: CatalogueReading?
    ) throws(CatalogueFailure) -> CatalogueTaken {
        try Self.attempt { () throws(StoreError) in
            try database.withLock { connection throws(StoreError) in
                try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                    var writer = try CatalogueWriter(connection, source: source)
                    for entry in entries {
                        try writer.take(entry)
                    }
                    if let reading {
                        _ = try connection.run(
                            "INSERT INTO reading (file, done) VALUES (?, ?)"
                                + " ON CONFLICT (file) DO UPDATE SET done = excluded.done",
                            [.text(ByteString(reading.file)), .integer(Int64(reading.offset))]
                        )
                    }
                    return (writer.taken, true)
                }
            }
        }
    }

    /// See ``CatalogueIndex``.
    public func progress(of file: String) throws(CatalogueFailure) -> Int {
        try reading { connection throws(StoreError) in
            let rows = try connection.run("SELECT done FROM reading WHERE file = ?", [.text(ByteString(file))])
            return rows.first?[0].number ?? 0
        }
    }

    /// See ``CatalogueIndex``.
    public func counts() throws(CatalogueFailure) -> (servers: Int, tools: Int) {
        let counts = try reading { connection throws(StoreError) in
            [
                try connection.number("SELECT count(*) FROM server"),
                try connection.number(
                    "SELECT count(*)"
                        + " FROM tool"
                ),
            ]
        }
        return (counts[0], counts[1])
    }

    /// See ``CatalogueIndex``.
    public func settle() throws(CatalogueFailure) {
        try Self.attempt { () throws(StoreError) in
            try database.withLock { connection throws(StoreError) in
                try connection.execute("INSERT INTO search (search) VALUES ('optimize')")
                _ = try connection.words("PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
    }

    // MARK: - search

    /// See ``CatalogueIndex``: names are looked through before descriptions.
    public func search(_ query: CatalogueQuery) throws(CatalogueFailure) -> [CatalogueHit] {
        let expressions = SearchText.expressions(query)
        let wanted = Candidate.small(Array(query.text.utf8)[...])
        return try reading { connection throws(StoreError) in
            var hits: [CatalogueHit] = []
            var seen: Set<Int64> = []
            for expression in expressions where hits.count < query.limit {
                let found = try candidates(expression, wanted, connection).filter { seen.insert($0.id).inserted }
                let ordered = found.sorted { ($0.rank, $0.length, $0.id) < ($1.rank, $1.length, $1.id) }
                hits += ordered.prefix(query.limit - hits.count).map(\.hit)
            }
            return hits
        }
    }

    private struct Candidate {
        let id: Int64
        let hit: CatalogueHit

        /// From 0, the best: the name is what was asked for; it begins so; it is anything else.
        let rank: Int
        /// Bytes of the name.
        let length: Int

        init(_ id: Int64, _ hit: CatalogueHit, wanted: [UInt8]) {
            self.id = id
            self.hit = hit
            let name = Array(hit.tool.name.utf8)
            length = name.count
            let words = Self.small(name[...])
            let begins = words.starts(with: wanted)
            let ends = words.count == wanted.count || words.count > wanted.count && words[wanted.count] == 0x20
            rank = !begins || !ends ? 2 : words.count == wanted.count ? 0 : 1
        }

        /// The words of a text in small letters; accents and other alphabets as they are, for this only orders.
        static func small(_ text: ArraySlice<UInt8>) -> [UInt8] {
            var words = SearchText.wordBytes(text).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
            while words.last == 0x20 {
                words.removeLast()
            }
            return words
        }
    }

    private func candidates(
        _ expression: String,
        _ wanted: [UInt8],
        _ connection: Connection
    ) throws(StoreError) -> [Candidate] {
        // Rows come in the order of their numbers, so that the limit ends the reading; ordering by relevance would count
        // every row a word is in.
        let rows = try connection.run(
            "SELECT tool.id, server.key, tool.name, tool.category, tool.severity, tool.tokens, tool.summary FROM"
                + " (SELECT rowid FROM search WHERE search MATCH ? LIMIT ?) AS found"
                + " JOIN tool ON tool.id = found.rowid JOIN server ON server.id = tool.server",
            [.text(ByteString(expression)), .integer(Int64(Self.mostCandidates))]
        )
        return rows.compactMap { row in
            guard case .integer(let id) = row[0], let category = RiskCategory(row[3]),
                let severity = RiskSeverity(row[4])
            else {
                return nil
            }
            let tool = CataloguedTool(
                name: row[2].words,
                category: category,
                severity: severity,
                tokens: row[5].number ?? 0
            )
            return Candidate(
                id,
                CatalogueHit(server: row[1].words, tool: tool, summary: row[6].words),
                wanted: wanted
            )
        }
    }

    // MARK: - servers

    /// See ``CatalogueIndex``.
    public func server(_ name: String) throws(CatalogueFailure) -> IndexedServer? {
        try reading { connection throws(StoreError) in
            let text = StoredValue.text(ByteString(name))
            var rows = try connection.run("SELECT id, key FROM server WHERE key = ?", [text])
            if rows.isEmpty {
                rows = try connection.run(
                    "SELECT DISTINCT server.id, server.key FROM fact JOIN server ON server.id = fact.server"
                        + " WHERE fact.name = 'name' AND fact.value = ? LIMIT 2",
                    [text]
                )
            }
            guard rows.count == 1, case .integer(let id) = rows[0][0] else {
                return nil
            }
            let facts = try connection.run(
                "SELECT fact.name, fact.value, fact.kind, fact.origin, source.date FROM fact"
                    + " JOIN source ON source.id = fact.source WHERE fact.server = ?"
                    + " ORDER BY source.date DESC, fact.name, fact.kind, fact.origin",
                [.integer(id)]
            )
            return IndexedServer(
                id: Int(id),
                key: rows[0][1].words,
                facts: facts.map { row in
                    IndexedServer.Fact(
                        name: row[0].words,
                        value: row[1].words,
                        origin: CatalogueOrigin(row[2], row[3], row[4])
                    )
                }
            )
        }
    }

    /// See ``CatalogueIndex``.
    public func servers(after key: String, limit: Int) throws(CatalogueFailure) -> [String] {
        try reading { connection throws(StoreError) in
            let rows = try connection.run(
                "SELECT key FROM server WHERE key > ? AND EXISTS (SELECT 1 FROM tool WHERE tool.server = server.id)"
                    + " ORDER BY key LIMIT ?",
                [.text(ByteString(key)), .integer(Int64(limit))]
            )
            return rows.map { $0[0].words }
        }
    }

    /// See ``CatalogueIndex``.
    public func definitions(of server: Int) throws(CatalogueFailure) -> [IndexedTool] {
        try reading { connection throws(StoreError) in
            let rows = try connection.run(
                "SELECT definition.json, source.kind, source.name, source.date, tool.rules, tool.category FROM tool"
                    + " JOIN definition ON definition.tool = tool.id JOIN source ON source.id = tool.source"
                    + " WHERE tool.server = ? ORDER BY tool.id",
                [.integer(Int64(server))]
            )
            return rows.map { row in
                IndexedTool(
                    definition: row[0].content,
                    origin: CatalogueOrigin(row[1], row[2], row[3]),
                    rules: row[4].number ?? 0,
                    category: RiskCategory(row[5]) ?? .unclassified
                )
            }
        }
    }
}
