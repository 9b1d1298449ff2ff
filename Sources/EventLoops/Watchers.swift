internal import CUV
internal import Glibc

/// The signals a service listens for.
public enum ServiceSignal: Int32, CaseIterable, Sendable {
    /// Ctrl-C.
    case interrupt = 2
    /// The orderly end, as a supervisor asks for it.
    case terminate = 15
    /// Re-read or re-open what is configured.
    case hangUp = 1
    /// A child process has ended.
    case childEnded = 17
}

/// Calls an action on the loop's thread for each arrival of a signal.
///
/// Loop-confined; watches until it is cancelled.
@safe
public final class SignalWatcher {
    private let handle = Handle.signal()
    private let action: () -> Void
    private var isOpen = true

    /// Watches for `signal` from now on.
    public init(on loop: EventLoop, _ signal: ServiceSignal, _ action: @escaping () -> Void) throws(StreamError) {
        self.action = action
        // SAFETY: this is the loop's thread; a failed init leaves nothing to close.
        let status = unsafe uv_signal_init(loop.uv, handle.signal)
        guard status == 0 else {
            isOpen = false
            handle.discard()
            throw StreamError(code: status)
        }
        handle.attach(self)
        let started = unsafe uv_signal_start(
            handle.signal,
            { handle, _ in
                guard let data = unsafe handle?.pointee.data else {
                    return
                }
                unsafe Unmanaged<SignalWatcher>.fromOpaque(data).takeUnretainedValue().action()
            },
            signal.rawValue
        )
        guard started == 0 else {
            throw StreamError(code: started)
        }
    }

    deinit {
        cancel()
    }

    /// Stops watching.
    public func cancel() {
        guard isOpen else {
            return
        }
        isOpen = false
        handle.close()
    }
}

/// Calls an action on the loop's thread when a file changes, appears or goes.
///
/// Loop-confined; watches until cancelled.
///
/// It compares what the file system says (size, times, inode) at an interval, on libuv's pool: unlike a notification this
/// also sees a file that is replaced by renaming, or lies on a network file system.
@safe
public final class FileWatcher {
    private let handle = Handle.filePoll()
    private let action: () -> Void
    private var isOpen = true

    /// Watches the file at `path`, looking every `interval`.
    public init(
        on loop: EventLoop,
        path: String,
        every interval: Duration = .seconds(1),
        _ action: @escaping () -> Void
    ) throws(StreamError) {
        self.action = action
        // SAFETY: this is the loop's thread; a failed init leaves nothing to close.
        let status = unsafe uv_fs_poll_init(loop.uv, handle.filePoll)
        guard status == 0 else {
            isOpen = false
            handle.discard()
            throw StreamError(code: status)
        }
        handle.attach(self)
        let (seconds, attoseconds) = interval.components
        let milliseconds =
            seconds.multipliedReportingOverflow(by: 1_000).partialValue
            &+ attoseconds / 1_000_000_000_000_000
        let started = unsafe uv_fs_poll_start(
            handle.filePoll,
            { handle, _, _, _ in
                guard let data = unsafe handle?.pointee.data else {
                    return
                }
                unsafe Unmanaged<FileWatcher>.fromOpaque(data).takeUnretainedValue().action()
            },
            path,
            UInt32(clamping: max(1, milliseconds))
        )
        guard started == 0 else {
            throw StreamError(code: started)
        }
    }

    deinit {
        cancel()
    }

    /// Stops watching.
    public func cancel() {
        guard isOpen else {
            return
        }
        isOpen = false
        handle.close()
    }
}
