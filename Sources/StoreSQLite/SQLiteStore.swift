public import Base
public import Stores
internal import Synchronization

/// The embedded store: one SQLite database file, used by any number of threads and processes.
///
/// Write-ahead log; a change is on disk when it returns (`synchronous = FULL`), what is merely kept is in the system's
/// hands (`NORMAL`) unless asked otherwise. One connection writes, others read beside it without waiting. Nobody waits
/// for another process longer than the busy time-out, 5 seconds by default; then it is ``StoreError/locked``.
public final class SQLiteStore: Store {
    // LIMIT: more readers at once open a connection each, which is closed after its reading.
    private static let maximumIdleReaders = 4

    /// The database file.
    public let path: String
    private let time: any TimeSource
    private let busyTimeout: Duration
    private let writer: Guarded<Connection>
    private let idleReaders = Guarded<[Connection]>([])

    /// Opens the store at `path`, or makes it, mode 0600, where there is no file.
    ///
    /// An older schema is brought to the newest, all in one transaction. Blocks on the disk, and reads the whole file
    /// once to see that it is sound.
    ///
    /// - Parameters:
    ///   - path: the file; its directory is there and not open to others, see ``DataDirectory``.
    ///   - time: what times are taken from.
    ///   - busyTimeout: how long to wait for another process.
    /// - Throws: ``StoreError``; then no file was changed.
    public convenience init(
        opening path: String,
        time: any TimeSource,
        busyTimeout: Duration = .seconds(5)
    ) throws(StoreError) {
        try self.init(opening: path, time: time, busyTimeout: busyTimeout, schema: .current)
    }

    init(
        opening path: String,
        time: any TimeSource,
        busyTimeout: Duration,
        schema: Schema
    ) throws(StoreError) {
        self.path = path
        self.time = time
        self.busyTimeout = busyTimeout
        try StoreFile.prepare(path)
        let connection = try Connection(path: path, busyTimeout: busyTimeout)
        try Self.bringUp(connection, schema: schema, now: time.wallTime)
        writer = Guarded(connection)
    }

    /// See ``Store``.
    public func read<Value: Sendable>(
        _ body: (StoreReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try withReader { connection throws(StoreError) in
            try connection.transaction("BEGIN") { () throws(StoreError) in
                let tables = SQLiteTables(connection)
                defer { tables.end() }
                return (try body(StoreReader(over: tables)), true)
            }
        }
    }

    /// See ``Store``.
    public func change<Value: Sendable>(
        by author: Author,
        expecting revision: Int?,
        _ body: (StoreWriter) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try writer.withLock { connection throws(StoreError) in
            try connection.setFullySynchronous(true)
            return try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                let tables = SQLiteTables(connection)
                defer { tables.end() }
                let writer = try StoreWriter(
                    over: tables,
                    author: author,
                    now: time.wallTime,
                    expecting: revision
                )
                let value = try body(writer)
                return (value, try writer.finish())
            }
        }
    }

