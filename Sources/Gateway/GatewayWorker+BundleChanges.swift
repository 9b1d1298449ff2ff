internal import Base
internal import EventLoops
internal import MCPModel

/// Changes of a bundle's lists: those of any of its members (mcp-protocol.md, 3.6, aggregation).
///
/// One listener for each part, on the feed that all share who listen to that server; the client's stream has them all.
extension GatewayWorker {
    /// Acknowledges a subscription to a bundle and keeps its stream until somebody ends it.
    ///
    /// A type is acknowledged when a member honours it, or has not answered yet. Updates of resources are not: who has one
    /// is known only once it was read.
    func listenToParts(
        _ call: Call,
        _ asked: SubscriptionFilter,
        _ subscription: RequestID
    ) async throws(Failure) {
        let news = WaitPoint()
        call.cancellation.onCancel { news.wake() }
        var wanted = asked
        wanted.resourceSubscriptions = []
        let listeners = wanted.isEmpty || !log.isAccepting ? [] : join(call, wanted, subscription, news)
        defer { listeners.forEach { $0.feed?.leave($0) } }
        let deadline = loop.now.advanced(by: limits.bundleDeadline)
        let timer = loop.schedule(after: limits.bundleDeadline) { news.wake() }
        while listeners.contains(where: { $0.stage == .joining }), call.ending == nil, loop.now < deadline {
            await news.wait()
        }
        timer.cancel()
        let words = listeners.map { $0.stage == .joining ? wanted : $0.honoured }
        let promised = SubscriptionFilter(
            toolsListChanged: words.contains { $0.toolsListChanged },
            promptsListChanged: words.contains { $0.promptsListChanged },
            resourcesListChanged: words.contains { $0.resourcesListChanged }
        )
        await startStream(call)
        await writeEvent(call, core.writer(call.revision).acknowledged(promised, subscription: subscription))
        await follow(call, listeners, news)
        try await endListen(call, subscription)
    }

    /// The stream of a session with a bundle: what its client would hear of each member's own.
    func followParts(_ call: Call) async {
        let news = WaitPoint()
        call.cancellation.onCancel { news.wake() }
        await startStream(call)
        let all = SubscriptionFilter(toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true)
        let listeners = join(call, all, nil, news)
        defer {
            listeners.forEach { $0.feed?.leave($0) }
            call.cancellation.onCancel(nil)
        }
        await follow(call, listeners, news)
    }

    private func follow(_ call: Call, _ listeners: [Listener], _ news: WaitPoint) async {
        while call.ending == nil {
            for listener in listeners where listener.stage == .settled {
                follow(listener)
            }
            await news.wait()
        }
    }

    private func join(
        _ call: Call,
        _ wanted: SubscriptionFilter,
        _ subscription: RequestID?,
        _ news: WaitPoint
    ) -> [Listener] {
        call.grant.parts.filter { $0.grant.policy != nil }.map { part in
            let listener = Listener(call, subscription: subscription, wanted: wanted, news: news, part: part.prefix)
            // The call is held: its listener is not to outlive it.
            spawn { [self, call] in await join(listener, of: call) }
            return listener
        }
    }

    /// Joins the feed of a part's server once it is known which era that speaks; a server that is down is asked again.
    private func join(_ listener: Listener, of call: Call) async {
        var backoff = Duration.seconds(1)
        while call.ending == nil, let grant = listener.grant {
            do throws(Failure) {
                let isModern = try await speaksModernNow(upstream(of: grant.server))
                guard call.ending == nil else {
                    return
                }
                listener.bridge = isModern ? nil : BridgeKey(grant: grant.id, capabilities: [])
                return join(listener)
            } catch {
                await loop.sleep(for: backoff)
                backoff = min(backoff * 2, .seconds(30))
            }
        }
    }
}
