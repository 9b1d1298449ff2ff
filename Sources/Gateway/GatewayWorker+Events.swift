internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import MCPModel
internal import Upstreams

/// Clients over HTTP+SSE, the transport of 2024-11-05: `GET /sse/<server>` opens a stream, whose first event says where to
/// post; every answer goes out on the stream, and a POST is answered 202.
///
/// Another face of the handshake revisions: a message passes the same phases as any other, on the worker its POST came to,
/// and only its answer goes another way.
extension GatewayWorker {
    /// How long a stream may be open without a session.
    private static let openingPatience = Duration.seconds(60)

    /// Serves a request below `/sse/`.
    func serveEvents(_ call: Call, _ target: EventTarget) async throws(Failure) {
        switch (call.exchange.head.method, target) {
        case (.get, .stream(let segment)):
            try call.enter()
            try await openEvents(call, segment)
        case (.post, .message(let id)):
            try await takePost(call, id)
        default:
            throw Failure(.methodNotAllowed)
        }
    }

    // MARK: The stream

    private func openEvents(_ call: Call, _ segment: ArraySlice<UInt8>) async throws(Failure) {
        call.record.method = "GET"
        call.revision = .november2024
        call.record.revision = .november2024
        (call.acceptsJSON, call.acceptsEvents) = try Representation.accepted(call.exchange.head.fields)
        guard call.acceptsEvents else {
            throw Failure(.notAcceptable)
        }
        try call.startListening()
        let news = Handed(WaitPoint())
        let loop = loop
        let client = EventClient(address(of: call), grant: call.grant.digest, clients: core.eventClients) {
            loop.execute { news.value.wake() }
        }
        guard let id = core.handles.sealEventStream(client.address, grant: call.grant, now: core.time.wallTime),
            let event = Self.endpoint(segment, id)
        else {
            throw Failure(.internalFault)
        }
        await startStream(call)
        client.send(event)
        call.mayStream = true
        call.outlet = client
        core.eventClients.add(client)
        call.goOn { [self] () async throws(Failure) in await live(call, client, news.value) }
    }

    /// The event that says where to post: an address of this very origin.
    private static func endpoint(_ segment: ArraySlice<UInt8>, _ id: ByteString) -> [UInt8]? {
        var target: [UInt8] = []
        target.append("/sse/")
        target.append(contentsOf: segment)
        target.append("/")
        target.append(contentsOf: id.bytes)
        var event: [UInt8] = []
        do throws(SSEError) {
            try SSEWriter.append(data: target, type: Array("endpoint".utf8), to: &event)
            return event
        } catch {
            return nil
        }
    }

    /// Writes what comes for a client until the stream ends, and with it the session.
    private func live(_ call: Call, _ client: EventClient, _ news: WaitPoint) async {
        spawn { [self] in await followServer(call, client, news) }
        let timer = loop.schedule(after: Self.openingPatience) {
            if client.session == nil {
                call.record.message = "the client did not open a session"
                call.end(.tooSlow)
            }
        }
        while call.ending == nil {
            if let event = client.next() {
                await write(event, to: call)
            } else if client.isTooSlow {
                call.record.message = "the client did not read its stream, which was closed"
                call.end(.tooSlow)
            } else {
                await news.wait()
            }
        }
        timer.cancel()
        core.eventClients.remove(client)
        client.end()
        endSession(of: client, call)
        await finishStream(call)
    }

    private func write(_ event: [UInt8], to call: Call) async {
        guard isStillGranted(call) else {
            return
        }
        call.lastWriteAt = loop.now
        do throws(HTTPServerError) {
            try await call.exchange.write(event)
        } catch {
            call.outputFailed()
        }
    }

    /// The end of a stream is the end of its session: nobody could be told of an answer any more.
    private func endSession(of client: EventClient, _ call: Call) {
        guard let session = client.session else {
            return
        }
        let text = session.text
        let theirs = core.sessionStates[text]?.upstream ?? session.upstream
        core.sessionStates.remove(text)
        core.runEverywhere { gateway in gateway.endCalls(of: text) }
        let upstream = upstream(of: call.grant.server)
        guard let theirs, theirs.home == upstream.home else {
            return
        }
        let server = upstream.server
        var message = UpstreamMessage(.delete, sessionID: theirs.id, revision: session.revision.towardsServer)
        message.grant = call.grant.id
        message.totalTimeout = .seconds(5)
        spawn { [message] in
            do throws(UpstreamFailure) {
                _ = try await server.send(message)
            } catch {
                // The server ends it by itself sooner or later.
            }
        }
    }

