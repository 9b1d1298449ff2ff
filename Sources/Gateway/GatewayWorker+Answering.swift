internal import AuditModel
internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import MCPModel

/// Writing answers: one of the two forms the protocol has, never both, and nothing after a call has ended.
extension GatewayWorker {
    /// Writes the one final message of a call: as JSON, or as the last event when a stream has begun.
    ///
    /// What an upstream said has its credentials masked (E11), unless that is done already.
    func answer(_ call: Call, status: Int = 200, _ message: [UInt8], isMasked: Bool = false) async {
        guard isStillGranted(call) else {
            await abandon(call)
            return
        }
        let message = isMasked ? message : call.grant.server.mask.masking(message)
        call.answeredBytes += message.count
        if let client = call.outlet {
            if let text = call.issuedSession,
                let session = core.handles.openSession(text, grant: call.grant, now: core.time.wallTime)
            {
                client.begin(session)
            }
            call.reply = .complete
            return put(message, to: client)
        }
        if call.reply == .undecided, call.acceptsJSON || !call.acceptsEvents {
            call.reply = .complete
            await respond(to: call.exchange, status, message, sessionID: call.issuedSession)
            return
        }
        await startStream(call)
        await writeEvent(call, message)
        await finishStream(call)
    }

    /// Takes a notification or response: 202, no body (26/http, 25/http).
    func accept(_ call: Call) async {
        guard call.ending == nil, call.reply == .undecided else {
            return
        }
        call.reply = .complete
        guard call.outlet == nil else {
            return
        }
        await respond(to: call.exchange, 202, [])
    }

    /// Begins the event stream that answers a call.
    func startStream(_ call: Call) async {
        guard call.reply == .undecided, call.ending == nil else {
            return
        }
        call.reply = .streaming
        call.lastWriteAt = loop.now
        guard call.outlet == nil else {
            return
        }
        do throws(HTTPServerError) {
            try await call.exchange.startStream(200, AnswerFields.stream)
        } catch {
            call.outputFailed()
        }
    }

    /// Writes one message as an event; what an upstream said has its credentials masked (E11).
    func writeEvent(_ call: Call, _ message: [UInt8]) async {
        if let client = call.outlet {
            if call.reply == .streaming, call.ending == nil {
                put(message, to: client)
            }
            return
        }
        guard call.reply == .streaming, call.ending == nil, !call.isOutputGone, let bytes = Self.event(message) else {
            return
        }
        call.lastWriteAt = loop.now
        do throws(HTTPServerError) {
            try await call.exchange.write(bytes)
        } catch {
            call.outputFailed()
        }
    }

    /// Writes one message as an event without ever waiting; a client that leaves no room for it is cut.
    func writeAtOnce(_ call: Call, _ message: [UInt8]) {
        if let client = call.outlet {
            return put(message, to: client)
        }
        guard call.reply == .streaming, call.ending == nil, !call.isOutputGone, let bytes = Self.event(message) else {
            return
        }
        call.lastWriteAt = loop.now
        if !call.exchange.writeIfRoom(bytes) {
            call.record.message = "the client did not read its stream, which was closed"
            call.end(.tooSlow)
        }
    }

    /// Queues a message for a client over HTTP+SSE.
    private func put(_ message: [UInt8], to client: EventClient) {
        if let event = Self.event(message) {
            client.send(event)
        }
    }

    /// A message as an event.
    private static func event(_ message: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        do throws(SSEError) {
            try SSEWriter.append(data: message, type: AnswerFields.messageType, to: &bytes)
            return bytes
        } catch {
            // Only an id or a type can be unwritable, and ours are fixed.
            return nil
        }
    }

    /// Ends the stream of a call.
    func finishStream(_ call: Call) async {
        guard call.reply == .streaming, call.ending == nil || call.ending == .draining else {
            return
        }
        call.reply = .complete
        guard call.outlet == nil || call.isListening else {
            return
        }
        do throws(HTTPServerError) {
            try await call.exchange.finish()
        } catch {
            call.outputFailed()
        }
    }

    /// Sends a comment on a stream that was silent for long; starts the stream of a call that waits for its upstream.
    func keepAlive(_ call: Call, now: Instant) {
        guard call.ending == nil, !call.isOutputGone, call.mayStream, call.acceptsEvents,
            call.outlet == nil || call.isListening
        else {
            return
        }
        call.lastWriteAt = now
        switch call.reply {
        case .streaming:
            // Left out when the client reads too slowly: it gets bytes enough.
            _ = call.exchange.writeIfRoom(AnswerFields.comment)
        case .undecided:
            spawn { [self] in
                await startStream(call)
                _ = call.exchange.writeIfRoom(AnswerFields.comment)
            }
        case .complete:
            break
        }
    }

