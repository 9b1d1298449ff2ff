public import Base
public import Secrets
public import Settings
public import Stores

// MARK: - The first account

extension PeopleDesk {
    /// Makes the link that makes the first account: the token to put in it; `nil` once there is an account.
    ///
    /// A link that was made before is unknown from then on.
    public func makeSetupLink(by author: Author) throws(PeopleError) -> AccessToken? {
        guard try read({ reader throws(StoreError) in try !reader.hasAccounts() }) else {
            return nil
        }
        let token = AccessToken.generate(.setup)
        let digest = keys().digester.digest(of: token)
        try change(by: author) { writer throws(StoreError) in try writer.makeSetupLink(digest) }
        return token
    }

    /// Makes the first account, an admin's, and signs them in.
    ///
    /// - Parameters:
    ///   - link: the token of the link; `nil` where whoever comes first may found the organisation
    ///     (`--registration open`).
    ///   - organisation: its name; `nil`: as it is.
    ///   - label: what the admin is called.
    ///   - email: what they sign in with.
    ///   - password: as it was typed.
    ///   - address: where the request came from.
    ///   - client: what the browser calls itself.
    /// - Returns: their first session.
    /// - Throws: ``PeopleError``.
    public func found(
        link: [UInt8]?,
        organisation: ByteString?,
        label: ByteString,
        email: ByteString,
        password: Secret<[UInt8]>,
        address: ByteString,
        client: ByteString
    ) throws(PeopleError) -> SignedIn {
        let known: [GrantDigest]? = if let link { try digests(of: link, .setup) } else { nil }
        // Before the slow part: a wrong link costs nothing.
        let now = time.wallTime
        let mayFound = try read { reader throws(StoreError) in
            guard let known else {
                return try !reader.hasAccounts()
            }
            return try reader.setupLink(at: now).map { known.contains($0.digest) } ?? false
        }
        guard mayFound || link == nil else {
            throw .refused(Self.unknownLink)
        }
        guard mayFound else {
            throw .refused("this gateway has its organisation already: ask an admin for an invitation")
        }
        let hash = try hash(new: password, names: [label, email])
        let admin = try change(by: Author(.member, name: label)) { writer throws(StoreError) in
            try writer.found(link: known, organisation: organisation, label: label, email: email, password: hash)
        }
        return try firstSession(of: admin, address: address, client: client)
    }

    private static let unknownLink =
        "this link is unknown, over, or was used already: `toolgate member link` makes a new one while there is no account"
    private static let unknownInvitation =
        "this invitation is unknown, over, or was accepted already: ask for a new one"

    private func digests(of text: [UInt8], _ kind: AccessToken.Kind) throws(PeopleError) -> [GrantDigest] {
        guard let token = AccessToken(parsing: text, as: kind) else {
            throw .refused(kind == .setup ? Self.unknownLink : Self.unknownInvitation)
        }
        return keys().digester.digests(of: token)
    }

    private func firstSession(
        of member: MemberRecord,
        address: ByteString,
        client: ByteString
    ) throws(PeopleError) -> SignedIn {
        let (token, now) = (AccessToken.generate(.session), time.wallTime)
        let digest = keys().digester.digest(of: token)
        let session = try keep { ledger throws(StoreError) -> SessionRecord? in
            guard let account = try ledger.reader.account(of: member.id) else {
                return nil
            }
            let session = SessionRecord(of: account, digest: digest, address: address, client: client, now: now)
            return try ledger.open(session, for: account, proof: .none, now: now) ? session : nil
        }
        guard let session else {
            throw .wrongCredentials
        }
        return SignedIn(token: token, session: session, member: member)
    }

    // MARK: - Invitations

    /// Invites somebody: the record, and the token to put in the link, which is shown once.
    ///
    /// - Parameters:
    ///   - email: whom.
    ///   - role: what they may do; a member with that address keeps theirs.
    ///   - inviter: the admin who invites; `nil` for whoever holds the data directory.
    ///   - lifetime: how long it is good, in milliseconds, at most 30 days.
    ///   - author: who stands in the event.
    /// - Returns: the invitation and its token.
    /// - Throws: ``PeopleError``.
    public func invite(
        _ email: ByteString,
        role: MemberRole,
        inviter: EntityID?,
        lifetime: Int64 = InvitationRecord.lifetime,
        by author: Author
    ) throws(PeopleError) -> (invitation: InvitationRecord, token: AccessToken) {
        let token = AccessToken.generate(.invitation)
        let expires = time.wallTime.milliseconds.addingReportingOverflow(max(0, lifetime))
        let invitation = InvitationRecord(
            digest: keys().digester.digest(of: token),
            email: email,
            role: role,
            inviter: inviter,
            expires: WallTime(milliseconds: expires.overflow ? .max : expires.partialValue)
        )
        let kept = try change(by: author) { writer throws(StoreError) in
            try writer.invite(invitation)
            return try writer.reader.invitation(matching: [invitation.digest], at: writer.now)
        }
        return (kept ?? invitation, token)
    }

    /// Makes a member with an account of whoever holds an invitation, and signs them in.
    ///
    /// - Parameters:
    ///   - token: of the link.
    ///   - label: what a new member is called; not asked for where the invitation is a member's.
    ///   - password: as it was typed.
    ///   - address: where the request came from.
    ///   - client: what the browser calls itself.
    /// - Returns: their first session.
    /// - Throws: ``PeopleError``.
    public func accept(
        invitation token: [UInt8],
        label: ByteString,
        password: Secret<[UInt8]>,
        address: ByteString,
        client: ByteString
    ) throws(PeopleError) -> SignedIn {
        let (digests, now) = (try digests(of: token, .invitation), time.wallTime)
        let known = try read { reader throws(StoreError) in try reader.invitation(matching: digests, at: now) }
        guard let known else {
            throw .refused(Self.unknownInvitation)
        }
        let hash = try hash(new: password, names: [label, known.email])
        let member = try change(by: Author(.member, name: label)) { writer throws(StoreError) in
            try writer.accept(invitation: digests, label: label, password: hash)
        }
        return try firstSession(of: member, address: address, client: client)
    }

    // MARK: - Machines

    /// Makes an admin token: the record, and the token itself, which is shown once.
    ///
    /// - Parameters:
    ///   - label: its name in records.
    ///   - role: what it may do; not more than its owner.
    ///   - owner: the member it acts for.
    ///   - expires: from then on it is unknown; `nil`: it does not expire.
    ///   - author: who stands in the event.
    /// - Returns: the record and the token.
    /// - Throws: ``PeopleError``.
    public func makeToken(
        _ label: ByteString,
        role: MemberRole,
        owner: EntityID,
        expires: WallTime?,
        by author: Author
    ) throws(PeopleError) -> (record: AdminTokenRecord, token: AccessToken) {
        let token = AccessToken.generate(.admin)
        let record = AdminTokenRecord(
            label: label,
            owner: owner,
            role: role,
            digest: keys().digester.digest(of: token),
            expires: expires
        )
        let kept = try change(by: author) { writer throws(StoreError) in
            try writer.add(record)
            return try writer.reader.adminToken(record.id)
        }
        return (kept ?? record, token)
    }
}
