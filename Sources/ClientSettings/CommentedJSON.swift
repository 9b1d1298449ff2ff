import Base

/// Reads JSON as editors' settings have it: with comments and trailing commas, each noted where it stands.
///
/// Everything else is RFC 8259 to the letter; a key twice in one object is refused, for clients do not agree on which counts.
struct CommentedJSON {
    /// Where the first comment and the first trailing comma stand, which strict readers refuse.
    private(set) var firstComment: Int?
    private(set) var firstTrailingComma: Int?
    private let bytes: [UInt8]
    private var at: Int
    private var values = 0

    init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        at = start
    }

    /// The one value of the file; an empty file is an empty object, as clients take it.
    mutating func read() throws(SettingsFault) -> MarkedValue {
        try skip()
        guard at < bytes.count else {
            return MarkedValue(content: .object([]), start: at)
        }
        let value = try value(depth: 1)
        try skip()
        guard at == bytes.count else {
            throw fault("something follows the end of the document")
        }
        return value
    }

    private func fault(_ reason: String, at offset: Int? = nil) -> SettingsFault {
        SettingsFault(reason, at: offset ?? at, in: bytes)
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skip() throws(SettingsFault) {
        while let byte = next {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(SettingsFault) {
        let start = at
        guard at + 1 < bytes.count else {
            throw fault("a lone `/`")
        }
        firstComment = firstComment ?? start
        switch bytes[at + 1] {
        case UInt8(ascii: "/"):
            while let byte = next, byte != 0x0A {
                at += 1
            }
        case UInt8(ascii: "*"):
            at += 2
            while at + 1 < bytes.count, !(bytes[at] == UInt8(ascii: "*") && bytes[at + 1] == UInt8(ascii: "/")) {
                at += 1
            }
            guard at + 1 < bytes.count else {
                throw fault("this comment does not end", at: start)
            }
            at += 2
        default:
            throw fault("a lone `/`")
        }
    }

    private mutating func value(depth: Int) throws(SettingsFault) -> MarkedValue {
        values += 1
        guard depth <= ReaderLimits.depth else {
            throw fault("more than \(ReaderLimits.depth) levels inside each other")
        }
        guard values <= ReaderLimits.values else {
            throw fault("more than \(ReaderLimits.values) values")
        }
        let start = at
        switch next {
        case UInt8(ascii: "{"): return MarkedValue(content: .object(try members(depth)), start: start)
        case UInt8(ascii: "["): return MarkedValue(content: .array(try elements(depth)), start: start)
        case UInt8(ascii: "\""): return MarkedValue(content: .text(try text()), start: start)
        case nil: throw fault("the file ends where a value is expected")
        default: return MarkedValue(content: .other(try word()), start: start)
        }
    }

    private mutating func members(_ depth: Int) throws(SettingsFault) -> [MarkedMember] {
        var members: [MarkedMember] = []
        var keys: Set<ByteString> = []
        let start = at
        at += 1
        while true {
            try skip()
            if next == UInt8(ascii: "}") {
                at += 1
                return members
            }
            guard next == UInt8(ascii: "\"") else {
                throw next == nil ? fault("this `{` has no `}`", at: start) : fault("a key in quotes is expected")
            }
            let keyStart = at
            let key = ByteString(try text())
            guard keys.insert(key).inserted else {
                throw fault("this key stands twice in one object", at: keyStart)
            }
            try skip()
            guard next == UInt8(ascii: ":") else {
                throw fault("a `:` is expected behind the key")
            }
            at += 1
            try skip()
            let value = try value(depth: depth + 1)
            let part = keyStart..<at
            try skip()
            let comma = try comma(before: UInt8(ascii: "}"))
            members.append(MarkedMember(key: key, value: value, parts: [part], comma: comma))
        }
    }

    private mutating func elements(_ depth: Int) throws(SettingsFault) -> [MarkedValue] {
        var elements: [MarkedValue] = []
        let start = at
        at += 1
        while true {
            try skip()
            if next == UInt8(ascii: "]") {
                at += 1
                return elements
            }
            guard next != nil else {
                throw fault("this `[` has no `]`", at: start)
            }
            elements.append(try value(depth: depth + 1))
            try skip()
            _ = try comma(before: UInt8(ascii: "]"))
        }
    }

    /// Takes the comma behind a value; without one, only the end may follow.
    private mutating func comma(before end: UInt8) throws(SettingsFault) -> Int? {
        guard next == UInt8(ascii: ",") else {
            guard next == end else {
                throw fault("a `,` or the end is expected")
            }
            return nil
        }
        let place = at
        at += 1
        try skip()
        if next == end {
            firstTrailingComma = firstTrailingComma ?? place
        }
        return place
    }

    private mutating func word() throws(SettingsFault) -> [UInt8] {
        let start = at
        while let byte = next, Self.isWord(byte) {
            at += 1
        }
        let word = Array(bytes[start..<at])
        let isLiteral = word.isEqual(to: "true") || word.isEqual(to: "false") || word.isEqual(to: "null")
        guard isLiteral || Self.isNumber(word) else {
            throw fault("this is no value", at: start)
        }
        return word
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// RFC 8259, section 6.
    private static func isNumber(_ word: [UInt8]) -> Bool {
        var rest = word[...]
        func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
            let run = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        if rest.first == UInt8(ascii: "-") {
            rest = rest.dropFirst()
        }
        let hasZero = rest.first == 0x30
        let whole = digits(&rest)
        guard whole == 1 || whole > 1 && !hasZero else {
            return false
        }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits(&rest) > 0 else {
                return false
            }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest = rest.dropFirst()
            }
            guard digits(&rest) > 0 else {
                return false
            }
        }
        return rest.isEmpty
    }

    private mutating func text() throws(SettingsFault) -> [UInt8] {
        let start = at
        at += 1
        var output: [UInt8] = []
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return output
            case UInt8(ascii: "\\"): try escape(into: &output)
            case 0..<0x20: throw fault("a line end or control character inside quotes", at: at - 1)
            default: output.append(byte)
            }
        }
        throw fault("this text has no closing quote", at: start)
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
        if byte == UInt8(ascii: "/") {
            output.append(byte)
            return
        }
        guard byte == UInt8(ascii: "u"), let unit = EscapedText.hexadecimal(bytes, at: at, digits: 4) else {
            throw fault("this escape is unknown", at: at - 2)
        }
        at += 4
        var scalar = unit
        if (0xD800..<0xDC00).contains(unit), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
            bytes[at + 1] == UInt8(ascii: "u"),
            let low = EscapedText.hexadecimal(bytes, at: at + 2, digits: 4), (0xDC00..<0xE000).contains(low)
        {
            scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            at += 6
        }
        guard EscapedText.append(scalar, to: &output) else {
            throw fault("half a surrogate pair", at: at - 6)
        }
    }
}

/// What JSON and TOML share in how text is escaped.
enum EscapedText {
    static func plain(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    static func hexadecimal(_ bytes: [UInt8], at start: Int, digits: Int) -> UInt32? {
        guard start + digits <= bytes.count else {
            return nil
        }
        var value: UInt32 = 0
        for byte in bytes[start..<(start + digits)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Whether the number is a character.
    static func append(_ scalar: UInt32, to output: inout [UInt8]) -> Bool {
        guard let character = Unicode.Scalar(scalar) else {
            return false
        }
        output.append(contentsOf: String(character).utf8)
        return true
    }
}
