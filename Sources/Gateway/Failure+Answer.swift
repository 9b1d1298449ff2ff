internal import MCPModel

extension Failure {
    /// What the caller gets to see of a failure.
    public struct Answer: Equatable, Sendable {
        /// The HTTP status.
        public let status: Int
        /// The JSON-RPC error code of the body.
        public let code: Int
    }
}

extension Failure.Kind {
    /// Status and code, by the client's era.
    ///
    /// Modern clients get the statuses of revision 2026-07-28 (basic/transports/streamable-http); legacy ones a 200
    /// for everything that answers a well-formed request, because their SDKs end the session on anything else. Codes
    /// of our own are positive: the specification owns -32768 to -32000.
    public func answer(isModern: Bool, answersRequest: Bool = true) -> Failure.Answer {
        if let model = modelled {
            let era: Era = isModern ? .modern : .legacy
            return .init(status: model.status(in: era, answersRequest: answersRequest), code: model.code(in: era))
        }
        return switch self {
        case .notFound: .init(status: 404, code: 4040)
        case .tooManyFailures: .init(status: 429, code: 4290)
        case .unauthorized: .init(status: 401, code: 4010)
        case .encodingNotSupported: .init(status: 415, code: -32600)
        case .bodyNotReceived: .init(status: 400, code: -32700)
        // Without an id nobody reads the body: the status has to say it.
        case .tooManyInFlight: .init(status: answersRequest ? 200 : 503, code: 4291)
        case .cancelled: .init(status: 200, code: 4990)
        case .draining: .init(status: 503, code: 5030)
        default: .init(status: 200, code: -32603)
        }
    }

    /// What the model calls this kind, when it knows it: then status and code are the model's to say.
    private var modelled: MCPFailureKind? {
        switch self {
        case .hostNotAllowed: .hostNotAllowed
        case .originNotAllowed: .originNotAllowed
        case .methodNotAllowed: .methodNotAllowed
        case .mediaTypeNotSupported: .unsupportedMediaType
        case .notAcceptable: .notAcceptable
        case .bodyTooLarge: .bodyTooLarge
        case .notJSON: .notJSON
        case .invalidMessage: .invalidRequest
        case .batch: .batch
        case .headerMismatch: .headerMismatch
        case .revisionNotServed: .unsupportedVersion
        case .capabilityMissing: .missingCapability
        case .methodNotFound: .methodNotFound
        case .envelopeIncomplete: .missingMeta
        case .invalidParameters: .invalidParams
        case .sessionRequired: .sessionRequired
        case .sessionNotFound: .sessionEnded
        case .toolNotFound: .unknownTool
        case .resourceNotFound: .unknownResource
        case .promptNotFound: .unknownPrompt
        case .handleNotFound: .invalidHandle
        case .eraNotServed: .eraUnavailable
        case .internalFault: .internalError
        default: nil
        }
    }

    /// The kind for what the model found.
    init(_ model: MCPFailureKind) {
        self =
            switch model {
            case .overloaded: .tooManyInFlight
            default: Self.allCases.first { $0.modelled == model } ?? .internalFault
            }
    }

    /// Whose turn it is to change something.
    public var origin: Failure.Origin {
        switch self {
        case .eraNotServed, .upstreamUnavailable, .upstreamTimedOut, .upstreamMisbehaved: .upstream
        case .tooManyInFlight, .logUnavailable, .draining, .internalFault: .gateway
        default: .client
        }
    }

    /// Whether the same request can succeed later without anybody changing it.
    public var isRetryable: Bool {
        switch self {
        case .tooManyFailures, .tooManyInFlight, .upstreamUnavailable, .upstreamTimedOut, .logUnavailable, .draining:
            true
        default: false
        }
    }

    /// The sentence for the caller: safe for anyone, no names of hosts, no cause from inside.
    public var sentence: String {
        switch self {
        case .notFound: "not found: this gateway serves /mcp/<server>"
        case .hostNotAllowed:
            "the Host header names no host of this gateway: use the address it was started with, "
                + "or have its operator add `--allowed-host`"
        case .originNotAllowed: "this Origin is not allowed to call the gateway"
        case .tooManyFailures: "too many failed attempts from this address: try again later"
        case .unauthorized: "a valid grant token for this server is required: send it as Authorization: Bearer"
        case .methodNotAllowed: "this endpoint takes POST, and GET and DELETE for sessions"
        case .mediaTypeNotSupported: "the body must be application/json in UTF-8"
        case .encodingNotSupported: "the body must not be content-encoded"
        case .notAcceptable: "the Accept header must admit application/json or text/event-stream"
        case .bodyTooLarge: "the body is larger than this gateway accepts"
        case .bodyNotReceived: "the body did not arrive as announced"
        case .notJSON: "the body is not JSON this gateway accepts"
        case .invalidMessage: "the body is not a JSON-RPC request, notification or response"
        case .batch: "JSON-RPC batches are not accepted: send one message at a time"
        case .headerMismatch: "a header is missing, malformed or disagrees with the body"
        case .revisionNotServed: "this protocol revision is not served here"
        case .capabilityMissing: "the client did not declare a capability this needs"
        case .methodNotFound: "method not found"
        case .envelopeIncomplete: "params._meta lacks what every request of this revision carries"
        case .invalidParameters: "invalid params"
        case .sessionRequired: "a session is required: send initialize first, then its Mcp-Session-Id"
        case .sessionNotFound: "session not found: send initialize again"
        case .toolNotFound: "unknown tool"
        case .resourceNotFound: "resource not found"
        case .promptNotFound: "unknown prompt"
        case .handleNotFound: "unknown, expired or foreign handle: start over without it"
        case .tooManyInFlight: "too many calls in flight: wait for one to end, then try again"
        case .cancelled: "the client cancelled this request"
        case .eraNotServed: "the server behind this gateway does not speak this protocol revision"
        case .upstreamUnavailable: "upstream unavailable: try again later"
        case .upstreamTimedOut: "the upstream did not answer in time"
        case .upstreamMisbehaved: "the upstream's answer broke the protocol and was withheld"
        case .logUnavailable: "the decision log cannot be written, so nothing is forwarded: tell the operator"
        case .draining: "the gateway is shutting down"
        case .internalFault: "internal error"
        }
    }
}
