internal import COpenSSL
internal import EventLoops

/// One TLS connection as a machine: ciphertext in, plaintext out and the reverse; the sockets are elsewhere.
///
/// OpenSSL works on two memory buffers (BIOs) here and never sees a descriptor. Loop-confined.
@safe
final class TLSSession {
    private let ssl: OpaquePointer
    /// Owned by `ssl`: what the peer sent, and what is to be sent.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private let context: TLSContext
    /// The peer said that nothing more will come: the end is real and not somebody cutting the cable.
    private(set) var isEnded = false

    private init(_ context: TLSContext) throws(TLSError) {
        self.context = context
        // SAFETY: each nil answer means out of memory; on it what was made is freed.
        guard let ssl = unsafe SSL_new(context.pointer) else {
            throw .exhausted
        }
        guard let incoming = unsafe BIO_new(BIO_s_mem()), let outgoing = unsafe BIO_new(BIO_s_mem()) else {
            unsafe SSL_free(ssl)
            throw .exhausted
        }
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe self.ssl = unsafe ssl
        unsafe self.incoming = unsafe incoming
        unsafe self.outgoing = unsafe outgoing
    }

    deinit {
        unsafe SSL_free(ssl)
    }

    /// The server's end.
    convenience init(server identity: TLSServerIdentity) throws(TLSError) {
        try self.init(identity.context)
        unsafe SSL_set_accept_state(ssl)
    }

    /// The client's end: the peer must show a trusted certificate for `host`, a name or an address.
    convenience init(client trust: TLSTrust, host: String) throws(TLSError) {
        try self.init(trust.context)
        // SAFETY: OpenSSL copies the texts; `SSL_get0_param` stays owned by `ssl`.
        unsafe SSL_set_connect_state(ssl)
        let parameters = unsafe SSL_get0_param(ssl)
        if IPAddress(host.utf8) != nil {
            guard unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 else {
                throw .exhausted
            }
        } else {
            unsafe X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            guard unsafe X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1, setServerName(host) else {
                throw .exhausted
            }
        }
        let offered: [UInt8] = [8] + Array("http/1.1".utf8)
        guard unsafe SSL_set_alpn_protos(ssl, offered, UInt32(offered.count)) == 0 else {
            throw .exhausted
        }
    }

    private func setServerName(_ host: String) -> Bool {
        var name = Array(host.utf8CString)
        // SAFETY: OpenSSL copies the zero-terminated name.
        return unsafe name.withUnsafeMutableBytes { bytes in
            unsafe SSL_ctrl(
                ssl,
                SSL_CTRL_SET_TLSEXT_HOSTNAME,
                Int(TLSEXT_NAMETYPE_host_name),
                bytes.baseAddress
            ) == 1
        }
    }

    /// Takes bytes from the peer.
    func feed(_ bytes: Span<UInt8>) {
        // SAFETY: a memory BIO copies all of what it is given, or is out of memory, which then shows as a cut stream.
        unsafe bytes.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress {
                _ = unsafe BIO_write(incoming, base, Int32(clamping: buffer.count))
            }
        }
    }

    /// Goes on with the handshake; true when it is done, false when the peer's next bytes are needed.
    func handshake() throws(TLSError) -> Bool {
        ERR_clear_error()
        // SAFETY: `ssl` is set up; no I/O happens but on the memory BIOs.
        let status = unsafe SSL_do_handshake(ssl)
        if status == 1 {
            guard isProtocolRight else {
                throw .handshakeFailed
            }
            return true
        }
        let reason = unsafe SSL_get_error(ssl, status)
        guard reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE else {
            ERR_clear_error()
            let verdict = unsafe SSL_get_verify_result(ssl)
            throw verdict == X509_V_OK ? .handshakeFailed : .untrusted(verdict)
        }
        return false
    }

    /// Whether the peer chose nothing or `http/1.1` by ALPN.
    private var isProtocolRight: Bool {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        // SAFETY: the answer points into memory of `ssl`, read at once.
        unsafe SSL_get0_alpn_selected(ssl, &name, &length)
        guard let start = unsafe name, length > 0 else {
            return true
        }
        return unsafe UnsafeBufferPointer(start: start, count: Int(length)).elementsEqual("http/1.1".utf8)
    }

    /// Appends the plaintext there is; false when the connection is broken.
    func read(into output: inout [UInt8]) -> Bool {
        // LIMIT: one record, 16 KB, at a time.
        let wanted = 16_384
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: wanted) { room in
            while true {
                ERR_clear_error()
                // SAFETY: OpenSSL writes at most `wanted` bytes into the room and says how many.
                let count = unsafe SSL_read(ssl, room.baseAddress, Int32(wanted))
                guard count <= 0 else {
                    unsafe output.append(contentsOf: room.prefix(Int(count)))
                    continue
                }
                let reason = unsafe SSL_get_error(ssl, count)
                isEnded = isEnded || reason == SSL_ERROR_ZERO_RETURN
                let isIntact = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE
                ERR_clear_error()
                return isIntact || isEnded
            }
        }
    }

    /// Encrypts `bytes`; false when the connection is broken.
    func write(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty else {
            return true
        }
        ERR_clear_error()
        // SAFETY: the memory BIO takes everything, so one call writes all.
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            var written = 0
            return unsafe SSL_write_ex(ssl, buffer.baseAddress, buffer.count, &written) == 1 && written == buffer.count
        }
    }

    /// Says that nothing more will come (close_notify).
    func finish() {
        ERR_clear_error()
        // SAFETY: before the handshake is done this fails and does nothing.
        _ = unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// Whether there are bytes for the peer.
    var hasOutput: Bool {
        unsafe BIO_ctrl_pending(outgoing) > 0
    }

    /// Appends what is to be sent.
    func takeOutput(into output: inout [UInt8]) {
        var start: UnsafeMutablePointer<CChar>?
        // SAFETY: the call answers where the buffer lies and how long it is; it is read before the next call changes it.
        let count = unsafe BIO_ctrl(outgoing, BIO_CTRL_INFO, 0, &start)
        guard count > 0, let first = unsafe start else {
            return
        }
        unsafe output.append(contentsOf: UnsafeRawBufferPointer(start: first, count: count))
        _ = unsafe BIO_ctrl(outgoing, BIO_CTRL_RESET, 0, nil)
    }
}
