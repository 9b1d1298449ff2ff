public import Base
internal import Cryptography
public import PolicyEngine
internal import Secrets
public import Settings
public import Upstreams

/// A server to put in front of, as the configuration names it.
public struct ServerDefinition: Sendable {
    /// What stands in the path.
    public var name: ByteString
    /// The UUID as text, which stands in the path as well; `nil`: one that follows from the name.
    public var uuid: ByteString?
    /// How it is reached.
    public var upstream: UpstreamConfiguration
    /// What lists show of its tools that have changed since they were accepted.
    public var changedTools: ChangedTools

    /// A definition from its parts.
    public init(
        name: ByteString,
        uuid: ByteString? = nil,
        upstream: UpstreamConfiguration,
        changedTools: ChangedTools = .hide
    ) {
        self.name = name
        self.uuid = uuid
        self.upstream = upstream
        self.changedTools = changedTools
    }
}

/// A policy to judge calls by.
public struct PolicyDefinition: Sendable {
    /// The name grants refer to.
    public var name: ByteString
    /// The server it is written for.
    public var server: ByteString
    /// The compiled document.
    public var compiled: CompiledPolicy

    /// A definition from its parts.
    public init(name: ByteString, server: ByteString, compiled: CompiledPolicy) {
        self.name = name
        self.server = server
        self.compiled = compiled
    }
}

/// Several servers behind one path, as the configuration names them.
public struct BundleDefinition: Sendable {
    /// One of its servers.
    public struct Part: Sendable {
        /// The server.
        public var server: ByteString
        /// What stands before the names of its tools and prompts: 1 to 40 of `A–Z a–z 0–9 _ - .`.
        public var prefix: ByteString
        /// The policy over it, in the server's own names; `nil`: every call is denied.
        public var policy: ByteString?

        /// A part from its parts.
        public init(server: ByteString, prefix: ByteString, policy: ByteString? = nil) {
            self.server = server
            self.prefix = prefix
            self.policy = policy
        }
    }

    /// The name, which stands in the path.
    public var name: ByteString
    /// The UUID as text, which stands in the path as well; `nil`: one that follows from the name.
    public var uuid: ByteString?
    /// Its servers, in the order of its lists.
    public var parts: [Part]

    /// A definition from its parts.
    public init(name: ByteString, uuid: ByteString? = nil, parts: [Part]) {
        self.name = name
        self.uuid = uuid
        self.parts = parts
    }
}

/// A grant: a token's digest and what it is good for.
public struct GrantDefinition: Sendable {
    /// The name of the grant in logs and policies.
    public var label: ByteString
    /// What tells it from others, over all its tokens: what counters, sessions and records go by; at most 64 bytes.
    ///
    /// `nil`: its digest.
    public var id: ByteString?
    /// The server it opens.
    public var server: ByteString
    /// The bundle it opens instead, whose parts have their policies; `server` and `policy` mean nothing then.
    public var bundle: ByteString?
    /// The policy over it; `nil`: every call is denied.
    public var policy: ByteString?
    /// The 32 bytes of the token's keyed digest.
    public var digest: [UInt8]
    /// When it ends; `nil`: never.
    public var expires: WallTime?
    /// Whose agent it is.
    public var member: ByteString?

    /// A definition from its parts.
    public init(
        label: ByteString,
        id: ByteString? = nil,
        server: ByteString,
        policy: ByteString? = nil,
        digest: [UInt8],
        expires: WallTime? = nil,
        member: ByteString? = nil
    ) {
        self.label = label
        self.id = id
        self.server = server
        self.policy = policy
        self.digest = digest
        self.expires = expires
        self.member = member
    }
}

/// Everything a snapshot is made of.
public struct SnapshotDefinition: Sendable {
    /// The servers.
    public var servers: [ServerDefinition]
    /// The policies.
    public var policies: [PolicyDefinition]
    /// The bundles.
    public var bundles: [BundleDefinition]
    /// The grants.
    public var grants: [GrantDefinition]

