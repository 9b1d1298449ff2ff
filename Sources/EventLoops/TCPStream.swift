internal import CUV

/// A TCP connection.
///
/// Loop-confined.
///
/// Reading: bytes arrive in ``withInput(_:)``'s buffer whether or not somebody waits, up to ``inputLimit``; beyond it the
/// socket is not read, so a sender is slowed down. Because reading goes on while nobody waits, the end of a connection is
/// noticed at once (``onEnded``).
///
/// Writing: ``send(_:)`` queues; what was queued goes out in one system call at the end of the loop's turn. ``drained()``
/// waits while more than ``highWaterMark`` is queued.
@safe
public final class TCPStream {
    /// LIMIT: bytes read ahead of the consumer.
    public static let inputLimit = 65_536
    /// LIMIT: queued bytes above which ``drained()`` waits.
    public static let highWaterMark = 65_536

    /// The loop it is confined to.
    public let loop: EventLoop
    /// The other end.
    public let peer: SocketAddress

    let handle: Handle
    private var isHandleOpen = true
    private var isReading = false

    private var input: [UInt8] = []
    private var inputStart = 0
    private let inputArrival = WaitPoint()
    private var isInputInterrupted = false

    var output: [UInt8] = []
    var inFlight = 0
    var isQueuedForFlush = false
    let outputProgress = WaitPoint()
    var mustShutDown = false

    /// The other end sent its last byte.
    public private(set) var isInputEnded = false
    /// Why the connection is no longer usable; nil while it is.
    public private(set) var fault: StreamError?
    /// Bytes the system has taken for sending.
    ///
    /// Zero proves that the peer received nothing.
    public internal(set) var writtenCount = 0
    /// Called on the loop's thread when bytes arrive that nobody is waiting for.
    public var onUnawaitedInput: (() -> Void)?
    /// Called once, on the loop's thread, when the peer has closed its side or the connection has broken.
    public var onEnded: (() -> Void)?

    init(loop: EventLoop, handle: Handle, peer: SocketAddress) {
        self.loop = loop
        self.handle = handle
        self.peer = peer
        handle.attach(self)
    }

    deinit {
        if isHandleOpen {
            handle.close()
        }
    }

    /// Whether ``close()`` or ``reset()`` was called.
    public var isClosed: Bool { !isHandleOpen }

    // MARK: Reading

    /// How many received bytes wait to be consumed.
    public var inputCount: Int { input.count - inputStart }

    /// Lends the received bytes; consume them afterwards with ``consume(_:)``.
    public func withInput<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = input
        return try body(bytes.span.extracting(inputStart..<bytes.count))
    }

    /// Drops the first `count` received bytes and lets the socket be read again.
    public func consume(_ count: Int) {
        precondition(count >= 0 && count <= inputCount)
        inputStart += count
        if inputStart == input.count {
            loop.returnBuffer(exchange(&input, with: []))
            inputStart = 0
        }
        if !isReading && !isInputEnded && inputCount < TCPStream.inputLimit / 2 {
            startReading()
        }
    }

    /// Waits until there are received bytes; false when the peer has ended its side and none are left.
    public func receive() async throws(StreamError) -> Bool {
        while inputCount == 0 {
            if let fault {
                throw fault
            }
            guard isHandleOpen else {
                throw .closed
            }
            guard !isInputEnded else {
                return false
            }
            guard !isInputInterrupted else {
                isInputInterrupted = false
                throw .timedOut
            }
            await inputArrival.wait()
        }
        return true
    }

    /// Makes the present or the next wait for bytes throw `timedOut`, once; the stream stays usable.
    ///
    /// A deadline of the layer above ends a wait so, and can still answer.
    public func interruptInput() {
        isInputInterrupted = true
        inputArrival.wake()
    }

    /// Takes back an interruption that nobody has met.
    public func clearInterruption() {
        isInputInterrupted = false
    }

    /// Waits for bytes and takes all there are; nil at the end of the stream.
    public func read() async throws(StreamError) -> [UInt8]? {
        guard try await receive() else {
            return nil
        }
        let bytes = Array(input[inputStart...])
        consume(bytes.count)
        return bytes
    }

    /// Begins to serve an open socket.
    ///
    /// Failing to set an option costs latency or a late notice, nothing else.
    func begin() {
        // SAFETY: the handle is an open socket of this loop.
        _ = unsafe uv_tcp_nodelay(handle.tcp, 1)
        _ = unsafe uv_tcp_keepalive(handle.tcp, 1, 60)
        startReading()
    }

    private func startReading() {
        guard isHandleOpen, fault == nil, !isReading else {
            return
        }
        isReading = true
        // SAFETY: the handle is open; the callbacks find the stream through `data`, emptied before the stream goes.
        let status = unsafe uv_read_start(
            handle.stream,
            { handle, _, buffer in unsafe TCPStream.lendBuffer(handle, buffer) },
            { stream, count, buffer in unsafe TCPStream.readFinished(stream, count, buffer) }
        )
        if status != 0 {
            fail(StreamError(code: status))
        }
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
        // SAFETY: `data` is emptied before the stream goes, see `Handle.close`.
        let me = unsafe Unmanaged<TCPStream>.fromOpaque(data).takeUnretainedValue()
        guard count > 0, let base = unsafe buffer?.pointee.base else {
            me.inputFailed(Int32(clamping: count))
            return
        }
        // SAFETY: libuv filled `count` bytes of the buffer it was lent.
        unsafe me.received(UnsafeRawBufferPointer(start: base, count: count))
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        if input.capacity == 0 {
            input = loop.takeBuffer()
        }
        unsafe input.append(contentsOf: bytes)
        if inputCount >= TCPStream.inputLimit {
            stopReading()
        }
        if inputArrival.isOccupied {
            inputArrival.wake()
        } else {
            onUnawaitedInput?()
        }
    }

    private func inputFailed(_ code: Int32) {
        isReading = false
        guard code == UV_EOF.rawValue else {
            fail(StreamError(code: code))
            return
        }
        isInputEnded = true
        inputArrival.wake()
        tellEnded()
    }

    private func stopReading() {
        isReading = false
        // SAFETY: the handle is open, or no callback would have come.
        _ = unsafe uv_read_stop(handle.stream)
    }

    private func tellEnded() {
        let action = onEnded
        onEnded = nil
        action?()
    }

    // MARK: Ending

    /// Makes every wait throw `error`, now and later; the socket stays open until ``close()``.
    ///
    /// This is how a deadline ends a wait. The first error stays.
    public func fail(_ error: StreamError) {
        guard fault == nil else {
            return
        }
        fault = error
        inputArrival.wake()
        outputProgress.wake()
        tellEnded()
    }

    /// Closes the connection; what is still queued is offered to the system once and otherwise lost.
    public func close() {
        guard isHandleOpen else {
            return
        }
        flush()
        isHandleOpen = false
        isReading = false
        handle.close()
        onEnded = nil
        onUnawaitedInput = nil
        releaseBuffers()
        inputArrival.wake()
        outputProgress.wake()
    }

    /// Breaks the connection at once (RST): nothing queued is sent.
    public func reset() {
        guard isHandleOpen else {
            return
        }
        output = []
        // SAFETY: the option makes the coming close a reset; the handle is open.
        setLingerZero()
        close()
    }

    private func releaseBuffers() {
        loop.returnBuffer(exchange(&input, with: []))
        inputStart = 0
        loop.returnBuffer(exchange(&output, with: []))
    }
}
