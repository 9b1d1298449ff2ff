import Base
import YAMLText

/// YAML as the tree of this room: libyaml says where things begin, their ends follow from how lines are indented.
struct MarkedYAML {
    private let bytes: [UInt8]
    /// Where each line starts.
    private let lines: [Int]
    /// LIMIT: lines that are looked at for ends, over all members; beyond it an end is a guess, which no change survives.
    private var left = 1_000_000
    private var last = (line: 0, column: 1, offset: 0)

    static func read(_ bytes: [UInt8], from start: Int) throws(SettingsFault) -> MarkedValue {
        let limits = YAMLLimits(
            maximumBytes: ReaderLimits.bytes,
            maximumDepth: ReaderLimits.depth,
            maximumNodes: ReaderLimits.values
        )
        do throws(YAMLError) {
            let root = try YAMLDocument.parse(Array(bytes[start...]), limits: limits)
            var marked = MarkedYAML(bytes, from: start)
            return marked.value(root)
        } catch {
            if case .empty = error.reason {
                return MarkedValue(content: .object([]), start: start)
            }
            throw SettingsFault("\(error.reason)", line: error.position.line, column: error.position.column)
        }
    }

    private init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        // As libyaml counts: a lone return ends a line too, and so do U+0085, U+2028 and U+2029.
        var lines = [start]
        for index in bytes.indices.dropFirst(start) {
            switch bytes[index] {
            case 0x0A: lines.append(index + 1)
            case 0x0D where index + 1 == bytes.count || bytes[index + 1] != 0x0A: lines.append(index + 1)
            case 0x85 where index > 0 && bytes[index - 1] == 0xC2: lines.append(index + 1)
            case 0xA8, 0xA9:
                if index > 1, bytes[index - 1] == 0x80, bytes[index - 2] == 0xE2 {
                    lines.append(index + 1)
                }
            default: break
            }
        }
        self.lines = lines
    }

    /// Recursion ends at the document's depth limit.
    private mutating func value(_ node: YAMLNode) -> MarkedValue {
        let start = offset(node.position)
        switch node.content {
        case .scalar(let text, let isPlain):
            return MarkedValue(content: isPlain && Self.isOther(text) ? .other(text) : .text(text), start: start)
        case .sequence(let nodes):
            var values: [MarkedValue] = []
            for node in nodes {
                values.append(value(node))
            }
            return MarkedValue(content: .array(values), start: start)
        case .mapping(let entries):
            var members: [MarkedMember] = []
            for entry in entries {
                let part = oneLine(entry) ?? part(from: entry.keyPosition)
                members.append(
                    MarkedMember(key: ByteString(entry.key), value: value(entry.value), parts: [part], comma: nil)
                )
            }
            return MarkedValue(content: .object(members), start: start)
        }
    }

    /// Truth values, nothing and numbers; the rest of what plain scalars can be is text to the clients that read this.
    private static func isOther(_ text: [UInt8]) -> Bool {
        if ["true", "false", "null", "~", ""].contains(where: { text.elementsEqual($0.utf8) }) {
            return true
        }
        return text.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }
            && text.contains { $0 >= 0x30 }
    }

    /// Columns count characters; asked for in the order of the text, this is linear in it.
    private mutating func offset(_ position: YAMLPosition) -> Int {
        guard lines.indices.contains(position.line - 1) else {
            return bytes.count
        }
        if last.line != position.line || last.column > position.column {
            last = (position.line, 1, lines[position.line - 1])
        }
        while last.column < position.column, last.offset < bytes.count {
            last.offset += 1
            while last.offset < bytes.count, bytes[last.offset] & 0xC0 == 0x80 {
                last.offset += 1
            }
            last.column += 1
        }
        return last.offset
    }

    /// A member whose plain value stands as it is on the key's line: a comment behind it is not part of it.
    private mutating func oneLine(_ entry: YAMLEntry) -> Range<Int>? {
        guard case .scalar(let text, true) = entry.value.content, !text.isEmpty,
            entry.keyPosition.line == entry.value.line
        else {
            return nil
        }
        let key = offset(entry.keyPosition)
        let start = offset(entry.value.position)
        let end = start + text.count
        return end <= bytes.count && bytes[start..<end].elementsEqual(text) ? key..<end : nil
    }

    /// A member of a block mapping: its line, and the lines below that are indented deeper, or are its list.
    ///
    /// Wrong for what stands between braces; whoever changes bytes by it reads the result again and compares.
    private mutating func part(from position: YAMLPosition) -> Range<Int> {
        let start = offset(position)
        guard lines.indices.contains(position.line - 1) else {
            return start..<start
        }
        let column = position.column - 1
        var end = endOfLine(position.line - 1)
        var line = position.line
        while line < lines.count, left > 0 {
            left -= 1
            let stop = endOfLine(line)
            let indent = bytes[lines[line]..<stop].prefix { $0 == 0x20 }.count
            let first = lines[line] + indent < stop ? bytes[lines[line] + indent] : 0x0A
            let isBlank = first == 0x0A || first == 0x0D
            let isOwn = indent > column || indent == column && first == UInt8(ascii: "-")
            guard isBlank || isOwn else {
                break
            }
            if !isBlank {
                end = stop
            }
            line += 1
        }
        return start..<max(start, end)
    }

    /// Where the line's text ends, before its line feed.
    private func endOfLine(_ line: Int) -> Int {
        let next = line + 1 < lines.count ? lines[line + 1] - 1 : bytes.count
        return next > lines[line] && bytes[next - 1] == 0x0D ? next - 1 : next
    }
}
