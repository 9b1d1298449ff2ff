internal import Base
internal import Cryptography

/// What stands in for a lost second factor, once: 80 random bits, as four groups of four letters and digits.
///
/// Its entropy makes a slow hash unnecessary; only its keyed digest is kept.
public struct RecoveryCode: Sendable {
    /// How many an account gets at a time.
    public static let countInSet = 10
    private static let digitCount = 16

    private let digits: [UInt8]

    /// A new code.
    public static func generate() -> RecoveryCode {
        RecoveryCode(digits: Base32.crockford.text(of: Random.bytes(10)))
    }

    private init(digits: [UInt8]) {
        self.digits = digits
    }

    /// The code somebody typed: case, spaces and hyphens do not matter, nor `o` for `0` and `i` or `l` for `1`.
    ///
    /// `nil` for what cannot be one; at most 64 bytes are looked at.
    public init?(parsing text: some Collection<UInt8>) {
        guard text.count <= 64 else {
            return nil
        }
        var digits: [UInt8] = []
        for byte in text where byte != UInt8(ascii: " ") && byte != UInt8(ascii: "-") {
            guard let digit = Base32.crockford.canonical(byte) else {
                return nil
            }
            digits.append(digit)
        }
        guard digits.count == Self.digitCount else {
            return nil
        }
        self.digits = digits
    }

    /// The 16 digits, for hashing.
    public func reveal() -> [UInt8] { digits }

    /// As it is shown, once: `k3xa-…`.
    public var shown: String {
        stride(from: 0, to: digits.count, by: 4)
            .map { String(decoding: digits[$0..<($0 + 4)], as: UTF8.self) }
            .joined(separator: "-")
    }
}

extension RecoveryCode: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A mask.
    public var description: String { "••••-••••-••••-••••" }
    /// The same mask.
    public var debugDescription: String { description }
    /// No children, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Five bits a digit (RFC 4648, section 6, and Crockford's alphabet), without padding.
struct Base32 {
    static let standard = Base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    static let crockford = Base32("0123456789abcdefghjkmnpqrstvwxyz")

    private let alphabet: [UInt8]

    private init(_ alphabet: String) {
        self.alphabet = Array(alphabet.utf8)
    }

    func text(of bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = (buffer & 0xFF) << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                output.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
            }
        }
        if bits > 0 {
            output.append(alphabet[Int(buffer << UInt32(5 - bits) & 31)])
        }
        return output
    }

    /// The digit a person meant (Crockford's reading); `nil` for none.
    func canonical(_ byte: UInt8) -> UInt8? {
        let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        let meant: UInt8 =
            switch lower {
            case UInt8(ascii: "o"): UInt8(ascii: "0")
            case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
            default: lower
            }
        return alphabet.contains(meant) ? meant : nil
    }
}
