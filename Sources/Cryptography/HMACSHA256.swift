internal import COpenSSL

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) under one key.
///
/// The two digests of the padded key are computed once and copied for each message: measured 2.0 µs for a token
/// against 10.5 µs for OpenSSL's one-shot HMAC and 4.9 µs for a duplicated MAC context.
///
/// ISOLATION: the two contexts are only read (copied from) after `init`; every message gets a context of its own, so
/// any number of threads may share one object.
@safe public final class HMACSHA256: @unchecked Sendable {
    /// How many bytes an authenticator has.
    public static let byteCount = SHA256.byteCount

    private let inner: OpaquePointer
    private let outer: OpaquePointer

    /// Prepares a key of any length; longer ones than 64 bytes are hashed first, as the standard says.
    public init(key: [UInt8]) {
        var block = key.count > 64 ? SHA256.digest(key) : key
        block.append(contentsOf: repeatElement(0, count: 64 - block.count))
        unsafe inner = Self.digestState(of: block.map { $0 ^ 0x36 })
        unsafe outer = Self.digestState(of: block.map { $0 ^ 0x5C })
    }

    deinit {
        // SAFETY: owned, and the last reference is gone. OpenSSL wipes what it frees.
        unsafe EVP_MD_CTX_free(inner)
        unsafe EVP_MD_CTX_free(outer)
    }

    /// The 32 bytes that authenticate `message`.
    public func authenticate(_ message: Span<UInt8>) -> [UInt8] {
        // SAFETY: a context of this call, freed at its end; OpenSSL reads the message during the call.
        guard let context = unsafe EVP_MD_CTX_new() else {
            fatalError("out of memory")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        require(unsafe EVP_MD_CTX_copy_ex(context, inner) == 1)
        let status = unsafe message.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        require(status == 1)
        let innerDigest = unsafe finalDigest(of: context)
        require(unsafe EVP_MD_CTX_copy_ex(context, outer) == 1)
        let outerStatus = unsafe innerDigest.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        require(outerStatus == 1)
        return unsafe finalDigest(of: context)
    }

    /// The 32 bytes that authenticate `message`.
    public func authenticate(_ message: [UInt8]) -> [UInt8] {
        authenticate(message.span)
    }

    /// One message under one key, for keys that are not used again.
    public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        HMACSHA256(key: key).authenticate(message)
    }

    private static func digestState(of block: [UInt8]) -> OpaquePointer {
        // SAFETY: the caller owns the new context; OpenSSL reads the block during the call.
        guard let context = unsafe EVP_MD_CTX_new() else {
            fatalError("out of memory")
        }
        require(unsafe EVP_DigestInit_ex2(context, Algorithms.shared.sha256, nil) == 1)
        let status = unsafe block.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        require(status == 1)
        return unsafe context
    }
}
