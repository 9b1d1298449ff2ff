internal import Base
internal import Cryptography
internal import Synchronization

/// What is over before its handle runs out, so that the handle opens nothing any more: ended sessions, answered requests.
///
/// Process-wide and bounded. When it is full, the one that would have run out first is forgotten: the server has ended
/// that session, or had that answer, too, so the handle leads nowhere new.
final class Tombstones<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var ended: Set<Key> = []
        var order: [Key] = []
        var first = 0
    }

    private let state = Guarded(State())
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Notes an end; false when it was noted before.
    @discardableResult
    func add(_ key: Key) -> Bool {
        state.withLock { state in
            guard state.ended.insert(key).inserted else {
                return false
            }
            state.order.append(key)
            if state.ended.count > capacity {
                state.ended.remove(state.order[state.first])
                state.first += 1
            }
            if state.first > 1_024, state.first * 2 > state.order.count {
                // Amortised: each entry moves at most once per halving.
                state.order.removeFirst(state.first)
                state.first = 0
            }
            return true
        }
    }

    /// Whether the end was noted.
    func contains(_ key: Key) -> Bool {
        state.withLock { $0.ended.contains(key) }
    }
}

/// Sixteen bytes of a digest that stand for a handle: of one size, however long the handle is.
struct HandleFingerprint: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ text: ByteString) {
        let digest = SHA256.digest(text.bytes)
        high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
