import Base
import EventLoops
public import JSONText
import MCPModel

/// What the gateway asks a server on its own account: its era and its tools.
extension UpstreamServer {
    /// LIMIT: requests of a server that are answered on one stream of ours.
    private static let maximumAnswers = 32
    /// Pages of more bytes are looked through beside the loop: some 100 tools, which take a millisecond.
    private static let longPage = 32 << 10

    /// Asks for one era (mcp-protocol.md, 3.8).
    ///
    /// Bounded by the probe's time-out, because others may wait for it.
    func probe(_ era: Era) async throws(UpstreamFailure) -> UpstreamKnowledge.Answer {
        if case .process(let link) = link {
            return try await link.probe(era)
        }
        let id = shared.mintID()
        var message: UpstreamMessage
        switch era {
        case .modern:
            message = UpstreamMessage(
                posting: EraProbe.discoverBody(id: id),
                requestID: id,
                method: .serverDiscover,
                revision: .july2026
            )
        case .legacy:
            message = UpstreamMessage(
                posting: EraProbe.initializeBody(id: id),
                requestID: id,
                method: .initialize,
                revision: .newestLegacy
            )
        }
        message.totalTimeout = configuration.limits.probeTimeout
        let answer = try await whole(message)
        let meaning =
            era == .modern
            ? EraProbe.modern(status: answer.status, document: answer.document)
            : EraProbe.legacy(status: answer.status, document: answer.document)
        switch meaning {
        case .speaks(let document):
            if era == .legacy, let session = answer.sessionID, let revision = EraProbe.negotiated(document) {
                await end(session, revision)
            }
            return .yes(document)
        case .silent:
            return .no
        case .unproven(let status):
            throw UpstreamFailure(.refused(status: status), wroteBytes: true)
        }
    }

    /// All tools, over a session of the gateway's own where the era has sessions; bounded in pages, tools and bytes.
    public func listTools() async throws(UpstreamFailure) -> ToolListing {
        switch try await era() {
        case .modern:
            return try await collect(session: nil, revision: .july2026)
        case .legacy:
            do throws(UpstreamFailure) {
                return try await listInSession()
            } catch {
                // LC-04: a session that ended under our hands is begun once more.
                guard case .refused(status: 404) = error.kind else {
                    throw error
                }
                return try await listInSession()
            }
        }
    }

    private func listInSession() async throws(UpstreamFailure) -> ToolListing {
        let (session, revision) = try await open()
        do throws(UpstreamFailure) {
            let listing = try await collect(session: session, revision: revision)
            await end(session, revision)
            return listing
        } catch {
            await end(session, revision)
            throw error
        }
    }

    /// LC-01: `initialize`, then the notification that it is done.
    private func open() async throws(UpstreamFailure) -> (session: ByteString?, revision: Revision) {
        let id = shared.mintID()
        let message = UpstreamMessage(
            posting: EraProbe.initializeBody(id: id),
            requestID: id,
            method: .initialize,
            revision: .newestLegacy
        )
        let session = try await open(message)
        return (session.id, session.revision)
    }

    /// Opens a session with `initialize`, a message of the caller's making, and says that it is open (LC-01).
    ///
    /// - Throws: ``UpstreamFailure``; `.violation(.result)` when the server chooses a revision that is not served (LC-02).
    public func open(_ message: UpstreamMessage) async throws(UpstreamFailure) -> UpstreamSession {
        let answer = try await whole(message)
        guard answer.status == 200, let document = answer.document else {
            throw UpstreamFailure(.refused(status: answer.status), wroteBytes: true)
        }
        guard let revision = EraProbe.negotiated(document) else {
            // LC-02: a revision we do not speak; nothing more is said.
            shared.forget(.legacy)
            throw .violation(.result, "initialize is answered with a revision that is not served")
        }
        let done = UpstreamMessage(
            posting: EraProbe.initializedBody(),
            requestID: nil,
            method: .initialized,
            revision: revision,
            sessionID: answer.sessionID
        )
        if case .stream(let stream, _) = try await send(done) {
            stream.cancel()
        }
        return UpstreamSession(id: answer.sessionID, revision: revision, grant: message.grant, handshake: document)
    }

    /// The whole response to a request of the gateway's own in a session: notifications before it are passed over, and
    /// requests of the server answered; `nil` when the server answers with a bare status.
    public func ask(_ message: UpstreamMessage) async throws(UpstreamFailure) -> JSONDocument? {
        try await whole(message).document
    }

    /// Ends a session; whether the server minds is its business (LC-04).
    public func end(_ session: UpstreamSession) async {
        await end(session.id, session.revision)
    }

