internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Upstreams

/// The beginning and end of what a client sees of a server: handshake, discovery, session stream, end.
extension GatewayWorker {
    /// Opens a legacy session: the server's own is opened for it, where it has sessions, and ours is sealed around that
    /// (D1, LS-09).
    func initialize(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        let opening = try opening(call, request)
        let upstream = upstream(of: call.grant.server)
        guard !upstream.speaksOnlyModern else {
            return try await initializeBridged(call, request, opening)
        }
        do throws(Failure) {
            try await initializeMatched(call, request, opening)
        } catch {
            // A server that knows no `initialize` may know the other era.
            guard error.kind == .eraNotServed || error.kind == .upstreamMisbehaved, call.ending == nil,
                try await speaksModern(upstream)
            else {
                throw error
            }
            upstream.speaksOnlyModern = true
            try await initializeBridged(call, request, opening)
        }
    }

    /// What a client opens its session with; 2024-11-05 is spoken over its own transport alone.
    func opening(_ call: Call, _ request: ClientRequest) throws(Failure) -> Initialization {
        guard case .initialization(let asked) = request.detail else {
            throw Failure(.invalidParameters)
        }
        let opening = call.outlet == nil ? asked : asked.overEvents
        call.revision = opening.revision
        call.record.revision = opening.revision
        call.record.clientName = opening.client?.name
        call.record.clientVersion = opening.client?.version
        return opening
    }

    private func speaksModern(_ upstream: WorkerUpstream) async throws(Failure) -> Bool {
        do throws(UpstreamFailure) {
            return try await upstream.server.speaks(.modern)
        } catch {
            throw Failure(error)
        }
    }

    /// Opens a session of the server's for the client's.
    private func initializeMatched(
        _ call: Call,
        _ request: ClientRequest,
        _ opening: Initialization
    ) async throws(Failure) {
        let policy = call.grant.policy?.compiled
        let capabilities = Self.permitted(opening.capabilities, policy)
        let id = RequestID(upstream(of: call.grant.server).nextID())
        let asked = opening.revision.towardsServer
        let envelope = UpstreamEnvelope(revision: asked, id: id, capabilities: capabilities)
        let message = UpstreamMessage(
            posting: core.upstreamWriter.initialize(envelope),
            requestID: id,
            method: .initialize,
            revision: asked
        )
        call.leg.revision = asked
        let (document, upstreamSession) = try await whole(call, message)
        let home = call.reached
        let result = try Self.handshakeResult(document)
        do throws(UpstreamViolation) {
            let handshake = try ServerHandshake(initializeResult: result)
            guard let spoken = handshake.revisions.first?.towardsServer, spoken.isServed, spoken.era == .legacy else {
                throw .handshake
            }
            // A client of 2024-11-05 knows no other, whatever its server chose.
            let revision = opening.revision == .november2024 ? opening.revision : spoken
            call.revision = revision
            call.record.revision = revision
            call.issuedSession = core.handles.sealSession(
                revision: revision,
                upstream: upstreamSession.map { ServerSession(id: $0, home: home) },
                capabilities: capabilities,
                client: (opening.client?.name, opening.client?.version),
                grant: call.grant,
                now: core.time.wallTime
            )
            let reachable = Self.reachable(handshake.capabilities, policy)
            await answer(
                call,
                core.writer(revision).initialize(handshake, capabilities: reachable, to: request.id)
            )
        } catch {
            throw Failure(.upstreamMisbehaved)
        }
    }

    /// Opens a session that exists on the client's side alone: the server is modern and has none (mcp-protocol.md, 3.3).
    private func initializeBridged(
        _ call: Call,
        _ request: ClientRequest,
        _ opening: Initialization
    ) async throws(Failure) {
        let policy = call.grant.policy?.compiled
        let capabilities = Self.permitted(opening.capabilities, policy)
        call.leg.revision = .july2026
        let handshake = try await discovered(call, capabilities)
        call.issuedSession = core.handles.sealSession(
            revision: opening.revision,
            isBridged: true,
            upstream: nil,
            capabilities: capabilities,
            client: (opening.client?.name, opening.client?.version),
            grant: call.grant,
            now: core.time.wallTime
        )
        let reachable = Self.reachable(handshake.capabilities, policy)
        await answer(
            call,
            core.writer(opening.revision).initialize(handshake, capabilities: reachable, to: request.id)
        )
    }

    /// Answers what a server offers, as far as it can be reached (MS-25, MS-26): as a modern server says, or as a legacy
    /// one said when a session was opened with it.
    func discover(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        try await prepareLeg(of: call)
        let handshake: ServerHandshake
        if let bridge = call.leg.bridge {
            handshake = bridge.handshake
        } else {
            handshake = try await discovered(call, call.capabilities)
        }
        let reachable = Self.reachable(handshake.capabilities, call.grant.policy?.compiled)
        await answer(call, core.writer(call.revision).discover(handshake, capabilities: reachable, to: request.id))
    }

    /// What a modern server says of itself.
    private func discovered(
        _ call: Call,
        _ capabilities: ClientCapabilities
    ) async throws(Failure) -> ServerHandshake {
        let id = RequestID(upstream(of: call.grant.server).nextID())
        let envelope = UpstreamEnvelope(revision: .july2026, id: id, capabilities: capabilities)
        let message = UpstreamMessage(
            posting: core.upstreamWriter.request(.serverDiscover, envelope),
            requestID: id,
            method: .serverDiscover,
            revision: .july2026
        )
        let (document, _) = try await whole(call, message)
        let result = try Self.handshakeResult(document)
        do throws(UpstreamViolation) {
            return try ServerHandshake(discoverResult: result)
        } catch {
            throw Failure(.upstreamMisbehaved)
        }
    }

