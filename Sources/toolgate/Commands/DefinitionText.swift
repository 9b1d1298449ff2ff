import JSONText

/// A tool's definition as lines a person can compare (security.md, E2, E4, E9).
///
/// Nothing in it is invisible, and nothing acts on a terminal: characters without a look of their own stand as `\u{…}`,
/// which no JSON text can hold, so that they cannot be confused with what was written.
enum DefinitionText {
    /// The lines of a definition in its canonical form; texts of several lines are broken behind each `\n`.
    static func lines(_ canonical: [UInt8]) -> [String] {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(canonical).root
        } catch {
            return [visible(String(decoding: canonical, as: UTF8.self))]
        }
        var page = Page()
        page.write(root, indent: 0, before: "", after: "")
        return page.lines
    }

    /// Text with whatever cannot be seen made visible; linear.
    static func visible(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isVisible(scalar) {
                output.append(scalar)
            } else {
                output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            }
        }
        return String(output)
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x7F else {
            return scalar.value >= 0x20
        }
        guard !scalar.properties.isDefaultIgnorableCodePoint else {
            return false
        }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .surrogate,
            .unassigned:
            false
        default: true
        }
    }

    private struct Page {
        var lines: [String] = []

        /// Recursion ends at the document's depth limit.
        mutating func write(_ value: JSONValue, indent: Int, before: String, after: String) {
            switch value.kind {
            case .object where value.count > 0:
                put(indent, "\(before){")
                for (index, member) in value.members.enumerated() {
                    let comma = index + 1 < value.count ? "," : ""
                    let key = Self.quoted(member.key.bytes)
                    write(member.value, indent: indent + 1, before: "\(key): ", after: comma)
                }
                put(indent, "}\(after)")
            case .array where value.count > 0:
                put(indent, "\(before)[")
                for (index, element) in value.elements.enumerated() {
                    write(element, indent: indent + 1, before: "", after: index + 1 < value.count ? "," : "")
                }
                put(indent, "]\(after)")
            case .string:
                let parts = Self.broken(Self.quoted(value.string?.bytes ?? []))
                for (index, part) in parts.enumerated() {
                    let end = index + 1 == parts.count ? after : ""
                    put(index == 0 ? indent : indent + 2, "\(index == 0 ? before : "")\(part)\(end)")
                }
            case .object, .array, .null, .boolean, .number:
                put(indent, "\(before)\(String(decoding: value.rawBytes, as: UTF8.self))\(after)")
            }
        }

        private mutating func put(_ indent: Int, _ text: String) {
            lines.append(String(repeating: "  ", count: indent) + DefinitionText.visible(text))
        }

        private static func quoted(_ bytes: [UInt8]) -> String {
            var writer = JSONWriter(reserving: bytes.count + 2)
            writer.string(bytes)
            return String(decoding: writer.output, as: UTF8.self)
        }

        /// A quoted text, broken behind each `\n` that is followed by something.
        private static func broken(_ quoted: String) -> [String] {
            var parts: [[UInt8]] = [[]]
            var isEscaped = false
            let bytes = Array(quoted.utf8)
            for (index, byte) in bytes.enumerated() {
                parts[parts.count - 1].append(byte)
                let isFeed = isEscaped && byte == UInt8(ascii: "n")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                if isFeed, index + 2 < bytes.count {
                    parts.append([])
                }
            }
            return parts.map { String(decoding: $0, as: UTF8.self) }
        }
    }
}

/// The difference of two lists of lines.
struct LineDifference {
    /// One line of it.
    struct Line: Equatable {
        enum Kind: String {
            case same = " "
            case removed = "-"
            case added = "+"
            /// Lines that are the same in both are left out here.
            case gap = "…"
        }

        let kind: Kind
        let text: String
    }

    // LIMIT: comparisons of lines; texts that differ in more are shown one after the other.
    private static let maximumComparisons = 4_000_000
    private static let context = 3

    /// Every line that differs, with three of context around.
    static func lines(from old: [String], to new: [String]) -> [Line] {
        var start = 0
        while start < min(old.count, new.count), old[start] == new[start] {
            start += 1
        }
        var end = 0
        while end < min(old.count, new.count) - start, old[old.count - 1 - end] == new[new.count - 1 - end] {
            end += 1
        }
        var all = old[..<start].map { Line(kind: .same, text: $0) }
        all += middle(Array(old[start..<(old.count - end)]), Array(new[start..<(new.count - end)]))
        all += old[(old.count - end)...].map { Line(kind: .same, text: $0) }
        return shortened(all)
    }

    /// By the longest common subsequence, while that is affordable.
    private static func middle(_ old: [String], _ new: [String]) -> [Line] {
        guard old.count * new.count <= maximumComparisons else {
            return old.map { Line(kind: .removed, text: $0) } + new.map { Line(kind: .added, text: $0) }
        }
        let width = new.count + 1
        var lengths = [Int32](repeating: 0, count: (old.count + 1) * width)
        for row in old.indices.reversed() {
            for column in new.indices.reversed() {
                let isSame = old[row] == new[column]
                lengths[row * width + column] =
                    isSame
                    ? lengths[(row + 1) * width + column + 1] + 1
                    : max(lengths[(row + 1) * width + column], lengths[row * width + column + 1])
            }
        }
        var lines: [Line] = []
        var (row, column) = (0, 0)
        while row < old.count, column < new.count {
            if old[row] == new[column] {
                lines.append(Line(kind: .same, text: old[row]))
                (row, column) = (row + 1, column + 1)
            } else if lengths[(row + 1) * width + column] >= lengths[row * width + column + 1] {
                lines.append(Line(kind: .removed, text: old[row]))
                row += 1
            } else {
                lines.append(Line(kind: .added, text: new[column]))
                column += 1
            }
        }
        return lines + old[row...].map { Line(kind: .removed, text: $0) }
            + new[column...].map { Line(kind: .added, text: $0) }
    }

    private static func shortened(_ lines: [Line]) -> [Line] {
        var isShown = [Bool](repeating: false, count: lines.count)
        for (index, line) in lines.enumerated() where line.kind != .same {
            for near in max(0, index - context)...min(lines.count - 1, index + context) {
                isShown[near] = true
            }
        }
        var output: [Line] = []
        for (index, line) in lines.enumerated() {
            if isShown[index] {
                output.append(line)
            } else if output.last?.kind != .gap {
                output.append(Line(kind: .gap, text: ""))
            }
        }
        return output
    }
}
