internal import COpenSSL

/// Bytes nobody can guess, from OpenSSL's generator, which the kernel seeds.
public enum Random {
    /// `count` random bytes; none when `count` is not positive.
    ///
    /// Should OpenSSL's generator fail, the kernel's takes its place: there is no state in which the result is weak.
    public static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else {
            return []
        }
        var output = [UInt8](repeating: 0, count: count)
        // SAFETY: OpenSSL fills exactly the buffer's bytes; the loop keeps each length within Int32.
        let isFilled = unsafe output.withUnsafeMutableBufferPointer { buffer in
            var filled = 0
            while filled < count {
                let part = min(count - filled, 1 << 20)
                let target = unsafe buffer.baseAddress.map { unsafe $0 + filled }
                guard unsafe RAND_bytes(target, Int32(part)) == 1 else {
                    return false
                }
                filled += part
            }
            return true
        }
        if !isFilled {
            var generator = SystemRandomNumberGenerator()
            for index in output.indices {
                output[index] = generator.next()
            }
        }
        return output
    }
}
