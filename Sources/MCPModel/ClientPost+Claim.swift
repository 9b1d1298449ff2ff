import Base
import JSONText

extension ClientPost {
    /// All that the choice between the eras depends on.
    struct Facts {
        /// What `MCP-Protocol-Version` says.
        let header: MCPHeaderRules.VersionField
        /// Its bytes.
        let headerText: ArraySlice<UInt8>
        /// `_meta["io.modelcontextprotocol/protocolVersion"]`.
        let bodyVersion: JSONValue?
        /// Whether `_meta` holds any key of the modern envelope.
        let hasEnvelopeKey: Bool
        /// Whether the message is a request.
        let isRequest: Bool
        /// Whether the message is a response.
        let isResponse: Bool
        /// The method, when any revision knows it.
        let method: MCPMethod?
        /// The id, for answering.
        let id: RequestID?

        init(
            _ envelope: MessageEnvelope,
            _ meta: RequestMeta,
            header: MCPHeaderRules.VersionField,
            _ headerText: ArraySlice<UInt8>
        ) {
            self.header = header
            self.headerText = headerText
            bodyVersion = meta.protocolVersion
            hasEnvelopeKey = meta.hasEnvelopeKey
            id = envelope.id
            method = envelope.knownMethod
            switch envelope.shape {
            case .request: (isRequest, isResponse) = (true, false)
            case .notification: (isRequest, isResponse) = (false, false)
            case .response: (isRequest, isResponse) = (false, true)
            }
        }

        /// Whether the message is an `initialize` request.
        var isInitialize: Bool { isRequest && method == .initialize }

        /// Whether a legacy client could have meant this method.
        var isLegacyMethod: Bool {
            method.map { MethodTable.rule(for: $0, in: .newestLegacy, .fromClient) != nil } ?? false
        }
    }

    /// The table of section 3.9: which protocol a POST speaks, or why it speaks none.
    static func claim(_ facts: Facts) throws(MCPFailure) -> RevisionClaim {
        if let body = facts.bodyVersion {
            return try enveloped(body, facts)
        }
        switch facts.header {
        case .malformed:
            throw HeaderFault.malformed(field: "MCP-Protocol-Version").failure(id: facts.id)
        case .unknown:
            throw unsupported(facts)
        case .known(let revision) where revision.era == .modern:
            return try modern(revision, facts)
        case .known(let revision) where !revision.isServed:
            throw unsupported(facts)
        case .known(let revision):
            return facts.isInitialize ? .handshake : .session(declared: revision)
        case .absent:
            return facts.isInitialize ? .handshake : .session(declared: nil)
        }
    }

    /// A header alone does not tell a client's era: it may choose from all that is served, in either.
    private static func unsupported(_ facts: Facts) -> MCPFailure {
        .unsupportedVersion(requested: ByteString(facts.headerText), supported: Revision.served, id: facts.id)
    }

    /// The body names a revision: only the modern era does that, and the header must name the same (MS-13).
    private static func enveloped(_ body: JSONValue, _ facts: Facts) throws(MCPFailure) -> RevisionClaim {
        guard let version = body.string else {
            throw missingMeta("protocolVersion", facts.id)
        }
        switch facts.header {
        case .absent:
            throw HeaderFault.missing(field: "MCP-Protocol-Version").failure(id: facts.id)
        case .malformed:
            throw HeaderFault.malformed(field: "MCP-Protocol-Version").failure(id: facts.id)
        case .known, .unknown:
            break
        }
        guard version.isEqual(to: facts.headerText) else {
            throw HeaderFault.mismatched(field: "MCP-Protocol-Version").failure(id: facts.id)
        }
        guard case .known(let revision) = facts.header, revision.era == .modern, revision.isServed else {
            throw MCPFailure.unsupportedVersion(requested: ByteString(facts.headerText), id: facts.id)
        }
        return .modern(revision)
    }

    /// A modern header and no version in the body.
    ///
    /// A notification needs none; a request that holds other keys of the envelope, or that no legacy client could have
    /// meant, lacks one of its keys; any other body is a legacy one under a modern header, which is a disagreement
    /// (section 3.9).
    private static func modern(_ revision: Revision, _ facts: Facts) throws(MCPFailure) -> RevisionClaim {
        if facts.isResponse {
            let message: ByteString = "responses do not exist in this revision"
            throw MCPFailure(.invalidRequest, era: .modern, message: message)
        }
        guard facts.isRequest else {
            return .modern(revision)
        }
        guard !facts.hasEnvelopeKey, facts.isLegacyMethod else {
            throw missingMeta("protocolVersion", facts.id)
        }
        throw HeaderFault.mismatched(field: "MCP-Protocol-Version").failure(id: facts.id)
    }

    static func missingMeta(_ key: ByteString, _ id: RequestID?) -> MCPFailure {
        let message = MCPFailure.named("_meta needs io.modelcontextprotocol/", key)
        return MCPFailure(.missingMeta, era: .modern, id: id, message: message)
    }
}
