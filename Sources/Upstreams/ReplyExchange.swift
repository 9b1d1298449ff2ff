import Base
import EventLoops
import JSONText

/// What a server answers to one message over a connection that all messages share, on its way from the loop that reads it
/// to that of the worker that asked.
// ISOLATION: everything but `deliver` is confined to the worker's loop, to which `deliver` hands over.
final class ReplyExchange: @unchecked Sendable {
    /// What comes back.
    enum Delivery: Sendable {
        /// A message: the response, or one that belongs to the request.
        case event(UpstreamEvent)
        /// A message that gets no answer was written, or a stream of a session's own is open.
        case accepted
        /// The end of a stream that has no response.
        case ended
        /// There is no answer to come.
        case failed(UpstreamFailure)
    }

    /// LIMIT: messages that wait for a client that reads slowly; beyond it the call fails.
    private static let capacity = 4_096
    /// LIMIT: bytes of them, besides the one message that is beyond.
    private static let maximumBytes = 32 << 20

    private let loop: EventLoop
    private let mailbox: BoundedMailbox<Delivery>
    private var waitingBytes = 0
    private var failure: UpstreamFailure?
    private var timer: LoopTimer?
    private var isOver = false
    /// Tells the reader that nobody waits any more; called at most once, and not after the response.
    private var withdraw: (() -> Void)?

    init(on loop: EventLoop) {
        self.loop = loop
        mailbox = BoundedMailbox(on: loop, capacity: Self.capacity)
    }

    /// Sets what ends the exchange early, and after what time that happens by itself.
    func begin(timeout: Duration?, withdraw: @escaping () -> Void) {
        self.withdraw = withdraw
        if let timeout {
            timer = loop.schedule(after: timeout) { [weak self] in
                self?.end(UpstreamFailure(.timedOut, wroteBytes: true))
            }
        }
    }

    /// Hands something over; from any thread.
    func deliver(_ delivery: Delivery) {
        loop.execute { [self] in take(delivery) }
    }

    private func take(_ delivery: Delivery) {
        guard failure == nil else {
            return
        }
        if case .event(let event) = delivery {
            waitingBytes += event.message?.bytes.count ?? 0
        }
        if waitingBytes > Self.maximumBytes && mailbox.count > 0 || !mailbox.push(delivery) {
            end(UpstreamFailure(.tooLarge, wroteBytes: true, detail: "more messages than the client reads"))
        }
    }

    /// The next thing that came.
    func next() async throws(UpstreamFailure) -> Delivery {
        guard !isOver else {
            return .ended
        }
        let delivery = await mailbox.next()
        if let failure {
            throw failure
        }
        switch delivery {
        case .event(let event):
            waitingBytes -= event.message?.bytes.count ?? 0
            if event.kind == .response {
                finish()
            }
            return .event(event)
        case .accepted:
            return .accepted
        case .failed(let failure):
            finish()
            throw failure
        case .ended, nil:
            finish()
            return .ended
        }
    }

    /// Gives it up: whoever waits is told so, and the process too if it has the request.
    func cancel() {
        end(UpstreamFailure(.cancelled, wroteBytes: true))
    }

    private func end(_ failure: UpstreamFailure) {
        guard !isOver, self.failure == nil else {
            return
        }
        self.failure = failure
        let withdraw = withdraw
        finish()
        isOver = false
        withdraw?()
        mailbox.close()
    }

    private func finish() {
        isOver = true
        timer?.cancel()
        timer = nil
        withdraw = nil
    }

    /// The answer to `message` as far as its kind.
    func reply(to message: UpstreamMessage) async throws(UpstreamFailure) -> UpstreamReply {
        do throws(UpstreamFailure) {
            switch try await next() {
            case .accepted:
                guard message.verb == .get else {
                    return .accepted(status: 202)
                }
                return .stream(UpstreamStream(self, first: nil), sessionID: nil)
            case .event(let event):
                if event.kind == .response, let document = event.message {
                    return .message(document, status: 200, sessionID: nil)
                }
                return .stream(UpstreamStream(self, first: event), sessionID: nil)
            case .ended, .failed:
                throw .violation(.noResponse)
            }
        } catch {
            // A session that is not known any more is over (25/http says it with this status).
            guard case .refused(let status) = error.kind else {
                throw error
            }
            return .status(status, body: [])
        }
    }
}
