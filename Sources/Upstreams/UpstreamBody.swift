import EventLoops
import HTTPTransport
import HTTPWire

/// The body of a reply, read piece by piece.
///
/// Loop-confined.
///
/// The transport watches the clocks: silence between two pieces, and the whole time (E10).
final class UpstreamBody {
    /// How long the end of a stream may lag behind its last event before the connection is given up.
    private static let lag = Duration.milliseconds(50)

    let head: HTTPResponseHead
    private let exchange: HTTPClientExchange
    private let loop: EventLoop
    private var isOver = false

    init(_ exchange: HTTPClientExchange, loop: EventLoop) {
        self.exchange = exchange
        self.loop = loop
        head = exchange.head
    }

    /// The next bytes; `nil` at the end of the body.
    func next() async throws(UpstreamFailure) -> [UInt8]? {
        guard !isOver else {
            return nil
        }
        do throws(HTTPClientError) {
            let bytes = try await exchange.next()
            isOver = bytes == nil
            return bytes
        } catch {
            isOver = true
            throw UpstreamFailure(error)
        }
    }

    /// The whole body; more than `maximumBytes` is a failure.
    func all(maximumBytes: Int) async throws(UpstreamFailure) -> [UInt8] {
        do throws(HTTPClientError) {
            let bytes = try await exchange.body(maximumBytes: maximumBytes)
            isOver = true
            return bytes
        } catch {
            isOver = true
            throw UpstreamFailure(error)
        }
    }

    /// The start of the body, for an answer nobody reads further; never fails.
    func start(maximumBytes: Int) async -> [UInt8] {
        var start: [UInt8] = []
        do throws(UpstreamFailure) {
            while let bytes = try await next() {
                start.append(contentsOf: bytes)
                if start.count > maximumBytes {
                    cancel()
                    return Array(start.prefix(maximumBytes))
                }
            }
        } catch {
            cancel()
        }
        return start
    }

    /// Waits a moment for the end, so that the connection can be kept; closes it when there is none.
    func finish() async {
        guard !isOver else {
            return
        }
        let exchange = exchange
        let timer = loop.schedule(after: Self.lag) { exchange.cancel() }
        do throws(HTTPClientError) {
            if try await exchange.next() != nil {
                exchange.cancel()
            }
        } catch {
            exchange.cancel()
        }
        timer.cancel()
        isOver = true
    }

    /// Closes the connection; a pending ``next()`` throws.
    func cancel() {
        guard !isOver else {
            return
        }
        isOver = true
        exchange.cancel()
    }
}

extension UpstreamFailure {
    /// What went wrong on the wire, in our words.
    init(_ error: HTTPClientError) {
        let kind: Kind =
            switch error.kind {
            case .refused, .noAddress, .addressRefused, .unreachable: .unreachable
            case .tls: .tls
            case .timedOut: .timedOut
            case .reset: .broken
            case .malformed(.bodyTooLarge): .tooLarge
            case .malformed: .protocolViolation(.http)
            case .cancelled: .cancelled
            case .poolExhausted, .exhausted: .busy
            case .unwritable: .unwritable
            }
        self.init(kind, wroteBytes: error.wroteBytes, detail: error.description)
    }
}
