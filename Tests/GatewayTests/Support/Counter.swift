import Synchronization

/// Counts across threads.
final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    func add() -> Int {
        value.add(1, ordering: .sequentiallyConsistent).newValue
    }
}
