public import Base
internal import Secrets
public import Settings

/// Reads one moment's state of a store.
///
/// Good for the call it was given to only. Lists are in the order of names or labels.
public struct StoreReader {
    let tables: any StoreTables

    /// A reader over the rows of one transaction, for implementations of ``Store``.
    public init(over tables: any StoreTables) {
        self.tables = tables
    }

    func state() throws(StoreError) -> StoreState {
        guard let state = try tables.all(StoreState.self).first else {
            throw .corrupt(detail: "the row that counts changes is gone")
        }
        return state
    }

    /// The number of the last change.
    public func revision() throws(StoreError) -> Int {
        try state().revision
    }

    /// The least version of the `wrapping` key that credentials may be wrapped with; 0 before the first rotation.
    public func wrappingVersion() throws(StoreError) -> Int {
        try state().wrappingVersion
    }

    /// What tells the key file the store is used with from others, 32 bytes; `nil` before it was served.
    public func keyCheck() throws(StoreError) -> [UInt8]? {
        try state().keyCheck
    }

    /// Whom the store belongs to.
    public func organisation() throws(StoreError) -> OrganisationRecord {
        guard let organisation = try tables.all(OrganisationRecord.self).first else {
            throw .corrupt(detail: "the organisation's row is gone")
        }
        return organisation
    }
}

// MARK: - Members

extension StoreReader {
    /// All members.
    public func members() throws(StoreError) -> [MemberRecord] {
        try tables.all(MemberRecord.self).sorted { $0.label < $1.label }
    }

    /// A member by its identity.
    public func member(_ id: EntityID) throws(StoreError) -> MemberRecord? {
        try tables.first(MemberRecord.self, [("id", .id(id))])
    }

    /// A member by its label.
    public func member(labelled label: ByteString) throws(StoreError) -> MemberRecord? {
        try tables.first(MemberRecord.self, [("label", .text(label))])
    }
}

// MARK: - Servers and bundles

extension StoreReader {
    /// All servers, with their headers.
    public func servers() throws(StoreError) -> [ServerRecord] {
        var servers = try tables.all(ServerRecord.self)
        var headers: [EntityID: [HeaderReference]] = [:]
        for row in try tables.all(ServerHeader.self) {
            headers[row.server, default: []].append(row.header)
        }
        for index in servers.indices {
            servers[index].headers = headers[servers[index].id] ?? []
        }
        return servers.sorted { $0.name < $1.name }
    }

    /// A server by its identity.
    public func server(_ id: EntityID) throws(StoreError) -> ServerRecord? {
        try withHeaders(try tables.first(ServerRecord.self, [("id", .id(id))]))
    }

    /// A server by its name.
    public func server(named name: ByteString) throws(StoreError) -> ServerRecord? {
        try withHeaders(try tables.first(ServerRecord.self, [("name", .text(name))]))
    }

    private func withHeaders(_ server: ServerRecord?) throws(StoreError) -> ServerRecord? {
        guard var server else {
            return nil
        }
        server.headers = try tables.all(ServerHeader.self, RowSelection([("server", .id(server.id))])).map(\.header)
        return server
    }

    /// All bundles, with their members.
    public func bundles() throws(StoreError) -> [BundleRecord] {
        var bundles = try tables.all(BundleRecord.self)
        var parts: [EntityID: [BundlePart]] = [:]
        for row in try tables.all(BundleMember.self) {
            parts[row.bundle, default: []].append(row.part)
        }
        for index in bundles.indices {
            bundles[index].members = parts[bundles[index].id] ?? []
        }
        return bundles.sorted { $0.name < $1.name }
    }

    /// A bundle by its identity.
    public func bundle(_ id: EntityID) throws(StoreError) -> BundleRecord? {
        try withParts(try tables.first(BundleRecord.self, [("id", .id(id))]))
    }

    /// A bundle by its name.
    public func bundle(named name: ByteString) throws(StoreError) -> BundleRecord? {
        try withParts(try tables.first(BundleRecord.self, [("name", .text(name))]))
    }

    private func withParts(_ bundle: BundleRecord?) throws(StoreError) -> BundleRecord? {
        guard var bundle else {
            return nil
        }
        bundle.members = try tables.all(BundleMember.self, RowSelection([("bundle", .id(bundle.id))])).map(\.part)
        return bundle
    }
}

// MARK: - Policies

extension StoreReader {
    /// All policies.
    public func policies() throws(StoreError) -> [PolicyRecord] {
        try tables.all(PolicyRecord.self).sorted { $0.name < $1.name }
    }

