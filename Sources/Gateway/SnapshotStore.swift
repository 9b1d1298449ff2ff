internal import Base
internal import Synchronization

/// Holds the snapshot in force; replaced whole under a short lock, noticed without one.
///
/// The generation is an atomic beside the lock: a worker compares one number per request and takes the lock only after
/// a change (architecture.md, section 2).
final class SnapshotStore: Sendable {
    private let current: Guarded<Snapshot>
    private let counter = Atomic<UInt64>(1)

    init(_ snapshot: Snapshot) {
        current = Guarded(snapshot)
    }

    /// The number of the snapshot in force; grows with every replacement.
    var generation: UInt64 { counter.load(ordering: .acquiring) }

    /// Puts `snapshot` in force for every request that begins from now on.
    func replace(_ snapshot: Snapshot) {
        current.withLock { $0 = snapshot }
        counter.add(1, ordering: .releasing)
    }

    /// The snapshot in force.
    func read() -> Snapshot {
        current.withLock { $0 }
    }
}

/// One worker's view of the store.
///
/// Loop-confined.
struct SnapshotView {
    private let store: SnapshotStore
    private var generation: UInt64 = 0
    private(set) var current: Snapshot

    init(_ store: SnapshotStore) {
        self.store = store
        current = store.read()
    }

    /// Brings the view up to date; answers whether it changed.
    mutating func refresh() -> Bool {
        // Read before the snapshot: a replacement in between is noticed at the next look, never missed.
        let latest = store.generation
        guard latest != generation else {
            return false
        }
        generation = latest
        current = store.read()
        return true
    }
}
