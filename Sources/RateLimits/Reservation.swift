import Synchronization

/// What one call holds: its additions to counters and its places in flight.
///
/// Additions can be given back once, places released once; both are ``LimitTable``'s to do. A reservation that is
/// simply dropped keeps its additions (spent is the safe side) and its places: whoever holds it must release it.
public final class Reservation: Sendable {
    /// The plan's; those that were added know their counter and bucket.
    let charges: [Charge]
    let slots: [SlotClaim]
    /// Whether a loss of power could take an addition that nothing kept stands for: the note of this call has to be on the
    /// disk before the call goes on.
    ///
    /// Always false in a table that keeps nothing ahead.
    public let needsDurableNote: Bool
    private let areAdditionsKept = Atomic(true)
    private let areSlotsHeld = Atomic(true)

    init(charges: [Charge], slots: [SlotClaim], needsDurableNote: Bool) {
        self.charges = charges
        self.slots = slots
        self.needsDurableNote = needsDurableNote
    }

    /// What it added to counters.
    public var additions: [Charge] { charges.filter { $0.bucket != nil } }

    /// Whether it holds a place in flight that somebody has to release.
    public var holdsSlots: Bool { !slots.isEmpty && areSlotsHeld.load(ordering: .relaxed) }

    /// True for the first caller only.
    func takeAdditions() -> Bool { areAdditionsKept.exchange(false, ordering: .acquiringAndReleasing) }
    /// True for the first caller only.
    func takeSlots() -> Bool { areSlotsHeld.exchange(false, ordering: .acquiringAndReleasing) }
}
