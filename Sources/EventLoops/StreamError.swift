internal import CUV

/// What can go wrong with a socket, a name or a watched file.
public enum StreamError: Error, Hashable, Sendable {
    /// The peer refused the connection.
    case refused
    /// The peer, or something between, broke the connection (RST, broken pipe).
    case reset
    /// The other side ended its half in an orderly way where more was needed.
    case ended
    /// The stream was closed on our side.
    case closed
    /// The wait was given up on request.
    case cancelled
    /// A deadline passed.
    case timedOut
    /// No route, or the network or host is unreachable.
    case unreachable
    /// The name has no address.
    case noAddress
    /// Every address of the name was refused by the caller's filter.
    case addressRefused
    /// Somebody else listens there.
    case addressInUse
    /// The address is not one of this machine's.
    case addressUnavailable
    /// The system does not allow it.
    case permissionDenied
    /// The process or the system has no file descriptor or memory left.
    case exhausted
    /// Anything else, by the system's error number.
    case system(Int32)

    /// From libuv's negative error code.
    init(code: Int32) {
        switch uv_errno_t(code) {
        case UV_ECONNREFUSED: self = .refused
        case UV_ECONNRESET, UV_EPIPE, UV_ECONNABORTED, UV_ENOTCONN, UV_ESHUTDOWN: self = .reset
        case UV_EOF: self = .ended
        case UV_ECANCELED, UV_EAI_CANCELED: self = .cancelled
        case UV_ETIMEDOUT: self = .timedOut
        case UV_ENETUNREACH, UV_EHOSTUNREACH, UV_ENETDOWN, UV_EHOSTDOWN: self = .unreachable
        case UV_EAI_NONAME, UV_EAI_NODATA, UV_EAI_ADDRFAMILY, UV_EAI_FAIL, UV_EAI_AGAIN: self = .noAddress
        case UV_EADDRINUSE: self = .addressInUse
        case UV_EADDRNOTAVAIL: self = .addressUnavailable
        case UV_EACCES, UV_EPERM: self = .permissionDenied
        case UV_EMFILE, UV_ENFILE, UV_ENOBUFS, UV_ENOMEM, UV_EAI_MEMORY: self = .exhausted
        default: self = .system(code == .min ? .max : -code)
        }
    }
}

extension StreamError: CustomStringConvertible {
    /// One lower-case clause without the address, safe to show anyone.
    public var description: String {
        switch self {
        case .refused: "connection refused"
        case .reset: "connection reset"
        case .ended: "connection ended early"
        case .closed: "connection closed"
        case .cancelled: "cancelled"
        case .timedOut: "timed out"
        case .unreachable: "network unreachable"
        case .noAddress: "name has no address"
        case .addressRefused: "address not allowed"
        case .addressInUse: "address already in use"
        case .addressUnavailable: "address is not one of this machine's"
        case .permissionDenied: "permission denied"
        case .exhausted: "no file descriptor or memory left"
        case .system(let number): "system error \(number)"
        }
    }
}
