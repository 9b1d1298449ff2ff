/// What becomes of a call (policy-language.md, sections 3 and 7).
public enum Outcome: String, Sendable, Hashable, CaseIterable {
    case allow
    case deny
    case rateLimited = "rate_limited"
    case approvalRequired = "approval_required"
    /// Hidden or unknown: the caller sees a tool that does not exist.
    case hidden
    case malformed
}

/// A verdict that was recorded and not enforced.
public struct ShadowVerdict: Sendable, Hashable {
    /// What would have happened.
    public let outcome: Outcome
    /// The rule that would have decided.
    public let rule: String
}

/// One rule that was asked, in order.
public struct DecisionStep: Sendable, Hashable {
    /// What asking came to.
    public enum Result: String, Sendable, Hashable {
        case held, failed, skipped, shadow, reserved, refused
    }

    /// The rule, a JSON Pointer or a name in parentheses.
    public let rule: String
    /// What asking came to.
    public let result: Result
}

/// What a person has to agree to before the call may go on (policy-language.md, section 6).
public struct ApprovalDemand: Sendable, Hashable {
    /// For each block that demands approval, who may give it; `nil`: anybody who approves for the server.
    ///
    /// All agree.
    public let approvers: [[String]?]
    /// How long the wait may last, in seconds; the shortest of the blocks', `nil` when none says.
    public let timeoutSeconds: Int?
    /// How long an approval covers identical calls, in seconds; `nil`: this call only.
    ///
    /// The strictest of the blocks'.
    public let grantsSeconds: Int?
}

/// A decision and its reasons.
///
/// Of a call that is allowed with limits those still have to be reserved: ``Admission/admit(policy:call:limits:now:trace:)``
/// does.
public struct Verdict: Sendable {
    /// Why a call does not go on, or would not; a class, so that the verdict on a call that does holds nothing.
    final class Reason: Sendable {
        let outcome: Outcome
        let rule: String
        let message: String
        let retryAfter: Duration?
        let limit: String?
        let approval: ApprovalDemand?

        init(
            _ outcome: Outcome,
            rule: String,
            message: String = "",
            retryAfter: Duration? = nil,
            limit: String? = nil,
            approval: ApprovalDemand? = nil
        ) {
            self.outcome = outcome
            self.rule = rule
            self.message = message
            self.retryAfter = retryAfter
            self.limit = limit
            self.approval = approval
        }
    }

    /// `nil` for a call that is allowed.
    let reason: Reason?
    /// The first refusal that was only recorded.
    private(set) var shadowReason: Reason?
    /// Every rule asked, when asked for.
    public internal(set) var steps: [DecisionStep]

    /// What happens.
    public var outcome: Outcome { reason?.outcome ?? .allow }
    /// The rule that decided; empty for a call that is allowed.
    public var rule: String { reason?.rule ?? "" }
    /// What the agent is told, without prefix: `on_deny` as written or a sentence of the engine's.
    ///
    /// Empty when allowed.
    public var message: String { reason?.message ?? "" }
    /// The first verdict that was only recorded.
    public var shadow: ShadowVerdict? { shadowReason.map { ShadowVerdict(outcome: $0.outcome, rule: $0.rule) } }
    /// When to try again, for `rate_limited`; `nil` when that is not known or never.
    public var retryAfter: Duration? { reason?.retryAfter }
    /// The counter that refused, for `rate_limited` by a limit.
    public var limit: String? { reason?.limit }
    /// What has to be approved, for `approval_required`.
    public var approval: ApprovalDemand? { reason?.approval }

    /// A verdict; without a reason the call is allowed.
    init(_ reason: Reason?, shadow: Reason? = nil, steps: [DecisionStep] = []) {
        self.reason = reason
        shadowReason = shadow
        self.steps = steps
    }

    /// Remembers what would have happened, unless something would have before.
    mutating func record(shadow reason: Reason) {
        shadowReason = shadowReason ?? reason
    }
}
