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
    /// The upstream's own session, when it gave one.
    let upstream: ServerSession?
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
        upstream: ServerSession?,
        capabilities: ClientCapabilities,
        clientName: ByteString?,
        clientVersion: ByteString?,
        text: ByteString,
        grant: GrantDigest,
        expires: WallTime
    ) {
        self.revision = revision
        self.isBridged = isBridged
        self.upstream = upstream
        self.capabilities = capabilities
        self.clientName = clientName
        self.clientVersion = clientVersion
        self.text = text
        self.grant = grant
        self.expires = expires
    }

    /// The same session, now going on in another one of the server's.
    func moved(to upstream: ServerSession) -> ClientSession {
        ClientSession(
            revision: revision,
            isBridged: isBridged,
            upstream: upstream,
            capabilities: capabilities,
            clientName: clientName,
            clientVersion: clientVersion,
            text: text,
            grant: grant,
            expires: expires
        )
    }
}
