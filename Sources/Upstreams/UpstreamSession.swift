public import Base
public import JSONText
public import MCPModel

/// A legacy session the gateway has opened with a server.
public struct UpstreamSession: Sendable {
    /// The server's id for it; `nil` when the server keeps none.
    public let id: ByteString?
    /// The revision the server chose.
    public let revision: Revision
    /// For whom it was opened, where a server has a process for each.
    public let grant: ByteString?
    /// The response to `initialize`, whose `result` says what the server offers.
    public let handshake: JSONDocument
}
