import Base
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import MCPModel

/// The way of one worker to a server over HTTP+SSE, the transport of 2024-11-05: all messages are posted to an address
/// that the server names on a stream, on which all its answers come (LC-10).
///
/// Loop-confined; sessions are shared by all workers.
///
/// What Streamable HTTP has and this has not is made up here: a session's id, and the end of a session.
final class EventLink {
    /// How long nobody may wait for anything of a session before its connection is closed; the next call opens another.
    private static let idleLimit = Duration.seconds(900)
    private static let sweepInterval = Duration.seconds(60)

    private let address: UpstreamAddress
    private let client: HTTPClient
    private let poolKey: ByteString
    private let limits: UpstreamLimits
    private let space: AnswerSpace
    private let loop: EventLoop
    private let sessions: EventSessions
    private let head: OutgoingHead

    init(
        _ address: UpstreamAddress,
        headers: [UpstreamHeader],
        client: HTTPClient,
        poolKey: ByteString,
        limits: UpstreamLimits,
        space: AnswerSpace,
        loop: EventLoop,
        sessions: EventSessions
    ) throws(UpstreamFailure) {
        self.space = space
        self.address = address
        self.client = client
        self.poolKey = poolKey
        self.limits = limits
        self.loop = loop
        self.sessions = sessions
        head = try OutgoingHead(address, headers: headers)
    }

    /// Sends one message in its session and reads the answer as far as its kind.
    func send(
        _ message: UpstreamMessage,
        cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        guard let session = message.sessionID.flatMap({ sessions[$0] }), !session.isOver else {
            return message.verb == .delete ? .accepted(status: 200) : .status(404, body: [])
        }
        switch (message.verb, message.method) {
        case (.delete, _):
            sessions.end(session)
            return .accepted(status: 200)
        case (.post, .cancelled):
            // The server is told of a request given up when nobody waits for its answer any more.
            return .accepted(status: 202)
        case (.get, _):
            return try await ask(message, in: session, cancellation) { (reply) throws(UpstreamFailure) in
                try session.listen(reply)
            }
        case (.post, _):
            guard let id = message.requestID else {
                return try await tell(message, in: session, cancellation)
            }
            return try await ask(message, in: session, cancellation) { [self] (reply) throws(UpstreamFailure) in
                try session.add(reply, for: id)
                // Beside the wait: some servers answer the POST only after what it asks for is done.
                spawn { [self] in await post(message, in: session, for: reply) }
            }
        }
    }

    // MARK: Opening

