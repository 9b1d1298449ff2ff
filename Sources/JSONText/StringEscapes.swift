import Base

/// The escapes of JSON strings (RFC 8259, section 7): checked once while reading, resolved on demand.
enum StringEscapes {
    /// Checks the escape whose backslash is at `start`; returns the position after it (after both halves of a pair).
    static func check(_ text: Span<UInt8>, at start: Int, acceptingNull: Bool) throws(JSONError) -> Int {
        guard start + 1 < text.count else {
            throw JSONError(offset: text.count, reason: .unexpectedEnd)
        }
        guard text[start + 1] == UInt8(ascii: "u") else {
            guard simple(text[start + 1]) != nil else {
                throw JSONError(offset: start, reason: .invalidEscape)
            }
            return start + 2
        }
        let unit = try checkedUnit(text, at: start)
        switch unit {
        case 0 where !acceptingNull:
            throw JSONError(offset: start, reason: .nullCharacter)
        case 0xDC00...0xDFFF:
            throw JSONError(offset: start, reason: .loneSurrogate)
        case 0xD800...0xDBFF:
            let second = start + 6
            guard second + 1 < text.count, text[second] == UInt8(ascii: "\\"), text[second + 1] == UInt8(ascii: "u"),
                case 0xDC00...0xDFFF = try checkedUnit(text, at: second)
            else {
                throw JSONError(offset: start, reason: .loneSurrogate)
            }
            return start + 12
        default:
            return start + 6
        }
    }

    /// The string in `range` of `text`, which was checked, with its escapes resolved.
    static func resolved(_ text: Span<UInt8>, in range: Range<Int>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = text[index]
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                index &+= 1
                continue
            }
            if let character = simple(text[index + 1]) {
                output.append(character)
                index &+= 2
                continue
            }
            let high = unit(text, at: index) ?? 0
            index &+= 6
            if (0xD800...0xDBFF).contains(high), index + 6 <= range.upperBound, let low = unit(text, at: index) {
                append(0x10000 + (high - 0xD800) << 10 + (low &- 0xDC00) & 0x3FF, to: &output)
                index &+= 6
            } else {
                append(high, to: &output)
            }
        }
        return output
    }

    /// How many Unicode scalars the string in `range` of `text`, which was checked, has.
    static func scalarCount(_ text: Span<UInt8>, in range: Range<Int>) -> Int {
        var count = 0
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = text[index]
            if byte == UInt8(ascii: "\\") {
                guard text[index + 1] == UInt8(ascii: "u") else {
                    index &+= 2
                    count &+= 1
                    continue
                }
                // The second half of a pair counts nothing.
                if !(0xDC00...0xDFFF).contains(unit(text, at: index) ?? 0) {
                    count &+= 1
                }
                index &+= 6
                continue
            }
            if byte & 0xC0 != 0x80 {
                count &+= 1
            }
            index &+= 1
        }
        return count
    }

    /// What a two-character escape stands for, by its second character.
    private static func simple(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func checkedUnit(_ text: Span<UInt8>, at start: Int) throws(JSONError) -> UInt32 {
        guard let unit = unit(text, at: start) else {
            throw JSONError(offset: start, reason: start + 6 > text.count ? .unexpectedEnd : .invalidEscape)
        }
        return unit
    }

    /// The code unit of the `\uXXXX` at `start`.
    private static func unit(_ text: Span<UInt8>, at start: Int) -> UInt32? {
        guard start + 6 <= text.count else {
            return nil
        }
        var unit: UInt32 = 0
        for index in start + 2..<start + 6 {
            guard let digit = text[index].hexadecimalDigit else {
                return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// Appends a scalar as UTF-8; checked text never asks for a surrogate.
    private static func append(_ value: UInt32, to output: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(value) else {
            return
        }
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
