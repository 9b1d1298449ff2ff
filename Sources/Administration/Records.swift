public import Base
public import Settings
public import Stores

/// A store's records by the names people give them; a name that is none says which are near.
///
/// Good for the read or change it was made in only.
public struct Records {
    /// The state it looks at.
    public let reader: StoreReader

    /// Names in this state.
    public init(_ reader: StoreReader) {
        self.reader = reader
    }

    /// A server by name.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none, with names that are near.
    public func server(_ name: String) throws(StoreError) -> ServerRecord {
        guard let record = try reader.server(named: ByteString(name)) else {
            throw unknown("server", name, try reader.servers().map(\.name))
        }
        return record
    }

    /// A bundle by name.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none, with names that are near.
    public func bundle(_ name: String) throws(StoreError) -> BundleRecord {
        guard let record = try reader.bundle(named: ByteString(name)) else {
            throw unknown("bundle", name, try reader.bundles().map(\.name))
        }
        return record
    }

    /// A policy by name.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none, with names that are near.
    public func policy(_ name: String) throws(StoreError) -> PolicyRecord {
        guard let record = try reader.policy(named: ByteString(name)) else {
            throw unknown("policy", name, try reader.policies().map(\.name))
        }
        return record
    }

    /// A member by name.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none, with names that are near.
    public func member(_ label: String) throws(StoreError) -> MemberRecord {
        guard let record = try reader.member(labelled: ByteString(label)) else {
            throw unknown("member", label, try reader.members().map(\.label))
        }
        return record
    }

    /// A grant by name.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none, with names that are near.
    public func grant(_ label: String) throws(StoreError) -> GrantRecord {
        guard let record = try reader.grant(labelled: ByteString(label)) else {
            throw unknown("grant", label, try reader.grants().map(\.label))
        }
        return record
    }

    /// A credential by name.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none, with names that are near.
    public func credential(_ name: String) throws(StoreError) -> CredentialRecord {
        guard let record = try reader.credential(named: ByteString(name)) else {
            throw unknown("credential", name, try reader.credentials().map(\.name))
        }
        return record
    }

    /// A version of a policy; the one in force without a number.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when there is none.
    public func version(_ number: Int?, of policy: PolicyRecord) throws(StoreError) -> PolicyVersion {
        guard let number else {
            guard let current = try reader.currentVersion(of: policy.id) else {
                throw .refused(
                    "policy `\(policy.name)` has no version yet: `toolgate policy edit \(policy.name) --file FILE`"
                )
            }
            return current
        }
        guard let version = try reader.version(number, of: policy.id) else {
            throw .refused(
                "policy `\(policy.name)` has no version \(number): `toolgate policy history \(policy.name)` lists them"
            )
        }
        return version
    }

    private func unknown(_ kind: String, _ name: String, _ known: [ByteString]) -> StoreError {
        // Of a name of a letter or two everything is near.
        let guess = name.utf8.count > 2 ? NearestName.of(Array(name.utf8), among: known.map(\.bytes)) : nil
        let near = guess.map { "did you mean `\(String(decoding: $0, as: UTF8.self))`? " } ?? ""
        return .refused("there is no \(kind) `\(name.prefix(128))`: \(near)`toolgate \(kind) list` lists them")
    }
}

/// What identities are called, read once for a list.
public struct RecordNames {
    /// Of servers.
    public private(set) var servers: [EntityID: ByteString] = [:]
    /// Of bundles.
    public private(set) var bundles: [EntityID: ByteString] = [:]
    /// Of policies.
    public private(set) var policies: [EntityID: ByteString] = [:]
    /// Of members.
    public private(set) var members: [EntityID: ByteString] = [:]

    private var policiesOf: [EntityID: [ByteString]] = [:]

    /// Reads them.
    public init(_ records: Records) throws(StoreError) {
        for record in try records.reader.servers() {
            servers[record.id] = record.name
        }
        for record in try records.reader.bundles() {
            bundles[record.id] = record.name
        }
        for record in try records.reader.policies() {
            policies[record.id] = record.name
            policiesOf[record.server, default: []].append(record.name)
        }
        for record in try records.reader.members() {
            members[record.id] = record.label
        }
    }

    /// The policies for a server.
    public func policies(of server: EntityID) -> [ByteString] { policiesOf[server] ?? [] }
}

extension EntityID {
    /// The identity as it is printed.
    public var shown: ShownValue { .text(String(decoding: text, as: UTF8.self)) }
}