    /// Opens a session and sends `initialize` in it; `nil` when the address has no stream that names an endpoint.
    func open(
        _ message: UpstreamMessage,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply? {
        guard sessions.makeRoom(at: loop.now) else {
            throw UpstreamFailure(.busy, wroteBytes: false, detail: "too many sessions are open")
        }
        let stream: EventReader
        let endpoint: UpstreamAddress
        switch try await begin(message, cancellation) {
        case .stream(let opened, let named): (stream, endpoint) = (opened, named)
        case .status(let status): return .status(status, body: [])
        case .none: return nil
        }
        let session = EventSession(endpoint: endpoint, on: loop) { stream.cancel() }
        sessions.add(session)
        spawn { [self] in await run(session, stream) }
        sweep(session)
        var opening = message
        opening.sessionID = session.id
        do throws(UpstreamFailure) {
            let answer = try await response(to: opening, cancellation)
            guard case .message(let document, let status, _) = answer else {
                sessions.end(session)
                return answer
            }
            return .message(document, status: status, sessionID: session.id)
        } catch {
            sessions.end(session)
            throw error
        }
    }

    private func response(
        to opening: UpstreamMessage,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        let reply = try await send(opening, cancellation: cancellation)
        guard case .stream(let stream, _) = reply else {
            return reply
        }
        // Before its answer to `initialize` a server may ping and log, and nothing of that is for anybody.
        while let event = try await stream.next() {
            if event.kind == .response, let document = event.message {
                return .message(document, status: 200, sessionID: nil)
            }
        }
        throw .violation(.noResponse)
    }

    /// What the address answers to GET.
    private enum Beginning {
        case stream(EventReader, UpstreamAddress)
        /// A status that says nothing about the transport: 401, 403, 429, 5xx.
        case status(Int)
        /// No such stream.
        case none
    }

    private func begin(
        _ message: UpstreamMessage,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> Beginning {
        let patience = min(message.totalTimeout ?? limits.openingTimeout, limits.openingTimeout)
        let body: UpstreamBody
        do throws(HTTPClientError) {
            var request = HTTPClientRequest(method: .get, target: address.target, fields: head.streamFields)
            request.isLongLived = true
            let deadlines = HTTPClientDeadlines(
                connect: limits.connectTimeout,
                head: patience,
                piece: limits.sessionStreamIdleTimeout,
                total: nil
            )
            let exchange = try await client.send(
                request,
                to: address.origin,
                poolKey: poolKey,
                deadlines: deadlines,
                cancellation: cancellation
            )
            body = UpstreamBody(exchange, for: message.grant, in: space, loop: loop)
        } catch {
            throw UpstreamFailure(error)
        }
        let status = body.head.status
        guard status == 200, body.head.fields[.contentEncoding].map({ $0.isEqual(to: "identity") }) ?? true,
            UpstreamReading.isType(body.head.fields[.contentType], "text/event-stream")
        else {
            body.cancel()
            return EraProbe.isUnproven(status) ? .status(status) : .none
        }
        return try await endpoint(of: EventReader(body, limits: limits), within: patience)
    }

    /// The address that the stream's first event names, which must be one of the server's own (G2, G5).
    private func endpoint(
        of stream: EventReader,
        within patience: Duration
    ) async throws(UpstreamFailure) -> Beginning {
        var isLate = false
        let timer = loop.schedule(after: patience) {
            isLate = true
            stream.cancel()
        }
        defer { timer.cancel() }
        do throws(UpstreamFailure) {
            guard let first = try await stream.next(), first.type.isEqual(to: "endpoint") else {
                stream.cancel()
                return .none
            }
            guard let endpoint = address.endpoint(first.data) else {
                throw .violation(.endpoint, "the endpoint is not an address of the server's own origin")
            }
            return .stream(stream, endpoint)
        } catch {
            stream.cancel()
            throw isLate ? UpstreamFailure(.timedOut, wroteBytes: true) : error
        }
    }

    // MARK: Asking

    /// Waits for what comes back for an exchange once `begin` has put it where it is found.
    private func ask(
        _ message: UpstreamMessage,
        in session: EventSession,
        _ cancellation: CancellationPoint?,
        _ begin: (ReplyExchange) throws(UpstreamFailure) -> Void
    ) async throws(UpstreamFailure) -> UpstreamReply {
        guard cancellation?.isCancelled != true else {
            throw UpstreamFailure(.cancelled, wroteBytes: false)
        }
        let reply = ReplyExchange(on: loop)
        let timeout = message.verb == .get ? nil : message.totalTimeout ?? limits.totalTimeout
        reply.begin(timeout: timeout) { [self, unowned reply] in withdraw(reply, from: session, message) }
        do throws(UpstreamFailure) {
            try begin(reply)
        } catch {
            reply.deliver(.failed(error))
        }
        cancellation?.onCancel { reply.cancel() }
        defer { cancellation?.onCancel(nil) }
        return try await reply.reply(to: message)
    }

    /// Nobody waits any more: the server is told that the request is given up (25/cancel).
    private func withdraw(_ reply: ReplyExchange, from session: EventSession, _ message: UpstreamMessage) {
        guard let id = session.remove(reply), message.method != .initialize else {
            return
        }
        tellLater(EraProbe.cancelledBody(id), .cancelled, message.revision, in: session)
    }

    private func tellLater(_ body: [UInt8], _ method: MCPMethod?, _ revision: Revision, in session: EventSession) {
        let message = UpstreamMessage(posting: body, requestID: nil, method: method, revision: revision)
        spawn { [self] in
            do throws(UpstreamFailure) {
                _ = try await tell(message, in: session, nil)
            } catch {
                // The server finds out by itself, or waits for its own time-out.
            }
        }
    }

    /// Posts a request; what goes wrong is told to whoever waits for its answer.
    private func post(_ message: UpstreamMessage, in session: EventSession, for reply: ReplyExchange) async {
        do throws(UpstreamFailure) {
            if case .status(let status, _) = try await tell(message, in: session, nil) {
                if session.remove(reply) != nil {
                    reply.deliver(.failed(UpstreamFailure(.refused(status: status), wroteBytes: true)))
                }
            }
        } catch {
            if session.remove(reply) != nil {
                reply.deliver(.failed(error))
            }
        }
    }

    /// Posts a message to a session's endpoint.
    private func tell(
        _ message: UpstreamMessage,
        in session: EventSession,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        var outgoing = message
        outgoing.sessionID = nil
        let total = message.totalTimeout ?? limits.totalTimeout
        let request = HTTPClientRequest(
            method: .post,
            target: session.endpoint.target,
            fields: try head.fields(for: outgoing),
            body: message.body
        )
        let body: UpstreamBody
        do throws(HTTPClientError) {
            let exchange = try await client.send(
                request,
                to: session.endpoint.origin,
                poolKey: poolKey,
                deadlines: HTTPClientDeadlines(
                    connect: limits.connectTimeout,
                    head: total,
                    piece: limits.idleTimeout,
                    total: total
                ),
                cancellation: cancellation
            )
            body = UpstreamBody(exchange, for: message.grant, in: space, loop: loop)
        } catch {
            throw UpstreamFailure(error)
        }
        let status = body.head.status
        guard !(300..<400).contains(status) else {
            body.cancel()
            throw UpstreamFailure(.redirected(status: status), wroteBytes: true)
        }
        _ = await body.start(maximumBytes: limits.maximumErrorBytes)
        guard (200..<300).contains(status) else {
            if status == 404 {
                // The server has forgotten the session, whose stream is worth nothing then.
                sessions.end(session, EventSession.isUnknown)
            }
            return .status(status, body: [])
        }
        return .accepted(status: 202)
    }

    // MARK: Reading

    /// Reads a session's stream until it ends.
    private func run(_ session: EventSession, _ stream: EventReader) async {
        var failure = UpstreamFailure(.broken, wroteBytes: true, detail: "the server ended the session's stream")
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                guard event.type.isEmpty || event.type.isEqual(to: "message"), !event.data.isEmpty else {
                    continue
                }
                let (document, kind) = try await UpstreamReading.message(event.data, limits: limits, on: loop)
                switch session.route(document, kind) {
                case .taken, .dropped: break
                case .answered(let body): tellLater(body, nil, .november2024, in: session)
                case .tooMuch: throw .violation(.message, "too much came for nobody")
                }
            }
        } catch {
            failure = error.kind == .cancelled ? failure : error
        }
        stream.cancel()
        sessions.end(session, failure)
    }

    /// Closes a session nobody has used for long; the next call in it opens another (LC-04).
    private func sweep(_ session: EventSession) {
        _ = loop.schedule(after: Self.sweepInterval) { [weak self, weak session] in
            guard let self, let session, !session.isOver else {
                return
            }
            if let idle = session.idleTime(at: loop.now), idle >= Self.idleLimit {
                sessions.end(session)
            } else {
                sweep(session)
            }
        }
    }

    private func spawn(_ body: @escaping () async -> Void) {
        Worker(loop: loop).spawn(body)
    }
}
