public import Base
import JSONText

/// What the agent is told of a call that policy refused (policy-language.md, section 4).
public struct RefusedCall: Sendable, Hashable {
    /// The refusals that are tool results; hidden and unknown tools are ``MCPFailure/unknownTool(_:id:era:)``.
    public enum Outcome: Sendable, Hashable, CaseIterable {
        /// A rule says no.
        case deny
        /// A limit is used up.
        case rateLimited
        /// A person must approve first.
        case approvalRequired

        /// The name in the decision object and in logs.
        public var name: StaticString {
            switch self {
            case .deny: "deny"
            case .rateLimited: "rate_limited"
            case .approvalRequired: "approval_required"
            }
        }
    }

    /// An approval that is waited for.
    public struct Approval: Sendable, Hashable {
        /// Its id, which is not a credential.
        public var id: ByteString
        /// Where it can be given.
        public var url: ByteString?
        /// Until when, in RFC 3339.
        public var expiresAt: ByteString?

        /// An approval.
        public init(id: ByteString, url: ByteString? = nil, expiresAt: ByteString? = nil) {
            self.id = id
            self.url = url
            self.expiresAt = expiresAt
        }
    }

    /// What was decided.
    public var outcome: Outcome
    /// The rule, as in the decision log.
    public var rule: ByteString
    /// The sentence for the agent; it names no compared value.
    public var reason: ByteString
    /// When another attempt can pass.
    public var retryAfterMilliseconds: Int?
    /// The limit that is used up.
    public var limit: ByteString?
    /// The approval that is waited for.
    public var approval: Approval?

    /// A refusal.
    public init(
        _ outcome: Outcome,
        rule: ByteString,
        reason: ByteString,
        retryAfterMilliseconds: Int? = nil,
        limit: ByteString? = nil,
        approval: Approval? = nil
    ) {
        self.outcome = outcome
        self.rule = rule
        self.reason = reason
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.limit = limit
        self.approval = approval
    }

    fileprivate func append(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("outcome")
        writer.string(outcome.name)
        writer.member("rule", rule)
        writer.member("reason", reason)
        if let retryAfterMilliseconds {
            writer.key("retry_after_ms")
            writer.number(retryAfterMilliseconds)
        }
        if let limit {
            writer.member("limit", limit)
        }
        if let approval {
            writer.key("approval")
            writer.beginObject()
            writer.member("id", approval.id)
            if let url = approval.url {
                writer.member("url", url)
            }
            if let expiresAt = approval.expiresAt {
                writer.member("expires_at", expiresAt)
            }
            writer.endObject()
        }
        writer.endObject()
    }
}

extension DownstreamWriter {
    /// The tool result of a refused call: HTTP 200, `isError`, a sentence for the model and the decision for programs.
    ///
    /// Never a JSON-RPC error: clients hand tool errors to the model, and end whole sessions on others (section 4.1).
    public func refused(_ call: RefusedCall, to id: RequestID) -> [UInt8] {
        var writer = begin(id, reserving: 256 + 2 * call.reason.count + call.rule.count)
        appendErrorContent("[POLICY DENIED] ", call.reason, to: &writer)
        if isModern {
            writer.key("resultType")
            writer.string("complete" as StaticString)
        }
        writer.key("_meta")
        writer.beginObject()
        writer.key("dev.toolgate/decision")
        call.append(to: &writer)
        if isModern {
            writer.member("io.modelcontextprotocol/serverInfo", raw: identity.json)
        }
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// The tool result of a call that could not be made: the server is away, or something of ours failed (section 4.2).
    public func failedCall(_ sentence: ByteString, to id: RequestID) -> [UInt8] {
        var writer = begin(id, reserving: 128 + sentence.count)
        appendErrorContent("", sentence, to: &writer)
        finish(&writer, meta: nil, hint: nil)
        return writer.output
    }

    private func appendErrorContent(_ lead: StaticString, _ sentence: ByteString, to writer: inout JSONWriter) {
        writer.key("content")
        writer.beginArray()
        writer.beginObject()
        writer.key("type")
        writer.string("text" as StaticString)
        writer.member("text", MCPFailure.named(lead, sentence))
        writer.endObject()
        writer.endArray()
        writer.key("isError")
        writer.boolean(true)
    }
}
