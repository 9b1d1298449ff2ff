public import Base
public import JSONText

/// One value as commands print it: a text for people, and JSON for programs.
public enum ShownValue: Hashable, Sendable {
    /// A text.
    case text(String)
    /// A word for programs, and what people see of it.
    case word(String, line: String)
    /// A whole number.
    case number(Int)
    /// Yes or no.
    case flag(Bool)
    /// RFC 3339; people see it to the second.
    case time(WallTime)
    /// Nothing: `null` for programs, these words for people.
    case absent(String)
    /// Several.
    case list([ShownValue])
    /// A record inside a record, and the one line people see of it.
    case record(ShownRecord, line: String)
    /// A JSON document as it is.
    case document([UInt8])

    /// A text that may be missing.
    public static func optional(_ text: ByteString?, orElse words: String) -> ShownValue {
        text.map { .text($0.text) } ?? .absent(words)
    }

    /// A time that may be missing.
    public static func optional(_ time: WallTime?, orElse words: String) -> ShownValue {
        time.map { .time($0) } ?? .absent(words)
    }

    /// What people see.
    public var line: String {
        switch self {
        case .text(let text): text
        case .word(_, let line): line
        case .number(let number): "\(number)"
        case .flag(let flag): flag ? "yes" : "no"
        case .time(let time): time.toTheSecond
        case .absent(let words): words
        case .list(let values): values.isEmpty ? "none" : values.map(\.line).joined(separator: ", ")
        case .record(_, let line): line
        case .document(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Writes what programs see.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .text(let text), .word(let text, _): writer.string(text)
        case .number(let number): writer.number(number)
        case .flag(let flag): writer.boolean(flag)
        case .time(let time): writer.string(time.description)
        case .absent: writer.null()
        case .list(let values):
            writer.beginArray()
            for value in values {
                value.write(to: &writer)
            }
            writer.endArray()
        case .record(let record, _): record.write(to: &writer)
        case .document(let bytes): writer.raw(bytes)
        }
    }
}

/// A record as commands print it; the keys are those of the JSON.
public struct ShownRecord: Hashable, Sendable {
    /// One of its fields.
    public struct Field: Hashable, Sendable {
        /// Its key.
        public let key: String
        /// What it says.
        public let value: ShownValue
    }

    /// In the order in which they are shown.
    public private(set) var fields: [Field] = []

    /// A record of these fields.
    public init(_ fields: [(key: String, value: ShownValue)]) {
        self.fields = fields.map { Field(key: $0.key, value: $0.value) }
    }

    /// What a field says; `nil` when there is none by this key.
    public subscript(key: String) -> ShownValue? {
        fields.first { $0.key == key }?.value
    }

    /// The same with more fields at the end.
    public func adding(_ more: [(key: String, value: ShownValue)]) -> ShownRecord {
        ShownRecord(fields.map { ($0.key, $0.value) } + more)
    }

    /// Writes one object.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for field in fields {
            writer.key(field.key.utf8)
            field.value.write(to: &writer)
        }
        writer.endObject()
    }

    /// One object and a line end.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 512)
        write(to: &writer)
        return writer.output + [UInt8(ascii: "\n")]
    }
}

extension WallTime {
    /// RFC 3339 in UTC without the fraction.
    public var toTheSecond: String { description.prefix(19) + "Z" }
}
