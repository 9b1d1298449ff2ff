import Base
import EventLoops
import JSONText
import MCPModel
import Synchronization

/// One session with a server of 2024-11-05: a stream on which everything of the server's comes, and the address that
/// messages are posted to.
///
/// Any worker sends in it; the stream is read on the loop of the worker that opened it.
final class EventSession: Sendable {
    /// What became of a message of the server.
    enum Routing {
        /// Somebody takes it.
        case taken
        /// It is for nobody.
        case dropped
        /// The gateway itself answers it, with this.
        case answered([UInt8])
        /// More came for nobody than a server may send: the session is to end.
        case tooMuch
    }

    private struct State {
        var router = ReplyRouter()
        var noise = NoiseMeter()
        var idleSince: Instant
        var isOver = false
        /// Closes the stream; called on the loop that reads it.
        var close: Handed<() -> Void>?
    }

    // LIMIT: requests of one session that wait for their answers.
    private static let maximumPending = 1_024
    // LIMIT: what comes for nobody between two messages that are for somebody: messages, and bytes.
    private static let maximumNoiseMessages = 10_000
    private static let maximumNoiseBytes = 16 << 20

    /// What names it inside the gateway; sealed before anybody sees it.
    let id: ByteString
    /// Where its messages are posted: an address of the server's own origin.
    let endpoint: UpstreamAddress
    private let loop: EventLoop
    private let state: Guarded<State>

    init(endpoint: UpstreamAddress, on loop: EventLoop, close: @escaping () -> Void) {
        id = EventSessionID.mint()
        self.endpoint = endpoint
        self.loop = loop
        state = Guarded(State(idleSince: loop.now, close: Handed(close)))
    }

    // MARK: Asking; from any thread

    /// Lets `exchange` wait for the answer to a request; why not, when it cannot.
    func add(_ exchange: ReplyExchange, for request: RequestID) throws(UpstreamFailure) {
        let failure: UpstreamFailure? = state.withLock { state in
            guard !state.isOver else {
                return Self.isUnknown
            }
            guard state.router.count < Self.maximumPending else {
                return UpstreamFailure(.busy, wroteBytes: false, detail: "too many requests wait in one session")
            }
            state.router.add(exchange, for: request)
            return nil
        }
        if let failure {
            throw failure
        }
    }

    /// Lets `exchange` hear what comes outside of answers.
    func listen(_ exchange: ReplyExchange) throws(UpstreamFailure) {
        let isOver = state.withLock { state in
            if !state.isOver {
                state.router.listen(exchange)
            }
            return state.isOver
        }
        guard !isOver else {
            throw Self.isUnknown
        }
        exchange.deliver(.accepted)
    }

    /// Forgets an exchange nobody waits on; answers the id of its request, when that has no answer yet.
    func remove(_ exchange: ReplyExchange) -> RequestID? {
        let now = loop.now
        return state.withLock { state in
            let id = state.router.remove(exchange)
            state.idleSince = now
            return id
        }
    }

    /// How long nobody has waited for anything of it; `nil` while somebody does.
    func idleTime(at now: Instant) -> Duration? {
        state.withLock { $0.router.isEmpty ? now.elapsed(since: $0.idleSince) : nil }
    }

    /// Whether it is over.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Ends it: its stream is closed, requests under way fail.
    func end(_ failure: UpstreamFailure = UpstreamFailure(.broken, wroteBytes: true, detail: "the session has ended")) {
        let close = state.withLock { state in
            defer {
                state.isOver = true
                state.close = nil
            }
            state.router.fail(failure)
            return state.close
        }
        if let close {
            loop.execute { close.value() }
        }
    }

    /// What an unknown session is answered with (25/http says it with this status): nothing was sent.
    static var isUnknown: UpstreamFailure { UpstreamFailure(.refused(status: 404), wroteBytes: false) }

    // MARK: Reading; on its loop

    /// Passes a message of the server to whom it is for.
    func route(_ document: JSONDocument, _ kind: UpstreamEvent.Kind) -> Routing {
        let now = loop.now
        return state.withLock { state in
            switch kind {
            case .response:
                let id = document.root["id"].flatMap { RequestID($0) }
                if let id, state.router.answer(id, document) {
                    state.idleSince = now
                    state.noise.calm()
                    return .taken
                }
            case .notification:
                if state.router.tell(document, guesses: true) {
                    state.noise.calm()
                    return .taken
                }
            case .request:
                let isPing = document.root["method"]?.string?.isEqual(to: MCPMethod.ping.name) == true
                if !isPing, state.router.ask(document) {
                    state.noise.calm()
                    return .taken
                }
                if !Self.meter(document, &state) {
                    return .tooMuch
                }
                return document.root["id"].map { .answered(EraProbe.reply(to: $0, isPing: isPing)) } ?? .dropped
            case .empty:
                break
            }
            return Self.meter(document, &state) ? .dropped : .tooMuch
        }
    }

    private static func meter(_ document: JSONDocument, _ state: inout State) -> Bool {
        state.noise.add(document.bytes.count)
        return state.noise.lines <= maximumNoiseMessages && state.noise.bytes <= maximumNoiseBytes
    }
}

/// The names of sessions that the gateway itself makes up, because such a server's own never leave its address.
enum EventSessionID {
    private static let prefix: ByteString = "toolgate-events-"

    /// A name no other session has, of this life of the gateway or another.
    static func mint() -> ByteString {
        var generator = SystemRandomNumberGenerator()
        var text = prefix.bytes
        text.append(contentsOf: String(generator.next(), radix: 16).utf8)
        text.append(UInt8(ascii: "-"))
        text.append(contentsOf: String(generator.next(), radix: 16).utf8)
        return ByteString(text)
    }

    /// Whether it is such a name, of this life of the gateway or one before.
    static func isOne(_ id: ByteString) -> Bool {
        id.bytes.starts(with: prefix.bytes)
    }
}

/// All sessions of 2024-11-05 with one server, as one credential opens them; shared by all workers.
final class EventSessions: Sendable {
    // LIMIT: sessions with one server at once, each with a connection; the one idle for longest makes room.
    static let maximumSessions = 1_024

    private let sessions = Guarded<[ByteString: EventSession]>([:])

    subscript(_ id: ByteString) -> EventSession? {
        sessions.withLock { $0[id] }
    }

    /// Makes room for one more session; false when all are in use.
    func makeRoom(at now: Instant) -> Bool {
        let (hasRoom, idle) = sessions.withLock { sessions -> (Bool, EventSession?) in
            guard sessions.count >= Self.maximumSessions else {
                return (true, nil)
            }
            let idle = sessions.values
                .compactMap { session in session.idleTime(at: now).map { (session, $0) } }
                .max { $0.1 < $1.1 }?.0
            if let idle {
                sessions[idle.id] = nil
            }
            return (idle != nil, idle)
        }
        idle?.end()
        return hasRoom
    }

    func add(_ session: EventSession) {
        sessions.withLock { $0[session.id] = session }
    }

    /// Ends a session and forgets it.
    func end(_ session: EventSession, _ failure: UpstreamFailure? = nil) {
        sessions.withLock { $0[session.id] = nil }
        if let failure {
            session.end(failure)
        } else {
            session.end()
        }
    }

    /// Ends all of them.
    func endAll() {
        let all = sessions.withLock { sessions in
            defer { sessions = [:] }
            return Array(sessions.values)
        }
        for session in all {
            session.end()
        }
    }
}
