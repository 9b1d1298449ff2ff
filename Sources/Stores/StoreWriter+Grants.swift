internal import Base
public import Secrets
public import Settings

extension StoreWriter {
    /// Adds a grant, or edits label, target, expiry and owner of the one with its identity.
    ///
    /// The token of an existing grant changes only by ``rotate(grant:to:overlap:)``, and it ends by
    /// ``revoke(grant:)``. Refused: a label that is taken, a digest another grant has or had, a target that is not
    /// there, a policy of another server, an owner that is not there, any edit of a revoked grant.
    public func save(_ grant: GrantRecord) throws(StoreError) {
        var grant = grant
        try checkLabel(grant.label, "label of a grant")
        if let other = try reader.grant(labelled: grant.label), other.id != grant.id {
            throw .refused("there is a grant `\(grant.label.shown)` already: choose another label")
        }
        try checkTarget(grant.target)
        if let owner = grant.owner, try reader.member(owner) == nil {
            throw .notFound(Subject(.member, id: owner))
        }
        let old = try reader.grant(grant.id)
        if let old {
            guard grant.digest == old.digest else {
                throw .refused("the token of \(old.subject) changes only by rotating it")
            }
            grant.previous = old.previous
            grant.generation = old.generation
            grant.revoked = old.revoked
            grant.created = old.created
            grant.createdBy = old.createdBy
            guard old.revoked == nil || grant == old else {
                throw .refused("\(old.subject) is revoked, which is for good: make a new grant")
            }
        } else {
            try checkUnused(grant.digest)
            grant.previous = nil
            grant.generation = 1
            grant.revoked = nil
            grant.created = now
            grant.createdBy = ByteString("\(author)")
        }
        try commit(grant.subject, before: old.map { [$0.row] } ?? [], after: [grant.row])
    }

    /// Gives a grant a new token; the one before opens for `overlap` longer, and the one before that no more.
    ///
    /// - Parameters:
    ///   - id: the grant, which is not revoked.
    ///   - digest: of the new token; no grant has or had it.
    ///   - overlap: not negative, at most 30 days; zero ends the old token at once.
    /// - Throws: ``StoreError/refused(_:)`` for a revoked grant, a used digest or another overlap.
    public func rotate(grant id: EntityID, to digest: GrantDigest, overlap: Duration) throws(StoreError) {
        let old = try open(grant: id)
        try checkUnused(digest)
        guard overlap >= .zero, overlap <= .seconds(30 * 86_400) else {
            throw .refused("the overlap of \(old.subject) is from 0 seconds to 30 days")
        }
        let (seconds, attoseconds) = overlap.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        var new = old
        new.digest = digest
        new.generation += 1
        new.previous =
            milliseconds == 0
            ? nil
            : PreviousToken(digest: old.digest, ends: WallTime(milliseconds: now.milliseconds + milliseconds))
        try commit(old.subject, before: [old.row], after: [new.row], as: .rotate)
    }

    /// Ends a grant for good, its previous token too; one that is revoked already stays as it is.
    public func revoke(grant id: EntityID) throws(StoreError) {
        guard let old = try reader.grant(id) else {
            throw .notFound(Subject(.grant, id: id))
        }
        guard old.revoked == nil else {
            return
        }
        var new = old
        new.revoked = now
        new.previous = nil
        try commit(old.subject, before: [old.row], after: [new.row], as: .revoke)
    }

    /// Removes a grant and all trace of it but the events.
    public func remove(grant id: EntityID) throws(StoreError) {
        guard let grant = try reader.grant(id) else {
            throw .notFound(Subject(.grant, id: id))
        }
        try tables.remove(from: GrantUse.table, RowSelection([("grant_id", .id(id))]))
        try commit(grant.subject, before: [grant.row], after: [])
    }

    private func open(grant id: EntityID) throws(StoreError) -> GrantRecord {
        guard let grant = try reader.grant(id) else {
            throw .notFound(Subject(.grant, id: id))
        }
        guard grant.revoked == nil else {
            throw .refused("\(grant.subject) is revoked, which is for good: make a new grant")
        }
        return grant
    }

    private func checkUnused(_ digest: GrantDigest) throws(StoreError) {
        for column in ["digest", "previous_digest"] {
            if let other = try tables.first(GrantRecord.self, [(column, .bytes(digest.bytes))]) {
                throw .refused("\(other.subject) has this token: make a new one, a token opens one grant")
            }
        }
    }

    /// Refuses what is not there, and a policy of another server.
    func checkTarget(_ target: GrantTarget) throws(StoreError) {
        switch target {
        case .bundle(let id):
            guard try reader.bundle(id) != nil else {
                throw .notFound(Subject(.bundle, id: id))
            }
        case .server(let id, let policy):
            guard let server = try reader.server(id) else {
                throw .notFound(Subject(.server, id: id))
            }
            guard let policy else {
                return
            }
            guard let record = try reader.policy(policy) else {
                throw .notFound(Subject(.policy, id: policy))
            }
            guard record.server == id else {
                throw .refused("\(record.subject) is for another server than `\(server.name.shown)`")
            }
        }
    }
}
