public import Base
public import JSONText
public import RateLimits

/// A policy as a person wrote it, read and checked for form, shorthand rewritten (policy-language.md, section 1).
///
/// Every node knows where it stands, so that checks made later, with tools or another policy at hand, can point at it.
/// What decides calls is ``CompiledPolicy``, made from this.
public struct PolicyDocument: Sendable {
    /// What happens to what nothing covers.
    public enum Default: String, Sendable, Hashable, CaseIterable {
        case allow, deny
    }

    /// Whether decisions are enforced.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        case enforce, shadow
    }

    /// The text it was read from.
    public let source: JSONDocument
    /// `default`.
    public var defaultAction: Default = .deny
    /// `mode`.
    public var mode: Mode = .enforce
    /// `timezone`; UTC when absent.
    public var timezone: Located<ByteString>?
    /// `arguments` of the document.
    public var arguments = ArgumentChecks()
    /// `show_denied`.
    public var showsDenied = true
    /// `hide`, and the exact keys of `tools` whose action is `hide`.
    public var hide: [Located<ByteString>] = []
    /// `all_tools`.
    public var allTools: PolicyRules?
    /// `classes`; `nil` when the document has none, which is not the same as empty.
    public var classes: [PolicyClassEntry]?
    /// `tools`, in the order written.
    public var tools: [PolicyEntry] = []
    /// `resources`.
    public var resources = AccessList()
    /// `prompts`.
    public var prompts = AccessList()
    /// `client_requests`, what it says only.
    public var clientRequests: [ClientRequestKind: Default] = [:]

    /// An empty document over its source.
    init(source: JSONDocument) {
        self.source = source
    }
}

/// What an upstream may ask of a client.
public enum ClientRequestKind: String, Sendable, Hashable, CaseIterable {
    case elicitation, sampling, roots
}

/// The catalogue's risk classes.
public enum ToolClass: String, Sendable, Hashable, CaseIterable {
    case read, write, execute, destructive, financial
}

/// The catalogue's severities.
public enum ToolSeverity: String, Sendable, Hashable, CaseIterable {
    case low, medium, high, critical
}

/// `arguments` of a document or entry; `nil` where nothing is said.
public struct ArgumentChecks: Sendable, Hashable {
    /// `validate`.
    public var validate: Bool?
    /// `closed`.
    public var closed: Bool?
}

/// Patterns on names or URIs.
public struct AccessList: Sendable {
    /// `allow`.
    public var allow: [Located<ByteString>] = []
    /// `deny`, which wins.
    public var deny: [Located<ByteString>] = []
}

/// An entry of `tools`.
public struct PolicyEntry: Sendable {
    /// The name or pattern as written.
    public let key: ByteString
    /// Where it stands.
    public let location: SourceLocation
    /// Whether the tools it governs are hidden; only in patterns (an exact key's name moves to `hide`).
    public var isHidden = false
    /// `arguments`, each member replacing the document's.
    public var arguments = ArgumentChecks()
    /// Its rules.
    public var rules: PolicyRules

    /// Whether the key is a pattern.
    public var isPattern: Bool { key.bytes.contains(UInt8(ascii: "*")) }
}

/// An entry of `classes`.
public struct PolicyClassEntry: Sendable {
    /// The class.
    public let toolClass: ToolClass
    /// Where it stands.
    public let location: SourceLocation
    /// Whether its tools are hidden.
    public var isHidden = false
    /// Its rules.
    public var rules: PolicyRules
}

/// The rules of an entry or of `all_tools`, in the order written after shorthand's.
public struct PolicyRules: Sendable {
    /// Where they stand.
    public let location: SourceLocation
    /// Every block must hold.
    public var require: [PolicyBlock] = []
    /// The first that holds denies.
    public var denyIf: [PolicyBlock] = []
    /// The first that holds needs a person.
    public var requireApproval: [PolicyBlock] = []
    /// `limits`.
    public var limits: [PolicyLimit] = []
    /// `concurrency`.
    public var concurrency: Located<Int>?
}

/// A block of conditions joined by AND.
public struct PolicyBlock: Sendable {
    /// Where it stands; for shorthand, where the shorthand stands.
    public let location: SourceLocation
    /// Its conditions; none means it holds.
    public var conditions: [PolicyCondition] = []
    /// `on_deny` or `on_pending`.
    public var message: String?
    /// `name`.
    public var name: String?
    /// `shadow`.
    public var isShadow = false
    /// Only in `require_approval`.
    public var approval = ApprovalTerms()
    /// Whether a condition of it could not be read: such a block must not be compiled as if it had fewer.
    var isBroken = false
}

/// How a person agrees to a call (policy-language.md, section 6).
public struct ApprovalTerms: Sendable, Hashable {
    /// Who may; `nil`: anybody who approves for this server, the requester excepted.
    public var approvers: [String]?
    /// How long to wait, in seconds; `nil`: as the server is set.
    public var timeoutSeconds: Int?
    /// How long one approval covers identical calls, in seconds; `nil`: one call.
    public var grantsSeconds: Int?
}

/// One condition.
public struct PolicyCondition: Sendable {
    /// Where it stands.
    public let location: SourceLocation
    /// What it looks at.
    public let path: PolicyPath
    /// How it judges.
    public let op: PolicyOperator
    /// What it compares with.
    public let value: Located<JSONValue>
    /// `ignore_case`.
    public let ignoresCase: Located<Bool>?
    /// `if_missing: match`.
    public let matchesMissing: Bool
}

/// A window as written, one spelling per meaning.
public enum PolicyWindow: Sendable, Hashable {
    /// `align: sliding`: so many seconds.
    case sliding(seconds: Int)
    /// `align: calendar`: a unit of the policy's time zone.
    case calendar(WindowUnit)
}

/// One limit (policy-language.md, section 5).
public struct PolicyLimit: Sendable {
    /// Where it stands.
    public let location: SourceLocation
    /// `counter`.
    public var counter: ByteString
    /// `window` and `align`.
    public var window: PolicyWindow
    /// `max`.
    public var maximum: ExactDecimal
    /// `scope`.
    public var scope: CounterScope = .grant
    /// `increment.from`.
    public var increment: PolicyPath?
    /// `key`.
    public var key: PolicyPath?
    /// `on_deny`.
    public var message: String?
    /// `shadow`.
    public var isShadow = false

    /// What makes it count together with others.
    public var identity: CounterIdentity {
        let window: CounterWindow =
            switch self.window {
            case .sliding(let seconds): .sliding(nanoseconds: Int64(seconds) * 1_000_000_000)
            case .calendar(let unit): .calendar(unit)
            }
        return CounterIdentity(name: counter, window: window, scope: scope, keyPath: key?.canonical)
    }
}
