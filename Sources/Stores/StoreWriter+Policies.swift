public import Base
public import Settings

extension StoreWriter {
    // LIMIT: what the engine reads at most; a policy of a thousand tools with rules is a tenth of that.
    static let maximumPolicyBytes = 4 << 20
    // LIMIT: one tool's definition.
    static let maximumDefinitionBytes = 1 << 20

    /// Adds a policy without any version, or gives the one with its identity another name or server.
    ///
    /// Refused: a name that is none or taken, a server that is not there, another server while a grant or bundle uses it.
    public func save(_ policy: PolicyRecord) throws(StoreError) {
        var policy = policy
        try checkName(policy.name)
        if let other = try reader.policy(named: policy.name), other.id != policy.id {
            throw .refused("there is a policy `\(policy.name.shown)` already: choose another name")
        }
        guard try reader.server(policy.server) != nil else {
            throw .notFound(Subject(.server, id: policy.server))
        }
        let old = try reader.policy(policy.id)
        if let old, old.server != policy.server {
            let users = try users(of: old)
            guard users.isEmpty else {
                throw inUse(old.subject, by: users)
            }
        }
        policy.created = old?.created ?? now
        try commit(policy.subject, before: old.map { [$0.row] } ?? [], after: [policy.row])
    }

    /// Adds a document to a policy, which is in force from then on, and returns its number.
    ///
    /// The bytes of the version in force add nothing: its number is returned. The caller has compiled the document, and
    /// `digest` is the SHA-256 of its canonical form.
    @discardableResult
    public func add(
        version source: [UInt8],
        digest: [UInt8],
        to policy: EntityID,
        note: ByteString? = nil
    ) throws(StoreError) -> Int {
        guard let record = try reader.policy(policy) else {
            throw .notFound(Subject(.policy, id: policy))
        }
        try checkDigest(digest)
        guard source.count <= Self.maximumPolicyBytes else {
            throw .refused("a policy has at most \(Self.maximumPolicyBytes) bytes, this one \(source.count)")
        }
        guard (note?.count ?? 0) <= 1_024 else {
            throw .refused("a note has at most 1024 bytes")
        }
        let current = try reader.currentVersion(of: policy)
        if let current, current.source == source {
            return current.number
        }
        let version = PolicyVersion(
            policy: policy,
            number: (current?.number ?? 0) + 1,
            source: source,
            digest: digest,
            author: ByteString("\(author)"),
            time: now,
            note: note
        )
        try tables.put(version.row)
        try self.note(current == nil ? .add : .change, record.subject, before: current?.digest, after: digest)
        return version.number
    }

    /// Removes a policy and all its versions; refused while a grant or a bundle uses it.
    public func remove(policy id: EntityID) throws(StoreError) {
        guard let policy = try reader.policy(id) else {
            throw .notFound(Subject(.policy, id: id))
        }
        let users = try users(of: policy)
        guard users.isEmpty else {
            throw inUse(policy.subject, by: users)
        }
        try tables.remove(from: PolicyVersion.table, RowSelection([("policy", .id(id))]))
        try commit(policy.subject, before: [policy.row], after: [])
    }

    private func users(of policy: PolicyRecord) throws(StoreError) -> [Subject] {
        let grants = try reader.tables.all(GrantRecord.self, RowSelection([("policy", .id(policy.id))]))
        return grants.map(\.subject) + (try bundles { $0.policy == policy.id })
    }
}
