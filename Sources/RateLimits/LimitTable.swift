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
    private let shards: [LimitShard]

    /// An empty table.
    public init() {
        shards = (0..<Self.shardCount).map { _ in LimitShard() }
    }

    /// Reserves everything in the plan or nothing.
    ///
    /// Places in flight are asked first. Of several charges on one total each tests it against its own maximum and it is
    /// added once. Shadow charges are asked only when nothing refuses, and add only when they would not refuse.
    public func reserve(_ plan: ReservationPlan, at now: Instant, wall: WallTime) -> ReservationResult {
        withShards(of: plan) {
            if let full = plan.slots.first(where: { !shard(of: $0.scopeKey).hasRoom(for: $0) }) {
                return .refused(LimitRefusal(source: .slot(tag: full.tag), retryAfter: nil, refusedCharges: []))
            }
            if let refusal = refusal(of: plan.charges, at: now, wall: wall) {
                return .refused(refusal)
            }
            return commit(plan, at: now, wall: wall)
        }
    }

    /// Whether every place in flight the plan asks for is free now; reserves nothing.
    ///
    /// The tag of the first that is not.
    public func firstFullSlot(of plan: ReservationPlan) -> Int? {
        guard !plan.slots.isEmpty else {
            return nil
        }
        return withShards(of: plan) {
            plan.slots.first { !shard(of: $0.scopeKey).hasRoom(for: $0) }?.tag
        }
    }

    /// Takes back what a reservation added, in the windows it was added to, the first time it is called for it.
    ///
    /// Only for calls that provably never ran (policy-language.md, section 5).
    public func giveBack(_ reservation: Reservation) {
        guard reservation.takeAdditions() else {
            return
        }
        for addition in reservation.additions {
            let shard = shard(of: addition.key.scopeKey)
            shard.lock.withLock { _ in
                shard.giveBack(addition.amount, key: addition.key, bucket: addition.bucket)
            }
        }
    }

    /// Releases the places in flight of a call that ended, the first time it is called for its reservation.
    public func release(_ reservation: Reservation) {
        guard !reservation.slots.isEmpty, reservation.takeSlots() else {
            return
        }
        for key in reservation.slots {
            let shard = shard(of: key.scopeKey)
            shard.lock.withLock { _ in shard.release(key) }
        }
    }

    /// How many counters are kept, expired ones that nobody cleared away yet included (for metrics and tests).
    public var counterCount: Int {
        shards.reduce(0) { sum, shard in sum + shard.lock.withLock { _ in shard.counterCount } }
    }
}

extension LimitTable {
    private func shard(of scopeKey: ScopeKey) -> LimitShard { shards[index(of: scopeKey)] }

    private func index(of scopeKey: ScopeKey) -> Int {
        Int(truncatingIfNeeded: UInt(bitPattern: scopeKey.hashValue) % UInt(Self.shardCount))
    }

    /// Runs `body` with the locks of all shards the plan touches, taken in ascending order: a call has at most one
    /// holder per scope, so the recursion is a few levels deep.
    private func withShards<Result: Sendable>(of plan: ReservationPlan, _ body: () -> Result) -> Result {
        var mask: UInt64 = 0
        for claim in plan.slots {
            mask |= 1 << UInt64(index(of: claim.scopeKey))
        }
        for charge in plan.charges {
            mask |= 1 << UInt64(index(of: charge.scopeKey))
        }
        return withShards(mask, body)
    }

    private func withShards<Result: Sendable>(_ mask: UInt64, _ body: () -> Result) -> Result {
        guard mask != 0 else {
            return body()
        }
        let first = mask.trailingZeroBitCount
        return shards[first].lock.withLock { _ in withShards(mask & (mask - 1), body) }
    }

    private func answer(to charge: Charge, at now: Instant, wall: WallTime) -> LimitShard.Answer {
        shard(of: charge.scopeKey).test(charge, key: charge.key, at: WindowMoment(charge, at: now, wall: wall))
    }

    private func refusal(of charges: [Charge], at now: Instant, wall: WallTime) -> LimitRefusal? {
        var refused: [Int] = []
        var longest: Duration? = .zero
        for charge in charges where !charge.isShadow {
            guard case .refuses(let wait) = answer(to: charge, at: now, wall: wall) else {
                continue
            }
            refused.append(charge.tag)
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
    private func commit(_ plan: ReservationPlan, at now: Instant, wall: WallTime) -> ReservationResult {
        var shadowRefusals: [Int] = []
        for charge in plan.charges where charge.isShadow {
            if case .refuses = answer(to: charge, at: now, wall: wall) {
                shadowRefusals.append(charge.tag)
            }
        }
        var additions: [Reservation.Addition] = []
        additions.reserveCapacity(plan.charges.count)
        for charge in plan.charges where !charge.amount.isZero {
            let key = charge.key
            if charge.isShadow, shadowRefusals.contains(charge.tag) {
                continue
            }
            if additions.contains(where: { $0.key == key }) {
                continue
            }
            let moment = WindowMoment(charge, at: now, wall: wall)
            let bucket = shard(of: charge.scopeKey).add(charge, key: key, at: moment)
            additions.append(Reservation.Addition(key: key, amount: charge.amount, bucket: bucket))
        }
        let slots = plan.slots.map { SlotKey(scopeKey: $0.scopeKey, tool: $0.tool) }
        for key in slots {
            shard(of: key.scopeKey).take(key)
        }
        return .admitted(Reservation(additions: additions, slots: slots), shadowRefusals: shadowRefusals)
    }
}

extension Charge {
    var key: CounterKey { CounterKey(identity: identity, scopeKey: scopeKey, keyValue: keyValue) }
}
