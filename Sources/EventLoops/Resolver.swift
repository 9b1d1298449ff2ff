internal import CUV
internal import Glibc

/// Names to addresses, by the system's resolver on libuv's thread pool.
public enum Resolver {
    /// The addresses of `host` with `port`, in the resolver's order; an address as text is answered without a look-up.
    ///
    /// - Throws: ``StreamError/noAddress``, `timedOut`, `cancelled`.
    public static func addresses(
        of host: String,
        port: UInt16,
        on loop: EventLoop,
        timeout: Duration,
        cancellation: CancellationPoint? = nil
    ) async throws(StreamError) -> [SocketAddress] {
        if let ip = IPAddress(host.utf8) {
            return [SocketAddress(ip, port: port)]
        }
        // A NUL would cut the name short on its way through C.
        guard !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(0) else {
            throw .noAddress
        }
        let lookup = Lookup(port: port)
        try lookup.begin(host, on: loop)
        let timer = loop.schedule(after: timeout) { lookup.outcome.settle(UV_ETIMEDOUT.rawValue) }
        let status = await lookup.outcome.value(on: loop, cancellation)
        timer.cancel()
        guard status == 0 else {
            lookup.abandon()
            throw StreamError(code: status)
        }
        guard !lookup.addresses.isEmpty else {
            throw .noAddress
        }
        return lookup.addresses
    }
}

/// One uv_getaddrinfo, its memory kept until libuv calls back, be anybody still waiting or not.
@safe
private final class Lookup {
    let outcome = Outcome()
    private(set) var addresses: [SocketAddress] = []
    private let port: UInt16
    private let request: UnsafeMutablePointer<uv_getaddrinfo_t>

    init(port: UInt16) {
        self.port = port
        unsafe request = .allocate(capacity: 1)
    }

    deinit {
        unsafe request.deallocate()
    }

    func begin(_ host: String, on loop: EventLoop) throws(StreamError) {
        // SAFETY: plain numbers; the pointers inside stay nil.
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        // SAFETY: the retained reference keeps the request alive until the callback; libuv copies host and hints.
        unsafe request.pointee.data = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe uv_getaddrinfo(
            loop.uv,
            request,
            { request, status, list in
                defer { unsafe uv_freeaddrinfo(list) }
                guard let data = unsafe request?.pointee.data else {
                    return
                }
                unsafe Unmanaged<Lookup>.fromOpaque(data).takeRetainedValue().finished(status, list)
            },
            host,
            nil,
            &hints
        )
        guard status == 0 else {
            unsafe Unmanaged.passUnretained(self).release()
            throw StreamError(code: status)
        }
    }

    /// Gives the look-up back if it has not begun yet; one that runs ends on its own.
    func abandon() {
        // SAFETY: the request is valid as long as `self`; libuv answers EBUSY when it is too late.
        _ = unsafe uv_cancel(UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self))
    }

    private func finished(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
        var entry = unsafe list
        // LIMIT: 32 addresses of one name are considered.
        while let current = unsafe entry, status == 0, addresses.count < 32 {
            if let address = unsafe current.pointee.ai_addr,
                let parsed = unsafe SocketAddress(system: address)
            {
                addresses.append(SocketAddress(parsed.ip, port: port))
            }
            unsafe entry = current.pointee.ai_next
        }
        outcome.settle(status)
    }
}
