import Glibc

/// Blocking TCP for tests: written from the sockets up, so that nothing of the code under test vouches for itself.
final class Socket: @unchecked Sendable {
    let descriptor: Int32
    private var buffered: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        setTimeout(seconds: 10)
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Connects to a port of this machine.
    static func connected(to port: UInt16) -> Socket? {
        Loopback.connect(to: port).map { Socket(descriptor: $0) }
    }

    func setTimeout(seconds: Int, microseconds: Int = 0) {
        var time = timeval(tv_sec: seconds, tv_usec: microseconds)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                return false
            }
            sent += count
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool {
        write(Array(text.utf8))
    }

    /// Fills the buffer; false at the end of the stream, on errors and when nothing comes in time.
    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else {
            return false
        }
        buffered.append(contentsOf: chunk[..<count])
        return true
    }

    /// The bytes up to and including `mark`.
    func read(through mark: [UInt8]) -> [UInt8]? {
        var searched = 0
        while true {
            var position = searched
            while position + mark.count <= buffered.count {
                if buffered[position] == mark[0], Array(buffered[position..<(position + mark.count)]) == mark {
                    let found = Array(buffered[..<(position + mark.count)])
                    buffered.removeFirst(found.count)
                    return found
                }
                position += 1
            }
            searched = max(0, buffered.count - mark.count + 1)
            guard fill() else {
                return nil
            }
        }
    }

    /// Exactly `count` bytes.
    func read(count: Int) -> [UInt8]? {
        while buffered.count < count {
            guard fill() else {
                return nil
            }
        }
        defer { buffered.removeFirst(count) }
        return Array(buffered[..<count])
    }

    /// Whether the peer ends the stream (or resets it) before the time-out, with nothing more in it.
    func isEnded() -> Bool {
        guard buffered.isEmpty else {
            return false
        }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)
    }

    /// Ends both directions at once.
    func end() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Closes with a reset instead of a farewell.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// One HTTP head as plain lines, and the body.
struct PlainMessage: Sendable {
    var startLine: String
    /// Names in lower case.
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }

    func field(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}

extension Socket {
    /// Reads a head.
    func readHead() -> PlainMessage? {
        guard let bytes = read(through: [13, 10, 13, 10]) else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: true)
        guard let first = lines.first else {
            return nil
        }
        let fields = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1]) : ""
            return (parts[0].lowercased(), String(value.drop { $0 == " " }))
        }
        return PlainMessage(startLine: String(first), fields: fields, body: [])
    }

    /// Reads a whole message, however its body is framed; a body without framing counts as none.
    func readMessage() -> PlainMessage? {
        guard var message = readHead() else {
            return nil
        }
        if message.field("transfer-encoding") == "chunked" {
            while let chunk = readChunk(), !chunk.isEmpty {
                message.body.append(contentsOf: chunk)
            }
        } else if let length = message.field("content-length").flatMap({ Int($0) }), length > 0 {
            guard let body = read(count: length) else {
                return nil
            }
            message.body = body
        }
        return message
    }

    /// One chunk of a chunked body; empty: the last one; nil: none came.
    func readChunk() -> [UInt8]? {
        guard let line = read(through: [13, 10]),
            let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16),
            let chunk = read(count: size), read(count: 2) != nil
        else {
            return nil
        }
        return chunk
    }
}

/// Runs `body` on a thread of its own.
func onThread(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    var thread = pthread_t()
    pthread_create(
        &thread,
        nil,
        { argument in
            guard let argument else {
                return nil
            }
            Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        },
        box
    )
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
