public import Base
internal import Cryptography

/// Signs what is told to a webhook, so that whoever receives it knows who said it and when.
///
/// The field is `t=SECONDS,v1=HEX`: HMAC-SHA-256 under the secret's text, over the seconds since 1970 in decimal, a full
/// stop, and the body's bytes. A receiver refuses what is older than some minutes, and what it has seen by its id.
public enum WebhookSignature {
    /// The value of the field `Toolgate-Signature`.
    public static func field(body: [UInt8], secret: Secret<[UInt8]>, time: WallTime) -> [UInt8] {
        let seconds = "\(time.milliseconds / 1_000)"
        let mac = HMACSHA256.authenticate(Array(seconds.utf8) + [UInt8(ascii: ".")] + body, key: secret.reveal())
        return Array("t=\(seconds),v1=".utf8) + TextCoding.hexadecimal(mac)
    }

    /// Whether a field is the one of this body and secret, and not older or newer than `tolerance` milliseconds.
    public static func isGood(
        _ field: [UInt8],
        body: [UInt8],
        secret: Secret<[UInt8]>,
        now: WallTime,
        tolerance: Int64 = 300_000
    ) -> Bool {
        let parts = field.split(separator: UInt8(ascii: ","))
        guard parts.count == 2, parts[0].starts(with: "t=".utf8), (1...12).contains(parts[0].count - 2),
            let seconds = Int64(String(decoding: parts[0].dropFirst(2), as: UTF8.self)), seconds >= 0,
            abs(now.milliseconds - seconds * 1_000) <= tolerance
        else {
            return false
        }
        let expected = Self.field(body: body, secret: secret, time: WallTime(milliseconds: seconds * 1_000))
        return ConstantTime.areEqual(expected, field)
    }
}