    /// The end of a session of ours; whether the server minds is its business (LC-04).
    private func end(_ session: ByteString?, _ revision: Revision) async {
        guard let session else {
            return
        }
        var message = UpstreamMessage(.delete, sessionID: session, revision: revision)
        message.totalTimeout = .seconds(5)
        do throws(UpstreamFailure) {
            _ = try await send(message)
        } catch {
            // The server drops it by itself sooner or later.
        }
    }

    private func collect(session: ByteString?, revision: Revision) async throws(UpstreamFailure) -> ToolListing {
        var builder = ToolListBuilder(limits: configuration.limits)
        var cursor: ByteString?
        repeat {
            let id = shared.mintID()
            let next = cursor
            let params: (inout JSONWriter) -> Void = { writer in
                if let next {
                    writer.key("cursor")
                    writer.string(next.bytes)
                }
            }
            let body =
                revision.era == .modern
                ? EraProbe.modernRequest(id: id, method: .toolsList, params)
                : EraProbe.legacyRequest(id: id, method: .toolsList, params)
            let answer = try await whole(
                UpstreamMessage(
                    posting: body,
                    requestID: id,
                    method: .toolsList,
                    revision: revision,
                    sessionID: session
                )
            )
            guard let document = answer.document, answer.status == 200 || document.root["error"] != nil else {
                throw UpstreamFailure(.refused(status: answer.status), wroteBytes: true)
            }
            contradict(document, revision.era)
            cursor = try await take(document, into: &builder)
        } while cursor != nil
        return builder.listing
    }

    /// Takes a page in; a long one while the loop serves others.
    private func take(
        _ page: JSONDocument,
        into builder: inout ToolListBuilder
    ) async throws(UpstreamFailure) -> ByteString? {
        guard page.bytes.count > Self.longPage else {
            return try builder.take(page)
        }
        let known = builder
        let (taken, result) = await loop.aside {
            var builder = known
            let result = Result { () throws(UpstreamFailure) in try builder.take(page) }
            return (builder, result)
        }
        builder = taken
        return try result.get()
    }

    /// A server that was believed modern and now knows no envelope has changed: the next call asks it anew.
    private func contradict(_ document: JSONDocument, _ era: Era) {
        let code = document.root["error"]?["code"]?.number?.int
        if era == .modern, code == -32_022 || code == -32_601 {
            shared.forget(.modern)
        }
    }

    /// The whole answer to a request of the gateway's own: a stream is read up to its response, notifications before it
    /// are passed over, and requests of the server are answered (LC-05, LC-07).
    private func whole(
        _ message: UpstreamMessage
    ) async throws(UpstreamFailure) -> (status: Int, document: JSONDocument?, sessionID: ByteString?) {
        switch try await send(message) {
        case .accepted(let status):
            return (status, nil, nil)
        case .message(let document, let status, let sessionID):
            return (status, document, sessionID)
        case .status(let status, let body):
            return (status, readable(body), nil)
        case .stream(let stream, let sessionID):
            var answered = 0
            while let event = try await stream.next() {
                if event.kind == .response {
                    let document = event.message
                    _ = try await stream.next()
                    return (200, document, sessionID)
                }
                if event.kind == .request, let request = event.message {
                    answered += 1
                    guard answered <= Self.maximumAnswers else {
                        stream.cancel()
                        throw .violation(.serverRequest, "too many requests of the server on one stream")
                    }
                    try await answer(request.root, in: message)
                }
            }
            throw .violation(.noResponse)
        }
    }

    /// Answers a request that a legacy server makes of us in our own session: `ping` with nothing, anything else with the
    /// truth, that this client declared no capability for it (LC-07).
    private func answer(_ request: JSONValue, in message: UpstreamMessage) async throws(UpstreamFailure) {
        guard let id = request["id"] else {
            return
        }
        let isPing = request["method"]?.string?.isEqual(to: MCPMethod.ping.name) == true
        let reply = UpstreamMessage(
            posting: EraProbe.reply(to: id, isPing: isPing),
            requestID: nil,
            method: nil,
            revision: message.revision,
            sessionID: message.sessionID
        )
        if case .stream(let stream, _) = try await send(reply) {
            stream.cancel()
        }
    }

    /// An error's body as JSON where it is, whatever its id: the probe reads it (MC-11).
    private func readable(_ body: [UInt8]) -> JSONDocument? {
        do throws(UpstreamFailure) {
            return try UpstreamReading.json(body, limits: configuration.limits)
        } catch {
            return nil
        }
    }
}
