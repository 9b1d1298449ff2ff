import Base
import EventLoops
import HTTPWire
import JSONText
import MCPModel

/// A reply that comes as events of a body (mcp-protocol.md, 1.1; threats D7 and D8).
///
/// Loop-confined.
final class EventStream {
    private let body: UpstreamBody
    private let limits: UpstreamLimits
    private let loop: EventLoop
    /// What lives as long as the call the stream answers.
    private let call: CancellationPoint?
    private let requestID: RequestID?
    private let era: Era
    /// Whether it belongs to a session and not to one request (GET).
    private let isSessionStream: Bool
    private var reader: SSEReader
    private var chunk: [UInt8] = []
    private var position = 0
    private var bytesSeen = 0
    private var eventsSeen = 0
    private var isOver = false
    private var hasResponse = false

    init(
        body: UpstreamBody,
        message: UpstreamMessage,
        limits: UpstreamLimits,
        call: CancellationPoint?,
        loop: EventLoop
    ) {
        self.call = call
        self.body = body
        self.limits = limits
        self.loop = loop
        requestID = message.requestID
        era = message.revision.era
        isSessionStream = message.verb == .get
        reader = SSEReader(
            limits: SSELimits(
                maximumLineBytes: limits.maximumEventBytes + 8,
                maximumDataBytes: limits.maximumEventBytes
            )
        )
    }

    /// How long the server asks us to wait before coming back for more, if it has said so (LC-06).
    var retryMilliseconds: Int? { reader.retryMilliseconds }

    /// The next event; `nil` when the stream is over: after the response, or for a session's stream when it ends.
    ///
    /// - Throws: when the server breaks the protocol, is silent for too long or the connection breaks. A stream that
    ///   answers a request and ends without its response throws `.noResponse`.
    func next() async throws(UpstreamFailure) -> UpstreamEvent? {
        // Whoever asks for the next event is done with the last one.
        _ = body.takeClaim()
        while !isOver {
            if let event = try await read() {
                return event
            }
            do throws(UpstreamFailure) {
                try await fetch()
            } catch {
                cancel()
                throw error
            }
        }
        return nil
    }

    /// Gives the stream up and closes its connection: in the modern era this cancels the request (MS-10).
    func cancel() {
        isOver = true
        body.cancel()
    }

    /// An event of the bytes at hand.
    private func read() async throws(UpstreamFailure) -> UpstreamEvent? {
        // Held by name: a view of the property itself would end with each access to it.
        let bytes = chunk
        do throws(UpstreamFailure) {
            while position < bytes.count {
                let event: SSEEvent?
                do {
                    event = try reader.next(bytes.span, &position)
                } catch {
                    throw .violation(.events, error.rawValue)
                }
                guard let event else {
                    return nil
                }
                if let understood = try await understand(event) {
                    return understood
                }
            }
            return nil
        } catch {
            cancel()
            throw error
        }
    }

    private func fetch() async throws(UpstreamFailure) {
        if hasResponse {
            // The response was delivered; a decent server ends the stream now, and then the connection can be kept.
            await body.finish()
            isOver = true
            return
        }
        guard let bytes = try await body.next() else {
            isOver = true
            if !isSessionStream && requestID != nil {
                throw .violation(.noResponse, "the stream ended without a response")
            }
            return
        }
        chunk = bytes
        position = 0
        bytesSeen += bytes.count
        try await body.admit(reader.heldBytes + bytes.count, of: limits.maximumEventBytes)
        guard isSessionStream || bytesSeen <= limits.maximumStreamBytes else {
            throw UpstreamFailure(.tooLarge, wroteBytes: true)
        }
    }

    private func understand(_ event: SSEEvent) async throws(UpstreamFailure) -> UpstreamEvent? {
        eventsSeen += 1
        guard isSessionStream || eventsSeen <= limits.maximumStreamEvents else {
            throw UpstreamFailure(.tooLarge, wroteBytes: true)
        }
        guard event.type.isEmpty || event.type.isEqual(to: "message") else {
            return nil
        }
        let id = event.id.map { ByteString($0) }
        guard !event.data.isEmpty else {
            return id == nil ? nil : UpstreamEvent(id: id, message: nil, kind: .empty)
        }
        let (document, kind) = try await UpstreamReading.message(event.data, limits: limits, on: loop)
        switch kind {
        case .response:
            try UpstreamReading.check(response: document.root, to: requestID)
            hasResponse = true
            if let claim = body.takeClaim() {
                call?.keep(claim)
            }
        case .request where era == .modern:
            throw .violation(.serverRequest)
        case .request, .notification, .empty:
            break
        }
        if hasResponse {
            // One response, and nothing behind it: what else came in the same bytes is dropped (D7).
            position = chunk.count
        }
        return UpstreamEvent(id: id, message: document, kind: kind)
    }
}
