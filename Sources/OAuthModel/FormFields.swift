internal import Base

/// Names and values in `application/x-www-form-urlencoded`: how OAuth sends parameters, in bodies and queries.
///
/// Order is kept; on reading, a name that stands twice makes the whole unreadable (RFC 6749, section 3.1).
struct FormFields: Sendable {
    private(set) var fields: [(name: ByteString, value: [UInt8])] = []

    /// No fields.
    init() {}

    // LIMIT: bytes and fields of what is read; an answer of an authorisation server has about five.
    private static let maximumBytes = 16 << 10
    private static let maximumFields = 64

    /// Reads fields; `nil` when a name stands twice, an escape is broken, or there is too much of it.
    init?(_ text: some Collection<UInt8>) {
        guard text.count <= Self.maximumBytes else {
            return nil
        }
        for part in Array(text).split(separator: UInt8(ascii: "&")) {
            let name = part.prefix { $0 != UInt8(ascii: "=") }
            guard let key = Self.decoded(name), let value = Self.decoded(part.dropFirst(name.count + 1)),
                fields.count < Self.maximumFields, !fields.contains(where: { $0.name.bytes == key })
            else {
                return nil
            }
            fields.append((ByteString(key), value))
        }
    }

    /// The value of a field, decoded.
    subscript(_ name: StaticString) -> [UInt8]? {
        fields.first { $0.name.isEqual(to: name) }?.value
    }

    /// Adds a field.
    mutating func append(_ name: StaticString, _ value: some Collection<UInt8>) {
        fields.append((ByteString(Array("\(name)".utf8)), Array(value)))
    }

    /// The fields as a body or query.
    var encoded: [UInt8] {
        var output: [UInt8] = []
        for (name, value) in fields {
            if !output.isEmpty {
                output.append(UInt8(ascii: "&"))
            }
            Self.append(name.bytes, to: &output)
            output.append(UInt8(ascii: "="))
            Self.append(value, to: &output)
        }
        return output
    }

    /// Escapes everything but letters, digits and `-._~`, so that the result stands in bodies, queries and, as RFC 6749
    /// (2.3.1) wants it, inside Basic credentials.
    static func append(_ bytes: some Collection<UInt8>, to output: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output += TextCoding.hexadecimal([byte]).map { $0 >= UInt8(ascii: "a") ? $0 - 32 : $0 }
            }
        }
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"):
                output.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexadecimalDigit, let low = rest.popFirst()?.hexadecimalDigit else {
                    return nil
                }
                output.append(high << 4 | low)
            default:
                output.append(byte)
            }
        }
        return output
    }
}
