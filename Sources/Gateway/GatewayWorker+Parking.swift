internal import AuditModel
internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import RateLimits
internal import Upstreams

/// Calls of modern clients that wait at a legacy server for an answer of the client's (mcp-protocol.md, 3.5).
///
/// A legacy server asks in the middle of a call; a modern client can be asked only by ending its request. So the call
/// stays open here, the client gets `input_required` with a ticket, and its next request goes on with the call: on
/// whatever worker it arrives, the events are fetched one by one from the worker that has the stream.
extension GatewayWorker {
    /// The client's key for a question of a legacy server, which has none.
    private static let key: ByteString = "question"

    /// What a legacy server asks of a modern client, when it may be asked.
    func question(_ call: Call, _ request: ClientRequest, _ document: JSONDocument) -> ServerQuestion? {
        guard request.method.mayRequireInput else {
            return nil
        }
        do throws(UpstreamViolation) {
            guard case .request(let asked) = try ServerMessage(document, revision: call.leg.revision),
                let ask = asked.ask, call.capabilities.isSuperset(of: ask.required)
            else {
                return nil
            }
            return ServerQuestion(id: asked.id, ask: ask)
        } catch {
            return nil
        }
    }

    /// Leaves a call open at its server and asks its client.
    func park(
        _ call: Call,
        _ request: ClientRequest,
        _ question: ServerQuestion,
        _ events: BridgedEvents
    ) async throws(Failure) {
        guard parked.count < limits.maximumParkedCalls else {
            events.cancel()
            throw Failure(.tooManyInFlight)
        }
        let waiting = ParkedCall(
            address: address(of: call),
            events: events,
            leg: call.leg,
            upstream: upstream(of: call.grant.server),
            upstreamID: call.upstreamID,
            timeout: call.grant.server.upstream.limits.totalTimeout
        )
        call.leg.bridge?.uses += 1
        // It is the waiting call's from now on: the end of this request does not call it off.
        call.upstreamID = nil
        waiting.reservation = call.reservation
        waiting.mayRunUntil = call.mayRunUntil
        call.isParked = true
        parked[waiting.address.number] = waiting
        waiting.question = question
        waiting.timer = loop.schedule(after: limits.parkingDeadline) { [self] in
            end(parked: waiting.address.number)
        }
        try await ask(call, request, question, ParkingTicket(call: waiting.address, round: waiting.round))
    }

    /// Ends a request with a question for its client.
    private func ask(
        _ call: Call,
        _ request: ClientRequest,
        _ question: ServerQuestion,
        _ ticket: ParkingTicket
    ) async throws(Failure) {
        guard let state = seal(.parked(ticket), asking: nil, call, request) else {
            throw Failure(.internalFault)
        }
        call.result = .ok
        let input = InputRequired(asking: question.ask, key: Self.key)
        await answer(call, core.writer(call.revision).inputRequired(input, state: state, to: request.id))
    }

    /// Goes on with a call that waits for this request's answer.
    func goOn(_ call: Call, _ request: ClientRequest, parked ticket: ParkingTicket) async throws(Failure) {
        guard log.isAccepting else {
            throw Failure(.logUnavailable)
        }
        try await noteIntent(of: call)
        let answer = request.retry?.responses?.member(Self.key.bytes).flatMap { $0.kind == .object ? $0 : nil }
        let reply = LoopReply<Resumption>(on: loop)
        let hasOwner =
            ticket.call.process == core.firstRequestID
            && core.run(on: ticket.call.worker) { gateway in reply.send(gateway.resume(ticket, answer)) }
        switch hasOwner ? await reply.wait() : .gone {
        case .gone:
            call.result = .notForwarded
            throw Failure(.handleNotFound, "the call no longer waits for this answer: call again without requestState")
        case .unanswered(let question, let next):
            try await ask(call, request, question, next)
        case .goesOn(let upstreamID, let revision, let session):
            leaveBridge(call)
            call.leg = UpstreamLeg(revision: revision, session: session)
            call.upstreamID = upstreamID
            switch try await relay(call, request, .parked(ticket.call)) {
            case .response(let document):
                _ = try await self.answer(call, request, with: document)
            case .question(let question):
                let asked = LoopReply<ParkingTicket?>(on: loop)
                core.run(on: ticket.call.worker) { gateway in
                    asked.send(gateway.wait(parked: ticket.call, question))
                }
                guard let next = await asked.wait() else {
                    throw Failure(.upstreamMisbehaved)
                }
                try await ask(call, request, question, next)
            }
        }
    }

    // MARK: On the worker that has the stream

    /// Gives a client's answer to the server that waits for it.
    private func resume(_ ticket: ParkingTicket, _ answer: JSONValue?) -> Resumption {
        guard let waiting = parked[ticket.call.number], let question = waiting.question,
            waiting.round == ticket.round
        else {
            return .gone
        }
        // The ticket is used up, whatever was answered.
        waiting.round += 1
        guard let answer else {
            return .unanswered(question, ParkingTicket(call: ticket.call, round: waiting.round))
        }
        waiting.question = nil
        waiting.timer?.cancel()
        waiting.mayRunUntil = loop.now.advanced(by: waiting.timeout)
        tell(waiting, core.upstreamWriter.response(answer, to: question.id), nil)
        return .goesOn(
            upstreamID: waiting.upstreamID,
            revision: waiting.leg.revision,
            session: waiting.leg.session
        )
    }

