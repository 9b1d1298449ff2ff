public import Base
public import Secrets
internal import Settings
public import Stores

/// What people change about their own way in; each ends their other sessions and gives theirs another token.
extension PeopleDesk {
    /// Changes a password; the old one has to be right.
    ///
    /// - Parameters:
    ///   - identity: who asks, by a session.
    ///   - old: as it was typed.
    ///   - new: as it was typed.
    ///   - address: where the request came from; attempts are counted as those to sign in.
    /// - Returns: the session's new token.
    /// - Throws: ``PeopleError``.
    public func changePassword(
        of identity: Identity,
        from old: Secret<[UInt8]>,
        to new: Secret<[UInt8]>,
        address: ByteString
    ) throws(PeopleError) -> AccessToken {
        let (session, account) = try own(identity)
        try countPassword(for: account, address: address)
        guard try verify(old, account.password) else {
            throw .wrongCredentials
        }
        forgetPassword(for: account, address: address)
        guard old.reveal() != new.reveal() else {
            throw .refused("this is the password you have: choose another one")
        }
        let hash = try hash(new: new, names: [identity.member.label, account.email])
        try change(by: identity.author) { writer throws(StoreError) in
            try writer.set(password: hash, of: account.member, keeping: session.id)
        }
        return try rotate(session)
    }

    /// Sets a member's password, for whoever holds the data directory; all sessions of the member end.
    public func setPassword(
        of member: MemberRecord,
        to new: Secret<[UInt8]>,
        by author: Author
    ) throws(PeopleError) {
        let hash = try hash(new: new, names: [member.label] + (member.email.map { [$0] } ?? []))
        try change(by: author) { writer throws(StoreError) in try writer.set(password: hash, of: member.id) }
    }

    /// Begins a second factor: the address for an authenticator app, and the secret as people type it.
    ///
    /// It is in force once ``confirmSecondFactor(of:code:)`` has seen a first code, within ten minutes.
    public func beginSecondFactor(of identity: Identity) throws(PeopleError) -> (uri: String, secret: String) {
        let (_, account) = try own(identity)
        let organisation = try read { reader throws(StoreError) in try reader.organisation().name }
        guard let sealer = keys().sealer else {
            throw .refused("the key file has no `wrapping` key yet: an administrator runs `toolgate key rotate` once")
        }
        let secret = OneTimePassword.newSecret()
        let sealed: SealedCredential
        do throws(CredentialError) {
            sealed = try sealer.seal(secret, for: account.factorBinding)
        } catch {
            throw .refused("the second factor cannot be sealed: \(error)")
        }
        try change(by: identity.author) { writer throws(StoreError) in
            try writer.begin(secondFactor: sealed, of: account.member)
        }
        let password = OneTimePassword(secret: secret)
        let issuer = organisation == "default" ? "Toolgate" : ByteString("Toolgate \(organisation.text)")
        return (password.uri(issuer: issuer, account: account.email), password.typedSecret)
    }

    /// Puts the second factor in force that was begun: the recovery codes, shown once, and the session's new token.
    public func confirmSecondFactor(
        of identity: Identity,
        code: ByteString
    ) throws(PeopleError) -> (codes: [RecoveryCode], token: AccessToken) {
        let (session, account) = try own(identity)
        guard let pending = account.pendingFactor, time.wallTime < pending.until else {
            throw .refused("no second factor waits for its first code: begin anew")
        }
        try countCode(for: account)
        guard case .oneTime(let digits) = SignInMachine.kind(of: code),
            let step = try step(of: digits, pending.sealed, account)
        else {
            throw .wrongCode
        }
        forgetCode(for: account)
        let (codes, digests) = newCodes(account)
        try change(by: identity.author) { writer throws(StoreError) in
            try writer.confirmSecondFactor(of: account.member, step: step, codes: digests, keeping: session.id)
        }
        return (codes, try rotate(session))
    }

    /// Takes the second factor away, against a code of it or a recovery code: the session's new token.
    public func removeSecondFactor(of identity: Identity, code: ByteString) throws(PeopleError) -> AccessToken {
        let (session, account) = try own(identity)
        let proof = try proof(for: account, code)
        try change(by: identity.author) { writer throws(StoreError) in
            try writer.removeSecondFactor(of: account.member, proof: proof, keeping: session.id)
        }
        forgetCode(for: account)
        return try rotate(session)
    }

    /// Makes new recovery codes, against a code; the old ones do nothing any more.
    public func renewRecoveryCodes(of identity: Identity, code: ByteString) throws(PeopleError) -> [RecoveryCode] {
        let (_, account) = try own(identity)
        let proof = try proof(for: account, code)
        let (codes, digests) = newCodes(account)
        try change(by: identity.author) { writer throws(StoreError) in
            try writer.renew(recoveryCodes: digests, of: account.member, proof: proof)
        }
        forgetCode(for: account)
        return codes
    }

    private func proof(for account: AccountRecord, _ code: ByteString) throws(PeopleError) -> SecondProof {
        guard account.secondFactor != nil else {
            throw .refused("this account has no second factor")
        }
        try countCode(for: account)
        guard let proof = try proof(of: SignInMachine.kind(of: code), for: account) else {
            throw .wrongCode
        }
        return proof
    }

    private func newCodes(_ account: AccountRecord) -> ([RecoveryCode], [GrantDigest]) {
        let digester = keys().digester
        let codes = (0..<RecoveryCode.countInSet).map { _ in RecoveryCode.generate() }
        return (codes, codes.compactMap { digester.digests(of: $0, account: ByteString(account.member.text)).first })
    }

    /// The session and account of somebody who is signed in.
    private func own(_ identity: Identity) throws(PeopleError) -> (SessionRecord, AccountRecord) {
        guard case .session(let session) = identity.means else {
            throw .needsSession
        }
        guard let account = try read({ reader throws(StoreError) in try reader.account(of: session.member) }) else {
            throw .needsSession
        }
        return (session, account)
    }

    /// Gives a session another token; the one there was opens nothing any more.
    private func rotate(_ session: SessionRecord) throws(PeopleError) -> AccessToken {
        let (token, now) = (AccessToken.generate(.session), time.wallTime)
        let digest = keys().digester.digest(of: token)
        guard try keep({ ledger throws(StoreError) in try ledger.rotate(session: session.id, to: digest, now: now) })
        else {
            throw .needsSession
        }
        return token
    }
}
