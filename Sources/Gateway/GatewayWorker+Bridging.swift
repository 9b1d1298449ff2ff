internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import Upstreams

/// Calls whose client speaks one era and whose server only the other (mcp-protocol.md, 3.1 to 3.3).
///
/// Eras are matched where they can be: a modern client goes to a legacy server over a session of the gateway's own, and a
/// legacy client to a modern server in a session that exists on its side alone.
extension GatewayWorker {
    /// Finds out in which era a call goes on, and opens what it needs there; nothing to do for what was matched before.
    ///
    /// Stands before the decision, so that nothing is waited for between the two (I1).
    func prepareLeg(of call: Call) async throws(Failure) {
        guard call.isModern || call.grant.prefix != nil, call.leg.bridge == nil else {
            return
        }
        let upstream = upstream(of: call.grant.server)
        guard !upstream.speaksModern else {
            return
        }
        do throws(UpstreamFailure) {
            upstream.speaksModern = try await upstream.server.speaks(.modern)
        } catch {
            throw Failure(error)
        }
        guard !upstream.speaksModern else {
            return
        }
        try await enterBridge(call, upstream)
    }

    private func enterBridge(_ call: Call, _ upstream: WorkerUpstream) async throws(Failure) {
        let bridge: BridgeSession
        do throws(Failure) {
            bridge = try await self.bridge(Self.bridgeKey(of: call), upstream)
        } catch {
            if error.kind == .eraNotServed {
                // Neither era, as it seems: the next call asks for the modern one again.
                upstream.eraContradicted()
            }
            throw error
        }
        bridge.uses += 1
        if let wanted = call.logLevel, bridge.level.map({ wanted < $0 }) ?? true,
            bridge.handshake.capabilities.contains(.logging)
        {
            // The mildest level anybody asked for; each call's stream lets through what it wants itself.
            bridge.level = wanted
            await ask(.loggingSetLevel, upstream, bridge.session) { writer in
                writer.key("level")
                writer.string(wanted.name)
            }
        }
        bridge.lastUsedAt = loop.now
        let session = bridge.session.id.map { ServerSession(id: $0, home: upstream.home) }
        call.leg = UpstreamLeg(revision: bridge.session.revision, session: session, bridge: bridge)
    }

    /// Lets go of the session a call went on in.
    func leaveBridge(_ call: Call) {
        guard let bridge = call.leg.bridge else {
            return
        }
        call.leg.bridge = nil
        bridge.uses -= 1
        bridge.lastUsedAt = loop.now
    }

    static func bridgeKey(of call: Call) -> BridgeKey {
        // Roots are asked for anew each time: nobody tells the server when they change.
        BridgeKey(grant: call.grant.id, capabilities: call.capabilities.subtracting(.rootsListChanged))
    }

    // MARK: Sessions of the gateway's own

    /// The session for a key; opened when there is none, by one of those who want it.
    func bridge(_ key: BridgeKey, _ upstream: WorkerUpstream) async throws(Failure) -> BridgeSession {
        if let known = upstream.bridges[key] {
            return known
        }
        guard let opening = upstream.bridges.awaited(key) else {
            return try await openBridge(key, upstream)
        }
        await opening.wait()
        guard let opened = upstream.bridges[key] else {
            throw Failure(.upstreamUnavailable)
        }
        return opened
    }

    private func openBridge(_ key: BridgeKey, _ upstream: WorkerUpstream) async throws(Failure) -> BridgeSession {
        let (hasRoom, evicted) = upstream.bridges.room()
        guard hasRoom else {
            throw Failure(.tooManyInFlight)
        }
        if let evicted {
            endBridge(evicted, upstream)
        }
        upstream.bridges.begin(key)
        var opened: BridgeSession?
        defer { upstream.bridges.finish(key, opened) }
        let session = try await openSession(upstream, .newestLegacy, key.capabilities, for: key.grant)
        do throws(UpstreamViolation) {
            guard let result = session.handshake.root["result"] else {
                throw .handshake
            }
            let handshake = try ServerHandshake(initializeResult: result)
            let made = BridgeSession(key: key, session: session, handshake: handshake, now: loop.now)
            opened = made
            if !key.capabilities.isEmpty || !handshake.capabilities.isDisjoint(with: Self.announcing) {
                await beginAttending(made, upstream)
            }
            return made
        } catch {
            throw Failure(.upstreamMisbehaved)
        }
    }

    /// Opens a session's stream of notifications, and waits a moment for the server to have it: what it asks there before
    /// is lost with many servers.
    private func beginAttending(_ bridge: BridgeSession, _ upstream: WorkerUpstream) async {
        spawn { [self] in
            await attend(bridge, upstream)
            bridge.settle()
        }
        let deadline = loop.now.advanced(by: Self.longestSettling)
        let timer = loop.schedule(after: Self.longestSettling) { bridge.settling.wake() }
        while !bridge.isSettled, loop.now < deadline {
            await bridge.settling.wait()
        }
        timer.cancel()
    }

    /// How long the opening of a session waits for its stream.
    private static let longestSettling: Duration = .milliseconds(500)

