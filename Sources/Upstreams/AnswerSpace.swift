import Base
public import EventLoops

/// The memory one worker may spend on large answers at once (security.md, H1).
///
/// Loop-confined.
///
/// A short answer needs nobody's leave. A long one claims room for the largest there may be before it is read on, and
/// keeps it until its call is over: an answer is held as bytes, as a tree, and as what goes out. Whoever finds no room
/// waits with the server's connection unread, which holds the server up and costs nothing. Claims are taken once and
/// never grow, so that two of them cannot wait for each other.
public final class AnswerSpace {
    // LIMIT: bytes of an answer that are free of claims.
    static let free = 256 << 10
    // LIMIT: bytes of all claims; four of the largest answers.
    private static let capacity = 64 << 20
    /// How long an answer waits for room before it is given up.
    private static let patience = Duration.seconds(30)

    private let capacity: Int
    private let patience: Duration
    private let loop: EventLoop
    private var claimed = 0
    private var claimedBy: [ByteString: Int] = [:]
    private var waiting: [Waiter] = []

    /// The room of the worker whose loop this is, all of it free.
    public convenience init(on loop: EventLoop) {
        self.init(on: loop, capacity: Self.capacity, patience: Self.patience)
    }

    init(on loop: EventLoop, capacity: Int, patience: Duration) {
        self.loop = loop
        self.capacity = capacity
        self.patience = patience
    }

    /// How many bytes are claimed.
    var claimedBytes: Int { claimed }

    /// One answer that waits for room.
    final class Waiter {
        fileprivate enum State {
            case waiting
            case admitted(Claim)
            case tooLate
            case cancelled
        }

        fileprivate let owner: ByteString
        fileprivate let bytes: Int
        fileprivate let point = WaitPoint()
        fileprivate var state = State.waiting

        fileprivate init(_ owner: ByteString, _ bytes: Int) {
            self.owner = owner
            self.bytes = bytes
        }

        /// Stops waiting.
        func cancel() {
            end(.cancelled)
        }

        fileprivate func end(_ state: State) {
            guard case .waiting = self.state else {
                return
            }
            self.state = state
            point.wake()
        }
    }

    /// Room that is taken until this is let go.
    final class Claim {
        private let space: AnswerSpace
        private let owner: ByteString
        private let bytes: Int

        fileprivate init(_ space: AnswerSpace, _ owner: ByteString, _ bytes: Int) {
            self.space = space
            self.owner = owner
            self.bytes = bytes
        }

        deinit {
            space.giveBack(bytes, of: owner)
        }
    }

    /// Takes room for an answer; waits for it when there is none.
    ///
    /// One owner has half of the space at most, so that a grant which reads slowly is not everybody's wait.
    ///
    /// - Parameters:
    ///   - bytes: how large the answer may become.
    ///   - owner: for whom it is; `nil`: for the gateway itself.
    ///   - willWait: is given what can be cancelled before the wait begins.
    /// - Returns: the room, taken until it is let go.
    /// - Throws: `.cancelled`; `.crowded` when there was no room for ``patience``.
    func claim(
        _ bytes: Int,
        for owner: ByteString?,
        willWait: (Waiter) -> Void
    ) async throws(UpstreamFailure) -> Claim {
        let owner = owner ?? ""
        let bytes = min(bytes, capacity / 2)
        if waiting.isEmpty, let claim = take(bytes, for: owner) {
            return claim
        }
        let waiter = Waiter(owner, bytes)
        waiting.append(waiter)
        admit()
        willWait(waiter)
        let timer = loop.schedule(after: patience) { waiter.end(.tooLate) }
        defer {
            timer.cancel()
            waiting.removeAll { $0 === waiter }
        }
        while case .waiting = waiter.state {
            await waiter.point.wait()
        }
        switch waiter.state {
        case .admitted(let claim): return claim
        case .tooLate: throw UpstreamFailure(.crowded, wroteBytes: true, detail: "no room for a large answer")
        case .waiting, .cancelled: throw UpstreamFailure(.cancelled, wroteBytes: true)
        }
    }

    private func take(_ bytes: Int, for owner: ByteString) -> Claim? {
        let held = claimedBy[owner] ?? 0
        guard claimed + bytes <= capacity, held + bytes <= capacity / 2 else {
            return nil
        }
        claimed += bytes
        claimedBy[owner] = held + bytes
        return Claim(self, owner, bytes)
    }

    private func giveBack(_ bytes: Int, of owner: ByteString) {
        claimed -= bytes
        let held = (claimedBy[owner] ?? 0) - bytes
        claimedBy[owner] = held > 0 ? held : nil
        admit()
    }

    /// Lets in who has waited longest, as far as there is room; an owner with its full share is passed by.
    private func admit() {
        var left: [Waiter] = []
        for waiter in waiting {
            guard case .waiting = waiter.state else {
                continue
            }
            if let claim = take(waiter.bytes, for: waiter.owner) {
                waiter.end(.admitted(claim))
            } else {
                left.append(waiter)
            }
        }
        waiting = left
    }
}
