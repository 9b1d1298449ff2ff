import Base
import Synchronization

/// One counter of one holder for one value of its key.
struct CounterKey: Hashable, Sendable {
    let identity: CounterIdentity
    let scopeKey: ScopeKey
    let keyValue: CounterKeyValue

    /// What the bound on live values applies to.
    var group: CounterGroup { CounterGroup(identity: identity, scopeKey: scopeKey) }
}

/// A counter of one holder, over all values of its key.
struct CounterGroup: Hashable, Sendable {
    let identity: CounterIdentity
    let scopeKey: ScopeKey
}

/// What a place in flight is counted under.
struct SlotKey: Hashable, Sendable {
    let scopeKey: ScopeKey
    let tool: ByteString?
}

/// When a counter may be forgotten at the earliest.
private struct Expiry: Comparable {
    let time: Int64
    let key: CounterKey
    let serial: UInt64

    static func < (left: Expiry, right: Expiry) -> Bool { left.time < right.time }
    static func == (left: Expiry, right: Expiry) -> Bool { left.time == right.time }
}

/// The counters of the holders that hash here; every method but ``locked`` needs the lock to be held.
///
/// A holder's counters are all in one shard, so that a call with limits of one scope takes one lock and the bound on
/// live values needs no second one.
final class LimitShard: @unchecked Sendable {
    // ISOLATION: all `var`s are touched only while `lock` is held; LimitTable takes the locks in ascending order.
    let lock = Mutex<Void>(())
    private var counters: [CounterKey: Entry] = [:]
    private var liveValues: [CounterGroup: Int] = [:]
    private var slots: [SlotKey: Int] = [:]
    private var slidingExpiries = ExpiryQueue()
    private var calendarExpiries = ExpiryQueue()
    private var nextSerial: UInt64 = 0

    private struct Entry {
        var totals: WindowTotals
        let serial: UInt64
    }

    /// Expiries of one clock.
    ///
    /// `stale` counts the entries whose counter is gone already.
    private struct ExpiryQueue {
        var heap = MinimumHeap<Expiry>()
        var stale = 0
    }

    /// How many expired counters one call clears away beside its own work.
    private static let sweepBatch = 32

    var counterCount: Int { counters.count }

    // MARK: Slots

    func hasRoom(for claim: SlotClaim) -> Bool {
        slots[SlotKey(scopeKey: claim.scopeKey, tool: claim.tool), default: 0] < claim.maximum
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

    func test(_ charge: Charge, key: CounterKey, at moment: WindowMoment) -> Answer {
        sweep(at: moment, batch: Self.sweepBatch)
        guard !charge.amount.isZero else {
            return .fits
        }
        counters[key]?.totals.forget(upTo: moment.threshold)
        guard let totals = counters[key]?.totals else {
            guard charge.amount <= charge.maximum, hasRoomForValue(of: key, at: moment) else {
                return .refuses(wait: nil)
            }
            return .fits
        }
        guard !totals.admits(charge.amount, below: charge.maximum) else {
            return .fits
        }
        let wait = totals.wait(for: charge.amount, below: charge.maximum, at: moment)
        return .refuses(wait: wait.map { moment.prolongs ? .nanoseconds($0) : .milliseconds($0) })
    }

    /// Adds a charge that fits; the bucket it went into.
    func add(_ charge: Charge, key: CounterKey, at moment: WindowMoment) -> Int64 {
        if let bucket = counters[key]?.totals.add(charge.amount, at: moment) {
            return bucket
        }
        nextSerial &+= 1  // 2^64 additions do not happen; wrapping keeps even that from trapping
        var entry = Entry(totals: WindowTotals(), serial: nextSerial)
        let bucket = entry.totals.add(charge.amount, at: moment)
        let expiry = Expiry(time: entry.totals.expires, key: key, serial: nextSerial)
        counters[key] = entry
        if moment.prolongs {
            slidingExpiries.heap.push(expiry)
        } else {
            calendarExpiries.heap.push(expiry)
        }
        if key.keyValue != .none {
            liveValues[key.group, default: 0] += 1
        }
        return bucket
    }

    func giveBack(_ amount: ExactDecimal, key: CounterKey, bucket: Int64) {
        counters[key]?.totals.giveBack(amount, from: bucket)
        guard let entry = counters[key], entry.totals.isEmpty else {
            return
        }
        remove(key)
        if case .sliding = key.identity.window {
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

    private func remove(_ key: CounterKey) {
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
            : sweep(&calendarExpiries, upTo: moment.now, batch: batch)
    }

    private func sweep(_ queue: inout ExpiryQueue, upTo time: Int64, batch: Int) -> Int {
        var looked = 0
        while looked < batch, let first = queue.heap.first, first.time <= time {
            looked += 1
            _ = queue.heap.popFirst()
            guard let entry = counters[first.key], entry.serial == first.serial else {
                queue.stale -= 1
                continue
            }
            guard entry.totals.expires <= time else {
                // Additions since have prolonged it.
                queue.heap.push(Expiry(time: entry.totals.expires, key: first.key, serial: first.serial))
                continue
            }
            remove(first.key)
        }
        return looked
    }

    /// Keeps the queue within twice the live counters: amortised O(log n) per counter that became stale.
    private func compact(_ queue: inout ExpiryQueue) {
        guard queue.stale > 64, queue.stale > queue.heap.count / 2 else {
            return
        }
        let counters = counters
        queue.heap.keep { counters[$0.key]?.serial == $0.serial }
        queue.stale = 0
    }
}
