internal import CICU

/// Calls an ICU function that fills a buffer, and once more when the buffer was too small.
enum ICUBuffer {
    /// What `body` wrote; `nil` when ICU reported an error.
    ///
    /// `body` gets a buffer that is never empty and returns the length it needs, as ICU's functions do.
    static func filled<Element>(
        capacity: Int,
        zero: Element,
        _ body: (UnsafeMutableBufferPointer<Element>, inout UErrorCode) -> Int32
    ) -> [Element]? {
        var output = [Element](repeating: zero, count: max(capacity, 1))
        for _ in 0..<2 {
            var status = U_ZERO_ERROR
            // SAFETY: the buffer is only used during the call, and ICU is told its exact size.
            let needed = Int(unsafe output.withUnsafeMutableBufferPointer { unsafe body($0, &status) })
            if status == U_BUFFER_OVERFLOW_ERROR, needed > output.count {
                output = [Element](repeating: zero, count: needed)
                continue
            }
            guard status.isSuccess, (0...output.count).contains(needed) else {
                return nil
            }
            output.removeSubrange(needed...)
            return output
        }
        return nil
    }
}

extension UErrorCode {
    /// Success or a mere warning (ICU numbers warnings below zero).
    var isSuccess: Bool { rawValue <= U_ZERO_ERROR.rawValue }
}
