internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Upstreams

/// What a legacy client asks for once and expects to last: its log level and the updates of resources.
///
/// A legacy server keeps both itself, in the session; they are noted here so that a session that has to begin anew gets
/// them back. For a modern server the gateway keeps them: the level goes with every request, the resources into the
/// filter of one `subscriptions/listen`.
extension GatewayWorker {
    /// Takes a log level.
    func setLevel(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        guard let session = call.session, case .level(let level) = request.detail else {
            return try await forward(call, request)
        }
        core.sessionStates.change(session.text) { $0.level = level }
        guard call.isBridged else {
            return try await forward(call, request)
        }
        await answer(call, core.writer(call.revision).empty(to: request.id))
    }

    /// Takes a subscription to a resource, or the end of one.
    func subscribe(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        guard let session = call.session, let uri = request.name else {
            return try await forward(call, request)
        }
        let begins = request.method == .resourcesSubscribe
        let isNoted = core.sessionStates.change(session.text) { state in
            let known = state.subscriptions.contains(uri)
            guard begins else {
                state.subscriptions.removeAll { $0 == uri }
                return true
            }
            if !known, state.subscriptions.count < MCPLimits.standard.maximumSubscriptions {
                state.subscriptions.append(uri)
                return true
            }
            return known
        }
        guard call.isBridged else {
            return try await forward(call, request)
        }
        guard isNoted else {
            throw Failure(.invalidParameters, "too many subscriptions in this session: end some first")
        }
        core.announce(SubscriptionChange(session: session.text))
        await answer(call, core.writer(call.revision).empty(to: request.id))
    }
}

/// A legacy session wants the updates of other resources than before.
struct SubscriptionChange: Sendable {
    let session: ByteString
}

// MARK: - Legacy clients, modern servers

extension GatewayWorker {
    /// The stream of a session whose server is modern: what its client would hear of a legacy one, out of one
    /// `subscriptions/listen`; the filter follows the session's subscriptions, the new stream before the old one ends.
    func followChanges(_ call: Call, _ session: ClientSession) async {
        let news = WaitPoint()
        call.news = news
        call.cancellation.onCancel { news.wake() }
        await startStream(call)
        var current: Listener?
        var next: Listener? = listen(call, wanted(call, session), news)
        defer {
            current.map { $0.feed?.leave($0) }
            next.map { $0.feed?.leave($0) }
            call.cancellation.onCancel(nil)
        }
        while call.ending == nil {
            if let candidate = next, candidate.stage == .settled {
                current.map { $0.feed?.leave($0) }
                current = candidate
                next = nil
                follow(candidate)
            }
            if current?.stage == .over || next?.stage == .over {
                // The client opens another one.
                return
            }
            let wanted = wanted(call, session)
            if next == nil, current?.wanted != wanted {
                next = listen(call, wanted, news)
                continue
            }
            await news.wait()
        }
    }

    private func listen(_ call: Call, _ wanted: SubscriptionFilter, _ news: WaitPoint) -> Listener {
        let listener = Listener(call, subscription: nil, wanted: wanted, news: news)
        join(listener)
        return listener
    }

    private func wanted(_ call: Call, _ session: ClientSession) -> SubscriptionFilter {
        let uris = core.sessionStates[session.text]?.subscriptions ?? []
        return SubscriptionFilter(
            toolsListChanged: true,
            promptsListChanged: true,
            resourcesListChanged: true,
            resourceSubscriptions: uris.filter { call.grant.policy?.compiled.allowsResource($0) == true }
        )
    }

    /// The streams of a session ask for something else now.
    func subscriptionsChanged(_ change: SubscriptionChange) {
        for call in open.calls where call.isListening && call.session?.text == change.session {
            call.news?.wake()
        }
    }
}

// MARK: - Modern clients, legacy servers

extension GatewayWorker {
    /// What a server offers that comes on the stream of its session.
    static let announcing: ServerCapabilities = [
        .toolsListChanged, .promptsListChanged, .resourcesListChanged, .resourcesSubscribe,
    ]

    /// A session for a feed, with its resources subscribed to; what the server did not declare is not honoured.
    func openBridged(_ feed: ChangeFeed, _ key: BridgeKey) async -> (BridgeSession, SubscriptionFilter)? {
        let bridge: BridgeSession
        do throws(Failure) {
            bridge = try await self.bridge(key, feed.upstream)
        } catch {
            return nil
        }
        bridge.uses += 1
        bridge.feeds[ObjectIdentifier(feed)] = feed
        let offered = bridge.handshake.capabilities
        var honoured = SubscriptionFilter(
            toolsListChanged: feed.filter.toolsListChanged && offered.contains(.toolsListChanged),
            promptsListChanged: feed.filter.promptsListChanged && offered.contains(.promptsListChanged),
            resourcesListChanged: feed.filter.resourcesListChanged && offered.contains(.resourcesListChanged)
        )
        if offered.contains(.resourcesSubscribe) {
            for uri in feed.filter.resourceSubscriptions where await subscribe(bridge, feed.upstream, uri) {
                honoured.resourceSubscriptions.append(uri)
            }
        }
        feed.subscribed = honoured.resourceSubscriptions
        guard !honoured.isEmpty, !feed.isAbandoned else {
            await leave(bridge, feed)
            return nil
        }
        return (bridge, honoured)
    }

