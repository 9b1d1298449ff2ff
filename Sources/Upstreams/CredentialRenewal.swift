import Base
import Synchronization

/// How a credential that a server refuses with 401 gets renewed: one renewal, however many calls were refused.
///
/// Whoever renews sets ``onRefusal(_:)``; without it there is nobody, and every refusal is answered at once. One object for
/// each token: what follows it has another.
public final class CredentialRenewal: Sendable {
    private enum State {
        case quiet
        /// Somebody renews; these are told.
        case underWay([@Sendable (Bool) -> Void])
        /// Another credential is in force.
        case replaced
    }

    private let state = Guarded(State.quiet)
    private let renew = Guarded<(@Sendable () -> Void)?>(nil)

    /// A credential that was not refused yet.
    public init() {}

    /// Sets what begins a renewal, which has to come to ``end(isReplaced:)``; called on any thread.
    public func onRefusal(_ action: @escaping @Sendable () -> Void) {
        renew.withLock { $0 = action }
    }

    /// A server has refused the credential.
    ///
    /// - Parameter told: called once, on any thread: whether another credential is in force now.
    public func refused(_ told: @escaping @Sendable (Bool) -> Void) {
        let action = renew.withLock { $0 }
        let (begins, answer): (Bool, Bool?) = state.withLock { state in
            switch state {
            case .replaced: return (false, true)
            case .underWay(let others):
                state = .underWay(others + [told])
                return (false, nil)
            case .quiet:
                guard action != nil else {
                    return (false, false)
                }
                state = .underWay([told])
                return (true, nil)
            }
        }
        if let answer {
            told(answer)
        }
        if begins {
            action?()
        }
    }

    /// A renewal has ended: with another credential in force, or without, and then a later refusal begins the next.
    public func end(isReplaced: Bool) {
        let waiting = state.withLock { state in
            defer { state = isReplaced ? .replaced : .quiet }
            if case .underWay(let waiting) = state {
                return waiting
            }
            return []
        }
        for told in waiting {
            told(isReplaced)
        }
    }
}
