internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import Upstreams

/// The streams of changes the servers send us, each shared by all who listen for the same.
extension GatewayWorker {
    /// The longest wait before a broken stream of the server is opened again.
    private static let maximumBackoff: Duration = .seconds(30)
    /// How long the server may take to acknowledge a stream it has begun.
    private static let acknowledgementTimeout: Duration = .seconds(30)
    // LIMIT: listeners that are told of a change in one turn of the loop, so that calls are not held up by thousands.
    private static let listenersPerTurn = 128

    /// Lets a listener follow the feed of what it wants; the feed begins with its first listener.
    func join(_ listener: Listener) {
        guard let grant = listener.grant else {
            return listener.end()
        }
        let upstream = upstream(of: grant.server)
        let key = FeedKey(filter: listener.wanted, bridge: listener.bridge)
        if let feed = upstream.feeds[key] {
            feed.join(listener)
            return
        }
        let feed = ChangeFeed(upstream, key)
        upstream.feeds[key] = feed
        feed.join(listener)
        spawn { [self] in await run(feed) }
    }

    /// Moves the listeners of a server that is reached in another way now: what was opened with a credential that has
    /// been taken away is closed.
    func move(listenersOf upstream: WorkerUpstream) {
        for feed in Array(upstream.feeds.values) {
            for listener in feed.dissolve() where listener.call.ending == nil && listener.stage != .over {
                join(listener)
                if let honoured = listener.feed?.honoured {
                    resume(listener, honoured)
                }
            }
        }
    }

    /// Keeps the server's stream open for as long as somebody listens.
    private func run(_ feed: ChangeFeed) async {
        var backoff: Duration = .seconds(1)
        while !feed.isAbandoned {
            if let (source, honoured) = await open(feed) {
                backoff = .seconds(1)
                feed.opened(honoured)
                await each(feed) { listener in resume(listener, honoured) }
                let isOver = await follow(feed, source)
                await close(source, feed)
                feed.broke()
                if isOver {
                    for listener in feed.dissolve() {
                        listener.end()
                    }
                    return
                }
            } else {
                // Who has just come is told that there is nothing to be had; who was promised something waits on.
                for listener in feed.listeners where listener.stage == .joining {
                    listener.settle(SubscriptionFilter())
                    feed.leave(listener)
                }
            }
            await pause(feed, backoff)
            backoff = min(backoff * 2, Self.maximumBackoff)
        }
    }

    /// Goes on with a listener now that the server has acknowledged a stream: a new one is told what is honoured, one
    /// that was there before that its lists may have changed meanwhile.
    private func resume(_ listener: Listener, _ honoured: SubscriptionFilter) {
        guard listener.stage != .joining else {
            listener.settle(honoured)
            return
        }
        guard listener.honoured.intersection(honoured) == listener.honoured else {
            // The server no longer keeps what was promised: the client has to ask anew.
            listener.feed?.leave(listener)
            listener.end()
            return
        }
        for change in listener.honoured.listChanges {
            tell(listener, change)
        }
    }

    /// Where a feed's changes come from, and what the server honours of it; `nil` when it refuses or cannot be reached.
    private func open(_ feed: ChangeFeed) async -> (FeedSource, SubscriptionFilter)? {
        guard let key = feed.key.bridge else {
            return await openStream(feed).map { (.stream($0.0), $0.1) }
        }
        return await openBridged(feed, key).map { (.bridge($0.0), $0.1) }
    }

    private func follow(_ feed: ChangeFeed, _ source: FeedSource) async -> Bool {
        switch source {
        case .stream(let stream):
            return await follow(feed, stream)
        case .bridge(let bridge):
            while !feed.isAbandoned, !bridge.isOver {
                await feed.turn.wait()
            }
            return false
        }
    }

    private func close(_ source: FeedSource, _ feed: ChangeFeed) async {
        switch source {
        case .stream(let stream): stream.cancel()
        case .bridge(let bridge): await leave(bridge, feed)
        }
    }

