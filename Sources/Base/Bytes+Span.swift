extension [UInt8] {
    /// A copy of the bytes.
    @inlinable
    public init(_ bytes: Span<UInt8>) {
        self = []
        append(bytes)
    }

    /// Appends all of `bytes`; one copy, at most one allocation.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>) {
        // SAFETY: the buffer lives for the closure only, and appending copies out of it.
        unsafe bytes.withUnsafeBufferPointer { buffer in unsafe append(contentsOf: buffer) }
    }

    /// Appends the bytes of `bytes` at `range`, which must lie within it.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        append(bytes.extracting(range))
    }
}

extension Span<UInt8> {
    /// The first position from `start` on and below `end` that is not plain ASCII text (0x20 to 0x7E); else `end`.
    ///
    /// Looks at eight bytes a step: a quarter of the cost of one by one, measured on the heads of requests.
    @inlinable
    public func endOfPlainText(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= count)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= end {
            // SAFETY: eight bytes from `index` lie below `end`, which was checked against the count above.
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            // A byte below 0x20 borrows into its top bit, one from 0x7F carries into it or has it. Borrows and carries
            // can reach into higher bytes, never into lower ones, so the lowest mark is exact.
            let marks = (((word &- ones &* 0x20) & ~word) | (word &+ ones) | word) & tops
            if marks != 0 {
                return index &+ marks.trailingZeroBitCount / 8
            }
            index &+= 8
        }
        while index < end, self[index] &- 0x20 < 0x5F {
            index &+= 1
        }
        return index
    }

    /// The first position from `start` on and below `end` that ends a run of a JSON string's plain text: a quote, a
    /// backslash, or a byte outside 0x20 to 0x7F; else `end`.
    ///
    /// Looks at eight bytes a step.
    @inlinable
    @inline(__always)
    public func endOfStringText(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= count)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= end {
            // SAFETY: eight bytes from `index` lie below `end`, which was checked against the count above.
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            // A byte below 0x20 borrows into its top bit, and so do the two marks once they are zero; bytes from 0x80
            // have it. Borrows reach into higher bytes only, so the lowest mark is exact.
            let quotes = (word ^ ones &* UInt64(UInt8(ascii: "\""))) &- ones
            let backslashes = (word ^ ones &* UInt64(UInt8(ascii: "\\"))) &- ones
            let marks = ((word &- ones &* 0x20) | quotes | backslashes | word) & tops
            if marks != 0 {
                return index &+ marks.trailingZeroBitCount / 8
            }
            index &+= 8
        }
        while index < end, self[index] &- 0x20 < 0x60, self[index] != UInt8(ascii: "\""),
            self[index] != UInt8(ascii: "\\")
        {
            index &+= 1
        }
        return index
    }

    /// Whether the bytes in `range` are those of `other` in `otherRange`; both ranges must lie within.
    ///
    /// Compares by words; ranges of different length are not equal.
    @inlinable
    public func isEqual(_ range: Range<Int>, to other: Span<UInt8>, _ otherRange: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        precondition(otherRange.lowerBound >= 0 && otherRange.upperBound <= other.count)
        let length = range.count
        guard otherRange.count == length else {
            return false
        }
        guard length >= 8 else {
            return length == 0
                || word(at: range.lowerBound, count: length) == other.word(at: otherRange.lowerBound, count: length)
        }
        var offset = 0
        while true {
            // The last word may overlap the one before.
            let step = Swift.min(offset, length &- 8)
            // SAFETY: eight bytes from `step` lie within both ranges, which were checked to lie within their spans.
            let one = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound &+ step, as: UInt64.self)
            let two = unsafe other.bytes.unsafeLoadUnaligned(
                fromByteOffset: otherRange.lowerBound &+ step,
                as: UInt64.self
            )
            let isSame = one == two
            guard isSame, step < length &- 8 else {
                return isSame
            }
            offset &+= 8
        }
    }

    /// The first position of `byte` from `start` on and below `end`; else `end`.
    ///
    /// Looks at eight bytes a step.
    @inlinable
    public func firstPosition(of byte: UInt8, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= count)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let wanted = ones &* UInt64(byte)
        var index = start
        while index &+ 8 <= end {
            // SAFETY: eight bytes from `index` lie below `end`, which was checked against the count above.
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            // The byte looked for becomes zero, and only a zero borrows; borrows reach into higher bytes only.
            let difference = word ^ wanted
            let marks = (difference &- ones) & ~difference & tops
            if marks != 0 {
                return index &+ marks.trailingZeroBitCount / 8
            }
            index &+= 8
        }
        while index < end, self[index] != byte {
            index &+= 1
        }
        return index
    }

    /// Up to eight bytes at `start` as one word, the first byte lowest, the rest zero.
    @inlinable
    @inline(__always)
    public func word(at start: Int, count wanted: Int) -> UInt64 {
        precondition(start >= 0 && wanted > 0 && wanted <= 8 && start <= count && wanted <= count &- start)
        if start <= count &- 8 {
            // SAFETY: eight bytes from `start` lie within the span, by the comparison just made.
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
            return wanted == 8 ? word : word & ((1 &<< UInt64(8 &* wanted)) &- 1)
        }
        if count >= 8 {
            // SAFETY: the last eight bytes of a span of at least eight; those from `start` on are its upper ones.
            let place = count &- 8
            let last = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
            let word = last &>> UInt64(8 &* (start &- place))
            return word & ((1 &<< UInt64(8 &* wanted)) &- 1)
        }
        var word: UInt64 = 0
        for offset in 0..<wanted {
            word |= UInt64(self[start &+ offset]) &<< UInt64(8 &* offset)
        }
        return word
    }

    /// Below 0, 0 or above 0 as these bytes stand before the others, are the same, or stand after them.
    public func order(to other: Span<UInt8>) -> Int {
        let common = Swift.min(count, other.count)
        for index in 0..<common where self[index] != other[index] {
            return self[index] < other[index] ? -1 : 1
        }
        return count - other.count
    }

    /// Whether the bytes in `range`, which must lie within, are all ASCII.
    ///
    /// Looks at eight bytes a step.
    @inlinable
    @inline(__always)
    public func isASCII(_ range: Range<Int>) -> Bool {
        let tops: UInt64 = 0x8080_8080_8080_8080
        var start = range.lowerBound
        var seen: UInt64 = 0
        while range.upperBound &- start > 8 {
            seen |= word(at: start, count: 8)
            start &+= 8
        }
        return start == range.upperBound || (seen | word(at: start, count: range.upperBound &- start)) & tops == 0
    }
}
