public import Base
public import JSONText

/// What a server does that its revision forbids; the message is dropped, and the answer withheld (D6, D8).
public enum UpstreamViolation: Error, Sendable, Hashable, CaseIterable {
    /// Not one JSON-RPC message: a batch, no object, both result and error, a strange id.
    case notAMessage
    /// A response to nobody.
    case unknownID
    /// A request where the revision has none (MS-08).
    case requestNotAllowed
    /// `resultType` is not text, or one we do not know (MC-08).
    case unknownResultType
    /// `input_required` where it is not allowed, or not in its shape (MS-33, MS-34).
    case inputRequired
    /// A list without its items.
    case list
    /// A handshake or discovery that lacks what it must have.
    case handshake
    /// A notification without what it must have.
    case notification

    /// What happened, for the log.
    public var text: String {
        switch self {
        case .notAMessage: "the message is not JSON-RPC"
        case .unknownID: "the response has an id of no request"
        case .requestNotAllowed: "the revision has no requests from the server"
        case .unknownResultType: "the result is of an unknown type"
        case .inputRequired: "the input asked for breaks the protocol"
        case .list: "the list has no items"
        case .handshake: "the handshake lacks a member"
        case .notification: "the notification lacks a member"
        }
    }
}

/// One message of a server, read strictly.
public enum ServerMessage: Sendable {
    /// Answers one of our requests.
    case response(ServerResponse)
    /// Tells something.
    case notification(ServerNotification)
    /// Asks something of the client (legacy only).
    case request(ServerRequest)

    /// Reads one message as `revision` has them.
    public init(_ document: JSONDocument, revision: Revision) throws(UpstreamViolation) {
        let envelope: MessageEnvelope
        do {
            envelope = try MessageEnvelope(document.root)
        } catch {
            throw .notAMessage
        }
        switch envelope.shape {
        case .response(let outcome):
            self = .response(ServerResponse(id: envelope.id, outcome: outcome))
        case .notification:
            let method = envelope.knownMethod.flatMap { method in
                method.isNotification && MethodTable.rule(for: method, in: revision, .fromServer) != nil ? method : nil
            }
            self = .notification(ServerNotification(method: method, params: envelope.params))
        case .request:
            guard revision.era == .legacy else {
                throw .requestNotAllowed
            }
            guard let id = envelope.id else {
                throw .notAMessage
            }
            let method = envelope.knownMethod.flatMap { method in
                !method.isNotification && MethodTable.rule(for: method, in: revision, .fromServer) != nil ? method : nil
            }
            let ask = method.flatMap { ClientAsk($0, params: envelope.params) }
            self = .request(ServerRequest(id: id, method: method, ask: ask))
        }
    }
}

/// A server's answer to one of our requests.
public struct ServerResponse: Sendable {
    /// The id it answers; `nil` for an error that answers nobody.
    public let id: RequestID?
    /// The answer.
    public let outcome: ResponseOutcome
}

/// A notification of a server.
public struct ServerNotification: Sendable {
    /// The method; `nil` for one the revision does not know, which is dropped.
    public let method: MCPMethod?
    let params: JSONValue?

    /// The progress token, for `notifications/progress`.
    public var progressToken: RequestID? {
        params?["progressToken"].flatMap { RequestID($0) }
    }

    /// The progress, for `notifications/progress`, so that it can be seen to increase (MS-44).
    public var progress: ExactDecimal? {
        params?["progress"]?.number?.decimal
    }

    /// The severity, for `notifications/message`.
    public var level: LogLevel? {
        params?["level"]?.string.flatMap { LogLevel($0) }
    }

    /// The resource, for `notifications/resources/updated`.
    public var uri: ByteString? {
        params?["uri"]?.string.map { ByteString($0.bytes) }
    }

    /// The request given up, for `notifications/cancelled`.
    public var cancelledRequest: RequestID? {
        params?["requestId"].flatMap { RequestID($0) }
    }

    /// The elicitation that is over, for `notifications/elicitation/complete`.
    public var elicitationID: ByteString? {
        params?["elicitationId"]?.string.map { ByteString($0.bytes) }
    }

    /// The listen request whose stream this belongs to (modern only).
    public var subscription: RequestID? {
        params?["_meta"]?["io.modelcontextprotocol/subscriptionId"].flatMap { RequestID($0) }
    }

    /// What the server honours of a subscription, for `notifications/subscriptions/acknowledged` (MC-23).
    public var acknowledged: SubscriptionFilter? {
        guard let filter = params?["notifications"], filter.kind == .object else {
            return nil
        }
        let uris = filter["resourceSubscriptions"]?.elements.compactMap { $0.string.map { ByteString($0.bytes) } }
        return SubscriptionFilter(
            toolsListChanged: filter["toolsListChanged"]?.boolean == true,
            promptsListChanged: filter["promptsListChanged"]?.boolean == true,
            resourcesListChanged: filter["resourcesListChanged"]?.boolean == true,
            resourceSubscriptions: uris ?? []
        )
    }
}

/// A request of a legacy server to the client.
public struct ServerRequest: Sendable {
    /// The server's own id: a separate space from ours, never shown to the client.
    public let id: RequestID
    /// The method; `nil` for one the revision does not know: answered with −32601.
    public let method: MCPMethod?
    /// What it asks of the client; `nil` for `ping`, which is answered here, and for what breaks the protocol.
    public let ask: ClientAsk?
}
