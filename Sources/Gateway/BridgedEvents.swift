internal import EventLoops
internal import Upstreams

/// The events of a call at a legacy server: those of its own stream, and questions that came on the session's stream and
/// can only be this call's.
///
/// Loop-confined.
///
/// A server may ask outside the call that makes it ask, and many do; while one call alone is open in a session, it is that
/// call which is asked for (mcp-protocol.md, 3.5).
final class BridgedEvents {
    // LIMIT: events read ahead of a client; the server waits when nobody takes them.
    private static let maximumAhead = 16

    let stream: UpstreamStream
    private var queue: [Result<UpstreamEvent?, UpstreamFailure>] = []
    private let arrival = WaitPoint()
    private let room = WaitPoint()
    private var isOver = false
    /// Whether the call is answered, or given up.
    private(set) var isFinished = false

    init(_ stream: UpstreamStream) {
        self.stream = stream
    }

    /// Reads the stream until its response or its end.
    func pump() async {
        defer { isFinished = true }
        do throws(UpstreamFailure) {
            while let event = try await stream.next() {
                while queue.count >= Self.maximumAhead, !isOver {
                    await room.wait()
                }
                guard !isOver else {
                    return
                }
                isFinished = event.kind == .response
                add(.success(event))
                if isFinished {
                    // Its end is read too, so that its connection can be used again.
                    _ = try await stream.next()
                    return
                }
            }
            add(.success(nil))
        } catch {
            add(.failure(error))
        }
    }

    /// Takes a question that came on another stream; false when there is no room for it.
    func take(_ event: UpstreamEvent) -> Bool {
        guard !isOver, queue.count < Self.maximumAhead else {
            return false
        }
        add(.success(event))
        return true
    }

    /// The next event; `nil` when the stream is over.
    func next() async throws(UpstreamFailure) -> UpstreamEvent? {
        while queue.isEmpty, !isOver {
            await arrival.wait()
        }
        guard !queue.isEmpty else {
            return nil
        }
        let first = queue.removeFirst()
        room.wake()
        return try first.get()
    }

    /// Gives the stream up.
    func cancel() {
        isOver = true
        isFinished = true
        stream.cancel()
        arrival.wake()
        room.wake()
    }

    private func add(_ result: Result<UpstreamEvent?, UpstreamFailure>) {
        queue.append(result)
        arrival.wake()
    }
}