    /// A definition from its parts.
    public init(
        servers: [ServerDefinition] = [],
        policies: [PolicyDefinition] = [],
        bundles: [BundleDefinition] = [],
        grants: [GrantDefinition] = []
    ) {
        self.servers = servers
        self.policies = policies
        self.bundles = bundles
        self.grants = grants
    }
}

/// Something in a definition that cannot be; the whole definition is refused for it.
public struct SnapshotProblem: Error, Hashable, Sendable {
    /// `servers`, `policies`, `bundles` or `grants`.
    public let section: String
    /// Which element of the section, from 0.
    public let index: Int
    /// What is wrong and what would be right.
    public let message: String

    /// A problem from its parts.
    public init(section: String, index: Int, message: String) {
        self.section = section
        self.index = index
        self.message = message
    }
}

/// All problems of a definition at once, in its order.
public struct SnapshotProblems: Error, Sendable {
    /// The problems; never empty.
    public let problems: [SnapshotProblem]
}

/// Makes a snapshot of a definition: everything resolved, or every problem told.
struct SnapshotCompiler {
    let shared: SharedState
    private var problems: [SnapshotProblem] = []

    init(shared: SharedState) {
        self.shared = shared
    }

    mutating func compile(_ definition: SnapshotDefinition) throws(SnapshotProblems) -> Snapshot {
        let policies = resolve(definition.policies, servers: definition.servers)
        let digests = check(definition.grants, definition)
        var names = PathNames()
        checkNames(definition.servers, &names)
        check(definition.bundles, definition, &names)
        guard problems.isEmpty else {
            throw SnapshotProblems(problems: problems)
        }
        let keys = definition.servers.map { Self.sharingKey(of: $0) }
        let grantIDs = zip(definition.grants, digests).map { grant, digest in grant.id ?? ByteString(digest.bytes) }
        let shares = shared.take(servers: Set(keys), grants: Set(grantIDs))
        var servers: [ByteString: ServerEntry] = [:]
        for (server, key) in zip(definition.servers, keys) {
            guard let share = shares.servers[key] else {
                continue
            }
            let id = Self.identity(of: server)
            let uuid = ByteString(Self.text(ofUUID: id.bytes))
            let mask = CredentialMask(server.upstream.secrets.map { $0.reveal() })
            share.inventory.use(mask)
            let entry = ServerEntry(
                id: id,
                name: server.name,
                uuid: uuid,
                upstream: server.upstream,
                mask: mask,
                changedTools: server.changedTools,
                shared: share
            )
            servers[server.name] = entry
            servers[uuid] = entry
        }
        var grants: [GrantDigest: GrantEntry] = [:]
        let bundles = entries(of: definition.bundles, servers)
        for ((grant, digest), id) in zip(zip(definition.grants, digests), grantIDs) {
            guard let places = shares.grants[id] else {
                continue
            }
            if let bundle = grant.bundle.flatMap({ bundles[$0] }) {
                grants[digest] = bundle.entry(grant, digest, id, places, servers, policies)
                continue
            }
            guard let server = servers[grant.server] else {
                continue
            }
            grants[digest] = GrantEntry(
                digest: digest,
                id: id,
                label: grant.label,
                recordID: grant.id,
                member: grant.member,
                expires: grant.expires,
                server: server,
                policy: grant.policy.flatMap { policies[$0] },
                places: places
            )
        }
        return Snapshot(servers: servers, grants: grants)
    }

    // MARK: Checks

    mutating func report(_ section: String, _ index: Int, _ message: String) {
        problems.append(SnapshotProblem(section: section, index: index, message: message))
    }

