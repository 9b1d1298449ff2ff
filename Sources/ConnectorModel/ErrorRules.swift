import Base

/// Kinds of failures, shared by mapping, retry and messages.
public enum ConnectorFailureKind: String, Sendable, CaseIterable {
    /// The credential is not accepted.
    case auth
    /// The API's plan does not include it, or has run out.
    case plan
    /// The credential may not do it.
    case forbidden
    /// There is no such thing.
    case notFound = "not_found"
    /// The arguments are not what the API or the tool takes.
    case invalid
    /// Asked too often.
    case rateLimited = "rate_limited"
    /// The thing changed meanwhile.
    case conflict
    /// The API is down for the moment, or was not reached.
    case unavailable
    /// It took too long.
    case timeout
    /// Any other answer that says no.
    case failed
    /// An answer that cannot be read, or is not what the connector expects.
    case unreadable
}

/// Ordered rules that turn an answer into a kind.
struct ErrorRules: Sendable {
    /// What one rule asks of an answer; everything it names must hold.
    struct Rule: Sendable {
        var statuses: [StatusRange] = []
        var contentType: ByteString?
        var codes: [ByteString] = []
        /// Words the description contains, compared without case.
        var texts: [ByteString] = []
        let kind: ConnectorFailureKind
        /// `false`: never tried again, whatever the kind says.
        var mayRetry = true
        /// Wait until the time the last good answers named.
        var waitsForReset = false
    }

    var rules: [Rule] = []
    /// Where bodies say what is wrong.
    var code: [ByteString]?
    var text: [ByteString]?
    /// Names and pointers of what is passed on to the agent.
    var details: [(name: ByteString, pointer: [ByteString])] = []
    /// A member that makes a 2xx an error.
    var inSuccess: [ByteString]?
    /// Where good answers say when the budget begins anew, in seconds since 1970.
    var reset: [ByteString]?
    /// Sentences for the agent by kind.
    var sentences: [ConnectorFailureKind: ByteString] = [:]

    /// The first rule that matches.
    func rule(
        status: Int,
        contentType: ByteString,
        body: ConnectorValue?
    ) -> Rule? {
        let code = code.flatMap { body?.at($0)?.scalarText } ?? ""
        let text = Self.lowered(text.flatMap { body?.at($0)?.scalarText } ?? "")
        return rules.first { rule in
            (rule.statuses.isEmpty || rule.statuses.contains { $0.range.contains(status) })
                && (rule.contentType == nil || rule.contentType == Self.lowered(contentType))
                && (rule.codes.isEmpty || rule.codes.contains(code))
                && (rule.texts.isEmpty || rule.texts.contains { text.contains(Self.lowered($0)) })
        }
    }

    static func lowered(_ text: ByteString) -> ByteString {
        ByteString(text.bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 })
    }
}

extension ByteString {
    /// Whether `part` occurs anywhere; O(count × part.count).
    func contains(_ part: ByteString) -> Bool {
        guard !part.isEmpty, part.count <= count else {
            return part.isEmpty
        }
        return (0...(count - part.count)).contains { start in
            bytes[start..<(start + part.count)].elementsEqual(part.bytes)
        }
    }
}

/// A call that came to nothing: what the agent is told.
struct ConnectorFailure: Error, Sendable {
    let kind: ConnectorFailureKind
    /// Instead of the kind's own sentence.
    var sentence: ByteString?
    var status: Int?
    var details: [ConnectorMember] = []
    var mayRetry = true
    /// Seconds the API asked to wait for.
    var waitSeconds: Int?
}
