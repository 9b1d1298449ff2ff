internal import COpenSSL

/// Comparison whose time tells nothing about where two secrets differ.
public enum ConstantTime {
    /// Whether two byte runs are equal; only their lengths show in the time it takes.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else {
            return false
        }
        guard !left.isEmpty else {
            return true
        }
        // SAFETY: both buffers hold `left.count` bytes.
        return unsafe left.withUnsafeBytes { first in
            unsafe right.withUnsafeBytes { second in
                unsafe CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
            }
        }
    }
}
