internal import EventLoops

/// The calls of one turn of a loop, which go on together or are refused together.
///
/// Loop-confined.
final class CommitGroup {
    private let done = WaitPoint()
    private var isDone = false
    private var failure: JournalFailure?

    /// Lets everybody who waits go on, or fails them; later calls change nothing.
    func finish(_ failure: JournalFailure?) {
        guard !isDone else {
            return
        }
        isDone = true
        self.failure = failure
        done.wake()
    }

    func wait() async throws(JournalFailure) {
        while !isDone {
            await done.wait()
        }
        if let failure {
            throw failure
        }
    }
}
