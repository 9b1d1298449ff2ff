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

    /// Compares by words: most names are compared with their equal, which is another copy of them.
    public static func == (left: ByteString, right: ByteString) -> Bool {
        let count = left.bytes.count
        return count == right.bytes.count && left.bytes.span.isEqual(0..<count, to: right.bytes.span, 0..<count)
    }

    /// Feeds all bytes at once: what the library does for arrays, one by one, costs ten times as much.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
        // SAFETY: the hasher reads the buffer during the call only.
        unsafe bytes.withUnsafeBytes { buffer in unsafe hasher.combine(bytes: buffer) }
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

/// Comparison by machine words.
@usableFromInline
enum Words {
    /// Whether two runs of one length hold the same bytes.
    @inlinable
    static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: every load lies below `count`, which both runs were checked to have.
        let count = left.count
        guard right.count == count else {
            return false
        }
        guard count >= 8 else {
            return unsafe left.elementsEqual(right)
        }
        var offset = 0
        while offset < count - 8 {
            if unsafe word(left, offset) != word(right, offset) {
                return false
            }
            offset += 8
        }
        // The last word may overlap the one before.
        return unsafe word(left, count - 8) == word(right, count - 8)
    }

    @inlinable
    static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}

extension Collection<UInt8> {
    /// Whether this is exactly the UTF-8 of `text`; no allocation.
    @inlinable
    public func isEqual(to text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else {
            return false
        }
        return text.withUTF8Buffer { buffer in
            // By words where the bytes lie together: keys of messages are compared more often than anything else.
            let isEqual = withContiguousStorageIfAvailable { own in
                unsafe Words.areEqual(UnsafeRawBufferPointer(own), UnsafeRawBufferPointer(buffer))
            }
            return unsafe isEqual ?? elementsEqual(buffer)
        }
    }

    /// Whether this starts with the UTF-8 of `text`; no allocation.
    @inlinable
    public func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else {
            return false
        }
        return text.withUTF8Buffer { buffer in
            let isPrefix = withContiguousStorageIfAvailable { own in
                let start = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: own[..<buffer.count]))
                return unsafe Words.areEqual(start, UnsafeRawBufferPointer(buffer))
            }
            return unsafe isPrefix ?? starts(with: buffer)
        }
    }
}

extension [UInt8] {
    /// Whether the bytes in `range`, which must lie inside, are exactly the UTF-8 of `text`; no slice is made.
    @inlinable
    public func isEqual(to text: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else {
            return false
        }
        return unsafe withUnsafeBytes { own in
            text.withUTF8Buffer { buffer in
                // SAFETY: slicing checks that the range lies inside.
                unsafe Words.areEqual(
                    UnsafeRawBufferPointer(rebasing: own[range]),
                    UnsafeRawBufferPointer(buffer)
                )
            }
        }
    }

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
        append(digits.span, position..<20)
    }
}
