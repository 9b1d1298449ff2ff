import Base
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import MCPModel

/// The way to a server over Streamable HTTP.
///
/// Loop-confined.
final class HTTPLink {
    private let address: UpstreamAddress
    private let headers: [UpstreamHeader]
    private let client: HTTPClient
    private let poolKey: ByteString
    private let limits: UpstreamLimits
    private let space: AnswerSpace
    private let loop: EventLoop
    private var head: OutgoingHead?

    init(
        _ address: UpstreamAddress,
        headers: [UpstreamHeader],
        client: HTTPClient,
        poolKey: ByteString,
        limits: UpstreamLimits,
        space: AnswerSpace,
        loop: EventLoop
    ) {
        self.space = space
        self.address = address
        self.headers = headers
        self.client = client
        self.poolKey = poolKey
        self.limits = limits
        self.loop = loop
    }

    /// Sends one message and reads the answer as far as its kind.
    func send(
        _ message: UpstreamMessage,
        cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        // A call that asks again is done with the answer before; holding its room while waiting for more could lock two up.
        cancellation?.keep(nil)
        var request = HTTPClientRequest(
            method: message.verb.httpMethod,
            target: address.target,
            fields: try outgoing().fields(for: message),
            body: message.body
        )
        request.isLongLived = message.verb == .get || message.method == .subscriptionsListen
        let body: UpstreamBody
        do throws(HTTPClientError) {
            let exchange = try await client.send(
                request,
                to: address.origin,
                poolKey: poolKey,
                deadlines: deadlines(for: message),
                cancellation: cancellation
            )
            body = UpstreamBody(exchange, for: message.grant, in: space, loop: loop)
        } catch {
            throw UpstreamFailure(error)
        }
        // Whoever gives the call up does not wait for the rest of the answer; a stream is called off by its reader.
        cancellation?.onCancel { body.cancel() }
        defer { cancellation?.onCancel(nil) }
        do throws(UpstreamFailure) {
            return try await read(body, to: message, cancellation)
        } catch {
            body.cancel()
            throw error
        }
    }

    /// The constant part of every head, written at the first request.
    private func outgoing() throws(UpstreamFailure) -> OutgoingHead {
        if let head {
            return head
        }
        let made = try OutgoingHead(address, headers: headers)
        head = made
        return made
    }

    private func deadlines(for message: UpstreamMessage) -> HTTPClientDeadlines {
        let total = message.totalTimeout ?? limits.totalTimeout
        guard message.verb == .get || message.method == .subscriptionsListen else {
            return HTTPClientDeadlines(
                connect: limits.connectTimeout,
                head: total,
                piece: limits.idleTimeout,
                total: total
            )
        }
        // A stream of changes lives as long as somebody listens, a session's as long as the session: only long silence
        // ends them.
        return HTTPClientDeadlines(
            connect: limits.connectTimeout,
            head: limits.idleTimeout,
            piece: limits.sessionStreamIdleTimeout,
            total: message.totalTimeout
        )
    }

    // MARK: - Reading

    private func read(
        _ body: UpstreamBody,
        to message: UpstreamMessage,
        _ call: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        let head = body.head
        if (300..<400).contains(head.status) {
            throw UpstreamFailure(.redirected(status: head.status), wroteBytes: true)
        }
        if let encoding = head.fields[.contentEncoding], !encoding.isEqual(to: "identity") {
            throw .violation(.contentType, "the reply is encoded")
        }
        let session = try Self.sessionID(head)
        guard (200..<300).contains(head.status) else {
            return try await readError(body, to: message)
        }
        if UpstreamReading.isType(head.fields[.contentType], "text/event-stream"), message.verb != .delete,
            message.verb == .get || message.requestID != nil
        {
            return .stream(
                UpstreamStream(EventStream(body: body, message: message, limits: limits, call: call, loop: loop)),
                sessionID: session
            )
        }
        guard message.requestID != nil else {
            if message.verb == .get {
                throw .violation(.contentType, "GET is answered with something else than a stream")
            }
            _ = await body.start(maximumBytes: limits.maximumErrorBytes)
            return .accepted(status: head.status)
        }
        guard head.status == 200 else {
            throw .violation(.noResponse, "a request is answered with status \(head.status)")
        }
        guard UpstreamReading.isType(head.fields[.contentType], "application/json") else {
            throw .violation(.contentType, "a request is answered with neither JSON nor a stream")
        }
        let bytes = try await body.all(maximumBytes: limits.maximumReplyBytes)
        let (document, kind) = try await UpstreamReading.message(bytes, limits: limits, on: loop)
        guard kind == .response else {
            throw .violation(.message, "the body is no response")
        }
        try UpstreamReading.check(response: document.root, to: message.requestID)
        if let claim = body.takeClaim() {
            call?.keep(claim)
        }
        return .message(document, status: head.status, sessionID: session)
    }

    /// A 4xx or 5xx: a JSON-RPC error to our request is passed on, anything else is only its status.
    private func readError(
        _ body: UpstreamBody,
        to message: UpstreamMessage
    ) async throws(UpstreamFailure) -> UpstreamReply {
        let status = body.head.status
        let bytes = await body.start(maximumBytes: limits.maximumErrorBytes)
        guard message.requestID != nil, UpstreamReading.isType(body.head.fields[.contentType], "application/json")
        else {
            return .status(status, body: bytes)
        }
        do throws(UpstreamFailure) {
            let (document, kind) = try UpstreamReading.message(bytes, limits: limits)
            guard kind == .response, document.root["error"] != nil else {
                return .status(status, body: bytes)
            }
            try UpstreamReading.check(response: document.root, to: message.requestID)
            return .message(document, status: status, sessionID: nil)
        } catch {
            return .status(status, body: bytes)
        }
    }

    /// The server's session id: visible ASCII (25/http), and short enough to be sealed into ours.
    private static func sessionID(_ head: HTTPResponseHead) throws(UpstreamFailure) -> ByteString? {
        guard let value = head.fields[.mcpSessionID] else {
            return nil
        }
        guard (1...2_048).contains(value.count), value.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .violation(.sessionID)
        }
        return ByteString(value)
    }
}

extension UpstreamMessage.Verb {
    var httpMethod: HTTPMethod {
        switch self {
        case .post: .post
        case .get: .get
        case .delete: .delete
        }
    }
}
