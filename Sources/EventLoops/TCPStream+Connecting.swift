internal import Base
internal import CUV

extension TCPStream {
    /// Connects to the first of `addresses` that answers, trying them in order, all within `timeout`.
    ///
    /// - Throws: ``StreamError``: the last address's error, `timedOut`, or `cancelled` when the task or
    ///   `cancellation` is.
    public static func connect(
        to addresses: [SocketAddress],
        on loop: EventLoop,
        timeout: Duration,
        cancellation: CancellationPoint? = nil
    ) async throws(StreamError) -> TCPStream {
        let deadline = loop.now.advanced(by: timeout)
        var lastError = StreamError.noAddress
        for address in addresses {
            let left = deadline.elapsed(since: loop.now)
            guard left > .zero else {
                throw .timedOut
            }
            do throws(StreamError) {
                return try await connect(to: address, on: loop, timeout: left, cancellation: cancellation)
            } catch .cancelled {
                throw .cancelled
            } catch {
                lastError = error
            }
        }
        throw lastError
    }

    /// Connects to `address` within `timeout`.
    public static func connect(
        to address: SocketAddress,
        on loop: EventLoop,
        timeout: Duration,
        cancellation: CancellationPoint? = nil
    ) async throws(StreamError) -> TCPStream {
        let handle = Handle.tcp()
        // SAFETY: the loop is initialised and this is its thread; a failed init leaves nothing to close.
        let status = unsafe uv_tcp_init(loop.uv, handle.tcp)
        guard status == 0 else {
            handle.discard()
            throw StreamError(code: status)
        }
        let stream = TCPStream(loop: loop, handle: handle, peer: address)
        let attempt = ConnectAttempt()
        try attempt.begin(handle, address)
        let timer = loop.schedule(after: timeout) { attempt.outcome.settle(UV_ETIMEDOUT.rawValue) }
        let code = await attempt.outcome.value(on: loop, cancellation)
        timer.cancel()
        guard code == 0 else {
            stream.close()
            throw StreamError(code: code)
        }
        stream.begin()
        return stream
    }
}

/// A status that somebody waits for and several may settle; the first one counts.
///
/// Loop-confined.
final class Outcome {
    private var status: Int32?
    private let arrival = WaitPoint()

    func settle(_ status: Int32) {
        guard self.status == nil else {
            return
        }
        self.status = status
        arrival.wake()
    }

    /// The status; `UV_ECANCELED` when the task or `cancellation` is cancelled first.
    func value(
        on loop: EventLoop,
        _ cancellation: CancellationPoint?,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Int32 {
        let me = Confined(self)
        cancellation?.onCancel { me.value.settle(UV_ECANCELED.rawValue) }
        defer { cancellation?.onCancel(nil) }
        await withTaskCancellationHandler {
            _ = isolation
            while me.value.status == nil {
                await me.value.arrival.wait()
            }
        } onCancel: {
            // May run on any thread: the outcome is settled on the loop's.
            loop.execute { me.value.settle(UV_ECANCELED.rawValue) }
        }
        return status ?? UV_ECANCELED.rawValue
    }
}

/// One uv_connect, its memory kept until libuv calls back.
@safe
private final class ConnectAttempt {
    let outcome = Outcome()
    private let request: UnsafeMutablePointer<uv_connect_t>

    init() {
        unsafe request = .allocate(capacity: 1)
    }

    deinit {
        unsafe request.deallocate()
    }

    func begin(_ handle: Handle, _ address: SocketAddress) throws(StreamError) {
        // SAFETY: the retained reference keeps the request alive until the callback, which libuv always makes.
        unsafe request.pointee.data = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe address.withSystemAddress { pointer in
            unsafe uv_tcp_connect(request, handle.tcp, pointer) { request, status in
                guard let data = unsafe request?.pointee.data else {
                    return
                }
                unsafe Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue().outcome.settle(status)
            }
        }
        guard status == 0 else {
            unsafe Unmanaged.passUnretained(self).release()
            throw StreamError(code: status)
        }
    }
}
