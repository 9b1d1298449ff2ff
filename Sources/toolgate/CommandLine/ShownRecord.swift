import Base
import JSONText

/// One value as commands print it: a text for people, and JSON for programs.
enum ShownValue: Hashable, Sendable {
    case text(String)
    /// A word for programs, and what people see of it.
    case word(String, line: String)
    case number(Int)
    case flag(Bool)
    /// RFC 3339; people see it to the second.
    case time(WallTime)
    /// Nothing: `null` for programs, these words for people.
    case absent(String)
    case list([ShownValue])
    /// A record inside a record, and the one line people see of it.
    case record(ShownRecord, line: String)
    /// A JSON document as it is.
    case document([UInt8])

    /// A text that may be missing.
    static func optional(_ text: ByteString?, orElse words: String) -> ShownValue {
        text.map { .text($0.text) } ?? .absent(words)
    }

    /// A time that may be missing.
    static func optional(_ time: WallTime?, orElse words: String) -> ShownValue {
        time.map { .time($0) } ?? .absent(words)
    }

    /// What people see.
    var line: String {
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

    func write(to writer: inout JSONWriter) {
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
struct ShownRecord: Hashable, Sendable {
    struct Field: Hashable, Sendable {
        let key: String
        let value: ShownValue
    }

    private(set) var fields: [Field] = []

    init(_ fields: [(key: String, value: ShownValue)]) {
        self.fields = fields.map { Field(key: $0.key, value: $0.value) }
    }

    subscript(key: String) -> ShownValue? {
        fields.first { $0.key == key }?.value
    }

    /// The same with more fields at the end.
    func adding(_ more: [(key: String, value: ShownValue)]) -> ShownRecord {
        ShownRecord(fields.map { ($0.key, $0.value) } + more)
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for field in fields {
            writer.key(field.key.utf8)
            field.value.write(to: &writer)
        }
        writer.endObject()
    }

    /// One object and a line end.
    var json: [UInt8] {
        var writer = JSONWriter(reserving: 512)
        write(to: &writer)
        return writer.output + [UInt8(ascii: "\n")]
    }

    /// `key  value` a line, lists one value a line.
    var lines: [String] {
        let width = fields.map(\.key.count).max() ?? 0
        return fields.flatMap { field in
            let values: [ShownValue]
            if case .list(let list) = field.value, !list.isEmpty {
                values = list
            } else {
                values = [field.value]
            }
            return values.enumerated().map { index, value in
                let key = index == 0 ? field.key : ""
                return key + String(repeating: " ", count: width - key.count) + "  " + TextTable.plain(value.line)
            }
        }
    }

    /// What became different since `old`, one line for each field.
    func differences(from old: ShownRecord) -> [String] {
        fields.compactMap { field in
            let before = old[field.key]
            guard before != field.value else {
                return nil
            }
            return "\(field.key): \(TextTable.plain(before?.line ?? "none")) -> \(TextTable.plain(field.value.line))"
        }
    }
}

extension WallTime {
    /// RFC 3339 in UTC without the fraction.
    var toTheSecond: String { description.prefix(19) + "Z" }
}

/// Prints records, for people or as JSON.
extension Invocation {
    /// A list: a table of some of the fields, or an array with all of them.
    func list(
        _ records: [ShownRecord],
        columns: [(key: String, heading: String)],
        empty: String
    ) {
        guard !printsJSON else {
            var writer = JSONWriter(reserving: 256 * (records.count + 1))
            writer.beginArray()
            for record in records {
                record.write(to: &writer)
            }
            writer.endArray()
            return console.writeOutput(writer.output + [UInt8(ascii: "\n")])
        }
        guard !records.isEmpty else {
            return console.say(empty)
        }
        let rows = records.map { record in columns.map { record[$0.key]?.line ?? "" } }
        let lines = TextTable(headings: columns.map(\.heading), rows: rows).lines(width: console.outputWidth)
        for (index, line) in lines.enumerated() {
            console.output(index == 0 ? console.coloured(line, .bold) : line)
        }
    }

    /// One record.
    func show(_ record: ShownRecord) {
        guard !printsJSON else {
            return console.writeOutput(record.json)
        }
        for line in record.lines {
            console.output(line)
        }
    }

    /// A record that was added or edited: for people `sentence` and what is different, for programs the record.
    func report(_ record: ShownRecord, _ sentence: String, from old: ShownRecord? = nil) {
        guard !printsJSON else {
            return console.writeOutput(record.json)
        }
        console.output(sentence)
        for line in old.map({ record.differences(from: $0) }) ?? [] {
            console.output("  \(line)")
        }
    }

    /// A record that is gone.
    func report(removed kind: String, _ name: String) {
        guard !printsJSON else {
            let record = ShownRecord([("kind", .text(kind)), ("name", .text(name)), ("removed", .flag(true))])
            return console.writeOutput(record.json)
        }
        console.output("\(kind) `\(name)` is removed")
    }
}
