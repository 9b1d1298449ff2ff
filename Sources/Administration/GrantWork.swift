public import Base
public import Secrets
internal import Settings
public import Stores

/// What a new grant is to be, by names.
public struct WantedGrant: Sendable {
    private let label: ByteString
    private let target: GrantTarget
    private let owner: EntityID?

    /// Looks the names up.
    ///
    /// - Throws: ``StoreError/refused(_:)`` when the label is taken, or a name is none.
    public init(
        _ label: ByteString,
        server: String?,
        bundle: String?,
        policy: String?,
        member: String?,
        _ records: Records
    ) throws(StoreError) {
        guard try records.reader.grant(labelled: label) == nil else {
            throw .refused(
                "there is a grant `\(label)` already: choose another label, or `toolgate grant rotate` it"
            )
        }
        self.label = label
        if let bundle {
            target = .bundle(try records.bundle(bundle).id)
        } else {
            let policy = try policy.map { name throws(StoreError) in try records.policy(name).id }
            target = .server(try records.server(server ?? "").id, policy: policy)
        }
        owner = try member.map { label throws(StoreError) in try records.member(label).id }
    }

    /// The grant, opened by the token with this digest.
    public func record(digest: GrantDigest, expires: WallTime?) -> GrantRecord {
        GrantRecord(label: label, target: target, digest: digest, expires: expires, owner: owner)
    }
}

extension GrantRecord {
    /// Puts the grant under a policy, or under none.
    ///
    /// - Throws: ``StoreError/refused(_:)`` for a grant that opens a bundle, or a name that is none.
    public mutating func attach(policy: String?, _ records: Records) throws(StoreError) {
        guard case .server(let server, _) = target else {
            throw .refused("grant `\(label)` opens a bundle, whose servers have their own policies")
        }
        target = .server(server, policy: try policy.map { name throws(StoreError) in try records.policy(name).id })
    }
}
