public import Base
internal import Secrets
public import Settings
public import Stores

/// Compares a configuration with a store.
///
/// A record is found again by its identity, else by its name: an entry whose `id` is known and whose name is new renames
/// the record; one whose name is known keeps the identity the store gave it.
public struct ProvisionPlanner {
    private let configuration: Configuration
    private let digests: [ByteString: [UInt8]]
    private let path: (ByteString) -> ByteString
    private let reader: StoreReader
    private var plan: ProvisionPlan
    private var problems: [String] = []
    /// The identities of what the file names.
    private var servers: [ByteString: EntityID] = [:]
    private var policies: [ByteString: EntityID] = [:]
    private var bundles: [ByteString: EntityID] = [:]
    private var members: [ByteString: EntityID] = [:]

    private init(
        _ configuration: Configuration,
        digests: [ByteString: [UInt8]],
        path: @escaping (ByteString) -> ByteString,
        reader: StoreReader
    ) throws(StoreError) {
        self.configuration = configuration
        self.digests = digests
        self.path = path
        self.reader = reader
        plan = ProvisionPlan(revision: try reader.revision())
    }

    /// What it takes to bring the store to what the configuration says.
    ///
    /// - Parameters:
    ///   - configuration: read without problems.
    ///   - digests: of every policy's document, compiled without errors, by the policy's name.
    ///   - path: makes a path written in the file one that does not depend on where the file lies.
    ///   - removal: what becomes of what the file does not mention.
    ///   - reader: the store's state.
    /// - Returns: the plan, or every reason why there is none.
    /// - Throws: what reading the store throws.
    public static func plan(
        _ configuration: Configuration,
        digests: [ByteString: [UInt8]],
        path: @escaping (ByteString) -> ByteString,
        removal: Removal,
        in reader: StoreReader
    ) throws(StoreError) -> Result<ProvisionPlan, ProvisionProblems> {
        var planner = try ProvisionPlanner(configuration, digests: digests, path: path, reader: reader)
        try planner.planMembers()
        try planner.planServers()
        try planner.planPolicies()
        try planner.planBundles()
        try planner.planGrants()
        try planner.planRemovals(removal)
        let problems = planner.problems
        return problems.isEmpty ? .success(planner.plan) : .failure(ProvisionProblems(messages: problems))
    }

    private mutating func add(_ step: ProvisionPlan.Step, _ change: ProvisionPlan.Change?) {
        plan.steps.append(step)
        if let change {
            plan.changes.append(change)
        }
    }

    // MARK: - What the file mentions

    /// Whom grants belong to; a member the store does not know is added with the role that may least.
    private mutating func planMembers() throws(StoreError) {
        for label in configuration.grants.compactMap(\.member) where members[label] == nil {
            if let known = try reader.member(labelled: label) {
                members[label] = known.id
            } else {
                let member = MemberRecord(label: label)
                members[label] = member.id
                add(.saveMember(member), .init(.create, Subject(.member, label), ["role: \(member.role.rawValue)"]))
            }
        }
    }

    private mutating func planServers() throws(StoreError) {
        for settings in configuration.servers {
            let same = try reader.server(settings.id)
            let known = same == nil ? try reader.server(named: settings.name) : same
            var wanted = ServerRecord(
                id: known?.id ?? settings.id,
                name: settings.name,
                upstream: upstream(settings.upstream),
                headers: settings.headers.map { HeaderReference(name: $0.name, source: resolved($0.source)) },
                changedTools: settings.changedTools,
                limitFailure: settings.limitFailure
            )
            servers[settings.name] = wanted.id
            try noteMissingCredentials(of: wanted)
            guard let known else {
                add(.saveServer(wanted), .init(.create, Subject(.server, settings.name), Description.lines(of: wanted)))
                continue
            }
            wanted.keepTimes(of: known)
            if wanted != known {
                let lines = Description.differences(Description.lines(of: known), Description.lines(of: wanted))
                add(.saveServer(wanted), .init(.change, Subject(.server, settings.name), lines))
            }
        }
    }

