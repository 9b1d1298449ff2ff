/// Why a key file cannot be used.
public struct KeyFileError: Error, Hashable, Sendable {
    /// What was wrong.
    public enum Reason: Error, Hashable, Sendable {
        /// There is no such file.
        case missing
        /// The system refused; what was tried, and the system's words.
        case system(operation: String, problem: String)
        /// A directory, a device or the like.
        case notRegular
        /// The group or others may read or write it; its permission bits.
        case tooOpen(mode: UInt32)
        /// It belongs to another user.
        case foreignOwner(user: UInt32)
        /// Far larger than any key file.
        case tooLarge
        /// Another process is changing it.
        case busy
        /// A key has had so many versions that there is no next one.
        case exhausted
        /// The text is not that of a key file.
        case malformed(line: Int, problem: String)
    }

    /// What was wrong.
    public let reason: Reason
    /// The file.
    public let path: String

    /// An error from its parts.
    public init(_ reason: Reason, path: String) {
        self.reason = reason
        self.path = path
    }
}

extension KeyFileError: CustomStringConvertible {
    /// What, where and what to do; never a part of a key.
    public var description: String {
        switch reason {
        case .missing: "there is no key file `\(path)`: start the gateway once with a writable data directory"
        case .system(let operation, let problem): "cannot \(operation) the key file `\(path)`: \(problem)"
        case .notRegular: "the key file `\(path)` is not a regular file"
        case .tooOpen(let mode):
            "the key file `\(path)` is open to others (mode \(String(mode & 0o777, radix: 8))): run chmod 600 on it"
        case .foreignOwner(let user): "the key file `\(path)` belongs to user \(user): it must belong to the gateway's"
        case .tooLarge: "the key file `\(path)` is larger than 64 KiB: is it a key file?"
        case .busy: "another process is changing the key file `\(path)`: try again when it is done"
        case .exhausted: "the key file `\(path)` has no version left to count to"
        case .malformed(let line, let problem): "the key file `\(path)` is not readable at line \(line): \(problem)"
        }
    }
}
