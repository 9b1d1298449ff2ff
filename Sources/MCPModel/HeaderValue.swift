import Base
import JSONText

/// The text form of `Mcp-Name` and `Mcp-Param-*` (26/http): plain visible ASCII, or base64 between two markers.
///
/// Strict in both directions (A7): a value between the markers must decode to UTF-8 in the one padded spelling, a value
/// outside them must be visible ASCII with inner spaces only. The markers compare with case; a value that carries only
/// one of them is plain. An ASCII-safe text in base64 is accepted, as the specification allows it.
public enum HeaderValue {
    private static let opening: StaticString = "=?base64?"
    private static let closing: StaticString = "?="

    /// What a received value means; `nil` when it is malformed.
    ///
    /// White space around it must be trimmed already.
    public static func decoded(_ value: ArraySlice<UInt8>) -> [UInt8]? {
        let frame = opening.utf8CodeUnitCount + closing.utf8CodeUnitCount
        if value.count >= frame, value.hasPrefix(opening), value.suffix(2).isEqual(to: closing) {
            let text = value.dropFirst(opening.utf8CodeUnitCount).dropLast(closing.utf8CodeUnitCount)
            guard let bytes = TextCoding.bytes(base64: Array(text)), UTF8Check.isValid(bytes.span) else {
                return nil
            }
            return bytes
        }
        return isPlain(value) ? Array(value) : nil
    }

    /// Whether a received value means exactly `text`; `nil` when it is malformed.
    ///
    /// Allocates only for base64.
    public static func means(_ value: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool? {
        if value.hasPrefix(opening) {
            return decoded(value).map { $0 == text }
        }
        guard isPlain(value) else {
            return nil
        }
        return value.span.isEqual(0..<value.count, to: text.span, 0..<text.count)
    }

    /// The value that carries `text`: plain where it can be, between the markers where it must.
    public static func encoded(_ text: [UInt8]) -> [UInt8] {
        if isPlain(text[...]), !text.hasPrefix(opening) {
            return text
        }
        var value: [UInt8] = []
        value.reserveCapacity((text.count + 2) / 3 * 4 + 11)
        value.append(opening)
        value.append(contentsOf: TextCoding.base64(text))
        value.append(closing)
        return value
    }

    /// Visible ASCII, with spaces inside only.
    ///
    /// A tab would be legal in a field and is not worth its ambiguity.
    static func isPlain(_ value: ArraySlice<UInt8>) -> Bool {
        let text = value.span
        guard let last = text.indices.last else {
            return true
        }
        let space = UInt8(ascii: " ")
        return text[0] != space && text[last] != space && text.endOfPlainText(from: 0, to: text.count) == text.count
    }
}
