internal import CUV
internal import Glibc

/// A listening socket.
///
/// Loop-confined.
///
/// Each worker has one of its own on the same address (SO_REUSEPORT), the system spreads connections over them. When the
/// process has no descriptor left, waiting connections are accepted with a spare one and closed, so nothing spins and
/// accepting goes on by itself once descriptors are free again (libuv does that); ``onFailure`` is told.
@safe
public final class TCPListener {
    private let loop: EventLoop
    private let handle: Handle
    private var isOpen = true
    private let onConnection: (TCPStream) -> Void

    /// Where it listens, with the port the system chose.
    public let address: SocketAddress
    /// Called when a connection could not be accepted.
    public var onFailure: ((StreamError) -> Void)?

    /// Listens at `address`; `onConnection` runs on the loop's thread for each connection.
    ///
    /// - Parameters:
    ///   - loop: the loop it is confined to.
    ///   - address: port 0 lets the system choose.
    ///   - isShared: whether other sockets may listen at the same address (SO_REUSEPORT).
    ///   - backlog: connections the system keeps until they are accepted.
    ///   - onConnection: gets each connection.
    /// - Throws: ``StreamError`` when the address cannot be listened at.
    public init(
        on loop: EventLoop,
        address: SocketAddress,
        isShared: Bool = true,
        backlog: Int32 = 1_024,
        onConnection: @escaping (TCPStream) -> Void
    ) throws(StreamError) {
        let handle = Handle.tcp()
        let family = address.ip.family == .v4 ? AF_INET : AF_INET6
        // SAFETY: this is the loop's thread; a failed init leaves nothing to close.
        let status = unsafe uv_tcp_init_ex(loop.uv, handle.tcp, UInt32(family))
        guard status == 0 else {
            handle.discard()
            throw StreamError(code: status)
        }
        do throws(StreamError) {
            try TCPListener.bind(handle, address, isShared: isShared)
            let bound = unsafe SocketAddress.ask { pointer, length in
                unsafe uv_tcp_getsockname(handle.tcp, pointer, length)
            }
            self.address = bound ?? address
        } catch {
            handle.close()
            throw error
        }
        self.loop = loop
        self.handle = handle
        self.onConnection = onConnection
        handle.attach(self)
        // SAFETY: the callback finds the listener through `data`, emptied before the listener goes.
        let listening = unsafe uv_listen(handle.stream, backlog) { stream, status in
            guard let data = unsafe stream?.pointee.data else {
                return
            }
            unsafe Unmanaged<TCPListener>.fromOpaque(data).takeUnretainedValue().connectionArrived(status)
        }
        guard listening == 0 else {
            throw StreamError(code: listening)
        }
    }

    deinit {
        close()
    }

    /// Stops listening; accepted connections stay.
    public func close() {
        guard isOpen else {
            return
        }
        isOpen = false
        handle.close()
    }

    private static func bind(
        _ handle: Handle,
        _ address: SocketAddress,
        isShared: Bool
    ) throws(StreamError) {
        if isShared {
            var descriptor: uv_os_fd_t = -1
            // SAFETY: `uv_tcp_init_ex` with a family has made the socket; libuv fills the value.
            _ = unsafe uv_fileno(handle.base, &descriptor)
            var yes: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            guard unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, size) == 0 else {
                throw .system(errno)
            }
        }
        let status = unsafe address.withSystemAddress { pointer in
            unsafe uv_tcp_bind(handle.tcp, pointer, 0)
        }
        guard status == 0 else {
            throw StreamError(code: status)
        }
    }

    private func connectionArrived(_ status: Int32) {
        guard status == 0 else {
            onFailure?(StreamError(code: status))
            return
        }
        let client = Handle.tcp()
        // SAFETY: this is the loop's thread; a failed init leaves nothing to close.
        guard unsafe uv_tcp_init(loop.uv, client.tcp) == 0 else {
            client.discard()
            return
        }
        let accepted = unsafe uv_accept(handle.stream, client.stream)
        let peer = unsafe SocketAddress.ask { pointer, length in
            unsafe uv_tcp_getpeername(client.tcp, pointer, length)
        }
        guard accepted == 0, let peer else {
            // The peer has gone already, or there is no telling who it is.
            client.close()
            onFailure?(accepted == 0 ? .reset : StreamError(code: accepted))
            return
        }
        let stream = TCPStream(loop: loop, handle: client, peer: peer)
        stream.begin()
        onConnection(stream)
    }
}
