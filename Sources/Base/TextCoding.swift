/// Text forms of bytes: hexadecimal and base64 (RFC 4648), strict in both directions.
public enum TextCoding {
    /// Lower-case hexadecimal, two digits a byte.
    public static func hexadecimal(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            output.append(hexadecimalDigit(byte >> 4))
            output.append(hexadecimalDigit(byte & 15))
        }
        return output
    }

    /// The bytes behind hexadecimal of either case; `nil` for an odd length or any other character.
    public static func bytes(hexadecimal text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else {
            return nil
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let digit = character.hexadecimalDigit else {
                return nil
            }
            if let first = high {
                output.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return output
    }

    /// The standard alphabet with padding (RFC 4648, section 4).
    public static func base64(_ bytes: [UInt8]) -> [UInt8] {
        encode(bytes, last: (UInt8(ascii: "+"), UInt8(ascii: "/")), isPadded: true)
    }

    /// The URL-safe alphabet without padding (RFC 4648, section 5).
    public static func base64URL(_ bytes: [UInt8]) -> [UInt8] {
        encode(bytes, last: (UInt8(ascii: "-"), UInt8(ascii: "_")), isPadded: false)
    }

    /// Decodes the standard alphabet; padding required, unused bits must be zero, nothing else tolerated.
    public static func bytes(base64 text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else {
            return nil
        }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return decode(text[..<(text.count - padding)], last: (UInt8(ascii: "+"), UInt8(ascii: "/")))
    }

    /// Decodes the URL-safe alphabet; no padding, unused bits must be zero, nothing else tolerated.
    public static func bytes(base64URL text: [UInt8]) -> [UInt8]? {
        decode(text[...], last: (UInt8(ascii: "-"), UInt8(ascii: "_")))
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func encode(_ bytes: [UInt8], last: (UInt8, UInt8), isPadded: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let available = Swift.min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if available > 1 {
                group |= UInt32(bytes[index + 1]) << 8
            }
            if available > 2 {
                group |= UInt32(bytes[index + 2])
            }
            for position in 0...available {
                let value = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * position)) & 63
                output.append(character(value, last: last))
            }
            if isPadded {
                for _ in available..<3 {
                    output.append(UInt8(ascii: "="))
                }
            }
            index += 3
        }
        return output
    }

    private static func decode(_ text: ArraySlice<UInt8>, last: (UInt8, UInt8)) -> [UInt8]? {
        guard text.count % 4 != 1 else {
            return nil
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 3 / 4)
        var group: UInt32 = 0
        var bits = 0
        for character in text {
            guard let value = value(character, last: last) else {
                return nil
            }
            group = group << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
                group &= (1 << UInt32(bits)) - 1
            }
        }
        return group == 0 ? output : nil
    }

    private static func character(_ value: UInt8, last: (UInt8, UInt8)) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: last.0
        default: last.1
        }
    }

    private static func value(_ character: UInt8, last: (UInt8, UInt8)) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case last.0: 62
        case last.1: 63
        default: nil
        }
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit of either case, `nil` for any other byte.
    @inlinable
    public var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
