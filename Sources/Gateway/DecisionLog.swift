internal import Base
internal import EventLoops

/// One worker's end of the decision log: appends bytes, hands them over in chunks.
///
/// Loop-confined.
///
/// The path of a call costs the rendering of one line; the hand-over to the sink's thread happens at most once per
/// ``interval``, or when a chunk is full.
final class DecisionLog {
    // LIMIT: bytes collected before they are handed over early.
    static let chunkSize = 64 * 1024
    static let interval: Duration = .milliseconds(50)

    private let sink: any DecisionSink
    private let requestPrefix: [UInt8]
    private var buffer: [UInt8] = []
    private var timer: LoopTimer?

    init(on loop: EventLoop, sink: any DecisionSink, requestPrefix: [UInt8]) {
        self.sink = sink
        self.requestPrefix = requestPrefix
        buffer.reserveCapacity(Self.chunkSize)
        // Unowned, and taken back in `deinit`: objects referred to weakly are dear to retain.
        timer = LoopTimer(on: loop) { [unowned self] in flush() }
    }

    deinit {
        timer?.cancel()
    }

    /// Whether a request that is forwarded now will also be recorded.
    var isAccepting: Bool { sink.isAccepting }

    /// Notes one request.
    func append(_ record: DecisionRecord) {
        record.append(to: &buffer, requestPrefix: requestPrefix)
        if buffer.count >= Self.chunkSize {
            flush()
        } else if let timer, !timer.isSet {
            timer.set(after: Self.interval)
        }
    }

    /// Hands over what is there.
    func flush() {
        timer?.unset()
        guard !buffer.isEmpty else {
            return
        }
        sink.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Hands over what is there and lets go of the timer; called when the worker ends.
    func close() {
        flush()
        timer?.cancel()
        timer = nil
    }
}
