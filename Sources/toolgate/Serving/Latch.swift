import Base
import Synchronization

/// A value that is set once, from any thread, and that any number of tasks wait for.
final class Latch<Value: Sendable>: Sendable {
    private enum State {
        case open([CheckedContinuation<Value, Never>])
        case set(Value)
    }

    private let state = Guarded(State.open([]))

    /// Sets the value; later settings are ignored.
    ///
    /// Answers whether this was the first.
    @discardableResult
    func set(_ value: Value) -> Bool {
        let waiting: [CheckedContinuation<Value, Never>]? = state.withLock { state in
            guard case .open(let waiting) = state else {
                return nil
            }
            state = .set(value)
            return waiting
        }
        for continuation in waiting ?? [] {
            continuation.resume(returning: value)
        }
        return waiting != nil
    }

    /// The value, once it is set.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let present: Value? = state.withLock { state in
                switch state {
                case .set(let value):
                    return value
                case .open(let waiting):
                    state = .open(waiting + [continuation])
                    return nil
                }
            }
            if let present {
                continuation.resume(returning: present)
            }
        }
    }

    /// The value if it is set.
    var current: Value? {
        state.withLock { state in
            guard case .set(let value) = state else {
                return nil
            }
            return value
        }
    }
}
