internal import Base
internal import Secrets
internal import Settings
internal import Upstreams

/// Bundles: checked so that a name leads to one server, and turned into what their grants open.
extension SnapshotCompiler {
    // LIMIT: servers of one bundle; its lists are the sum of theirs.
    private static let maximumParts = 32
    // LIMIT: bytes of a prefix; names are kept within 64, and the rest has to tell tools apart.
    private static let maximumPrefixBytes = 40

    mutating func check(_ bundles: [BundleDefinition], _ definition: SnapshotDefinition, _ names: inout PathNames) {
        for (index, bundle) in bundles.enumerated() {
            let id = Self.identity(bundle.uuid, kind: "bundle", name: bundle.name)
            if !Self.isPathSegment(bundle.name) {
                report("bundles", index, "the name `\(bundle.name)` cannot stand in a path")
            }
            for path in [bundle.name, ByteString(Self.text(ofUUID: id.bytes))] where !names.insert(path) {
                report("bundles", index, "`\(path)` names a server or bundle already: give each a name of its own")
            }
            if !(1...Self.maximumParts).contains(bundle.parts.count) {
                report("bundles", index, "a bundle has 1 to \(Self.maximumParts) members")
            }
            for part in bundle.parts {
                check(part, index, definition)
            }
            checkPrefixes(of: bundle, index)
        }
    }

    private mutating func check(_ part: BundleDefinition.Part, _ index: Int, _ definition: SnapshotDefinition) {
        if !definition.servers.contains(where: { $0.name == part.server }) {
            report("bundles", index, "there is no server `\(part.server)`")
        }
        if let name = part.policy {
            if let policy = definition.policies.first(where: { $0.name == name }) {
                if policy.server != part.server {
                    report("bundles", index, "the policy `\(name)` is for the server `\(policy.server)`")
                }
            } else {
                report("bundles", index, "there is no policy `\(name)`")
            }
        }
        if !(1...Self.maximumPrefixBytes).contains(part.prefix.count) || !Self.isPathSegment(part.prefix) {
            report(
                "bundles",
                index,
                "`\(part.prefix)` is no prefix: use 1 to \(Self.maximumPrefixBytes) letters, digits, `_`, `-` or `.`"
            )
        }
    }

    /// No prefix may begin another: a name must lead to one server, whatever its tools are called.
    private mutating func checkPrefixes(of bundle: BundleDefinition, _ index: Int) {
        let prefixes = bundle.parts.map(\.prefix)
        for (number, one) in prefixes.enumerated() {
            for other in prefixes[(number + 1)...] {
                guard one.bytes.starts(with: other.bytes) || other.bytes.starts(with: one.bytes) else {
                    continue
                }
                report(
                    "bundles",
                    index,
                    "the prefixes `\(one)` and `\(other)` collide: no prefix may begin another, end each with `_`"
                )
            }
        }
    }

    func entries(
        of bundles: [BundleDefinition],
        _ servers: [ByteString: ServerEntry]
    ) -> [ByteString: BundleEntry] {
        var entries: [ByteString: BundleEntry] = [:]
        for bundle in bundles {
            guard let first = bundle.parts.first.flatMap({ servers[$0.server] }) else {
                continue
            }
            let id = Self.identity(bundle.uuid, kind: "bundle", name: bundle.name)
            let server = ServerEntry(
                id: id,
                name: bundle.name,
                uuid: ByteString(Self.text(ofUUID: id.bytes)),
                // Never used: a grant of a bundle has no policy, and its calls are its parts'.
                upstream: first.upstream,
                mask: CredentialMask(
                    bundle.parts.flatMap { servers[$0.server]?.upstream.secrets ?? [] }.map { $0.reveal() }
                ),
                changedTools: .hide,
                shared: shared.bundle()
            )
            entries[bundle.name] = BundleEntry(server: server, parts: bundle.parts)
        }
        return entries
    }
}

/// The names that stand in paths, each once.
struct PathNames {
    private var seen: Set<ByteString> = []

    /// Takes a name; false when it is taken.
    mutating func insert(_ name: ByteString) -> Bool {
        seen.insert(name).inserted
    }
}

/// One bundle of the configuration.
struct BundleEntry {
    /// What stands for it where a grant has a server.
    let server: ServerEntry
    let parts: [BundleDefinition.Part]

    /// What a grant of the bundle opens.
    func entry(
        _ grant: GrantDefinition,
        _ digest: GrantDigest,
        _ id: ByteString,
        _ places: Places,
        _ servers: [ByteString: ServerEntry],
        _ policies: [ByteString: PolicyEntry]
    ) -> GrantEntry {
        var views: [BundlePart] = []
        for part in parts {
            guard let server = servers[part.server] else {
                continue
            }
            let view = GrantEntry(
                digest: digest,
                id: id,
                label: grant.label,
                recordID: grant.id,
                member: grant.member,
                expires: grant.expires,
                server: server,
                policy: part.policy.flatMap { policies[$0] },
                places: places,
                part: (self.server, part.prefix)
            )
            views.append(BundlePart(prefix: part.prefix, grant: view))
        }
        return GrantEntry(
            digest: digest,
            id: id,
            label: grant.label,
            recordID: grant.id,
            member: grant.member,
            expires: grant.expires,
            server: server,
            policy: nil,
            places: places,
            parts: views
        )
    }
}
