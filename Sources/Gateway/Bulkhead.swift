internal import Base
internal import Synchronization

/// Counts what is in flight for one grant or one server, over all workers, up to a bound (security.md, H5).
///
/// Without a queue: who finds it full is told so at once, because a held call costs the caller's time-out and our
/// memory, and the answer says to try again.
final class Bulkhead: Sendable {
    let capacity: Int
    private let occupied = Atomic<Int>(0)

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Takes a place; `false` when there is none.
    func enter() -> Bool {
        let (_, count) = occupied.add(1, ordering: .relaxed)
        guard count <= capacity else {
            occupied.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives a place back; exactly once per successful ``enter()``.
    func leave() {
        occupied.subtract(1, ordering: .relaxed)
    }

    /// How many places are taken right now.
    var count: Int { occupied.load(ordering: .relaxed) }
}

/// The places of one grant or one server: those of calls, and those of streams that last.
///
/// Counted apart, because a stream is cheap and lasts for hours, and a call is neither.
final class Places: Sendable {
    let calls: Bulkhead
    let streams: Bulkhead
    /// When a token of the grant was last accepted, in milliseconds since 1970; 0: not by this process.
    private let lastUse = Atomic<Int64>(0)

    /// Notes that a token was accepted.
    ///
    /// Relaxed: what is read may be a request behind.
    func noteUse(at time: WallTime) {
        lastUse.store(time.milliseconds, ordering: .relaxed)
    }

    /// The last use, if there was one.
    var used: WallTime? {
        let milliseconds = lastUse.load(ordering: .relaxed)
        return milliseconds == 0 ? nil : WallTime(milliseconds: milliseconds)
    }

    init(calls: Int, streams: Int) {
        self.calls = Bulkhead(capacity: calls)
        self.streams = Bulkhead(capacity: streams)
    }
}
