public import Base

/// Where a list goes on: the place behind which the next page begins, opaque to clients.
public struct Cursor: Hashable, Sendable {
    /// Which list it is of; a cursor of another list is none.
    public let list: String
    /// The parts of the place.
    public let parts: [ByteString]

    /// A cursor from its parts.
    public init(list: String, _ parts: [ByteString]) {
        self.list = list
        self.parts = parts
    }

    /// As clients see it: letters, digits, `-` and `_`.
    public var text: String {
        var bytes = Array(list.utf8)
        for part in parts {
            bytes.append(0)
            // NUL ends a part, so it is written as two bytes, as is the one that announces it.
            for byte in part.bytes {
                bytes.append(contentsOf: byte < 2 ? [1, byte + 1] : [byte])
            }
        }
        return String(decoding: TextCoding.base64URL(bytes), as: UTF8.self)
    }

    /// Reads what ``text`` wrote for this list; `nil` for anything else.
    public init?(_ text: [UInt8], list: String, parts count: Int) {
        guard let bytes = TextCoding.bytes(base64URL: text) else {
            return nil
        }
        var fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
        guard fields.count == count + 1, fields.removeFirst().elementsEqual(list.utf8) else {
            return nil
        }
        self.list = list
        var parts: [ByteString] = []
        for field in fields {
            guard let part = Self.unescaped(field) else {
                return nil
            }
            parts.append(ByteString(part))
        }
        self.parts = parts
    }

    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8]? {
        var part: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            guard field[index] == 1 else {
                part.append(field[index])
                index += 1
                continue
            }
            guard index + 1 < field.endIndex, (1...2).contains(field[index + 1]) else {
                return nil
            }
            part.append(field[index + 1] - 1)
            index += 2
        }
        return part
    }
}

/// An entity tag (RFC 9110, section 8.8.3), always a strong one.
public struct EntityTag: Hashable, Sendable {
    /// What stands between the quotes: visible ASCII without quotes.
    public let opaque: [UInt8]

    /// The tag of a digest: its first 16 bytes in hexadecimal digits.
    public init(digest: [UInt8]) {
        opaque = TextCoding.hexadecimal(digest.prefix(16))
    }

    /// Reads one strong tag; `nil` for weak ones, lists and anything else.
    public init?(field: some Collection<UInt8>) {
        let bytes = Array(field)
        guard bytes.count > 2, bytes.first == 0x22, bytes.last == 0x22 else {
            return nil
        }
        let inner = bytes[1..<(bytes.count - 1)]
        guard inner.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 }) else {
            return nil
        }
        opaque = Array(inner)
    }

    /// As it stands in a field.
    public var field: [UInt8] { [0x22] + opaque + [0x22] }
}

/// What an edit says the state has to be.
public enum Precondition: Hashable, Sendable {
    /// Nothing.
    case none
    /// The record has this tag: `If-Match`.
    case matches(EntityTag)
    /// There is no record yet: `If-None-Match: *`.
    case absent
}
