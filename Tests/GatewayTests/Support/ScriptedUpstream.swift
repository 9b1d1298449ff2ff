import Base
import Glibc
import Synchronization

/// An upstream that does what a test tells it to, one thread per connection.
final class ScriptedUpstream: Sendable {
    /// What the gateway sent, in order of arrival.
    struct Received: Sendable {
        var message: PlainMessage
        var connection: Int
    }

    /// How to answer one request.
    enum Reply: Sendable {
        /// A complete response.
        case json(String, status: Int = 200, headers: [String] = [])
        /// Server-sent events, each a `data` payload, then the end of the body.
        case events([String], headers: [String] = [])
        /// These very bytes, then the connection is closed.
        case raw(String)
        /// Whatever the closure does with the connection, which is closed afterwards.
        case custom(@Sendable (Socket, PlainMessage) -> Void)
        /// The connection is closed without a byte.
        case hangUp
    }

    typealias Script = @Sendable (PlainMessage) -> Reply

    let port: UInt16
    private let listener: Int32
    private let script: Script
    private let log = Guarded<[Received]>([])
    private let connections = Guarded(0)

    init(_ script: @escaping Script) {
        let (descriptor, port) = Loopback.listener()
        listener = descriptor
        self.port = port
        self.script = script
        acceptConnections()
    }

    private func acceptConnections() {
        onThread { [weak self, listener] in
            while true {
                let accepted = Loopback.accept(listener)
                guard accepted >= 0, let self else {
                    break
                }
                let number = self.connections.withLock { count in
                    count += 1
                    return count
                }
                onThread { [weak self] in self?.serve(Socket(descriptor: accepted), number: number) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Refuses connections from now on; those that are open stay.
    func refuse() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Takes connections again, on the same port.
    func listenAgain() {
        listen(listener, 128)
        acceptConnections()
    }

    /// Everything received so far.
    var received: [Received] { log.withLock { $0 } }

    /// The bodies received so far whose text contains `part`.
    func bodies(containing part: String) -> [String] {
        received.map(\.message.text).filter { $0.contains(part) }
    }

    /// How many connections were opened.
    var connectionCount: Int { connections.withLock { $0 } }

    private func serve(_ socket: Socket, number: Int) {
        while let message = socket.readMessage() {
            log.withLock { $0.append(Received(message: message, connection: number)) }
            switch script(message) {
            case .json(let text, let status, let headers):
                let extra = headers.map { "\($0)\r\n" }.joined()
                let body = status == 202 ? "" : text
                let type = body.isEmpty ? "" : "content-type: application/json\r\n"
                socket.write("HTTP/1.1 \(status) X\r\n\(type)\(extra)content-length: \(body.utf8.count)\r\n\r\n\(body)")
            case .events(let events, let headers):
                socket.startEvents(headers)
                for event in events {
                    socket.sendEvent(event)
                }
                socket.endEvents()
            case .raw(let text):
                socket.write(text)
                socket.end()
                return
            case .custom(let body):
                body(socket, message)
                socket.end()
                return
            case .hangUp:
                socket.end()
                return
            }
        }
    }
}

extension Socket {
    func startEvents(_ headers: [String] = []) {
        let extra = headers.map { "\($0)\r\n" }.joined()
        write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\(extra)transfer-encoding: chunked\r\n\r\n")
    }

    func sendEvent(_ data: String) {
        let text = "event: message\ndata: \(data)\n\n"
        write("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    func endEvents() {
        write("0\r\n\r\n")
    }
}
