import Base
public import EventLoops
public import HTTPTransport
import HTTPWire
import JSONText
public import MCPModel

/// One MCP server over Streamable HTTP, as one worker talks to it.
///
/// Loop-confined; what workers share is in ``UpstreamKnowledge``.
///
/// Builds every head from an allow-list, follows no redirect, keeps no cookie, reads replies strictly and within bounds.
/// It decides nothing about permission: whatever is sent here has been allowed.
public final class UpstreamServer {
    /// The server.
    public let configuration: UpstreamConfiguration
    let client: HTTPClient
    let shared: UpstreamKnowledge
    let loop: EventLoop
    private var head: OutgoingHead?

    /// A server for the worker whose loop and client these are.
    public init(
        configuration: UpstreamConfiguration,
        client: HTTPClient,
        shared: UpstreamKnowledge,
        loop: EventLoop
    ) {
        self.configuration = configuration
        self.client = client
        self.shared = shared
        self.loop = loop
    }

    /// Sends one message and reads the answer as far as its kind: a whole JSON message, or the beginning of a stream.
    ///
    /// `cancellation` closes the connection until the answer begins; after that ``UpstreamStream/cancel()`` does.
    ///
    /// - Parameters:
    ///   - message: what to send; decided on and serialised.
    ///   - cancellation: calls it off from another place.
    /// - Returns: the answer as far as its kind.
    /// - Throws: ``UpstreamFailure``.
    public func send(
        _ message: UpstreamMessage,
        cancellation: CancellationPoint? = nil
    ) async throws(UpstreamFailure) -> UpstreamReply {
        var request = HTTPClientRequest(
            method: message.verb.httpMethod,
            target: configuration.address.target,
            fields: try outgoing().fields(for: message),
            body: message.body
        )
        request.isLongLived = message.verb == .get || message.method == .subscriptionsListen
        let body: UpstreamBody
        do throws(HTTPClientError) {
            let exchange = try await client.send(
                request,
                to: configuration.address.origin,
                poolKey: shared.poolKey,
                deadlines: deadlines(for: message),
                cancellation: cancellation
            )
            body = UpstreamBody(exchange, loop: loop)
        } catch {
            throw UpstreamFailure(error)
        }
        do throws(UpstreamFailure) {
            return try await read(body, to: message)
        } catch {
            body.cancel()
            throw error
        }
    }

    /// Whether the server speaks an era; asked once per credential and remembered by the whole process.
    ///
    /// - Throws: when the answer proves nothing (401, 403, 429, 5xx) or there is none: then nothing is remembered.
    public func speaks(_ era: Era) async throws(UpstreamFailure) -> Bool {
        let answer = try await shared.answer(
            era,
            at: loop.now,
            lifetime: configuration.limits.verdictLifetime
        ) { () async throws(UpstreamFailure) in
            try await self.probe(era)
        }
        if case .yes = answer {
            return true
        }
        return false
    }

    /// The era the server is best spoken to in: the modern one if it speaks it.
    ///
    /// - Throws: as ``speaks(_:)``; `.notMCP` when it speaks neither.
    public func era() async throws(UpstreamFailure) -> Era {
        if try await speaks(.modern) {
            return .modern
        }
        guard try await speaks(.legacy) else {
            throw UpstreamFailure(.notMCP, wroteBytes: true)
        }
        return .legacy
    }

    /// The constant part of every head, written at the first request.
    private func outgoing() throws(UpstreamFailure) -> OutgoingHead {
        if let head {
            return head
        }
        let made = try OutgoingHead(configuration)
        head = made
        return made
    }

    private func deadlines(for message: UpstreamMessage) -> HTTPClientDeadlines {
        let limits = configuration.limits
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

    private func read(_ body: UpstreamBody, to message: UpstreamMessage) async throws(UpstreamFailure) -> UpstreamReply
    {
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
                UpstreamStream(body: body, message: message, limits: configuration.limits),
                sessionID: session
            )
        }
        guard message.requestID != nil else {
            if message.verb == .get {
                throw .violation(.contentType, "GET is answered with something else than a stream")
            }
            _ = await body.start(maximumBytes: configuration.limits.maximumErrorBytes)
            return .accepted(status: head.status)
        }
        guard head.status == 200 else {
            throw .violation(.noResponse, "a request is answered with status \(head.status)")
        }
        guard UpstreamReading.isType(head.fields[.contentType], "application/json") else {
            throw .violation(.contentType, "a request is answered with neither JSON nor a stream")
        }
        let bytes = try await body.all(maximumBytes: configuration.limits.maximumReplyBytes)
        let (document, kind) = try UpstreamReading.message(bytes, limits: configuration.limits)
        guard kind == .response else {
            throw .violation(.message, "the body is no response")
        }
        try UpstreamReading.check(response: document.root, to: message.requestID)
        return .message(document, status: head.status, sessionID: session)
    }

    /// A 4xx or 5xx: a JSON-RPC error to our request is passed on, anything else is only its status.
    private func readError(
        _ body: UpstreamBody,
        to message: UpstreamMessage
    ) async throws(UpstreamFailure) -> UpstreamReply {
        let status = body.head.status
        let bytes = await body.start(maximumBytes: configuration.limits.maximumErrorBytes)
        guard message.requestID != nil, UpstreamReading.isType(body.head.fields[.contentType], "application/json")
        else {
            return .status(status, body: bytes)
        }
        do throws(UpstreamFailure) {
            let (document, kind) = try UpstreamReading.message(bytes, limits: configuration.limits)
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
