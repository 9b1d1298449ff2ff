/// The keyed digest of a grant token: what grants are found by.
///
/// The digest is keyed with the pepper, so nobody outside can choose it: its first word is as good a hash as any.
struct TokenDigest: Sendable {
    private let words: InlineArray<4, UInt64>

    /// From the 32 bytes of an HMAC-SHA-256; `nil` for any other length.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else {
            return nil
        }
        var words = InlineArray<4, UInt64>(repeating: 0)
        var position = 0
        for byte in bytes {
            words[position >> 3] = words[position >> 3] << 8 | UInt64(byte)
            position += 1
        }
        self.words = words
    }

    /// The 32 bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in 0..<4 {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: words[index] >> shift))
            }
        }
        return bytes
    }
}

extension TokenDigest: Hashable {
    /// Whole-digest comparison without early exit: time tells nothing about where two digests differ.
    static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        var difference: UInt64 = 0
        for index in 0..<4 {
            difference |= left.words[index] ^ right.words[index]
        }
        return difference == 0
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words[0])
    }
}
