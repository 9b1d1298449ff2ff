internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Upstreams

/// `subscriptions/listen`: a stream of changes, for as long as client, grant and gateway last (26/subs).
extension GatewayWorker {
    /// The longest wait before a broken stream of the server is opened again.
    private static let maximumBackoff: Duration = .seconds(30)

    /// Always accepts, because clients fail to connect otherwise: what cannot be had is left out of the acknowledgement.
    func listen(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        guard case .subscription(let wanted) = request.detail else {
            throw Failure(.invalidParameters)
        }
        guard call.acceptsEvents else {
            throw Failure(.notAcceptable)
        }
        try call.startListening()
        let filter = Self.permitted(wanted, call.grant.policy?.compiled)
        var stream = filter.isEmpty ? nil : await openListen(call, filter)
        let honoured = await acknowledged(call, stream, filter)
        await startStream(call)
        await writeEvent(call, core.writer(call.revision).acknowledged(honoured, subscription: request.id))
        var backoff: Duration = .seconds(1)
        while call.ending == nil {
            if let open = stream {
                backoff = .seconds(1)
                let isOver = await follow(call, open, honoured, request.id)
                stream = nil
                if isOver {
                    break
                }
            }
            await pause(call, honoured.isEmpty ? nil : backoff)
            guard isStillGranted(call), !honoured.isEmpty else {
                continue
            }
            backoff = min(backoff * 2, Self.maximumBackoff)
            stream = await openListen(call, honoured)
            if stream != nil {
                // What happened meanwhile is not known: the lists may have changed.
                await announce(call, honoured, request.id)
            }
        }
        try await endListen(call, request.id)
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

    /// The server's stream for a filter; `nil` when it refuses or cannot be reached.
    private func openListen(_ call: Call, _ filter: SubscriptionFilter) async -> UpstreamStream? {
        let id = RequestID(upstream(of: call.grant.server).nextID())
        let envelope = UpstreamEnvelope(revision: call.revision, id: id)
        var message = UpstreamMessage(
            posting: core.upstreamWriter.listen(filter, envelope),
            requestID: id,
            method: .subscriptionsListen,
            revision: call.revision
        )
        message.totalTimeout = .seconds(7 * 86_400)
        do throws(Failure) {
            try await requireEra(of: call)
            guard case .stream(let stream, _) = try await send(call, message) else {
                return nil
            }
            return stream
        } catch {
            return nil
        }
    }

    /// What the server says it honours, of what was asked; nothing when there is no stream or no such word on it.
    private func acknowledged(
        _ call: Call,
        _ stream: UpstreamStream?,
        _ filter: SubscriptionFilter
    ) async -> SubscriptionFilter {
        guard let stream else {
            return SubscriptionFilter()
        }
        call.cancellation.onCancel { stream.cancel() }
        defer { call.cancellation.onCancel(nil) }
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                guard let document = event.message, case .notification(let notification) = read(document, call) else {
                    continue
                }
                // MC-23: never more than was asked for, whatever the server says.
                return notification.acknowledged.map { Self.intersection($0, filter) } ?? SubscriptionFilter()
            }
        } catch {
            // Without an acknowledgement nothing was promised.
        }
        return SubscriptionFilter()
    }

    private static func intersection(_ left: SubscriptionFilter, _ right: SubscriptionFilter) -> SubscriptionFilter {
        SubscriptionFilter(
            toolsListChanged: left.toolsListChanged && right.toolsListChanged,
            promptsListChanged: left.promptsListChanged && right.promptsListChanged,
            resourcesListChanged: left.resourcesListChanged && right.resourcesListChanged,
            resourceSubscriptions: left.resourceSubscriptions.filter { right.resourceSubscriptions.contains($0) }
        )
    }

    /// Passes changes on until the server's stream ends; true when the server said that the subscription is over.
    private func follow(
        _ call: Call,
        _ stream: UpstreamStream,
        _ filter: SubscriptionFilter,
        _ subscription: RequestID
    ) async -> Bool {
        call.cancellation.onCancel { stream.cancel() }
        defer { call.cancellation.onCancel(nil) }
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                guard isStillGranted(call) else {
                    return true
                }
                if event.kind == .response {
                    return true
                }
                if let document = event.message, case .notification(let notification) = read(document, call) {
                    await pass(call, notification, filter, subscription)
                }
            }
            return false
        } catch {
            return false
        }
    }

    /// Passes one change on: of a kind that was asked for, about something the caller may see now (MS-40, D9).
    private func pass(
        _ call: Call,
        _ notification: ServerNotification,
        _ filter: SubscriptionFilter,
        _ subscription: RequestID
    ) async {
        guard let method = notification.method, filter.admits(method, uri: notification.uri) else {
            return
        }
        let writer = core.writer(call.revision)
        if method == .resourcesUpdated {
            guard let uri = notification.uri, call.grant.policy?.compiled.allowsResource(uri) == true else {
                return
            }
            await writeEvent(call, writer.resourceUpdated(uri, subscription: subscription))
            return
        }
        if method == .toolsListChanged {
            relist(call.grant.server)
        }
        if call.grant.policy != nil {
            await writeEvent(call, writer.changed(method, subscription: subscription))
        }
    }

    /// One change of every list that is listened to.
    private func announce(_ call: Call, _ filter: SubscriptionFilter, _ subscription: RequestID) async {
        for method in [MCPMethod.toolsListChanged, .promptsListChanged, .resourcesListChanged]
        where filter.admits(method) {
            await writeEvent(call, core.writer(call.revision).changed(method, subscription: subscription))
        }
    }

    private func read(_ document: JSONDocument, _ call: Call) -> ServerMessage? {
        do throws(UpstreamViolation) {
            return try ServerMessage(document, revision: call.revision)
        } catch {
            return nil
        }
    }

    /// Waits for a while, or without end, but not beyond the end of the call.
    private func pause(_ call: Call, _ duration: Duration?) async {
        let mailbox = BoundedMailbox<Void>(on: loop, capacity: 1)
        call.cancellation.onCancel { _ = mailbox.push(()) }
        let timer = duration.map { loop.schedule(after: $0) { _ = mailbox.push(()) } }
        _ = await mailbox.next()
        timer?.cancel()
        call.cancellation.onCancel(nil)
    }

    /// Ends the stream: with the result that says so when the gateway or the server ends it (MS-41), by breaking it off
    /// when the grant is gone.
    private func endListen(_ call: Call, _ subscription: RequestID) async throws(Failure) {
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
