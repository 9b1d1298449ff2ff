internal import CUV
internal import Glibc

extension TCPStream {
    /// Bytes queued and not yet taken by the system.
    public var queuedCount: Int { inFlight + output.count }

    /// Queues `bytes`; they go out at the end of the loop's turn.
    ///
    /// Ignored once the connection is unusable.
    public func send(_ bytes: [UInt8]) {
        guard !isClosed, fault == nil, !mustShutDown else {
            return
        }
        if output.isEmpty && bytes.count >= 16_384 {
            // A large body is shared, not copied.
            loop.returnBuffer(exchange(&output, with: bytes))
        } else {
            prepareOutput()
            output.append(contentsOf: bytes)
        }
        queueFlush()
    }

    /// Queues what `body` appends, without an array in between.
    public func send<Failure: Error>(_ body: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        guard !isClosed, fault == nil, !mustShutDown else {
            return
        }
        prepareOutput()
        defer { queueFlush() }
        try body(&output)
    }

    /// Waits while more than ``highWaterMark`` bytes are queued; throws when the connection is unusable.
    public func drained() async throws(StreamError) {
        try await waitForOutput(below: TCPStream.highWaterMark)
    }

    /// Waits until the system has taken every queued byte.
    public func flushed() async throws(StreamError) {
        try await waitForOutput(below: 0)
    }

    /// Ends our side (FIN) once everything queued is sent; reading goes on.
    public func finishOutput() {
        guard !isClosed, fault == nil, !mustShutDown else {
            return
        }
        mustShutDown = true
        queueFlush()
    }

    private func waitForOutput(below limit: Int) async throws(StreamError) {
        while true {
            if let fault {
                throw fault
            }
            guard !isClosed else {
                throw .closed
            }
            guard queuedCount > limit else {
                return
            }
            await outputProgress.wait()
        }
    }

    private func prepareOutput() {
        if output.capacity == 0 {
            output = loop.takeBuffer()
        }
    }

    private func queueFlush() {
        guard !isQueuedForFlush else {
            return
        }
        isQueuedForFlush = true
        loop.flushLater(self)
    }

    /// Offers the queue to the system; called by the loop at the end of a turn.
    func flush() {
        isQueuedForFlush = false
        guard !isClosed, fault == nil, inFlight == 0 else {
            return
        }
        guard !output.isEmpty else {
            shutDownIfWanted()
            return
        }
        // SAFETY: libuv reads the buffer during the call only; the array is not touched meanwhile.
        let count = output.count
        let status = unsafe output.withUnsafeMutableBytes { bytes in
            var buffer = unsafe uv_buf_init(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                UInt32(clamping: count)
            )
            return unsafe uv_try_write(handle.stream, &buffer, 1)
        }
        guard status >= 0 || status == UV_EAGAIN.rawValue else {
            fail(StreamError(code: status))
            return
        }
        let written = Int(max(0, status))
        writtenCount &+= written
        if written == count {
            outputSent()
        } else {
            writeRest(from: written)
        }
    }

    private func outputSent() {
        loop.returnBuffer(exchange(&output, with: []))
        outputProgress.wake()
        shutDownIfWanted()
    }

    /// What the system did not take at once is copied out and left to libuv.
    private func writeRest(from start: Int) {
        let write = PendingWrite(self, output[start...])
        output = []
        inFlight = write.count
        guard let status = write.begin() else {
            return
        }
        inFlight = 0
        fail(StreamError(code: status))
    }

    func writeFinished(_ count: Int, status: Int32) {
        inFlight = 0
        guard status == 0 else {
            fail(StreamError(code: status))
            return
        }
        writtenCount &+= count
        if output.isEmpty {
            shutDownIfWanted()
        } else {
            flush()
        }
        outputProgress.wake()
    }

    private func shutDownIfWanted() {
        guard mustShutDown, !isClosed else {
            return
        }
        // The queue is empty, so the plain system call says what libuv's request would, without its bookkeeping.
        // SAFETY: the descriptor belongs to the open handle.
        _ = withDescriptor { descriptor in shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// Whether nothing has arrived that was not read yet, not even the end: asks the system, one call.
    ///
    /// Looked at before an idle connection is used again, because its end may have come since the loop last polled.
    public var isQuiet: Bool {
        guard !isClosed, fault == nil, !isInputEnded, inputCount == 0 else {
            return false
        }
        var byte: UInt8 = 0
        // SAFETY: the descriptor belongs to the open handle; one byte is looked at without being taken.
        let count = withDescriptor { descriptor in
            unsafe Int32(clamping: recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)))
        }
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }

    func setLingerZero() {
        _ = withDescriptor { descriptor in
            var option = linger(l_onoff: 1, l_linger: 0)
            return unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                SO_LINGER,
                &option,
                socklen_t(MemoryLayout<linger>.size)
            )
        }
    }

    private func withDescriptor(_ body: (Int32) -> Int32) -> Int32 {
        var descriptor: uv_os_fd_t = -1
        // SAFETY: the handle is open; libuv fills the value.
        guard unsafe uv_fileno(handle.base, &descriptor) == 0 else {
            return -1
        }
        return body(descriptor)
    }
}

/// A write that libuv finishes later, with its own copy of the bytes.
@safe
private final class PendingWrite {
    let count: Int
    private let stream: TCPStream
    private let request: UnsafeMutablePointer<uv_write_t>
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ stream: TCPStream, _ rest: ArraySlice<UInt8>) {
        self.stream = stream
        count = rest.count
        unsafe request = .allocate(capacity: 1)
        unsafe bytes = .allocate(byteCount: rest.count, alignment: 1)
        unsafe bytes.copyBytes(from: rest)
    }

    deinit {
        unsafe request.deallocate()
        unsafe bytes.deallocate()
    }

    /// Nil when libuv took it; the callback then holds the last reference, and with it the stream.
    func begin() -> Int32? {
        // SAFETY: request and bytes live until the callback gives the retained reference back.
        unsafe request.pointee.data = unsafe Unmanaged.passRetained(self).toOpaque()
        var buffer = unsafe uv_buf_init(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(clamping: count))
        let status = unsafe uv_write(request, stream.handle.stream, &buffer, 1) { request, status in
            guard let data = unsafe request?.pointee.data else {
                return
            }
            let me = unsafe Unmanaged<PendingWrite>.fromOpaque(data).takeRetainedValue()
            me.stream.writeFinished(me.count, status: status)
        }
        guard status != 0 else {
            return nil
        }
        unsafe Unmanaged.passUnretained(self).release()
        return status
    }
}
