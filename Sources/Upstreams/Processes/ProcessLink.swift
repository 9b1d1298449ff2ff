import Base
import EventLoops
import JSONText
import MCPModel

/// The way of one worker to the processes of a server.
///
/// Loop-confined.
///
/// What HTTP has and a process has not is made up here: a session is a process (where each has its own) or nothing, a
/// handshake is answered from the one the process was opened with, and the end of a wait is a cancellation told.
final class ProcessLink {
    private let pool: ProcessPool
    private let sharing: ProcessSharing
    private let limits: UpstreamLimits
    private let loop: EventLoop

    init(_ pool: ProcessPool, _ command: ProcessCommand, limits: UpstreamLimits, loop: EventLoop) {
        self.pool = pool
        sharing = command.sharing
        self.limits = limits
        self.loop = loop
    }

    /// Sends one message and reads the answer as far as its kind.
    func send(
        _ message: UpstreamMessage,
        cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        switch (message.verb, message.method) {
        case (.post, .initialized), (.post, .cancelled):
            // The process was told when it was opened; and it is told of a request given up when nobody waits any more.
            return .accepted(status: 202)
        case (.post, .initialize):
            return try await open(message, cancellation)
        case (.post, _):
            return try await ask(message, cancellation)
        case (.get, _):
            return try await reply(.listen, message, cancellation)
        case (.delete, _):
            _ = try await reply(.end, message, cancellation)
            return .accepted(status: 200)
        }
    }

    // MARK: Opening

    /// Answers a client's handshake with that of the process: its own one where each session has one.
    private func open(
        _ message: UpstreamMessage,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        var message = message
        var opening: [UInt8]?
        if sharing == .session, message.grant != nil {
            message.sessionID = Self.mintSession()
            opening = message.body
        }
        let answer = try await reply(.open, message, cancellation, opening: opening)
        guard case .message(let document, let status, _) = answer else {
            return answer
        }
        let handshake = try Self.handshake(document, for: message.revision)
        return .message(handshake, status: status, sessionID: message.sessionID)
    }

    /// A name no other session has, of this life of the gateway or another; it is sealed before anybody sees it.
    private static func mintSession() -> ByteString {
        var generator = SystemRandomNumberGenerator()
        return ByteString("\(String(generator.next(), radix: 16))-\(String(generator.next(), radix: 16))")
    }

    /// The process's handshake in a revision the client knows: its own, or the one asked for when that is older.
    private static func handshake(_ document: JSONDocument, for asked: Revision) throws(UpstreamFailure) -> JSONDocument
    {
        guard let result = document.root["result"], let spoken = EraProbe.negotiated(document), asked < spoken else {
            return document
        }
        var writer = JSONWriter(reserving: document.bytes.count)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        if let id = document.root["id"] {
            writer.key("id")
            writer.value(id)
        }
        writer.key("result")
        writer.beginObject()
        writer.key("protocolVersion")
        writer.string(asked.text)
        writer.members(of: result, except: protocolVersion)
        writer.endObject()
        writer.endObject()
        return try UpstreamReading.json(writer.output, limits: UpstreamLimits())
    }

    private static let protocolVersion = JSONKeySet(["protocolVersion"])

    /// Asks for one era by opening a process in it; the process stays for the calls to come (MC-13, MC-14).
    func probe(_ era: Era) async throws(UpstreamFailure) -> UpstreamKnowledge.Answer {
        do throws(UpstreamFailure) {
            let document = try await opening(era)
            let meaning =
                era == .modern
                ? EraProbe.modern(status: 200, document: document) : EraProbe.legacy(status: 200, document: document)
            guard case .speaks(let said) = meaning else {
                return .no
            }
            return .yes(said)
        } catch {
            guard era == .modern, error.kind == .timedOut || error.kind == .processEnded else {
                throw error
            }
            // Silence and a sudden end are how servers answer that never heard of `server/discover`; what proves it is
            // that they do answer the other opening.
            _ = try await opening(.legacy)
            return .no
        }
    }

    private func opening(_ era: Era) async throws(UpstreamFailure) -> JSONDocument {
        let message = UpstreamMessage(
            posting: [],
            requestID: nil,
            method: nil,
            revision: era == .modern ? .july2026 : .newestLegacy
        )
        guard case .message(let document, _, _) = try await reply(.open, message, nil) else {
            throw .violation(.noResponse)
        }
        return document
    }

    // MARK: Asking

    private func ask(
        _ message: UpstreamMessage,
        _ cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        guard let id = message.requestID else {
            return try await reply(.oneWay, message, cancellation)
        }
        return try await reply(.request(id), message, cancellation)
    }

    private func reply(
        _ kind: ProcessOrder.Kind,
        _ message: UpstreamMessage,
        _ cancellation: CancellationPoint?,
        opening: [UInt8]? = nil
    ) async throws(UpstreamFailure) -> UpstreamReply {
        guard cancellation?.isCancelled != true else {
            throw UpstreamFailure(.cancelled, wroteBytes: false)
        }
        let exchange = ReplyExchange(on: loop)
        let key = key(for: message)
        exchange.begin(timeout: timeout(of: kind, message)) { [pool, unowned exchange] in
            pool.withdraw(exchange, from: key)
        }
        cancellation?.onCancel { exchange.cancel() }
        defer { cancellation?.onCancel(nil) }
        let order = ProcessOrder(
            key: key,
            kind: kind,
            grant: message.grant,
            line: message.body,
            opening: opening,
            exchange: exchange
        )
        pool.take(order)
        return try await exchange.reply(to: message)
    }

    private func timeout(of kind: ProcessOrder.Kind, _ message: UpstreamMessage) -> Duration? {
        switch kind {
        case .listen: nil
        case .request where message.method == .subscriptionsListen: message.totalTimeout
        default: message.totalTimeout ?? limits.totalTimeout
        }
    }

    private func key(for message: UpstreamMessage) -> ProcessKey {
        let era = message.revision.era
        let owner: ProcessOwner =
            switch sharing {
            case .shared: .all
            case .grant: message.grant.map { .grant($0) } ?? .gateway
            case .session:
                if era == .legacy, let session = message.sessionID {
                    .session(session)
                } else {
                    message.grant.map { .grant($0) } ?? .gateway
                }
            }
        return ProcessKey(owner: owner, era: era)
    }
}
