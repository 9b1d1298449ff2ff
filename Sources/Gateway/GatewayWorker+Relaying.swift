internal import AuditModel
internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Upstreams

/// What a server sends beside its response: notifications and requests, each judged and written anew.
extension GatewayWorker {
    /// Passes one message of a server on to the call's client, or drops it.
    func pass(_ call: Call, _ document: JSONDocument) async {
        let message: ServerMessage
        do throws(UpstreamViolation) {
            message = try ServerMessage(document, revision: call.leg.revision)
        } catch {
            return
        }
        switch message {
        case .notification(let notification):
            guard let body = rewritten(call, notification), call.acceptsEvents else {
                return
            }
            await startStream(call)
            await writeEvent(call, call.grant.server.mask.masking(body))
        case .request(let request):
            await pass(call, request)
        case .response:
            // A stream has one response, and that was taken out before.
            return
        }
    }

    /// A notification as the client may see it, with the client's own ids; `nil` when it may not.
    private func rewritten(_ call: Call, _ notification: ServerNotification) -> [UInt8]? {
        let writer = core.writer(call.revision)
        let policy = call.grant.policy?.compiled
        switch notification.method {
        case .progress:
            guard let token = call.progressToken, notification.progressToken == call.upstreamID else {
                return nil
            }
            return writer.progress(notification, token: token)
        case .logMessage:
            return call.logLevel.flatMap { writer.logMessage(notification, floor: $0) }
        case .toolsListChanged:
            relist(call.grant.server)
            noteBridged(Change(method: .toolsListChanged, uri: nil), of: call)
            return policy == nil || call.isModern ? nil : writer.changed(.toolsListChanged, subscription: nil)
        case .promptsListChanged, .resourcesListChanged:
            guard let method = notification.method, policy != nil else {
                return nil
            }
            guard !call.isModern else {
                noteBridged(Change(method: method, uri: nil), of: call)
                return nil
            }
            return writer.changed(method, subscription: nil)
        case .resourcesUpdated:
            guard let uri = notification.uri, policy?.allowsResource(uri) == true else {
                return nil
            }
            guard !call.isModern else {
                noteBridged(Change(method: .resourcesUpdated, uri: uri), of: call)
                return nil
            }
            return writer.resourceUpdated(uri, subscription: nil)
        case .cancelled:
            guard let id = notification.cancelledRequest,
                let place = call.passedRequests.firstIndex(where: { $0.server == id })
            else {
                return nil
            }
            return writer.cancelled(call.passedRequests.remove(at: place).ours, notification)
        case .elicitationCompleted:
            guard !call.isModern, call.capabilities.contains(.elicitationURL) else {
                return nil
            }
            return notification.elicitationID.map { writer.elicitationCompleted($0) }
        default:
            return nil
        }
    }

    // LIMIT: requests of a server that one stream has passed on to its client and that wait for their answers.
    private static let maximumPassedRequests = 256
    // LIMIT: answers to requests of one stream that are on their way at once; a server that asks faster gets none.
    private static let maximumReplies = 32

    /// Passes a server's request on under an id of ours, or answers it here: the client does not offer this, policy
    /// does not allow it, or there is nobody to ask.
    private func pass(_ call: Call, _ request: ServerRequest) async {
        if request.method == .ping {
            reply(call, core.upstreamWriter.emptyResponse(to: request.id))
            return
        }
        guard !call.isModern, let ask = request.ask, call.capabilities.isSuperset(of: ask.required), call.acceptsEvents,
            !call.isOutputGone, hasRoomForRequest(call),
            let ours = core.handles.sealServerRequest(
                call.leg.bridge == nil ? .server(request.id) : .call(address(of: call), request.id),
                session: call.session,
                grant: call.grant,
                now: core.time.wallTime
            ),
            let text = ours.plainText
        else {
            reply(call, core.upstreamWriter.refusal(to: request.id))
            return
        }
        call.passedRequests.append(
            PassedRequest(
                server: request.id,
                ours: ours,
                fingerprint: HandleFingerprint(text),
                expires: core.time.now.advanced(by: limits.handleLifetime)
            )
        )
        await startStream(call)
        await writeEvent(call, call.grant.server.mask.masking(core.writer(call.revision).request(ask, id: ours)))
    }

    /// Whether one more request of a server may wait for its answer.
    ///
    /// Answers come to any worker, and leave their mark for all: they are looked for only when the list is full.
    private func hasRoomForRequest(_ call: Call) -> Bool {
        if call.passedRequests.count >= Self.maximumPassedRequests {
            let now = core.time.now
            call.passedRequests.removeAll { $0.expires <= now || core.answered.contains($0.fingerprint) }
        }
        return call.passedRequests.count < Self.maximumPassedRequests
    }

    /// Answers a server's request for the client, beside the stream it came on.
    private func reply(_ call: Call, _ body: [UInt8]) {
        post(body, method: nil, for: call)
    }

    /// Tells the server that a call of its session was given up (25/cancel).
    func tellCancelled(_ call: Call) {
        guard let id = call.upstreamID, call.leg.revision.era == .legacy else {
            return
        }
        post(core.upstreamWriter.cancelled(id), method: .cancelled, for: call)
    }

    /// Tells a legacy server that a modern client has given up, which it did by closing its stream (LC-08, MS-11).
    func callOff(_ call: Call) {
        guard call.isModern, call.isBridged, call.reply != .complete,
            call.ending != nil || call.result == .timedOut
        else {
            return
        }
        if case .parked = call.retry?.way {
            // The worker that has the stream does it.
            return
        }
        tellCancelled(call)
    }

    /// Sends a message that gets no answer, beside the call it belongs to.
    func post(_ body: [UInt8], method: MCPMethod?, for call: Call) {
        guard call.repliesUnderWay < Self.maximumReplies else {
            return
        }
        let upstream = upstream(of: call.grant.server)
        guard call.leg.session == nil || call.leg.session?.home == upstream.home else {
            return
        }
        call.repliesUnderWay += 1
        let server = upstream.server
        var message = UpstreamMessage(
            posting: body,
            requestID: nil,
            method: method,
            revision: call.leg.revision,
            sessionID: call.leg.sessionID
        )
        message.grant = call.grant.id
        spawn { [message] in
            defer { call.repliesUnderWay -= 1 }
            do throws(UpstreamFailure) {
                if case .stream(let stream, _) = try await server.send(message) {
                    stream.cancel()
                }
            } catch {
                // The server waits for its own time-out then; nothing of the client's depends on it.
            }
        }
    }
}
