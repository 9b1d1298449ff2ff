extension [UInt8] {
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
