internal import CUV
internal import Synchronization

/// A thread that runs one ``EventLoop``.
@safe
public final class LoopThread: Sendable {
    private let thread: uv_thread_t
    private let isJoined = Atomic(false)

    init(running loop: EventLoop) throws(StreamError) {
        var thread = uv_thread_t()
        // SAFETY: the retained reference is given back by the thread itself when the loop has ended.
        let argument = unsafe Unmanaged.passRetained(loop).toOpaque()
        let status = unsafe uv_thread_create(
            &thread,
            { argument in
                guard let argument = unsafe argument else {
                    return
                }
                unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
            },
            argument
        )
        guard status == 0 else {
            unsafe Unmanaged<EventLoop>.fromOpaque(argument).release()
            throw StreamError(code: status)
        }
        self.thread = thread
    }

    /// Waits until the loop has ended; call ``EventLoop/stop()`` before.
    ///
    /// Blocks the calling thread.
    public func join() {
        guard !isJoined.exchange(true, ordering: .relaxed) else {
            return
        }
        var thread = thread
        // SAFETY: the exchange above lets exactly one caller join.
        _ = unsafe uv_thread_join(&thread)
    }
}
