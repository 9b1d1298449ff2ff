public import Base
public import JSONText

/// One message of a client, read strictly: everything policy and gateway look at has its type checked here.
public enum ClientMessage: Sendable {
    /// Wants an answer.
    case request(ClientRequest)
    /// Wants none.
    case notification(ClientNotification)
    /// Answers a request of the server (legacy only).
    case response(ClientResponse)

    /// The id of the request or response.
    public var id: RequestID? {
        switch self {
        case .request(let request): request.id
        case .notification: nil
        case .response(let response): response.id
        }
    }
}

/// What a client says about itself: for logs and display, never for a decision (MS-24).
public struct ClientIdentity: Sendable, Hashable {
    /// The name it gives itself.
    public let name: ByteString?
    /// The version it gives itself.
    public let version: ByteString?
}

/// The keys of `_meta` that stand for the handshake in the modern era (26/base).
public struct ModernEnvelope: Sendable, Hashable {
    /// The revision, equal to the header's.
    public let revision: Revision
    /// What the client can be asked for on this request, and only on this one (MS-19).
    public let capabilities: ClientCapabilities
    /// Who the client says it is.
    public let client: ClientIdentity?
    /// The mildest log messages it wants on this request's stream; `nil`: none at all (MS-43).
    public let logLevel: LogLevel?
}

/// A request of a client.
public struct ClientRequest: Sendable {
    /// Its id, to be given back with the answer and never sent on.
    public let id: RequestID
    /// Its method.
    public let method: MCPMethod
    /// The tool, prompt, resource or task it names, as ``MCPMethod/nameSource`` says.
    public let name: ByteString?
    /// The parameters that only this method has.
    public let detail: Detail
    /// The answers and the state of a retry (MRTR); `nil` on a first round.
    public let retry: InputRetry?
    /// The client's progress token, when it wants progress.
    public let progressToken: RequestID?
    /// The modern envelope; `nil` in the legacy era.
    public let envelope: ModernEnvelope?
    /// The whole `_meta`, for what is passed on by name.
    let meta: JSONValue?

    /// The parameters that only some methods have.
    public enum Detail: Sendable {
        /// None, or none that anybody reads.
        case none
        /// `arguments` of a tool or prompt: an object, or absent.
        case arguments(JSONValue?)
        /// `cursor` of a list; the empty one is legal (MS-32).
        case page(cursor: ByteString?)
        /// The handshake.
        case initialization(Initialization)
        /// What to complete.
        case completion(Completion)
        /// The level of `logging/setLevel`.
        case level(LogLevel)
        /// What `subscriptions/listen` asks for.
        case subscription(SubscriptionFilter)
    }

    /// The arguments of `tools/call` and `prompts/get`.
    public var arguments: JSONValue? {
        guard case .arguments(let value) = detail else {
            return nil
        }
        return value
    }

    /// The cursor of a list.
    public var cursor: ByteString? {
        guard case .page(let cursor) = detail else {
            return nil
        }
        return cursor
    }

    /// The era the request belongs to.
    public var era: Era { envelope == nil ? .legacy : .modern }
}

/// What a client opens a legacy session with.
public struct Initialization: Sendable, Hashable {
    /// The revision it asked for, as it wrote it.
    public let requested: ByteString
    /// The revision the session will have: the one asked for if it is served, else the newest legacy one (LS-01).
    public let revision: Revision
    /// What the client can be asked for in this session.
    public let capabilities: ClientCapabilities
    /// Who the client says it is.
    public let client: ClientIdentity?

    /// The same over HTTP+SSE, where 2024-11-05 is served too.
    public var overEvents: Initialization {
        guard Revision(requested.bytes) == .november2024 else {
            return self
        }
        return Initialization(requested: requested, revision: .november2024, capabilities: capabilities, client: client)
    }
}

/// What a completion is about; policy judges it like the prompt or resource template it names.
public struct Completion: Sendable {
    /// The prompt or template.
    public enum Reference: Sendable, Hashable {
        /// `ref/prompt` with its name.
        case prompt(ByteString)
        /// `ref/resource` with its URI or template.
        case resource(ByteString)
    }

    /// The prompt or template.
    public let reference: Reference
    /// The `argument` object: name and value, both text.
    let argument: JSONValue
    /// The `context` object, when given.
    let context: JSONValue?
}

/// Which change notifications a modern client wants on a stream (26/subs).
public struct SubscriptionFilter: Sendable, Hashable {
    /// Changes of the list of tools.
    public var toolsListChanged: Bool
    /// Changes of the list of prompts.
    public var promptsListChanged: Bool
    /// Changes of the list of resources.
    public var resourcesListChanged: Bool
    /// Resources whose updates are wanted.
    public var resourceSubscriptions: [ByteString]

    /// A filter from its parts; nothing by default.
    public init(
        toolsListChanged: Bool = false,
        promptsListChanged: Bool = false,
        resourcesListChanged: Bool = false,
        resourceSubscriptions: [ByteString] = []
    ) {
        self.toolsListChanged = toolsListChanged
        self.promptsListChanged = promptsListChanged
        self.resourcesListChanged = resourcesListChanged
        self.resourceSubscriptions = resourceSubscriptions
    }

    /// Whether nothing is wanted.
    public var isEmpty: Bool {
        !toolsListChanged && !promptsListChanged && !resourcesListChanged && resourceSubscriptions.isEmpty
    }

    /// Whether a notification of this kind was asked for; `uri` is that of an update.
    public func admits(_ method: MCPMethod, uri: ByteString? = nil) -> Bool {
        switch method {
        case .toolsListChanged: toolsListChanged
        case .promptsListChanged: promptsListChanged
        case .resourcesListChanged: resourcesListChanged
        case .resourcesUpdated: uri.map { resourceSubscriptions.contains($0) } ?? false
        default: false
        }
    }

    /// Writes the filter as an object; only what is wanted.
    func append(to writer: inout JSONWriter) {
        writer.beginObject()
        let flags: [(StaticString, Bool)] = [
            ("toolsListChanged", toolsListChanged), ("promptsListChanged", promptsListChanged),
            ("resourcesListChanged", resourcesListChanged),
        ]
        for (name, isWanted) in flags where isWanted {
            writer.key(name)
            writer.boolean(true)
        }
        if !resourceSubscriptions.isEmpty {
            writer.key("resourceSubscriptions")
            writer.beginArray()
            for uri in resourceSubscriptions {
                writer.string(uri.bytes)
            }
            writer.endArray()
        }
        writer.endObject()
    }
}

/// What a client sends with the retry of a request that was answered with `input_required`.
public struct InputRetry: Sendable {
    /// The answers, an object by the keys of the questions; opaque.
    public let responses: JSONValue?
    /// The state it was given, which is hostile until unsealed (MS-35).
    public let state: ByteString?
}

/// A notification of a client.
public struct ClientNotification: Sendable {
    /// The method; `nil` for one that no revision knows, which is dropped.
    public let method: MCPMethod?
    /// The request it cancels, for `notifications/cancelled` that name one properly (LS-17).
    public let cancelledRequest: RequestID?
}

/// A client's answer to a request of the server.
public struct ClientResponse: Sendable {
    /// The id, which is one of ours.
    public let id: RequestID
    /// What it answers.
    public let outcome: ResponseOutcome
}

/// The one of `result` and `error` that a response carries.
public enum ResponseOutcome: Sendable {
    /// An object.
    case result(JSONValue)
    /// An object with a whole-number `code` and a text `message`.
    case error(JSONValue)
}
