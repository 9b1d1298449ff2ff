public import Base
public import JSONText

/// A JSON-RPC id or a progress token: a string or a whole number, echoed in the very bytes that were read.
///
/// Equality is the value's, not the spelling's: `"a"` and `"\u0061"` are one id. Neither null, nor fractions, exponents,
/// `-0` or anything beyond 64 bits is an id (A11, MS-05): two implementations would read them differently.
public struct RequestID: Sendable {
    /// The number, when it is one.
    public let number: Int?
    /// A text as JSON, quotes included, as it was written; empty for numbers, whose spelling is the number's only one.
    private let quoted: [UInt8]
    /// The same text in one spelling; `nil` when `quoted` already is that.
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
            number = nil
            quoted = Array(value.rawBytes)
            canonical = string.hasEscapes ? RequestID.quoted(string.bytes) : nil
        case .number:
            let bytes = value.document.bytes
            guard let whole = RequestID.plainInteger(bytes.span.extracting(value.range)) else {
                return nil
            }
            number = whole
            quoted = []
            canonical = nil
        default:
            return nil
        }
    }

    /// A whole number as id, as the gateway counts its own requests.
    public init(_ number: Int) {
        self.number = number
        quoted = []
        canonical = nil
    }

    /// A text as id, for the sealed ids the gateway gives to a server's requests.
    public init(text: ByteString) {
        number = nil
        quoted = RequestID.quoted(text.bytes)
        canonical = nil
    }

    /// The id as JSON, for echoing.
    public var json: [UInt8] {
        guard let number else {
            return quoted
        }
        var text: [UInt8] = []
        text.append(decimal: number)
        return text
    }

    /// The text, when it is one and needed no escapes; sealed ids never do.
    public var plainText: ByteString? {
        let spelled = canonical ?? quoted
        guard spelled.count >= 2, !spelled.contains(UInt8(ascii: "\\")) else {
            return nil
        }
        return ByteString(spelled[1..<(spelled.count - 1)])
    }

    /// Writes the id, as ``json``.
    func append(to writer: inout JSONWriter) {
        if let number {
            writer.number(number)
        } else {
            writer.raw(quoted)
        }
    }

    /// An optional minus, no leading zeros (JSON's grammar sees to that), digits only, 64 bits.
    private static func plainInteger(_ lexeme: Span<UInt8>) -> Int? {
        var value = 0
        let isNegative = !lexeme.isEmpty && lexeme[0] == UInt8(ascii: "-")
        for position in (isNegative ? 1 : 0)..<lexeme.count {
            guard let digit = lexeme[position].decimalDigit else {
                return nil
            }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (next, overflowedAgain) =
                isNegative
                ? scaled.subtractingReportingOverflow(Int(digit)) : scaled.addingReportingOverflow(Int(digit))
            guard !overflowed, !overflowedAgain else {
                return nil
            }
            value = next
        }
        return isNegative && value == 0 ? nil : value
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
        left.number == right.number && (left.canonical ?? left.quoted) == (right.canonical ?? right.quoted)
    }

    /// Hashes the value.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(number)
        hasher.combine(canonical ?? quoted)
    }
}
