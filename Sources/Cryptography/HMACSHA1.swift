internal import COpenSSL

/// HMAC-SHA-1 (RFC 2104), for one-time passwords alone: RFC 6238 names it, and authenticator apps assume it.
///
/// SHA-1's collisions do not touch HMAC; nothing new is to be built on it all the same.
public enum HMACSHA1 {
    /// How many bytes an authenticator has.
    public static let byteCount = 20

    /// The 20 bytes that authenticate `message` under `key`, of any length; `nil` where OpenSSL's configuration
    /// forbids SHA-1.
    public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: byteCount)
        // SAFETY: OpenSSL reads key and message and writes at most 20 bytes, during the call; the digest is fetched
        // for this call and freed after it.
        let isDone = unsafe output.withUnsafeMutableBytes { target in
            unsafe key.withUnsafeBytes { key in
                unsafe message.withUnsafeBytes { message in
                    var length = 0
                    let result = unsafe EVP_Q_mac(
                        nil,
                        "HMAC",
                        nil,
                        "SHA1",
                        nil,
                        key.baseAddress,
                        key.count,
                        message.bindMemory(to: UInt8.self).baseAddress,
                        message.count,
                        target.bindMemory(to: UInt8.self).baseAddress,
                        target.count,
                        &length
                    )
                    return unsafe result != nil && length == byteCount
                }
            }
        }
        return isDone ? output : nil
    }
}
