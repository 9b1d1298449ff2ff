import Base

/// Reads TOML 1.0 strictly, and keeps where everything stands.
///
/// Our own: Debian's TOML libraries have C++ templates for a face and none for C, and changing a file in place needs the
/// bytes of each statement, comments and blank lines untouched. Numbers and dates are kept as spelled; what looks
/// like neither is refused.
struct TOMLText {
    private let bytes: [UInt8]
    private var at: Int
    private var tables = TableTree()
    private var values = 0

    init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        at = start
    }

    mutating func read() throws(SettingsFault) -> MarkedValue {
        var current = 0
        while true {
            skipBlank()
            guard let byte = next else {
                return tables.root
            }
            let start = at
            if byte == UInt8(ascii: "[") {
                current = try header(start)
            } else {
                let path = try keyPath()
                guard next == UInt8(ascii: "=") else {
                    throw fault("a `=` is expected behind the key")
                }
                at += 1
                skipSpace()
                let value = try value(depth: 1)
                guard tables.set(path, value, in: current, part: start..<at) else {
                    throw fault("this key is set already", at: start)
                }
            }
            try endOfLine()
        }
    }

    private func fault(_ reason: String, at offset: Int? = nil) -> SettingsFault {
        SettingsFault(reason, at: offset ?? at, in: bytes)
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func stands(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        return at + count <= bytes.count && bytes[at..<(at + count)].isEqual(to: text)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 {
            at += 1
        }
    }

    /// White space, line ends and comments.
    private mutating func skipBlank() {
        while let byte = next {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            case UInt8(ascii: "#"): skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() {
        while let byte = next, byte != 0x0A {
            at += 1
        }
    }

    private mutating func endOfLine() throws(SettingsFault) {
        skipSpace()
        if next == UInt8(ascii: "#") {
            skipComment()
        }
        if next == 0x0D {
            at += 1
        }
        guard next == nil || next == 0x0A else {
            throw fault("the line should end here")
        }
    }

    private mutating func count() throws(SettingsFault) {
        values += 1
        guard values <= ReaderLimits.values else {
            throw fault("more than \(ReaderLimits.values) values")
        }
    }

    // MARK: - keys

    private mutating func header(_ start: Int) throws(SettingsFault) -> Int {
        try count()
        at += 1
        let isArray = next == UInt8(ascii: "[")
        if isArray {
            at += 1
        }
        skipSpace()
        let path = try keyPath()
        guard isArray ? stands("]]") : stands("]") else {
            throw fault("this table's name has no end", at: start)
        }
        at += isArray ? 2 : 1
        guard let table = tables.open(path, isArray: isArray, part: start..<at) else {
            throw fault("this table is defined already, or its name is a value", at: start)
        }
        return table
    }

    private mutating func keyPath() throws(SettingsFault) -> [ByteString] {
        var path: [ByteString] = []
        while true {
            skipSpace()
            path.append(try key())
            guard path.count <= ReaderLimits.depth else {
                throw fault("more than \(ReaderLimits.depth) levels inside each other")
            }
            skipSpace()
            guard next == UInt8(ascii: ".") else {
                return path
            }
            at += 1
        }
    }

    private mutating func key() throws(SettingsFault) -> ByteString {
        switch next {
        case UInt8(ascii: "\""): return ByteString(try basicText())
        case UInt8(ascii: "'"): return ByteString(try literalText())
        default:
            let start = at
            while let byte = next, Self.isBare(byte) {
                at += 1
            }
            guard at > start else {
                throw fault("a key is expected")
            }
            return ByteString(bytes[start..<at])
        }
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: - values

    private mutating func value(depth: Int) throws(SettingsFault) -> MarkedValue {
        try count()
        guard depth <= ReaderLimits.depth else {
            throw fault("more than \(ReaderLimits.depth) levels inside each other")
        }
        let start = at
        switch next {
        case UInt8(ascii: "\""):
            let text = stands("\"\"\"") ? try blockText(literal: false) : try basicText()
            return MarkedValue(content: .text(text), start: start)
        case UInt8(ascii: "'"):
            let text = stands("'''") ? try blockText(literal: true) : try literalText()
            return MarkedValue(content: .text(text), start: start)
        case UInt8(ascii: "["): return MarkedValue(content: .array(try elements(depth)), start: start)
        case UInt8(ascii: "{"): return MarkedValue(content: .object(try inlineTable(depth)), start: start)
        default: return MarkedValue(content: .other(try word()), start: start)
        }
    }

    private mutating func elements(_ depth: Int) throws(SettingsFault) -> [MarkedValue] {
        var elements: [MarkedValue] = []
        let start = at
        at += 1
        while true {
            skipBlank()
            if next == UInt8(ascii: "]") {
                at += 1
                return elements
            }
            elements.append(try value(depth: depth + 1))
            skipBlank()
            switch next {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "]"): continue
            case nil: throw fault("this `[` has no `]`", at: start)
            default: throw fault("a `,` or `]` is expected")
            }
        }
    }

    /// On one line, without a trailing comma (TOML 1.0, "Inline Table").
    private mutating func inlineTable(_ depth: Int) throws(SettingsFault) -> [MarkedMember] {
        var tree = TableTree()
        let start = at
        at += 1
        skipSpace()
        if next == UInt8(ascii: "}") {
            at += 1
            return []
        }
        while true {
            skipSpace()
            let keyStart = at
            let path = try keyPath()
            guard next == UInt8(ascii: "=") else {
                throw fault("a `=` is expected behind the key")
            }
            at += 1
            skipSpace()
            let value = try value(depth: depth + 1)
            let part = keyStart..<at
            skipSpace()
            let comma = next == UInt8(ascii: ",") ? at : nil
            guard tree.set(path, value, in: 0, part: part, comma: comma) else {
                throw fault("this key is set already", at: keyStart)
            }
            if comma != nil {
                at += 1
                continue
            }
            guard next == UInt8(ascii: "}") else {
                throw fault("this `{` has no `}` on its line", at: start)
            }
            at += 1
            return tree.root.members
        }
    }

    /// Truth values, numbers and dates, by what they are made of; a date may have one blank inside.
    private mutating func word() throws(SettingsFault) -> [UInt8] {
        let start = at
        while let byte = next, Self.isBare(byte) || [0x2B, 0x2E, 0x3A].contains(byte) {
            at += 1
        }
        let word = bytes[start..<at]
        let isWord = ["true", "false", "inf", "nan", "+inf", "-inf", "+nan", "-nan"].contains {
            word.elementsEqual($0.utf8)
        }
        let body = word.first == 0x2B || word.first == 0x2D ? word.dropFirst() : word
        guard isWord || body.first.map({ (0x30...0x39).contains($0) }) == true else {
            throw fault(at < bytes.count ? "this is no value" : "the file ends where a value is expected", at: start)
        }
        let isDate = word.count == 10 && word.dropFirst(4).first == 0x2D
        if isDate, next == 0x20, at + 1 < bytes.count, (0x30...0x39).contains(bytes[at + 1]) {
            at += 1
            while let byte = next, Self.isBare(byte) || [0x2B, 0x2E, 0x3A].contains(byte) {
                at += 1
            }
        }
        return Array(bytes[start..<at])
    }

    // MARK: - text

    private mutating func literalText() throws(SettingsFault) -> [UInt8] {
        let start = at
        at += 1
        let from = at
        while let byte = next, byte != UInt8(ascii: "'") {
            guard byte >= 0x20 || byte == 0x09 else {
                throw fault("this text has no closing quote on its line", at: start)
            }
            at += 1
        }
        guard next != nil else {
            throw fault("this text has no closing quote", at: start)
        }
        at += 1
        return Array(bytes[from..<(at - 1)])
    }

    private mutating func basicText() throws(SettingsFault) -> [UInt8] {
        let start = at
        at += 1
        var output: [UInt8] = []
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return output
            case UInt8(ascii: "\\"): try escape(into: &output)
            case 0x09: output.append(byte)
            case 0..<0x20: throw fault("this text has no closing quote on its line", at: start)
            default: output.append(byte)
            }
        }
        throw fault("this text has no closing quote", at: start)
    }

    private mutating func blockText(literal: Bool) throws(SettingsFault) -> [UInt8] {
        let start = at
        let quote = bytes[at]
        at += 3
        if next == 0x0D {
            at += 1
        }
        if next == 0x0A {
            at += 1
        }
        var output: [UInt8] = []
        while let byte = next {
            if byte == quote, literal ? stands("'''") : stands("\"\"\"") {
                at += 3
                // Up to two quotes may stand right before the closing three.
                while next == quote {
                    output.append(quote)
                    at += 1
                }
                return output
            }
            at += 1
            if byte == UInt8(ascii: "\\"), !literal {
                try blockEscape(into: &output)
            } else {
                output.append(byte)
            }
        }
        throw fault("this text has no closing quotes", at: start)
    }

    /// A backslash at the end of a line swallows the white space up to the next text.
    private mutating func blockEscape(into output: inout [UInt8]) throws(SettingsFault) {
        var end = at
        while end < bytes.count, [0x20, 0x09, 0x0D].contains(bytes[end]) {
            end += 1
        }
        guard end < bytes.count, bytes[end] == 0x0A else {
            return try escape(into: &output)
        }
        while let byte = next, [0x20, 0x09, 0x0D, 0x0A].contains(byte) {
            at += 1
        }
    }

    private mutating func escape(into output: inout [UInt8]) throws(SettingsFault) {
        guard let byte = next else {
            throw fault("the file ends inside a text")
        }
        at += 1
        if let plain = EscapedText.plain(byte) {
            output.append(plain)
            return
        }
        let digits = byte == UInt8(ascii: "u") ? 4 : byte == UInt8(ascii: "U") ? 8 : 0
        guard digits > 0, let scalar = EscapedText.hexadecimal(bytes, at: at, digits: digits),
            EscapedText.append(scalar, to: &output)
        else {
            throw fault("this escape is unknown", at: at - 2)
        }
        at += digits
    }
}
