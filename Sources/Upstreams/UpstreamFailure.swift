/// Why a server gave no usable answer.
public struct UpstreamFailure: Error, Hashable, Sendable {
    /// What happened.
    public let kind: Kind
    /// False only when provably not one byte of the request was written: then, and only then, nothing can have run.
    public let wroteBytes: Bool
    /// What the log may know of it; never bytes of an answer.
    public let detail: String

    /// The kinds, each with one way to treat it.
    public enum Kind: Hashable, Sendable {
        /// The name has no address, or nobody listens there.
        case unreachable
        /// TLS could not be set up, or the certificate is not the host's (C11).
        case tls
        /// It took too long: connecting, answering, or between two events.
        case timedOut
        /// The connection broke off before the answer was whole.
        case broken
        /// The answer is not what HTTP or MCP allow.
        case protocolViolation(Violation)
        /// The answer is larger than its bound.
        case tooLarge
        /// All connections this worker may have to the server are in use.
        case busy
        /// Too many large answers were being taken in for this one to be read.
        case crowded
        /// A status that is no answer to the request: 401, 403, 429, 5xx and the like.
        case refused(status: Int)
        /// The server sends us elsewhere; we never go (G2).
        case redirected(status: Int)
        /// It speaks neither era over Streamable HTTP.
        case notMCP
        /// A request that cannot be written, which is our own mistake.
        case unwritable
        /// The caller gave up.
        case cancelled
        /// The server's process ended while it had the request.
        case processEnded
        /// The server's process cannot be started, or keeps ending.
        case processDown
    }

    /// What an answer did wrong.
    public enum Violation: String, Hashable, Sendable, CaseIterable {
        /// Not HTTP, or framed ambiguously.
        case http
        /// A body that is neither JSON nor a stream of events, or is encoded.
        case contentType
        /// Not the JSON we read.
        case json
        /// Not a stream of events, or one with a line or event beyond its bound.
        case events
        /// Not a JSON-RPC message.
        case message
        /// A response whose id is not ours (D8).
        case foreignResponse
        /// A request from a server that may send none (modern era).
        case serverRequest
        /// No answer to a request: 202, or a stream that ended without a response.
        case noResponse
        /// A result that is not what the method returns.
        case result
        /// A list that repeats a cursor or never ends.
        case endlessList
        /// A session id that cannot stand in a header.
        case sessionID
        /// An address for messages that is not of the server's own origin (G2).
        case endpoint
    }

    /// A failure from its parts.
    public init(_ kind: Kind, wroteBytes: Bool, detail: String = "") {
        self.kind = kind
        self.wroteBytes = wroteBytes
        self.detail = detail
    }

    static func violation(_ violation: Violation, _ detail: String = "") -> UpstreamFailure {
        UpstreamFailure(.protocolViolation(violation), wroteBytes: true, detail: detail)
    }
}

extension UpstreamFailure: CustomStringConvertible {
    /// Safe to show anyone: what happened, without the server's words or address.
    public var description: String {
        switch kind {
        case .unreachable: "the server cannot be reached"
        case .tls: "no secure connection to the server"
        case .timedOut: "the server took too long"
        case .broken: "the connection to the server broke off"
        case .protocolViolation: "the server's answer breaks the protocol"
        case .tooLarge: "the server's answer is too large"
        case .busy: "too many calls are under way to the server"
        case .crowded: "too many large answers were under way"
        case .refused(let status): "the server refused with status \(status)"
        case .redirected: "the server answered with a redirect, which is never followed"
        case .notMCP: "the server does not speak MCP over HTTP"
        case .unwritable: "the request cannot be written"
        case .cancelled: "the call was cancelled"
        case .processEnded: "the server's process ended before it answered"
        case .processDown: "the server's process does not run"
        }
    }
}
