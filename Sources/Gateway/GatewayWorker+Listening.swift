internal import Base
internal import EventLoops
internal import HTTPTransport
internal import MCPModel
internal import PolicyEngine

/// `subscriptions/listen`: a stream of changes, for as long as client, grant and gateway last (26/subs).
extension GatewayWorker {
    /// Makes a call a listener, whose life begins when the request itself has been let go.
    func beginListening(_ call: Call, _ request: ClientRequest) throws(Failure) {
        guard case .subscription(let wanted) = request.detail else {
            throw Failure(.invalidParameters)
        }
        guard call.acceptsEvents else {
            throw Failure(.notAcceptable)
        }
        try call.startListening()
        guard call.grant.parts.isEmpty else {
            return call.goOn { [self] () async throws(Failure) in try await listenToParts(call, wanted, request.id) }
        }
        let listener = Listener(
            call,
            subscription: request.id,
            wanted: Self.permitted(wanted, call.grant.policy?.compiled)
        )
        call.goOn { [self] () async throws(Failure) in try await listen(call, listener, request.id) }
    }

    /// Acknowledges a subscription and keeps its stream until somebody ends it.
    ///
    /// Always accepts, because clients fail to connect otherwise: what cannot be had is left out of the acknowledgement.
    private func listen(
        _ call: Call,
        _ listener: Listener,
        _ subscription: RequestID
    ) async throws(Failure) {
        call.cancellation.onCancel { listener.news.wake() }
        defer { listener.feed?.leave(listener) }
        if !listener.wanted.isEmpty, log.isAccepting {
            let beganAt = core.time.now
            if await isReachable(call) {
                join(listener)
            } else {
                listener.settle(SubscriptionFilter())
            }
            while listener.stage == .joining, call.ending == nil {
                await listener.news.wait()
            }
            call.record.upstreamTime = core.time.now.elapsed(since: beganAt)
            call.record.upstreamStatus = listener.honoured.isEmpty ? 0 : 200
        }
        await startStream(call)
        let writer = core.writer(call.revision)
        await writeEvent(call, writer.acknowledged(listener.honoured, subscription: subscription))
        follow(listener)
        while listener.stage != .over, call.ending == nil {
            await listener.news.wait()
        }
        try await endListen(call, subscription)
    }

    /// Whether there is a way to the server, of whatever era: a subscription is accepted all the same.
    private func isReachable(_ call: Call) async -> Bool {
        do throws(Failure) {
            try await prepareLeg(of: call)
            return true
        } catch {
            return false
        }
    }

    /// Lets changes through from now on, first those that came before the acknowledgement was written.
    func follow(_ listener: Listener) {
        if listener.honoured.isEmpty {
            listener.feed?.leave(listener)
        }
        guard listener.stage != .over else {
            return
        }
        listener.stage = .following
        for change in listener.missed {
            tell(listener, change)
        }
        listener.missed = []
    }

    /// What of a filter policy lets the caller hear of.
    private static func permitted(_ wanted: SubscriptionFilter, _ policy: CompiledPolicy?) -> SubscriptionFilter {
        guard let policy else {
            return SubscriptionFilter()
        }
        var permitted = wanted
        permitted.resourceSubscriptions = wanted.resourceSubscriptions.filter { policy.allowsResource($0) }
        return permitted
    }

    /// Tells one listener of a change: of a kind that was acknowledged, about something the caller may see now (MS-40,
    /// D9).
    ///
    /// Never waits: a client that reads so slowly that there is no room is cut, alone.
    func tell(_ listener: Listener, _ change: Change) {
        let call = listener.call
        guard listener.honoured.admits(change.method, uri: change.uri), isStillGranted(call) else {
            return
        }
        guard listener.stage == .following else {
            if !listener.missed.contains(change) {
                listener.missed.append(change)
            }
            return
        }
        guard let policy = listener.grant?.policy?.compiled else {
            return
        }
        let writer = core.writer(call.revision)
        if change.method == .resourcesUpdated {
            guard let uri = change.uri, policy.allowsResource(uri) else {
                return
            }
            writeAtOnce(call, writer.resourceUpdated(uri, subscription: listener.subscription))
        } else {
            writeAtOnce(call, writer.changed(change.method, subscription: listener.subscription))
        }
    }

    /// Ends the stream: with the result that says so when the gateway or the server ends it (MS-41), by breaking it off
    /// when the grant is gone.
    func endListen(_ call: Call, _ subscription: RequestID) async throws(Failure) {
        switch call.ending {
        case nil:
            await writeEvent(call, core.writer(call.revision).listenEnded(subscription))
            await finishStream(call)
        case .draining:
            call.resumeForFarewell()
            await writeEvent(call, core.writer(call.revision).listenEnded(subscription))
            await finishStream(call)
        case .some(let ending):
            throw ending.failure
        }
    }
}
