import Glibc
import Synchronization

/// Holds one thread of a test until another one opens it.
final class Gate: Sendable {
    private let isOccupied = Atomic(false)
    private let isOpen = Atomic(false)

    /// Waits for ``open()``.
    func wait() {
        isOccupied.store(true, ordering: .releasing)
        while !isOpen.load(ordering: .acquiring) {
            sched_yield()
        }
    }

    /// Waits until somebody waits.
    func waitUntilOccupied() {
        while !isOccupied.load(ordering: .acquiring) {
            sched_yield()
        }
    }

    func open() {
        isOpen.store(true, ordering: .releasing)
    }
}
