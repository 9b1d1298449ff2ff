public import Base
internal import JSONText

/// A server that is a process: what is started, where, and who shares it.
///
/// Its variables stand beside it, where other servers have their headers.
public struct ProcessSettings: Hashable, Sendable {
    /// Who shares a process.
    public enum Sharing: String, Hashable, Sendable, CaseIterable {
        /// All callers have one.
        case shared
        /// Each grant has its own.
        case grant
        /// Each session has its own; where there are no sessions, each grant.
        case session
    }

    /// What is taken from a process; `nil` for what is not.
    public struct Confinement: Hashable, Sendable {
        /// The most bytes of memory each of its processes may address.
        public var memory: Int?
        /// The most files each of its processes may have open.
        public var openFiles: Int?
        /// The most seconds of processor time each of its processes may use.
        public var processorSeconds: Int?
        /// What it may read and run; with ``write`` both `nil`: everything the gateway may.
        public var read: [ByteString]?
        /// What it may write as well.
        public var write: [ByteString]?

        /// Nothing is taken.
        public init() {}

        /// Whether nothing is taken.
        public var isEmpty: Bool { self == Confinement() }
    }

    /// An absolute path, or a bare name that is looked up along `PATH`.
    public var command: ByteString
    /// What follows it; no place for secrets, for everybody on the machine sees them.
    public var arguments: [ByteString]
    /// Where it runs, an absolute path; `nil`: where the gateway does.
    public var directory: ByteString?
    /// Who shares it.
    public var sharing: Sharing
    /// What is taken from it.
    public var confinement = Confinement()

    /// Settings from their parts.
    public init(
        command: ByteString,
        arguments: [ByteString] = [],
        directory: ByteString? = nil,
        sharing: Sharing = .shared
    ) {
        self.command = command
        self.arguments = arguments
        self.directory = directory
        self.sharing = sharing
    }

    /// What keeps them from being used; `nil` when nothing does.
    public var refusal: String? {
        guard !command.isEmpty, command.count <= 4_096 else {
            return "the command is empty or too long"
        }
        let paths = [directory].compactMap { $0 } + (confinement.read ?? []) + (confinement.write ?? [])
        guard !([command] + arguments + paths).contains(where: { $0.bytes.contains(0) }) else {
            return "a NUL cannot stand in a command"
        }
        let slash = UInt8(ascii: "/")
        guard command.bytes.first == slash || !command.bytes.contains(slash) else {
            return "`\(command.bytes.shown)` is a path that is not absolute: give an absolute one, or a bare name"
        }
        if let path = paths.first(where: { $0.bytes.first != slash }) {
            return "`\(path.bytes.shown)` is not absolute: give the whole path"
        }
        // LIMIT: the system takes no more than 2 MiB of arguments and environment together.
        guard arguments.count <= 1_024, arguments.reduce(0, { $0 + $1.count }) <= 256 << 10 else {
            return "there are too many arguments"
        }
        return nil
    }

    /// The command with its arguments, for people.
    public var line: String {
        ([command] + arguments).map { part in
            let isPlain = part.bytes.allSatisfy { byte in
                byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || "-_./:=@,+%".utf8.contains(byte)
            }
            guard !isPlain || part.isEmpty else {
                return part.text
            }
            let pieces = part.text.split(separator: "'", omittingEmptySubsequences: false)
            return "'\(pieces.joined(separator: "'\\''"))'"
        }.joined(separator: " ")
    }

    // MARK: - As JSON

    /// The same as one JSON object, the way `upstream` has it in toolgate.yaml.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("command")
        writer.string(command.bytes)
        Self.write("args", arguments.isEmpty ? nil : arguments, &writer)
        if let directory {
            writer.key("cwd")
            writer.string(directory.bytes)
        }
        if sharing != .shared {
            writer.key("process")
            writer.string(sharing.rawValue)
        }
        if !confinement.isEmpty {
            writer.key("confine")
            writer.beginObject()
            let numbers: [(StaticString, Int?)] = [
                ("memory", confinement.memory), ("open_files", confinement.openFiles),
                ("cpu_seconds", confinement.processorSeconds),
            ]
            for case (let key, let number?) in numbers {
                writer.key(key)
                writer.number(number)
            }
            Self.write("read", confinement.read, &writer)
            Self.write("write", confinement.write, &writer)
            writer.endObject()
        }
        writer.endObject()
        return writer.output
    }

    private static func write(_ key: StaticString, _ texts: [ByteString]?, _ writer: inout JSONWriter) {
        guard let texts else {
            return
        }
        writer.key(key)
        writer.beginArray()
        for text in texts {
            writer.string(text.bytes)
        }
        writer.endArray()
    }

    /// Reads what ``json`` wrote; `nil` when it is something else.
    public init?(json: [UInt8]) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(json).root
        } catch {
            return nil
        }
        guard let command = root["command"]?.string else {
            return nil
        }
        self.init(command: ByteString(command.bytes))
        arguments = Self.texts(root["args"]) ?? []
        directory = root["cwd"]?.string.map { ByteString($0.bytes) }
        if let word = root["process"]?.string {
            guard let sharing = Sharing(rawValue: String(decoding: word.bytes, as: UTF8.self)) else {
                return nil
            }
            self.sharing = sharing
        }
        if let confine = root["confine"] {
            confinement.memory = confine["memory"]?.number?.int
            confinement.openFiles = confine["open_files"]?.number?.int
            confinement.processorSeconds = confine["cpu_seconds"]?.number?.int
            confinement.read = Self.texts(confine["read"])
            confinement.write = Self.texts(confine["write"])
        }
    }

    private static func texts(_ value: JSONValue?) -> [ByteString]? {
        value?.elements.compactMap { $0.string.map { ByteString($0.bytes) } }
    }
}

/// A variable of a process's environment.
public enum VariableNames {
    /// Why a name is refused; `nil` when it may be set.
    public static func refusal(of name: [UInt8]) -> String? {
        let isName =
            (1...128).contains(name.count) && name.first?.decimalDigit == nil
            && name.allSatisfy { byte in
                byte.decimalDigit != nil || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
        guard isName else {
            return "is no name of a variable: use letters, digits and `_`"
        }
        let text = String(decoding: name, as: UTF8.self)
        return text.hasPrefix("LD_") || text.hasPrefix("DYLD_")
            ? "tells the loader to run other code: start the program by another path instead" : nil
    }

    /// Why a value cannot stand in an environment; never its bytes.
    public static func refusal(ofValue value: [UInt8]) -> String? {
        guard value.count <= 64 << 10 else {
            return "is longer than 65536 bytes"
        }
        return value.contains(0) ? "holds a NUL" : nil
    }
}
