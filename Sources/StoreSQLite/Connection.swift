internal import Base
internal import CSQLite
internal import Glibc
package import Stores

/// What SQLite said when it refused something.
struct SQLiteFailure: Error {
    let code: Int32
    let systemError: Int32
    let message: String

    /// The same in the store's words.
    var storeError: StoreError {
        let isSpace = [ENOSPC, EDQUOT, EFBIG].contains(systemError)
        let isRights = [EACCES, EROFS, EPERM].contains(systemError)
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: return .locked
        case SQLITE_FULL: return .full
        // A quota or a limit of the system shows as a write that failed, its error number often gone by now.
        case SQLITE_IOERR where isSpace || code == SQLITE_IOERR | 3 << 8: return .full
        case SQLITE_CORRUPT: return .corrupt(detail: message)
        case SQLITE_NOTADB: return .foreign(detail: message)
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: return .readOnly(detail: message)
        case SQLITE_CANTOPEN, SQLITE_IOERR:
            guard isRights else {
                return code & 0xFF == SQLITE_CANTOPEN ? .unreachable(detail: detail) : .failed(detail: detail)
            }
            return .readOnly(detail: detail)
        default: return .failed(detail: message)
        }
    }

    private var detail: String {
        guard systemError != 0, let text = unsafe strerror(systemError) else {
            return message
        }
        // SAFETY: the text is NUL-terminated and copied before this thread asks for another one.
        return unsafe "\(message): \(String(cString: text))"
    }
}

// ISOLATION: a connection is used by one thread at a time: by whoever holds the lock it is under, or has taken it out of
// the list it waits in.

/// One connection to a database file, with the statements it has prepared.
@safe package final class Connection: @unchecked Sendable {
    private let handle: OpaquePointer
    // A statement per text; texts are few, for they are made of tables and columns alone.
    private var statements: [String: Statement] = [:]
    private var isFullySynchronous: Bool?

    /// Opens a file that is there.
    package init(path: String, busyTimeout: Duration) throws(StoreError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let status = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard let opened = unsafe handle else {
            throw .failed(detail: "out of memory")
        }
        guard status == SQLITE_OK else {
            let failure = unsafe Self.failure(of: opened, status)
            unsafe sqlite3_close_v2(opened)
            throw failure.storeError
        }
        unsafe self.handle = opened
        let milliseconds =
            busyTimeout.components.seconds * 1_000
            + busyTimeout.components.attoseconds / 1_000_000_000_000_000
        unsafe sqlite3_busy_timeout(opened, Int32(clamping: milliseconds))
        guard unsafe toolgate_harden(opened) == SQLITE_OK else {
            throw .failed(detail: "this build of SQLite cannot be hardened")
        }
        // SQLite opens what it may only read without a word.
        guard unsafe sqlite3_db_readonly(opened, "main") == 0 else {
            throw .readOnly(detail: "the file is not ours to write")
        }
    }

    deinit {
        // SAFETY: owned; what statements still need of it, SQLite keeps until they are gone as well.
        unsafe sqlite3_close_v2(handle)
    }

    private static func failure(of handle: OpaquePointer, _ status: Int32) -> SQLiteFailure {
        // SAFETY: the text belongs to the connection and is copied before its next call.
        let message = unsafe sqlite3_errmsg(handle).map { unsafe String(cString: $0) }
        return SQLiteFailure(
            code: status,
            systemError: unsafe sqlite3_system_errno(handle),
            message: message ?? "error \(status)"
        )
    }

    private func failure(_ status: Int32) -> StoreError {
        unsafe Self.failure(of: handle, status).storeError
    }

    /// Runs statements that have no values and give no rows.
    package func execute(_ text: String) throws(StoreError) {
        let status = unsafe sqlite3_exec(handle, text, nil, nil, nil)
        guard status == SQLITE_OK else {
            throw failure(status)
        }
    }

    /// Whether a commit waits for the disk; outside a transaction only.
    package func setFullySynchronous(_ isFull: Bool) throws(StoreError) {
        if isFullySynchronous != isFull {
            try execute("PRAGMA synchronous = \(isFull ? "FULL" : "NORMAL")")
            isFullySynchronous = isFull
        }
    }

    /// Runs one statement and returns its rows.
    package func run(_ text: String, _ values: [StoredValue] = []) throws(StoreError) -> [[StoredValue]] {
        let statement = try prepared(text)
        defer { statement.reset() }
        let status = statement.bind(values)
        guard status == SQLITE_OK else {
            throw failure(status)
        }
        var rows: [[StoredValue]] = []
        while true {
            switch statement.step() {
            case SQLITE_ROW: rows.append(try statement.row())
            case SQLITE_DONE: return rows
            case let status: throw failure(status)
            }
        }
    }

    /// The one number a statement gives.
    package func number(_ text: String) throws(StoreError) -> Int {
        guard case .integer(let number)? = try run(text).first?.first, let value = Int(exactly: number) else {
            throw .failed(detail: "`\(text)` gave no number")
        }
        return value
    }

    /// The first column of each row, as words for people.
    package func words(_ text: String) throws(StoreError) -> [String] {
        try run(text).map { row in
            row.map { value in
                switch value {
                case .null: "-"
                case .integer(let number): String(number)
                case .text(let text): text.text
                case .bytes(let bytes): "\(bytes.count) bytes"
                }
            }.joined(separator: " ")
        }
    }

    private func prepared(_ text: String) throws(StoreError) -> Statement {
        if let statement = statements[text] {
            return statement
        }
        var pointer: OpaquePointer?
        let status = unsafe sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
        guard status == SQLITE_OK, let made = unsafe pointer else {
            throw failure(status)
        }
        let statement = unsafe Statement(made)
        statements[text] = statement
        return statement
    }
}

// MARK: - Transactions and copies

extension Connection {
    /// Runs `body` between `begin` and a commit; an error rolls everything back, and so does `false`.
    package func transaction<Value>(
        _ begin: String,
        _ body: () throws(StoreError) -> (value: Value, commits: Bool)
    ) throws(StoreError) -> Value {
        try execute(begin)
        do throws(StoreError) {
            let (value, commits) = try body()
            try execute(commits ? "COMMIT" : "ROLLBACK")
            return value
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends a transaction that failed, if SQLite has not done so already.
    private func rollBack() {
        if unsafe sqlite3_get_autocommit(handle) == 0 {
            unsafe sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
        }
    }

    /// Copies this database, as it is at one moment, over all of another one (SQLite's online backup).
    func copy(to target: Connection) throws(StoreError) {
        guard let backup = unsafe sqlite3_backup_init(target.handle, "main", handle, "main") else {
            throw unsafe Self.failure(of: target.handle, sqlite3_extended_errcode(target.handle)).storeError
        }
        let step = unsafe sqlite3_backup_step(backup, -1)
        let status = unsafe sqlite3_backup_finish(backup)
        guard step == SQLITE_DONE, status == SQLITE_OK else {
            throw unsafe Self.failure(of: target.handle, step == SQLITE_DONE ? status : step).storeError
        }
    }
}
