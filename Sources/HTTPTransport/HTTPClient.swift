public import Base
public import EventLoops
internal import HTTPWire

/// An HTTP/1.1 client with its own pools of connections, one per worker.
///
/// Loop-confined.
///
/// It follows no redirect, keeps no cookie and no cache, asks for no compression, uses no proxy, and never sends a request a
/// second time once a byte of it may have been received (security.md, G2 and G3).
public final class HTTPClient {
    let loop: EventLoop
    let configuration: HTTPClientConfiguration
    private var pools: [PoolKey: ConnectionPool] = [:]
    private var placesTaken = 0

    /// A client on the loop of the worker it is used from.
    public init(on loop: EventLoop, configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        self.loop = loop
        self.configuration = configuration
    }

    /// How many connections are open or being made.
    public var connectionCount: Int { placesTaken }

    /// Sends `request` and waits for the head of its response.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - origin: where to.
    ///   - poolKey: who sends; connections are never shared between two keys.
    ///   - deadlines: instead of the configuration's.
    ///   - cancellation: calls the request off until its response begins; after that use
    ///     ``HTTPClientExchange/cancel()``. Cancelling the task ends no request under way.
    /// - Returns: the response under way; its body is still to be read.
    /// - Throws: ``HTTPClientError``. A connection that had been used before and turns out dead is replaced without a
    ///   word, but only if not one byte was written to it.
    public func send(
        _ request: HTTPClientRequest,
        to origin: HTTPOrigin,
        poolKey: ByteString,
        deadlines: HTTPClientDeadlines? = nil,
        cancellation: CancellationPoint? = nil
    ) async throws(HTTPClientError) -> HTTPClientExchange {
        let deadlines = deadlines ?? configuration.deadlines
        let total = deadlines.total.map { total in loop.now.advanced(by: total) }
        let key = PoolKey(origin: origin, credential: poolKey, isLongLived: request.isLongLived)
        while true {
            guard cancellation?.isCancelled != true else {
                throw HTTPClientError(.cancelled, wroteBytes: false)
            }
            let connectDeadline = loop.now.advanced(by: deadlines.connect)
            let connection = try await pool(key).connection(
                by: min(connectDeadline, total ?? connectDeadline),
                cancellation
            )
            let isReused = connection.hasServed
            cancellation?.onCancel { connection.cancel() }
            do throws(HTTPClientError) {
                let response = try await connection.send(request, to: origin, until: total, deadlines)
                cancellation?.onCancel(nil)
                return HTTPClientExchange(response, connection)
            } catch {
                cancellation?.onCancel(nil)
                guard isReused, error.kind == .reset, !error.wroteBytes else {
                    throw error
                }
            }
        }
    }

    /// Closes every connection; exchanges under way end with `cancelled`.
    public func close() {
        for pool in pools.values {
            pool.closeAll()
        }
    }

    private func pool(_ key: PoolKey) -> ConnectionPool {
        if let pool = pools[key] {
            return pool
        }
        let pool = ConnectionPool(key, client: self)
        pools[key] = pool
        return pool
    }

    // MARK: What pools ask for

    func poolEmptied(_ pool: ConnectionPool) {
        if pools[pool.key] === pool {
            pools[pool.key] = nil
        }
    }

    /// Streams leave the places of one pool of calls free, however many of them there are.
    func takePlace(isLongLived: Bool) -> Bool {
        let kept = isLongLived ? min(configuration.maximumConnectionsPerPool, configuration.maximumConnections / 2) : 0
        guard placesTaken < configuration.maximumConnections - kept else {
            return false
        }
        placesTaken += 1
        return true
    }

    func givePlaceBack() {
        placesTaken -= 1
    }

    /// Name, connection, handshake: each failure is final, nothing is tried in a weaker way (threat G4).
    func connect(
        to origin: HTTPOrigin,
        by deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(HTTPClientError) -> Channel {
        let stream: TCPStream
        do throws(StreamError) {
            stream = try await connectedStream(to: origin, by: deadline, cancellation)
        } catch {
            throw HTTPClientError(stream: error, wroteBytes: false)
        }
        guard origin.scheme == .https else {
            return Channel(stream)
        }
        do throws(HandshakeFailure) {
            return try await secured(stream, origin.host.text, by: deadline, cancellation)
        } catch {
            stream.close()
            switch error {
            case .tls(let error): throw HTTPClientError(.tls(error), wroteBytes: false)
            case .stream(let error): throw HTTPClientError(stream: error, wroteBytes: false)
            }
        }
    }

    /// The name is resolved once; the addresses that are allowed are the ones that are connected to (threat G1).
    private func connectedStream(
        to origin: HTTPOrigin,
        by deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(StreamError) -> TCPStream {
        let resolved = try await Resolver.addresses(
            of: origin.host.text,
            port: origin.port,
            on: loop,
            timeout: left(until: deadline),
            cancellation: cancellation
        )
        let allowed = resolved.filter(configuration.addressFilter)
        guard !allowed.isEmpty else {
            throw .addressRefused
        }
        return try await TCPStream.connect(
            to: allowed,
            on: loop,
            timeout: left(until: deadline),
            cancellation: cancellation
        )
    }

    private func secured(
        _ stream: TCPStream,
        _ host: String,
        by deadline: Instant,
        _ cancellation: CancellationPoint?
    ) async throws(HandshakeFailure) -> Channel {
        let session: TLSSession
        do throws(TLSError) {
            let trust = if let own = configuration.trust { own } else { try TLSTrust.system() }
            session = try TLSSession(client: trust, host: host)
        } catch {
            throw .tls(error)
        }
        let channel = Channel(stream, tls: session)
        let timer = loop.schedule(after: left(until: deadline)) { stream.fail(.timedOut) }
        cancellation?.onCancel { stream.fail(.cancelled) }
        defer {
            timer.cancel()
            cancellation?.onCancel(nil)
        }
        try await channel.handshake()
        return channel
    }

    private func left(until deadline: Instant) -> Duration {
        max(.zero, deadline.elapsed(since: loop.now))
    }
}
