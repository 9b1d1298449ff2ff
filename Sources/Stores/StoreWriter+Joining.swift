public import Base
public import Secrets
public import Settings

// MARK: - Tokens of the admin API

extension StoreWriter {
    // LIMIT: admin tokens of all members together.
    private static let maximumTokens = 1_000

    /// Adds an admin token; one is never edited, only removed.
    ///
    /// Refused: a label that is none or taken, an owner who is not there, not active or may do less than the token, a digest
    /// that is used, an expiry that is past.
    public func add(_ token: AdminTokenRecord) throws(StoreError) {
        var token = token
        try checkLabel(token.label, "label of a token")
        guard let owner = try reader.member(token.owner) else {
            throw .notFound(Subject(.member, id: token.owner))
        }
        guard owner.isActive else {
            throw .refused("\(owner.subject) is not active: nothing acts for them")
        }
        guard token.role <= owner.role else {
            throw .refused(
                "a token may do no more than its owner: \(owner.subject) is \(owner.role.rawValue), not "
                    + "\(token.role.rawValue)"
            )
        }
        guard try reader.adminToken(labelled: token.label) == nil else {
            throw .refused("there is a token `\(token.label.shown)` already: choose another label")
        }
        guard try tables.first(AdminTokenRecord.self, [("digest", .bytes(token.digest.bytes))]) == nil else {
            throw .refused("another token has this digest: make a new one")
        }
        guard token.isOpen(at: now) else {
            throw .refused("a token that has expired opens nothing: choose a later time")
        }
        guard try tables.count(of: AdminTokenRecord.table, RowSelection()) < Self.maximumTokens else {
            throw .refused("there are \(Self.maximumTokens) tokens: remove some first")
        }
        token.organisation = try reader.organisation().id
        token.created = now
        token.createdBy = ByteString("\(author)")
        try commit(token.subject, before: [], after: [token.row])
    }

    /// Removes an admin token: from now on it is unknown.
    public func remove(token id: EntityID) throws(StoreError) {
        guard let token = try reader.adminToken(id) else {
            throw .notFound(Subject(.token, id: id))
        }
        try tables.remove(from: AdminTokenUse.table, RowSelection([("token", .id(id))]))
        try commit(token.subject, before: [token.row], after: [])
    }
}

// MARK: - Invitations

extension StoreWriter {
    // LIMIT: invitations that nobody has accepted yet.
    private static let maximumInvitations = 1_000

    /// Invites somebody; an earlier invitation to the same address is withdrawn.
    ///
    /// A member with that address and without an account is whom it gives one to, with the role they have; otherwise
    /// whoever accepts it becomes a new member.
    ///
    /// Refused: an address that is none or signs in already, a time that is past or more than 30 days ahead, an inviter who
    /// may not invite.
    public func invite(_ invitation: InvitationRecord) throws(StoreError) {
        var invitation = invitation
        try checkEmail(invitation.email)
        _ = try freeEmail(invitation.email, for: nil)
        guard invitation.isOpen(at: now),
            invitation.expires <= now.advanced(milliseconds: InvitationRecord.longestLifetime)
        else {
            throw .refused("an invitation ends within 30 days from now")
        }
        if let id = invitation.inviter {
            guard let inviter = try reader.member(id), inviter.isActive, inviter.role == .admin else {
                throw .refused("only an active admin invites")
            }
        }
        try forgetLapsedInvitations(and: invitation.email)
        guard try tables.count(of: InvitationRecord.table, RowSelection()) < Self.maximumInvitations else {
            throw .refused("\(Self.maximumInvitations) invitations are open: withdraw some first")
        }
        let known = try reader.members().filter {
            $0.email.map { AccountRecord.normalised($0) == invitation.email } ?? false
        }
        if let member = known.first {
            guard known.count == 1, member.isActive else {
                throw .refused(
                    known.count > 1
                        ? "several members have the address `\(invitation.email.shown)`: give them different ones first"
                        : "\(member.subject) is not active: make them active first"
                )
            }
            invitation.member = member.id
            invitation.role = member.role
        }
        invitation.organisation = try reader.organisation().id
        invitation.created = now
        invitation.createdBy = ByteString("\(author)")
        try commit(invitation.subject, before: [], after: [invitation.row])
    }

    /// Withdraws an invitation: from now on it is unknown.
    public func withdraw(invitation id: EntityID) throws(StoreError) {
        guard let invitation = try tables.first(InvitationRecord.self, [("id", .id(id))]) else {
            throw .notFound(Subject(.invitation, id: id))
        }
        try commit(invitation.subject, before: [invitation.row], after: [])
    }

