public import Base
public import Secrets
public import Settings

/// What somebody proved besides their password; used up with the change it is part of.
public enum SecondProof: Hashable, Sendable {
    /// The account has no second factor.
    case none
    /// A code of this time step was right.
    case step(Int64)
    /// A recovery code; the digests it may be known by.
    case recovery([GrantDigest])
}

extension StoreLedger {
    // LIMIT: sessions of one member; the oldest ends when one more is opened.
    static let maximumSessions = 50

    /// Opens a session for an account whose password was just proved.
    ///
    /// One transaction: of two sign-ins with the same code one is refused. Refused too: an account that is not any more as it
    /// was when the password was checked, a member who is not active, a second factor that is there and not proved.
    ///
    /// - Returns: whether it was opened; why not is nobody's business who cannot sign in.
    public func open(
        _ session: SessionRecord,
        for account: AccountRecord,
        proof: SecondProof,
        now: WallTime
    ) throws(StoreError) -> Bool {
        guard let member = try reader.member(account.member), member.isActive,
            try reader.account(of: account.member) == account, session.member == account.member,
            try Factors(reader).spend(proof, of: account)
        else {
            return false
        }
        var use = try reader.use(ofAccount: account.member) ?? AccountUse(member: account.member)
        use.lastSignIn = now
        try reader.tables.put(use.row)
        let known = try reader.tables.all(SessionRecord.self, RowSelection([("member", .id(account.member))]))
        let open = known.filter { $0.isOpen(at: now) }.sorted { $0.created > $1.created }
        let kept = Set(open.prefix(Self.maximumSessions - 1).map(\.id))
        for old in known where !kept.contains(old.id) {
            try end(session: old.id)
        }
        try reader.tables.put(session.row)
        return true
    }

    /// Notes that a session was used; at most once a minute that is a write.
    public func touch(session id: EntityID, now: WallTime) throws(StoreError) {
        guard var session = try reader.tables.first(SessionRecord.self, [("id", .id(id))]), session.isOpen(at: now),
            session.isWorthTouching(at: now)
        else {
            return
        }
        session.lastSeen = now
        try reader.tables.put(session.row)
    }

    /// Gives an open session another token, the old one being unknown from now on: after a change of what its holder may
    /// do, or of what they sign in with.
    ///
    /// - Returns: whether there was such a session.
    public func rotate(session id: EntityID, to digest: GrantDigest, now: WallTime) throws(StoreError) -> Bool {
        guard var session = try reader.tables.first(SessionRecord.self, [("id", .id(id))]), session.isOpen(at: now)
        else {
            return false
        }
        session.digest = digest
        session.lastSeen = now
        try reader.tables.put(session.row)
        return true
    }

    /// Ends a session; one that is gone stays gone.
    public func end(session id: EntityID) throws(StoreError) {
        try reader.tables.remove(from: SessionRecord.table, RowSelection([("id", .id(id))]))
    }

    /// Ends the sessions of a member, except one.
    public func endSessions(of member: EntityID, except kept: EntityID? = nil) throws(StoreError) {
        for session in try reader.tables.all(SessionRecord.self, RowSelection([("member", .id(member))]))
        where session.id != kept {
            try end(session: session.id)
        }
    }

    /// Keeps when admin tokens were last used; tokens that are gone, and times older than the one kept, are passed over.
    public func keep(_ uses: [AdminTokenUse]) throws(StoreError) {
        for use in uses where try reader.adminToken(use.token) != nil {
            let known = try reader.tables.first(AdminTokenUse.self, [("token", .id(use.token))])
            if known.map({ $0.time < use.time }) ?? true {
                try reader.tables.put(use.row)
            }
        }
    }
}

extension SessionRecord {
    /// Whether its last use is long enough ago to be worth a write: a minute.
    public func isWorthTouching(at now: WallTime) -> Bool {
        lastSeen.advanced(milliseconds: 60_000) <= now
    }
}

/// Second factors inside a transaction that was begun for writing.
struct Factors {
    private let reader: StoreReader

    init(_ reader: StoreReader) {
        self.reader = reader
    }

    /// Whether the proof is what the account asks for and was not used before; from now on it was.
    func spend(_ proof: SecondProof, of account: AccountRecord) throws(StoreError) -> Bool {
        switch proof {
        case .none:
            return account.secondFactor == nil
        case .step(let step):
            guard account.secondFactor != nil else {
                return false
            }
            return try take(step, of: account.member)
        case .recovery(let digests):
            for digest in digests {
                let key: [(column: String, value: StoredValue)] = [("digest", .bytes(digest.bytes))]
                if try reader.tables.first(RecoveryCodeRow.self, key)?.member == account.member {
                    try reader.tables.remove(from: RecoveryCodeRow.table, RowSelection(key))
                    return account.secondFactor != nil
                }
            }
            return false
        }
    }

    /// Whether a step is later than the last one taken; from now on it is the last.
    func take(_ step: Int64, of member: EntityID) throws(StoreError) -> Bool {
        var use = try reader.use(ofAccount: member) ?? AccountUse(member: member)
        guard step > use.lastStep ?? -1 else {
            return false
        }
        use.lastStep = step
        try reader.tables.put(use.row)
        return true
    }

    /// Puts new recovery codes in the place of those there are.
    func replaceCodes(of member: EntityID, with digests: [GrantDigest]) throws(StoreError) {
        try reader.tables.remove(from: RecoveryCodeRow.table, RowSelection([("member", .id(member))]))
        for digest in digests {
            try reader.tables.put(RecoveryCodeRow(digest: digest, member: member).row)
        }
    }
}
