public import Base
import JSONText

/// One HTTP request of a call, without the credential: that is put in where it is sent.
public struct ConnectorRequest: Sendable {
    /// The verb.
    public let method: ConnectorMethod
    /// The path behind the base, percent-encoded, beginning with `/`.
    public let path: ByteString
    /// The query without its `?`, percent-encoded; empty for none.
    public let query: ByteString
    /// JSON, or nothing at all.
    public let body: ByteString?
    /// Whether it may be sent again when no answer came.
    public let isSafe: Bool
    /// How long its answer may be kept, in seconds; 0: not at all.
    public let cacheSeconds: Int
}

/// Percent-encoding of whole components (RFC 3986, section 2): only unreserved bytes stand for themselves.
enum PercentEncoding {
    static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "~")
    }

    static func append(_ component: ByteString, to output: inout [UInt8]) {
        for byte in component.bytes {
            if isUnreserved(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(digit(byte >> 4))
                output.append(digit(byte & 15))
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}

/// Builds requests from their templates.
enum RequestBuilder {
    /// LIMIT: bytes of a query; what is longer belongs into a body.
    static let maximumQueryBytes = 8_192

    /// The path, every argument one whole segment.
    ///
    /// - Throws: for a segment that is absent, empty, `.` or `..`, or no scalar.
    static func path(
        _ segments: [RequestTemplate.Segment],
        _ arguments: [ConnectorMember]
    ) throws(EvaluationFailure) -> ByteString {
        var output: [UInt8] = []
        for segment in segments {
            output.append("/")
            switch segment {
            case .literal(let text): output.append(contentsOf: text.bytes)
            case .argument(let name):
                let value = arguments.first { $0.key == name }?.value
                guard let text = value?.scalarText, !text.isEmpty, text != ".", text != ".." else {
                    throw .argument(name: name, reason: .text)
                }
                PercentEncoding.append(text, to: &output)
            }
        }
        return ByteString(output)
    }

    /// The query: nested keys in brackets, lists of scalars as `key[]`, lists of objects as `key[0]`.
    ///
    /// - Throws: when it is longer than any query should be.
    static func query(_ members: [ConnectorMember]) throws(EvaluationFailure) -> ByteString {
        var output: [UInt8] = []
        for member in members {
            append(member.value, under: member.key, to: &output)
        }
        guard output.count <= maximumQueryBytes else {
            throw .tooMuchWork
        }
        return ByteString(output)
    }

    /// Recursion is as deep as the value, which the reader bounds.
    private static func append(_ value: ConnectorValue, under key: ByteString, to output: inout [UInt8]) {
        switch value {
        case .list(let elements):
            for (index, element) in elements.enumerated() {
                let inner = element.scalarText == nil ? "[\(index)]" : "[]"
                append(element, under: ByteString(key.bytes + Array(inner.utf8)), to: &output)
            }
        case .object(let members):
            for member in members {
                let inner = [UInt8(ascii: "[")] + member.key.bytes + [UInt8(ascii: "]")]
                append(member.value, under: ByteString(key.bytes + inner), to: &output)
            }
        default:
            if !output.isEmpty {
                output.append("&")
            }
            PercentEncoding.append(key, to: &output)
            output.append("=")
            PercentEncoding.append(value.scalarText ?? "", to: &output)
        }
    }
}
