import Base
public import EventLoops
public import HTTPTransport
public import MCPModel

/// One MCP server as one worker talks to it, however it is reached.
///
/// Loop-confined; what workers share is in ``UpstreamKnowledge``.
///
/// Writes everything anew from an allow-list, follows no redirect, keeps no cookie, reads replies strictly and within bounds.
/// It decides nothing about permission: whatever is sent here has been allowed.
public final class UpstreamServer {
    /// The server.
    public let configuration: UpstreamConfiguration
    let shared: UpstreamKnowledge
    let link: Link
    let loop: EventLoop

    /// The ways there are; a `switch` and no existential stands between a call and its way.
    enum Link {
        case http(HTTPLink, EventLink?)
        case process(ProcessLink)
        case connector(ConnectorLink)
    }

    /// A server for the worker whose loop and client these are.
    ///
    /// - Parameters:
    ///   - configuration: the server.
    ///   - client: the worker's connections.
    ///   - shared: what all workers know of the server.
    ///   - loop: the worker's loop.
    ///   - processes: where processes run; without it a server that is one cannot be reached.
    ///   - space: what large answers may take of the worker's memory, together with those of its other servers.
    public init(
        configuration: UpstreamConfiguration,
        client: HTTPClient,
        shared: UpstreamKnowledge,
        loop: EventLoop,
        processes: ProcessHost? = nil,
        space: AnswerSpace? = nil
    ) {
        let space = space ?? AnswerSpace(on: loop)
        self.configuration = configuration
        self.shared = shared
        self.loop = loop
        switch configuration.way {
        case .http(let address, let headers):
            let http = HTTPLink(
                address,
                headers: headers,
                client: client,
                poolKey: shared.poolKey,
                limits: configuration.limits,
                space: space,
                loop: loop
            )
            link = .http(http, Self.eventLink(address, headers, configuration, client, shared, space, loop))
        case .process(let command):
            let pool = shared.pool(of: configuration, command, on: processes)
            link = .process(ProcessLink(pool, command, limits: configuration.limits, loop: loop))
        case .connector(let account):
            link = .connector(
                ConnectorLink(
                    shared.account(account),
                    client: client,
                    poolKey: shared.poolKey,
                    limits: configuration.limits,
                    loop: loop
                )
            )
        }
    }

    /// Sends one message and reads the answer as far as its kind: a whole JSON message, or the beginning of a stream.
    ///
    /// `cancellation` closes the connection until the answer begins; after that ``UpstreamStream/cancel()`` does.
    ///
    /// - Parameters:
    ///   - message: what to send; decided on and serialised.
    ///   - cancellation: calls it off from another place.
    /// - Returns: the answer as far as its kind.
    /// - Throws: ``UpstreamFailure``.
    public func send(
        _ message: UpstreamMessage,
        cancellation: CancellationPoint? = nil
    ) async throws(UpstreamFailure) -> UpstreamReply {
        switch link {
        case .http(let link, let events):
            let reply: UpstreamReply
            if let events, Self.mayTravelByEvents(message) {
                reply = try await send(message, link, events, cancellation)
            } else {
                reply = try await link.send(message, cancellation: cancellation)
            }
            if case .status(401, _) = reply {
                // Whoever asked: the next one is to find a credential that is good.
                configuration.renewal?.refused { _ in }
            }
            return reply
        case .process(let link): return try await link.send(message, cancellation: cancellation)
        case .connector(let link): return try await link.send(message, cancellation: cancellation)
        }
    }

    /// Whether the server speaks an era; asked once per credential and remembered by the whole process.
    ///
    /// - Throws: when the answer proves nothing (401, 403, 429, 5xx) or there is none: then nothing is remembered.
    public func speaks(_ era: Era) async throws(UpstreamFailure) -> Bool {
        let answer = try await shared.answer(
            era,
            at: loop.now,
            lifetime: configuration.limits.verdictLifetime
        ) { () async throws(UpstreamFailure) in
            try await self.probe(era)
        }
        if case .yes = answer {
            return true
        }
        return false
    }

    /// The era the server is best spoken to in: the modern one if it speaks it.
    ///
    /// - Throws: as ``speaks(_:)``; `.notMCP` when it speaks neither.
    public func era() async throws(UpstreamFailure) -> Era {
        if try await speaks(.modern) {
            return .modern
        }
        guard try await speaks(.legacy) else {
            throw UpstreamFailure(.notMCP, wroteBytes: true)
        }
        return .legacy
    }
}