    /// What a server offers without what this caller can reach nothing of (policy-language.md, section 4).
    private static func reachable(_ offered: ServerCapabilities, _ policy: CompiledPolicy?) -> ServerCapabilities {
        guard policy != nil else {
            // Lists still answer, empty.
            return offered.intersection([.tools, .prompts, .resources])
        }
        return offered
    }

    /// The result of an opening request; an error means that the server does not speak the client's era.
    private static func handshakeResult(_ document: JSONDocument) throws(Failure) -> JSONValue {
        guard let result = document.root["result"] else {
            throw Failure(.eraNotServed)
        }
        return result
    }

    /// The whole answer to a request of the gateway's making; what comes before the response is passed over.
    private func whole(
        _ call: Call,
        _ message: UpstreamMessage
    ) async throws(Failure) -> (JSONDocument, session: ByteString?) {
        switch try await send(call, message) {
        case .message(let document, _, let session):
            return (document, session)
        case .stream(let stream, let session):
            guard case .response(let document) = try await relay(call, nil, .stream(stream)) else {
                throw Failure(.upstreamMisbehaved)
            }
            return (document, session)
        case .accepted:
            throw Failure(.upstreamMisbehaved)
        case .status(let status, _):
            throw Failure(upstreamStatus: status, inSession: false)
        }
    }

    // MARK: The session's own stream

    /// Answers a legacy GET with the stream of what the server says outside of calls; 405 where it has none.
    func openStream(_ call: Call) async throws(Failure) {
        let fields = call.exchange.head.fields
        call.record.method = "GET"
        (call.acceptsJSON, call.acceptsEvents) = try Representation.accepted(fields)
        guard call.acceptsEvents else {
            throw Failure(.notAcceptable)
        }
        try enterSession(call)
        try call.startListening()
        guard call.grant.parts.isEmpty else {
            return call.goOn { [self] () async throws(Failure) in
                await followParts(call)
                await finishStream(call)
            }
        }
        call.logLevel = .debug
        call.capabilities = Self.permitted(call.session?.capabilities ?? [], call.grant.policy?.compiled)
        call.mayStream = true
        if let session = call.session, session.isBridged {
            return call.goOn { [self] () async throws(Failure) in
                await followChanges(call, session)
                await finishStream(call)
            }
        }
        guard let stream = try await sessionStream(call) else {
            throw Failure(.methodNotAllowed)
        }
        await startStream(call)
        call.goOn { [self] () async throws(Failure) in
            await follow(call, stream)
            await finishStream(call)
        }
    }

    /// The server's own stream of a call's session; `nil` where it has none.
    func sessionStream(_ call: Call) async throws(Failure) -> UpstreamStream? {
        var message = UpstreamMessage(.get, sessionID: call.leg.sessionID, revision: call.leg.revision)
        var reply = try await send(call, message)
        if Self.saysSessionIsOver(reply, call.leg) {
            try await renewLeg(of: call)
            message.sessionID = call.leg.sessionID
            reply = try await send(call, message)
        }
        return switch reply {
        case .stream(let stream, _): stream
        case .status(405, _), .accepted, .message: nil
        case .status(let status, _): throw Failure(upstreamStatus: status, inSession: true)
        }
    }

    /// Passes on what a session's stream brings until it ends or the call does.
    func follow(_ call: Call, _ stream: UpstreamStream) async {
        call.cancellation.onCancel { stream.cancel() }
        defer { call.cancellation.onCancel(nil) }
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                guard isStillGranted(call) else {
                    return
                }
                if let message = event.message {
                    await pass(call, message)
                }
            }
        } catch {
            // The client sees the end of its stream and opens another one.
        }
    }

    /// Ends a legacy session on both sides; its id opens nothing afterwards, on any worker.
    func endSession(_ call: Call) async throws(Failure) {
        call.record.method = "DELETE"
        try enterSession(call)
        guard let session = call.session else {
            throw Failure(.sessionRequired)
        }
        core.tombstones.add(session.text)
        sessions[session.text] = nil
        core.sessionStates.remove(session.text)
        if session.isBridged {
            // A server with sessions ends its own calls; here nobody else does.
            let text = session.text
            core.runEverywhere { gateway in gateway.endCalls(of: text) }
        }
        if let id = call.leg.sessionID {
            let message = UpstreamMessage(.delete, sessionID: id, revision: session.revision)
            do throws(Failure) {
                _ = try await send(call, message)
            } catch {
                // The server ends it by itself sooner or later; for the client it is over now.
            }
        }
        guard call.ending == nil else {
            throw Failure(.cancelled)
        }
        call.reply = .complete
        await respond(to: call.exchange, 200, [])
    }

    /// Ends what a session has under way that exists on its client's side alone.
    func endCalls(of session: ByteString) {
        for call in open.calls where call.session?.text == session && call.exchange.head.method != .delete {
            tellCancelled(call)
            call.end(.cancelled)
        }
    }

    /// Takes a GET or DELETE into its session; the header's revision must be the session's (LS-08).
    private func enterSession(_ call: Call) throws(Failure) {
        let fields = call.exchange.head.fields
        guard case let declared = MCPHeaderRules.version(fields[.mcpProtocolVersion]), declared != .malformed else {
            throw Failure(.headerMismatch)
        }
        if case .known(let revision) = declared, revision.era == .modern {
            // GET and DELETE do not exist in the modern era.
            throw Failure(.methodNotAllowed)
        }
        let session = try session(of: call)
        if case .known(let revision) = declared, revision != session.revision {
            throw Failure(.revisionNotServed)
        }
        call.enter(session)
        call.record.revision = session.revision
        call.record.clientName = session.clientName
        call.record.clientVersion = session.clientVersion
    }
}
