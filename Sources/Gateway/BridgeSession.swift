internal import Base
internal import EventLoops
internal import MCPModel
internal import Upstreams

/// A legacy session of the gateway's own, in which the calls of modern clients go to a legacy server.
///
/// Loop-confined.
///
/// It belongs to one grant and one set of client capabilities: a server keeps in a session what it likes, and what it
/// keeps of one grant's calls must not reach another's (mcp-protocol.md, 3.10).
final class BridgeSession {
    let key: BridgeKey
    let session: UpstreamSession
    let handshake: ServerHandshake
    /// Calls and streams that use it; it is not given up before they end.
    var uses = 0
    var lastUsedAt: Instant
    /// The mildest log messages the server was asked for; `nil` while nobody asked.
    var level: LogLevel?
    /// How many listeners want the updates of a resource.
    var subscriptions: [ByteString: Int] = [:]
    /// The feeds that live on its stream of notifications.
    var feeds: [ObjectIdentifier: ChangeFeed] = [:]
    /// Calls whose streams are open, among them those that wait for their clients.
    private var calls: [BridgedEvents] = []
    /// Whether it is known what became of its stream of notifications.
    private(set) var isSettled = false
    /// Whoever opens it waits here for that.
    let settling = WaitPoint()
    /// The server no longer knows it.
    private(set) var isOver = false
    /// Ends its stream of notifications.
    let cancellation = CancellationPoint()

    init(key: BridgeKey, session: UpstreamSession, handshake: ServerHandshake, now: Instant) {
        self.key = key
        self.session = session
        self.handshake = handshake
        lastUsedAt = now
    }

    /// A call goes on in it.
    func add(_ call: BridgedEvents) {
        calls.removeAll { $0.isFinished }
        calls.append(call)
    }

    /// The one call that is open; `nil` when there is none, or more than one.
    var onlyCall: BridgedEvents? {
        calls.removeAll { $0.isFinished }
        return calls.count == 1 ? calls.first : nil
    }

    /// Its stream of notifications is open, or there is none.
    func settle() {
        isSettled = true
        settling.wake()
    }

    /// Gives it up: nothing begins in it any more.
    func end() {
        isOver = true
        cancellation.cancel()
        for feed in feeds.values {
            feed.turn.wake()
        }
    }
}

/// What tells two sessions of one server apart.
struct BridgeKey: Hashable {
    /// The grant's id.
    let grant: ByteString
    /// What the server was told that the client can be asked for.
    let capabilities: ClientCapabilities
}

/// The sessions of one worker with one legacy server.
///
/// Loop-confined.
struct BridgePool {
    // LIMIT: sessions one worker holds open with one server for modern clients; the one idle for longest makes room.
    static let maximumSessions = 64

    private(set) var sessions: [BridgeKey: BridgeSession] = [:]
    /// Who opens a session now; others that want the same wait there.
    private var opening: [BridgeKey: WaitPoint] = [:]

    /// The session for a key, if there is one.
    subscript(_ key: BridgeKey) -> BridgeSession? { sessions[key] }

    /// Where to wait for a session that somebody opens; `nil` when nobody does, and the caller has to.
    func awaited(_ key: BridgeKey) -> WaitPoint? { opening[key] }

    /// Whether one more session may be opened, and which has to end first.
    func room() -> (hasRoom: Bool, evicted: BridgeSession?) {
        guard sessions.count + opening.count >= Self.maximumSessions else {
            return (true, nil)
        }
        let idle = sessions.values.filter { $0.uses == 0 }.min { $0.lastUsedAt < $1.lastUsedAt }
        return (idle != nil, idle)
    }

    mutating func begin(_ key: BridgeKey) {
        opening[key] = WaitPoint()
    }

    /// The opening has ended, well or not.
    mutating func finish(_ key: BridgeKey, _ session: BridgeSession?) {
        if let session {
            sessions[key] = session
        }
        opening.removeValue(forKey: key)?.wake()
    }

    /// Forgets all sessions, and answers which there were.
    @discardableResult
    mutating func removeAll() -> [BridgeSession] {
        let all = Array(sessions.values)
        sessions = [:]
        for session in all {
            session.end()
        }
        return all
    }

    /// Forgets a session.
    mutating func remove(_ session: BridgeSession) {
        session.end()
        if sessions[session.key] === session {
            sessions[session.key] = nil
        }
    }
}