    /// The stream of a modern server for a feed and what it acknowledges of it.
    private func openStream(_ feed: ChangeFeed) async -> (UpstreamStream, SubscriptionFilter)? {
        let id = RequestID(feed.upstream.nextID())
        let envelope = UpstreamEnvelope(revision: .july2026, id: id)
        var message = UpstreamMessage(
            posting: core.upstreamWriter.listen(feed.filter, envelope),
            requestID: id,
            method: .subscriptionsListen,
            revision: .july2026
        )
        message.totalTimeout = .seconds(7 * 86_400)
        do throws(UpstreamFailure) {
            guard try await speaksModern(feed.upstream) else {
                return nil
            }
            let reply = try await feed.upstream.server.send(message, cancellation: feed.cancellation)
            guard case .stream(let stream, _) = reply else {
                return nil
            }
            feed.cancellation.onCancel { stream.cancel() }
            guard let honoured = try await acknowledgement(of: stream, feed.filter) else {
                stream.cancel()
                return nil
            }
            return (stream, honoured)
        } catch {
            return nil
        }
    }

    private func speaksModern(_ upstream: WorkerUpstream) async throws(UpstreamFailure) -> Bool {
        if !upstream.speaksModern {
            upstream.speaksModern = try await upstream.server.speaks(.modern)
        }
        return upstream.speaksModern
    }

    /// What the server says it honours: the first notification of the stream, or nothing.
    private func acknowledgement(
        of stream: UpstreamStream,
        _ filter: SubscriptionFilter
    ) async throws(UpstreamFailure) -> SubscriptionFilter? {
        let timer = loop.schedule(after: Self.acknowledgementTimeout) { stream.cancel() }
        defer { timer.cancel() }
        while let event = try await stream.next() {
            if let notification = Self.notification(event) {
                // MC-23: never more than was asked for, whatever the server says.
                return notification.acknowledged.map { filter.intersection($0) }
            }
        }
        return nil
    }

    /// Passes changes on until the server's stream ends; true when the server said that the subscription is over.
    private func follow(_ feed: ChangeFeed, _ stream: UpstreamStream) async -> Bool {
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                if event.kind == .response {
                    return true
                }
                if let notification = Self.notification(event), let method = notification.method {
                    await spread(Change(method: method, uri: notification.uri), feed)
                }
            }
        } catch {
            // The caller opens another one.
        }
        return false
    }

    private static func notification(_ event: UpstreamEvent) -> ServerNotification? {
        guard let document = event.message else {
            return nil
        }
        do throws(UpstreamViolation) {
            guard case .notification(let notification) = try ServerMessage(document, revision: .july2026) else {
                return nil
            }
            return notification
        } catch {
            return nil
        }
    }

    /// Tells every listener of a feed of a change, of those that asked for it.
    func spread(_ change: Change, _ feed: ChangeFeed) async {
        guard feed.honoured?.admits(change.method, uri: change.uri) == true, let first = feed.listeners.first else {
            return
        }
        if change.method == .toolsListChanged {
            first.grant.map { relist($0.server) }
        }
        await each(feed) { listener in tell(listener, change) }
    }

    /// Does something for every listener of a feed, a bounded number in each turn of the loop.
    private func each(_ feed: ChangeFeed, _ body: (Listener) -> Void) async {
        // A copy: some may go while they are told, and others come and go between two turns.
        let listeners = feed.listeners
        for (number, listener) in listeners.enumerated() {
            if number > 0, number.isMultiple(of: Self.listenersPerTurn) {
                await nextTurn()
            }
            if listener.feed === feed {
                body(listener)
            }
        }
    }

    /// Waits until the loop has looked after everybody else.
    private func nextTurn() async {
        let signal = LoopSignal(on: loop)
        signal.send()
        await signal.wait()
    }

    /// Waits for a while, but not when nobody listens any more or somebody new wants to know whether there is a stream.
    private func pause(_ feed: ChangeFeed, _ duration: Duration) async {
        var isDue = false
        let timer = loop.schedule(after: duration) {
            isDue = true
            feed.turn.wake()
        }
        while !isDue, !feed.isAbandoned, !feed.isAwaited {
            await feed.turn.wait()
        }
        timer.cancel()
    }
}

/// Where the changes of a feed come from.
enum FeedSource {
    /// The answer of a modern server to `subscriptions/listen`.
    case stream(UpstreamStream)
    /// A session with a legacy server.
    case bridge(BridgeSession)
}
