internal import Base
internal import CUV

/// Our end of a pipe to a child process.
///
/// Loop-confined.
///
/// Reading calls back with the bytes as they come; ``pause()`` lets the system's buffer fill, and with it the child wait.
/// Writing queues what the child does not take at once: whoever writes looks at ``queuedCount`` first.
@safe
final class ChildPipe {
    let handle = Handle.pipe()
    /// Bytes that came; lent for the call only.
    var onBytes: ((Span<UInt8>) -> Void)?
    /// Called once, when the other end is closed or the pipe is broken.
    var onEnded: (() -> Void)?

    private let loop: EventLoop
    private var isOpen = true
    private var isReading = false
    private var isEnded = false
    private var queue: [UInt8] = []
    private var inFlight = 0

    init(on loop: EventLoop) throws(StreamError) {
        self.loop = loop
        // SAFETY: this is the loop's thread; a failed init leaves nothing to close.
        let status = unsafe uv_pipe_init(loop.uv, handle.pipe, 0)
        guard status == 0 else {
            isOpen = false
            handle.discard()
            throw StreamError(code: status)
        }
        handle.attach(self)
    }

    deinit {
        close()
    }

    /// Takes over an open descriptor.
    func open(_ descriptor: Int32) throws(StreamError) {
        // SAFETY: the handle is initialised; the descriptor belongs to it from now on.
        let status = unsafe uv_pipe_open(handle.pipe, descriptor)
        guard status == 0 else {
            throw StreamError(code: status)
        }
    }

    /// Bytes that wait to be taken.
    var queuedCount: Int { queue.count + inFlight }

    // MARK: Reading

    /// Reads from now on.
    func start() {
        guard isOpen, !isReading, !isEnded else {
            return
        }
        isReading = true
        // SAFETY: the handle is open; the callbacks find this object through `data`, emptied before it goes.
        let status = unsafe uv_read_start(
            handle.stream,
            { handle, _, buffer in unsafe ChildPipe.lendBuffer(handle, buffer) },
            { stream, count, buffer in unsafe ChildPipe.readFinished(stream, count, buffer) }
        )
        if status != 0 {
            ended()
        }
    }

    /// Reads no more until ``start()``.
    func pause() {
        guard isOpen, isReading else {
            return
        }
        isReading = false
        // SAFETY: the handle is open.
        _ = unsafe uv_read_stop(handle.stream)
    }

    private static func lendBuffer(
        _ handle: UnsafeMutablePointer<uv_handle_t>?,
        _ buffer: UnsafeMutablePointer<uv_buf_t>?
    ) {
        guard let loop = unsafe EventLoop.of(handle?.pointee.loop) else {
            return
        }
        // SAFETY: the loop's buffer is used between this callback and the next read callback only, on one thread.
        unsafe buffer?.pointee.base = loop.readBuffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        unsafe buffer?.pointee.len = loop.readBuffer.count
    }

    private static func readFinished(
        _ stream: UnsafeMutablePointer<uv_stream_t>?,
        _ count: Int,
        _ buffer: UnsafePointer<uv_buf_t>?
    ) {
        guard let data = unsafe stream?.pointee.data, count != 0 else {
            return
        }
        // SAFETY: `data` is emptied before the object goes, see `Handle.close`.
        let me = unsafe Unmanaged<ChildPipe>.fromOpaque(data).takeUnretainedValue()
        guard count > 0, let base = unsafe buffer?.pointee.base else {
            me.ended()
            return
        }
        // SAFETY: libuv filled `count` bytes of the buffer it was lent, and uses it again only after this call.
        let bytes = unsafe UnsafeRawBufferPointer(start: base, count: count).bindMemory(to: UInt8.self)
        me.onBytes?(unsafe bytes.span)
    }

    private func ended() {
        guard !isEnded else {
            return
        }
        isEnded = true
        isReading = false
        let action = onEnded
        onEnded = nil
        action?()
    }

    // MARK: Writing

    /// Queues bytes; ignored once the pipe is closed.
    func send(_ bytes: [UInt8]) {
        guard isOpen, !bytes.isEmpty else {
            return
        }
        guard inFlight == 0 else {
            queue.append(contentsOf: bytes)
            return
        }
        write(bytes)
    }

    private func write(_ bytes: [UInt8]) {
        var bytes = bytes
        let count = bytes.count
        // SAFETY: libuv reads the buffer during the call only.
        let status = unsafe bytes.withUnsafeMutableBytes { memory in
            var buffer = unsafe uv_buf_init(
                memory.baseAddress?.assumingMemoryBound(to: CChar.self),
                UInt32(clamping: count)
            )
            return unsafe uv_try_write(handle.stream, &buffer, 1)
        }
        guard status >= 0 || status == UV_EAGAIN.rawValue else {
            ended()
            return
        }
        let written = Int(max(0, status))
        guard written < count else {
            return
        }
        let rest = PipeWrite(self, bytes[written...])
        inFlight = rest.count
        if !rest.begin() {
            inFlight = 0
            ended()
        }
    }

    fileprivate func writeFinished(isGood: Bool) {
        inFlight = 0
        guard isOpen else {
            return
        }
        guard isGood else {
            ended()
            return
        }
        let next = queue
        queue = []
        if !next.isEmpty {
            write(next)
        }
    }

    // MARK: Ending

    /// Closes our end; what is still queued is lost, and nothing calls back any more.
    func close() {
        guard isOpen else {
            return
        }
        isOpen = false
        isReading = false
        onBytes = nil
        onEnded = nil
        queue = []
        handle.close()
    }
}

/// A write that libuv finishes later, with its own copy of the bytes.
@safe
private final class PipeWrite {
    let count: Int
    private let pipe: ChildPipe
    private let request: UnsafeMutablePointer<uv_write_t>
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ pipe: ChildPipe, _ rest: ArraySlice<UInt8>) {
        self.pipe = pipe
        count = rest.count
        unsafe request = .allocate(capacity: 1)
        unsafe bytes = .allocate(byteCount: rest.count, alignment: 1)
        unsafe bytes.copyBytes(from: rest)
    }

    deinit {
        unsafe request.deallocate()
        unsafe bytes.deallocate()
    }

    /// Whether libuv took it; the callback then holds the last reference, and with it the pipe.
    func begin() -> Bool {
        // SAFETY: request and bytes live until the callback gives the retained reference back.
        unsafe request.pointee.data = unsafe Unmanaged.passRetained(self).toOpaque()
        var buffer = unsafe uv_buf_init(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(clamping: count))
        let status = unsafe uv_write(request, pipe.handle.stream, &buffer, 1) { request, status in
            guard let data = unsafe request?.pointee.data else {
                return
            }
            let me = unsafe Unmanaged<PipeWrite>.fromOpaque(data).takeRetainedValue()
            me.pipe.writeFinished(isGood: status == 0)
        }
        guard status != 0 else {
            return true
        }
        unsafe Unmanaged.passUnretained(self).release()
        return false
    }
}
