internal import Base
internal import EventLoops

/// Counts failed authentications per peer address and refuses an address that fails too often, before any hashing.
///
/// A token bucket per address: ``capacity`` failures at once, ``refillPerSecond`` more a second. One per worker, so
/// that the path of a valid call takes no lock; an attacker gets the budget once per core. A token this worker has seen to
/// be good is not asked about here at all; beyond that, an address where somebody authenticated amid failures is not
/// refused for a minute: it is shared with somebody who holds a grant.
struct AddressThrottle {
    static let capacity = 100
    static let refillPerSecond = 10
    // LIMIT: addresses remembered; the whole table is dropped beyond it, which costs an attacker nothing we guard.
    static let maximumAddresses = 10_000

    private struct Entry {
        var spent: Int
        var updatedAt: Instant
        var lastSuccess: Instant?
    }

    private var entries: [IPAddress: Entry] = [:]

    /// Whether nothing failed lately, so that nobody needs to ask further.
    var isIdle: Bool { entries.isEmpty }

    /// Whether an attempt from `address` may be looked at.
    func admits(_ address: IPAddress, now: Instant) -> Bool {
        guard let entry = entries[address] else {
            return true
        }
        if let success = entry.lastSuccess, now.elapsed(since: success) < .seconds(60) {
            return true
        }
        return refilled(entry, now: now).spent < Self.capacity
    }

    /// Notes a failed attempt.
    mutating func noteFailure(_ address: IPAddress, now: Instant) {
        if entries.count >= Self.maximumAddresses {
            entries.removeAll(keepingCapacity: true)
        }
        var entry = refilled(entries[address] ?? Entry(spent: 0, updatedAt: now), now: now)
        entry.spent = min(entry.spent + 1, Self.capacity)
        entries[address] = entry
    }

    /// Notes a valid token from an address that failed before.
    mutating func noteSuccess(_ address: IPAddress, now: Instant) {
        guard entries[address] != nil else {
            return
        }
        entries[address]?.lastSuccess = now
    }

    private func refilled(_ entry: Entry, now: Instant) -> Entry {
        let gained = now.elapsed(since: entry.updatedAt).nanoseconds / (1_000_000_000 / Int64(Self.refillPerSecond))
        guard gained > 0 else {
            return entry
        }
        var entry = entry
        entry.spent = max(0, entry.spent - Int(min(gained, Int64(Self.capacity))))
        entry.updatedAt = now
        return entry
    }
}
