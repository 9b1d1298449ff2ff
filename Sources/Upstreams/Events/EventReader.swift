import HTTPWire

/// The events of a body, one after the other, within the bounds of one event.
///
/// Loop-confined.
final class EventReader {
    private let body: UpstreamBody
    private let maximumEventBytes: Int
    private var reader: SSEReader
    private var chunk: [UInt8] = []
    private var position = 0
    private var isOver = false

    init(_ body: UpstreamBody, limits: UpstreamLimits) {
        self.body = body
        maximumEventBytes = limits.maximumEventBytes
        reader = SSEReader(
            limits: SSELimits(
                maximumLineBytes: limits.maximumEventBytes + 8,
                maximumDataBytes: limits.maximumEventBytes
            )
        )
    }

    /// The next event; `nil` at the end of the body.
    ///
    /// - Throws: when an event is beyond its bound, or the connection breaks or is silent for too long.
    func next() async throws(UpstreamFailure) -> SSEEvent? {
        // Whoever asks for the next event is done with the last one.
        _ = body.takeClaim()
        while !isOver {
            // Held by name: a view of the property itself would end with each access to it.
            let bytes = chunk
            do {
                if let event = try reader.next(bytes.span, &position) {
                    return event
                }
            } catch {
                cancel()
                throw .violation(.events, error.rawValue)
            }
            guard let bytes = try await body.next() else {
                isOver = true
                return nil
            }
            try await body.admit(reader.heldBytes + bytes.count, of: maximumEventBytes)
            chunk = bytes
            position = 0
        }
        return nil
    }

    /// Closes the connection; a pending ``next()`` throws.
    func cancel() {
        isOver = true
        body.cancel()
    }
}
