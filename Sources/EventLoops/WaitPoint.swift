/// A place where tasks wait for something on their loop.
///
/// Waking up is a hint, not a message: wait in a loop that looks at the condition, with no suspension between looking and
/// waiting. Usually one task waits; more are allowed, and all are woken. Not cancellable. Loop-confined.
@safe
public final class WaitPoint {
    private var first: UnsafeContinuation<Void, Never>?
    private var others: [UnsafeContinuation<Void, Never>] = unsafe []

    /// Nobody waits.
    public init() {}

    /// Whether somebody waits.
    public var isOccupied: Bool { unsafe first != nil }

    /// Waits for the next ``wake()``.
    public func wait() async {
        // SAFETY: resumed exactly once, because `wake` empties the slots; owners wake everybody when they close.
        await unsafe withUnsafeContinuation { continuation in
            if unsafe first == nil {
                unsafe first = continuation
            } else {
                unsafe others.append(continuation)
            }
        }
    }

    /// Wakes everybody who waits now.
    public func wake() {
        guard let waiting = unsafe first else {
            return
        }
        unsafe first = nil
        unsafe waiting.resume()
        guard unsafe !others.isEmpty else {
            return
        }
        let rest = unsafe others
        unsafe others = []
        // Not a `for`: the formatter glues its `unsafe` to the name that follows.
        unsafe rest.forEach { unsafe $0.resume() }
    }
}
