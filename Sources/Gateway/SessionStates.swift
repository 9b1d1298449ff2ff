internal import Base
internal import MCPModel
internal import Synchronization

/// What a legacy session has besides what is sealed into its id: what its client asked for on the way.
struct SessionState: Sendable {
    /// The server's session it goes on in, when the first one died or the server is somewhere else now.
    var upstream: ServerSession?
    /// The mildest log messages the client asked for.
    var level: LogLevel?
    /// The resources whose updates it wants, in the order it asked.
    var subscriptions: [ByteString] = []
}

/// The states of all sessions that have one; process-wide and bounded.
///
/// Touched by what is rare: a change of level, a subscription, a server's session that died, calls between the eras. When
/// it is full the oldest state is forgotten, as after a restart: its client gets no log messages and no updates until it
/// asks again.
final class SessionStates: Sendable {
    // LIMIT: sessions with a state of their own.
    static let capacity = 10_000

    private struct Table {
        var states: [ByteString: SessionState] = [:]
        var order: [ByteString] = []
    }

    private let table = Guarded(Table())

    /// The state of a session, by the id its client has.
    subscript(_ session: ByteString) -> SessionState? {
        table.withLock { $0.states[session] }
    }

    /// Changes the state of a session.
    func change<Value>(_ session: ByteString, _ body: (inout SessionState) -> Value) -> Value {
        table.withLock { table in
            if table.states[session] == nil {
                table.order.append(session)
                if table.order.count > Self.capacity {
                    // Amortised: an eighth at a time.
                    for old in table.order.prefix(Self.capacity / 8) {
                        table.states[old] = nil
                    }
                    table.order.removeFirst(Self.capacity / 8)
                }
            }
            return body(&table.states[session, default: SessionState()])
        }
    }

    /// Forgets a session that was ended.
    func remove(_ session: ByteString) {
        table.withLock { table in
            if table.states.removeValue(forKey: session) != nil {
                table.order.removeAll { $0 == session }
            }
        }
    }
}