    /// The call waits for its client again.
    private func wait(parked address: CallAddress, _ question: ServerQuestion) -> ParkingTicket? {
        guard let waiting = parked[address.number] else {
            return nil
        }
        waiting.question = question
        waiting.timer = loop.schedule(after: limits.parkingDeadline) { [self] in
            end(parked: address.number)
        }
        return ParkingTicket(call: address, round: waiting.round)
    }

    /// The client did not come back, or left: the server is told, and the call is over.
    func end(parked number: UInt64) {
        guard let waiting = parked.removeValue(forKey: number) else {
            return
        }
        waiting.timer?.cancel()
        if let question = waiting.question {
            tell(waiting, core.upstreamWriter.dismissed(question.ask, to: question.id), nil)
        }
        if let id = waiting.upstreamID {
            tell(waiting, core.upstreamWriter.cancelled(id), .cancelled)
        }
        waiting.events.cancel()
        leave(waiting, hasAnswer: false)
    }

    private func leave(_ waiting: ParkedCall, hasAnswer: Bool) {
        if let reservation = waiting.reservation {
            release(reservation, after: hasAnswer ? nil : waiting.mayRunUntil)
        }
        waiting.leg.bridge?.uses -= 1
        waiting.leg.bridge?.lastUsedAt = loop.now
    }

    private func tell(_ waiting: ParkedCall, _ body: [UInt8], _ method: MCPMethod?) {
        let message = UpstreamMessage(
            posting: body,
            requestID: nil,
            method: method,
            revision: waiting.leg.revision,
            sessionID: waiting.leg.sessionID
        )
        let server = waiting.upstream.server
        spawn {
            do throws(UpstreamFailure) {
                if case .stream(let stream, _) = try await server.send(message) {
                    stream.cancel()
                }
            } catch {
                // The server waits for its own time-out then.
            }
        }
    }

    // MARK: From the worker of the client's request

    /// The next event of a call that another request left open.
    func nextEvent(ofParked address: CallAddress) async throws(UpstreamFailure) -> UpstreamEvent? {
        let reply = LoopReply<Result<UpstreamEvent?, UpstreamFailure>>(on: loop)
        let hasOwner = core.run(on: address.worker) { gateway in
            guard let waiting = gateway.parked[address.number] else {
                reply.send(.success(nil))
                return
            }
            gateway.spawn {
                do throws(UpstreamFailure) {
                    reply.send(.success(try await waiting.events.next()))
                } catch {
                    gateway.forget(parked: address.number, hasAnswer: false)
                    reply.send(.failure(error))
                }
            }
        }
        guard hasOwner else {
            return nil
        }
        return try await reply.wait().get()
    }

    /// Gives up a call that goes on in another request, which has ended.
    func giveUp(parked address: CallAddress) {
        core.run(on: address.worker) { gateway in gateway.end(parked: address.number) }
    }

    /// The response has come.
    func finish(parked address: CallAddress) {
        core.run(on: address.worker) { gateway in gateway.forget(parked: address.number, hasAnswer: true) }
    }

    private func forget(parked number: UInt64, hasAnswer: Bool) {
        if let waiting = parked.removeValue(forKey: number) {
            waiting.timer?.cancel()
            leave(waiting, hasAnswer: hasAnswer)
        }
    }
}

/// A call of a modern client that is open at a legacy server without a request of the client's.
///
/// Loop-confined.
final class ParkedCall {
    let address: CallAddress
    let events: BridgedEvents
    let leg: UpstreamLeg
    let upstream: WorkerUpstream
    /// The id of the call at the server, which is its progress token too.
    let upstreamID: RequestID?
    /// The places in flight it holds.
    var reservation: Reservation?
    /// Until when its server may be at work on it.
    var mayRunUntil: Instant?
    /// How long that is from each answer it is given.
    let timeout: Duration
    /// What the server waits for; `nil` while a request of the client's goes on with the call.
    var question: ServerQuestion?
    /// Grows with each ticket, so that none is good twice.
    var round = 0
    var timer: LoopTimer?

    init(
        address: CallAddress,
        events: BridgedEvents,
        leg: UpstreamLeg,
        upstream: WorkerUpstream,
        upstreamID: RequestID?,
        timeout: Duration
    ) {
        self.timeout = timeout
        self.address = address
        self.events = events
        self.leg = leg
        self.upstream = upstream
        self.upstreamID = upstreamID
    }
}

/// What became of a ticket.
enum Resumption: Sendable {
    /// The call does not wait for it.
    case gone
    /// The request brought no answer: it is asked for again.
    case unanswered(ServerQuestion, ParkingTicket)
    /// The server has its answer.
    case goesOn(upstreamID: RequestID?, revision: Revision, session: ServerSession?)
}

/// Carries one value to a waiting task of a loop, from any thread.
// ISOLATION: the mailbox is only touched on its loop, to which `send` hands over.
struct LoopReply<Value: Sendable>: @unchecked Sendable {
    private let loop: EventLoop
    private let mailbox: BoundedMailbox<Value>

    /// A reply to a task of `loop`; loop-confined but for ``send(_:)``.
    init(on loop: EventLoop) {
        self.loop = loop
        mailbox = BoundedMailbox(on: loop, capacity: 1)
    }

    /// Gives the value; from any thread, once.
    func send(_ value: Value) {
        loop.execute { _ = mailbox.push(value) }
    }

    /// Waits for the value, which whoever has this reply must give.
    func wait() async -> Value {
        while true {
            if let value = await mailbox.next() {
                return value
            }
        }
    }
}
