internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import JSONText
internal import MCPModel
internal import RateLimits

/// From the first byte of a request to the last of its answer.
extension GatewayWorker {
    /// Serves one request.
    func serve(_ exchange: HTTPServerExchange) async {
        let startedAt = core.time.now
        refreshSnapshot()
        let segment: ArraySlice<UInt8>
        var events: EventTarget?
        switch Route(exchange.head) {
        case .health:
            await respond(to: exchange, 200, AnswerFields.healthBody)
            return
        case .none:
            await refuse(exchange, Failure(.notFound))
            return
        case .server(let named):
            segment = named
        case .events(let named, let target):
            segment = named
            events = target
        }
        let grant: GrantEntry
        do throws(Failure) {
            guard !core.isDraining else {
                throw Failure(.draining)
            }
            try checkSender(exchange.head.fields)
            grant = try authenticate(exchange.head.fields, segment: segment, peer: exchange.peer)
        } catch {
            await refuse(exchange, error)
            return
        }
        await serve(Call(exchange: exchange, grant: grant, startedAt: startedAt), events)
    }

    private func serve(_ call: Call, _ events: EventTarget?) async {
        call.record.time = core.time.wallTime
        call.record.requestID = nextRequestNumber()
        track(call)
        call.exchange.onPeerClosed = { [unowned call] in call.peerClosed() }
        do throws(Failure) {
            if let events {
                try await serveEvents(call, events)
            } else {
                try await dispatch(call)
            }
        } catch {
            await fail(call, error)
        }
        guard !call.isDetached else {
            return
        }
        guard let sequel = call.takeSequel() else {
            conclude(call)
            return
        }
        call.exchange.goOn { [self] in
            do throws(Failure) {
                try await sequel()
            } catch {
                await fail(call, error)
            }
            conclude(call)
        }
    }

    private func dispatch(_ call: Call) async throws(Failure) {
        switch call.exchange.head.method {
        case .post:
            try await post(call)
        case .get:
            try call.enter()
            try await openStream(call)
        case .delete:
            try call.enter()
            try await endSession(call)
        default:
            throw Failure(.methodNotAllowed)
        }
    }

    /// The end of every call, however it went.
    func conclude(_ call: Call) {
        call.exchange.onPeerClosed = nil
        untrack(call)
        callOff(call)
        settle(call)
        trail?.conclude(call, at: core.time.wallTime, duration: core.time.now.elapsed(since: call.startedAt))
        log.append(call.record)
    }

    /// Gives back whatever the call holds and takes its time; runs however it ended.
    private func settle(_ call: Call) {
        call.leave()
        leaveBridge(call)
        if let reservation = call.reservation, !call.isParked {
            release(reservation, after: call.mayRunUntil)
        }
        let whole = core.time.now.elapsed(since: call.startedAt)
        call.record.gatewayTime = whole - (call.record.upstreamTime ?? .zero)
    }

    /// Gives places in flight back: now, or at the deadline of a call whose server has not answered and may be at work.
    ///
    /// A limit may admit too few calls, never too many.
    func release(_ reservation: Reservation, after end: Instant?) {
        let counters = core.counters
        guard reservation.holdsSlots, let end, loop.now < end else {
            counters.release(reservation)
            return
        }
        loop.schedule(after: end.elapsed(since: loop.now)) { counters.release(reservation) }
    }

    // MARK: Reading

    /// Reads a POST and serves what it says.
    ///
    /// A small one is read even when there is no place for it: only a refusal with its id reaches whoever waits for the
    /// answer, and a notification may be the very cancellation that makes room.
    private func post(_ call: Call) async throws(Failure) {
        let refusal = call.refusedEntry()
        let fields = call.exchange.head.fields
        try Representation.checkBody(fields)
        (call.acceptsJSON, call.acceptsEvents) = try Representation.accepted(fields)
        let body = try await readBody(call, refusal)
        let post = try understand(call, body)
        switch post.message {
        case .request(let request):
            if let refusal {
                throw refusal
            }
            try await serve(call, request)
        case .notification(let notification): try await take(call, notification)
        case .response(let response): try await take(call, response)
        }
    }

    /// The body of a POST; of one there is no place for, only as much as names its id.
    func readBody(_ call: Call, _ refusal: Failure?) async throws(Failure) -> [UInt8] {
        let withoutPlace = min(limits.maximumBodyBytesWithoutPlace, limits.maximumBodyBytes)
        do throws(HTTPServerError) {
            return try await call.exchange.body(maximumBytes: refusal == nil ? limits.maximumBodyBytes : withoutPlace)
        } catch {
            switch error {
            case .refused(.bodyTooLarge): throw refusal ?? Failure(.bodyTooLarge)
            case .peerClosed:
                call.end(.clientGone)
                throw Failure(.bodyNotReceived)
            default: throw Failure(.bodyNotReceived)
            }
        }
    }

    /// Reads body and head as one message of one revision; in a legacy session also opens the session.
    func understand(_ call: Call, _ body: [UInt8]) throws(Failure) -> ClientPost {
        call.headers = Self.mcpHeaders(call.exchange.head.fields)
        do throws(MCPFailure) {
            let post = try ClientPost(body, headers: call.headers, json: core.jsonLimits)
            call.record.method = post.methodName
            call.era = post.claim.era
            if case .request(let request) = post.message {
                call.id = request.id
                call.isToolCall = request.method == .toolsCall
            }
            switch post.claim {
            case .modern(let revision):
                call.revision = revision
                call.leg.revision = revision
                _ = try post.rule()
            case .handshake:
                _ = try post.rule()
            case .session:
                try join(call, post)
            }
            call.record.revision = call.revision
            return post
        } catch {
            call.era = error.era
            call.id = error.id ?? call.id
            call.record.outcome = .malformed
            throw Failure(error)
        }
    }

    private func join(_ call: Call, _ post: ClientPost) throws(MCPFailure) {
        let session: ClientSession
        do throws(Failure) {
            session = try self.session(of: call)
        } catch {
            let kind: MCPFailureKind = error.kind == .sessionRequired ? .sessionRequired : .sessionEnded
            throw MCPFailure(kind, era: .legacy, id: call.id, message: ByteString(error.sentence))
        }
        call.enter(session)
        _ = try post.settle(session: session.revision)
    }

    private static func mcpHeaders(_ fields: HTTPFields) -> MCPHeaders {
        var headers = MCPHeaders(
            protocolVersion: fields[.mcpProtocolVersion],
            method: fields[.mcpMethod],
            name: fields[.mcpName]
        )
        if fields.hasUnknownMCPField {
            for field in fields where field.known == nil {
                headers.appendParameter(field.name, field.value)
            }
        }
        return headers
    }
}
