public import Base

/// What the target of a request says, decoded strictly.
public struct Target: Sendable {
    /// The segments behind `/api/v1/`, as they stood.
    let segments: [ArraySlice<UInt8>]
    /// The parameters of the query, decoded.
    public let query: [(name: ByteString, value: ByteString)]

    /// The beginning of every path of the API.
    public static let root = "/api/v1"

    /// Reads a path below ``root`` and a query.
    ///
    /// - Throws: ``Problem`` for a query that cannot be decoded.
    public init?(path: ArraySlice<UInt8>, query: ArraySlice<UInt8>?) throws(Problem) {
        guard path.starts(with: Self.root.utf8) else {
            return nil
        }
        let rest = path.dropFirst(Self.root.utf8.count)
        guard rest.first == UInt8(ascii: "/") else {
            return nil
        }
        segments = rest.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        self.query = try Self.pairs(query ?? [])
    }

    /// LIMIT: parameters of a query.
    private static let maximumParameters = 32

    private static func pairs(_ query: ArraySlice<UInt8>) throws(Problem) -> [(name: ByteString, value: ByteString)] {
        var pairs: [(name: ByteString, value: ByteString)] = []
        for part in query.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < maximumParameters else {
                throw Problem(.malformed, "the query has more than \(maximumParameters) parameters")
            }
            let cut = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let value = cut < part.endIndex ? part[(cut + 1)...] : []
            guard let name = decoded(part[..<cut], plusIsSpace: true), let value = decoded(value, plusIsSpace: true)
            else {
                throw Problem(
                    .malformed,
                    "the query cannot be decoded",
                    remedy: "write bytes as % and two hexadecimal digits, and only UTF-8 without control characters"
                )
            }
            pairs.append((name, value))
        }
        return pairs
    }

    /// Percent-decoded UTF-8 without control characters; `nil` for anything else.
    static func decoded(_ text: ArraySlice<UInt8>, plusIsSpace: Bool = false) -> ByteString? {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < text.endIndex, let high = text[index + 1].hexadecimalDigit,
                    let low = text[index + 2].hexadecimalDigit
                else {
                    return nil
                }
                bytes.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
                index += 1
            default:
                bytes.append(text[index])
                index += 1
            }
        }
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            return nil
        }
        return ByteString(bytes)
    }
}
