import Base
import ConnectorModel
import HTTPTransport
import Synchronization

/// The pace each API is asked at, whichever server asks it: an API counts the requests of a portal, and does not care which
/// of its credentials they came with.
///
/// It outlives the accounts, which are made anew with every change of the configuration.
public final class ConnectorPaces: Sendable {
    private struct Key: Hashable {
        let origin: HTTPOrigin
        let pace: ConnectorPace
    }

    private struct Entry {
        weak var throttle: SharedThrottle?
    }

    private let known = Guarded<[Key: Entry]>([:])

    /// No API was asked yet.
    public init() {}

    /// The throttle of an API; one for all who ask it at the same pace.
    func throttle(of origin: HTTPOrigin, _ pace: ConnectorPace) -> SharedThrottle {
        known.withLock { known in
            let key = Key(origin: origin, pace: pace)
            if let one = known[key]?.throttle {
                return one
            }
            known = known.filter { $0.value.throttle != nil }
            let made = SharedThrottle(pace)
            known[key] = Entry(throttle: made)
            return made
        }
    }
}

/// A throttle that several accounts take places of, on any thread.
final class SharedThrottle: Sendable {
    private let throttle: Guarded<ConnectorThrottle>

    init(_ pace: ConnectorPace) {
        throttle = Guarded(ConnectorThrottle(pace))
    }

    func admit(at now: Instant, patience: Duration) -> ConnectorThrottle.Admission {
        throttle.withLock { $0.admit(at: now, patience: patience) }
    }
}
