internal import Base
public import Secrets
public import Settings

extension StoreWriter {
    /// How long a new second factor waits for its first code, in milliseconds: 10 minutes.
    public static let pendingFactorLifetime: Int64 = 600_000

    /// Gives a member a password, and an account when they have none; their sessions end.
    ///
    /// Refused: a member without an address, or with one that another account has.
    ///
    /// - Parameters:
    ///   - password: the hash of a password that `PasswordRules` took.
    ///   - member: whose.
    ///   - session: the one that goes on, because its holder did this; its token is rotated next.
    /// - Throws: ``StoreError``.
    public func set(
        password: PasswordHash,
        of member: EntityID,
        keeping session: EntityID? = nil
    ) throws(StoreError) {
        guard let record = try reader.member(member) else {
            throw .notFound(Subject(.member, id: member))
        }
        let old = try reader.account(of: member)
        var new = if let old { old } else { try newAccount(of: record) }
        new.password = password
        new.passwordSet = now
        try commit(record.accountSubject, before: old.map { [$0.row] } ?? [], after: [new.row])
        try StoreLedger(over: tables).endSessions(of: member, except: session)
    }

    /// Hashes a password anew that was just proved, because hashing has become dearer; nothing else changes.
    ///
    /// Nothing happens when the account has another password by now.
    public func rehash(_ password: PasswordHash, of account: AccountRecord) throws(StoreError) {
        guard try reader.account(of: account.member) == account, let member = try reader.member(account.member) else {
            return
        }
        var new = account
        new.password = password
        try commit(member.accountSubject, before: [account.row], after: [new.row])
    }

    /// Lets a new second factor wait for the first code made from it, ten minutes; the one in force stays meanwhile.
    public func begin(secondFactor sealed: SealedCredential, of member: EntityID) throws(StoreError) {
        let (record, old) = try account(member)
        try checkSealed(sealed, of: record.accountSubject, atLeast: try reader.wrappingVersion())
        var new = old
        new.pendingFactor = AccountRecord.PendingFactor(
            sealed: sealed,
            until: now.advanced(milliseconds: Self.pendingFactorLifetime)
        )
        try commit(record.accountSubject, before: [old.row], after: [new.row])
    }

    /// Puts the second factor that waited in force, with new recovery codes; other sessions of the member end.
    ///
    /// Refused: when none waits, and for a step that is spent.
    ///
    /// - Parameters:
    ///   - member: whose.
    ///   - step: of the code that proved it.
    ///   - codes: the digests of the recovery codes that were shown.
    ///   - session: the one that goes on; its token is rotated next.
    /// - Throws: ``StoreError``.
    public func confirmSecondFactor(
        of member: EntityID,
        step: Int64,
        codes: [GrantDigest],
        keeping session: EntityID?
    ) throws(StoreError) {
        let (record, old) = try account(member)
        guard let pending = old.pendingFactor, now < pending.until else {
            throw .refused("no second factor waits for its first code: begin anew")
        }
        guard try Factors(reader).take(step, of: member) else {
            throw .refused("this code was used already: wait for the next one")
        }
        var new = old
        new.secondFactor = pending.sealed
        new.pendingFactor = nil
        try commit(record.accountSubject, before: [old.row], after: [new.row])
        try Factors(reader).replaceCodes(of: member, with: codes)
        try StoreLedger(over: tables).endSessions(of: member, except: session)
    }

    /// Puts new recovery codes in the place of those a member has.
    ///
    /// Refused: without a second factor, and for a proof that is none or spent.
    public func renew(
        recoveryCodes codes: [GrantDigest],
        of member: EntityID,
        proof: SecondProof
    ) throws(StoreError) {
        let (record, account) = try account(member)
        guard account.secondFactor != nil, try Factors(reader).spend(proof, of: account) else {
            throw .refused("this code is not the one of now, or was used already: wait for the next one")
        }
        try Factors(reader).replaceCodes(of: member, with: codes)
        try note(.change, record.accountSubject, before: nil, after: nil)
    }

    /// Takes a member's second factor and recovery codes away; their sessions end.
    ///
    /// - Parameters:
    ///   - member: whose; one who has none stays as they are.
    ///   - proof: what they proved; `nil` for whoever holds the data directory.
    ///   - session: the one that goes on; its token is rotated next.
    /// - Throws: ``StoreError``.
    public func removeSecondFactor(
        of member: EntityID,
        proof: SecondProof?,
        keeping session: EntityID? = nil
    ) throws(StoreError) {
        let (record, old) = try account(member)
        guard old.secondFactor != nil || old.pendingFactor != nil else {
            return
        }
        if let proof, try !Factors(reader).spend(proof, of: old) {
            throw .refused("this code is not the one of now, or was used already: wait for the next one")
        }
        var new = old
        new.secondFactor = nil
        new.pendingFactor = nil
        try commit(record.accountSubject, before: [old.row], after: [new.row])
        try Factors(reader).replaceCodes(of: member, with: [])
        try StoreLedger(over: tables).endSessions(of: member, except: session)
    }

