public import Base
public import JSONText

/// What a server says of itself when it is opened: the result of `initialize` or of `server/discover`.
public struct ServerHandshake: Sendable {
    /// The revisions it offers that we know: one after `initialize`, all of them after `server/discover`.
    public let revisions: [Revision]
    /// What it offers and we can carry.
    public let capabilities: ServerCapabilities
    /// Its name, for display only (MC-27).
    public let name: ByteString?
    /// Its title, likewise.
    public let title: ByteString?
    /// Its version, likewise.
    public let version: ByteString?
    /// Its instructions for the model, hostile as all it says; dropped when too long.
    public let instructions: ByteString?

    /// Reads the result of `initialize`.
    public init(initializeResult result: JSONValue, limits: MCPLimits = .standard) throws(UpstreamViolation) {
        guard let version = result["protocolVersion"]?.string else {
            throw .handshake
        }
        let revisions = Revision(version.slice).map { [$0] } ?? []
        try self.init(result, revisions, info: result["serverInfo"], limits)
    }

    /// Reads the result of `server/discover`.
    public init(discoverResult result: JSONValue, limits: MCPLimits = .standard) throws(UpstreamViolation) {
        guard let versions = result["supportedVersions"], versions.kind == .array else {
            throw .handshake
        }
        let revisions = versions.elements.compactMap { $0.string.flatMap { Revision($0.slice) } }
        try self.init(result, revisions, info: result["_meta"]?["io.modelcontextprotocol/serverInfo"], limits)
    }

    private init(
        _ result: JSONValue,
        _ revisions: [Revision],
        info: JSONValue?,
        _ limits: MCPLimits
    ) throws(UpstreamViolation) {
        guard let capabilities = result["capabilities"], capabilities.kind == .object else {
            throw .handshake
        }
        self.revisions = revisions
        self.capabilities = ServerCapabilities(capabilities)
        name = ServerHandshake.text("name", of: info)
        title = ServerHandshake.text("title", of: info)
        version = ServerHandshake.text("version", of: info)
        let instructions = result["instructions"]?.string
        self.instructions = instructions.flatMap {
            $0.rawRange.count <= limits.maximumInstructionBytes ? ByteString($0.bytes) : nil
        }
    }

    private static func text(_ key: StaticString, of info: JSONValue?) -> ByteString? {
        info?[key]?.string.map { MCPFailure.bounded(ByteString($0.bytes)) }
    }
}
