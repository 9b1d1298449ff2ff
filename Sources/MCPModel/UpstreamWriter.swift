public import Base
public import JSONText

/// How a request is to look to the server behind the gateway; everything here is the gateway's, nothing the client's.
public struct UpstreamEnvelope: Sendable {
    /// The revision of the connection.
    public var revision: Revision
    /// The gateway's own id, unique on the connection (MC-07).
    public var id: RequestID
    /// The gateway's own progress token; `nil` when no progress is wanted.
    public var progressToken: RequestID?
    /// What the gateway says the client can be asked for (modern only); at most what the client declared and policy
    /// allows.
    public var capabilities: ClientCapabilities
    /// The mildest log messages wanted (modern only).
    public var logLevel: LogLevel?
    /// Whether the client's W3C `baggage` goes on; it may hold anything, so by default it ends here (X-24).
    public var forwardsBaggage = false

    /// An envelope.
    public init(
        revision: Revision,
        id: RequestID,
        progressToken: RequestID? = nil,
        capabilities: ClientCapabilities = [],
        logLevel: LogLevel? = nil
    ) {
        self.revision = revision
        self.id = id
        self.progressToken = progressToken
        self.capabilities = capabilities
        self.logLevel = logLevel
    }
}

/// What the gateway puts in the place of handles that are its own towards the client and the server's own towards it.
public struct UpstreamSubstitutes: Sendable {
    /// The server's own name of the tool, prompt or resource, when it differs.
    public var name: ByteString?
    /// The server's own cursor, unsealed.
    public var cursor: ByteString?
    /// The server's own `requestState`, unsealed (MC-15).
    public var requestState: ByteString?
    /// The answers to a modern server's questions, an object in JSON, where the client did not give them in that form.
    public var inputResponses: [UInt8]?
    /// What of a subscription's filter is asked of the server.
    public var subscription: SubscriptionFilter?

    /// None.
    public init() {}
}

/// Writes the messages that go to a server: always new ones, built from what was judged (security.md, law 1).
public struct UpstreamWriter: Sendable {
    private let identity: GatewayIdentity
    /// By revision: `_meta` from its key to the capabilities, which is the same in every request; empty in the legacy era.
    private let metaBeginnings: [[UInt8]]

