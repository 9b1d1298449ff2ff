public import Base
import Synchronization

/// All counters and calls in flight of a process, shared by its workers.
///
/// Decides and reserves in one synchronous step under short locks; nothing waits, allocates a task or calls out while
/// they are held (security.md, I3). Time comes in as a parameter and may differ a little between callers: a time
/// earlier than one already seen counts as that one, so a clock that goes backwards never refills a counter.
///
/// Memory is bounded by the holders times their counters times ``maximumLiveValues``; a counter whose window has
/// passed is cleared away by later calls, a few at a time.
public final class LimitTable: Sendable {
    /// How many values of its key one counter of one holder may keep apart (policy-language.md, section 5).
    public static let maximumLiveValues = 10_000

    private static let shardCount = 64
    let shards: [LimitShard]
    /// Called under the locks of each step that changes or refuses something: the order in which it is called is an order
    /// in which the steps happened (for tests).
    private let witness: (@Sendable (LimitEvent) -> Void)?

    /// An empty table.
    ///
    /// - Parameters:
    ///   - tracksChanges: whether somebody is going to call ``takeChanges(atMost:clocks:)`` again and again, as they must
    ///     then.
    ///   - keepsAhead: whether what is not on the disk yet has to be covered by a ``CounterLease``, see
    ///     ``Reservation/needsDurableNote``.
    public convenience init(tracksChanges: Bool = false, keepsAhead: Bool = false) {
        self.init(tracksChanges: tracksChanges, keepsAhead: keepsAhead, witness: nil)
    }

    package init(tracksChanges: Bool, keepsAhead: Bool = false, witness: (@Sendable (LimitEvent) -> Void)?) {
        shards = (0..<Self.shardCount).map { _ in LimitShard(tracksChanges: tracksChanges, keepsAhead: keepsAhead) }
        self.witness = witness
    }

    /// Reserves everything in the plan or nothing.
    ///
    /// Places in flight are asked first. Of several charges on one total each tests it against its own maximum and it is
    /// added once. Shadow charges are asked only when nothing refuses, and add only when they would not refuse.
    public func reserve(_ plan: consuming ReservationPlan, at now: Instant, wall: WallTime) -> ReservationResult {
        let mask = shardMask(of: plan)
        return reserve(&plan, locking: mask, at: now, wall: wall)
    }

    /// Whether every place in flight the plan asks for is free now; reserves nothing.
    ///
    /// The tag of the first that is not.
    public func firstFullSlot(of plan: ReservationPlan) -> Int? {
        guard !plan.slots.isEmpty else {
            return nil
        }
        return firstFullSlot(of: plan, locking: shardMask(of: plan))
    }

    /// Takes back what a reservation added, in the windows it was added to, the first time it is called for it.
    ///
    /// Only for calls that provably never ran (policy-language.md, section 5).
    public func giveBack(_ reservation: Reservation) {
        guard reservation.takeAdditions() else {
            return
        }
        for charge in reservation.charges {
            guard let counter = charge.counter, let bucket = charge.bucket else {
                continue
            }
            let shard = shard(of: charge.scopeKey)
            shard.lock.withLock { _ in
                shard.giveBack(charge.amount, to: counter, bucket: bucket)
                witness?(.gaveBack(tag: charge.tag))
            }
        }
    }

    /// Releases the places in flight of a call that ended, the first time it is called for its reservation.
    public func release(_ reservation: Reservation) {
        guard !reservation.slots.isEmpty, reservation.takeSlots() else {
            return
        }
        for claim in reservation.slots {
            let shard = shard(of: claim.scopeKey)
            shard.lock.withLock { _ in
                shard.release(SlotKey(claim))
                witness?(.released)
            }
        }
    }

    /// How many counters are kept, expired ones that nobody cleared away yet included (for metrics and tests).
    public var counterCount: Int {
        shards.reduce(0) { sum, shard in sum + shard.lock.withLock { _ in shard.counterCount } }
    }
}

/// What a step did, for whoever watches the order of steps.
package enum LimitEvent: Sendable {
    case reserved, refused, released
    /// The addition of the charge with this tag.
    case gaveBack(tag: Int)
}

extension LimitTable {
    func shard(of scopeKey: ScopeKey) -> LimitShard { shards[place(of: scopeKey)] }

    /// Which shard has a holder's counters; time goes forward in each by itself.
    package func place(of scopeKey: ScopeKey) -> Int {
        Int(truncatingIfNeeded: UInt(bitPattern: scopeKey.precomputedHash) % UInt(Self.shardCount))
    }

    // MARK: Locks

    /// The shards a plan touches, a bit each.
    private func shardMask(of plan: borrowing ReservationPlan) -> UInt64 {
        var mask: UInt64 = 0
        // By index here and below: taking a charge out of the array copies all its parts, 600 instructions.
        for index in plan.slots.indices {
            mask |= 1 << UInt64(place(of: plan.slots[index].scopeKey))
        }
        for index in plan.charges.indices {
            mask |= 1 << UInt64(place(of: plan.charges[index].scopeKey))
        }
        return mask
    }

