/// Why a store could not do what it was asked for.
///
/// Whatever the kind, nothing was changed. The list is closed: callers switch over it.
public enum StoreError: Error, Hashable, Sendable {
    /// Somebody else held the store for longer than we wait.
    case locked
    /// The disk takes no more: it is full, or at a quota or limit of the system.
    case full
    /// The content is damaged; where, in the words of whoever noticed.
    case corrupt(detail: String)
    /// A file is there, and it is no store of ours.
    case foreign(detail: String)
    /// The store was written by a newer version of Toolgate; the version of its schema, and the newest we know.
    case newerVersion(found: Int, known: Int)
    /// The store, or the directory it lies in, cannot be written.
    case readOnly(detail: String)
    /// The file is open to other users; its permission bits.
    case tooOpen(mode: UInt32)
    /// The store cannot be opened; the system's words.
    case unreachable(detail: String)
    /// There is no such record.
    case notFound(Subject)
    /// Somebody changed the store since the caller looked; both revisions.
    case conflict(expected: Int, found: Int)
    /// The change would break a rule; which, and what to do.
    case refused(String)
    /// Anything else that is not the caller's doing; the store's own words.
    case failed(detail: String)

    /// Whether the request was at fault (a refused change, an unknown name, a conflict) and not the store.
    public var isAboutRequest: Bool {
        switch self {
        case .notFound, .conflict, .refused: true
        default: false
        }
    }
}

extension StoreError: CustomStringConvertible {
    /// What is wrong and what to do next, without where; see ``message(at:)``.
    public var description: String {
        switch self {
        case .locked: "another process holds it: wait until that one is done (a backup, an apply), then try again"
        case .full:
            "its disk takes no more (full, at a quota or limit, or broken), nothing was changed: make room, then try again"
        case .corrupt(let detail):
            "it is damaged (\(detail)): run `toolgate store check`, and put back the last backup"
        case .foreign(let detail):
            "it is no Toolgate store (\(detail)): name another folder with `--data`, or move the file away"
        case .newerVersion(let found, let known):
            "it was written by a newer Toolgate (schema \(found), this one knows up to \(known)): run that version, "
                + "or put back a backup made before it"
        case .readOnly(let detail):
            "it cannot be written (\(detail)): give the gateway's user the right to write there"
        case .tooOpen(let mode):
            "it is open to other users (mode \(String(mode & 0o777, radix: 8))): run chmod 600 on it"
        case .unreachable(let detail): "it cannot be opened (\(detail)): is the folder the right one?"
        case .notFound(let subject): "there is no \(subject)"
        case .conflict(let expected, let found):
            "somebody else changed the store in between (revision \(found), expected \(expected)): look again, then retry"
        case .refused(let rule): rule
        case .failed(let detail): "it refused the operation (\(detail)): please report this"
        }
    }

    /// The same with the place in front, for errors that are about the store itself.
    public func message(at path: String) -> String {
        isAboutRequest ? description : "cannot use the store `\(path)`: \(description)"
    }
}