    /// See ``Store``.
    public func keep<Value: Sendable>(
        isDurable: Bool,
        _ body: (StoreLedger) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try writer.withLock { connection throws(StoreError) in
            try connection.setFullySynchronous(isDurable)
            return try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                let tables = SQLiteTables(connection)
                defer { tables.end() }
                return (try body(StoreLedger(over: tables)), true)
            }
        }
    }

    /// See ``Store``; one row of a page that is in memory as a rule.
    public func revision() throws(StoreError) -> Int {
        try withReader { connection throws(StoreError) in try connection.number("SELECT revision FROM state") }
    }

    /// See ``Store``: SQLite's own checks of the file and of references, then those of the records.
    public func check() throws(StoreError) -> [String] {
        let findings = try withReader { connection throws(StoreError) in
            let pages = try connection.words("PRAGMA integrity_check(100)").filter { $0 != "ok" }
            let orphans = try connection.words("PRAGMA foreign_key_check")
            return pages + orphans.map { "a row refers to one that is not there: \($0)" }
        }
        // A file that is damaged can say anything about its records.
        guard findings.isEmpty else {
            return findings
        }
        return try read { reader throws(StoreError) in try reader.findings() }
    }

    /// Copies the store, as it is at one moment and while others go on using it, into a file that appears in one step,
    /// complete, on disk and with mode 0600.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is a file of that name and `overwrites` is not set.
    public func backup(to destination: String, overwrites: Bool = false) throws(StoreError) {
        let temporary = try StoreFile.makeTemporary(beside: destination)
        defer { StoreFile.removeDatabase(temporary) }
        try withReader { source throws(StoreError) in
            let target = try Connection(path: temporary, busyTimeout: busyTimeout)
            try source.copy(to: target)
            // One file and nothing beside it: whoever opens it turns the log on again.
            try target.execute("PRAGMA journal_mode = DELETE")
            let findings = try target.words("PRAGMA quick_check(1)").filter { $0 != "ok" }
            guard findings.isEmpty else {
                throw .corrupt(detail: findings.joined(separator: "; "))
            }
        }
        try StoreFile.publish(temporary, as: destination, overwrites: overwrites)
    }

    /// Runs `body` with a connection that nobody else has; after an error it is closed and not used again.
    private func withReader<Value: Sendable>(
        _ body: (Connection) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let connection: Connection
        if let idle = idleReaders.withLock({ $0.popLast() }) {
            connection = idle
        } else {
            connection = try Connection(path: path, busyTimeout: busyTimeout)
            try connection.execute("PRAGMA query_only = ON; PRAGMA cell_size_check = ON")
        }
        let value = try body(connection)
        idleReaders.withLock { idle in
            if idle.count < Self.maximumIdleReaders {
                idle.append(connection)
            }
        }
        return value
    }
}

// MARK: - Opening

extension SQLiteStore {
    /// Sees that the database is ours and sound, and brings it to the newest schema.
    private static func bringUp(_ connection: Connection, schema: Schema, now: WallTime) throws(StoreError) {
        // In a transaction: between two of its questions another process may make the store.
        let found = try connection.transaction("BEGIN") { () throws(StoreError) in
            (try version(connection, newest: schema.newest), false)
        }
        // Not before it is known to be ours: this writes into the file.
        let mode = try connection.words("PRAGMA journal_mode = WAL")
        guard mode == ["wal"] else {
            throw .failed(detail: "the file system of the store cannot hold a write-ahead log")
        }
        try connection.setFullySynchronous(true)
        try connection.execute("PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 8388608")
        if found < schema.newest {
            try connection.execute("PRAGMA foreign_keys = OFF")
            try connection.transaction("BEGIN IMMEDIATE") { () throws(StoreError) in
                // Another process may have been faster.
                let version = try version(connection, newest: schema.newest)
                if version < schema.newest {
                    try schema.migrate(connection, from: version)
                }
                if version == 0 {
                    try connection.execute("PRAGMA application_id = \(Schema.applicationID)")
                    try StoreWriter.initialise(SQLiteTables(connection), now: now)
                }
                return ((), version < schema.newest)
            }
        }
        try connection.execute("PRAGMA foreign_keys = ON")
        let findings = try connection.words("PRAGMA quick_check(1)").filter { $0 != "ok" }
        guard findings.isEmpty else {
            throw .corrupt(detail: findings.joined(separator: "; "))
        }
    }

    /// The schema's number, 0 for a database with nothing in it.
    private static func version(_ connection: Connection, newest: Int) throws(StoreError) -> Int {
        let application = try connection.number("PRAGMA application_id")
        let version = try connection.number("PRAGMA user_version")
        if application == 0, version == 0 {
            let tables = try connection.number("SELECT count(*) FROM sqlite_schema")
            guard tables == 0 else {
                throw .foreign(detail: "it is a database of another program")
            }
            return 0
        }
        guard application == Schema.applicationID, version > 0 else {
            throw .foreign(detail: "it is a database of another program")
        }
        guard version <= newest else {
            throw .newerVersion(found: version, known: newest)
        }
        return version
    }
}
