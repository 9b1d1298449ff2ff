internal import Base
internal import COpenSSL
internal import EventLoops

/// A TCP stream, plain or under TLS, with one face.
///
/// Loop-confined.
final class Channel {
    let stream: TCPStream
    private let tls: TLSSession?
    /// Decrypted bytes; unused without TLS.
    private var plain: [UInt8] = []
    private var plainStart = 0

    /// A plain stream.
    init(_ stream: TCPStream) {
        self.stream = stream
        tls = nil
    }

    init(_ stream: TCPStream, tls: TLSSession) {
        self.stream = stream
        self.tls = tls
    }

    var isSecure: Bool { tls != nil }

    /// How many received bytes wait to be parsed.
    var inputCount: Int { tls == nil ? stream.inputCount : plain.count - plainStart }

    /// Does the TLS handshake, nothing on a plain stream.
    func handshake() async throws(HandshakeFailure) {
        guard let tls else {
            return
        }
        do {
            while true {
                let isDone = try tls.handshake()
                sendCiphertext(tls)
                guard !isDone else {
                    return
                }
                guard try await stream.receive() else {
                    throw HandshakeFailure.stream(.ended)
                }
                feed(tls)
            }
        } catch let error as TLSError {
            // The alert that says why is for the peer.
            sendCiphertext(tls)
            throw .tls(error)
        } catch let error as StreamError {
            throw .stream(error)
        } catch {
            throw .stream(.ended)
        }
    }

    /// Runs one step of a parser over the received bytes and consumes what it used.
    func parse<Event, Failure: Error>(
        _ step: (Span<UInt8>, inout Int) throws(Failure) -> Event
    ) throws(Failure) -> Event {
        var position = 0
        guard tls != nil else {
            defer { stream.consume(position) }
            return try stream.withInput { input throws(Failure) in try step(input, &position) }
        }
        defer { consumePlain(position) }
        let bytes = plain
        return try step(bytes.span.extracting(plainStart..<bytes.count), &position)
    }

    private func consumePlain(_ count: Int) {
        plainStart += count
        if plainStart == plain.count {
            plain.removeAll(keepingCapacity: plain.capacity <= 4_096)
            plainStart = 0
        }
    }

    /// Waits until there are bytes to parse; false when the peer has ended its side properly and none are left.
    func receive() async throws(StreamError) -> Bool {
        guard let tls else {
            return try await stream.receive()
        }
        while inputCount == 0 {
            feed(tls)
            let isIntact = tls.read(into: &plain)
            sendCiphertext(tls)
            guard inputCount == 0 else {
                break
            }
            guard isIntact else {
                throw .reset
            }
            guard !tls.isEnded else {
                return false
            }
            // An end without close_notify is a cut: what looks complete may not be.
            guard try await stream.receive() else {
                throw .ended
            }
        }
        return true
    }

    /// Whether nothing has come that was not parsed yet, not even the end.
    ///
    /// TLS's own messages, such as session tickets, are taken in and do not count.
    var isQuiet: Bool {
        if let tls {
            feed(tls)
            guard tls.read(into: &plain), !tls.isEnded, inputCount == 0 else {
                return false
            }
            sendCiphertext(tls)
        }
        return stream.isQuiet
    }

    private func feed(_ tls: TLSSession) {
        let count = stream.inputCount
        guard count > 0 else {
            return
        }
        stream.withInput { input in tls.feed(input) }
        stream.consume(count)
    }

    private func sendCiphertext(_ tls: TLSSession) {
        guard tls.hasOutput else {
            return
        }
        stream.send { output in tls.takeOutput(into: &output) }
    }

    /// Queues what `body` appends.
    func send<Failure: Error>(_ body: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        guard let tls else {
            return try stream.send(body)
        }
        var bytes: [UInt8] = []
        try body(&bytes)
        encrypt(bytes, tls)
    }

    /// Queues `bytes`.
    func send(_ bytes: [UInt8]) {
        guard let tls else {
            return stream.send(bytes)
        }
        encrypt(bytes, tls)
    }

    private func encrypt(_ bytes: [UInt8], _ tls: TLSSession) {
        guard tls.write(bytes.span) else {
            stream.fail(.reset)
            return
        }
        sendCiphertext(tls)
    }

    /// Ends our side once everything queued is sent.
    func finishOutput() {
        if let tls {
            tls.finish()
            sendCiphertext(tls)
        }
        stream.finishOutput()
    }

    /// Closes; under TLS with a word of farewell.
    func close() {
        if let tls, !stream.isClosed, stream.fault == nil {
            tls.finish()
            sendCiphertext(tls)
        }
        stream.close()
    }
}

/// Why a connection did not become usable.
enum HandshakeFailure: Error {
    case tls(TLSError)
    case stream(StreamError)
}
