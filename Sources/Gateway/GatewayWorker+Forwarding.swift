internal import AuditJournal
internal import AuditModel
internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import RateLimits
internal import Upstreams

/// The way of a judged request to the server, and of what comes back (architecture.md, section 4).
extension GatewayWorker {
    // LIMIT: how often a server may ask for input before it answers one call.
    static let maximumRounds = 10

    /// Sends a request as it was judged, and answers the call with what comes back.
    ///
    /// The message is written anew: own id, own progress token, handles of ours opened, the arguments byte for byte.
    func forward(
        _ call: Call,
        _ request: ClientRequest,
        parameters: [OutgoingHeader] = []
    ) async throws(Failure) {
        try await prepareLeg(of: call)
        var substitutes = UpstreamSubstitutes()
        substitutes.cursor = try openCursor(call, request)
        if request.retry != nil {
            switch try answeredRetry(call, request).way {
            case .server(let own): substitutes.requestState = own
            case .parked(let ticket): return try await goOn(call, request, parked: ticket)
            }
        }
        var rounds = 0
        while let input = try await exchange(call, request, substitutes, parameters) {
            // A modern server asks a legacy client.
            rounds += 1
            guard rounds <= Self.maximumRounds else {
                throw Failure(.upstreamMisbehaved)
            }
            substitutes.inputResponses = try await collect(call, input, round: rounds)
            substitutes.requestState = input.state
            guard try await isAllowedAgain(call, request) else {
                return
            }
        }
    }

    /// One request to the server; answers the call with its response, or returns what has to be asked first.
    private func exchange(
        _ call: Call,
        _ request: ClientRequest,
        _ substitutes: UpstreamSubstitutes,
        _ parameters: [OutgoingHeader]
    ) async throws(Failure) -> InputRequired? {
        let id = RequestID(upstream(of: call.grant.server).nextID())
        let goesModern = call.leg.revision.era == .modern
        let envelope = UpstreamEnvelope(
            revision: call.leg.revision,
            id: id,
            progressToken: request.progressToken == nil ? nil : id,
            capabilities: goesModern ? call.capabilities : [],
            logLevel: goesModern ? call.logLevel : nil
        )
        var message = UpstreamMessage(
            posting: core.upstreamWriter.request(request, envelope, substitutes: substitutes),
            requestID: id,
            method: request.method,
            revision: call.leg.revision,
            name: goesModern ? request.name : nil,
            parameters: parameters,
            sessionID: call.leg.sessionID
        )
        var reply = try await send(call, message)
        if Self.saysSessionIsOver(reply, call.leg) {
            try await renewLeg(of: call)
            message.sessionID = call.leg.sessionID
            reply = try await send(call, message)
        }
        switch reply {
        case .message(let document, status: 400, _):
            switch try await relisting(call, request, document) {
            case .none: return try await answer(call, request, with: document)
            case .again(let parameters): return try await exchange(call, request, substitutes, parameters)
            case .refused: return nil
            }
        case .message(let document, _, _):
            return try await answer(call, request, with: document)
        case .stream(let stream, _):
            guard let bridge = call.leg.bridge, request.method.mayRequireInput else {
                guard case .response(let document) = try await relay(call, nil, .stream(stream)) else {
                    throw Failure(.upstreamMisbehaved)
                }
                return try await answer(call, request, with: document)
            }
            let events = BridgedEvents(stream)
            bridge.add(events)
            spawn { await events.pump() }
            switch try await relay(call, request, .bridged(events)) {
            case .response(let document):
                return try await answer(call, request, with: document)
            case .question(let question):
                try await park(call, request, question, events)
                return nil
            }
        case .accepted:
            throw Failure(.upstreamMisbehaved)
        case .status(let status, _):
            throw Failure(upstreamStatus: status, inSession: message.sessionID != nil)
        }
    }

