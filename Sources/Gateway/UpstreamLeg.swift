internal import Base
internal import MCPModel

/// How a call goes on to its server: in which revision, and in which session of the server's.
///
/// What the client speaks is ``Call/revision``; the two are of one era unless the call is bridged.
struct UpstreamLeg {
    /// What messages to the server are written in and its messages are read as.
    var revision: Revision = .newestLegacy
    /// The server's own session; legacy only.
    var session: ServerSession?
    /// The session of the gateway's own in which a modern client's call goes to a legacy server.
    var bridge: BridgeSession?

    /// The server's own session id; legacy only.
    var sessionID: ByteString? { session?.id }
}

/// A session of a server's, and which server's.
///
/// An operator may point a server's name at another address while sessions live: an id of the one is never told the other.
struct ServerSession: Hashable, Sendable {
    /// What the server calls it.
    let id: ByteString
    /// ``WorkerUpstream/home`` of the server that gave it.
    let home: ByteString
}