    /// Makes a member with an account of whoever holds an invitation, and uses it up.
    ///
    /// Refused: a token that is unknown, over or used (all one sentence), a label that is taken.
    ///
    /// - Parameters:
    ///   - digests: those the token may be known by.
    ///   - label: what the new member is called; not asked for where the invitation is a member's.
    ///   - password: the hash of the password they chose.
    /// - Returns: the member.
    /// - Throws: ``StoreError``.
    public func accept(
        invitation digests: [GrantDigest],
        label: ByteString,
        password: PasswordHash
    ) throws(StoreError) -> MemberRecord {
        guard let invitation = try reader.invitation(matching: digests, at: now) else {
            throw .refused("this invitation is unknown, over, or was accepted already: ask for a new one")
        }
        let member: MemberRecord
        if let id = invitation.member {
            guard let known = try reader.member(id), known.isActive else {
                throw .refused("this invitation is unknown, over, or was accepted already: ask for a new one")
            }
            _ = try newAccount(of: known)
            member = known
        } else {
            _ = try freeEmail(invitation.email, for: nil)
            member = MemberRecord(label: label, email: invitation.email, role: invitation.role)
            try save(member)
        }
        try commit(invitation.subject, before: [invitation.row], after: [])
        try set(password: password, of: member.id)
        return try reader.member(member.id) ?? member
    }

    func withdrawInvitations(by member: EntityID) throws(StoreError) {
        for invitation in try tables.all(InvitationRecord.self, RowSelection([("inviter", .id(member))])) {
            try commit(invitation.subject, before: [invitation.row], after: [])
        }
    }

    private func forgetLapsedInvitations(and email: ByteString) throws(StoreError) {
        for invitation in try tables.all(InvitationRecord.self)
        where !invitation.isOpen(at: now) || invitation.email == email {
            try commit(invitation.subject, before: [invitation.row], after: [])
        }
    }
}

// MARK: - The first account

extension StoreWriter {
    /// Makes the link with which the first account is made; one that was made before is unknown from now on.
    ///
    /// Refused: once there is an account.
    public func makeSetupLink(_ digest: GrantDigest) throws(StoreError) {
        guard try !reader.hasAccounts() else {
            throw .refused("there is an account already: `toolgate member invite` lets others join")
        }
        let old = try tables.all(SetupLinkRecord.self).first
        let link = SetupLinkRecord(
            organisation: try reader.organisation().id,
            digest: digest,
            created: now,
            expires: now.advanced(milliseconds: SetupLinkRecord.lifetime)
        )
        try commit(link.subject, before: old.map { [$0.row] } ?? [], after: [link.row])
    }

    /// Makes the first account, an admin's, and uses the link up.
    ///
    /// A member of that label who is there already becomes that admin.
    ///
    /// Refused: once there is an account, and for a link that is unknown, over or used; all one sentence.
    ///
    /// - Parameters:
    ///   - digests: those the link's token may be known by; `nil` where whoever comes may found the organisation
    ///     (`--registration open`).
    ///   - organisation: what the organisation is called from now on; `nil`: as it is.
    ///   - label: what the admin is called.
    ///   - email: what they sign in with.
    ///   - password: the hash of the password they chose.
    /// - Returns: the admin.
    /// - Throws: ``StoreError``.
    public func found(
        link digests: [GrantDigest]?,
        organisation: ByteString?,
        label: ByteString,
        email: ByteString,
        password: PasswordHash
    ) throws(StoreError) -> MemberRecord {
        if let digests {
            guard let link = try reader.setupLink(at: now), digests.contains(link.digest) else {
                throw .refused(
                    "this link is unknown, over, or was used already: `toolgate member link` makes a new one while "
                        + "there is no account"
                )
            }
        } else if try reader.hasAccounts() {
            throw .refused("this gateway has its organisation already: ask an admin for an invitation")
        }
        try checkLabel(label, "label of a member")
        try checkEmail(email)
        if let organisation {
            try rename(organisation: organisation)
        }
        var admin = try reader.member(labelled: label) ?? MemberRecord(label: label)
        admin.email = email
        admin.role = .admin
        admin.isActive = true
        try save(admin)
        for link in try tables.all(SetupLinkRecord.self) {
            try commit(link.subject, before: [link.row], after: [])
        }
        try set(password: password, of: admin.id)
        return try reader.member(admin.id) ?? admin
    }
}
