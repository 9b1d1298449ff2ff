internal import AuditModel

/// Why the journal cannot do what was asked.
public enum JournalFailure: Error, Hashable, Sendable {
    /// Another process, or another journal of this one, writes into the folder.
    case locked(folder: String)
    /// The system refused an operation on a file.
    case file(path: String, operation: String, error: Int32)
    /// What was written could not be put on the disk, or not in time.
    case notSynchronised(path: String, error: Int32)
    /// The folder was written by a version of this program that has another format.
    case otherFormat(path: String, version: UInt64)
    /// A file with keys is not in its form.
    case badKeyFile(path: String)
    /// The signing key is not the one this journal was signed with so far.
    case foreignKey(path: String)
    /// The row would be longer than the format allows.
    case rowTooLong
    /// The stream has a writer already, or had one.
    case streamTaken(String)
    /// The journal was closed.
    case closed
}

extension JournalFailure: CustomStringConvertible {
    /// What, where, and what to do next.
    public var description: String {
        switch self {
        case .locked(let folder):
            "the journal in `\(folder)` is in use by another process: stop it, or name another data folder"
        case .file(let path, let operation, let error):
            "cannot \(operation) `\(path)`: \(SystemWords.of(error))"
        case .notSynchronised(let path, 0):
            "`\(path)` was not put on the disk in time: look at the disk's load and health"
        case .notSynchronised(let path, let error):
            "`\(path)` was not put on the disk: \(SystemWords.of(error))"
        case .otherFormat(let path, let version):
            "`\(path)` is of version \(version) of the journal's format, and this program keeps version "
                + "\(SegmentHeader.format): move the folder away, or use the version of toolgate that wrote it"
        case .badKeyFile(let path):
            "`\(path)` is not a key of 64 hexadecimal digits: restore it from a copy"
        case .foreignKey(let path):
            "the key in `\(path)` is not the one of this journal: restore the key, or move the journal away"
        case .rowTooLong:
            "a call's facts are too long for a row of the journal"
        case .streamTaken(let name):
            "the stream `\(name)` has a writer already"
        case .closed:
            "the journal was closed"
        }
    }
}
