public import Base
public import JSONText

/// A JSON-RPC id or a progress token: a string or a whole number, kept as the very bytes that were read.
///
/// Equality is the value's, not the spelling's: `"a"` and `"\u0061"` are one id. Neither null, nor fractions, exponents,
/// `-0` or anything beyond 64 bits is an id (A11, MS-05): two implementations would read them differently.
public struct RequestID: Sendable {
    /// The id as JSON, for echoing.
    public let json: [UInt8]
    /// The same value in one spelling; `nil` when `json` already is that.
    private let canonical: [UInt8]?

    /// The most bytes an id may have on the wire; our own sealed ids fit.
    public static let maximumBytes = 1024

    /// The id that `value` is; `nil` when it is none.
    public init?(_ value: JSONValue) {
        guard value.range.count <= RequestID.maximumBytes else {
            return nil
        }
        switch value.kind {
        case .string:
            guard let string = value.string else {
                return nil
            }
            json = Array(value.rawBytes)
            canonical = json.contains(UInt8(ascii: "\\")) ? RequestID.quoted(string.bytes) : nil
        case .number:
            guard RequestID.isPlainInteger(value.rawBytes) else {
                return nil
            }
            json = Array(value.rawBytes)
            canonical = nil
        default:
            return nil
        }
    }

    /// A whole number as id, as the gateway counts its own requests.
    public init(_ number: Int) {
        var text: [UInt8] = []
        text.append(decimal: number)
        json = text
        canonical = nil
    }

    /// A text as id, for the sealed ids the gateway gives to a server's requests.
    public init(text: ByteString) {
        json = RequestID.quoted(text.bytes)
        canonical = nil
    }

    /// The number, when it is one.
    public var number: Int? {
        json.first == UInt8(ascii: "\"") ? nil : Int(String(decoding: json, as: UTF8.self))
    }

    /// The text, when it is one and needed no escapes; sealed ids never do.
    public var plainText: ByteString? {
        let spelled = canonical ?? json
        guard spelled.count >= 2, spelled[0] == UInt8(ascii: "\""), !spelled.contains(UInt8(ascii: "\\")) else {
            return nil
        }
        return ByteString(spelled[1..<(spelled.count - 1)])
    }

    /// An optional minus, no leading zeros (JSON's grammar sees to that), digits only, 64 bits.
    private static func isPlainInteger(_ lexeme: ArraySlice<UInt8>) -> Bool {
        var value = 0
        var isNegative = false
        for (position, byte) in lexeme.enumerated() {
            if position == 0, byte == UInt8(ascii: "-") {
                isNegative = true
                continue
            }
            guard let digit = byte.decimalDigit else {
                return false
            }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (next, overflowedAgain) =
                isNegative
                ? scaled.subtractingReportingOverflow(Int(digit)) : scaled.addingReportingOverflow(Int(digit))
            guard !overflowed, !overflowedAgain else {
                return false
            }
            value = next
        }
        return !(isNegative && value == 0)
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reserving: text.count + 2)
        writer.string(text)
        return writer.output
    }
}

extension RequestID: Hashable {
    /// Whether both are the same value of the same type.
    public static func == (left: RequestID, right: RequestID) -> Bool {
        (left.canonical ?? left.json) == (right.canonical ?? right.json)
    }

    /// Hashes the value.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(canonical ?? json)
    }
}
