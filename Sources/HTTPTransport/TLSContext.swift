internal import COpenSSL

/// Why there is no secure connection.
public enum TLSError: Error, Hashable, Sendable {
    /// A certificate or key file cannot be read, is not PEM, or the two do not belong together.
    case badIdentity
    /// The file of certificate authorities cannot be read or holds none.
    case badTrust
    /// The peer's certificate is not to be trusted; OpenSSL's `X509_V_ERR` number says why.
    case untrusted(Int)
    /// The two sides have no protocol version or cipher in common, or the bytes are not TLS.
    case handshakeFailed
    /// The library is out of memory.
    case exhausted
}

extension TLSError: CustomStringConvertible {
    /// One lower-case clause, safe to show anyone.
    public var description: String {
        switch self {
        case .badIdentity: "certificate and key cannot be used; both must be PEM and belong together"
        case .badTrust: "certificate authorities cannot be read; give a PEM file"
        case .untrusted(let code): "certificate not trusted: \(TLSError.reason(code))"
        case .handshakeFailed: "TLS handshake failed"
        case .exhausted: "out of memory in TLS"
        }
    }

    private static func reason(_ code: Int) -> String {
        // SAFETY: the function answers a constant text for every number.
        guard let text = unsafe X509_verify_cert_error_string(code) else {
            return "\(code)"
        }
        return unsafe String(cString: text)
    }
}

/// OpenSSL's shared settings of many connections: an owned `SSL_CTX`.
// ISOLATION: written while it is made, before anybody shares it; OpenSSL allows an unchanging SSL_CTX in any thread.
@safe
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    /// TLS 1.2 or newer, no renegotiation, no compression (threat C11).
    init(server: Bool) throws(TLSError) {
        // SAFETY: the methods are static tables; a nil answer is the only failure.
        guard let pointer = unsafe SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) else {
            throw .exhausted
        }
        unsafe self.pointer = unsafe pointer
        unsafe SSL_CTX_set_options(pointer, TLSContext.options)
        _ = unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        // Idle connections give their buffers back: 34 KB each.
        _ = unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_MODE, TLSContext.releaseBuffers, nil)
        // Sessions are not resumed from a cache: a server's would be shared by callers who do not know one another.
        _ = unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    /// SSL_OP_NO_COMPRESSION, SSL_OP_NO_RENEGOTIATION and SSL_OP_CIPHER_SERVER_PREFERENCE, which are macros with arguments.
    private static let options: UInt64 = 1 << 17 | 1 << 30 | 1 << 22

    /// SSL_MODE_RELEASE_BUFFERS, a macro of an unsigned literal.
    private static let releaseBuffers = 0x10
}

/// The certificate and key a server shows; made once, shared by all workers.
public struct TLSServerIdentity: Sendable {
    let context: TLSContext

    /// Reads a certificate chain and its key, both PEM.
    ///
    /// - Parameters:
    ///   - certificateFile: the server's own certificate first, then the intermediate ones.
    ///   - keyFile: the key, not encrypted.
    /// - Throws: ``TLSError/badIdentity``.
    public init(certificateFile: String, keyFile: String) throws(TLSError) {
        context = try TLSContext(server: true)
        // SAFETY: the context is fresh; OpenSSL copies the texts.
        guard unsafe SSL_CTX_use_certificate_chain_file(context.pointer, certificateFile) == 1,
            unsafe SSL_CTX_use_PrivateKey_file(context.pointer, keyFile, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context.pointer) == 1
        else {
            ERR_clear_error()
            throw .badIdentity
        }
        unsafe SSL_CTX_set_alpn_select_cb(context.pointer, chooseProtocol, nil)
    }
}

/// Takes `http/1.1` when it is offered, refuses the handshake when only others are.
private let chooseProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, chosenLength, offered, offeredLength, _ in
    // SAFETY: OpenSSL gives `offeredLength` readable bytes, checked by it to be length-prefixed names; the answer points
    // into them, as it wants.
    guard let offered = unsafe offered else {
        return SSL_TLSEXT_ERR_NOACK
    }
    var position = 0
    let total = Int(offeredLength)
    while position < total {
        let length = Int(unsafe offered[position])
        guard position + 1 + length <= total else {
            break
        }
        let name = unsafe UnsafeBufferPointer(start: offered + position + 1, count: length)
        if unsafe name.elementsEqual("http/1.1".utf8) {
            unsafe chosen?.pointee = unsafe offered + position + 1
            unsafe chosenLength?.pointee = UInt8(truncatingIfNeeded: length)
            return SSL_TLSEXT_ERR_OK
        }
        position += 1 + length
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// Whom a client trusts; made once, shared by all workers.
///
/// Verification cannot be turned off.
public struct TLSTrust: Sendable {
    let context: TLSContext

    /// The authorities the system trusts.
    public init() throws(TLSError) {
        context = try TLSContext(server: false)
        // SAFETY: the context is fresh.
        guard unsafe SSL_CTX_set_default_verify_paths(context.pointer) == 1 else {
            ERR_clear_error()
            throw .badTrust
        }
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    }

    /// The authorities in a PEM file, and no others.
    public init(authoritiesFile: String) throws(TLSError) {
        context = try TLSContext(server: false)
        // SAFETY: the context is fresh; OpenSSL copies the text.
        guard unsafe SSL_CTX_load_verify_file(context.pointer, authoritiesFile) == 1 else {
            ERR_clear_error()
            throw .badTrust
        }
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    }

    /// The system's authorities, read at first use.
    static func system() throws(TLSError) -> TLSTrust {
        guard let trust = sharedSystem else {
            throw .badTrust
        }
        return trust
    }

    private static let sharedSystem: TLSTrust? = {
        do throws(TLSError) {
            return try TLSTrust()
        } catch {
            return nil
        }
    }()
}
