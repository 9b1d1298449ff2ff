public import Base
internal import Cryptography

/// Time-based one-time passwords (RFC 6238 over RFC 4226): SHA-1, six digits, steps of 30 seconds, as every
/// authenticator app has it.
///
/// Pure: the time comes in, which step was used goes out, and whoever keeps it never takes the same one twice
/// (RFC 6238, section 5.2).
public struct OneTimePassword: Sendable {
    /// Bytes of a new shared secret (RFC 4226, section 4, R6).
    public static let secretByteCount = 20
    /// Digits of a code.
    public static let digitCount = 6
    /// Milliseconds a code stands for.
    static let step: Int64 = 30_000
    /// How many steps before and after the present one are taken too, for clocks that differ and fingers that take time.
    static let window: Int64 = 1

    private let secret: [UInt8]

    /// Over a shared secret.
    public init(secret: Secret<[UInt8]>) {
        self.secret = secret.reveal()
    }

    /// A new shared secret.
    public static func newSecret() -> Secret<[UInt8]> {
        Secret(Random.bytes(secretByteCount))
    }

    /// The step a code is for, when it is right now and later than the last one used; `nil` otherwise.
    ///
    /// Every step of the window is computed and compared in constant time, whichever matches.
    ///
    /// - Parameters:
    ///   - code: what somebody typed; spaces do not matter.
    ///   - now: the present.
    ///   - last: the step of the last code that was taken; `nil` when none was.
    /// - Returns: the step, to be kept as the last one.
    public func step(of code: some Collection<UInt8>, at now: WallTime, after last: Int64?) -> Int64? {
        guard code.count <= 16 else {
            return nil
        }
        let typed = code.filter { $0 != UInt8(ascii: " ") }
        guard typed.count == Self.digitCount, typed.allSatisfy({ (0x30...0x39).contains($0) }), now.milliseconds >= 0
        else {
            return nil
        }
        let present = now.milliseconds / Self.step
        var found: Int64?
        for step in (present - Self.window)...(present + Self.window) {
            let isRight = ConstantTime.areEqual(self.code(for: step), typed)
            if isRight, step > last ?? -1, step >= 0 {
                found = found ?? step
            }
        }
        return found
    }

    /// The code for a time, for tests and tools that stand in for an app.
    public func code(at time: WallTime) -> [UInt8] {
        code(for: max(0, time.milliseconds) / Self.step)
    }

    /// RFC 4226, section 5.3; no code at all when OpenSSL has no SHA-1.
    func code(for step: Int64, digits: Int = digitCount) -> [UInt8] {
        var message: [UInt8] = []
        message.append(bigEndian: UInt64(bitPattern: step))
        guard let mac = HMACSHA1.authenticate(message, key: secret) else {
            return []
        }
        let offset = Int(mac[19] & 15)
        var number = mac[offset..<(offset + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        var output: [UInt8] = []
        for _ in 0..<digits {
            output.append(UInt8(ascii: "0") + UInt8(number % 10))
            number /= 10
        }
        return output.reversed()
    }

    /// The secret as people type it into an app: base 32 without padding.
    public var typedSecret: String { String(decoding: Base32.standard.text(of: secret), as: UTF8.self) }

    /// The address that an authenticator app reads from a QR code (`otpauth:`), for an account at an issuer.
    ///
    /// Whatever is not a letter, a digit or one of `-._~` is percent-encoded.
    public func uri(issuer: ByteString, account: ByteString) -> String {
        let issuer = Self.percentEncoded(issuer)
        return "otpauth://totp/\(issuer):\(Self.percentEncoded(account))?secret=\(typedSecret)&issuer=\(issuer)"
            + "&algorithm=SHA1&digits=\(Self.digitCount)&period=\(Self.step / 1_000)"
    }

    private static func percentEncoded(_ text: ByteString) -> String {
        var output: [UInt8] = []
        for byte in text.bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 15] {
                    output.append(digit < 10 ? 0x30 + digit : 0x41 + digit - 10)
                }
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