    /// Counts one more who wants the updates of a resource; the server is asked by the first.
    private func subscribe(_ bridge: BridgeSession, _ upstream: WorkerUpstream, _ uri: ByteString) async -> Bool {
        bridge.subscriptions[uri, default: 0] += 1
        guard bridge.subscriptions[uri] == 1 else {
            return true
        }
        let isTaken = await ask(.resourcesSubscribe, upstream, bridge.session) { writer in
            writer.key("uri")
            writer.string(uri.bytes)
        }
        if !isTaken {
            bridge.subscriptions[uri] = nil
        }
        return isTaken
    }

    /// A feed lets go of its session; what nobody else wants any more is unsubscribed.
    func leave(_ bridge: BridgeSession, _ feed: ChangeFeed) async {
        bridge.feeds[ObjectIdentifier(feed)] = nil
        bridge.uses -= 1
        bridge.lastUsedAt = loop.now
        let uris = feed.subscribed
        feed.subscribed = []
        for uri in uris {
            guard let count = bridge.subscriptions[uri] else {
                continue
            }
            bridge.subscriptions[uri] = count > 1 ? count - 1 : nil
            if count == 1, !bridge.isOver {
                await ask(.resourcesUnsubscribe, feed.upstream, bridge.session) { writer in
                    writer.key("uri")
                    writer.string(uri.bytes)
                }
            }
        }
    }

    /// Reads a session's stream of notifications for as long as there is the session; a server without one says so once.
    func attend(_ bridge: BridgeSession, _ upstream: WorkerUpstream) async {
        var backoff: Duration = .seconds(1)
        while !bridge.isOver, !core.isDraining {
            var message = UpstreamMessage(.get, sessionID: bridge.session.id, revision: bridge.session.revision)
            message.grant = bridge.key.grant
            do throws(UpstreamFailure) {
                switch try await upstream.server.send(message, cancellation: bridge.cancellation) {
                case .stream(let stream, _):
                    bridge.cancellation.onCancel { stream.cancel() }
                    bridge.settle()
                    while let event = try await stream.next() {
                        backoff = .seconds(1)
                        await take(event, bridge, upstream)
                    }
                case .status(404, _) where bridge.session.id != nil:
                    upstream.bridges.remove(bridge)
                    return
                case .status, .accepted, .message:
                    return
                }
            } catch {
                // The stream broke, or the server cannot be reached: the next call finds out what is left of the session.
            }
            guard !bridge.isOver else {
                return
            }
            await loop.sleep(for: backoff)
            backoff = min(backoff * 2, .seconds(30))
        }
    }

    /// Takes one event of a session's stream: changes go to those who listen, requests are answered here.
    private func take(_ event: UpstreamEvent, _ bridge: BridgeSession, _ upstream: WorkerUpstream) async {
        guard let document = event.message else {
            return
        }
        let message: ServerMessage
        do throws(UpstreamViolation) {
            message = try ServerMessage(document, revision: bridge.session.revision)
        } catch {
            return
        }
        switch message {
        case .notification(let notification):
            if let method = notification.method {
                spreadBridged(Change(method: method, uri: notification.uri), upstream.shared, bridge.key.grant)
            }
        case .request(let request):
            if request.method != .ping, let call = bridge.onlyCall, call.take(event) {
                return
            }
            // No call, or none of several, can be told to be the one that is asked for (mcp-protocol.md, 3.11).
            let body =
                request.method == .ping
                ? core.upstreamWriter.emptyResponse(to: request.id) : core.upstreamWriter.refusal(to: request.id)
            var reply = UpstreamMessage(
                posting: body,
                requestID: nil,
                method: nil,
                revision: bridge.session.revision,
                sessionID: bridge.session.id
            )
            reply.grant = bridge.key.grant
            do throws(UpstreamFailure) {
                if case .stream(let stream, _) = try await upstream.server.send(reply) {
                    stream.cancel()
                }
            } catch {
                // The server waits for its own time-out then.
            }
        case .response:
            return
        }
    }

    /// A legacy server told of a change in the middle of a call: those who listen hear of it.
    func noteBridged(_ change: Change, of call: Call) {
        guard call.isModern, call.isBridged else {
            return
        }
        spreadBridged(change, call.grant.server.shared, call.grant.id)
    }

    /// Tells all who listen to a legacy server, on every worker: of lists all, of a resource those of the grant whose
    /// session it was.
    private func spreadBridged(_ change: Change, _ shared: SharedServer, _ grant: ByteString) {
        core.runEverywhere { gateway in
            guard let upstream = gateway.upstreams[ObjectIdentifier(shared)] else {
                return
            }
            for feed in upstream.feeds.values {
                guard let key = feed.key.bridge, change.method != .resourcesUpdated || key.grant == grant else {
                    continue
                }
                gateway.spawn { await gateway.spread(change, feed) }
            }
        }
    }
}