    private mutating func checkNames(_ servers: [ServerDefinition], _ names: inout PathNames) {
        for (index, server) in servers.enumerated() {
            if !Self.isPathSegment(server.name) {
                report(
                    "servers",
                    index,
                    "the name `\(server.name)` cannot stand in a path: use 1 to 128 letters, digits, `-`, `_` and `.`"
                )
            }
            if let uuid = server.uuid, Self.bytes(ofUUID: uuid) == nil {
                report("servers", index, "`\(uuid)` is no UUID: write it as 8-4-4-4-12 lower-case hexadecimal digits")
            }
            let paths = [server.name, ByteString(Self.text(ofUUID: Self.identity(of: server).bytes))]
            for path in paths where !names.insert(path) {
                report("servers", index, "`\(path)` names two servers: give each a name of its own")
            }
        }
    }

    private mutating func resolve(
        _ policies: [PolicyDefinition],
        servers: [ServerDefinition]
    ) -> [ByteString: PolicyEntry] {
        var found: [ByteString: PolicyEntry] = [:]
        for (index, policy) in policies.enumerated() {
            if !servers.contains(where: { $0.name == policy.server }) {
                report("policies", index, "there is no server `\(policy.server)`")
            }
            if found[policy.name] != nil {
                report("policies", index, "`\(policy.name)` names two policies: give each a name of its own")
            }
            found[policy.name] = PolicyEntry(name: policy.name, compiled: policy.compiled)
        }
        return found
    }

    private mutating func check(_ grants: [GrantDefinition], _ definition: SnapshotDefinition) -> [GrantDigest] {
        var digests: [GrantDigest] = []
        var seen: Set<GrantDigest> = []
        for (index, grant) in grants.enumerated() {
            if let bundle = grant.bundle {
                if !definition.bundles.contains(where: { $0.name == bundle }) {
                    report("grants", index, "there is no bundle `\(bundle)`")
                }
            } else if !definition.servers.contains(where: { $0.name == grant.server }) {
                report("grants", index, "there is no server `\(grant.server)`")
            }
            if grant.bundle == nil, let name = grant.policy {
                if let policy = definition.policies.first(where: { $0.name == name }) {
                    if policy.server != grant.server {
                        report("grants", index, "the policy `\(name)` is for the server `\(policy.server)`")
                    }
                } else {
                    report("grants", index, "there is no policy `\(name)`")
                }
            }
            guard let digest = GrantDigest(grant.digest) else {
                report("grants", index, "the token digest is not 32 bytes: take it from `toolgate grant new`")
                continue
            }
            if !seen.insert(digest).inserted {
                report("grants", index, "another grant has the same token digest: make a token for each")
            }
            digests.append(digest)
        }
        return digests
    }

    // MARK: Identities

    /// What makes two configurations of a server one and the same: identity, address and credentials.
    private static func sharingKey(of server: ServerDefinition) -> ServerKey {
        ServerKey(identity: identity(of: server), access: ByteString(SHA256.digest(server.upstream.accessKey)))
    }

    /// The UUID's bytes: the configured one, else a version 8 UUID (RFC 9562) that follows from the name, so that it is
    /// the same after every restart.
    private static func identity(of server: ServerDefinition) -> ByteString {
        identity(server.uuid, kind: "server", name: server.name)
    }

    static func identity(_ uuid: ByteString?, kind: String, name: ByteString) -> ByteString {
        if let uuid, let bytes = bytes(ofUUID: uuid) {
            return ByteString(bytes)
        }
        var bytes = Array(SHA256.digest(Array("toolgate \(kind) ".utf8) + name.bytes).prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        return ByteString(bytes)
    }

    static func bytes(ofUUID text: ByteString) -> [UInt8]? {
        let groups = text.bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let isLowerCase = !text.bytes.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard groups.map(\.count) == [8, 4, 4, 4, 12], isLowerCase else {
            return nil
        }
        return TextCoding.bytes(hexadecimal: groups.joined())
    }

    static func text(ofUUID bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) {
                text.append(UInt8(ascii: "-"))
            }
            text.append(contentsOf: TextCoding.hexadecimal(CollectionOfOne(byte)))
        }
        return text
    }

    static func isPathSegment(_ name: ByteString) -> Bool {
        (1...128).contains(name.count) && !name.isEqual(to: ".") && !name.isEqual(to: "..")
            && name.bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
