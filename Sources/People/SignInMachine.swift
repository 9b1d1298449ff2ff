internal import Base
internal import Secrets
internal import Settings
internal import Stores

/// One attempt to sign in, as a machine: what happened in, what to do next out.
///
/// Pure: it reads no store, hashes nothing and keeps no time. Whatever is wrong (no such account, a member who is not
/// active, a wrong password), the same work is done and the same word comes out. That a second factor is asked for tells
/// only who has the password.
struct SignInMachine {
    /// What somebody brings.
    struct Request {
        let email: ByteString
        let password: Secret<[UInt8]>
        /// Six digits or a recovery code; `nil`: none was asked for yet.
        let code: ByteString?
        let address: ByteString
    }

    /// What to do next.
    enum Action {
        /// Look the account up.
        case lookUp(email: ByteString)
        /// Compare the password; without a hash, do the work of it.
        case verify(PasswordHash?)
        /// Compare the code with what is sealed there.
        case checkCode(AccountRecord, SecondCode)
        /// Open a session.
        case open(AccountRecord, SecondProof)
        /// Nothing opens.
        case fail(PeopleError)
    }

    /// What a code is, by its form.
    enum SecondCode {
        case oneTime([UInt8])
        case recovery(RecoveryCode)
        /// Nothing that can be right.
        case neither
    }

    private let request: Request
    private let account: ByteString
    private let address: ByteString
    private var found: AccountRecord?

    init(_ request: Request) {
        self.request = request
        // Longer texts are no addresses; what is remembered of them is bounded.
        account = AccountRecord.normalised(ByteString(request.email.bytes.prefix(254)))
        address = ByteString(request.address.bytes.prefix(64))
    }

    /// Somebody wants to sign in.
    func requested(_ table: inout AttemptTable, now: Int64) -> Action {
        if let wait = table.begin(account: account, address: address, now: now) {
            return .fail(.tooManyAttempts(retryAfter: Self.seconds(wait)))
        }
        return .lookUp(email: account)
    }

    /// The account was looked up; `nil` when there is none, or its member may not sign in.
    mutating func accountFound(_ account: AccountRecord?) -> Action {
        found = account
        let bytes = request.password.reveal().count
        // A password nobody can have set is not hashed as it is: the decoy does the work of an ordinary one.
        guard bytes <= PasswordRules.byteCount.upperBound else {
            found = nil
            return .verify(nil)
        }
        return .verify(account?.password)
    }

    /// The password was not compared, for want of room: the attempt does not count.
    func abandoned(_ table: inout AttemptTable, now: Int64) {
        table.succeeded(account: account, address: address, now: now)
    }

    /// The password was compared.
    func passwordVerified(_ isRight: Bool, _ table: inout AttemptTable, now: Int64) -> Action {
        guard isRight, let found else {
            return .fail(.wrongCredentials)
        }
        table.succeeded(account: account, address: address, now: now)
        guard found.secondFactor != nil else {
            return .open(found, .none)
        }
        guard let code = request.code, !code.isEmpty else {
            return .fail(.secondFactorRequired)
        }
        if let wait = table.beginCode(account: account, now: now) {
            return .fail(.tooManyAttempts(retryAfter: Self.seconds(wait)))
        }
        return .checkCode(found, Self.kind(of: code))
    }

    /// The code was compared; `nil` when it was wrong.
    func codeChecked(_ proof: SecondProof?) -> Action {
        guard let proof, let found else {
            return .fail(.wrongCode)
        }
        return .open(found, proof)
    }

    /// The session is open: a right code does not count.
    func opened(_ table: inout AttemptTable, now: Int64) {
        table.codeSucceeded(account: account, now: now)
    }

    static func kind(of code: ByteString) -> SecondCode {
        let digits = code.bytes.filter { $0 != UInt8(ascii: " ") }
        if digits.count == OneTimePassword.digitCount, digits.allSatisfy({ (0x30...0x39).contains($0) }) {
            return .oneTime(Array(digits))
        }
        return RecoveryCode(parsing: code.bytes).map { .recovery($0) } ?? .neither
    }

    private static func seconds(_ milliseconds: Int64) -> Int { Int((max(0, milliseconds) + 999) / 1_000) }
}
