public import EventLoops
public import HTTPWire

/// How long a server waits for what (security.md, H1).
///
/// Every wait of a connection is under one of these.
public struct HTTPServerTimeouts: Hashable, Sendable {
    /// From a connection's or a request's first byte to the end of its head, and for the TLS handshake.
    public var head: Duration
    /// For a whole body, from the moment it is asked for.
    public var body: Duration
    /// Between two requests of one connection.
    public var idle: Duration
    /// For a client to take enough of what is queued for it, so that writing can go on.
    public var write: Duration
    /// After a refusal, for the client to stop sending.
    public var linger: Duration

    /// The defaults, with any of them replaced.
    public init(
        head: Duration = .seconds(10),
        body: Duration = .seconds(30),
        idle: Duration = .seconds(75),
        write: Duration = .seconds(30),
        linger: Duration = .seconds(2)
    ) {
        self.head = head
        self.body = body
        self.idle = idle
        self.write = write
        self.linger = linger
    }
}

/// What a server needs to know.
///
/// A copy given to several workers shares the count of connections.
public struct HTTPServerConfiguration: Sendable {
    /// Where to listen; port 0 lets the system choose.
    public var address: SocketAddress
    /// Certificate and key; nil serves plain HTTP.
    public var tls: TLSServerIdentity?
    /// Bounds of heads and bodies.
    public var limits: HTTPLimits
    /// Bounds of waits.
    public var timeouts: HTTPServerTimeouts
    /// LIMIT: unread bytes of a request that are read and dropped to keep its connection; beyond it is closed.
    public var maximumDrainedBytes: Int
    /// The body, as JSON, with which a request is answered that cannot be accepted.
    public var errorBody: @Sendable (HTTPWireError) -> [UInt8]
    /// The body, as JSON, of 408, 500 and 503, by status.
    public var statusBody: @Sendable (Int) -> [UInt8]
    /// Counts the connections of every server that was given a copy of this.
    public let census: ConnectionCensus

    /// A plain server at `address` with default bounds.
    ///
    /// - Parameters:
    ///   - address: where to listen.
    ///   - tls: certificate and key.
    ///   - limits: bounds of heads and bodies.
    ///   - timeouts: bounds of waits.
    ///   - maximumConnections: LIMIT: open connections; one more is answered with 503.
    ///   - maximumConnectionsPerAddress: LIMIT: open connections of one client address (IPv6: of one /64).
    public init(
        address: SocketAddress,
        tls: TLSServerIdentity? = nil,
        limits: HTTPLimits = .default,
        timeouts: HTTPServerTimeouts = HTTPServerTimeouts(),
        maximumConnections: Int = 20_000,
        maximumConnectionsPerAddress: Int = 4_096
    ) {
        self.address = address
        self.tls = tls
        self.limits = limits
        self.timeouts = timeouts
        maximumDrainedBytes = 65_536
        errorBody = { error in HTTPServerConfiguration.plainBody(error.rawValue, error.description) }
        statusBody = { status in HTTPServerConfiguration.plainBody(status) }
        census = ConnectionCensus(maximum: maximumConnections, maximumPerAddress: maximumConnectionsPerAddress)
    }

    private static func plainBody(_ status: Int) -> [UInt8] {
        switch status {
        case 408: plainBody("request_timeout", "the request took too long to arrive; send it again, faster")
        case 503: plainBody("too_many_connections", "too many connections are open; close some or try again later")
        default: plainBody("internal_error", "the request could not be handled")
        }
    }

    /// The texts are our own: nothing in them needs escaping.
    private static func plainBody(_ code: String, _ message: String) -> [UInt8] {
        Array("{\"error\":\"\(code)\",\"message\":\"\(message)\"}".utf8)
    }
}

/// Why an exchange cannot go on.
public enum HTTPServerError: Error, Hashable, Sendable {
    /// The request's bytes are refused.
    ///
    /// A handler that returns without an answer leaves the answer to the transport.
    case refused(HTTPWireError)
    /// The body took too long, or the client reads too slowly.
    ///
    /// As with ``refused(_:)`` the handler may just return.
    case timedOut
    /// The client is gone.
    case peerClosed
    /// The answer cannot be written as it is: our own mistake.
    case unwritable(HTTPSerializerError)
    /// The answer is already complete, or has not begun where it must have: our own mistake.
    case outOfOrder
}
