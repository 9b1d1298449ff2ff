public import Base
public import Secrets
public import Settings

/// Somebody whose session or token is good, and what they may do right now.
public struct Identity: Hashable, Sendable {
    /// What opened.
    public enum Means: Hashable, Sendable {
        /// A person, in a browser.
        case session(SessionRecord)
        /// A machine.
        case token(AdminTokenRecord)
    }

    /// The member it acts for, who is active.
    public let member: MemberRecord
    /// What it may do: the member's role, or less.
    public let role: MemberRole
    /// What opened.
    public let means: Means

    /// Who stands in the events of what they do.
    public var author: Author {
        switch means {
        case .session: Author(.member, name: member.label)
        case .token(let token): Author(.token, name: ByteString("\(member.label.text)/\(token.label.text)"))
        }
    }
}

// MARK: - Accounts

extension StoreReader {
    /// All accounts, by address.
    public func accounts() throws(StoreError) -> [AccountRecord] {
        try tables.all(AccountRecord.self).sorted { $0.email < $1.email }
    }

    /// Whether anybody can sign in: without an account the first is still to be made.
    public func hasAccounts() throws(StoreError) -> Bool {
        try !tables.all(AccountRecord.self, RowSelection(limit: 1)).isEmpty
    }

    /// A member's account.
    public func account(of member: EntityID) throws(StoreError) -> AccountRecord? {
        try tables.first(AccountRecord.self, [("member", .id(member))])
    }

    /// The account that signs in with an address; case does not matter.
    public func account(email: ByteString) throws(StoreError) -> AccountRecord? {
        try tables.first(AccountRecord.self, [("email", .text(AccountRecord.normalised(email)))])
    }

    /// What signing in has left behind; `nil` when nobody has.
    public func use(ofAccount member: EntityID) throws(StoreError) -> AccountUse? {
        try tables.first(AccountUse.self, [("member", .id(member))])
    }

    /// How many recovery codes an account has left.
    public func recoveryCodes(of member: EntityID) throws(StoreError) -> Int {
        try tables.count(of: RecoveryCodeRow.table, RowSelection([("member", .id(member))]))
    }
}

// MARK: - Sessions and tokens

extension StoreReader {
    /// A member's sessions that are open, the newest first.
    public func sessions(of member: EntityID, at now: WallTime) throws(StoreError) -> [SessionRecord] {
        try tables.all(SessionRecord.self, RowSelection([("member", .id(member))]))
            .filter { $0.isOpen(at: now) }
            .sorted { $0.created > $1.created }
    }

    /// Every session that is open.
    public func sessions(at now: WallTime) throws(StoreError) -> [SessionRecord] {
        try tables.all(SessionRecord.self).filter { $0.isOpen(at: now) }.sorted { $0.created < $1.created }
    }

    /// Whose session a token opens; `nil` for a token nobody has, one that has ended, and a member who is not active.
    public func identity(session digests: [GrantDigest], at now: WallTime) throws(StoreError) -> Identity? {
        for digest in digests {
            guard let session = try tables.first(SessionRecord.self, [("digest", .bytes(digest.bytes))]) else {
                continue
            }
            guard session.isOpen(at: now), let member = try member(session.member), member.isActive else {
                return nil
            }
            return Identity(member: member, role: member.role, means: .session(session))
        }
        return nil
    }

    /// For whom an admin token acts; `nil` for one nobody has, one that has expired, and an owner who is not active.
    public func identity(token digests: [GrantDigest], at now: WallTime) throws(StoreError) -> Identity? {
        for digest in digests {
            guard let token = try tables.first(AdminTokenRecord.self, [("digest", .bytes(digest.bytes))]) else {
                continue
            }
            guard token.isOpen(at: now), let member = try member(token.owner), member.isActive else {
                return nil
            }
            return Identity(member: member, role: min(token.role, member.role), means: .token(token))
        }
        return nil
    }

    /// All admin tokens, expired ones too.
    public func adminTokens() throws(StoreError) -> [AdminTokenRecord] {
        try tables.all(AdminTokenRecord.self).sorted { $0.label < $1.label }
    }

    /// An admin token by its identity.
    public func adminToken(_ id: EntityID) throws(StoreError) -> AdminTokenRecord? {
        try tables.first(AdminTokenRecord.self, [("id", .id(id))])
    }

    /// An admin token by its label.
    public func adminToken(labelled label: ByteString) throws(StoreError) -> AdminTokenRecord? {
        try tables.first(AdminTokenRecord.self, [("label", .text(label))])
    }

    /// The admin tokens that act for a member.
    public func adminTokens(ownedBy member: EntityID) throws(StoreError) -> [AdminTokenRecord] {
        try tables.all(AdminTokenRecord.self, RowSelection([("owner", .id(member))])).sorted { $0.label < $1.label }
    }

    /// When each admin token was last used; those never used are not in it.
    public func adminTokenUses() throws(StoreError) -> [EntityID: WallTime] {
        var uses: [EntityID: WallTime] = [:]
        for use in try tables.all(AdminTokenUse.self) {
            uses[use.token] = use.time
        }
        return uses
    }
}

// MARK: - Joining

extension StoreReader {
    /// All invitations that can still be accepted, by address.
    public func invitations(at now: WallTime) throws(StoreError) -> [InvitationRecord] {
        try tables.all(InvitationRecord.self).filter { $0.isOpen(at: now) }.sorted { $0.email < $1.email }
    }

    /// The invitation a token belongs to, while it can be accepted.
    public func invitation(matching digests: [GrantDigest], at now: WallTime) throws(StoreError) -> InvitationRecord? {
        for digest in digests {
            if let found = try tables.first(InvitationRecord.self, [("digest", .bytes(digest.bytes))]) {
                return found.isOpen(at: now) ? found : nil
            }
        }
        return nil
    }

    /// The link that makes the first account, while it is good: not over, and no account there.
    public func setupLink(at now: WallTime) throws(StoreError) -> SetupLinkRecord? {
        guard let link = try tables.all(SetupLinkRecord.self).first, now < link.expires, try !hasAccounts() else {
            return nil
        }
        return link
    }

    /// The active admins who can sign in.
    func adminsWithAccount() throws(StoreError) -> Set<EntityID> {
        var found: Set<EntityID> = []
        for account in try tables.all(AccountRecord.self) {
            if let member = try member(account.member), member.role == .admin, member.isActive {
                found.insert(member.id)
            }
        }
        return found
    }
}
