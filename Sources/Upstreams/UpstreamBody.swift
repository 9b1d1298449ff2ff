import Base
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
    private let space: AnswerSpace
    /// For whom it is read; `nil`: for the gateway itself.
    private let owner: ByteString?
    private var claim: AnswerSpace.Claim?
    private var waiter: AnswerSpace.Waiter?
    private var isOver = false

    init(_ exchange: HTTPClientExchange, for owner: ByteString?, in space: AnswerSpace, loop: EventLoop) {
        self.exchange = exchange
        self.owner = owner
        self.space = space
        self.loop = loop
        head = exchange.head
    }

    /// Makes sure that there is room for a message of which `count` bytes have come and at most `maximumBytes` may.
    func admit(_ count: Int, of maximumBytes: Int) async throws(UpstreamFailure) {
        guard count > AnswerSpace.free, claim == nil else {
            return
        }
        do throws(UpstreamFailure) {
            claim = try await space.claim(maximumBytes, for: owner) { waiter = $0 }
            waiter = nil
        } catch {
            waiter = nil
            cancel()
            throw error
        }
    }

    /// The message that was read is done with, or has become somebody else's: its room is given back, or goes along.
    func takeClaim() -> AnswerSpace.Claim? {
        defer { claim = nil }
        return claim
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
        var bytes: [UInt8] = []
        while let more = try await next() {
            guard bytes.count + more.count <= maximumBytes else {
                cancel()
                throw UpstreamFailure(.tooLarge, wroteBytes: true)
            }
            try await admit(bytes.count + more.count, of: maximumBytes)
            if bytes.isEmpty { bytes = more } else { bytes += more }
        }
        return bytes
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
        waiter?.cancel()
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
