internal import COpenSSL

/// Ed25519 signatures (RFC 8032, section 5.1; the pure form, no context, no pre-hash).
public enum Ed25519 {
    /// Bytes of a private key's seed and of a public key.
    public static let keyByteCount = 32
    /// Bytes of a signature.
    public static let signatureByteCount = 64

    /// What signs.
    public struct PrivateKey: Sendable {
        /// The 32 bytes everything follows from: secret.
        public let seed: [UInt8]
        /// What others verify with.
        public let publicKey: PublicKey

        /// The key of a seed of 32 bytes.
        ///
        /// - Throws: ``CryptographyError/wrongKeyLength`` only.
        public init(seed: [UInt8]) throws(CryptographyError) {
            guard seed.count == keyByteCount else {
                throw .wrongKeyLength
            }
            self.seed = seed
            publicKey = PublicKey(trusted: KeyHandle(seed: seed).publicBytes())
        }

        private init(generated seed: [UInt8]) {
            self.seed = seed
            publicKey = PublicKey(trusted: KeyHandle(seed: seed).publicBytes())
        }

        /// A new key nobody can guess.
        public static func generate() -> PrivateKey {
            PrivateKey(generated: Random.bytes(keyByteCount))
        }

        /// The 64 bytes that sign `message`; the same for the same message, as the standard has it.
        public func sign(_ message: [UInt8]) -> [UInt8] {
            KeyHandle(seed: seed).sign(message)
        }
    }

    /// What verifies.
    public struct PublicKey: Hashable, Sendable {
        /// The 32 bytes of the encoded point.
        public let bytes: [UInt8]

        /// The key of 32 bytes; whether they are a point shows at the first signature, which is then never valid.
        ///
        /// - Throws: ``CryptographyError/wrongKeyLength`` only.
        public init(_ bytes: [UInt8]) throws(CryptographyError) {
            guard bytes.count == keyByteCount else {
                throw .wrongKeyLength
            }
            self.bytes = bytes
        }

        fileprivate init(trusted bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// Whether `signature` is this key's for `message`; false for any other length or form.
        public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
            guard signature.count == signatureByteCount, let handle = KeyHandle(publicKey: bytes) else {
                return false
            }
            return handle.accepts(signature, for: message)
        }
    }
}

/// One key in OpenSSL's form, for one operation.
@safe private struct KeyHandle: ~Copyable {
    private let key: OpaquePointer

    init(seed: [UInt8]) {
        // SAFETY: OpenSSL copies the 32 bytes, whose number the callers checked; the key is owned by this value.
        let made = unsafe seed.withUnsafeBufferPointer { buffer in
            unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, buffer.baseAddress, buffer.count)
        }
        guard let key = unsafe made else {
            fatalError("OpenSSL offers no Ed25519, or is out of memory: check its configuration (openssl.cnf)")
        }
        unsafe self.key = key
    }

    init?(publicKey bytes: [UInt8]) {
        // SAFETY: OpenSSL copies the bytes; the key is owned by this value.
        let made = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, buffer.baseAddress, buffer.count)
        }
        guard let key = unsafe made else {
            return nil
        }
        unsafe self.key = key
    }

    deinit {
        // SAFETY: owned; OpenSSL wipes what it frees.
        unsafe EVP_PKEY_free(key)
    }

    func publicBytes() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Ed25519.keyByteCount)
        var length = bytes.count
        // SAFETY: OpenSSL writes at most `length` bytes, which is the buffer's size.
        let status = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_PKEY_get_raw_public_key(key, buffer.baseAddress, &length)
        }
        require(status == 1 && length == bytes.count)
        return bytes
    }

    func sign(_ message: [UInt8]) -> [UInt8] {
        // SAFETY: a context of this call, freed at its end.
        guard let context = unsafe EVP_MD_CTX_new() else {
            fatalError("out of memory")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        require(unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1)
        var signature = [UInt8](repeating: 0, count: Ed25519.signatureByteCount)
        var length = signature.count
        // SAFETY: OpenSSL reads the message and writes at most `length` bytes.
        let status = unsafe signature.withUnsafeMutableBufferPointer { target in
            unsafe message.withUnsafeBufferPointer { source in
                unsafe EVP_DigestSign(context, target.baseAddress, &length, source.baseAddress, source.count)
            }
        }
        require(status == 1 && length == signature.count)
        return signature
    }

    func accepts(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        // SAFETY: a context of this call, freed at its end.
        guard let context = unsafe EVP_MD_CTX_new() else {
            fatalError("out of memory")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else {
            return false
        }
        // SAFETY: OpenSSL reads both buffers during the call.
        return unsafe signature.withUnsafeBufferPointer { given in
            unsafe message.withUnsafeBufferPointer { text in
                unsafe EVP_DigestVerify(context, given.baseAddress, given.count, text.baseAddress, text.count) == 1
            }
        }
    }
}
