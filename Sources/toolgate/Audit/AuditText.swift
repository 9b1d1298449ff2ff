import AuditModel
import Base
import JSONText

/// Rows and entries as people and spreadsheets read them.
enum AuditText {
    /// One line about a row.
    static func line(_ row: AuditRow, of stream: AuditStream) -> String {
        let place = "\(stream.name) \(row.sequence)"
        let head = "\(row.time)  \(place)"
        switch row.kind {
        case .intent: return "\(head)  \(call(row))"
        case .outcome: return "\(head)  end of \(row.closedIntent ?? 0): \(end(row))"
        case .admin: return "\(head)  \(change(row))"
        case .segment: return "\(head)  segment \(row.count("segment") ?? 0) begins (\(text(row, "cause")))"
        case .end: return "\(head)  segment ends"
        }
    }

    /// One line about a call or a change.
    static func line(_ entry: AuditEntry) -> String {
        let line = line(entry.row, of: entry.stream)
        guard entry.row.opensCall else {
            return line
        }
        return "\(line)  →  \(entry.outcome.map(end) ?? "still open")"
    }

    private static func call(_ row: AuditRow) -> String {
        var words = [text(row, "outcome"), "\(text(row, "grant", "?")) → \(text(row, "server", "?"))"]
        words += [row.text("tool") ?? row.text("method")].compactMap { $0?.text }
        words += [row.text("rule")].compactMap { $0.map { "rule \($0.text)" } }
        return words.joined(separator: "  ")
    }

    private static func end(_ row: AuditRow) -> String {
        var words = [text(row, "result")]
        words += [row.count("upstream_status")].compactMap { $0.map { "HTTP \($0)" } }
        words += [row.count("duration_us")].compactMap { $0.map { "\($0 / 1_000) ms" } }
        return words.joined(separator: ", ") + (row.isGivenBack ? ", limits given back" : "")
    }

    private static func change(_ row: AuditRow) -> String {
        "\(text(row, "author", "?")) \(text(row, "action", "?")) \(text(row, "subject_kind")) \(text(row, "subject"))"
    }

    private static func text(_ row: AuditRow, _ key: StaticString, _ absent: String = "") -> String {
        row.text(key)?.text ?? absent
    }

    /// A row's object with the stream in front, one line of JSON.
    static func json(_ row: ArraySlice<UInt8>, of stream: AuditStream) -> [UInt8] {
        // A segment's first row names its stream itself, a little behind.
        guard !row.prefix(96).contains(Array(#""kind":"segment""#.utf8)) else {
            return Array(row) + [UInt8(ascii: "\n")]
        }
        return Array("{\"stream\":\"\(stream.name)\",".utf8) + row.dropFirst() + [UInt8(ascii: "\n")]
    }

    // MARK: CSV

    private static let columns: [(name: String, isOfEnd: Bool)] =
        [
            "seq", "kind", "time", "request_id", "grant", "grant_id", "server", "bundle", "method", "tool", "revision",
            "policy", "policy_version", "outcome", "rule", "author", "action", "subject_kind", "subject", "before",
            "after",
        ].map { ($0, false) }
        + ["result", "upstream_status", "duration_us", "bytes", "given_back"].map { ($0, true) }

    /// The names of the columns.
    static var csvHeader: [UInt8] {
        Array(("stream," + columns.map(\.name).joined(separator: ",") + "\r\n").utf8)
    }

    /// One record (RFC 4180) about a call or a change.
    static func csv(_ entry: AuditEntry) -> [UInt8] {
        var output = Array(entry.stream.name.utf8)
        for column in columns {
            output.append(",")
            let row = column.isOfEnd ? entry.outcome : entry.row
            if let value = row?.json.member(Array(column.name.utf8)) {
                output.append(contentsOf: cell(value.string?.bytes ?? Array(value.rawBytes)))
            }
        }
        output.append("\r\n")
        return output
    }

    /// Controls escaped, what a spreadsheet would take for a formula made text by an apostrophe, quoted where needed.
    static func cell(_ text: [UInt8]) -> [UInt8] {
        var cell = TerminalText.safe(text, keepsColours: false)
        if let first = cell.first, "=+-@\t\r".utf8.contains(first) {
            cell.insert(UInt8(ascii: "'"), at: 0)
        }
        guard cell.contains(where: { ",\"\n\r".utf8.contains($0) }) else {
            return cell
        }
        let doubled = cell.flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
        return [UInt8(ascii: "\"")] + doubled + [UInt8(ascii: "\"")]
    }
}
