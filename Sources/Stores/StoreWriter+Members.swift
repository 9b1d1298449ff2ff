internal import Base
public import Settings

/// What becomes of a member's grants when the member goes.
public enum OrphanedGrants: Hashable, Sendable {
    /// The member stays while there is one that is not revoked.
    case refuse
    /// All are revoked.
    case revoke
    /// They belong to nobody and stay in force.
    case keep
    /// They belong to another member.
    case give(to: EntityID)
}

extension StoreWriter {
    /// Adds a member, or edits the one with its identity.
    ///
    /// Refused: a label that is none or taken, an address that is none or that another account signs in with, taking the
    /// last active admin's role away while there are other members, or that of the last one who can sign in (security.md,
    /// F8).
    ///
    /// A member who is not active any more loses their sessions and admin tokens at once; one whose role changes signs in
    /// anew, and their tokens may do no more than they.
    public func save(_ member: MemberRecord) throws(StoreError) {
        var member = member
        try checkLabel(member.label, "label of a member")
        if let other = try reader.member(labelled: member.label), other.id != member.id {
            throw .refused("there is a member `\(member.label.shown)` already: choose another label")
        }
        if let email = member.email {
            try checkEmail(email)
        }
        let old = try reader.member(member.id)
        member.created = old?.created ?? now
        if let old, old.rules, !member.rules {
            try checkNotLastAdmin(old, isLeaving: false)
            try checkNotLastAdminWithAccount(old)
        }
        if let old {
            try checkAddress(of: old, as: member)
        }
        try commit(member.subject, before: old.map { [$0.row] } ?? [], after: [member.row])
        if let old {
            try settleAccess(of: old, as: member)
        }
    }

    /// Refuses what is no address as far as bytes can tell; whether anybody reads it there is another matter.
    func checkEmail(_ email: ByteString) throws(StoreError) {
        let isPlain = email.bytes.allSatisfy { (0x21...0x7E).contains($0) }
        guard (3...254).contains(email.count), isPlain, email.bytes.count(where: { $0 == 0x40 }) == 1 else {
            throw .refused("`\(email.shown)` is no address: write NAME@HOST")
        }
    }

    /// Removes a member, their account, sessions and admin tokens; what becomes of their grants is the caller's to say, and
    /// to have asked.
    ///
    /// Refused: the last active admin while there are other members, and the last one who can sign in.
    public func remove(member id: EntityID, grants: OrphanedGrants) throws(StoreError) {
        guard let member = try reader.member(id) else {
            throw .notFound(Subject(.member, id: id))
        }
        if member.rules {
            try checkNotLastAdmin(member, isLeaving: true)
            try checkNotLastAdminWithAccount(member)
        }
        let owned = try reader.grants(ownedBy: id)
        let live = owned.filter { $0.revoked == nil }
        switch grants {
        case .refuse where !live.isEmpty:
            throw inUse(member.subject, by: live.map(\.subject))
        case .give(let heir):
            guard heir != id, try reader.member(heir) != nil else {
                throw .notFound(Subject(.member, id: heir))
            }
            try give(owned, to: heir)
        case .revoke:
            for grant in live {
                try revoke(grant: grant.id)
            }
            try give(try reader.grants(ownedBy: id), to: nil)
        case .keep, .refuse:
            try give(owned, to: nil)
        }
        try settleAccess(of: member, as: nil)
        try commit(member.subject, before: [member.row], after: [])
    }

    private func give(_ grants: [GrantRecord], to owner: EntityID?) throws(StoreError) {
        for old in grants {
            var new = old
            new.owner = owner
            try commit(old.subject, before: [old.row], after: [new.row])
        }
    }

    private func checkNotLastAdmin(_ member: MemberRecord, isLeaving: Bool) throws(StoreError) {
        let others = try reader.members().filter { $0.id != member.id }
        guard others.isEmpty ? isLeaving : others.contains(where: \.rules) else {
            throw .refused("\(member.subject) is the last active admin: make another member admin first")
        }
    }
}

extension MemberRecord {
    fileprivate var rules: Bool { role == .admin && isActive }
}
