internal import Base
internal import MCPModel

/// Everything that can keep the gateway from answering a request with what was asked, in one closed list.
///
/// What a client sees of it (status, JSON-RPC code, sentence) is a pure function of the kind and the client's era, in
/// `Failure+Answer.swift`; `docs/errors.md` is generated from that table.
public struct Failure: Error, Sendable {
    /// What went wrong.
    public let kind: Kind
    /// A sentence that is safe to show to the caller.
    public let sentence: String
    /// How long to wait before another attempt can help; `nil` when unknown or when it cannot.
    public let retryAfter: Duration?
    /// The `data` of the JSON-RPC error as JSON, where the specification wants one.
    let data: ByteString?

    /// A failure of one kind, with the kind's own sentence unless another is given.
    public init(_ kind: Kind, _ sentence: String = "", retryAfter: Duration? = nil) {
        self.init(kind, sentence, retryAfter: retryAfter, data: nil)
    }

    init(_ kind: Kind, _ sentence: String, retryAfter: Duration? = nil, data: ByteString?) {
        self.kind = kind
        self.sentence = sentence.isEmpty ? kind.sentence : sentence
        self.retryAfter = retryAfter
        self.data = data
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
        case envelopeIncomplete
        case invalidParameters
        case sessionRequired
        case sessionNotFound
        case toolNotFound
        case resourceNotFound
        case promptNotFound
        case handleNotFound
        case tooManyInFlight
        case cancelled
        case eraNotServed
        case upstreamUnavailable
        case upstreamTimedOut
        case upstreamMisbehaved
        case logUnavailable
        case draining
        case internalFault
    }
}

extension Failure {
    /// A failure found while a message was read.
    init(_ failure: MCPFailure) {
        self.init(Kind(failure.kind), failure.message.text, data: failure.data)
    }

    /// The JSON-RPC error response; `id` is null when no request is answered (JSON-RPC 2.0, section 5).
    func body(id: RequestID?, isModern: Bool) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(160 + sentence.utf8.count + (data?.count ?? 0))
        body.append(#"{"jsonrpc":"2.0","id":"#)
        if let id {
            body.append(contentsOf: id.json)
        } else {
            body.append("null")
        }
        body.append(#","error":{"code":"#)
        body.append(decimal: kind.answer(isModern: isModern).code)
        body.append(#","message":"#)
        body.append(quoted: sentence.utf8)
        if let data {
            body.append(#","data":"#)
            body.append(contentsOf: data.bytes)
        }
        body.append("}}")
        return body
    }
}
