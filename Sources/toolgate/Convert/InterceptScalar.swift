import Base
import JSONText
import YAMLText

/// What a plain or quoted YAML value is in JSON.
enum InterceptScalar {
    /// The value, `nil` when readers of YAML disagree about it and the author has to say.
    static func json(_ bytes: [UInt8], isPlain: Bool) -> [UInt8]? {
        guard isPlain else {
            return quoted(bytes)
        }
        switch String(decoding: bytes, as: UTF8.self) {
        case "", "~", "null", "Null", "NULL": return Array("null".utf8)
        case "true", "True", "TRUE": return Array("true".utf8)
        case "false", "False", "FALSE": return Array("false".utf8)
        case let text where ["yes", "no", "on", "off", "y", "n"].contains(text.lowercased()): return nil
        case let text where [".inf", "+.inf", "-.inf", ".nan"].contains(text.lowercased()): return nil
        default: break
        }
        if ExactDecimal(lexeme: bytes.span) != nil {
            return bytes
        }
        return looksLikeNumber(bytes) ? nil : quoted(bytes)
    }

    /// A JSON string.
    static func quoted(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reserving: text.count + 2)
        writer.string(text)
        return writer.output
    }

    /// Octal and hexadecimal numbers, dates, times, `1_000`: nothing but what those are made of, with a digit in front.
    private static func looksLikeNumber(_ bytes: [UInt8]) -> Bool {
        let unsigned = bytes.drop { "+-.".utf8.contains($0) }
        guard unsigned.first?.decimalDigit != nil else {
            return false
        }
        return bytes.allSatisfy { "0123456789abcdefABCDEFxXoO_+-.:TZ ".utf8.contains($0) }
    }
}
