internal import Base
internal import MCPModel

/// How a call goes on to its server: in which revision, and in which session of the server's.
///
/// What the client speaks is ``Call/revision``; the two are of one era unless the call is bridged.
struct UpstreamLeg {
    /// What messages to the server are written in and its messages are read as.
    var revision: Revision = .newestLegacy
    /// The server's own session id; legacy only.
    var sessionID: ByteString?
    /// The session of the gateway's own in which a modern client's call goes to a legacy server.
    var bridge: BridgeSession?
}
