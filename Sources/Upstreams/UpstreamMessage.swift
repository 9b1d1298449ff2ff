public import Base
public import JSONText
public import MCPModel

/// One message to a server, already decided on and serialised: what goes out with it is this and nothing else.
public struct UpstreamMessage: Sendable {
    /// The HTTP methods MCP uses.
    public enum Verb: Sendable, Hashable {
        /// A message.
        case post
        /// The session's stream (legacy).
        case get
        /// The end of a session (legacy).
        case delete
    }

    /// The method.
    public var verb: Verb
    /// The JSON-RPC message; empty for GET and DELETE.
    public var body: [UInt8]
    /// The id of the request in `body`; `nil` for a notification or response.
    ///
    /// Only its response is accepted (D8).
    public var requestID: RequestID?
    /// The revision the message is written in; its version header goes out unless the message is `initialize`.
    public var revision: Revision
    /// The JSON-RPC method, `nil` for a response.
    public var method: MCPMethod?
    /// `Mcp-Name` as text; encoded here.
    ///
    /// Modern requests only.
    public var name: ByteString?
    /// `Mcp-Param-*`, already computed from the arguments in `body`.
    ///
    /// Modern requests only.
    public var parameters: [OutgoingHeader] = []
    /// The server's own session id.
    ///
    /// Legacy only.
    public var sessionID: ByteString?
    /// Where to go on with a broken stream.
    ///
    /// GET only.
    public var lastEventID: ByteString?
    /// Instead of the configuration's total time-out.
    public var totalTimeout: Duration?
    /// For whom it is sent, where a server has a process for each; `nil`: on the gateway's own account.
    public var grant: ByteString?

    /// A POST of a message.
    public init(
        posting body: [UInt8],
        requestID: RequestID?,
        method: MCPMethod?,
        revision: Revision,
        name: ByteString? = nil,
        parameters: [OutgoingHeader] = [],
        sessionID: ByteString? = nil
    ) {
        verb = .post
        self.body = body
        self.requestID = requestID
        self.method = method
        self.revision = revision
        self.name = name
        self.parameters = parameters
        self.sessionID = sessionID
    }

    /// A GET or DELETE of a session.
    public init(_ verb: Verb, sessionID: ByteString?, revision: Revision, lastEventID: ByteString? = nil) {
        self.verb = verb
        body = []
        self.sessionID = sessionID
        self.revision = revision
        self.lastEventID = lastEventID
    }
}

/// What a server answered.
public enum UpstreamReply {
    /// A notification or response was taken (202, or any 2xx without a body to a message that asks for none).
    case accepted(status: Int)
    /// One JSON message: the response to our request, its id checked. `sessionID` is new after `initialize`.
    case message(JSONDocument, status: Int, sessionID: ByteString?)
    /// A stream of events; nothing of it has been read yet.
    case stream(UpstreamStream, sessionID: ByteString?)
    /// A status without a JSON-RPC message that answers us: 401, 404, 405, 429, 5xx and the like, and the start of the
    /// body, which is hostile input (E11).
    case status(Int, body: [UInt8])
}

/// One event of a stream.
public struct UpstreamEvent: Sendable {
    /// The event's id, `nil` when it has none.
    public let id: ByteString?
    /// The message; `nil` for an event that carries none, such as the first one that only gives an id (LS-15).
    public let message: JSONDocument?
    /// What kind of message it is.
    public let kind: Kind

    /// The kinds of messages.
    public enum Kind: Hashable, Sendable {
        /// Nothing inside.
        case empty
        /// A notification of the server.
        case notification
        /// A request of the server (legacy only).
        case request
        /// The response to our request: the stream's last event.
        case response
    }
}
