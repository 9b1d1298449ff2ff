import Base

/// The one place that decides, from a head's fields, where its body ends and whether the connection lives on.
enum MessageFraming {
    /// The length rule of the fields (RFC 9112, section 6.3), `nil` when they hold none.
    ///
    /// Either `Content-Length` with plain digits or `Transfer-Encoding: chunked` to the letter; both together are
    /// refused even where RFC 9112 allows to prefer one, because the next parser may prefer the other (threat C1).
    static func declared(_ fields: HTTPFields, minorVersion: Int) throws(HTTPWireError) -> HTTPBodyFraming? {
        let length = fields[.contentLength]
        guard let coding = fields[.transferEncoding] else {
            guard let length else {
                return nil
            }
            guard let count = wholeNumber(length) else {
                throw .malformedContentLength
            }
            return .length(count)
        }
        guard length == nil, minorVersion == 1 else {
            throw .ambiguousLength
        }
        guard coding.isEqual(to: "chunked") else {
            throw .unsupportedTransferCoding
        }
        return .chunked
    }

    /// One to eighteen digits without leading zeros: always fits an `Int`.
    static func wholeNumber(_ text: ArraySlice<UInt8>) -> Int? {
        guard (1...18).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else {
            return nil
        }
        var value = 0
        for byte in text {
            guard let digit = byte.decimalDigit else {
                return nil
            }
            value = value * 10 + Int(digit)
        }
        return value
    }

    /// Refuses a body with a content coding: nothing here inflates anything (threats C7 and E10).
    static func refuseEncoding(_ fields: HTTPFields) throws(HTTPWireError) {
        if let coding = fields[.contentEncoding], !coding.isEqualIgnoringCase(to: "identity") {
            throw .encodedBody
        }
    }

    /// Whether the connection persists: 1.1, and no `Connection: close`.
    ///
    /// Refuses a `Connection` that names a field other than the connection's own: with it a client could make the next
    /// hop drop `Authorization` or `Mcp-Name` (threat C5).
    static func keepsAlive(_ fields: HTTPFields, minorVersion: Int) throws(HTTPWireError) -> Bool {
        guard fields.contains(.connection) else {
            return minorVersion == 1
        }
        let table = KnownFieldTable.shared
        let bytes = fields.bytes
        var isClosing = false
        for entry in fields.entries where entry.known == KnownField.connection.rawValue {
            var rest = entry.valueRange
            while !rest.isEmpty {
                let end = bytes.span.firstPosition(of: UInt8(ascii: ","), from: rest.lowerBound, to: rest.upperBound)
                let name = bytes[rest.lowerBound..<end].withoutBlanks
                rest = min(end + 1, rest.upperBound)..<rest.upperBound
                if name.isEqualIgnoringCase(to: "close") {
                    isClosing = true
                } else if let known = table.field(named: name), !known.isHopByHop {
                    throw .nominatedField
                } else if name.count >= 4, name.prefix(4).isEqualIgnoringCase(to: "mcp-") {
                    throw .nominatedField
                }
            }
        }
        return minorVersion == 1 && !isClosing
    }
}
