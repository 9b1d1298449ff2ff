public import Base
internal import Synchronization

/// What a policy decided, in the words of the decision log (interfaces.md).
public enum AuditDecision: UInt8, Hashable, Sendable, CaseIterable {
    /// The call goes on to its server: an outcome follows.
    case allow
    /// A rule refused it.
    case deny
    /// A limit refused it.
    case rateLimited
    /// Somebody has to approve it first.
    case approvalRequired
    /// The tool is hidden from this grant.
    case hidden
    /// The request could not be understood.
    case malformed

    /// The word in a row.
    public var word: StaticString {
        switch self {
        case .allow: "allow"
        case .deny: "deny"
        case .rateLimited: "rate_limited"
        case .approvalRequired: "approval_required"
        case .hidden: "hidden"
        case .malformed: "malformed"
        }
    }
}

/// A part of a row that is the same for many calls, rendered once: who calls whom, or under which policy.
///
/// Make one per grant and per policy version when a snapshot is compiled; a journal then knows it by its number.
public struct AuditFacts: Sendable {
    let bytes: [UInt8]
    /// Tells these facts from all others of this process without looking at them; 0 for none.
    let identity: UInt64

    private static let lastIdentity = Atomic<UInt64>(0)

    /// No facts.
    public static let none = AuditFacts()

    private init() {
        bytes = []
        identity = 0
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        identity = Self.lastIdentity.add(1, ordering: .relaxed).newValue
    }

    /// Who calls whom; what is `nil` is left out of the row.
    public static func caller(
        grant: ByteString?,
        grantID: ByteString?,
        server: ByteString?,
        bundle: ByteString? = nil
    ) -> AuditFacts {
        var bytes: [UInt8] = []
        bytes.append(field: #","grant":"#, grant)
        bytes.append(field: #","grant_id":"#, grantID)
        bytes.append(field: #","server":"#, server)
        bytes.append(field: #","bundle":"#, bundle)
        return AuditFacts(bytes: bytes)
    }

    /// Which policy judges, and which version of it: the first digits of its digest.
    public static func policy(name: ByteString, version: ByteString) -> AuditFacts {
        var bytes: [UInt8] = []
        bytes.append(field: #","policy":"#, name)
        bytes.append(field: #","policy_version":"#, version)
        return AuditFacts(bytes: bytes)
    }
}

/// What is called and what was decided about it: what an agent's calls of one tool have in common.
public struct CallShape: Hashable, Sendable {
    /// The request's method.
    public var method: ByteString?
    /// The tool, as the client named it.
    public var tool: ByteString?
    /// The protocol's revision.
    public var revision: ByteString?
    /// What was decided.
    public var outcome: AuditDecision
    /// The rule that decided; empty: none did.
    public var rule = ""
    /// What a rule in shadow would have decided.
    public var shadow: Shadow?
    /// A complete JSON array of the arguments' top-level names, sorted, or nothing.
    ///
    /// The caller vouches for its form; names with anything but printable ASCII must be escaped.
    public var argumentKeys = ByteString([])
    /// The client, as it introduced itself.
    public var clientName: ByteString?
    /// Its version, left out without a name.
    public var clientVersion: ByteString?

    /// What a rule in shadow would have decided, and which.
    public struct Shadow: Hashable, Sendable {
        let outcome: AuditDecision
        let rule: String

        /// A decision and the rule's name.
        public init(_ outcome: AuditDecision, rule: String) {
            self.outcome = outcome
            self.rule = rule
        }
    }

    init(outcome: AuditDecision) {
        self.outcome = outcome
    }

    /// Feeds whatever a client chooses, so that nobody can choose shapes of one hash; comparing does the rest.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(tool)
        hasher.combine(argumentKeys)
        hasher.combine(clientName)
        hasher.combine(clientVersion)
        hasher.combine(outcome)
    }

    /// Its fields, each with its comma.
    func appendFields(to output: inout [UInt8]) {
        output.append(field: #","method":"#, method)
        output.append(field: #","tool":"#, tool)
        output.append(field: #","revision":"#, revision)
        output.append(#","outcome":""#)
        output.append(outcome.word)
        output.append(#"""#)
        if !rule.isEmpty {
            output.append(#","rule":"#)
            output.append(rowText: rule)
        }
        if let shadow {
            output.append(#","shadow":{"outcome":""#)
            output.append(shadow.outcome.word)
            output.append(#"","rule":"#)
            output.append(rowText: shadow.rule)
            output.append("}")
        }
        if !argumentKeys.isEmpty {
            output.append(#","argument_keys":"#)
            output.append(contentsOf: argumentKeys.bytes)
        }
        if let clientName {
            output.append(#","client":{"name":"#)
            output.append(rowText: clientName.bytes)
            output.append(field: #","version":"#, clientVersion)
            output.append("}")
        }
    }
}

/// What is known of a call when it has been decided and before one byte of it goes on; never a value of its arguments.
public struct AuditIntent: Sendable {
    /// When it was decided.
    public var time: WallTime
    /// The request's number in this process.
    public var requestID: UInt64
    /// Who calls whom.
    public var caller = AuditFacts.none
    /// The policy in force.
    public var policy = AuditFacts.none
    /// What is called, and what was decided.
    public var shape: CallShape
    /// A complete JSON object of names and keyed digests, made by ``ArgumentDigester``, or nothing.
    public var argumentDigests: [UInt8] = []
    /// What was added to counters for this call, so that they can be built again after a crash.
    public var charges: [AuditCharge] = []

    /// An intent with the decision and nothing else.
    public init(time: WallTime, requestID: UInt64, outcome: AuditDecision) {
        self.time = time
        self.requestID = requestID
        shape = CallShape(outcome: outcome)
    }
}

extension [UInt8] {
    /// Appends 16 lower-case hexadecimal digits.
    mutating func append(hexadecimal value: UInt64) {
        var shift: UInt64 = 60
        for _ in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> shift) & 15
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            shift &-= 4  // wraps after the last digit only
        }
    }
}
