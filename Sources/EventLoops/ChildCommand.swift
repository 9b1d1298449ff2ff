public import Base
internal import Glibc

/// A program to run as a child process, decided on by whoever configures the gateway and never by what comes in (M1).
public struct ChildCommand: Sendable {
    /// An absolute path; no shell ever sees it.
    public var program: ByteString
    /// What follows the program's name.
    public var arguments: [ByteString]
    /// The whole environment; nothing is inherited.
    public var environment: [(name: ByteString, value: Secret<[UInt8]>)]
    /// Where it runs, an absolute path; `nil`: where the gateway does.
    public var directory: ByteString?
    /// What is taken from it.
    public var confinement: ChildConfinement

    /// A command from its parts.
    public init(
        program: ByteString,
        arguments: [ByteString] = [],
        environment: [(name: ByteString, value: Secret<[UInt8]>)] = [],
        directory: ByteString? = nil,
        confinement: ChildConfinement = ChildConfinement()
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.confinement = confinement
    }
}

extension ChildCommand {
    /// The file a command's first word means: an absolute path as it is, a bare name looked up along `path`.
    ///
    /// Only absolute folders of `path` are looked at, so that nothing depends on where the gateway runs. `nil`: there is
    /// no such program, or the word is a path that is not absolute.
    public static func program(_ word: ByteString, path: ByteString?) -> ByteString? {
        let slash = UInt8(ascii: "/")
        guard !word.isEmpty, !word.bytes.contains(0) else {
            return nil
        }
        if word.bytes.contains(slash) {
            return word.bytes.first == slash ? word : nil
        }
        for folder in (path?.bytes ?? []).split(separator: UInt8(ascii: ":")) where folder.first == slash {
            let file = ByteString(Array(folder) + [slash] + word.bytes)
            // SAFETY: the text lives during the call.
            if unsafe access(file.text, X_OK) == 0 {
                return file
            }
        }
        return nil
    }
}

/// What a child process may not do, besides gaining privileges, which it never may (Linux: `no_new_privs`).
public struct ChildConfinement: Hashable, Sendable {
    /// The most bytes of address space of each of its processes; `nil`: no limit.
    public var memoryBytes: UInt64?
    /// The most descriptors each of its processes may have open; `nil`: the gateway's own limit.
    public var openFiles: UInt64?
    /// The most seconds of processor time of each of its processes; `nil`: no limit.
    public var processorSeconds: UInt64?
    /// What it may read and run, by absolute path; with ``writable`` both `nil`: everything the gateway may.
    ///
    /// Enforced by landlock (Linux 5.13 and later); where the kernel has none, the child is not started.
    public var readable: [ByteString]?
    /// What it may write as well.
    public var writable: [ByteString]?

    /// Nothing but the gain of privileges is taken.
    public init() {}

    /// Whether the child's view of the file system is narrowed.
    public var confinesFiles: Bool { readable != nil || writable != nil }

    /// As the words the supervisor reads.
    var words: [ByteString] {
        var words: [ByteString] = []
        func add(_ name: String, _ value: ByteString) {
            words += [ByteString(name), value]
        }
        for (name, value) in [
            ("--memory", memoryBytes), ("--files", openFiles), ("--seconds", processorSeconds),
        ] {
            if let value {
                add(name, ByteString(String(value)))
            }
        }
        if confinesFiles {
            words.append("--confine")
        }
        for path in readable ?? [] {
            add("--read", path)
        }
        for path in writable ?? [] {
            add("--write", path)
        }
        return words
    }
}

/// How a child process came to its end.
public enum ChildEnd: Hashable, Sendable {
    /// It ended by itself, with this status.
    case exited(Int32)
    /// A signal ended it.
    case signalled(Int32)
    /// It could not become what it should, for this error of the system.
    case notStarted(Int32)
    /// Its supervisor ended without a word: somebody killed it.
    case lost
}

extension ChildEnd: CustomStringConvertible {
    /// A clause, safe to show anyone.
    public var description: String {
        switch self {
        case .exited(let status): "it ended with status \(status)"
        case .signalled(let number): "it was ended by signal \(number)"
        case .notStarted(let number): "it could not be started: \(SystemError.text(number))"
        case .lost: "its supervisor was killed"
        }
    }
}
