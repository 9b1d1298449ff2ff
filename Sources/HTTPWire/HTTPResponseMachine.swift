import Base

/// What the bytes that came back turned out to be.
public enum HTTPResponseEvent: Sendable {
    /// The final response begins; interim ones (1xx) have been skipped.
    ///
    /// Always followed by `.end`.
    case head(HTTPResponseHead)
    /// These positions of the bytes just given hold body.
    case body(Range<Int>)
    /// The response is complete.
    case end
}

/// The client's side of HTTP/1.1 (RFC 9112) as a machine: one response at a time, as strict as the server's side.
///
/// Call `requestSent` before the bytes of a response come in, then drive `next` as with `HTTPRequestMachine`. Bytes
/// that come before a request was sent or after its response ended throw `.surplusBytes`: an upstream that sends them
/// is confused or hostile, and the connection must not carry another caller's request (threat C4).
public struct HTTPResponseMachine: Sendable {
    private enum Phase: Sendable {
        case idle
        case head
        case body
        case closed
        case failed(HTTPWireError)
    }

    private let limits: HTTPLimits
    private var phase = Phase.idle
    private var scanner: HeadScanner
    private var decoder: BodyDecoder
    private var method = HTTPMethod.get
    private var interimResponses = 0
    private var keepsAlive = false

    /// A machine for a fresh connection.
    public init(limits: HTTPLimits = .response) {
        self.limits = limits
        scanner = HeadScanner(.response, limits)
        decoder = BodyDecoder(.none, limits)
    }

    /// A request is on its way: the next bytes are its response.
    ///
    /// Only to be called on a fresh machine, or when `isReusable`; at any other time the machine fails from then on.
    public mutating func requestSent(_ method: HTTPMethod) {
        guard case .idle = phase else {
            phase = .failed(.surplusBytes)
            return
        }
        self.method = method
        interimResponses = 0
        phase = .head
    }

    /// Whether the connection is idle and may carry another request.
    public var isReusable: Bool {
        if case .idle = phase { true } else { false }
    }

    /// Whether not a byte of the response has come yet: only then may an idempotent request be sent again elsewhere.
    public var isAwaitingFirstByte: Bool {
        if case .head = phase { scanner.isEmpty && interimResponses == 0 } else { false }
    }

    /// The next event in `input` from `position` on, or `nil` when all of it has been used and more is needed.
    ///
    /// - Throws: the reason why the bytes cannot be accepted; the connection is then to be closed.
    public mutating func next(
        _ input: Span<UInt8>,
        _ position: inout Int
    ) throws(HTTPWireError) -> HTTPResponseEvent? {
        do {
            return try advance(input, &position)
        } catch {
            phase = .failed(error)
            throw error
        }
    }

    /// The peer closed: `.end` when that is how this body ends, `nil` when nothing was under way.
    ///
    /// - Throws: `HTTPWireError.truncated` when a response was expected or under way.
    public mutating func inputEnded() throws(HTTPWireError) -> HTTPResponseEvent? {
        switch phase {
        case .idle, .closed:
            phase = .closed
            return nil
        case .body where decoder.isOpenEnded:
            phase = .closed
            return .end
        case .head, .body:
            phase = .failed(.truncated)
            throw .truncated
        case .failed(let error):
            throw error
        }
    }

    @inline(__always)
    private mutating func advance(
        _ input: Span<UInt8>,
        _ position: inout Int
    ) throws(HTTPWireError) -> HTTPResponseEvent? {
        switch phase {
        case .failed(let error):
            throw error
        case .idle, .closed:
            guard position == input.count else {
                throw .surplusBytes
            }
            return nil
        case .head:
            while try scanner.receive(input, &position) {
                if let head = try finalHead(ResponseHeadParser.parse(&scanner)) {
                    decoder = BodyDecoder(head.bodyFraming, limits)
                    phase = .body
                    return .head(head)
                }
            }
            return nil
        case .body:
            switch try decoder.next(input, &position, limits) {
            case .needsMore:
                return nil
            case .data(let run):
                return .body(run)
            case .end:
                phase = keepsAlive ? .idle : .closed
                return .end
            }
        }
    }

    /// The head if it is final, `nil` for an interim one, which is checked, counted and dropped.
    private mutating func finalHead(_ parsed: ResponseHeadParser.Parsed) throws(HTTPWireError) -> HTTPResponseHead? {
        let declared = try MessageFraming.declared(parsed.fields, minorVersion: parsed.minorVersion)
        guard parsed.status != 101 else {
            throw .unexpectedUpgrade
        }
        guard parsed.status >= 200 else {
            guard declared == nil else {
                throw .unexpectedBody
            }
            interimResponses += 1
            guard interimResponses <= limits.maximumInterimResponses else {
                throw .tooManyInterimResponses
            }
            return nil
        }
        try MessageFraming.refuseEncoding(parsed.fields)
        let framing = try framing(parsed.status, declared)
        if case .length(let count) = framing, count > limits.maximumBodyBytes {
            throw .bodyTooLarge
        }
        let persists = try MessageFraming.keepsAlive(parsed.fields, minorVersion: parsed.minorVersion)
        keepsAlive = persists && framing != .untilClose
        return HTTPResponseHead(
            status: parsed.status,
            minorVersion: parsed.minorVersion,
            fields: parsed.fields,
            bodyFraming: framing,
            keepAlive: keepsAlive
        )
    }

    /// RFC 9112, section 6.3.
    ///
    /// A 204 with a length other than 0 is refused rather than trusted to have no body.
    private func framing(_ status: Int, _ declared: HTTPBodyFraming?) throws(HTTPWireError) -> HTTPBodyFraming {
        if status == 204 {
            guard declared == nil || declared == .length(0) else {
                throw .unexpectedBody
            }
            return .none
        }
        if method == .head || status == 304 {
            return .none
        }
        return declared ?? .untilClose
    }
}