    /// Sends a message upstream, measured and recorded; gives limits back when provably not one byte was sent.
    func send(_ call: Call, _ message: UpstreamMessage) async throws(Failure) -> UpstreamReply {
        var message = message
        message.grant = call.grant.id
        guard log.isAccepting else {
            giveBack(call)
            throw Failure(.logUnavailable)
        }
        guard call.ending == nil else {
            giveBack(call)
            throw Failure(.cancelled)
        }
        try await noteIntent(of: call)
        let upstream = upstream(of: call.grant.server)
        guard message.sessionID == nil || call.leg.session?.home == upstream.home else {
            // The server is somewhere else since: what is there now has no such session, and is not told of it.
            return .status(404, body: [])
        }
        call.reached = upstream.home
        let sentAt = core.time.now
        call.upstreamID = message.requestID
        call.mayRunUntil = loop.now.advanced(by: call.grant.server.upstream.limits.totalTimeout)
        defer { call.record.upstreamTime = core.time.now.elapsed(since: sentAt) }
        do throws(UpstreamFailure) {
            var reply = try await upstream.server.send(message, cancellation: call.cancellation)
            if reply.status == 401, let again = try await sendAgain(message, for: call, after: upstream) {
                reply = again
            }
            call.record.upstreamStatus = reply.status
            if case .stream = reply {
                return reply
            }
            call.mayRunUntil = nil
            return reply
        } catch {
            if !error.wroteBytes {
                call.mayRunUntil = nil
                giveBack(call)
            }
            call.result = call.result ?? AuditResult(error)
            throw Failure(error)
        }
    }

    /// Notes in the journal that the call goes to its server, before one byte of it does (security.md, table J).
    ///
    /// What cannot be noted does not happen. The wait is that of the turn's write; what was decided before it is looked
    /// at again (I1).
    func noteIntent(of call: Call) async throws(Failure) {
        guard let trail, call.ticket == nil else {
            return
        }
        do throws(JournalFailure) {
            let ticket = try trail.note(call, at: core.time.wallTime)
            call.ticket = ticket
            try await trail.written(ticket, onDisk: call.reservation?.needsDurableNote ?? false)
        } catch {
            call.result = .notForwarded
            giveBack(call)
            throw Failure(.logUnavailable)
        }
        guard isStillGranted(call) else {
            call.result = .notForwarded
            giveBack(call)
            throw Failure(.cancelled)
        }
    }

    /// Takes a reservation back: nothing can have run (policy-language.md, section 5).
    func giveBack(_ call: Call) {
        if let reservation = call.reservation {
            core.counters.giveBack(reservation)
            call.isGivenBack = true
        }
        if let approval = call.approval {
            call.approval = nil
            core.configuration.approvals?.giveBack(approval)
        }
    }

    /// Passes a stream on, event by event, up to the response, or up to a question that a modern client can be asked
    /// only by ending its request.
    func relay(_ call: Call, _ request: ClientRequest?, _ source: EventSource) async throws(Failure) -> RelayEnd {
        let beganAt = core.time.now
        let before = call.record.upstreamTime ?? .zero
        call.cancellation.onCancel { [self] in cancel(source) }
        defer {
            call.cancellation.onCancel(nil)
            call.record.upstreamTime = before + core.time.now.elapsed(since: beganAt)
        }
        do throws(UpstreamFailure) {
            while let event = try await next(of: source) {
                guard isStillGranted(call) else {
                    break
                }
                guard let message = event.message else {
                    continue
                }
                if event.kind == .response {
                    call.mayRunUntil = nil
                    release(source)
                    return .response(message)
                }
                if event.kind == .request, call.isModern, let request,
                    let question = question(call, request, message)
                {
                    return .question(question)
                }
                await pass(call, message)
            }
        } catch {
            throw Failure(error)
        }
        throw call.ending?.failure ?? Failure(.upstreamMisbehaved)
    }

    private func next(of source: EventSource) async throws(UpstreamFailure) -> UpstreamEvent? {
        switch source {
        case .stream(let stream): try await stream.next()
        case .bridged(let events): try await events.next()
        case .parked(let address): try await nextEvent(ofParked: address)
        }
    }

    private func cancel(_ source: EventSource) {
        switch source {
        case .stream(let stream): stream.cancel()
        case .bridged(let events): events.cancel()
        case .parked(let address): giveUp(parked: address)
        }
    }

    private func release(_ source: EventSource) {
        switch source {
        case .stream(let stream): drain(stream)
        case .bridged: break
        case .parked(let address): finish(parked: address)
        }
    }

    /// Reads the end of a stream whose response has come, beside the call, so that its connection can be used again.
    private func drain(_ stream: UpstreamStream) {
        spawn {
            do throws(UpstreamFailure) {
                _ = try await stream.next()
            } catch {
                // The connection is closed; that is all there was to lose.
            }
        }
    }

    // MARK: The answer

