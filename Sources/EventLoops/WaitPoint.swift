/// A place where tasks wait for something on their loop.
///
/// The waiting loop re-checks its condition after ``wait()``: waking up is a hint, not a message. Usually one task waits;
/// more are allowed, so that two writers on one stream are slow and not a bug. Loop-confined.
@safe
final class WaitPoint {
    private var first: UnsafeContinuation<Void, Never>?
    private var others: [UnsafeContinuation<Void, Never>] = unsafe []

    func wait() async {
        // SAFETY: resumed exactly once, because `wake` empties the slots; owners wake everybody when they close.
        await unsafe withUnsafeContinuation { continuation in
            if unsafe first == nil {
                unsafe first = continuation
            } else {
                unsafe others.append(continuation)
            }
        }
    }

    func wake() {
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
