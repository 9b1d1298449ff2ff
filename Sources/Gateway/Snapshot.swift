internal import AuditModel
internal import Base
internal import Cryptography
internal import PolicyEngine
internal import Secrets
internal import Settings
internal import Upstreams

/// Everything a request is judged by, at one moment: servers, grants, policies.
///
/// Immutable; replaced whole.
///
/// A request keeps the snapshot it began with (security.md, I1). Compiled from definitions by ``SnapshotCompiler``.
public final class Snapshot: Sendable {
    /// Servers by name and by UUID, exactly as they stand in a path.
    let servers: [ByteString: ServerEntry]
    let grants: [GrantDigest: GrantEntry]

    init(servers: [ByteString: ServerEntry], grants: [GrantDigest: GrantEntry]) {
        self.servers = servers
        self.grants = grants
    }

    /// Nothing at all: every request is answered 401.
    static let empty = Snapshot(servers: [:], grants: [:])
}

/// One server of the configuration.
final class ServerEntry: Sendable {
    /// The UUID's 16 bytes: what handles are bound to.
    let id: ByteString
    let name: ByteString
    /// The UUID as it may stand in a path.
    let uuid: ByteString
    let upstream: UpstreamConfiguration
    /// Masks the credentials of `upstream` in what comes back.
    let mask: CredentialMask
    /// What lists show of changed tools.
    let changedTools: ChangedTools
    /// What all workers know of this server with this credential; outlives snapshots that do not change it.
    let shared: SharedServer

    init(
        id: ByteString,
        name: ByteString,
        uuid: ByteString,
        upstream: UpstreamConfiguration,
        mask: CredentialMask,
        changedTools: ChangedTools,
        shared: SharedServer
    ) {
        self.id = id
        self.name = name
        self.uuid = uuid
        self.upstream = upstream
        self.mask = mask
        self.changedTools = changedTools
        self.shared = shared
    }

    /// Whether a path's segment is this server's name or UUID, byte for byte.
    func isNamed(_ segment: ArraySlice<UInt8>) -> Bool {
        segment.elementsEqual(name.bytes) || segment.elementsEqual(uuid.bytes)
    }
}

/// One grant: who may call which server under which policy.
final class GrantEntry: Sendable {
    /// Of the token that opened it; a grant that is being rotated has an entry for each of its two tokens.
    let digest: GrantDigest
    /// The same for all tokens of one grant: what handles and counters are bound to.
    let id: ByteString
    let label: ByteString
    let member: ByteString?
    let expires: WallTime?
    let server: ServerEntry
    /// None: every call is denied.
    let policy: PolicyEntry?
    /// Its places among the requests in flight; outlive snapshots.
    let places: Places
    /// The fields of a record that follow from the grant, rendered.
    let recordFields: [UInt8]
    /// The same for the journal.
    let auditFacts: AuditFacts
    /// Who calls, in policy's words; the client's own name is added per call.
    let caller: PolicyCaller

    init(
        digest: GrantDigest,
        id: ByteString,
        label: ByteString,
        recordID: ByteString?,
        member: ByteString?,
        expires: WallTime?,
        server: ServerEntry,
        policy: PolicyEntry?,
        places: Places
    ) {
        self.digest = digest
        self.id = id
        self.label = label
        self.member = member
        self.expires = expires
        self.server = server
        self.policy = policy
        self.places = places
        var fields: [UInt8] = []
        fields.append(#","grant":"#)
        fields.append(quoted: label.bytes)
        fields.append(#","grant_id":"#)
        fields.append(quoted: recordID?.bytes ?? TextCoding.hexadecimal(id.bytes.prefix(8)))
        fields.append(#","server":"#)
        fields.append(quoted: server.name.bytes)
        recordFields = fields
        auditFacts = .caller(
            grant: label,
            grantID: recordID ?? ByteString(TextCoding.hexadecimal(id.bytes.prefix(8))),
            server: server.name
        )
        caller = PolicyCaller(
            grant: id,
            label: label,
            member: member,
            server: server.id,
            organisation: "organisation"
        )
    }

    /// Whether the grant still counts at `time`.
    func isValid(at time: WallTime) -> Bool {
        guard let expires else {
            return true
        }
        return time < expires
    }
}

/// One policy, compiled.
final class PolicyEntry: Sendable {
    let name: ByteString
    let compiled: CompiledPolicy
    /// The fields of a record that follow from the policy, rendered.
    let recordFields: [UInt8]
    /// The same for the journal.
    let auditFacts: AuditFacts

    init(name: ByteString, compiled: CompiledPolicy) {
        self.name = name
        self.compiled = compiled
        var fields: [UInt8] = []
        fields.append(#","policy":"#)
        fields.append(quoted: name.bytes)
        fields.append(#","policy_version":""#)
        fields.append(contentsOf: compiled.version.bytes)
        fields.append(#"""#)
        recordFields = fields
        auditFacts = .policy(name: name, version: compiled.version)
    }
}
