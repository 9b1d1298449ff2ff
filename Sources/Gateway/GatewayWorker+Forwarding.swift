internal import AuditJournal
internal import AuditModel
internal import Base
internal import Cryptography
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import RateLimits
internal import Upstreams

/// The way of a judged request to the server, and of what comes back (architecture.md, section 4).
extension GatewayWorker {
    /// Sends a request as it was judged, and answers the call with what comes back.
    ///
    /// The message is written anew: own id, own progress token, handles of ours opened, the arguments byte for byte.
    func forward(
        _ call: Call,
        _ request: ClientRequest,
        parameters: [OutgoingHeader] = []
    ) async throws(Failure) {
        try await requireEra(of: call)
        var substitutes = UpstreamSubstitutes()
        substitutes.cursor = try openCursor(call, request)
        substitutes.requestState = try openRequestState(call, request)
        let id = RequestID(upstream(of: call.grant.server).nextID())
        let envelope = UpstreamEnvelope(
            revision: call.revision,
            id: id,
            progressToken: request.progressToken == nil ? nil : id,
            capabilities: call.isModern ? call.capabilities : [],
            logLevel: call.isModern ? call.logLevel : nil
        )
        let message = UpstreamMessage(
            posting: core.upstreamWriter.request(request, envelope, substitutes: substitutes),
            requestID: id,
            method: request.method,
            revision: call.revision,
            name: call.isModern ? request.name : nil,
            parameters: parameters,
            sessionID: call.session?.upstreamID
        )
        switch try await send(call, message) {
        case .message(let document, _, _):
            try await answer(call, request, with: document)
        case .stream(let stream, _):
            let document = try await relay(call, stream)
            try await answer(call, request, with: document)
        case .accepted:
            throw Failure(.upstreamMisbehaved)
        case .status(let status, _):
            throw Failure(upstreamStatus: status, inSession: message.sessionID != nil)
        }
    }

    /// Sends a message upstream, measured and recorded; gives limits back when provably not one byte was sent.
    func send(_ call: Call, _ message: UpstreamMessage) async throws(Failure) -> UpstreamReply {
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
        let sentAt = core.time.now
        call.upstreamID = message.requestID
        defer { call.record.upstreamTime = core.time.now.elapsed(since: sentAt) }
        do throws(UpstreamFailure) {
            let reply = try await upstream.server.send(message, cancellation: call.cancellation)
            call.record.upstreamStatus = reply.status
            return reply
        } catch {
            if !error.wroteBytes {
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
    private func noteIntent(of call: Call) async throws(Failure) {
        guard let trail, call.ticket == nil else {
            return
        }
        do throws(JournalFailure) {
            let ticket = try trail.note(call, at: core.time.wallTime)
            call.ticket = ticket
            try await trail.written(ticket)
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
    }

    /// Passes a stream on, event by event, up to the response; which it returns.
    func relay(_ call: Call, _ stream: UpstreamStream) async throws(Failure) -> JSONDocument {
        let beganAt = core.time.now
        let before = call.record.upstreamTime ?? .zero
        call.cancellation.onCancel { stream.cancel() }
        defer {
            call.cancellation.onCancel(nil)
            call.record.upstreamTime = before + core.time.now.elapsed(since: beganAt)
        }
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                guard isStillGranted(call) else {
                    break
                }
                guard let message = event.message else {
                    continue
                }
                if event.kind == .response {
                    drain(stream)
                    return message
                }
                await pass(call, message)
            }
        } catch {
            throw Failure(error)
        }
        throw call.ending?.failure ?? Failure(.upstreamMisbehaved)
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

    /// Answers a call with a server's response: filtered, ids restored, handles sealed.
    private func answer(_ call: Call, _ request: ClientRequest, with document: JSONDocument) async throws(Failure) {
        let writer = core.writer(call.revision)
        if let error = document.root["error"] {
            call.result = .rpcError
            noteError(error, call)
            let answer = writer.error(error, to: request.id)
            await self.answer(call, status: answer.status, answer.body)
            return
        }
        guard let result = document.root["result"] else {
            throw Failure(.upstreamMisbehaved)
        }
        call.result = result["isError"]?.boolean == true ? .toolError : .ok
        do throws(UpstreamViolation) {
            let body: [UInt8]
            if let kind = request.method.listKind {
                body = try filtered(call, request, kind, result)
            } else {
                switch try writer.result(result, of: request.method) {
                case .complete(let complete):
                    body = writer.complete(complete, of: request.method, to: request.id)
                case .inputRequired(let input):
                    guard let asking = ask(call, request, input) else {
                        throw .inputRequired
                    }
                    body = asking
                }
            }
            await self.answer(call, body)
        } catch {
            call.result = .badAnswer
            throw Failure(.upstreamMisbehaved)
        }
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
        let state = core.handles.sealRequestState(
            input.state?.bytes,
            digest: Self.digest(of: request),
            grant: call.grant,
            now: core.time.wallTime
        )
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

    /// The server's state behind that of a retry, which must ask the very same again (D2).
    private func openRequestState(_ call: Call, _ request: ClientRequest) throws(Failure) -> ByteString? {
        guard let retry = request.retry else {
            return nil
        }
        let opened = retry.state.flatMap { state in
            core.handles.openRequestState(
                state.bytes,
                digest: Self.digest(of: request),
                grant: call.grant,
                now: core.time.wallTime
            )
        }
        guard let opened else {
            throw Failure(.handleNotFound, "unknown or expired requestState: call again without it")
        }
        return opened.map { ByteString($0) }
    }

    /// What a state is bound to: method, name and arguments, by their exact values.
    private static func digest(of request: ClientRequest) -> [UInt8] {
        var payload = FieldWriter()
        payload.append(request.method.rawValue)
        payload.append(run: request.name?.bytes ?? [])
        payload.append(run: request.arguments.map { JSONCanonical.exact($0) } ?? [])
        return SHA256.digest(payload.bytes)
    }

    // MARK: The era

    /// Refuses a modern request to a server of the other era, in words a client can act on: it begins a session then.
    func requireEra(of call: Call) async throws(Failure) {
        guard call.isModern else {
            return
        }
        let upstream = upstream(of: call.grant.server)
        guard !upstream.speaksModern else {
            return
        }
        do throws(UpstreamFailure) {
            guard try await upstream.server.speaks(.modern) else {
                throw UpstreamFailure(.notMCP, wroteBytes: true)
            }
            upstream.speaksModern = true
        } catch {
            giveBack(call)
            guard error.kind == .notMCP else {
                throw Failure(error)
            }
            let refusal = MCPFailure.unsupportedVersion(
                requested: ByteString(call.revision.text),
                supported: Revision.servedLegacy,
                id: call.id
            )
            throw Failure(.revisionNotServed, Self.legacyOnly, data: refusal.data)
        }
    }

    private static let legacyOnly =
        "the server behind this gateway does not speak 2026-07-28: begin a session with `initialize` instead"
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