    /// Takes the locks of all shards in `mask` in ascending order, then reserves: a call has at most one holder per
    /// scope, so the recursion is a few levels deep, and one for most calls.
    private func reserve(
        _ plan: inout ReservationPlan,
        locking mask: UInt64,
        at now: Instant,
        wall: WallTime
    ) -> ReservationResult {
        guard mask != 0 else {
            return reserveUnderLocks(&plan, at: now, wall: wall)
        }
        return shards[mask.trailingZeroBitCount].lock.withLock { _ in
            reserve(&plan, locking: mask & (mask - 1), at: now, wall: wall)
        }
    }

    private func firstFullSlot(of plan: ReservationPlan, locking mask: UInt64) -> Int? {
        guard mask != 0 else {
            return firstFullSlotUnderLocks(of: plan)
        }
        return shards[mask.trailingZeroBitCount].lock.withLock { _ in
            firstFullSlot(of: plan, locking: mask & (mask - 1))
        }
    }

    // MARK: Under the locks

    private func firstFullSlotUnderLocks(of plan: ReservationPlan) -> Int? {
        plan.slots.first { !shard(of: $0.scopeKey).hasRoom(for: $0) }?.tag
    }

    private func reserveUnderLocks(
        _ plan: inout ReservationPlan,
        at now: Instant,
        wall: WallTime
    ) -> ReservationResult {
        if !plan.slots.isEmpty, let full = firstFullSlotUnderLocks(of: plan) {
            witness?(.refused)
            return .refused(LimitRefusal(source: .slot(tag: full), retryAfter: nil, refusedCharges: []))
        }
        if let refusal = refusal(of: &plan, at: now, wall: wall) {
            witness?(.refused)
            return .refused(refusal)
        }
        return commit(&plan, at: now, wall: wall)
    }

    private func answer(to charge: inout Charge, at now: Instant, wall: WallTime) -> LimitShard.Answer {
        let shard = shard(of: charge.scopeKey)
        let now = shard.effective(now)
        let moment = WindowMoment(charge.identity.window, charge.calendarWindow, at: now, wall: wall)
        return shard.test(&charge, at: moment)
    }

    private func refusal(of plan: inout ReservationPlan, at now: Instant, wall: WallTime) -> LimitRefusal? {
        var refused: [Int] = []
        var longest: Duration? = .zero
        for index in plan.charges.indices where !plan.charges[index].isShadow {
            guard case .refuses(let wait) = answer(to: &plan.charges[index], at: now, wall: wall) else {
                continue
            }
            refused.append(plan.charges[index].tag)
            if let known = longest, let wait {
                longest = max(known, wait)
            } else {
                longest = nil
            }
        }
        guard let first = refused.first else {
            return nil
        }
        return LimitRefusal(source: .charge(tag: first), retryAfter: longest, refusedCharges: refused)
    }

    /// Adds what fits; the enforcing charges are known to.
    ///
    /// Shadow charges are asked before anything is added, so that each total is tested as the enforcing ones found
    /// it.
    private func commit(_ plan: inout ReservationPlan, at now: Instant, wall: WallTime) -> ReservationResult {
        var shadowRefusals: [Int] = []
        for index in plan.charges.indices where plan.charges[index].isShadow {
            if case .refuses = answer(to: &plan.charges[index], at: now, wall: wall) {
                shadowRefusals.append(plan.charges[index].tag)
            }
        }
        var needsNote = false
        for index in plan.charges.indices {
            let isRefused = plan.charges[index].isShadow && shadowRefusals.contains(plan.charges[index].tag)
            if !isRefused, !plan.charges[index].amount.isZero {
                let isCovered = add(index, of: &plan.charges, at: now, wall: wall)
                needsNote = needsNote || !isCovered
            }
        }
        for claim in plan.slots {
            shard(of: claim.scopeKey).take(SlotKey(claim))
        }
        witness?(.reserved)
        let reservation = Reservation(charges: plan.charges, slots: plan.slots, needsDurableNote: needsNote)
        return .admitted(reservation, shadowRefusals: shadowRefusals)
    }

    /// Adds one charge, unless one before it was added to the same counter; whether a loss of power cannot take it.
    private func add(_ index: Int, of charges: inout [Charge], at now: Instant, wall: WallTime) -> Bool {
        let window = charges[index].identity.window
        let shard = shard(of: charges[index].scopeKey)
        let now = shard.effective(now)
        let moment = WindowMoment(window, charges[index].calendarWindow, at: now, wall: wall)
        let counter = shard.counter(for: &charges[index], at: moment)
        for earlier in 0..<index where charges[earlier].bucket != nil && charges[earlier].counter === counter {
            return true
        }
        charges[index].counter = counter
        let bucket = counter.totals.add(charges[index].amount, at: moment)
        charges[index].bucket = bucket
        shard.note(counter)
        return shard.covers(charges[index].amount, of: counter, bucket, below: charges[index].maximum, at: now)
    }
}
