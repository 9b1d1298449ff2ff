public import Base
public import Cryptography
public import Secrets
public import Settings
public import Stores
internal import Synchronization

/// The keys that tokens and second factors stand on, as the key file has them now.
public struct PeopleKeys: Sendable {
    /// Digests tokens and codes.
    public let digester: GrantDigester
    /// Seals second factors; `nil` for a key file of the first form.
    public let sealer: CredentialSealer?

    /// Keys from their parts.
    public init(digester: GrantDigester, sealer: CredentialSealer?) {
        self.digester = digester
        self.sealer = sealer
    }

    /// The keys of a key file.
    public init(_ file: KeyFile) {
        self.init(digester: file.grantDigester, sealer: file.credentialSealer)
    }
}

/// A session that was just opened, and its token, to be shown to its holder alone.
public struct SignedIn: Sendable {
    /// The token for the cookie; kept nowhere.
    public let token: AccessToken
    /// The session.
    public let session: SessionRecord
    /// Whose it is.
    public let member: MemberRecord
}

/// Lets people in and keeps how they get in: signing in, sessions, second factors, invitations, the first account.
///
/// Blocks: on the store, and for some 100 ms where a password is hashed. Any number of threads may use it; at most two
/// passwords are hashed at once, a third attempt is ``PeopleError/busy``.
public final class PeopleDesk: Sendable {
    // LIMIT: passwords hashed at once, 64 MiB each.
    private static let maximumHashing = 2

    let store: any Store
    let keys: @Sendable () -> PeopleKeys
    let time: any TimeSource
    private let cost: Argon2id.Cost
    private let attempts: Guarded<AttemptTable>
    private let hashing = Guarded<Int>(0)
    private let tokenUses = Guarded<[EntityID: WallTime]>([:])

    /// A desk over a store.
    ///
    /// - Parameters:
    ///   - store: where people are kept.
    ///   - time: the clocks.
    ///   - limits: of attempts to sign in.
    ///   - cost: of new hashes; less is for tests alone.
    ///   - keys: asked each time, for a key file may be rotated meanwhile.
    public init(
        store: any Store,
        time: any TimeSource,
        limits: AttemptLimits = AttemptLimits(),
        cost: Argon2id.Cost = PasswordHash.cost,
        keys: @escaping @Sendable () -> PeopleKeys
    ) {
        self.store = store
        self.time = time
        self.cost = cost
        self.keys = keys
        attempts = Guarded(AttemptTable(limits))
    }

    // MARK: - Who asks

    /// Whose session a cookie's value is, and what they may do now; `nil` when it opens nothing.
    ///
    /// Notes that it was used, at most once a minute.
    public func identity(session text: [UInt8]) throws(StoreError) -> Identity? {
        guard let token = AccessToken(parsing: text, as: .session) else {
            return nil
        }
        let (digests, now) = (keys().digester.digests(of: token), time.wallTime)
        let found = try store.read { reader throws(StoreError) in try reader.identity(session: digests, at: now) }
        if case .session(let session)? = found?.means, session.isWorthTouching(at: now) {
            try store.keep(isDurable: false) { ledger throws(StoreError) in
                try ledger.touch(session: session.id, now: now)
            }
        }
        return found
    }

    /// For whom a bearer token acts, and what it may do now; `nil` when it opens nothing.
    ///
    /// Notes that it was used, at most once a minute.
    public func identity(token text: [UInt8]) throws(StoreError) -> Identity? {
        guard let token = AccessToken(parsing: text, as: .admin) else {
            return nil
        }
        let (digests, now) = (keys().digester.digests(of: token), time.wallTime)
        let found = try store.read { reader throws(StoreError) in try reader.identity(token: digests, at: now) }
        if case .token(let record)? = found?.means, isWorthNoting(record.id, now) {
            let use = AdminTokenUse(token: record.id, time: now)
            try store.keep(isDurable: false) { ledger throws(StoreError) in try ledger.keep([use]) }
        }
        return found
    }

    private func isWorthNoting(_ token: EntityID, _ now: WallTime) -> Bool {
        tokenUses.withLock { uses in
            if let last = uses[token], now.milliseconds - last.milliseconds < 60_000 {
                return false
            }
            // LIMIT: as many as a store takes; tokens that were removed make room here.
            if uses.count >= 1_000 {
                uses.removeAll()
            }
            uses[token] = now
            return true
        }
    }

