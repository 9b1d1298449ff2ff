internal import COpenSSL

/// SHA-256 (FIPS 180-4), at once or piece by piece.
@safe public struct SHA256: ~Copyable {
    /// How many bytes a digest has.
    public static let byteCount = 32

    private let context: OpaquePointer

    /// A digest of nothing so far.
    public init() {
        // SAFETY: a fresh context, owned by this value and freed once, in `deinit`.
        guard let context = unsafe EVP_MD_CTX_new() else {
            fatalError("out of memory")
        }
        unsafe self.context = context
        require(unsafe EVP_DigestInit_ex2(context, Algorithms.shared.sha256, nil) == 1)
    }

    deinit {
        // SAFETY: owned, and nobody else has it.
        unsafe EVP_MD_CTX_free(context)
    }

    /// Takes more bytes in.
    public mutating func update(_ bytes: Span<UInt8>) {
        // SAFETY: OpenSSL reads the buffer during the call.
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        require(status == 1)
    }

    /// Takes more bytes in.
    public mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// The 32 bytes of the digest of everything taken in.
    public consuming func finish() -> [UInt8] {
        unsafe finalDigest(of: context)
    }

    /// The 32 bytes of the digest of `bytes`.
    public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// The 32 bytes of the digest of `bytes`.
    public static func digest(_ bytes: [UInt8]) -> [UInt8] {
        digest(bytes.span)
    }
}

/// Ends the SHA-256 that `context` holds.
func finalDigest(of context: OpaquePointer) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
    // SAFETY: the buffer holds the 32 bytes OpenSSL writes.
    let status = unsafe digest.withUnsafeMutableBufferPointer { buffer in
        unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
    }
    require(status == 1)
    return digest
}