    /// Opens a session with a legacy server.
    private func openSession(
        _ upstream: WorkerUpstream,
        _ revision: Revision,
        _ capabilities: ClientCapabilities,
        for grant: ByteString
    ) async throws(Failure) -> UpstreamSession {
        let id = RequestID(upstream.nextID())
        let envelope = UpstreamEnvelope(revision: revision, id: id, capabilities: capabilities)
        var message = UpstreamMessage(
            posting: core.upstreamWriter.initialize(envelope),
            requestID: id,
            method: .initialize,
            revision: revision
        )
        message.grant = grant
        message.totalTimeout = upstream.server.configuration.limits.probeTimeout
        do throws(UpstreamFailure) {
            return try await upstream.server.open(message)
        } catch {
            switch error.kind {
            case .refused(status: 400), .refused(status: 404), .refused(status: 405), .protocolViolation(.result):
                throw Failure(.eraNotServed)
            default:
                throw Failure(error)
            }
        }
    }

    /// Gives a session up and tells the server so.
    func endBridge(_ bridge: BridgeSession, _ upstream: WorkerUpstream) {
        upstream.bridges.remove(bridge)
        let server = upstream.server
        spawn { await server.end(bridge.session) }
    }

    /// Gives up all sessions with a server that is reached in another way now.
    func endBridges(of upstream: WorkerUpstream) {
        let server = upstream.server
        for bridge in upstream.bridges.removeAll() {
            spawn { await server.end(bridge.session) }
        }
    }

    // MARK: Sessions that died

    /// Whether an answer says that the session it came in is over (25/http), so that nothing was done.
    static func saysSessionIsOver(_ reply: UpstreamReply, _ leg: UpstreamLeg) -> Bool {
        guard leg.sessionID != nil, leg.revision.era == .legacy else {
            return false
        }
        return switch reply {
        case .status(404, _), .message(_, status: 404, _): true
        default: false
        }
    }

    /// Puts a call whose server has forgotten the session into a new one, without its client noticing (3.10).
    ///
    /// What was decided stands only as long as the policy does.
    func renewLeg(of call: Call) async throws(Failure) {
        let policy = call.grant.policy
        let upstream = upstream(of: call.grant.server)
        if let bridge = call.leg.bridge {
            upstream.bridges.remove(bridge)
            leaveBridge(call)
            try await enterBridge(call, upstream)
        } else {
            try await renewSession(of: call, upstream)
        }
        guard isStillGranted(call) else {
            throw Failure(.cancelled)
        }
        guard policy === call.grant.policy else {
            throw Failure(.upstreamUnavailable)
        }
    }

    private func renewSession(of call: Call, _ upstream: WorkerUpstream) async throws(Failure) {
        guard let session = call.session else {
            throw Failure(.sessionNotFound)
        }
        let lost = call.leg.session
        let state = core.sessionStates[session.text]
        if let other = state?.upstream, other != lost, other.home == upstream.home {
            // Another call was faster.
            adopt(other, call, session)
            return
        }
        let opened: UpstreamSession
        do throws(Failure) {
            let revision = session.revision.towardsServer
            opened = try await openSession(upstream, revision, session.capabilities, for: call.grant.id)
        } catch {
            throw error.kind == .eraNotServed ? Failure(.sessionNotFound) : error
        }
        let isSame = opened.revision == session.revision || session.revision == .november2024
        guard isSame, let id = opened.id else {
            await upstream.server.end(opened)
            throw Failure(.sessionNotFound)
        }
        await restore(state, opened, upstream)
        let next = ServerSession(id: id, home: upstream.home)
        core.sessionStates.change(session.text) { $0.upstream = next }
        adopt(next, call, session)
    }

    private func adopt(_ next: ServerSession, _ call: Call, _ session: ClientSession) {
        let moved = session.moved(to: next)
        if sessions[session.text] != nil {
            sessions[session.text] = moved
        }
        call.session = moved
        call.leg.session = next
    }

    /// Asks a new session for what the old one was asked for: its log level and its subscriptions.
    private func restore(_ state: SessionState?, _ session: UpstreamSession, _ upstream: WorkerUpstream) async {
        guard let state else {
            return
        }
        if let level = state.level {
            await ask(.loggingSetLevel, upstream, session) { writer in
                writer.key("level")
                writer.string(level.name)
            }
        }
        for uri in state.subscriptions {
            await ask(.resourcesSubscribe, upstream, session) { writer in
                writer.key("uri")
                writer.string(uri.bytes)
            }
        }
    }

    /// Asks something of a server in a session of the gateway's own; false when it refuses or cannot be reached.
    @discardableResult
    func ask(
        _ method: MCPMethod,
        _ upstream: WorkerUpstream,
        _ session: UpstreamSession,
        _ parameters: (inout JSONWriter) -> Void
    ) async -> Bool {
        let id = RequestID(upstream.nextID())
        let envelope = UpstreamEnvelope(revision: session.revision, id: id)
        var message = UpstreamMessage(
            posting: core.upstreamWriter.request(method, envelope, parameters: parameters),
            requestID: id,
            method: method,
            revision: session.revision,
            sessionID: session.id
        )
        message.grant = session.grant
        message.totalTimeout = upstream.server.configuration.limits.probeTimeout
        do throws(UpstreamFailure) {
            return try await upstream.server.ask(message)?.root["result"] != nil
        } catch {
            return false
        }
    }
}
