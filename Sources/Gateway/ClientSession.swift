internal import Base
internal import MCPModel
internal import Secrets

/// What a legacy session's id says, once it was opened.
///
/// Immutable.
final class ClientSession: Sendable {
    let revision: Revision
    /// Whether it exists on the client's side alone: its server is modern and has no sessions.
    let isBridged: Bool
    /// The upstream's own session id, when it gave one.
    let upstreamID: ByteString?
    let capabilities: ClientCapabilities
    let clientName: ByteString?
    let clientVersion: ByteString?
    /// The id as the client sends it.
    let text: ByteString
    /// Whose it is; an id opened for one grant opens nothing for another.
    let grant: GrantDigest
    /// When the id runs out.
    let expires: WallTime

    init(
        revision: Revision,
        isBridged: Bool,
        upstreamID: ByteString?,
        capabilities: ClientCapabilities,
        clientName: ByteString?,
        clientVersion: ByteString?,
        text: ByteString,
        grant: GrantDigest,
        expires: WallTime
    ) {
        self.revision = revision
        self.isBridged = isBridged
        self.upstreamID = upstreamID
        self.capabilities = capabilities
        self.clientName = clientName
        self.clientVersion = clientVersion
        self.text = text
        self.grant = grant
        self.expires = expires
    }

    /// The same session, now going on in another one of the server's.
    func moved(to upstreamID: ByteString) -> ClientSession {
        ClientSession(
            revision: revision,
            isBridged: isBridged,
            upstreamID: upstreamID,
            capabilities: capabilities,
            clientName: clientName,
            clientVersion: clientVersion,
            text: text,
            grant: grant,
            expires: expires
        )
    }
}