    /// A writer that presents the gateway as `identity`.
    public init(identity: GatewayIdentity) {
        self.identity = identity
        metaBeginnings = Revision.allCases.map { revision in
            guard revision.era == .modern else {
                return []
            }
            var writer = JSONWriter()
            writer.piece(#""_meta":{"io.modelcontextprotocol/protocolVersion":"#)
            writer.string(revision.name)
            writer.member("io.modelcontextprotocol/clientInfo", raw: identity.json)
            writer.key("io.modelcontextprotocol/clientCapabilities")
            return writer.output
        }
    }

    /// The request a client made, rebuilt: own id and token, own `_meta`, known parameters only, the arguments byte for
    /// byte as they were read (A3).
    ///
    /// A cursor or state of the client is never sent on: only its substitute is.
    public func request(
        _ request: ClientRequest,
        _ envelope: UpstreamEnvelope,
        substitutes: UpstreamSubstitutes = UpstreamSubstitutes()
    ) -> [UInt8] {
        let size = request.arguments.map { $0.range.count } ?? 0
        let answers = request.retry?.responses.map { $0.range.count } ?? 0
        var writer = JSONWriter(reserving: 320 + size + answers)
        begin(request.method, envelope, to: &writer)
        if let key = request.method.nameSource.key, let name = substitutes.name ?? request.name {
            writer.member(key.name, name)
        }
        appendDetail(of: request, substitutes, envelope.revision, to: &writer)
        if envelope.revision.era == .modern {
            if let responses = substitutes.inputResponses {
                writer.member("inputResponses", raw: responses)
            } else if let responses = request.retry?.responses {
                writer.member("inputResponses", responses)
            }
            if let state = substitutes.requestState {
                writer.member("requestState", state)
            }
        }
        appendMeta(envelope, client: request.meta, to: &writer)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// A request of the gateway's own; `parameters` writes members into the open `params`.
    public func request(
        _ method: MCPMethod,
        _ envelope: UpstreamEnvelope,
        parameters: (inout JSONWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var writer = JSONWriter(reserving: 384)
        begin(method, envelope, to: &writer)
        parameters(&writer)
        appendMeta(envelope, client: nil, to: &writer)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// `initialize`, with the revision of the envelope (LC-01).
    public func initialize(_ envelope: UpstreamEnvelope) -> [UInt8] {
        request(.initialize, envelope) { writer in
            writer.key("protocolVersion")
            writer.string(envelope.revision.name)
            writer.key("capabilities")
            envelope.capabilities.append(to: &writer, revision: envelope.revision)
            writer.member("clientInfo", raw: identity.json)
        }
    }

    /// A page of a list; `cursor` is the server's own.
    public func list(_ kind: ListKind, cursor: ByteString?, _ envelope: UpstreamEnvelope) -> [UInt8] {
        request(kind.method, envelope) { writer in
            if let cursor {
                writer.member("cursor", cursor)
            }
        }
    }

    /// `subscriptions/listen` with a filter of the gateway's making.
    public func listen(_ filter: SubscriptionFilter, _ envelope: UpstreamEnvelope) -> [UInt8] {
        request(.subscriptionsListen, envelope) { writer in
            writer.key("notifications")
            filter.append(to: &writer)
        }
    }

    /// A notification without parameters, such as `notifications/initialized`.
    public func notification(_ method: MCPMethod) -> [UInt8] {
        var writer = JSONWriter(reserving: 64)
        writer.beginMessage()
        writer.method(method)
        writer.endObject()
        return writer.output
    }

    /// `notifications/cancelled` for one of the gateway's own requests (LC-08).
    public func cancelled(_ id: RequestID, reason: ByteString? = nil) -> [UInt8] {
        var writer = JSONWriter(reserving: 128)
        writer.beginMessage()
        writer.method(.cancelled)
        writer.key("params")
        writer.beginObject()
        writer.member("requestId", id)
        if let reason {
            writer.member("reason", reason)
        }
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// A client's answer to a server's request, under the server's own id.
    public func response(_ outcome: ResponseOutcome, to id: RequestID) -> [UInt8] {
        switch outcome {
        case .result(let result):
            var writer = JSONWriter(reserving: 64 + result.range.count)
            writer.beginMessage()
            writer.id(id)
            writer.member("result", result)
            writer.endObject()
            return writer.output
        case .error(let error):
            var writer = JSONWriter(reserving: 64 + error.range.count)
            writer.beginMessage()
            writer.id(id)
            writer.key("error")
            ErrorObject(error, limits: .standard).append(to: &writer)
            writer.endObject()
            return writer.output
        }
    }

    /// A modern client's answer to a legacy server's request, without what only the client's era has.
    public func response(_ answer: JSONValue, to id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reserving: 64 + answer.range.count)
        writer.beginMessage()
        writer.id(id)
        writer.key("result")
        writer.beginObject()
        writer.members(of: answer, except: UpstreamWriter.resultKeys)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// What legacy clients answered to a modern server's questions, as one object by the questions' keys.
    ///
    /// An elicitation that failed is one the user dismissed; `nil` when anything else failed, which nothing stands in for.
    public func inputResponses(_ answers: [(question: InputRequired.Question, outcome: ResponseOutcome)]) -> [UInt8]? {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        for (question, outcome) in answers {
            writer.key(question.key.bytes)
            switch outcome {
            case .result(let result):
                writer.beginObject()
                writer.members(of: result, except: UpstreamWriter.resultKeys)
                writer.endObject()
            case .error:
                guard question.ask.method == .elicitationCreate else {
                    return nil
                }
                writer.beginObject()
                writer.piece(#""action":"cancel""#)
                writer.endObject()
            }
        }
        writer.endObject()
        return writer.output
    }

    private static let resultKeys = JSONKeySet(["_meta", "resultType"])

    /// The answer to a legacy server's question whose asker is gone: dismissed, or refused where that cannot be said.
    public func dismissed(_ ask: ClientAsk, to id: RequestID) -> [UInt8] {
        guard ask.method == .elicitationCreate else {
            return refusal(to: id)
        }
        var writer = JSONWriter(reserving: 80)
        writer.beginMessage()
        writer.id(id)
        writer.piece(#""result":{"action":"cancel"}"#)
        writer.endObject()
        return writer.output
    }

    /// The empty result, with which a ping is answered (LS-18, LC-07).
    public func emptyResponse(to id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reserving: 64)
        writer.beginMessage()
        writer.id(id)
        writer.key("result")
        writer.beginObject()
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// What a server is answered when its request is not passed on: the client offers no such thing (LC-07).
    public func refusal(to id: RequestID) -> [UInt8] {
        MCPFailure(.methodNotFound, era: .legacy, id: id, message: "the client does not offer this").body()
    }

    /// What a server is answered when policy keeps its elicitation from the client: the user's "no".
    public func declined(_ id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reserving: 80)
        writer.beginMessage()
        writer.id(id)
        writer.key("result")
        writer.beginObject()
        writer.key("action")
        writer.string("decline" as StaticString)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    // MARK: parts

    private func begin(_ method: MCPMethod, _ envelope: UpstreamEnvelope, to writer: inout JSONWriter) {
        writer.beginMessage()
        writer.id(envelope.id)
        writer.method(method)
        writer.piece(#""params":{"#)
    }

    private func appendDetail(
        of request: ClientRequest,
        _ substitutes: UpstreamSubstitutes,
        _ revision: Revision,
        to writer: inout JSONWriter
    ) {
        switch request.detail {
        case .arguments(let arguments):
            if let arguments {
                writer.member("arguments", arguments)
            }
        case .page:
            if let cursor = substitutes.cursor {
                writer.member("cursor", cursor)
            }
        case .level(let level):
            writer.key("level")
            writer.string(level.name)
        case .completion(let completion):
            completion.append(to: &writer, name: substitutes.name)
        case .subscription(let filter):
            writer.key("notifications")
            (substitutes.subscription ?? filter).append(to: &writer)
        case .initialization, .none:
            break
        }
    }

    private func appendMeta(_ envelope: UpstreamEnvelope, client meta: JSONValue?, to writer: inout JSONWriter) {
        let trace = meta.flatMap { TraceContext($0, forwardsBaggage: envelope.forwardsBaggage) }
        if envelope.revision.era == .modern {
            writer.piece(metaBeginnings[Int(envelope.revision.rawValue)])
            envelope.capabilities.append(to: &writer, revision: envelope.revision)
            if let level = envelope.logLevel {
                writer.key("io.modelcontextprotocol/logLevel")
                writer.string(level.name)
            }
        } else if envelope.progressToken != nil || trace != nil {
            writer.piece(#""_meta":{"#)
        } else {
            return
        }
        if let token = envelope.progressToken {
            writer.member("progressToken", token)
        }
        trace?.append(to: &writer)
        writer.endObject()
    }
}

extension Completion {
    func append(to writer: inout JSONWriter, name: ByteString?) {
        writer.key("ref")
        writer.beginObject()
        writer.key("type")
        switch reference {
        case .prompt(let own):
            writer.string("ref/prompt" as StaticString)
            writer.member("name", name ?? own)
        case .resource(let own):
            writer.string("ref/resource" as StaticString)
            writer.member("uri", name ?? own)
        }
        writer.endObject()
        writer.key("argument")
        writer.beginObject()
        for key in ["name", "value"] as [StaticString] {
            if let text = argument[key] {
                writer.member(key, text)
            }
        }
        writer.endObject()
        if let context, let known = context["arguments"], known.kind == .object {
            writer.key("context")
            writer.beginObject()
            writer.member("arguments", known)
            writer.endObject()
        }
    }
}
