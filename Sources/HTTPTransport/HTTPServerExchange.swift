public import EventLoops
public import HTTPWire

/// One request and its answer.
///
/// Loop-confined.
///
/// The handler reads the body if it wants it, then answers once: with ``respond(_:_:body:)``, or with
/// ``startStream(_:_:)``, ``write(_:)`` and ``finish()``. If it returns without an answer the transport answers: with the
/// status of the error that reading the body met, else with 500.
public final class HTTPServerExchange {
    enum Progress {
        case unanswered
        case streaming
        case answered
    }

    /// The request's head; every check of `HTTPRequestMachine` has passed.
    public let head: HTTPRequestHead
    /// The other end of the socket, which may be a proxy.
    public let peer: SocketAddress
    /// Whether the client speaks TLS to us.
    public let isSecure: Bool

    private let connection: ServerConnection
    private var hasReadBody = false
    private var isChunked = true
    private(set) var progress = Progress.unanswered
    private(set) var keepsAlive = false
    private(set) var failure: HTTPServerError?
    private var hasToldEnd = false

    init(_ connection: ServerConnection, _ head: HTTPRequestHead) {
        self.connection = connection
        self.head = head
        peer = connection.channel.stream.peer
        isSecure = connection.channel.isSecure
    }

    /// Whether the client has hung up, or has at least ended its side of the connection.
    public var isPeerClosed: Bool {
        let stream = connection.channel.stream
        return stream.isInputEnded || stream.fault != nil || stream.isClosed
    }

    /// Whether it was this side that broke the connection, because draining took too long.
    public internal(set) var isAborted = false

    /// Called once, on the loop's thread, when the client goes away while the exchange is open, or is cut by a drain.
    ///
    /// Called at once when it has already gone. Dropped with all it holds when the handler returns.
    public var onPeerClosed: (() -> Void)? {
        didSet {
            if onPeerClosed != nil && isPeerClosed {
                peerEnded()
            }
        }
    }

    private var sequel: (() async -> Void)?

    /// Lets the rest of the answer go on in a task of its own, once the handler has returned.
    ///
    /// For answers that last: the task that read and judged the request ends, and with it all it holds. The exchange
    /// stays open until `sequel` returns; what holds for a handler's return holds for that then.
    public func goOn(apart sequel: @escaping () async -> Void) {
        self.sequel = sequel
    }

    func takeSequel() -> (() async -> Void)? {
        defer { sequel = nil }
        return sequel
    }

    func peerEnded() {
        guard !hasToldEnd, let action = onPeerClosed else {
            return
        }
        hasToldEnd = true
        onPeerClosed = nil
        action()
    }

    // MARK: Reading

    /// The whole body, once; empty when there is none.
    ///
    /// Says `100 Continue` if the client waits for that.
    ///
    /// - Throws: ``HTTPServerError/refused(_:)`` when it is larger than `maximumBytes` or malformed, `timedOut`,
    ///   `peerClosed`.
    public func body(maximumBytes: Int) async throws(HTTPServerError) -> [UInt8] {
        guard !hasReadBody, progress == .unanswered else {
            throw .outOfOrder
        }
        hasReadBody = true
        do throws(HTTPServerError) {
            return try await connection.readBody(of: head, maximum: maximumBytes)
        } catch {
            failure = error
            throw error
        }
    }

    // MARK: Answering

    /// Answers whole, with `Content-Length`; waits only while the client reads too slowly.
    ///
    /// - Parameters:
    ///   - status: 200 to 599.
    ///   - fields: without those the transport writes: `Content-Length`, `Connection`, `Date` (unless it is there).
    ///   - body: left away in answers to `HEAD`; must be empty for 204 and 304.
    /// - Throws: ``HTTPServerError``.
    public func respond(_ status: Int, _ fields: HTTPFields, body: [UInt8]) async throws(HTTPServerError) {
        guard progress == .unanswered else {
            throw .outOfOrder
        }
        let isBodiless = head.method == .head || status == 204 || status == 304
        try begin(status, fields, isBodiless ? .none : .length(body.count), body: isBodiless ? [] : body)
        progress = .answered
        if connection.isHeldUp {
            try await connection.waitUntilDrained()
        }
    }

    /// Begins an answer whose length is not known; chunked, or until the connection closes for HTTP/1.0.
    public func startStream(_ status: Int, _ fields: HTTPFields) async throws(HTTPServerError) {
        guard progress == .unanswered else {
            throw .outOfOrder
        }
        isChunked = head.minorVersion == 1
        let isBodiless = head.method == .head || status == 204 || status == 304
        try begin(status, fields, isBodiless ? .none : isChunked ? .chunked : .untilClose, body: [])
        progress = .streaming
    }

    /// Queues a piece of a stream; waits only above the high-water mark.
    public func write(_ bytes: [UInt8]) async throws(HTTPServerError) {
        guard progress == .streaming else {
            throw .outOfOrder
        }
        send(bytes)
        try await connection.waitUntilDrained()
    }

    /// Queues a piece of a stream from a callback if there is room below the high-water mark; false when there is not.
    ///
    /// For what may be left out, such as keep-alive comments.
    public func writeIfRoom(_ bytes: [UInt8]) -> Bool {
        let stream = connection.channel.stream
        guard progress == .streaming, stream.fault == nil, !stream.isClosed,
            stream.queuedCount + bytes.count <= TCPStream.highWaterMark
        else {
            return false
        }
        send(bytes)
        return true
    }

    /// Ends a stream.
    public func finish() async throws(HTTPServerError) {
        guard progress == .streaming else {
            throw .outOfOrder
        }
        if isChunked && head.method != .head {
            connection.channel.send { output in HTTPSerializer.appendLastChunk(to: &output) }
        }
        progress = .answered
        try await connection.waitUntilDrained()
    }

    private func begin(
        _ status: Int,
        _ fields: HTTPFields,
        _ framing: HTTPBodyFraming,
        body: [UInt8]
    ) throws(HTTPServerError) {
        let stream = connection.channel.stream
        guard stream.fault == nil, !stream.isClosed else {
            throw .peerClosed
        }
        let hasContinued = hasReadBody
        keepsAlive = framing != .untilClose && connection.keepsAlive(after: head, hasContinued: hasContinued)
        try connection.sendHead(status, fields, framing, keepAlive: keepsAlive, body: body)
    }

    private func send(_ bytes: [UInt8]) {
        guard head.method != .head else {
            return
        }
        guard isChunked else {
            return connection.channel.send(bytes)
        }
        connection.channel.send { output in HTTPSerializer.append(chunk: bytes.span, to: &output) }
    }
}
