/// Text that may hold what strangers wrote, made safe to look at (security.md, E9).
///
/// Control characters of C0 and C1, DEL and the marks that turn the direction of writing become `\uXXXX`, as JSON escapes
/// them: the same in what programs read, harmless on a terminal. Line feeds and tabs stay, and colours where we use them.
enum TerminalText {
    /// Takes out of a text whatever a terminal acts on; linear.
    static func safe(_ text: [UInt8], keepsColours: Bool) -> [UInt8] {
        guard text.contains(where: mayBegin) else {
            return text
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 64)
        var rest = text[...]
        while let byte = rest.first {
            if keepsColours, let count = colourLength(rest) {
                output.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
            } else if mayBegin(byte), let (scalar, count) = harmful(rest) {
                append(escape: scalar, to: &output)
                rest = rest.dropFirst(count)
            } else {
                output.append(byte)
                rest = rest.dropFirst()
            }
        }
        return output
    }

    private static func mayBegin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09, 0x0a: false
        case 0..<0x20, 0x7f, 0xc2, 0xd8, 0xe2: true
        default: false
        }
    }

    /// The scalar at the front and its length in bytes, if it must not be shown.
    private static func harmful(_ text: ArraySlice<UInt8>) -> (scalar: UInt32, count: Int)? {
        let bytes = Array(text.prefix(3))
        switch bytes.count {
        case 1... where bytes[0] < 0x80:
            return (UInt32(bytes[0]), 1)
        case 2... where bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0:
            return (UInt32(bytes[1]), 2)
        case 2... where bytes[0] == 0xd8 && bytes[1] == 0x9c:
            return (0x61c, 2)
        case 3... where bytes[0] == 0xe2 && (bytes[1] == 0x80 || bytes[1] == 0x81):
            let scalar = 0x2000 | UInt32(bytes[1] & 1) << 6 | UInt32(bytes[2] & 0x3f)
            let isMark = (0x200e...0x200f).contains(scalar) || (0x2028...0x202e).contains(scalar)
            return isMark || (0x2066...0x2069).contains(scalar) ? (scalar, 3) : nil
        default:
            return nil
        }
    }

    /// The length of one of our own colours at the front.
    private static func colourLength(_ text: ArraySlice<UInt8>) -> Int? {
        guard text.starts(with: "\u{1b}[".utf8) else {
            return nil
        }
        return ["31m", "32m", "33m", "2m", "1m", "0m"].first { text.dropFirst(2).starts(with: $0.utf8) }
            .map { 2 + $0.utf8.count }
    }

    private static func append(escape scalar: UInt32, to output: inout [UInt8]) {
        output.append(contentsOf: #"\u"#.utf8)
        for shift: UInt32 in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: scalar >> shift & 15)
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
