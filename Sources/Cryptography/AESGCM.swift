internal import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag behind the ciphertext.
public struct AESGCM: Sendable {
    /// Bytes of a key.
    public static let keyByteCount = 32
    /// Bytes of a nonce, which must never be used twice under one key.
    public static let nonceByteCount = 12
    /// Bytes of the tag.
    public static let tagByteCount = 16

    private let key: [UInt8]

    /// Takes a key of 32 bytes.
    public init(key: [UInt8]) throws(CryptographyError) {
        guard key.count == Self.keyByteCount else {
            throw .wrongKeyLength
        }
        self.key = key
    }

    /// Ciphertext and tag of `plaintext`; `context` is authenticated with it but not contained in it.
    ///
    /// - Throws: ``CryptographyError/wrongNonceLength`` only.
    public func seal(
        _ plaintext: [UInt8],
        nonce: [UInt8],
        context: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        guard nonce.count == Self.nonceByteCount else {
            throw .wrongNonceLength
        }
        let cipher = Cipher(key: key, nonce: nonce, isSealing: true)
        require(cipher.authenticate(context))
        var output = [UInt8](repeating: 0, count: plaintext.count + Self.tagByteCount)
        require(cipher.transform(plaintext[...], into: &output))
        require(cipher.finish())
        output.replaceSubrange(plaintext.count..., with: cipher.tag())
        return output
    }

    /// The plaintext behind what ``seal(_:nonce:context:)`` returned for the same key, nonce and context.
    ///
    /// - Throws: ``CryptographyError/notAuthentic`` for anything else, a changed bit included.
    public func open(
        _ sealed: [UInt8],
        nonce: [UInt8],
        context: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        guard nonce.count == Self.nonceByteCount else {
            throw .wrongNonceLength
        }
        guard sealed.count >= Self.tagByteCount else {
            throw .notAuthentic
        }
        let length = sealed.count - Self.tagByteCount
        let cipher = Cipher(key: key, nonce: nonce, isSealing: false)
        var output = [UInt8](repeating: 0, count: length)
        guard cipher.authenticate(context), cipher.transform(sealed[..<length], into: &output),
            cipher.expect(tag: Array(sealed[length...])), cipher.finish()
        else {
            throw .notAuthentic
        }
        return output
    }
}

/// One run of the cipher.
@safe private struct Cipher: ~Copyable {
    private let context: OpaquePointer

    init(key: [UInt8], nonce: [UInt8], isSealing: Bool) {
        // SAFETY: a fresh context, owned by this value; OpenSSL copies key and nonce, whose lengths were checked.
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            fatalError("out of memory")
        }
        unsafe self.context = context
        let status = unsafe key.withUnsafeBufferPointer { key in
            unsafe nonce.withUnsafeBufferPointer { nonce in
                unsafe EVP_CipherInit_ex2(
                    context,
                    Algorithms.shared.aes256GCM,
                    key.baseAddress,
                    nonce.baseAddress,
                    isSealing ? 1 : 0,
                    nil
                )
            }
        }
        require(status == 1)
    }

    deinit {
        // SAFETY: owned; OpenSSL wipes what it frees.
        unsafe EVP_CIPHER_CTX_free(context)
    }

    /// Takes the context in, which must come before the text.
    func authenticate(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else {
            return true
        }
        guard let length = Int32(exactly: bytes.count) else {
            return false
        }
        var written: Int32 = 0
        // SAFETY: OpenSSL reads `length` bytes; without an output buffer it only authenticates.
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_CipherUpdate(context, nil, &written, buffer.baseAddress, length) == 1
        }
    }

    /// Writes as many bytes as it reads to the front of `output`.
    func transform(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> Bool {
        guard !input.isEmpty else {
            return true
        }
        guard let length = Int32(exactly: input.count), input.count <= output.count else {
            return false
        }
        var written: Int32 = 0
        // SAFETY: GCM writes exactly as many bytes as it reads, and both buffers hold that many.
        let status = unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe input.withUnsafeBufferPointer { source in
                unsafe EVP_CipherUpdate(context, target.baseAddress, &written, source.baseAddress, length)
            }
        }
        return status == 1 && written == length
    }

    /// Ends the run; when opening, this is where a wrong tag shows.
    func finish() -> Bool {
        var nothing: [UInt8] = Array(repeating: 0, count: 16)
        var written: Int32 = 0
        // SAFETY: GCM writes no bytes here; the buffer is there for any mode that would.
        let status = unsafe nothing.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_CipherFinal_ex(context, buffer.baseAddress, &written)
        }
        return status == 1
    }

    func tag() -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: AESGCM.tagByteCount)
        // SAFETY: OpenSSL writes the 16 bytes asked for.
        let status = unsafe tag.withUnsafeMutableBytes { buffer in
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(buffer.count), buffer.baseAddress)
        }
        require(status == 1)
        return tag
    }

    func expect(tag: [UInt8]) -> Bool {
        var tag = tag
        // SAFETY: OpenSSL reads the 16 bytes; the parameter is only mutable in the C signature.
        return unsafe tag.withUnsafeMutableBytes { buffer in
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(buffer.count), buffer.baseAddress) == 1
        }
    }
}
