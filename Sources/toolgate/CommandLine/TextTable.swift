/// Rows under headings, for people: columns aligned, every cell on one line and safe to look at.
struct TextTable {
    // LIMIT: a label is at most 128 bytes; what is longer is an address or a note, and JSON has it whole.
    private static let widestCell = 64
    private static let narrowestCell = 8
    private static let gap = "  "

    let headings: [String]
    let rows: [[String]]

    /// The lines, the headings first.
    ///
    /// `width` is how many characters a line may have; columns are cut to it, the widest first, none below eight
    /// characters. `nil`: only each cell is bounded.
    func lines(width: Int?) -> [String] {
        let cells = ([headings] + rows).map { $0.map { Self.cut(Self.plain($0), to: Self.widestCell) } }
        let widths = Self.widths(of: cells, within: width)
        return cells.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let text = Self.cut(cell, to: widths[index])
                let padding = index == row.count - 1 ? 0 : widths[index] - text.count
                line += text + String(repeating: " ", count: padding) + (index == row.count - 1 ? "" : Self.gap)
            }
            return line
        }
    }

    private static func widths(of cells: [[String]], within width: Int?) -> [Int] {
        var widths = cells.first.map { $0.indices.map { column in cells.map { $0[column].count }.max() ?? 0 } } ?? []
        guard let width else {
            return widths
        }
        var excess = widths.reduce(0, +) + gap.count * max(0, widths.count - 1) - width
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > narrowestCell
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    /// One line without anything a terminal acts on; line feeds and tabs too are written as JSON escapes them.
    static func plain(_ text: String) -> String {
        let safe = String(decoding: TerminalText.safe(Array(text.utf8), keepsColours: false), as: UTF8.self)
        guard safe.utf8.contains(where: { $0 == 0x09 || $0 == 0x0A }) else {
            return safe
        }
        return safe.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\t": "\\t"
            default: String(scalar)
            }
        }.joined()
    }

    private static func cut(_ text: String, to width: Int) -> String {
        text.count > width ? text.prefix(max(0, width - 1)) + "…" : text
    }
}
