internal import Base

extension [UInt8] {
    /// Appends `text` as a JSON string of a row: safe on a terminal whatever a stranger put into it (security.md, E4, E9).
    ///
    /// Quote, backslash, every control character (C0, DEL, C1) and every character that shows nothing or turns the
    /// direction of writing becomes `\uXXXX`, two of them above U+FFFF; bytes that are not UTF-8 become U+FFFD.
    mutating func append(rowText text: [UInt8]) {
        append(rowText: text.span)
    }

    /// The same for text.
    mutating func append(rowText text: String) {
        append(rowText: text.utf8.span)
    }

    private mutating func append(rowText text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        // Nearly every text is one run of plain ASCII, copied at once.
        let end = text.endOfPlainText(from: 0, to: text.count)
        if end == text.count, text.endOfStringText(from: 0, to: end) == end {
            append(text)
        } else {
            append(escaping: text)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping text: Span<UInt8>) {
        for scalar in String(decoding: Array(text), as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5c:
                append(UInt8(ascii: "\\"))
                append(UInt8(truncatingIfNeeded: scalar.value))
            case let value where InvisibleText.contains(value):
                for unit in String(scalar).utf16 {
                    append(escape: unit)
                }
            default:
                append(contentsOf: String(scalar).utf8)
            }
        }
    }

    private mutating func append(escape unit: UInt16) {
        append(#"\u"#)
        for shift: UInt16 in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// `,"key":` with its string, for a field that is there only when it has a value.
    mutating func append(field key: StaticString, _ text: ByteString?) {
        guard let text else {
            return
        }
        append(key)
        append(rowText: text.bytes)
    }

    /// A count, of which the format knows none above 2^63 - 1.
    mutating func append(count: UInt64) {
        append(decimal: Int(clamping: count))
    }
}

/// The characters a row never holds as they are.
enum InvisibleText {
    /// Whether a scalar value is a control, a format character, a line or paragraph separator, or a variation selector.
    static func contains(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0xad: true
        case 0x20..<0x600: false
        case 0x600...0x605, 0x61c, 0x6dd, 0x70f, 0x890...0x891, 0x8e2, 0x180b...0x180f: true
        case 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f: true
        case 0xfe00...0xfe0f, 0xfeff, 0xfff0...0xfffb: true
        case 0x110bd, 0x110cd, 0x13430...0x1345f, 0x1bca0...0x1bca3, 0x1d173...0x1d17a, 0xe0000...0xe0fff: true
        default: false
        }
    }
}
