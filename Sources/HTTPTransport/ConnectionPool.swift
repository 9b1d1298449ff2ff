internal import Base
internal import EventLoops
internal import HTTPWire

/// Whose connections are whose: nobody else's request ever travels on them (threats C4 and G3).
struct PoolKey: Hashable {
    let origin: HTTPOrigin
    let credential: ByteString
    let isLongLived: Bool
}

/// The connections of one (origin, pool key).
///
/// Loop-confined.
final class ConnectionPool {
    let key: PoolKey
    private let client: HTTPClient
    private var idle: [ClientConnection] = []
    private var all: [ObjectIdentifier: ClientConnection] = [:]
    /// Connections being made.
    private var pendingCount = 0
    private var waiting: [Ticket] = []

    /// Somebody who waits for a connection to become free, or for room to make one.
    final class Ticket {
        let turn: BoundedMailbox<Void>

        init(on loop: EventLoop) {
            turn = BoundedMailbox(on: loop, capacity: 1)
        }
    }

    init(_ key: PoolKey, client: HTTPClient) {
        self.key = key
        self.client = client
    }

    var openCount: Int { all.count + pendingCount }

    private var maximumCount: Int {
        key.isLongLived ? client.configuration.maximumStreamsPerPool : client.configuration.maximumConnectionsPerPool
    }

    /// An idle connection, else a new one, else a place in the queue.
    func connection(
        by deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(HTTPClientError) -> ClientConnection {
        while true {
            if let connection = takeIdle() {
                return connection
            }
            if openCount < maximumCount, client.takePlace(isLongLived: key.isLongLived) {
                return try await connect(by: deadline, cancellation)
            }
            try await waitForTurn(by: deadline, cancellation)
        }
    }

    /// The connection used last is taken first, so that the others can grow old and go.
    private func takeIdle() -> ClientConnection? {
        while let connection = idle.popLast() {
            if connection.isFit {
                return connection
            }
            connection.close()
        }
        return nil
    }

    private func waitForTurn(
        by deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(HTTPClientError) {
        guard waiting.count < client.configuration.maximumWaitingPerPool else {
            throw HTTPClientError(.poolExhausted, wroteBytes: false)
        }
        let ticket = Ticket(on: client.loop)
        waiting.append(ticket)
        let timer = client.loop.schedule(after: deadline.elapsed(since: client.loop.now)) { ticket.turn.close() }
        cancellation?.onCancel { ticket.turn.close() }
        let isCalled = await ticket.turn.next() != nil
        timer.cancel()
        cancellation?.onCancel(nil)
        guard !isCalled else {
            return
        }
        waiting.removeAll { other in other === ticket }
        let isCancelled = Task.isCancelled || cancellation?.isCancelled == true
        throw HTTPClientError(isCancelled ? .cancelled : .poolExhausted, wroteBytes: false)
    }

    private func callNext() {
        if !waiting.isEmpty {
            _ = waiting.removeFirst().turn.push(())
        }
    }

    private func connect(
        by deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(HTTPClientError) -> ClientConnection {
        pendingCount += 1
        do throws(HTTPClientError) {
            let channel = try await client.connect(to: key.origin, by: deadline, cancellation)
            pendingCount -= 1
            let connection = ClientConnection(
                channel,
                pool: self,
                limits: client.configuration.limits,
                idleTimeout: client.configuration.idleTimeout
            )
            all[ObjectIdentifier(connection)] = connection
            return connection
        } catch {
            pendingCount -= 1
            placeFreed()
            throw error
        }
    }

    func returned(_ connection: ClientConnection) {
        idle.append(connection)
        callNext()
    }

    func closed(_ connection: ClientConnection) {
        guard all.removeValue(forKey: ObjectIdentifier(connection)) != nil else {
            return
        }
        idle.removeAll { other in other === connection }
        placeFreed()
    }

    private func placeFreed() {
        client.givePlaceBack()
        callNext()
        if all.isEmpty && pendingCount == 0 && waiting.isEmpty {
            client.poolEmptied(self)
        }
    }

    /// Closes every connection.
    func closeAll() {
        for connection in all.values {
            connection.cancel()
        }
    }
}
