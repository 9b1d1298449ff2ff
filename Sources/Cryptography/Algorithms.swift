internal import COpenSSL

/// OpenSSL's algorithms, fetched once for the life of the process: fetching by name costs more than hashing a token.
///
/// ISOLATION: `EVP_MD` and `EVP_CIPHER` are immutable once fetched and reference-counted with atomics.
@safe final class Algorithms: @unchecked Sendable {
    static let shared = Algorithms()

    let sha256: OpaquePointer
    let aes256GCM: OpaquePointer

    private init() {
        // SAFETY: plain fetches by name; the results are never freed.
        guard let digest = unsafe EVP_MD_fetch(nil, "SHA256", nil),
            let cipher = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
        else {
            // Not reachable from input: this OpenSSL cannot do what every TLS connection needs.
            fatalError("OpenSSL offers neither SHA-256 nor AES-256-GCM: check its configuration (openssl.cnf)")
        }
        unsafe sha256 = digest
        unsafe aes256GCM = cipher
    }
}

/// Stops the process when OpenSSL cannot do what cannot fail on any input: it has run out of memory.
///
/// A digest that is silently wrong would be worse.
func require(_ hasSucceeded: Bool) {
    precondition(hasSucceeded, "OpenSSL failed on an operation that does not depend on its input")
}

/// What sealing and opening can report.
public enum CryptographyError: Error, Hashable, Sendable {
    /// A key that does not have the length the algorithm asks for.
    case wrongKeyLength
    /// A nonce that does not have the length the algorithm asks for.
    case wrongNonceLength
    /// The text was not sealed with this key, nonce and context, or has been changed.
    case notAuthentic
}

extension CryptographyError: CustomStringConvertible {
    /// One line, safe to show anyone.
    public var description: String {
        switch self {
        case .wrongKeyLength: "the key does not have the length the algorithm needs"
        case .wrongNonceLength: "the nonce does not have the length the algorithm needs"
        case .notAuthentic: "the sealed text is not authentic"
        }
    }
}
