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
    /// What happens.
    public internal(set) var outcome: Outcome
    /// The rule that decided; empty for a call that is allowed.
    public internal(set) var rule: String
    /// What the agent is told, without prefix: `on_deny` as written or a sentence of the engine's.
    ///
    /// Empty when allowed.
    public internal(set) var message: String
    /// The first verdict that was only recorded.
    public internal(set) var shadow: ShadowVerdict?
    /// When to try again, for `rate_limited`; `nil` when that is not known or never.
    public internal(set) var retryAfter: Duration?
    /// The counter that refused, for `rate_limited` by a limit.
    public internal(set) var limit: String?
    /// What has to be approved, for `approval_required`.
    public internal(set) var approval: ApprovalDemand?
    /// Every rule asked, when asked for.
    public internal(set) var steps: [DecisionStep]

    /// A call that nothing stands against.
    static let allowed = Verdict(outcome: .allow, rule: "", message: "", steps: [])

    init(outcome: Outcome, rule: String, message: String, steps: [DecisionStep] = []) {
        self.outcome = outcome
        self.rule = rule
        self.message = message
        self.steps = steps
    }
}