    /// How a server is reached, paths made independent of where the file lies.
    private func upstream(_ settings: UpstreamSettings) -> ServerUpstream {
        switch settings {
        case .http(let url, let allowsInsecure):
            return .http(url: ByteString(url.origin.bytes + url.target.bytes), allowsInsecure: allowsInsecure)
        case .process(var process):
            if process.command.bytes.contains(UInt8(ascii: "/")) {
                process.command = path(process.command)
            }
            process.directory = process.directory.map { path($0) }
            process.confinement.read = process.confinement.read?.map { path($0) }
            process.confinement.write = process.confinement.write?.map { path($0) }
            return .process(process)
        case .connector(let connector):
            return .connector(connector)
        }
    }

    private func resolved(_ source: HeaderSource) -> HeaderSource {
        guard case .file(let written) = source else {
            return source
        }
        return .file(path(written))
    }

    private mutating func noteMissingCredentials(of server: ServerRecord) throws(StoreError) {
        for header in server.headers {
            guard case .stored(let name) = header.source else {
                continue
            }
            if try reader.credential(named: name)?.server != server.id {
                plan.notes.append(
                    "server `\(server.name)`: the store has no credential `\(name)` for it, so it is not served yet: "
                        + "run `toolgate credential add \(name) --server \(server.name)`"
                )
            }
        }
    }

    private mutating func planPolicies() throws(StoreError) {
        for settings in configuration.policies {
            guard let server = servers[settings.server], let digest = digests[settings.name] else {
                problems.append("policy `\(settings.name)`: its document was not compiled")
                continue
            }
            let subject = Subject(.policy, settings.name)
            guard let known = try reader.policy(named: settings.name) else {
                let policy = PolicyRecord(server: server, name: settings.name)
                policies[settings.name] = policy.id
                add(.savePolicy(policy), .init(.create, subject, ["server: \(settings.server)"]))
                add(.addVersion(source: settings.document, digest: digest, policy: policy.id), nil)
                continue
            }
            policies[settings.name] = known.id
            var details: [String] = []
            if known.server != server {
                var moved = known
                moved.server = server
                plan.steps.append(.savePolicy(moved))
                details.append("server: \(settings.server)")
            }
            let current = try reader.currentVersion(of: known.id)
            if current?.digest != digest {
                plan.steps.append(.addVersion(source: settings.document, digest: digest, policy: known.id))
                details.append("document: version \((current?.number ?? 0) + 1)")
            }
            if !details.isEmpty {
                plan.changes.append(.init(.change, subject, details))
            }
        }
    }

    private mutating func planBundles() throws(StoreError) {
        for settings in configuration.bundles {
            let same = try reader.bundle(settings.id)
            let known = same == nil ? try reader.bundle(named: settings.name) : same
            var members: [BundlePart] = []
            for member in settings.members {
                guard let server = servers[member.server] else {
                    problems.append("bundle `\(settings.name)`: its server `\(member.server)` cannot be used")
                    continue
                }
                let policy = member.policy.flatMap { policies[$0] }
                members.append(BundlePart(server: server, prefix: member.prefix, policy: policy))
            }
            let id = known?.id ?? settings.id
            bundles[settings.name] = id
            let wanted = BundleRecord(id: id, name: settings.name, members: members)
            let lines = Description.lines(of: settings)
            guard let known else {
                add(.saveBundle(wanted), .init(.create, Subject(.bundle, settings.name), lines))
                continue
            }
            if known.name != wanted.name || known.members != wanted.members {
                let old = try self.lines(of: known)
                let details = Description.differences(old, lines)
                add(.saveBundle(wanted), .init(.change, Subject(.bundle, settings.name), details))
            }
        }
    }

    private func lines(of bundle: BundleRecord) throws(StoreError) -> [String] {
        var lines = ["name: \(bundle.name)"]
        for part in bundle.members {
            let server = try reader.server(part.server)?.name
            var policy: ByteString?
            if let id = part.policy {
                policy = try reader.policy(id)?.name
            }
            lines.append(Description.line(member: server ?? "?", prefix: part.prefix, policy: policy))
        }
        return lines
    }