    // MARK: - Signing in and out

    /// Opens a session for whoever has the password, and the second factor where there is one.
    ///
    /// - Parameters:
    ///   - email: in any case.
    ///   - password: as it was typed.
    ///   - code: six digits or a recovery code; `nil` or empty when none was typed.
    ///   - address: where the request came from; attempts are counted by it.
    ///   - client: what the browser calls itself, for the list of sessions.
    /// - Returns: the session and its token.
    /// - Throws: ``PeopleError/wrongCredentials``, ``PeopleError/secondFactorRequired``, ``PeopleError/wrongCode``,
    ///   ``PeopleError/tooManyAttempts(retryAfter:)``, ``PeopleError/busy``, ``PeopleError/store(_:)``.
    public func signIn(
        email: ByteString,
        password: Secret<[UInt8]>,
        code: ByteString?,
        address: ByteString,
        client: ByteString
    ) throws(PeopleError) -> SignedIn {
        let request = SignInMachine.Request(email: email, password: password, code: code, address: address)
        var machine = SignInMachine(request)
        var action = attempts.withLock { machine.requested(&$0, now: steady) }
        while true {
            switch action {
            case .lookUp(let email):
                action = machine.accountFound(try activeAccount(email))
            case .verify(let hash):
                let isRight: Bool
                do throws(PeopleError) {
                    isRight = try verify(password, hash)
                } catch {
                    attempts.withLock { machine.abandoned(&$0, now: steady) }
                    throw error
                }
                action = attempts.withLock { machine.passwordVerified(isRight, &$0, now: steady) }
            case .checkCode(let account, let code):
                action = machine.codeChecked(try proof(of: code, for: account))
            case .open(let account, let proof):
                let opened = try open(account, proof, address: address, client: client)
                attempts.withLock { machine.opened(&$0, now: steady) }
                try rehash(password, of: account)
                return opened
            case .fail(let error):
                throw error
            }
        }
    }

    /// Ends a session.
    public func signOut(_ session: EntityID) throws(PeopleError) {
        try keep { ledger throws(StoreError) in try ledger.end(session: session) }
    }

    /// The account that signs in with an address, when its member may.
    private func activeAccount(_ email: ByteString) throws(PeopleError) -> AccountRecord? {
        try read { reader throws(StoreError) in
            guard let account = try reader.account(email: email), let member = try reader.member(account.member),
                member.isActive
            else {
                return nil
            }
            return account
        }
    }

    private func open(
        _ account: AccountRecord,
        _ proof: SecondProof,
        address: ByteString,
        client: ByteString
    ) throws(PeopleError) -> SignedIn {
        let (token, now) = (AccessToken.generate(.session), time.wallTime)
        let session = SessionRecord(
            of: account,
            digest: keys().digester.digest(of: token),
            address: address,
            client: client,
            now: now
        )
        let member = try keep { ledger throws(StoreError) -> MemberRecord? in
            let isOpen = try ledger.open(session, for: account, proof: proof, now: now)
            return isOpen ? try ledger.reader.member(account.member) : nil
        }
        guard let member else {
            throw proof == .none ? .wrongCredentials : .wrongCode
        }
        return SignedIn(token: token, session: session, member: member)
    }

    /// Hashes a password anew whose hash costs less than new ones do; that it cannot be kept harms nobody.
    private func rehash(_ password: Secret<[UInt8]>, of account: AccountRecord) throws(PeopleError) {
        guard account.password?.isCheaper(than: cost) == true else {
            return
        }
        let hash = try hash(password)
        let author = Author(.member, name: account.email)
        try change(by: author) { writer throws(StoreError) in try writer.rehash(hash, of: account) }
    }

    // MARK: - Passwords and codes

    /// Whether a password is the one a hash is of; without a hash, the work of it and `false`.
    func verify(_ password: Secret<[UInt8]>, _ hash: PasswordHash?) throws(PeopleError) -> Bool {
        try whileHashing { [cost] in
            if let hash {
                return hash.matches(password)
            }
            let bytes = password.reveal().prefix(PasswordRules.byteCount.upperBound)
            return PasswordHash.decoy(Secret(Array(bytes)), cost: cost)
        }
    }

    /// The hash of a new password.
    func hash(_ password: Secret<[UInt8]>) throws(PeopleError) -> PasswordHash {
        try whileHashing { [cost] in PasswordHash.make(password, cost: cost) }
    }