    /// Answers a call with a failure, in the protocol's own form.
    ///
    /// A `tools/call` whose failure is not the caller's doing is a tool result with `isError`: the model should read it,
    /// and clients end whole sessions on errors of other kinds (mcp-protocol.md, section 4.2).
    func fail(_ call: Call, _ failure: Failure) async {
        let failure = call.ending?.failure ?? failure
        note(failure, of: call)
        if call.ticket != nil {
            call.result = call.result ?? AuditResult(failure.kind)
        }
        guard call.ending == nil || call.ending == .cancelled else {
            await abandon(call)
            return
        }
        if call.outlet != nil, call.id != nil {
            // Its clients give up their session when a POST is refused: what answers a request goes on the stream.
            await respond(to: call.exchange, 202, [])
        }
        if call.isToolCall, failure.kind.origin != .client, let id = call.id {
            await answer(call, core.writer(call.revision).failedCall(ByteString(failure.sentence), to: id))
            return
        }
        let answer = failure.kind.answer(isModern: call.isModern, answersRequest: call.id != nil)
        let body = failure.body(id: call.id, isModern: call.isModern)
        if let client = call.outlet, call.id != nil {
            call.reply = .complete
            put(body, to: client)
        } else if call.reply == .undecided {
            call.reply = .complete
            await respond(to: call.exchange, answer.status, body, failure: failure)
        } else if call.reply == .streaming {
            await writeEvent(call, body)
            await finishStream(call)
        }
    }

    /// Leaves a call that somebody ended: without another byte of its answer, and so that the client sees that it is
    /// not whole (an unfinished stream is reset by the transport).
    func abandon(_ call: Call) async {
        guard call.reply == .undecided, let ending = call.ending, ending != .clientGone else {
            return
        }
        call.reply = .complete
        let failure = ending.failure
        let status = failure.kind.answer(isModern: true).status
        await respond(to: call.exchange, status, failure.body(id: nil, isModern: true), failure: failure)
    }

    /// Answers a request that never became a call: nobody is named, nothing is recorded.
    func refuse(_ exchange: HTTPServerExchange, _ failure: Failure) async {
        let status = failure.kind.answer(isModern: true).status
        await respond(to: exchange, status, failure.body(id: nil, isModern: true), failure: failure)
    }

    /// Writes a complete response.
    func respond(
        to exchange: HTTPServerExchange,
        _ status: Int,
        _ body: [UInt8],
        sessionID: ByteString? = nil,
        failure: Failure? = nil
    ) async {
        var fields = body.isEmpty ? HTTPFields() : AnswerFields.json
        do throws(HTTPSerializerError) {
            if let sessionID {
                try fields.append(.mcpSessionID, sessionID.bytes)
            }
            if let failure {
                try AnswerFields.append(failure, status: status, to: &fields)
            }
        } catch {
            // Sealed ids and numbers are visible ASCII: nothing of ours is unwritable.
            return
        }
        do throws(HTTPServerError) {
            try await exchange.respond(status, fields, body: body)
        } catch {
            // The client is gone; the transport closes what is left of the connection.
        }
    }

    private func note(_ failure: Failure, of call: Call) {
        // A call that somebody ended was not malformed: what was decided about it stands (D10).
        if call.ending == nil, call.record.outcome == .allow {
            switch failure.kind.origin {
            case .client where call.result == .rpcError:
                // The server's own answer, in our words.
                break
            case .client:
                call.record.outcome = failure.kind == .toolNotFound ? .hidden : .malformed
            case .gateway where call.record.upstreamTime == nil:
                // Nothing was forwarded, whatever policy would have said: the record must not read as if it was.
                call.record.outcome = .deny
                call.record.rule = "(gateway)"
            case .gateway, .upstream:
                break
            }
        }
        if call.record.message.isEmpty {
            call.record.message = failure.kind.sentence
        }
    }
}

/// The header fields and bodies of answers that never change.
enum AnswerFields {
    static let json: HTTPFields = {
        var fields = HTTPFields()
        fields.append(.contentType, "application/json")
        fields.append(.cacheControl, "no-store")
        fields.append(.xContentTypeOptions, "nosniff")
        return fields
    }()

    static let stream: HTTPFields = {
        var fields = HTTPFields()
        fields.append(.contentType, "text/event-stream")
        fields.append(.cacheControl, "no-store")
        fields.append(.xContentTypeOptions, "nosniff")
        // MS-09: reverse proxies must not hold events back.
        fields.append(.xAccelBuffering, "no")
        return fields
    }()

    static let healthBody: [UInt8] = Array(#"{"status":"ok"}"#.utf8)
    static let messageType: [UInt8] = Array("message".utf8)
    static let comment: [UInt8] = Array(": keep-alive\n\n".utf8)

    /// The fields a failure adds.
    static func append(_ failure: Failure, status: Int, to fields: inout HTTPFields) throws(HTTPSerializerError) {
        switch status {
        case 401: fields.append(.wwwAuthenticate, "Bearer")
        case 405: fields.append(.allow, "POST")
        default: break
        }
        if let wait = failure.retryAfter {
            // Rounded up: who obeys it is not refused again for coming too early.
            try fields.append(.retryAfter, decimal: Int(max(1, (wait.nanoseconds + 999_999_999) / 1_000_000_000)))
        }
    }
}
