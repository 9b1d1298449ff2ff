/// A way to call off one operation that is waiting on a loop, from that loop.
///
/// Cheaper than cancelling a task, and it does not end the task: a connection's one task goes on with its next request.
/// Loop-confined.
public final class CancellationPoint {
    /// Whether ``cancel()`` was called.
    public private(set) var isCancelled = false
    private var action: (() -> Void)?
    private var kept: AnyObject?

    /// Nothing to cancel yet.
    public init() {}

    /// Calls off what waits now and what would wait later.
    public func cancel() {
        guard !isCancelled else {
            return
        }
        isCancelled = true
        let action = action
        self.action = nil
        action?()
    }

    /// Keeps one thing alive, instead of the one before it, until the operation is over and this point is let go.
    public func keep(_ resource: AnyObject?) {
        kept = resource
    }

    /// Sets what ``cancel()`` does, `nil` for nothing; called at once when it was cancelled already.
    public func onCancel(_ action: (() -> Void)?) {
        guard isCancelled else {
            self.action = action
            return
        }
        action?()
    }
}
