public import Base
public import Stores
internal import Synchronization

/// The journal's table in an SQLite file of its own, apart from the store: it may be lost, and is no part of a backup.
///
/// A call is one row of some forty bytes and two entries of indexes; what it has in common with others is a row of `kinds`.
public final class SQLiteAuditTable: AuditTable {
    /// "Tlga".
    private static let applicationID = 0x546C_6761
    private static let version = 1
    // LIMIT: kinds a query may be of before it goes along the times of all calls instead.
    private static let maximumKinds = 256

    private let connection: Guarded<Connection>

    /// Opens the table at `path`, or makes it, mode 0600.
    ///
    /// - Throws: ``StoreError``; of a table of another version ``StoreError/newerVersion(found:known:)`` or
    ///   ``StoreError/foreign(detail:)``.
    public init(opening path: String, busyTimeout: Duration = .seconds(5)) throws(StoreError) {
        try StoreFile.prepare(path)
        let connection = try Connection(path: path, busyTimeout: busyTimeout)
        try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
            let isNew = try connection.number("SELECT count(*) FROM sqlite_schema") == 0
            if isNew {
                try connection.execute(Self.schema)
            }
            guard try connection.number("PRAGMA application_id") == Self.applicationID else {
                throw .foreign(detail: "it is a database of another program")
            }
            let found = try connection.number("PRAGMA user_version")
            guard found <= Self.version else {
                throw .newerVersion(found: found, known: Self.version)
            }
            guard found == Self.version else {
                throw .foreign(detail: "it was made by an older Toolgate")
            }
            return ((), isNew)
        }
        guard try connection.words("PRAGMA journal_mode = WAL") == ["wal"] else {
            throw .failed(detail: "the file system cannot hold a write-ahead log")
        }
        // What a loss of power takes is taken in again from the journal.
        try connection.setFullySynchronous(false)
        try connection.execute("PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 8388608")
        self.connection = Guarded(connection)
    }

    /// Removes the table at `path`; whoever still has it open goes on with what has no name any more.
    public static func remove(_ path: String) {
        StoreFile.removeDatabase(path)
    }

    // `open`: an end will come. A call without an end may be complete (it was refused), or not have ended yet.
    private static let schema = """
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        CREATE TABLE streams (
            name TEXT PRIMARY KEY NOT NULL,
            first INTEGER NOT NULL,
            segment INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            before BLOB NOT NULL
        ) STRICT;
        CREATE TABLE definitions (
            stream TEXT NOT NULL,
            segment INTEGER NOT NULL,
            number INTEGER NOT NULL,
            line BLOB NOT NULL,
            PRIMARY KEY (stream, segment, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE kinds (
            id INTEGER PRIMARY KEY,
            key BLOB UNIQUE NOT NULL,
            grant_label TEXT, grant_id TEXT, server TEXT, tool TEXT, outcome TEXT, rule TEXT, result TEXT
        ) STRICT;
        CREATE TABLE calls (
            stream TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            time INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            segment INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            end_segment INTEGER,
            end_offset INTEGER,
            open INTEGER NOT NULL,
            PRIMARY KEY (stream, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX calls_by_time ON calls (time, stream, sequence);
        CREATE INDEX calls_by_kind ON calls (kind, time, stream, sequence);
        """

    // MARK: Filling

    /// See ``AuditTable``.
    public func progress(of stream: ByteString) throws(StoreError) -> AuditTableProgress? {
        try connection.withLock { connection throws(StoreError) in try Self.progress(of: stream, connection) }
    }

    /// See ``AuditTable``.
    public func put(
        _ batch: AuditTableBatch,
        of stream: ByteString,
        behind progress: AuditTableProgress?
    ) throws(StoreError) -> Bool {
        try connection.withLock { connection throws(StoreError) in
            try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                guard try Self.progress(of: stream, connection) == progress else {
                    return (false, false)
                }
                if batch.startsOver {
                    try Self.forget(stream, connection)
                }
                if let first = batch.firstSequence {
                    try Self.prune(stream, before: first, segment: batch.progress.first, connection)
                }
                try Self.put(batch, of: stream, connection)
                return (true, true)
            }
        }
    }

    private static func progress(
        of stream: ByteString,
        _ connection: Connection
    ) throws(StoreError) -> AuditTableProgress? {
        let text = "SELECT first, segment, offset, before FROM streams WHERE name = ?"
        guard let row = try connection.run(text, [.text(stream)]).first else {
            return nil
        }
        guard row.count == 4, case .integer(let first) = row[0], case .integer(let segment) = row[1],
            case .integer(let offset) = row[2], case .bytes(let before) = row[3]
        else {
            throw incomplete
        }
        let place = AuditTablePlace(segment: segment, offset: offset)
        return AuditTableProgress(first: first, place: place, before: before)
    }

    private static var incomplete: StoreError { .corrupt(detail: "a row of the journal's table is incomplete") }

    private static func put(
        _ batch: AuditTableBatch,
        of stream: ByteString,
        _ connection: Connection
    ) throws(StoreError) {
        let progress = batch.progress
        for definition in batch.definitions {
            _ = try connection.run(
                "INSERT OR REPLACE INTO definitions (stream, segment, number, line) VALUES (?, ?, ?, ?)",
                [
                    .text(stream), .integer(progress.place.segment), .integer(definition.number),
                    .bytes(definition.line),
                ]
            )
        }
        var kinds = KindBook(connection)
        let numbers = try batch.kinds.map { kind throws(StoreError) in try kinds.id(of: kind) }
        for entry in batch.entries {
            let call = entry.call
            _ = try connection.run(
                "INSERT OR REPLACE INTO calls (stream, sequence, time, kind, segment, offset, end_segment, end_offset, "
                    + "open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    .text(stream), .integer(call.sequence), .integer(call.time.milliseconds),
                    .integer(numbers[entry.kind]), .integer(call.row.segment), .integer(call.row.offset),
                    call.end.map { .integer($0.segment) } ?? .null, call.end.map { .integer($0.offset) } ?? .null,
                    .integer(entry.isOpen ? 1 : 0),
                ]
            )
        }
        for end in batch.ends {
            try put(end, of: stream, &kinds, connection)
        }
        _ = try connection.run(
            "INSERT OR REPLACE INTO streams (name, first, segment, offset, before) VALUES (?, ?, ?, ?, ?)",
            [
                .text(stream), .integer(progress.first), .integer(progress.place.segment),
                .integer(progress.place.offset), .bytes(progress.before),
            ]
        )
    }

    /// The first end of a call that waits for one counts.
    private static func put(
        _ end: AuditTableBatch.End,
        of stream: ByteString,
        _ kinds: inout KindBook,
        _ connection: Connection
    ) throws(StoreError) {
        let found = try connection.run(
            "SELECT kind FROM calls WHERE stream = ? AND sequence = ? AND open = 1",
            [.text(stream), .integer(end.sequence)]
        )
        guard case .integer(let known)? = found.first?.first else {
            return
        }
        let kind = try kinds.id(of: known, endingWith: end.result)
        _ = try connection.run(
            "UPDATE calls SET kind = ?, end_segment = ?, end_offset = ?, open = 0 WHERE stream = ? AND sequence = ?",
            [
                .integer(kind), .integer(end.place.segment), .integer(end.place.offset), .text(stream),
                .integer(end.sequence),
            ]
        )
    }

    private static func forget(_ stream: ByteString, _ connection: Connection) throws(StoreError) {
        for (table, column) in [("calls", "stream"), ("definitions", "stream"), ("streams", "name")] {
            _ = try connection.run("DELETE FROM \(table) WHERE \(column) = ?", [.text(stream)])
        }
        try removeUnusedKinds(connection)
    }

    private static func prune(
        _ stream: ByteString,
        before sequence: Int64,
        segment: Int64,
        _ connection: Connection
    ) throws(StoreError) {
        _ = try connection.run(
            "DELETE FROM calls WHERE stream = ? AND sequence < ?",
            [.text(stream), .integer(sequence)]
        )
        _ = try connection.run(
            "DELETE FROM definitions WHERE stream = ? AND segment < ?",
            [.text(stream), .integer(segment)]
        )
        try removeUnusedKinds(connection)
    }

    private static func removeUnusedKinds(_ connection: Connection) throws(StoreError) {
        try connection.execute(
            "DELETE FROM kinds WHERE NOT EXISTS (SELECT 1 FROM calls WHERE calls.kind = kinds.id)"
        )
    }

    /// See ``AuditTable``.
    public func keep(_ streams: [ByteString]) throws(StoreError) {
        try connection.withLock { connection throws(StoreError) in
            let known = try connection.run("SELECT name FROM streams")
            for row in known {
                guard case .text(let name)? = row.first, !streams.contains(name) else {
                    continue
                }
                try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                    try Self.forget(name, connection)
                    return ((), true)
                }
            }
        }
    }

    /// See ``AuditTable``.
    public func definitions(of segment: Int64, in stream: ByteString) throws(StoreError) -> [[UInt8]] {
        let text = "SELECT line FROM definitions WHERE stream = ? AND segment = ? ORDER BY number"
        let rows = try connection.withLock { connection throws(StoreError) in
            try connection.run(text, [.text(stream), .integer(segment)])
        }
        return try rows.map { row throws(StoreError) in
            guard case .bytes(let line)? = row.first else {
                throw Self.incomplete
            }
            return line
        }
    }

    // MARK: Finding

    /// See ``AuditTable``.
    public func find(
        _ query: AuditTableQuery,
        behind place: AuditTableCall?,
        count: Int
    ) throws(StoreError) -> AuditTablePage {
        try connection.withLock { connection throws(StoreError) in
            try connection.transaction("BEGIN") { () throws(StoreError) in
                (try Self.find(query, Bounds(query, place), count: count, connection), false)
            }
        }
    }

    /// The times and the place a page lies between.
    private struct Bounds {
        let values: [StoredValue]

        init(_ query: AuditTableQuery, _ place: AuditTableCall?) {
            let until = query.until?.milliseconds ?? .max
            let since = StoredValue.integer(query.since?.milliseconds ?? .min)
            if let place, place.time.milliseconds < until {
                values = [
                    since, .integer(place.time.milliseconds), .text(place.stream), .integer(place.sequence),
                ]
            } else {
                // No stream is before the empty name.
                values = [since, .integer(until), .text(ByteString("")), .integer(0)]
            }
        }
    }

    private static func find(
        _ query: AuditTableQuery,
        _ bounds: Bounds,
        count: Int,
        _ connection: Connection
    ) throws(StoreError) -> AuditTablePage {
        let condition = KindCondition(query)
        guard !condition.isEmpty else {
            return try alongTimes(bounds, condition, count: count, connection)
        }
        let found = try connection.run(
            "SELECT id FROM kinds WHERE \(condition.text) LIMIT \(maximumKinds + 1)",
            condition.values
        )
        guard found.count <= maximumKinds else {
            return try alongTimes(bounds, condition, count: count, connection)
        }
        let kinds = found.compactMap(\.first)
        guard !kinds.isEmpty else {
            return AuditTablePage(calls: [], isLast: true)
        }
        return try alongKinds(kinds, bounds, count: count, connection)
    }

    private static let columns = "stream, sequence, time, segment, offset, end_segment, end_offset"
    private static let between = "time >= ? AND (time, stream, sequence) < (?, ?, ?)"
    private static let order = "ORDER BY time DESC, stream DESC, sequence DESC LIMIT ?"

    private static func alongTimes(
        _ bounds: Bounds,
        _ condition: KindCondition,
        count: Int,
        _ connection: Connection
    ) throws(StoreError) -> AuditTablePage {
        let kinds = condition.isEmpty ? "" : "AND kind IN (SELECT id FROM kinds WHERE \(condition.text)) "
        let rows = try connection.run(
            "SELECT \(columns) FROM calls INDEXED BY calls_by_time WHERE \(between) \(kinds)\(order)",
            bounds.values + condition.values + [.integer(Int64(count))]
        )
        let calls = try rows.map { row throws(StoreError) in try call(row) }
        return AuditTablePage(calls: calls, isLast: calls.count < count)
    }

    /// Takes the newest of each kind, and of those as many as no unread one can come between.
    private static func alongKinds(
        _ kinds: [StoredValue],
        _ bounds: Bounds,
        count: Int,
        _ connection: Connection
    ) throws(StoreError) -> AuditTablePage {
        let share = 2 * count / kinds.count + 8
        let text = "SELECT \(columns) FROM calls INDEXED BY calls_by_kind WHERE kind = ? AND \(between) \(order)"
        var calls: [AuditTableCall] = []
        var horizon: AuditTableCall?
        for kind in kinds {
            let rows = try connection.run(text, [kind] + bounds.values + [.integer(Int64(share))])
            let found = try rows.map { row throws(StoreError) in try call(row) }
            calls += found
            if found.count == share, let last = found.last, horizon.map({ $0.isBefore(last) }) ?? true {
                horizon = last
            }
        }
        if let horizon {
            calls.removeAll { $0.isBefore(horizon) }
        }
        calls.sort { $1.isBefore($0) }
        return AuditTablePage(calls: calls, isLast: horizon == nil)
    }

    private static func call(_ row: [StoredValue]) throws(StoreError) -> AuditTableCall {
        guard row.count == 7, case .text(let stream) = row[0], case .integer(let sequence) = row[1],
            case .integer(let time) = row[2], case .integer(let segment) = row[3], case .integer(let offset) = row[4]
        else {
            throw incomplete
        }
        var call = AuditTableCall(
            stream: stream,
            sequence: sequence,
            time: WallTime(milliseconds: time),
            row: AuditTablePlace(segment: segment, offset: offset)
        )
        if case .integer(let segment) = row[5], case .integer(let offset) = row[6] {
            call.end = AuditTablePlace(segment: segment, offset: offset)
        }
        return call
    }
}
