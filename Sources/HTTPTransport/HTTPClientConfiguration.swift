public import EventLoops
public import HTTPWire

/// How long a client waits for what.
public struct HTTPClientDeadlines: Hashable, Sendable {
    /// For the name, the connection and the TLS handshake together.
    public var connect: Duration
    /// From sending to the end of the response's head; nil: no bound but `total`.
    public var head: Duration?
    /// Between two pieces of the response's body; nil: no bound but `total`.
    public var piece: Duration?
    /// From the call of `send` to the end of the response's body; nil for streams that may run for days.
    public var total: Duration?

    /// The defaults, with any of them replaced.
    public init(
        connect: Duration = .seconds(5),
        head: Duration? = .seconds(120),
        piece: Duration? = .seconds(120),
        total: Duration? = .seconds(300)
    ) {
        self.connect = connect
        self.head = head
        self.piece = piece
        self.total = total
    }
}

/// What a client needs to know.
public struct HTTPClientConfiguration: Sendable {
    /// Bounds of waits, where a request has none of its own.
    public var deadlines: HTTPClientDeadlines
    /// How long an unused connection is kept; shorter than what servers grant (5 s is common), or theirs by `Keep-Alive`.
    public var idleTimeout: Duration
    /// LIMIT: connections of one (origin, pool key); requests beyond wait for a free one (threat H5).
    public var maximumConnectionsPerPool: Int
    /// LIMIT: the same for long-lived responses, which have a pool of their own.
    public var maximumStreamsPerPool: Int
    /// LIMIT: connections of this client.
    public var maximumConnections: Int
    /// LIMIT: requests that wait for a connection of one pool.
    public var maximumWaitingPerPool: Int
    /// Bounds of response heads and bodies.
    public var limits: HTTPLimits
    /// Whom to trust; nil: the system's authorities.
    public var trust: TLSTrust?
    /// Whether a resolved address may be connected to; the connection goes to the very address that was asked about.
    public var addressFilter: @Sendable (SocketAddress) -> Bool

    /// The defaults, with any of them replaced.
    public init(
        deadlines: HTTPClientDeadlines = HTTPClientDeadlines(),
        idleTimeout: Duration = .seconds(4),
        maximumConnectionsPerPool: Int = 1_024,
        maximumStreamsPerPool: Int = 16_384,
        maximumConnections: Int = 20_000,
        maximumWaitingPerPool: Int = 1_024,
        limits: HTTPLimits = .response,
        trust: TLSTrust? = nil,
        addressFilter: @escaping @Sendable (SocketAddress) -> Bool = { _ in true }
    ) {
        self.deadlines = deadlines
        self.idleTimeout = idleTimeout
        self.maximumConnectionsPerPool = maximumConnectionsPerPool
        self.maximumStreamsPerPool = maximumStreamsPerPool
        self.maximumConnections = maximumConnections
        self.maximumWaitingPerPool = maximumWaitingPerPool
        self.limits = limits
        self.trust = trust
        self.addressFilter = addressFilter
    }
}

/// A request to send.
///
/// The transport writes what decides the length, and `Host` unless it is there.
public struct HTTPClientRequest: Sendable {
    /// The method.
    public var method: HTTPMethod
    /// An absolute path with an optional query.
    public var target: [UInt8]
    /// The fields.
    public var fields: HTTPFields
    /// The body; empty for none.
    public var body: [UInt8]
    /// Whether the response may last for hours: it then takes a connection of a pool of its own, so that streams never use
    /// up what calls need (threat H5).
    public var isLongLived = false

    /// Puts a request together.
    public init(method: HTTPMethod, target: [UInt8], fields: HTTPFields = HTTPFields(), body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
    }
}

/// Why there is no response, or no more of it.
public struct HTTPClientError: Error, Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        /// The name has no address.
        case noAddress
        /// Every address was refused by the address filter.
        case addressRefused
        /// Nobody listens there.
        case refused
        /// No route there.
        case unreachable
        /// No secure connection.
        case tls(TLSError)
        /// A deadline passed.
        case timedOut
        /// The server broke the connection, or ended it before the response was whole.
        case reset
        /// The response cannot be accepted; this includes one that is larger than allowed.
        case malformed(HTTPWireError)
        /// Called off on our side.
        case cancelled
        /// Too many requests wait for a connection, or one waited too long.
        case poolExhausted
        /// The process has no descriptor left.
        case exhausted
        /// The request cannot be written as it is: our own mistake.
        case unwritable(HTTPSerializerError)
    }

    /// What happened.
    public let kind: Kind
    /// False only if it is certain that not one byte of the request was given to the system for sending.
    public let wroteBytes: Bool

    /// Puts the two together.
    public init(_ kind: Kind, wroteBytes: Bool) {
        self.kind = kind
        self.wroteBytes = wroteBytes
    }

    init(stream error: StreamError, wroteBytes: Bool) {
        self.init(HTTPClientError.kind(error), wroteBytes: wroteBytes)
    }

    private static func kind(_ error: StreamError) -> Kind {
        switch error {
        case .refused: .refused
        case .timedOut: .timedOut
        case .unreachable, .addressUnavailable, .permissionDenied, .addressInUse: .unreachable
        case .noAddress: .noAddress
        case .addressRefused: .addressRefused
        case .cancelled, .closed: .cancelled
        case .exhausted: .exhausted
        case .reset, .ended, .system: .reset
        }
    }
}

extension HTTPClientError: CustomStringConvertible {
    /// One lower-case clause, safe to show anyone.
    public var description: String {
        switch kind {
        case .noAddress: "the name has no address"
        case .addressRefused: "the address is not allowed"
        case .refused: "connection refused"
        case .unreachable: "no route to the server"
        case .tls(let error): error.description
        case .timedOut: "timed out"
        case .reset: "the server ended the connection early"
        case .malformed(let error): "the response is not acceptable: \(error.description)"
        case .cancelled: "cancelled"
        case .poolExhausted: "too many requests wait for this server"
        case .exhausted: "no file descriptor left"
        case .unwritable(let error): "the request cannot be written: \(error.rawValue)"
        }
    }
}
