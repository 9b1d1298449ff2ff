import Base
import Synchronization

/// What a place in flight is counted under.
struct SlotKey: Hashable, Sendable {
    let scopeKey: ScopeKey
    let tool: ByteString?

    init(_ claim: SlotClaim) {
        scopeKey = claim.scopeKey
        tool = claim.tool
    }
}

/// When a counter may be forgotten at the earliest.
private struct Expiry: Comparable {
    let time: Int64
    let counter: Counter

    static func < (left: Expiry, right: Expiry) -> Bool { left.time < right.time }
    static func == (left: Expiry, right: Expiry) -> Bool { left.time == right.time }
}

/// The counters of the holders that hash here; every method but ``locked`` needs the lock to be held.
///
/// A holder's counters are all in one shard, so that a call with limits of one scope takes one lock and the bound on
/// live values needs no second one.
final class LimitShard: @unchecked Sendable {
    // ISOLATION: all `var`s are touched only while `lock` is held; LimitTable takes the locks in ascending order.
    let lock = Guarded<Void>(())
    private var counters: [CounterKey: Counter] = [:]
    private var liveValues: [CounterGroup: Int] = [:]
    private var slots: [SlotKey: Int] = [:]
    /// Whether somebody takes states; without, the list below would only grow.
    private let tracksChanges: Bool
    /// Counters whose states have to be taken, each once.
    private var changed: [Counter] = []
    private var slidingExpiries = ExpiryQueue()
    /// The latest time anybody has asked at.
    private var latest = Instant(nanoseconds: .min)
    private var calendarExpiries = ExpiryQueue()

    /// Expiries of one clock.
    ///
    /// `stale` counts the entries whose counter is gone already.
    private struct ExpiryQueue {
        var heap = MinimumHeap<Expiry>()
        var stale = 0
    }

    /// How many expired counters one call clears away beside its own work.
    private static let sweepBatch = 32

    /// Whether long windows have allowances.
    private let keepsAhead: Bool

    init(tracksChanges: Bool, keepsAhead: Bool) {
        self.tracksChanges = tracksChanges
        self.keepsAhead = keepsAhead
    }

    var counterCount: Int { counters.count }

    /// The time a call is judged at here: its own, or the latest seen when another worker that read the clock later came
    /// first.
    ///
    /// What that one cleared away must not be missed by this one.
    func effective(_ now: Instant) -> Instant {
        latest = max(latest, now)
        return latest
    }

    // MARK: Slots

    func hasRoom(for claim: SlotClaim) -> Bool {
        slots[SlotKey(claim), default: 0] < claim.maximum
    }

    func take(_ key: SlotKey) {
        slots[key, default: 0] += 1
    }

    func release(_ key: SlotKey) {
        guard let count = slots[key], count > 1 else {
            slots[key] = nil
            return
        }
        slots[key] = count - 1
    }

    // MARK: Counters

    /// Whether a charge fits now.
    enum Answer {
        case fits
        /// It does not; how long until it would, `nil` for never or for too many live values.
        case refuses(wait: Duration?)
    }

    /// Asks whether a charge fits, and leaves the counter it found with the charge.
    func test(_ charge: inout Charge, at moment: WindowMoment) -> Answer {
        sweep(at: moment, batch: Self.sweepBatch)
        guard !charge.amount.isZero else {
            return .fits
        }
        let key = charge.key
        guard let counter = counters[key] else {
            guard charge.amount <= charge.maximum, hasRoomForValue(of: key, at: moment) else {
                return .refuses(wait: nil)
            }
            return .fits
        }
        charge.counter = counter
        counter.totals.forget(at: moment)
        guard !counter.totals.admits(charge.amount, below: charge.maximum, at: moment) else {
            return .fits
        }
        let wait = counter.totals.wait(for: charge.amount, below: charge.maximum, at: moment)
        return .refuses(wait: wait.map { moment.prolongs ? .nanoseconds($0) : .milliseconds($0) })
    }

    /// The counter of a charge that fits: the one it was tested by unless it was cleared away since, or a new one.
    func counter(for charge: inout Charge, at moment: WindowMoment) -> Counter {
        if let counter = charge.counter, counter.isKept {
            return counter
        }
        return counter(of: charge.key, expires: moment.expires, isSliding: moment.prolongs)
    }

    private func counter(of key: CounterKey, expires: Int64, isSliding: Bool) -> Counter {
        if let counter = counters[key] {
            return counter
        }
        let counter = Counter(key: key)
        counters[key] = counter
        let expiry = Expiry(time: expires, counter: counter)
        if isSliding {
            slidingExpiries.heap.push(expiry)
        } else {
            calendarExpiries.heap.push(expiry)
        }
        if key.keyValue != .none {
            liveValues[key.group, default: 0] += 1
        }
        return counter
    }

    // MARK: States

    /// Puts a counter on the list of those that changed.
    func note(_ counter: Counter) {
        if tracksChanges, !counter.isChanged {
            counter.isChanged = true
            changed.append(counter)
        }
    }

