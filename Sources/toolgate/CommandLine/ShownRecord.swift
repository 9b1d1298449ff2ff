import Administration
import Base
import JSONText

extension ShownRecord {
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
