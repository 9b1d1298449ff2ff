/// Everything that can keep the gateway from answering a request with what was asked, in one closed list.
///
/// What a client sees of it (status, JSON-RPC code, sentence) is a pure function of the kind and the client's era, in
/// `Failure+Answer.swift`; `docs/errors.md` is generated from that table.
public struct Failure: Error, Sendable {
    /// What went wrong.
    public let kind: Kind
    /// A sentence that is safe to show to the caller and says more than the kind's own; empty: the kind's own.
    public let sentence: String
    /// How long to wait before another attempt can help; `nil` when unknown or when it cannot.
    public let retryAfter: Duration?

    /// A failure of one kind, with the kind's own sentence unless another is given.
    public init(_ kind: Kind, _ sentence: String = "", retryAfter: Duration? = nil) {
        self.kind = kind
        self.sentence = sentence
        self.retryAfter = retryAfter
    }
}

extension Failure {
    /// Who has to change something for the next attempt to succeed.
    public enum Origin: String, Sendable {
        /// The caller: the request itself is wrong, or the caller is not who may send it.
        case client
        /// The server behind the gateway.
        case upstream
        /// The gateway or the machine under it.
        case gateway
    }

    /// The closed list.
    ///
    /// Its order is the order of `docs/errors.md`.
    public enum Kind: String, CaseIterable, Sendable {
        case notFound
        case hostNotAllowed
        case originNotAllowed
        case tooManyFailures
        case unauthorized
        case methodNotAllowed
        case mediaTypeNotSupported
        case encodingNotSupported
        case notAcceptable
        case bodyTooLarge
        case bodyNotReceived
        case notJSON
        case invalidMessage
        case batch
        case headerMismatch
        case revisionNotServed
        case capabilityMissing
        case methodNotFound
        case invalidParameters
        case sessionRequired
        case sessionNotFound
        case toolNotFound
        case resourceNotFound
        case promptNotFound
        case handleNotFound
        case tooManyInFlight
        case eraNotServed
        case upstreamUnavailable
        case upstreamTimedOut
        case upstreamMisbehaved
        case logUnavailable
        case draining
        case internalFault
    }
}