    /// A counter as it is now, and what is to be kept ahead of it.
    struct Taken {
        let key: CounterKey
        var totals = WindowTotals()
        var offer: Allowance.Offer?
        var counter: Counter?
    }

    /// Takes the lock: copies the states of counters that changed, at most `limit`, and empties the list as far.
    func takeChanged(atMost limit: Int, at now: Instant) -> [Taken] {
        lock.withLock { _ in
            let list = changed.suffix(limit)
            changed.removeLast(list.count)
            return list.compactMap { counter in
                counter.isChanged = false
                guard counter.isKept else {
                    // Of one that was cleared away and made anew, the new one is or was on the list by itself.
                    return counters[counter.key] == nil ? Taken(key: counter.key) : nil
                }
                let offer = counter.allowance?.offer(for: counter.totals.youngest, at: now)
                return Taken(key: counter.key, totals: counter.totals, offer: offer, counter: counter)
            }
        }
    }

    // MARK: Ahead

    /// Whether an addition just made is covered by what was kept ahead of it.
    func covers(
        _ amount: ExactDecimal,
        of counter: Counter,
        _ bucket: Int64,
        below maximum: ExactDecimal,
        at now: Instant
    ) -> Bool {
        guard keepsAhead, counter.key.identity.window.outlivesPowerLoss else {
            return true
        }
        let allowance = counter.allowance ?? Allowance(of: counter.key.identity.window)
        counter.allowance = allowance
        return allowance.covers(amount, bucket, below: maximum, at: now)
    }

    /// Takes the lock: lets a counter use what is kept ahead of it now.
    func grant(_ offer: Allowance.Offer, to counter: Counter) {
        lock.withLock { _ in
            if counter.isKept {
                counter.allowance?.take(offer)
            }
        }
    }

    /// Takes the lock: ends all allowances; their counters are on the list of those that changed.
    func endAllowances() {
        lock.withLock { _ in
            for counter in counters.values where counter.allowance != nil {
                counter.allowance = nil
                note(counter)
            }
        }
    }

    /// Takes the lock: adds what a process before this one counted.
    func restore(_ amount: ExactDecimal, to key: CounterKey, bucket: Int64, expires: Int64, isSliding: Bool) {
        lock.withLock { _ in
            let counter = counter(of: key, expires: expires, isSliding: isSliding)
            counter.totals.restore(amount, bucket: bucket, expires: expires)
            note(counter)
        }
    }

    /// Takes an addition back; nothing when the counter was cleared away, because its window has passed.
    func giveBack(_ amount: ExactDecimal, to counter: Counter, bucket: Int64) {
        guard counter.isKept else {
            return
        }
        counter.totals.giveBack(amount, from: bucket)
        note(counter)
        guard counter.totals.isEmpty else {
            return
        }
        remove(counter)
        if case .sliding = counter.key.identity.window {
            slidingExpiries.stale += 1
            compact(&slidingExpiries)
        } else {
            calendarExpiries.stale += 1
            compact(&calendarExpiries)
        }
    }

    private func hasRoomForValue(of key: CounterKey, at moment: WindowMoment) -> Bool {
        guard key.keyValue != .none else {
            return true
        }
        while liveValues[key.group, default: 0] >= LimitTable.maximumLiveValues {
            guard sweep(at: moment, batch: Self.sweepBatch) > 0 else {
                return false
            }
        }
        return true
    }

    private func remove(_ counter: Counter) {
        counter.isKept = false
        note(counter)
        let key = counter.key
        counters[key] = nil
        guard key.keyValue != .none, let count = liveValues[key.group] else {
            return
        }
        liveValues[key.group] = count > 1 ? count - 1 : nil
    }

    // MARK: Forgetting

    /// Clears away up to `batch` expired counters of the moment's clock; how many entries of the queue it looked at.
    @discardableResult
    func sweep(at moment: WindowMoment, batch: Int) -> Int {
        // Calendar counters go by the wall clock here, not by a window's start: they are of many zones and units.
        moment.prolongs
            ? sweep(&slidingExpiries, upTo: moment.now, batch: batch)
            : sweep(&calendarExpiries, upTo: moment.now &- WindowMoment.calendarGrace, batch: batch)
    }

    private func sweep(_ queue: inout ExpiryQueue, upTo time: Int64, batch: Int) -> Int {
        var looked = 0
        while looked < batch, let first = queue.heap.first, first.time <= time {
            looked += 1
            _ = queue.heap.popFirst()
            guard first.counter.isKept else {
                queue.stale -= 1
                continue
            }
            let expires = first.counter.totals.expires
            guard expires <= time else {
                // Additions since have prolonged it.
                queue.heap.push(Expiry(time: expires, counter: first.counter))
                continue
            }
            remove(first.counter)
        }
        return looked
    }

    /// Keeps the queue within twice the live counters: amortised O(log n) per counter that became stale.
    private func compact(_ queue: inout ExpiryQueue) {
        guard queue.stale > 64, queue.stale > queue.heap.count / 2 else {
            return
        }
        queue.heap.keep { $0.counter.isKept }
        queue.stale = 0
    }
}
