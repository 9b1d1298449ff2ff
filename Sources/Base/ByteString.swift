/// An immutable run of bytes that compares, hashes and orders as bytes.
///
/// Every name a security decision turns on (a tool, a header, a key) is one of these and never a `String`: Swift's
/// strings compare by canonical equivalence, upstreams compare bytes (security.md, section 1.4).
public struct ByteString: Hashable, Sendable {
    /// The bytes themselves.
    public let bytes: [UInt8]

    /// Wraps `bytes` as they are.
    @inlinable
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Copies a slice.
    @inlinable
    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// The UTF-8 of `text`.
    @inlinable
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// How many bytes.
    @inlinable
    public var count: Int { bytes.count }

    /// Whether there is not a single byte.
    @inlinable
    public var isEmpty: Bool { bytes.isEmpty }

    /// The bytes as text for people; invalid UTF-8 shows as U+FFFD.
    ///
    /// Never compare the result.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether these are exactly the bytes of `text`.
    @inlinable
    public func isEqual(to text: StaticString) -> Bool {
        bytes.isEqual(to: text)
    }
}

extension ByteString: Comparable {
    /// Byte order, the order of RFC 8785 for ASCII and of UTF-8 in general.
    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension ByteString: ExpressibleByStringLiteral {
    /// The UTF-8 of a literal.
    public init(stringLiteral value: StaticString) {
        bytes = value.withUTF8Buffer { buffer in unsafe Array(buffer) }
    }
}

extension ByteString: CustomStringConvertible {
    /// The text for people, as `text`.
    public var description: String { text }
}

extension Collection<UInt8> {
    /// Whether this is exactly the UTF-8 of `text`; no allocation.
    @inlinable
    public func isEqual(to text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else {
            return false
        }
        return text.withUTF8Buffer { buffer in unsafe elementsEqual(buffer) }
    }

    /// Whether this starts with the UTF-8 of `text`; no allocation.
    @inlinable
    public func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else {
            return false
        }
        return text.withUTF8Buffer { buffer in unsafe starts(with: buffer) }
    }
}

extension [UInt8] {
    /// Appends the UTF-8 of a literal; at most one allocation.
    @inlinable
    public mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { buffer in unsafe append(contentsOf: buffer) }
    }

    /// Appends a whole number in decimal.
    public mutating func append(decimal value: Int) {
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var position = 20
        var rest = value.magnitude
        repeat {
            position -= 1
            digits[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if value < 0 {
            append(UInt8(ascii: "-"))
        }
        for index in position..<20 {
            append(digits[index])
        }
    }
}