    /// Ends all sessions of a member, somebody else having asked for it.
    ///
    /// - Returns: how many were open.
    @discardableResult
    public func endSessions(of member: EntityID) throws(StoreError) -> Int {
        guard let record = try reader.member(member) else {
            throw .notFound(Subject(.member, id: member))
        }
        let open = try reader.sessions(of: member, at: now).count
        try StoreLedger(over: tables).endSessions(of: member)
        if open > 0 {
            try note(.revoke, Subject(.session, record.label), before: nil, after: nil)
        }
        return open
    }

    private func account(_ member: EntityID) throws(StoreError) -> (MemberRecord, AccountRecord) {
        guard let record = try reader.member(member) else {
            throw .notFound(Subject(.member, id: member))
        }
        guard let account = try reader.account(of: member) else {
            throw .refused("\(record.subject) has no account: invite them, or give them a password")
        }
        return (record, account)
    }

    /// An account as it begins, not kept yet.
    func newAccount(of member: MemberRecord) throws(StoreError) -> AccountRecord {
        guard let email = member.email else {
            throw .refused("\(member.subject) has no address to sign in with: give them one first")
        }
        return AccountRecord(
            member: member.id,
            organisation: try reader.organisation().id,
            email: try freeEmail(email, for: member),
            password: nil,
            passwordSet: now,
            secondFactor: nil,
            pendingFactor: nil,
            created: now
        )
    }

    /// The address as accounts have it; refuses one that another account has.
    func freeEmail(_ email: ByteString, for member: MemberRecord?) throws(StoreError) -> ByteString {
        if let other = try reader.account(email: email), other.member != member?.id {
            throw .refused("somebody signs in with `\(email.shown)` already: use another address")
        }
        return AccountRecord.normalised(email)
    }
}

// MARK: - What members' changes mean for how they get in

extension StoreWriter {
    /// Keeps an account at its member's address, and ends what a member may not use any more.
    ///
    /// - Parameters:
    ///   - old: the member as they were.
    ///   - new: as they are from now on; `nil`: they are gone.
    /// - Throws: ``StoreError``.
    func settleAccess(of old: MemberRecord, as new: MemberRecord?) throws(StoreError) {
        let ledger = StoreLedger(over: tables)
        guard let new, new.isActive else {
            try ledger.endSessions(of: old.id)
            for token in try reader.adminTokens(ownedBy: old.id) {
                try remove(token: token.id)
            }
            try withdrawInvitations(by: old.id)
            if new == nil {
                try removeAccount(of: old)
            }
            return
        }
        if let account = try reader.account(of: new.id), let email = new.email {
            var moved = account
            moved.email = try freeEmail(email, for: new)
            try commit(new.accountSubject, before: [account.row], after: [moved.row])
        }
        guard new.role != old.role else {
            return
        }
        // Who may do more, or less, than before shows their password again.
        try ledger.endSessions(of: new.id)
        for token in try reader.adminTokens(ownedBy: new.id) where token.role > new.role {
            var less = token
            less.role = new.role
            try commit(token.subject, before: [token.row], after: [less.row])
        }
        if new.role != .admin {
            try withdrawInvitations(by: new.id)
        }
    }

    /// Refuses an address that a member with an account cannot have.
    func checkAddress(of old: MemberRecord, as new: MemberRecord) throws(StoreError) {
        guard try reader.account(of: old.id) != nil else {
            return
        }
        guard let email = new.email else {
            throw .refused("\(old.subject) signs in with their address: give them another one instead of none")
        }
        _ = try freeEmail(email, for: new)
    }

    /// Refuses what would leave nobody who can sign in and administer.
    func checkNotLastAdminWithAccount(_ member: MemberRecord) throws(StoreError) {
        let admins = try reader.adminsWithAccount()
        if admins == [member.id] {
            throw .refused(
                "\(member.subject) is the last active admin who can sign in: give another admin an account first"
            )
        }
    }

    private func removeAccount(of member: MemberRecord) throws(StoreError) {
        for invitation in try tables.all(InvitationRecord.self, RowSelection([("member", .id(member.id))])) {
            try commit(invitation.subject, before: [invitation.row], after: [])
        }
        guard let account = try reader.account(of: member.id) else {
            return
        }
        try Factors(reader).replaceCodes(of: member.id, with: [])
        try tables.remove(from: AccountUse.table, RowSelection([("member", .id(member.id))]))
        try commit(member.accountSubject, before: [account.row], after: [])
    }
}

extension MemberRecord {
    var accountSubject: Subject { Subject(.account, label) }
}
