public import HTTPWire

/// A response under way.
///
/// Loop-confined.
///
/// Read it to its end, and the connection serves another request; drop or cancel it, and the connection is closed.
public final class HTTPClientExchange {
    /// The head of the final response; 3xx is a response like any other.
    public let head: HTTPResponseHead
    private let connection: ClientConnection
    private var isFinished = false
    private var isCancelled = false

    init(_ response: ClientResponse, _ connection: ClientConnection) {
        head = response.head
        isFinished = response.isWhole
        self.connection = connection
    }

    deinit {
        if !isFinished {
            connection.cancel()
        }
    }

    /// The next piece of the body as it arrived; nil at its end.
    ///
    /// - Throws: ``HTTPClientError``, with `wroteBytes` true; `cancelled` after ``cancel()``.
    public func next() async throws(HTTPClientError) -> [UInt8]? {
        guard !isCancelled else {
            throw HTTPClientError(.cancelled, wroteBytes: true)
        }
        guard !isFinished else {
            return nil
        }
        do throws(HTTPClientError) {
            let piece: ClientPiece
            if let atHand = try connection.pieceAtHand() {
                piece = atHand
            } else {
                piece = try await connection.nextPiece()
            }
            isFinished = piece.isLast
            return piece.bytes.isEmpty ? nil : piece.bytes
        } catch {
            isFinished = true
            throw HTTPClientError(isCancelled ? .cancelled : error.kind, wroteBytes: true)
        }
    }

    /// The whole rest of the body.
    ///
    /// - Throws: as ``next()``; `malformed(.bodyTooLarge)` when it is larger than `maximumBytes`, and closes the connection.
    public func body(maximumBytes: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        while !isFinished, let piece = try await next() {
            guard body.count + piece.count <= maximumBytes else {
                cancel()
                throw HTTPClientError(.malformed(.bodyTooLarge), wroteBytes: true)
            }
            if body.isEmpty { body = piece } else { body += piece }
        }
        return body
    }

    /// Closes the connection; a pending ``next()`` throws `cancelled`.
    ///
    /// Harmless when the response has ended.
    public func cancel() {
        guard !isFinished, !isCancelled else {
            return
        }
        isCancelled = true
        connection.cancel()
    }
}