    /// The hash of a new password, when it is fit to be one.
    func hash(new password: Secret<[UInt8]>, names: [ByteString]) throws(PeopleError) -> PasswordHash {
        if let problem = PasswordRules.problem(with: password, names: names) {
            throw .refused(problem)
        }
        return try hash(password)
    }

    private func whileHashing<Value>(_ body: () -> Value?) throws(PeopleError) -> Value {
        let isFree = hashing.withLock { count in
            guard count < Self.maximumHashing else {
                return false
            }
            count += 1
            return true
        }
        guard isFree else {
            throw .busy
        }
        defer { hashing.withLock { $0 -= 1 } }
        guard let value = body() else {
            // No memory for it now.
            throw .busy
        }
        return value
    }

    /// What a code proves; `nil` when it is wrong.
    func proof(of code: SignInMachine.SecondCode, for account: AccountRecord) throws(PeopleError) -> SecondProof? {
        switch code {
        case .neither: return nil
        case .recovery(let code):
            return .recovery(keys().digester.digests(of: code, account: ByteString(account.member.text)))
        case .oneTime(let digits):
            guard let sealed = account.secondFactor else {
                return nil
            }
            return try step(of: digits, sealed, account).map { .step($0) }
        }
    }

    /// The step of a code under a sealed secret; `nil` when it is wrong or spent.
    func step(
        of digits: [UInt8],
        _ sealed: SealedCredential,
        _ account: AccountRecord
    ) throws(PeopleError) -> Int64? {
        let member = account.member
        let last = try read { reader throws(StoreError) in try reader.use(ofAccount: member)?.lastStep }
        do throws(CredentialError) {
            guard let secret = try keys().sealer?.open(sealed, for: account.factorBinding) else {
                throw .unknownKeyVersion(sealed.keyVersion)
            }
            return OneTimePassword(secret: secret).step(of: digits, at: time.wallTime, after: last)
        } catch {
            throw .refused(
                "the second factor of this account does not open (\(error)): `toolgate member second-factor remove` takes "
                    + "it away"
            )
        }
    }

    /// Counts a code that a person who is signed in types; attempts are shared with signing in.
    func countCode(for account: AccountRecord) throws(PeopleError) {
        if let wait = attempts.withLock({ $0.beginCode(account: account.email, now: steady) }) {
            throw .tooManyAttempts(retryAfter: Int((wait + 999) / 1_000))
        }
    }

    /// Counts an attempt with the old password of a person who is signed in.
    func countPassword(for account: AccountRecord, address: ByteString) throws(PeopleError) {
        if let wait = attempts.withLock({ $0.begin(account: account.email, address: address, now: steady) }) {
            throw .tooManyAttempts(retryAfter: Int((wait + 999) / 1_000))
        }
    }

    /// Takes back what was counted: it was right.
    func forgetCode(for account: AccountRecord) {
        attempts.withLock { $0.codeSucceeded(account: account.email, now: steady) }
    }

    /// Takes back what was counted: it was right.
    func forgetPassword(for account: AccountRecord, address: ByteString) {
        attempts.withLock { $0.succeeded(account: account.email, address: address, now: steady) }
    }

    /// The monotonic clock in milliseconds: attempts do not come back by setting the clock.
    private var steady: Int64 { time.now.nanoseconds / 1_000_000 }

    // MARK: - The store

    func read<Value: Sendable>(
        _ body: (StoreReader) throws(StoreError) -> Value
    ) throws(PeopleError) -> Value {
        try attempt { () throws(StoreError) in try store.read(body) }
    }

    func keep<Value: Sendable>(
        _ body: (StoreLedger) throws(StoreError) -> Value
    ) throws(PeopleError) -> Value {
        try attempt { () throws(StoreError) in try store.keep(isDurable: true, body) }
    }

    func change<Value: Sendable>(
        by author: Author,
        _ body: (StoreWriter) throws(StoreError) -> Value
    ) throws(PeopleError) -> Value {
        try attempt { () throws(StoreError) in try store.change(by: author, body) }
    }

    private func attempt<Value>(_ body: () throws(StoreError) -> Value) throws(PeopleError) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            if case .refused(let rule) = error {
                throw .refused(rule)
            }
            throw .store(error)
        }
    }
}
