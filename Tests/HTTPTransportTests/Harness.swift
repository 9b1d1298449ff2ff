import Base
import EventLoops
import HTTPTransport
import HTTPWire
import Testing

/// Runs `body` confined to a worker on a loop and thread of its own, and ends both.
func onWorker<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Worker) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop()
    let thread = try loop.start()
    let worker = Worker(loop: loop)
    let outcome = await Task(executorPreference: loop) { try await body(worker) }.result
    loop.stop()
    thread.join()
    return try outcome.get()
}

/// Bounds so short that a test of a time-out is not slow.
let shortTimeouts = HTTPServerTimeouts(
    head: .milliseconds(300),
    body: .milliseconds(300),
    idle: .milliseconds(400),
    write: .milliseconds(300),
    linger: .milliseconds(200)
)

/// Bounds that no machine, however busy, meets by accident; time-outs are set by the tests that are about them.
func quickConfiguration(
    limits: HTTPLimits = .default,
    tls: TLSServerIdentity? = nil,
    timeouts: HTTPServerTimeouts = HTTPServerTimeouts(
        head: .seconds(60),
        body: .seconds(60),
        idle: .seconds(60),
        write: .seconds(60),
        linger: .seconds(1)
    ),
    maximumConnections: Int = 100,
    maximumConnectionsPerAddress: Int = 100
) -> HTTPServerConfiguration {
    HTTPServerConfiguration(
        address: SocketAddress(.loopbackV4, port: 0),
        tls: tls,
        limits: limits,
        timeouts: timeouts,
        maximumConnections: maximumConnections,
        maximumConnectionsPerAddress: maximumConnectionsPerAddress
    )
}

/// Answers with method, target and body, as text.
func echo(_ exchange: HTTPServerExchange) async {
    guard let body = try? await exchange.body(maximumBytes: 1_000_000) else {
        return
    }
    var text = exchange.head.method.name.bytes + [UInt8(ascii: " ")] + Array(exchange.head.target)
    text += [UInt8(ascii: " ")] + body
    try? await exchange.respond(200, HTTPFields(), body: text)
}

/// A client that says exactly what a test wants it to.
final class RawClient {
    let stream: TCPStream

    init(_ address: SocketAddress, on loop: EventLoop) async throws {
        stream = try await TCPStream.connect(to: address, on: loop, timeout: .seconds(20))
    }

    func send(_ text: String) {
        stream.send(Array(text.utf8))
    }

    /// One byte per turn of the loop, so that each arrives alone.
    func sendBytewise(_ text: String) async throws {
        for byte in text.utf8 {
            stream.send([byte])
            try await stream.flushed()
            await Task.yield()
        }
    }

    /// Everything until the server ends the connection, in whatever way.
    func readToEnd() async -> String {
        var bytes: [UInt8] = []
        while let piece = try? await stream.read() {
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Everything until `text` has come, or the end.
    func read(until text: String) async -> String {
        var bytes: [UInt8] = []
        while !String(decoding: bytes, as: UTF8.self).contains(text), let piece = try? await stream.read() {
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends, reads to the end, closes.
    static func ask(_ text: String, _ address: SocketAddress, on loop: EventLoop) async throws -> String {
        let client = try await RawClient(address, on: loop)
        client.send(text)
        let answer = await client.readToEnd()
        client.stream.close()
        return answer
    }
}

/// A server that says exactly what a test wants it to: each connection runs `script`.
final class RawServer {
    let listener: TCPListener
    private(set) var connections: [TCPStream] = []

    private final class Box {
        weak var server: RawServer?
    }

    init(on worker: isolated Worker, script: @escaping (TCPStream, Int) async -> Void) throws {
        let box = Box()
        listener = try TCPListener(on: worker.loop, address: SocketAddress(.loopbackV4, port: 0)) { stream in
            let number = box.server?.connections.count ?? 0
            box.server?.connections.append(stream)
            worker.spawn { await script(stream, number) }
        }
        box.server = self
    }

    var origin: HTTPOrigin { HTTPOrigin(.http, host: "127.0.0.1", port: listener.address.port) }

    func close() {
        listener.close()
        for connection in connections {
            connection.close()
        }
    }
}

/// Reads from `stream` until an empty line and as many bytes behind it as `Content-Length` says.
func readRequest(_ stream: TCPStream) async -> String? {
    var text = ""
    while let piece = try? await stream.read() {
        text += String(decoding: piece, as: UTF8.self)
        guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else {
            continue
        }
        let head = String(text.utf8[..<end.lowerBound]) ?? ""
        let wanted = head.split(separator: "\r\n").compactMap { line in
            line.hasPrefix("Content-Length: ") ? Int(line.dropFirst(16)) : nil
        }
        if text.utf8[end.upperBound...].count >= wanted.first ?? 0 {
            return text
        }
    }
    return nil
}

func bytes(_ text: String) -> [UInt8] {
    Array(text.utf8)
}

extension Collection<UInt8> {
    func firstRange(of pattern: some Collection<UInt8>) -> Range<Index>? {
        let pattern = Array(pattern)
        var start = startIndex
        while start != endIndex {
            var position = start
            var matched = 0
            while matched < pattern.count, position != endIndex, self[position] == pattern[matched] {
                position = index(after: position)
                matched += 1
            }
            if matched == pattern.count {
                return start..<position
            }
            start = index(after: start)
        }
        return nil
    }
}
