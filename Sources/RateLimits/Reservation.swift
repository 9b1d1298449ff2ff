import Base
import Synchronization

/// What one call holds: its additions to counters and its places in flight.
///
/// Additions can be given back once, places released once; both are ``LimitTable``'s to do. A reservation that is
/// simply dropped keeps its additions (spent is the safe side) and its places: whoever holds it must release it.
public final class Reservation: Sendable {
    struct Addition: Sendable {
        let key: CounterKey
        let amount: ExactDecimal
        let bucket: Int64
    }

    let additions: [Addition]
    let slots: [SlotKey]
    private let areAdditionsKept = Atomic(true)
    private let areSlotsHeld = Atomic(true)

    init(additions: [Addition], slots: [SlotKey]) {
        self.additions = additions
        self.slots = slots
    }

    /// Whether it holds a place in flight that somebody has to release.
    public var holdsSlots: Bool { !slots.isEmpty && areSlotsHeld.load(ordering: .relaxed) }

    /// True for the first caller only.
    func takeAdditions() -> Bool { areAdditionsKept.exchange(false, ordering: .acquiringAndReleasing) }
    /// True for the first caller only.
    func takeSlots() -> Bool { areSlotsHeld.exchange(false, ordering: .acquiringAndReleasing) }
}
