/// A reply that comes in several messages, whatever way they come.
///
/// Loop-confined.
///
/// Delivers each message once it is whole and strictly read. A stream that answers a request ends with the response to
/// that request: whatever would follow is not read. Any breach of the protocol closes the connection.
public final class UpstreamStream {
    private enum Source {
        case events(EventStream)
        /// What comes over a connection that other requests share; the first message has been taken out of it already.
        case shared(ReplyExchange)
    }

    private let source: Source
    private var first: UpstreamEvent?

    init(_ events: EventStream) {
        source = .events(events)
    }

    init(_ exchange: ReplyExchange, first: UpstreamEvent?) {
        source = .shared(exchange)
        self.first = first
    }

    deinit {
        // There is no connection that would close by itself.
        if case .shared(let exchange) = source {
            exchange.cancel()
        }
    }

    /// How long the server asks us to wait before coming back for more, if it has said so (LC-06).
    public var retryMilliseconds: Int? {
        guard case .events(let events) = source else {
            return nil
        }
        return events.retryMilliseconds
    }

    /// The next event; `nil` when the stream is over: after the response, or for a session's stream when it ends.
    ///
    /// - Throws: when the server breaks the protocol, is silent for too long or the connection breaks. A stream that
    ///   answers a request and ends without its response throws `.noResponse`.
    public func next() async throws(UpstreamFailure) -> UpstreamEvent? {
        switch source {
        case .events(let events):
            return try await events.next()
        case .shared(let exchange):
            if let event = first {
                first = nil
                return event
            }
            guard case .event(let event) = try await exchange.next() else {
                return nil
            }
            return event
        }
    }

    /// Gives the stream up and closes its connection: in the modern era this cancels the request (MS-10).
    public func cancel() {
        switch source {
        case .events(let events): events.cancel()
        case .shared(let exchange): exchange.cancel()
        }
    }
}
