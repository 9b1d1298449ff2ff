public import Base

/// How a call that was allowed ended.
public enum AuditResult: UInt8, Hashable, Sendable, CaseIterable {
    /// The server answered with a result.
    case ok
    /// The server answered with a result that says the tool failed (`isError`).
    case toolError
    /// The server answered with a JSON-RPC error.
    case rpcError
    /// The server answered with something that is not an answer.
    case badAnswer
    /// The answer was withheld by a rule or a cap.
    case withheld
    /// No connection could be made, or it refused: not one byte of the call was sent.
    case unreachable
    /// The connection broke after the call was sent.
    case reset
    /// No answer in time.
    case timedOut
    /// The client went away or cancelled.
    case cancelled
    /// It was decided and noted, but not sent on: the journal or the gateway could not.
    case notForwarded
    /// The process died before the end was noted; only recovery writes this.
    case unknown

    /// The word in a row.
    public var word: StaticString {
        switch self {
        case .ok: "ok"
        case .toolError: "tool_error"
        case .rpcError: "rpc_error"
        case .badAnswer: "bad_answer"
        case .withheld: "withheld"
        case .unreachable: "unreachable"
        case .reset: "reset"
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .notForwarded: "not_forwarded"
        case .unknown: "unknown"
        }
    }
}

/// What is known of a call at its end.
public struct AuditOutcome: Hashable, Sendable {
    /// When it ended.
    public var time: WallTime
    /// How.
    public var result: AuditResult
    /// The HTTP status of the server's answer, 0 when there was none.
    public var upstreamStatus: Int
    /// From the decision to the end.
    public var duration: Duration
    /// Bytes of the answer that went to the client.
    public var bytes: Int
    /// Whether what was added to counters was taken back.
    public var isGivenBack: Bool

    /// An outcome from its parts.
    public init(
        time: WallTime,
        result: AuditResult,
        upstreamStatus: Int = 0,
        duration: Duration = .zero,
        bytes: Int = 0,
        isGivenBack: Bool = false
    ) {
        self.time = time
        self.result = result
        self.upstreamStatus = upstreamStatus
        self.duration = duration
        self.bytes = bytes
        self.isGivenBack = isGivenBack
    }

    /// The values behind the row's own number, each with its comma; see docs/audit.md.
    func appendValues(of intent: UInt64, to output: inout [UInt8]) {
        output.append(",")
        output.append(decimal: Int(time.milliseconds))
        output.append(",")
        output.append(count: intent)
        output.append(#",""#)
        output.append(result.word)
        output.append(#"""#)
        guard result != .unknown else {
            return
        }
        output.append(",")
        output.append(decimal: upstreamStatus)
        output.append(",")
        output.append(decimal: Int(duration.nanoseconds / 1_000))
        output.append(",")
        output.append(decimal: bytes)
        if isGivenBack {
            output.append(",true")
        }
    }
}

/// One change of what the gateway is configured with; the texts never hold a secret.
public struct AdminChange: Hashable, Sendable {
    /// When.
    public var time: WallTime
    /// The number of the event where it was first recorded (the store), `nil` when it has none.
    public var event: Int?
    /// Who, as `KIND:NAME`.
    public var author: ByteString
    /// What was done, in one word.
    public var action: ByteString
    /// The kind of record it was done to.
    public var subjectKind: ByteString
    /// Its name.
    public var subject: ByteString
    /// SHA-256 over the record as it was, `nil` when it is new.
    public var before: [UInt8]?
    /// SHA-256 over the record as it is, `nil` when it is gone.
    public var after: [UInt8]?

    /// A change from its parts.
    public init(
        time: WallTime,
        event: Int? = nil,
        author: ByteString,
        action: ByteString,
        subjectKind: ByteString,
        subject: ByteString,
        before: [UInt8]? = nil,
        after: [UInt8]? = nil
    ) {
        self.time = time
        self.event = event
        self.author = author
        self.action = action
        self.subjectKind = subjectKind
        self.subject = subject
        self.before = before
        self.after = after
    }

    func appendFields(to output: inout [UInt8]) {
        if let event {
            output.append(#","event":"#)
            output.append(decimal: event)
        }
        output.append(field: #","author":"#, author)
        output.append(field: #","action":"#, action)
        output.append(field: #","subject_kind":"#, subjectKind)
        output.append(field: #","subject":"#, subject)
        for (key, digest) in [(#","before":""# as StaticString, before), (#","after":""#, after)] {
            if let digest {
                output.append(key)
                output.append(contentsOf: TextCoding.hexadecimal(digest))
                output.append(#"""#)
            }
        }
    }
}
