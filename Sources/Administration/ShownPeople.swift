public import Base
internal import Settings
public import Stores

/// How people and machines get in, as people and programs see it: never a token, a digest, a secret or a hash.
///
/// Good for the read or change it was made in only.
public struct ShownPeople {
    private let reader: StoreReader
    private let labels: [EntityID: ByteString]
    private let tokenUses: [EntityID: WallTime]
    private let now: WallTime

    /// Reads what names and uses take.
    public init(_ reader: StoreReader, now: WallTime) throws(StoreError) {
        self.reader = reader
        self.now = now
        var labels: [EntityID: ByteString] = [:]
        for member in try reader.members() {
            labels[member.id] = member.label
        }
        self.labels = labels
        tokenUses = try reader.adminTokenUses()
    }

    /// A token of the admin API.
    public func record(of token: AdminTokenRecord) -> ShownRecord {
        ShownRecord([
            ("label", .text(token.label.text)), ("id", token.id.shown),
            ("state", .text(token.isOpen(at: now) ? "open" : "expired")), ("role", .text(token.role.rawValue)),
            ("member", .optional(labels[token.owner], orElse: "nobody")),
            ("last_used", .optional(tokenUses[token.id], orElse: "never")),
            ("expires", .optional(token.expires, orElse: "never")), ("created", .time(token.created)),
            ("created_by", .text(token.createdBy.text)),
        ])
    }

    /// An invitation that can still be accepted.
    public func record(of invitation: InvitationRecord) -> ShownRecord {
        ShownRecord([
            ("email", .text(invitation.email.text)), ("id", invitation.id.shown),
            ("role", .text(invitation.role.rawValue)),
            ("member", .optional(invitation.member.flatMap { labels[$0] }, orElse: "a new one")),
            ("expires", .time(invitation.expires)), ("created", .time(invitation.created)),
            ("created_by", .text(invitation.createdBy.text)),
        ])
    }

    /// A session that is open.
    public func record(of session: SessionRecord) -> ShownRecord {
        ShownRecord([
            ("id", session.id.shown), ("member", .optional(labels[session.member], orElse: "nobody")),
            ("address", .text(session.address.text)), ("client", .text(session.client.text)),
            ("last_seen", .time(session.lastSeen)), ("ends", .time(session.ends)),
            ("created", .time(session.created)),
        ])
    }

    /// What there is of a member's account; `nil` when they have none.
    public func account(of member: MemberRecord) throws(StoreError) -> ShownRecord? {
        guard let account = try reader.account(of: member.id) else {
            return nil
        }
        let use = try reader.use(ofAccount: member.id)
        return ShownRecord([
            ("email", .text(account.email.text)), ("second_factor", .flag(account.secondFactor != nil)),
            ("recovery_codes", .number(try reader.recoveryCodes(of: member.id))),
            ("sessions", .number(try reader.sessions(of: member.id, at: now).count)),
            ("last_sign_in", .optional(use?.lastSignIn, orElse: "never")),
            ("password_set", .time(account.passwordSet)), ("created", .time(account.created)),
        ])
    }
}