    /// What a grant opens; `nil` when there is no such thing.
    private func target(of settings: GrantSettings) -> GrantTarget? {
        if let bundle = settings.bundle {
            return bundles[bundle].map { .bundle($0) }
        }
        return servers[settings.server].map { .server($0, policy: settings.policy.flatMap { policies[$0] }) }
    }

    private mutating func planGrants() throws(StoreError) {
        for settings in configuration.grants {
            guard let digest = GrantDigest(settings.digest), let target = target(of: settings) else {
                problems.append("grant `\(settings.label)`: its token digest, server or bundle cannot be used")
                continue
            }
            let same = try reader.grant(settings.id)
            let known = same == nil ? try reader.grant(labelled: settings.label) : same
            var wanted = GrantRecord(
                id: known?.id ?? settings.id,
                label: settings.label,
                target: target,
                digest: known?.digest ?? digest,
                expires: settings.expires,
                owner: settings.member.flatMap { members[$0] }
            )
            let subject = Subject(.grant, settings.label)
            guard let known else {
                add(.saveGrant(wanted), .init(.create, subject, Description.lines(of: settings)))
                continue
            }
            guard known.revoked == nil else {
                plan.notes.append(
                    "grant `\(settings.label)` was revoked, which is for good: take it out of the file, "
                        + "or give it another label and a new token"
                )
                continue
            }
            wanted.keepHistory(of: known)
            var details: [String] = []
            if wanted != known {
                plan.steps.append(.saveGrant(wanted))
                details = try Description.differences(lines(of: known), Description.lines(of: settings))
            }
            // A token that was rotated out by hand is not brought back by a file that still names it.
            if known.digest != digest, known.previous?.digest != digest {
                plan.steps.append(.rotate(known.id, to: digest))
                details.append("token: another one, the one before ends at once")
            }
            if !details.isEmpty {
                plan.changes.append(.init(.change, subject, details))
            }
        }
    }

    private func lines(of grant: GrantRecord) throws(StoreError) -> [String] {
        var server = "?"
        var policy: ByteString?
        switch grant.target {
        case .server(let id, let attached):
            server = try reader.server(id)?.name.text ?? "?"
            if let attached {
                policy = try reader.policy(attached)?.name
            }
        case .bundle(let id):
            server = "bundle \(try reader.bundle(id)?.name.text ?? "?")"
        }
        var member: ByteString?
        if let owner = grant.owner {
            member = try reader.member(owner)?.label
        }
        return Description.lines(
            server: server,
            policy: policy,
            expires: grant.expires,
            member: member,
            label: grant.label
        )
    }

    // MARK: - What it does not mention

    private mutating func planRemovals(_ removal: Removal) throws(StoreError) {
        guard removal != .nothing else {
            return
        }
        let labels = Set(configuration.grants.map(\.label))
        let ids = Set(configuration.grants.map(\.id))
        for grant in try reader.grants() where !labels.contains(grant.label) && !ids.contains(grant.id) {
            if removal == .everything || grant.createdBy.bytes.starts(with: "\(Author.Kind.file.rawValue):".utf8) {
                add(.removeGrant(grant.id), .init(.remove, Subject(.grant, grant.label)))
            }
        }
        guard removal == .everything else {
            return
        }
        let keptBundles = Set(bundles.values)
        for bundle in try reader.bundles() where !keptBundles.contains(bundle.id) {
            add(.removeBundle(bundle.id), .init(.remove, Subject(.bundle, bundle.name)))
        }
        let keptPolicies = Set(policies.values)
        for policy in try reader.policies() where !keptPolicies.contains(policy.id) {
            add(.removePolicy(policy.id), .init(.remove, Subject(.policy, policy.name)))
        }
        let keptServers = Set(servers.values)
        for server in try reader.servers() where !keptServers.contains(server.id) {
            add(.removeServer(server.id), .init(.remove, Subject(.server, server.name)))
        }
    }
}
