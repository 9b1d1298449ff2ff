public import Base

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
/// Make one per grant and per policy version when a snapshot is compiled; a row then copies its bytes.
public struct AuditFacts: Hashable, Sendable {
    let bytes: [UInt8]

    /// No facts.
    public static let none = AuditFacts(bytes: [])

    private init(bytes: [UInt8]) {
        self.bytes = bytes
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

/// What is known of a call when it has been decided and before one byte of it goes on; never a value of its arguments.
public struct AuditIntent: Sendable {
    /// When it was decided.
    public var time: WallTime
    /// The request's number in this process.
    public var requestID: UInt64
    /// Who calls whom.
    public var caller: AuditFacts
    /// The request's method.
    public var method: ByteString?
    /// The tool, as the client named it.
    public var tool: ByteString?
    /// The protocol's revision.
    public var revision: StaticString?
    /// The policy in force.
    public var policy: AuditFacts
    /// What was decided.
    public var outcome: AuditDecision
    /// The rule that decided; empty: none did.
    public var rule: String
    /// What a rule in shadow would have decided.
    public var shadow: (outcome: AuditDecision, rule: String)?
    /// A complete JSON array of the arguments' top-level names, sorted, or nothing.
    ///
    /// The caller vouches for its form; names
    /// with anything but printable ASCII must be escaped, see ``appendName(_:to:)``.
    public var argumentKeys: [UInt8]
    /// A complete JSON object of names and keyed digests, made by ``ArgumentDigester``, or nothing.
    public var argumentDigests: [UInt8]
    /// The client, as it introduced itself.
    public var clientName: ByteString?
    /// Its version, left out without a name.
    public var clientVersion: ByteString?
    /// What was added to counters for this call, so that they can be built again after a crash.
    public var charges: [AuditCharge]

    /// An intent with the decision and nothing else.
    public init(time: WallTime, requestID: UInt64, outcome: AuditDecision) {
        self.time = time
        self.requestID = requestID
        self.outcome = outcome
        caller = .none
        policy = .none
        rule = ""
        argumentKeys = []
        argumentDigests = []
        charges = []
    }

    /// Appends a name as a JSON string in the form every text of a row has.
    public static func appendName(_ name: [UInt8], to output: inout [UInt8]) {
        output.append(rowText: name)
    }
}

extension AuditIntent {
    /// The fields behind `time`, each with its comma.
    func appendFields(to output: inout [UInt8], requestPrefix: [UInt8]) {
        output.append(#","request_id":""#)
        output.append(contentsOf: requestPrefix)
        output.append(hexadecimal: requestID)
        output.append(#"""#)
        output.append(contentsOf: caller.bytes)
        output.append(field: #","method":"#, method)
        output.append(field: #","tool":"#, tool)
        if let revision {
            output.append(#","revision":""#)
            output.append(revision)
            output.append(#"""#)
        }
        output.append(contentsOf: policy.bytes)
        output.append(#","outcome":""#)
        output.append(outcome.word)
        output.append(#"""#)
        appendReasons(to: &output)
        appendArguments(to: &output)
        AuditCharge.append(charges, to: &output)
    }

    private func appendReasons(to output: inout [UInt8]) {
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
    }

    private func appendArguments(to output: inout [UInt8]) {
        if !argumentKeys.isEmpty {
            output.append(#","argument_keys":"#)
            output.append(contentsOf: argumentKeys)
        }
        if !argumentDigests.isEmpty {
            output.append(#","argument_digests":"#)
            output.append(contentsOf: argumentDigests)
        }
        if let clientName {
            output.append(#","client":{"name":"#)
            output.append(rowText: clientName.bytes)
            output.append(field: #","version":"#, clientVersion)
            output.append("}")
        }
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
