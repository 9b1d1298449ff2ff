internal import Base
internal import JSONText

/// Reads the rows of one segment in their order: keeps what the segment defines and makes rows whole again.
///
/// A whole row is one object with all its fields, as docs/audit.md lists them; calls are stored as numbers of definitions
/// and what is their own.
public struct RowReader {
    /// What a line says.
    public enum Reading: Sendable {
        /// A row.
        case row(AuditRow)
        /// A definition, which rows behind it refer to.
        case definition
        /// Nothing in the format's form.
        case malformed
    }

    /// The fields of each definition, each with its comma.
    private var definitions: [Int: [UInt8]] = [:]
    private var requestPrefix: [UInt8] = []

    /// At the beginning of a segment.
    public init() {}

    /// Reads the next line, without its line feed and seal.
    public mutating func read(_ line: ArraySlice<UInt8>) -> Reading {
        guard let json = AuditRow.json(Array(line)) else {
            return .malformed
        }
        if let kind = json.element(at: 0)?.string {
            return whole(kind, Array(json.elements)).flatMap { AuditRow($0) }.map { .row($0) } ?? .malformed
        }
        if let number = json["define"] {
            return define(number, json) ? .definition : .malformed
        }
        guard let row = AuditRow(json), row.kind != .intent, row.kind != .outcome else {
            return .malformed
        }
        if row.kind == .segment {
            requestPrefix = row.text("requests")?.bytes ?? []
        }
        return .row(row)
    }

    /// The number of a row, which can be told without what the segment defines; `nil` for every other line.
    public static func sequence(of line: ArraySlice<UInt8>) -> UInt64? {
        guard let json = AuditRow.json(Array(line)), let number = (json.element(at: 1) ?? json["seq"])?.number?.int
        else {
            return nil
        }
        return UInt64(exactly: number)
    }

    private mutating func define(_ number: JSONValue, _ json: JSONValue) -> Bool {
        guard let value = number.number?.int, value > 0,
            json.members.first(where: { _ in true })?.key.isEqual(to: "define") == true
        else {
            return false
        }
        let fields = Array(json.rawBytes[number.range.upperBound...].dropLast())
        // The same once more is what a reader meets that comes back to a group it saw half of.
        guard definitions[value] == nil || definitions[value] == fields else {
            return false
        }
        definitions[value] = fields
        return true
    }

    /// The whole row that an array stands for.
    private func whole(_ kind: JSONString, _ values: [JSONValue]) -> [UInt8]? {
        if kind.isEqual(to: "i") {
            intent(values)
        } else if kind.isEqual(to: "o") {
            outcome(values)
        } else {
            nil
        }
    }

    // MARK: Intents

    private func intent(_ values: [JSONValue]) -> [UInt8]? {
        guard (6...8).contains(values.count), var row = begin("intent", values),
            let request = values[3].number?.int.flatMap({ UInt64(exactly: $0) }), let caller = definition(values[4]),
            let shape = definition(values[5])
        else {
            return nil
        }
        row.append(#","request_id":""#)
        row.append(contentsOf: requestPrefix)
        row.append(hexadecimal: request)
        row.append(#"""#)
        row.append(contentsOf: caller)
        row.append(contentsOf: shape)
        for value in values.dropFirst(6) {
            if value.kind == .array {
                guard let charges = charges(Array(value.elements)) else {
                    return nil
                }
                row.append(contentsOf: charges)
            } else {
                row.append(#","argument_digests":"#)
                row.append(contentsOf: value.rawBytes)
            }
        }
        row.append("}")
        return row
    }

    private func charges(_ list: [JSONValue]) -> [UInt8]? {
        var output: [UInt8] = []
        for charge in list {
            let values = Array(charge.elements)
            guard (2...5).contains(values.count), let parts = definition(values[0]), values[1].number != nil else {
                return nil
            }
            output.append(output.isEmpty ? #","charges":[{"# : ",{")
            output.append(contentsOf: parts.dropFirst())
            output.append(#","amount":"#)
            output.append(contentsOf: values[1].rawBytes)
            var rest = values.dropFirst(2)
            if rest.count >= 2, let from = rest.popFirst(), let until = rest.popFirst() {
                output.append(#","from_ms":"#)
                output.append(contentsOf: from.rawBytes)
                output.append(#","until_ms":"#)
                output.append(contentsOf: until.rawBytes)
            }
            if let digest = rest.popFirst() {
                output.append(#","value_digest":"#)
                output.append(contentsOf: digest.rawBytes)
            }
            output.append("}")
        }
        output.append("]")
        return output
    }

    private func definition(_ value: JSONValue) -> [UInt8]? {
        (value.number?.int).flatMap { definitions[$0] }
    }

    // MARK: Outcomes

    private func outcome(_ values: [JSONValue]) -> [UInt8]? {
        let keys: [StaticString] = [
            #","intent":"#, #","result":"#, #","upstream_status":"#, #","duration_us":"#, #","bytes":"#,
            #","given_back":"#,
        ]
        guard (5...9).contains(values.count), var row = begin("outcome", values) else {
            return nil
        }
        for (key, value) in zip(keys, values.dropFirst(3)) {
            row.append(key)
            row.append(contentsOf: value.rawBytes)
        }
        row.append("}")
        return row
    }

    /// The fields every row begins with, of an array's second and third value.
    private func begin(_ kind: StaticString, _ values: [JSONValue]) -> [UInt8]? {
        guard let sequence = values[1].number?.int, let milliseconds = values[2].number?.int else {
            return nil
        }
        var row: [UInt8] = []
        row.append(#"{"seq":"#)
        row.append(decimal: sequence)
        row.append(#","kind":""#)
        row.append(kind)
        row.append(#"","time":""#)
        WallTime(milliseconds: Int64(milliseconds)).appendRFC3339(to: &row)
        row.append(#"""#)
        return row
    }
}
