internal import CUV
internal import Glibc

/// The process's own standard input, read as it comes.
///
/// Loop-confined.
///
/// A pipe, a socket or a terminal is waited for; a file, which never waits, is read at once.
public final class StandardInput {
    /// Bytes that came; lent for the call only.
    public var onBytes: ((Span<UInt8>) -> Void)?
    /// Called once, at the end.
    public var onEnded: (() -> Void)?

    private let loop: EventLoop
    private var pipe: ChildPipe?

    /// Nothing is read before ``start()``.
    public init(on loop: EventLoop) {
        self.loop = loop
    }

    /// Reads from now on, until the end.
    public func start() throws(StreamError) {
        switch uv_guess_handle(STDIN_FILENO) {
        case UV_NAMED_PIPE, UV_TTY, UV_TCP:
            let pipe = try ChildPipe(on: loop)
            try pipe.open(STDIN_FILENO)
            pipe.onBytes = { [weak self] bytes in self?.onBytes?(bytes) }
            pipe.onEnded = { [weak self] in self?.ended() }
            pipe.start()
            self.pipe = pipe
        default:
            // Handed to a poll, such a descriptor would end the process.
            readFile()
        }
    }

    private func readFile() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY: the array lives during the call.
            let count = unsafe read(STDIN_FILENO, &bytes, bytes.count)
            guard count > 0 else {
                break
            }
            onBytes?(bytes.span.extracting(0..<count))
        }
        ended()
    }

    private func ended() {
        let action = onEnded
        onEnded = nil
        action?()
    }

    /// Reads no more.
    public func cancel() {
        onBytes = nil
        onEnded = nil
        pipe?.close()
        pipe = nil
    }
}
