internal import Base
internal import Synchronization

/// The sessions that were ended before their ids ran out, so that those ids open nothing any more.
///
/// Process-wide and bounded. When it is full, the one that would have run out first is forgotten: the upstream has
/// ended that session too, so the id leads nowhere.
final class Tombstones: Sendable {
    private struct State {
        var ended: Set<ByteString> = []
        var order: [ByteString] = []
        var first = 0
    }

    private let state = Guarded(State())
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Notes the end of a session.
    func add(_ session: ByteString) {
        state.withLock { state in
            guard state.ended.insert(session).inserted else {
                return
            }
            state.order.append(session)
            if state.ended.count > capacity {
                state.ended.remove(state.order[state.first])
                state.first += 1
            }
            if state.first > 1_024, state.first * 2 > state.order.count {
                // Amortised: each entry moves at most once per halving.
                state.order.removeFirst(state.first)
                state.first = 0
            }
        }
    }

    /// Whether the session was ended.
    func contains(_ session: ByteString) -> Bool {
        state.withLock { $0.ended.contains(session) }
    }
}
