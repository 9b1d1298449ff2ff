public import Base
public import JSONText

/// Under which protocol a POST has to be treated (mcp-protocol.md, section 3.9).
public enum RevisionClaim: Sendable, Hashable {
    /// A modern request: header and body agree on a revision that is served.
    case modern(Revision)
    /// `initialize`: the beginning of a legacy session.
    case handshake
    /// A message inside a legacy session. The session knows its revision; the header, when there is one, must agree.
    case session(declared: Revision?)

    /// The protocol.
    public var era: Era {
        if case .modern = self {
            return .modern
        }
        return .legacy
    }
}

/// One POST of a client, understood: a pure function of the header fields and the body.
public struct ClientPost: Sendable {
    /// Under which protocol it has to be treated.
    public let claim: RevisionClaim
    /// The message.
    public let message: ClientMessage
    /// The method by its name, also when nothing else about it is right; for the log.
    public let methodName: ByteString?

    /// Reads body and headers.
    ///
    /// What is checked: the JSON itself, one message and no batch (A10), ids (A11), near-miss keys (A2), the era by
    /// section 3.9, and in the modern era the envelope (MS-14), `Mcp-Method` and `Mcp-Name` (MS-12), and that the method
    /// exists (MS-18). What is not, because it needs more than these bytes: the method of a legacy session
    /// (``settle(_:session:)``) and `Mcp-Param-*` (``ParameterHeaders``).
    public init(
        _ body: [UInt8],
        headers: MCPHeaders,
        json: JSONLimits = .default,
        limits: MCPLimits = .standard
    ) throws(MCPFailure) {
        let document: JSONDocument
        do {
            document = try JSONDocument(body, limits: json)
        } catch {
            let reason = ByteString("the body is not valid JSON: \(error)")
            let era = ClientPost.era(of: MCPHeaderRules.version(headers.protocolVersion))
            throw MCPFailure(.notJSON, era: era, message: reason)
        }
        try self.init(document, headers: headers, limits: limits)
    }

    /// Reads a body that is a document already; it must have been read with a depth limit of at most 66.
    public init(
        _ document: JSONDocument,
        headers: MCPHeaders,
        limits: MCPLimits = .standard
    ) throws(MCPFailure) {
        let root = document.root
        let declared = MCPHeaderRules.version(headers.protocolVersion)
        let headerEra = ClientPost.era(of: declared)
        guard root.kind != .array else {
            let message: ByteString = "batches are not accepted: send one message at a time"
            throw MCPFailure(.batch, era: headerEra, message: message)
        }
        let envelope: MessageEnvelope
        do {
            envelope = try MessageEnvelope(root)
        } catch {
            throw MCPFailure(.invalidRequest, era: headerEra, id: error.id, message: error.message)
        }
        let parameters = JSONMemberTable(envelope.params, of: document, keys: ReservedKeys.params.keys)
        let meta = try ClientPost.meta(of: envelope, parameters, era: headerEra)
        let facts = ClientPost.Facts(envelope, meta, header: declared, headers.protocolVersion ?? [])
        let claim = try ClientPost.claim(facts)
        let reader = ClientMessageReader(envelope: envelope, meta: meta, claim: claim, limits: limits)
        message = try reader.read(headers, parameters)
        self.claim = claim
        methodName = envelope.knownMethod?.bytes ?? envelope.method.map { MCPFailure.bounded(ByteString($0.bytes)) }
    }

    /// Finishes what a legacy message still lacks once its session is known: the declared revision must be the
    /// session's, and the method must exist in it.
    ///
    /// - Returns: the rule of the method; `nil` for responses and for notifications that are dropped.
    public func settle(session revision: Revision) throws(MCPFailure) -> MethodRule? {
        if case .session(let declared?) = claim, declared != revision {
            throw MCPFailure.unsupportedVersion(
                requested: ByteString(declared.text),
                supported: [revision],
                id: message.id,
                era: .legacy
            )
        }
        return try ClientMessageReader.rule(for: message, in: revision)
    }

    /// The rule of a modern message or of `initialize`.
    public func rule() throws(MCPFailure) -> MethodRule? {
        switch claim {
        case .modern(let revision): try ClientMessageReader.rule(for: message, in: revision)
        case .handshake: try ClientMessageReader.rule(for: message, in: .newestLegacy)
        case .session(let declared): try ClientMessageReader.rule(for: message, in: declared ?? .assumed)
        }
    }

    /// In which era an answer to an unreadable body is written, by what its header declares.
    static func era(of declared: MCPHeaderRules.VersionField) -> Era {
        if case .known(let revision) = declared {
            return revision.era
        }
        return .legacy
    }

    /// `params._meta`, after the keys of both were compared with the reserved ones (A2).
    private static func meta(
        of envelope: MessageEnvelope,
        _ parameters: borrowing JSONMemberTable,
        era: Era
    ) throws(MCPFailure) -> RequestMeta {
        guard let params = envelope.params else {
            return RequestMeta()
        }
        var meta = RequestMeta()
        if let value = parameters[.meta] {
            guard value.kind == .object else {
                throw MCPFailure(.invalidParams, era: era, id: envelope.id, message: "_meta is not an object")
            }
            meta = RequestMeta(value)
        }
        if let suspect = ReservedKeys.params.firstNearMiss(in: params, parameters) ?? meta.nearMiss {
            let key = MCPFailure.bounded(ByteString(suspect.bytes))
            let message = MCPFailure.named("ambiguous member: ", key)
            throw MCPFailure(.invalidRequest, era: era, id: envelope.id, message: message)
        }
        return meta
    }
}
