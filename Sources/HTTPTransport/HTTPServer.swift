internal import Base
public import EventLoops
internal import HTTPWire

/// An HTTP/1.1 server on one worker: listens, serves, drains.
///
/// Loop-confined.
///
/// Each connection is one task, its requests are served one after the other. A handler gets an ``HTTPServerExchange`` and
/// answers on it; what arrives malformed is answered here, and never reaches a handler.
public final class HTTPServer {
    let configuration: HTTPServerConfiguration
    let handler: (HTTPServerExchange) async -> Void
    let worker: Worker
    private var listener: TCPListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var refusals: Set<Refusal> = []
    private let progress = WaitPoint()
    private let box = ServerBox()
    var dateLine = DateLine()

    /// Where it listens, with the port the system chose.
    public let address: SocketAddress
    /// Whether it takes no more requests.
    public private(set) var isDraining = false
    /// Connections refused because the caps were reached, or lost because no descriptor was left.
    public private(set) var refusedCount = 0

    /// Listens and serves from now on.
    ///
    /// - Parameters:
    ///   - worker: the worker whose loop's thread this runs on.
    ///   - configuration: give every worker a copy of one value, and they share address and caps.
    ///   - handler: answers one request; runs confined to the worker.
    /// - Throws: ``StreamError`` when the address cannot be listened at.
    public init(
        on worker: isolated Worker,
        configuration: HTTPServerConfiguration,
        handler: @escaping (HTTPServerExchange) async -> Void
    ) throws(StreamError) {
        self.worker = worker
        self.configuration = configuration
        self.handler = handler
        let box = box
        // The listener calls back into a server that does not exist yet: a box that is filled below.
        let listener = try TCPListener(on: worker.loop, address: configuration.address) { stream in
            guard let server = box.server else {
                return stream.close()
            }
            server.arrived(stream)
        }
        self.listener = listener
        address = listener.address
        box.server = self
        listener.onFailure = { _ in box.server?.refusedCount += 1 }
    }

    deinit {
        box.server = nil
    }

    /// Listens, serves and returns when the server has been drained.
    ///
    /// - Parameters:
    ///   - worker: as in the initialiser.
    ///   - configuration: as in the initialiser.
    ///   - whenListening: gets the server; keep it to drain it.
    ///   - handler: as in the initialiser.
    /// - Throws: ``StreamError`` when the address cannot be listened at.
    public static func run(
        on worker: isolated Worker,
        configuration: HTTPServerConfiguration,
        whenListening: (HTTPServer) -> Void = { _ in },
        handler: @escaping (HTTPServerExchange) async -> Void
    ) async throws(StreamError) {
        let server = try HTTPServer(on: worker, configuration: configuration, handler: handler)
        whenListening(server)
        while !server.isDraining || !server.connections.isEmpty {
            await server.progress.wait()
        }
    }

    /// How many connections are open here.
    public var connectionCount: Int { connections.count }

    /// Stops listening, lets requests under way finish, closes what is left when `deadline` has passed.
    public func drain(within deadline: Duration) async {
        stopListening()
        var hasGivenUp = false
        let timer = worker.loop.schedule(after: deadline) { [self] in
            for connection in connections.values {
                connection.abort()
            }
        }
        // A handler that does not return although its client is gone holds nobody up.
        let lastTimer = worker.loop.schedule(after: deadline + configuration.timeouts.linger) { [self] in
            hasGivenUp = true
            progress.wake()
        }
        while !connections.isEmpty && !hasGivenUp {
            await progress.wait()
        }
        timer.cancel()
        lastTimer.cancel()
        connections.removeAll()
        progress.wake()
    }

    private func stopListening() {
        isDraining = true
        listener?.close()
        listener = nil
        for connection in connections.values {
            connection.closeIfIdle()
        }
        for refusal in refusals {
            refusal.close()
        }
    }

    private func arrived(_ stream: TCPStream) {
        guard !isDraining, configuration.census.enter(stream.peer.ip) else {
            refuse(stream)
            return
        }
        guard let channel = channel(on: stream) else {
            configuration.census.leave(stream.peer.ip)
            stream.reset()
            return
        }
        let connection = ServerConnection(self, channel)
        connections[ObjectIdentifier(connection)] = connection
        worker.spawn { await connection.run() }
    }

    private func channel(on stream: TCPStream) -> Channel? {
        guard let identity = configuration.tls else {
            return Channel(stream)
        }
        do throws(TLSError) {
            return Channel(stream, tls: try TLSSession(server: identity))
        } catch {
            return nil
        }
    }

    func connectionEnded(_ connection: ServerConnection) {
        connections[ObjectIdentifier(connection)] = nil
        configuration.census.leave(connection.channel.stream.peer.ip)
        if isDraining && connections.isEmpty {
            progress.wake()
        }
    }

    // MARK: Refusing

    /// LIMIT: refusals that are being said at one time; beyond, and under TLS, connections are just closed.
    private static let maximumRefusals = 256

    private func refuse(_ stream: TCPStream) {
        refusedCount += 1
        guard configuration.tls == nil, refusals.count < HTTPServer.maximumRefusals, !isDraining else {
            return stream.reset()
        }
        let refusal = Refusal(stream, for: configuration.timeouts.linger) { [unowned self] refusal in
            refusals.remove(refusal)
        }
        refusals.insert(refusal)
        let body = configuration.statusBody(503)
        stream.send { output in
            output.append("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n")
            output.append("Connection: close\r\nContent-Length: ")
            output.append(decimal: body.count)
            output.append("\r\n\r\n")
            output.append(contentsOf: body)
        }
        stream.finishOutput()
    }
}

private final class ServerBox {
    /// Taken back when the server goes; not weak for what ServerConnection says.
    unowned var server: HTTPServer?
}

/// A connection that was told 503 and is closed when the client hangs up or a short while has passed.
///
/// Closed at once, the bytes the client is sending would turn into a reset that can overtake the answer.
private final class Refusal: Hashable {
    private let stream: TCPStream
    private var timer: LoopTimer?
    private let whenClosed: (Refusal) -> Void

    init(_ stream: TCPStream, for delay: Duration, whenClosed: @escaping (Refusal) -> Void) {
        self.stream = stream
        self.whenClosed = whenClosed
        timer = stream.loop.schedule(after: delay) { [weak self] in self?.close() }
        stream.onEnded = { [weak self] in self?.close() }
    }

    func close() {
        timer?.cancel()
        stream.close()
        whenClosed(self)
    }

    static func == (left: Refusal, right: Refusal) -> Bool { left === right }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
