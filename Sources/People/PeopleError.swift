public import Stores

/// Why somebody did not get in, or could not change how they get in.
public enum PeopleError: Error, Hashable, Sendable {
    /// Address and password do not open an account; which of them is wrong is not said.
    case wrongCredentials
    /// The password is right, a code is missing.
    case secondFactorRequired
    /// The code is not the one of now, or was used already.
    case wrongCode
    /// Too many attempts; seconds until the next one is looked at.
    case tooManyAttempts(retryAfter: Int)
    /// As many passwords are being hashed as there may be at once: try again in a second.
    case busy
    /// Only a person who is signed in does this, not a machine.
    case needsSession
    /// What was asked for breaks a rule; which, and what to do.
    case refused(String)
    /// The store could not do it.
    case store(StoreError)
}

extension PeopleError: CustomStringConvertible {
    /// What is wrong and what to do next.
    public var description: String {
        switch self {
        case .wrongCredentials: "the address or the password is wrong"
        case .secondFactorRequired: "a code of the second factor is needed: open the authenticator app"
        case .wrongCode: "the code is not the one of now, or was used already: wait for the next one"
        case .tooManyAttempts(let seconds): "too many attempts: try again in \(seconds) seconds"
        case .busy: "too many people are signing in at once: try again in a second"
        case .needsSession: "this is for a person who is signed in: sign in with a browser"
        case .refused(let rule): rule
        case .store(let error): error.description
        }
    }
}