    /// Passes on what the server says outside of calls, for as long as the client's stream lasts.
    private func followServer(_ call: Call, _ client: EventClient, _ news: WaitPoint) async {
        while !client.isInitialized, call.ending == nil {
            await news.wait()
        }
        guard call.ending == nil, let session = client.session else {
            return
        }
        call.enter(session)
        guard call.grant.parts.isEmpty else {
            return await followParts(call)
        }
        call.logLevel = .debug
        call.capabilities = Self.permitted(session.capabilities, call.grant.policy?.compiled)
        var backoff = Duration.seconds(1)
        while call.ending == nil {
            if session.isBridged {
                await followChanges(call, session)
            } else {
                guard await followStream(call) else {
                    return
                }
            }
            guard call.ending == nil else {
                return
            }
            await loop.sleep(for: backoff)
            backoff = min(backoff * 2, .seconds(30))
        }
    }

    /// Passes on the server's own stream of a session until it breaks; false when there is none to be had.
    private func followStream(_ call: Call) async -> Bool {
        do throws(Failure) {
            guard let stream = try await sessionStream(call) else {
                return false
            }
            await follow(call, stream)
            return true
        } catch {
            return error.kind.isRetryable
        }
    }

    // MARK: Messages

    /// Takes a posted message: 202 as soon as it is understood, what comes of it on the stream.
    private func takePost(_ call: Call, _ id: ArraySlice<UInt8>) async throws(Failure) {
        // What becomes of the connection of a POST is nothing to its message.
        call.exchange.onPeerClosed = nil
        guard let client = eventClient(id, call.grant) else {
            throw Failure(.sessionNotFound)
        }
        call.outlet = client
        let refusal = call.refusedEntry()
        try Representation.checkBody(call.exchange.head.fields)
        (call.acceptsJSON, call.acceptsEvents) = (false, true)
        let post = try understand(call, try await readBody(call, refusal))
        guard call.era == .legacy else {
            throw Failure(.revisionNotServed)
        }
        if case .handshake = post.claim, client.session != nil {
            throw Failure(.invalidParameters, "this session is open: open another stream for another one")
        }
        await respond(to: call.exchange, 202, [])
        switch post.message {
        case .request(let request):
            if let refusal {
                throw refusal
            }
            // Apart from the connection, on which the next message may be what this one waits for.
            call.isDetached = true
            spawn { [self] in
                do throws(Failure) {
                    try await serve(call, request)
                } catch {
                    await fail(call, error)
                }
                conclude(call)
            }
        case .notification(let notification):
            if notification.method == .initialized {
                client.initialized()
            }
            try await take(call, notification)
        case .response(let response):
            try await take(call, response)
        }
    }

    /// The client whose stream an id names: of this process, still open, and this grant's (D1, F6).
    private func eventClient(_ id: ArraySlice<UInt8>, _ grant: GrantEntry) -> EventClient? {
        guard let address = core.handles.openEventStream(id, grant: grant, now: core.time.wallTime),
            address.process == core.firstRequestID, let client = core.eventClients[address.number],
            client.grant == grant.digest
        else {
            return nil
        }
        return client
    }

    /// The session of a client over HTTP+SSE, which is its stream's.
    func session(of client: EventClient) throws(Failure) -> ClientSession {
        guard let session = client.session else {
            throw Failure(.sessionRequired, "a session is required: send initialize first")
        }
        return core.sessionStates[session.text]?.upstream.map { session.moved(to: $0) } ?? session
    }
}

/// What a request below `/sse/` is for.
enum EventTarget {
    /// To open a stream; the server's name.
    case stream(ArraySlice<UInt8>)
    /// To bring a message; the sealed id of the stream.
    case message(ArraySlice<UInt8>)
}
