internal import Base
internal import Secrets
internal import Synchronization

/// A client over HTTP+SSE, the transport of 2024-11-05: one stream on which everything goes to it, and what it posts
/// beside.
///
/// Its posts come to any worker; the stream is written by the one that took its GET, and ends the session when it ends.
final class EventClient: Sendable {
    private struct State {
        var session: ClientSession?
        var isInitialized = false
        var queue: [[UInt8]] = []
        /// Where in `queue` the next event stands.
        var first = 0
        var queuedBytes = 0
        var isOver = false
        var isTooSlow = false
    }

    // LIMIT: bytes that wait for a client to read its stream, besides one event; a slower client is cut.
    private static let maximumQueuedBytes = 4 << 20

    /// Which stream it is.
    let address: CallAddress
    /// Whose it is.
    let grant: GrantDigest
    private let clients: EventClients
    private let wakeStream: @Sendable () -> Void
    private let state = Guarded(State())

    /// - Parameters:
    ///   - address: the call that has the stream.
    ///   - grant: whose it is.
    ///   - clients: where all are found.
    ///   - wake: lets the stream look at what is new; called on any thread.
    init(
        _ address: CallAddress,
        grant: GrantDigest,
        clients: EventClients,
        wake: @escaping @Sendable () -> Void
    ) {
        self.address = address
        self.grant = grant
        self.clients = clients
        wakeStream = wake
    }

    /// Its session, once `initialize` was answered.
    var session: ClientSession? { state.withLock { $0.session } }
    /// Whether it has said that it is ready for what the server says by itself.
    var isInitialized: Bool { state.withLock { $0.isInitialized } }
    /// Whether it left more unread than is kept for it.
    var isTooSlow: Bool { state.withLock { $0.isTooSlow } }

    /// Its `initialize` is being answered.
    func begin(_ session: ClientSession) {
        state.withLock { $0.session = session }
    }

    /// It is ready.
    func initialized() {
        state.withLock { $0.isInitialized = true }
        wake()
    }

    /// Lets the stream look at what is new.
    func wake() {
        wakeStream()
    }

    /// Queues an event for the stream; a client that has left too much unread loses it.
    func send(_ event: [UInt8]) {
        let mustWake = state.withLock { state in
            guard !state.isOver else {
                return false
            }
            let isFull = state.queuedBytes > 0 && state.queuedBytes + event.count > Self.maximumQueuedBytes
            guard !isFull, clients.take(event.count) else {
                drop(&state)
                state.isTooSlow = true
                return true
            }
            state.queue.append(event)
            state.queuedBytes += event.count
            return state.queue.count - state.first == 1
        }
        if mustWake {
            wake()
        }
    }

    /// The next event of the stream, if there is one.
    func next() -> [UInt8]? {
        state.withLock { state in
            guard state.first < state.queue.count else {
                return nil
            }
            let event = state.queue[state.first]
            state.first += 1
            if state.first == state.queue.count || state.first >= 256 {
                state.queue.removeFirst(state.first)
                state.first = 0
            }
            state.queuedBytes -= event.count
            clients.give(back: event.count)
            return event
        }
    }

    /// The stream is over; what is sent now goes nowhere.
    func end() {
        state.withLock { drop(&$0) }
    }

    private func drop(_ state: inout State) {
        clients.give(back: state.queuedBytes)
        state.queue = []
        state.first = 0
        state.queuedBytes = 0
        state.isOver = true
    }
}

/// All clients over HTTP+SSE of this process, by the number of their stream.
final class EventClients: Sendable {
    // LIMIT: bytes that wait for all of them together.
    private static let maximumQueuedBytes = 256 << 20

    private let clients = Guarded<[UInt64: EventClient]>([:])
    private let queued = Atomic(0)

    subscript(_ number: UInt64) -> EventClient? { clients.withLock { $0[number] } }

    func add(_ client: EventClient) {
        clients.withLock { $0[client.address.number] = client }
    }

    func remove(_ client: EventClient) {
        clients.withLock { $0[client.address.number] = nil }
    }

    /// Counts bytes that wait; false when there are too many already.
    fileprivate func take(_ count: Int) -> Bool {
        let before = queued.wrappingAdd(count, ordering: .relaxed).oldValue  // bounded right below
        guard before == 0 || before + count <= Self.maximumQueuedBytes else {
            give(back: count)
            return false
        }
        return true
    }

    fileprivate func give(back count: Int) {
        queued.wrappingSubtract(count, ordering: .relaxed)  // never more than was taken
    }
}
