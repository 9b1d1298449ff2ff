public import Base

/// A value of a settings file, with what is needed to change it in place.
///
/// The one tree for JSON with comments, TOML and YAML: what a file says, and which bytes of it say so.
public struct MarkedValue: Sendable {
    /// What a value holds.
    public indirect enum Content: Sendable {
        /// Members in the file's order; no two have the same key.
        case object([MarkedMember])
        /// Values in order.
        case array([MarkedValue])
        /// Text, its escapes resolved.
        case text([UInt8])
        /// A number, a truth value, a date or nothing, as it is spelled.
        case other([UInt8])
    }

    /// What it holds.
    public let content: Content
    /// Where it starts, in bytes of the file.
    public let start: Int

    /// The members of an object; none for anything else.
    public var members: [MarkedMember] {
        if case .object(let members) = content { members } else { [] }
    }

    /// The values of an array; `nil` for anything else.
    public var elements: [MarkedValue]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    /// The bytes of a text; `nil` for anything else.
    public var text: ByteString? {
        if case .text(let bytes) = content { ByteString(bytes) } else { nil }
    }

    /// Whether it is an object.
    public var isObject: Bool {
        if case .object = content { true } else { false }
    }

    /// The member of an object with this key.
    public subscript(_ key: StaticString) -> MarkedValue? {
        members.first { $0.key.isEqual(to: key) }?.value
    }

    /// Whether it is spelled exactly so, and is no quoted text.
    func isSpelled(_ spelling: StaticString) -> Bool {
        if case .other(let bytes) = content { bytes.isEqual(to: spelling) } else { false }
    }
}

/// A member of an object, and the bytes that make it.
public struct MarkedMember: Sendable {
    /// Its key.
    public let key: ByteString
    /// What stands behind it.
    public let value: MarkedValue
    /// The bytes of it: one run, but for a table of TOML, which may stand in several places.
    let parts: [Range<Int>]
    /// Where the comma behind it stands, where members are parted by commas.
    let comma: Int?

    /// The runs of it and of everything inside, none twice and in order.
    var allParts: [Range<Int>] {
        var runs = parts
        for member in value.members {
            runs += member.allParts
        }
        runs.sort { ($0.lowerBound, -$0.upperBound) < ($1.lowerBound, -$1.upperBound) }
        var outer: [Range<Int>] = []
        for run in runs where run.lowerBound >= (outer.last?.upperBound ?? 0) {
            outer.append(run)
        }
        return outer
    }
}

/// Why a settings file cannot be read, and where.
public struct SettingsFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong: lower case, never a value of the file.
    public let reason: String
    /// The line, from 1.
    public let line: Int
    /// The column in bytes, from 1.
    public let column: Int

    /// What and where.
    public var description: String { "line \(line), column \(column): \(reason)" }

    /// A file that could not even be opened: the system's reason.
    public static func unreadable(_ reason: String) -> SettingsFault {
        SettingsFault(reason, line: 1, column: 1)
    }

    init(_ reason: String, line: Int, column: Int) {
        self.reason = reason
        self.line = line
        self.column = column
    }

    init(_ reason: String, at offset: Int, in bytes: [UInt8]) {
        (line, column) = TextPlace.of(offset, in: bytes)
        self.reason = reason
    }
}

/// Lines and columns of byte offsets.
enum TextPlace {
    static func of(_ offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let end = min(max(offset, 0), bytes.count)
        var line = 1
        var start = 0
        for index in 0..<end where bytes[index] == 0x0A {
            line += 1
            start = index + 1
        }
        return (line, end - start + 1)
    }
}

/// How much of a settings file is read.
enum ReaderLimits {
    // LIMIT: one file; `~/.claude.json` keeps histories and grows to some MB.
    static let bytes = 16 << 20
    // LIMIT: levels inside each other.
    static let depth = 64
    // LIMIT: values of one file.
    static let values = 400_000
}