    /// A policy by its identity.
    public func policy(_ id: EntityID) throws(StoreError) -> PolicyRecord? {
        try tables.first(PolicyRecord.self, [("id", .id(id))])
    }

    /// A policy by its name.
    public func policy(named name: ByteString) throws(StoreError) -> PolicyRecord? {
        try tables.first(PolicyRecord.self, [("name", .text(name))])
    }

    /// The version in force; `nil` for a policy without any.
    public func currentVersion(of policy: EntityID) throws(StoreError) -> PolicyVersion? {
        try versions(of: policy, limit: 1).first
    }

    /// The versions of a policy, the newest first.
    public func versions(of policy: EntityID, limit: Int? = nil) throws(StoreError) -> [PolicyVersion] {
        let selection = RowSelection([("policy", .id(policy))], isDescending: true, limit: limit)
        return try tables.all(PolicyVersion.self, selection)
    }

    /// One version of a policy.
    public func version(_ number: Int, of policy: EntityID) throws(StoreError) -> PolicyVersion? {
        try tables.first(PolicyVersion.self, [("policy", .id(policy)), ("number", .count(number))])
    }
}

// MARK: - Grants

extension StoreReader {
    /// All grants, revoked and expired ones too.
    public func grants() throws(StoreError) -> [GrantRecord] {
        try tables.all(GrantRecord.self).sorted { $0.label < $1.label }
    }

    /// A grant by its identity.
    public func grant(_ id: EntityID) throws(StoreError) -> GrantRecord? {
        try tables.first(GrantRecord.self, [("id", .id(id))])
    }

    /// A grant by its label.
    public func grant(labelled label: ByteString) throws(StoreError) -> GrantRecord? {
        try tables.first(GrantRecord.self, [("label", .text(label))])
    }

    /// The grants that belong to a member.
    public func grants(ownedBy member: EntityID) throws(StoreError) -> [GrantRecord] {
        try tables.all(GrantRecord.self, RowSelection([("owner", .id(member))])).sorted { $0.label < $1.label }
    }

    /// When each grant was last used; those never used are not in it.
    public func lastUses() throws(StoreError) -> [EntityID: WallTime] {
        var uses: [EntityID: WallTime] = [:]
        for use in try tables.all(GrantUse.self) {
            uses[use.grant] = use.time
        }
        return uses
    }
}

// MARK: - Credentials, pins, counters, events

extension StoreReader {
    /// All credentials, sealed.
    public func credentials() throws(StoreError) -> [CredentialRecord] {
        try tables.all(CredentialRecord.self).sorted { $0.name < $1.name }
    }

    /// A credential by its name.
    public func credential(named name: ByteString) throws(StoreError) -> CredentialRecord? {
        try tables.first(CredentialRecord.self, [("name", .text(name))])
    }

    /// The credentials of a server.
    public func credentials(of server: EntityID) throws(StoreError) -> [CredentialRecord] {
        try tables.all(CredentialRecord.self, RowSelection([("server", .id(server))])).sorted { $0.name < $1.name }
    }

    /// The pins of a server's tools, by name.
    public func pins(of server: EntityID) throws(StoreError) -> [ToolPin] {
        try tables.all(ToolPin.self, RowSelection([("server", .id(server))]))
    }

    /// One tool's pin.
    public func pin(of tool: ByteString, at server: EntityID) throws(StoreError) -> ToolPin? {
        try tables.first(ToolPin.self, [("server", .id(server)), ("tool", .text(tool))])
    }

    /// Every approval that is kept, those that have lapsed included; oldest first.
    public func approvals() throws(StoreError) -> [ApprovalRecord] {
        try tables.all(ApprovalRecord.self).sorted { $0.created < $1.created }
    }

    /// An approval by its identity.
    public func approval(_ id: EntityID) throws(StoreError) -> ApprovalRecord? {
        try tables.first(ApprovalRecord.self, [("id", .id(id))])
    }

    /// Every counter that is kept.
    public func quotaStates() throws(StoreError) -> [QuotaState] {
        try tables.all(QuotaState.self)
    }

    /// The events after a sequence number, oldest first.
    public func events(after sequence: Int = 0, limit: Int) throws(StoreError) -> [AdminEvent] {
        try tables.all(AdminEvent.self, RowSelection(after: Int64(sequence), limit: limit))
    }

    /// The newest events, newest first.
    public func latestEvents(limit: Int) throws(StoreError) -> [AdminEvent] {
        try tables.all(AdminEvent.self, RowSelection(isDescending: true, limit: limit))
    }
}
