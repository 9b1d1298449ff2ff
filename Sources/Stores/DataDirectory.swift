internal import Glibc

/// Why a data directory cannot be used.
public struct DataDirectoryError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The system refused; what was tried, and the system's words.
        case system(operation: String, problem: String)
        /// Something else has the name.
        case notDirectory
        /// Others may look or write into it; its permission bits.
        case tooOpen(mode: UInt32)
        /// It belongs to another user.
        case foreignOwner(user: UInt32)
        /// Another gateway runs on it.
        case claimed
    }

    /// What is wrong.
    public let reason: Reason
    /// The directory.
    public let path: String

    /// An error from its parts.
    public init(reason: Reason, path: String) {
        self.reason = reason
        self.path = path
    }
}

extension DataDirectoryError: CustomStringConvertible {
    /// What, where and what to do.
    public var description: String {
        switch reason {
        case .system(let operation, let problem):
            "cannot \(operation) the data directory `\(path)`: \(problem); choose another one with `--data`"
        case .notDirectory: "`\(path)` is no directory: choose another one with `--data`"
        case .tooOpen(let mode):
            "the data directory `\(path)` is open to others (mode \(String(mode & 0o777, radix: 8))): "
                + "run chmod 700 on it"
        case .foreignOwner(let user):
            "the data directory `\(path)` belongs to user \(user): run as that user, or choose another with `--data`"
        case .claimed:
            "another gateway runs on the data directory `\(path)`: stop it, or choose another with `--data`"
        }
    }
}

/// The one place that holds what outlives the process: `keys.json`, `store.sqlite`, the journal, the decision log.
///
/// Mode 0700, owned by who runs us. Locks, from the outside in:
/// - the **claim** (`toolgate.lock`, a whole-file `flock`) is held by one running gateway for all its life. It keeps a
///   second gateway away, whose journal and counters would be the same files. No command but `up` takes it.
/// - the **store** locks itself, for the length of a transaction; commands and a running gateway use it side by side.
/// - the **key file** is replaced in one step under a lock of its own, for the length of one change.
/// The kernel drops all of them when a process ends, however it ends; none is ever waited for without a bound.
public struct DataDirectory: Hashable, Sendable {
    /// Where it is.
    public let path: String

    /// The key file in it.
    public var keyFile: String { "\(path)/keys.json" }
    /// The embedded store in it.
    public var store: String { "\(path)/store.sqlite" }
    /// The segments of the audit journal in it.
    public var journal: String { "\(path)/audit" }
    /// The table made from those segments, which may be removed; not in their folder, which is copied as it is.
    public var journalTable: String { "\(path)/audit-table.sqlite" }
    /// The key that signs the journal's statements.
    public var journalKey: String { "\(path)/audit-signing-key" }

    /// Opens a directory, made with its parents (mode 0700 each) when it is not there.
    ///
    /// - Throws: ``DataDirectoryError`` when it is none, another user's, or open to others.
    public init(opening path: String) throws(DataDirectoryError) {
        self.path = path
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if unsafe mkdir(made, 0o700) != 0, errno != EEXIST {
                throw Self.failed("make", path)
            }
        }
        try check()
    }

    /// Opens a directory that must be there already: nothing is made.
    ///
    /// - Throws: ``DataDirectoryError`` as ``init(opening:)``.
    public init(existing path: String) throws(DataDirectoryError) {
        self.path = path
        try check()
    }

    private func check() throws(DataDirectoryError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw Self.failed("open", path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw DataDirectoryError(reason: .notDirectory, path: path)
        }
        guard status.st_uid == geteuid() || geteuid() == 0 else {
            throw DataDirectoryError(reason: .foreignOwner(user: status.st_uid), path: path)
        }
        guard status.st_mode & 0o077 == 0 else {
            throw DataDirectoryError(reason: .tooOpen(mode: status.st_mode & 0o7777), path: path)
        }
    }

    /// Takes the directory for a gateway, until the claim is let go.
    ///
    /// Never waits.
    ///
    /// - Throws: ``DataDirectoryError/Reason/claimed`` when another gateway has it.
    public func claim() throws(DataDirectoryError) -> DataDirectoryClaim {
        let descriptor = unsafe open("\(path)/toolgate.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw Self.failed("lock", path)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let error = isTaken ? DataDirectoryError(reason: .claimed, path: path) : Self.failed("lock", path)
            close(descriptor)
            throw error
        }
        return DataDirectoryClaim(descriptor: descriptor)
    }

    /// What the system has just refused; reads `errno`.
    private static func failed(_ operation: String, _ path: String) -> DataDirectoryError {
        let code = errno
        // SAFETY: the text is NUL-terminated and copied before this thread asks for another one.
        let problem = unsafe strerror(code).map { unsafe String(cString: $0) }
        return DataDirectoryError(
            reason: .system(operation: operation, problem: problem ?? "error \(code)"),
            path: path
        )
    }
}

/// A running gateway's hold on its data directory; let go when it goes away, or with the process.
public struct DataDirectoryClaim: ~Copyable, Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        // The file stays: taking its name away would let two hold "it" at once.
        close(descriptor)
    }
}

extension DataDirectory {
    /// Where state lies when nobody says otherwise: `$XDG_STATE_HOME/toolgate`, else `~/.local/state/toolgate` (XDG Base
    /// Directory Specification); `nil` when neither variable helps.
    public static func standardPath(environment: [String: String]) -> String? {
        // Relative paths are invalid there and have to be ignored.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return "\(state)/toolgate"
        }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return "\(home)/.local/state/toolgate"
        }
        return nil
    }
}
