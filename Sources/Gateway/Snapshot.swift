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
    /// What it opens; of a grant of a bundle one that stands for it, to which nothing is ever sent.
    let server: ServerEntry
    /// What handles are bound to beside the grant: the server, or the bundle whose part this is.
    let scope: ByteString
    /// The parts of the bundle it opens; empty for a grant of one server.
    let parts: [BundlePart]
    /// For the view of a part: what stands before its names.
    let prefix: ByteString?
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
        places: Places,
        parts: [BundlePart] = [],
        part: (bundle: ServerEntry, prefix: ByteString)? = nil
    ) {
        scope = part?.bundle.id ?? server.id
        prefix = part?.prefix
        self.parts = parts
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
        if let bundle = part?.bundle {
            fields.append(#","bundle":"#)
            fields.append(quoted: bundle.name.bytes)
        }
        recordFields = fields
        auditFacts = .caller(
            grant: label,
            grantID: recordID ?? ByteString(TextCoding.hexadecimal(id.bytes.prefix(8))),
            server: server.name,
            bundle: part?.bundle.name
        )
        caller = PolicyCaller(
            // Each server of a bundle counts for itself.
            grant: part == nil ? id : ByteString(id.bytes + server.id.bytes),
            label: label,
            member: member,
            server: server.id,
            organisation: "organisation"
        )
    }

    /// What has become of `older`, a grant of the same token: itself, or the same part of its bundle.
    func successor(of older: GrantEntry) -> GrantEntry? {
        guard let prefix = older.prefix else {
            return self
        }
        return parts.first { $0.prefix == prefix }?.grant
    }

    /// Whether the grant still counts at `time`.
    func isValid(at time: WallTime) -> Bool {
        guard let expires else {
            return true
        }
        return time < expires
    }
}

/// One server of a bundle, as one grant of the bundle sees it.
struct BundlePart: Sendable {
    /// What stands before the names of its tools and prompts.
    let prefix: ByteString
    /// The grant as if it were one of this server, under the part's policy.
    let grant: GrantEntry
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
