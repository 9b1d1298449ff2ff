/// A place where at most one task waits for something on its loop.
///
/// Loop-confined.
///
/// The waiting loop re-checks its condition after ``wait()``; waking up is a hint, not a message.
@safe
final class WaitPoint {
    private var continuation: UnsafeContinuation<Void, Never>?

    var isOccupied: Bool { unsafe continuation != nil }

    func wait() async {
        precondition(unsafe continuation == nil, "two tasks wait at one place")
        // SAFETY: resumed exactly once, because `wake` empties the slot; owners wake it when they close.
        await unsafe withUnsafeContinuation { unsafe continuation = $0 }
    }

    func wake() {
        guard let waiting = unsafe continuation else {
            return
        }
        unsafe continuation = nil
        unsafe waiting.resume()
    }
}
