import EventLoops
import HTTPTransport
import MCPModel

/// Which of the two transports over HTTP a server has (MC-12).
extension UpstreamServer {
    static func eventLink(
        _ address: UpstreamAddress,
        _ headers: [UpstreamHeader],
        _ configuration: UpstreamConfiguration,
        _ client: HTTPClient,
        _ shared: UpstreamKnowledge,
        _ space: AnswerSpace,
        _ loop: EventLoop
    ) -> EventLink? {
        do throws(UpstreamFailure) {
            return try EventLink(
                address,
                headers: headers,
                client: client,
                poolKey: shared.poolKey,
                limits: configuration.limits,
                space: space,
                loop: loop,
                sessions: shared.eventSessions
            )
        } catch {
            // Headers that cannot be written: the first request over the other link says so.
            return nil
        }
    }

    /// Whether a message opens a session or belongs to one of 2024-11-05: all others go their way without a look.
    static func mayTravelByEvents(_ message: UpstreamMessage) -> Bool {
        message.method == .initialize || message.sessionID.map { EventSessionID.isOne($0) } ?? false
    }

    /// Sends a message over the transport its session has.
    ///
    /// The transport shows when a session is opened: a server that refuses `initialize` as one that has no such address or
    /// method is asked for a stream of events, and when that names an endpoint it is a server of 2024-11-05.
    func send(
        _ message: UpstreamMessage,
        _ http: HTTPLink,
        _ events: EventLink,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        if let session = message.sessionID, EventSessionID.isOne(session) {
            return try await events.send(message, cancellation: cancellation)
        }
        guard message.method == .initialize else {
            return try await http.send(message, cancellation: cancellation)
        }
        if shared.speaksEvents {
            if let reply = try await events.open(message, cancellation) {
                return reply
            }
            // It was replaced by one that speaks otherwise.
            shared.speaksEvents = false
        }
        let reply = try await http.send(message, cancellation: cancellation)
        guard case .status(let status, _) = reply, status == 400 || status == 404 || status == 405,
            let opened = try await events.open(message, cancellation)
        else {
            return reply
        }
        if case .message = opened {
            shared.speaksEvents = true
        }
        return opened
    }
}
