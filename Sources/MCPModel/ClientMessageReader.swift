import Base
import JSONText

/// Reads the typed message once it is known under which protocol.
struct ClientMessageReader {
    let envelope: MessageEnvelope
    let meta: RequestMeta
    let claim: RevisionClaim
    let limits: MCPLimits

    private var era: Era { claim.era }

    /// The message; in the modern era with its headers compared.
    func read(
        _ headers: MCPHeaders,
        _ parameters: consuming JSONMemberTable
    ) throws(MCPFailure) -> ClientMessage {
        switch envelope.shape {
        case .request:
            return .request(try request(headers, parameters))
        case .notification:
            return .notification(try notification(headers, parameters))
        case .response(let outcome):
            guard let id = envelope.id else {
                throw failure(.invalidRequest, "a response needs the id of its request")
            }
            return .response(ClientResponse(id: id, outcome: outcome))
        }
    }

    /// The rule for a message; a request nobody knows is −32601, a notification nobody knows is dropped.
    static func rule(for message: ClientMessage, in revision: Revision) throws(MCPFailure) -> MethodRule? {
        switch message {
        case .request(let request):
            guard let rule = MethodTable.rule(for: request.method, in: revision, .fromClient) else {
                let name = ByteString(request.method.text)
                throw MCPFailure.methodNotFound(name, id: request.id, era: revision.era)
            }
            return rule
        case .notification(let notification):
            return notification.method.flatMap { MethodTable.rule(for: $0, in: revision, .fromClient) }
        case .response:
            return nil
        }
    }

    private func failure(_ kind: MCPFailureKind, _ message: ByteString) -> MCPFailure {
        MCPFailure(kind, era: era, id: envelope.id, message: message)
    }

    private func request(
        _ headers: MCPHeaders,
        _ members: consuming JSONMemberTable
    ) throws(MCPFailure) -> ClientRequest {
        guard let id = envelope.id, let methodName = envelope.method else {
            throw failure(.invalidRequest, "a request needs an id and a method")
        }
        let modern = try modernEnvelope()
        if modern != nil {
            try headerChecked { () throws(HeaderFault) in
                try MCPHeaderRules.checkMethod(headers.method, is: methodName.slice)
            }
        }
        guard let method = envelope.knownMethod, exists(method) else {
            throw MCPFailure.methodNotFound(ByteString(methodName.bytes), id: id, era: era)
        }
        let parameters = ParameterReader(method: method, params: members, era: era, id: id, limits: limits)
        let name = try parameters.name()
        if modern != nil, let name, method.carriesNameHeader {
            try headerChecked { () throws(HeaderFault) in
                try MCPHeaderRules.checkName(headers.name, is: name.bytes)
            }
        }
        return ClientRequest(
            id: id,
            method: method,
            name: name,
            detail: try parameters.detail(),
            retry: try parameters.retry(),
            progressToken: try progressToken(),
            envelope: modern,
            meta: meta.object
        )
    }

    private func headerChecked(_ check: () throws(HeaderFault) -> Void) throws(MCPFailure) {
        do {
            try check()
        } catch {
            throw error.failure(id: envelope.id)
        }
    }

    /// Whether any revision the claim allows knows the request; a session's own revision is asked later.
    private func exists(_ method: MCPMethod) -> Bool {
        guard !method.isNotification else {
            return false
        }
        return switch claim {
        case .modern(let revision):
            MethodTable.rule(for: method, in: revision, .fromClient).map { $0.handling != .refused } ?? false
        case .handshake: method == .initialize
        case .session:
            Revision.servedLegacy.contains { revision in
                MethodTable.rule(for: method, in: revision, .fromClient).map { $0.handling != .refused } ?? false
            }
        }
    }

    private func notification(
        _ headers: MCPHeaders,
        _ parameters: borrowing JSONMemberTable
    ) throws(MCPFailure) -> ClientNotification {
        guard let name = envelope.method else {
            throw failure(.invalidRequest, "a notification needs a method")
        }
        // Header rules for notifications are not defined; a field that is there must still tell the truth.
        if era == .modern, headers.method != nil {
            try headerChecked { () throws(HeaderFault) in
                try MCPHeaderRules.checkMethod(headers.method, is: name.slice)
            }
        }
        let method = envelope.knownMethod
        // A request without an id is no notification (A11); what is neither is not taken for one.
        guard method.map(\.isNotification) ?? name.slice.hasPrefix("notifications/") else {
            throw failure(.invalidRequest, "a request needs an id")
        }
        let cancelled = method == .cancelled ? parameters[.requestID].flatMap { RequestID($0) } : nil
        return ClientNotification(method: method, cancelledRequest: cancelled)
    }

    private func progressToken() throws(MCPFailure) -> RequestID? {
        guard let token = meta.progressToken else {
            return nil
        }
        guard let read = RequestID(token) else {
            throw failure(.invalidParams, "the progressToken is neither text nor a whole number of 64 bits")
        }
        return read
    }

    private func modernEnvelope() throws(MCPFailure) -> ModernEnvelope? {
        guard case .modern(let revision) = claim else {
            return nil
        }
        guard let declared = meta.clientCapabilities,
            let capabilities = ClientCapabilities(declared)
        else {
            throw ClientPost.missingMeta("clientCapabilities", envelope.id)
        }
        var client: ClientIdentity?
        if let info = meta.clientInfo {
            guard let read = ClientIdentity(info, limits: limits) else {
                throw failure(.missingMeta, "_meta io.modelcontextprotocol/clientInfo is not an implementation")
            }
            client = read
        }
        var level: LogLevel?
        if let value = meta.logLevel {
            guard let read = value.string.flatMap({ LogLevel($0) }) else {
                throw failure(.invalidParams, "_meta io.modelcontextprotocol/logLevel is not a log level")
            }
            level = read
        }
        return ModernEnvelope(revision: revision, capabilities: capabilities, client: client, logLevel: level)
    }
}

extension ClientIdentity {
    /// Reads an `Implementation` object; `nil` when it is not an object with texts, or too large.
    init?(_ value: JSONValue, limits: MCPLimits) {
        guard value.kind == .object, value.range.count <= limits.maximumImplementationBytes else {
            return nil
        }
        let (name, version) = (value["name"], value["version"])
        guard name.map({ $0.kind == .string }) ?? true, version.map({ $0.kind == .string }) ?? true else {
            return nil
        }
        self.init(
            name: name?.string.map { MCPFailure.bounded(ByteString($0.bytes)) },
            version: version?.string.map { MCPFailure.bounded(ByteString($0.bytes)) }
        )
    }
}
