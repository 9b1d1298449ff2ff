internal import Base
internal import EventLoops
internal import MCPModel

/// One stream of a server's changes, shared by all listeners of this worker that asked for the same.
///
/// Loop-confined.
///
/// What a modern server sees is one subscription of the gateway, with the server's own credential, whoever listens: the
/// filter alone tells two of them apart. Ids and policy are each listener's own (``GatewayWorker/tell(_:_:)``).
final class ChangeFeed {
    let upstream: WorkerUpstream
    let key: FeedKey
    private(set) var listeners: [Listener] = []
    /// What the server has acknowledged of ``filter``; `nil` while there is no such stream.
    private(set) var honoured: SubscriptionFilter?
    /// Nobody listens any more, or the server is reached in another way now: its stream is given up.
    private(set) var isAbandoned = false
    /// The resources it has asked a legacy server for.
    var subscribed: [ByteString] = []
    /// Ends whatever the feed waits for at the server.
    let cancellation = CancellationPoint()
    /// The feed's task waits here between two attempts.
    let turn = WaitPoint()

    init(_ upstream: WorkerUpstream, _ key: FeedKey) {
        self.upstream = upstream
        self.key = key
    }

    /// What it asks the server for.
    var filter: SubscriptionFilter { key.filter }

    /// Whether somebody waits for the acknowledgement of a stream that is not open.
    var isAwaited: Bool { listeners.contains { $0.stage == .joining } }

    /// Takes a listener in, and says at once what it is to hear of if that is known.
    func join(_ listener: Listener) {
        listener.feed = self
        listener.place = listeners.count
        listeners.append(listener)
        if let honoured {
            listener.settle(honoured)
        } else {
            turn.wake()
        }
    }

    /// Lets a listener go; the stream goes with the last one.
    func leave(_ listener: Listener) {
        guard listener.feed === self else {
            return
        }
        listener.feed = nil
        let last = listeners.removeLast()
        if last !== listener {
            listeners[listener.place] = last
            last.place = listener.place
        }
        if listeners.isEmpty {
            abandon()
        }
    }

    /// Lets everybody go, and gives the stream up.
    func dissolve() -> [Listener] {
        let all = listeners
        listeners = []
        for listener in all {
            listener.feed = nil
        }
        abandon()
        return all
    }

    private func abandon() {
        guard !isAbandoned else {
            return
        }
        isAbandoned = true
        if upstream.feeds[key] === self {
            upstream.feeds[key] = nil
        }
        cancellation.cancel()
        turn.wake()
    }

    /// The server has acknowledged a stream.
    func opened(_ honoured: SubscriptionFilter) {
        self.honoured = honoured
    }

    /// The stream is gone; whether another one comes is open.
    func broke() {
        honoured = nil
    }
}

/// What tells two feeds of one server apart.
struct FeedKey: Hashable {
    let filter: SubscriptionFilter
    /// The session in which a legacy server is listened to; `nil` for a modern one.
    let bridge: BridgeKey?
}

/// One change a server told of.
struct Change: Equatable, Sendable {
    let method: MCPMethod
    /// The resource, of an update.
    let uri: ByteString?
}