    /// Answers a call with a server's response: filtered, ids restored, handles sealed; returns the questions of a modern
    /// server that a legacy client has to be asked before there is an answer.
    func answer(
        _ call: Call,
        _ request: ClientRequest,
        with document: JSONDocument
    ) async throws(Failure) -> InputRequired? {
        let writer = core.writer(call.revision)
        if let error = document.root["error"] {
            try await answer(call, request, withError: error)
            return nil
        }
        guard let result = document.root["result"] else {
            throw Failure(.upstreamMisbehaved)
        }
        call.result = result["isError"]?.boolean == true ? .toolError : .ok
        do throws(UpstreamViolation) {
            let body: [UInt8]
            if let kind = request.method.listKind {
                body = try await filtered(call, request, kind, result)
                await self.answer(call, body, isMasked: true)
                return nil
            } else {
                switch try writer.result(result, of: request.method, from: call.leg.revision) {
                case .complete(let complete):
                    body = writer.complete(complete, of: request.method, from: call.leg.revision, to: request.id)
                case .inputRequired(let input):
                    guard call.isModern else {
                        return input
                    }
                    guard let asking = ask(call, request, input) else {
                        throw .inputRequired
                    }
                    body = asking
                }
            }
            await self.answer(call, body)
            return nil
        } catch {
            call.result = .badAnswer
            throw Failure(.upstreamMisbehaved)
        }
    }

    private func answer(
        _ call: Call,
        _ request: ClientRequest,
        withError error: JSONValue
    ) async throws(Failure) {
        call.result = .rpcError
        noteError(error, call)
        let code = error["code"]?.number?.int
        if call.isBridged {
            switch code {
            case -32042 where call.isModern && request.method.mayRequireInput:
                // A legacy server wants an address opened first; the client's retry is the same call again.
                if let input = InputRequired(addressesOf: error) {
                    guard let asking = ask(call, request, input) else {
                        throw Failure(MCPFailure.missingCapability(input.required, id: request.id))
                    }
                    return await answer(call, asking)
                }
            case -32021 where call.isToolCall:
                let text: ByteString = "the tool needs a feature that this client has not or may not use here"
                return await answer(call, core.writer(call.revision).failedCall(text, to: request.id))
            default:
                break
            }
        }
        if let disguised = disguise(error, call, request) {
            throw disguised
        }
        let answer = core.writer(call.revision).error(error, to: request.id)
        await self.answer(call, status: answer.status, answer.body)
    }

    /// What a server's error tells the gateway itself: its tools may have changed, or its era.
    private func noteError(_ error: JSONValue, _ call: Call) {
        switch error["code"]?.number?.int {
        case -32020, -32602: relist(call.grant.server)
        case -32022: upstream(of: call.grant.server).eraContradicted()
        default: break
        }
    }

    /// A question of the server's for the client, its state sealed; `nil` when it asks what the client did not declare
    /// or policy does not allow, which a server that was told so must not do (MS-34).
    private func ask(_ call: Call, _ request: ClientRequest, _ input: InputRequired) -> [UInt8]? {
        guard call.capabilities.isSuperset(of: input.required) else {
            return nil
        }
        let state = seal(.server(input.state), asking: input.questions.map(\.key), call, request)
        guard let state else {
            return nil
        }
        return core.writer(call.revision).inputRequired(input, state: state, to: request.id)
    }

    // MARK: Handles

    /// The server's cursor behind the client's.
    private func openCursor(_ call: Call, _ request: ClientRequest) throws(Failure) -> ByteString? {
        guard let cursor = request.cursor else {
            return nil
        }
        let opened = core.handles.openCursor(
            cursor.bytes,
            of: request.method,
            grant: call.grant,
            now: core.time.wallTime
        )
        guard let opened else {
            throw Failure(.handleNotFound, "unknown or expired cursor: list again from the start")
        }
        return ByteString(opened)
    }
}

/// Where the events of a call come from.
enum EventSource {
    case stream(UpstreamStream)
    /// A call of a modern client at a legacy server.
    case bridged(BridgedEvents)
    /// A stream that another request left open, perhaps on another worker.
    case parked(CallAddress)
}

/// How passing a stream on ended.
enum RelayEnd {
    case response(JSONDocument)
    /// A legacy server asks something; its call stays open.
    case question(ServerQuestion)
}

/// What a legacy server asks of a modern client.
struct ServerQuestion: Sendable {
    /// The server's id of its request.
    let id: RequestID
    let ask: ClientAsk
}

extension UpstreamReply {
    /// The status, for the record.
    var status: Int {
        switch self {
        case .accepted(let status), .message(_, let status, _), .status(let status, _): status
        case .stream: 200
        }
    }
}
