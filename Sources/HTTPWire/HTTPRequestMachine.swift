import Base

/// What the bytes of a connection turned out to be.
public enum HTTPRequestEvent: Sendable {
    /// A request begins.
    ///
    /// Always followed by `.end`, perhaps with `.body` before it.
    case head(HTTPRequestHead)
    /// These positions of the bytes just given hold body.
    case body(Range<Int>)
    /// The request is complete.
    case end
}

/// The server's side of HTTP/1.1 (RFC 9112) as a machine: bytes in, events out; no I/O, no clock.
///
/// Drive it with every piece of input, however it was cut:
/// ```swift
/// var position = 0
/// while let event = try machine.next(input, &position) { … }
/// ```
/// `nil` means that more bytes are needed; everything up to `position` has then been used. Stop calling after `.end` until the
/// answer is out, then go on from the same `position`: that is how pipelined requests wait.
///
/// It accepts only what no two parsers can read differently, so "refused" is its usual answer to anything unusual.
/// After an error every further call throws the same error: the connection is to be answered and closed, never
/// resynchronised.
public struct HTTPRequestMachine: Sendable {
    private enum Phase: Sendable {
        case head
        case body
        case closed
        case failed(HTTPWireError)
    }

    private let limits: HTTPLimits
    private var phase = Phase.head
    // Both are worked on in place: as payloads of the phase they would be copied with every piece of input.
    private var scanner: HeadScanner
    private var decoder: BodyDecoder
    private var keepsAlive = true

    /// A machine for a fresh connection.
    public init(limits: HTTPLimits = .default) {
        self.limits = limits
        scanner = HeadScanner(.request, limits)
        decoder = BodyDecoder(.none, limits)
    }

    /// Whether no byte of a request has come since the last one ended: the connection is idle, not slow.
    public var isBetweenRequests: Bool {
        if case .head = phase { scanner.isEmpty } else { false }
    }

    /// Whether the head is still being received.
    public var isInHead: Bool {
        if case .head = phase { !scanner.isEmpty } else { false }
    }

    /// Whether the last request said that nothing more is to come; what follows it is discarded unread.
    public var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    /// The next event in `input` from `position` on, or `nil` when all of it has been used and more is needed.
    ///
    /// - Throws: the reason why the bytes cannot be accepted; `HTTPWireError.status` is the status to answer with.
    public mutating func next(
        _ input: Span<UInt8>,
        _ position: inout Int
    ) throws(HTTPWireError) -> HTTPRequestEvent? {
        do {
            return try advance(input, &position)
        } catch {
            phase = .failed(error)
            throw error
        }
    }

    /// The peer will send nothing more.
    ///
    /// - Throws: `HTTPWireError.truncated` when that leaves a request unfinished.
    public func inputEnded() throws(HTTPWireError) {
        switch phase {
        case .closed: return
        case .head where scanner.isEmpty: return
        case .head, .body: throw .truncated
        case .failed(let error): throw error
        }
    }

    @inline(__always)
    private mutating func advance(
        _ input: Span<UInt8>,
        _ position: inout Int
    ) throws(HTTPWireError) -> HTTPRequestEvent? {
        switch phase {
        case .failed(let error):
            throw error
        case .closed:
            position = input.count
            return nil
        case .head:
            guard try scanner.receive(input, &position) else {
                return nil
            }
            let head = try RequestHeadParser.parse(&scanner, limits)
            keepsAlive = head.keepAlive
            decoder = BodyDecoder(head.bodyFraming, limits)
            phase = .body
            return .head(head)
        case .body:
            switch try decoder.next(input, &position, limits) {
            case .needsMore:
                return nil
            case .data(let run):
                return .body(run)
            case .end:
                phase = keepsAlive ? .head : .closed
                return .end
            }
        }
    }
}
