/// Something that runs at the end of each turn of a loop's jobs, before any byte they sent goes out.
///
/// Loop-confined.
///
/// What many tasks of one turn want done once (one write for all of their records) is collected by them and done here.
/// Jobs that the action makes ready run in the same turn, and the hooks again after them.
public final class TurnHook {
    private var action: (() -> Void)?

    /// Puts the action on the loop; the loop holds it until ``cancel()``.
    public init(on loop: EventLoop, _ action: @escaping () -> Void) {
        self.action = action
        loop.add(self)
    }

    /// Whether it was cancelled.
    var isCancelled: Bool { action == nil }

    /// Takes it off for good and drops the action with all it holds.
    public func cancel() {
        action = nil
    }

    func run() {
        action?()
    }
}
