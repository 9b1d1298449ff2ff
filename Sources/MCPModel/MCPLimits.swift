/// The bounds of this room, in one place; those of the document's size and depth are the JSON reader's.
public struct MCPLimits: Sendable, Hashable {
    /// The most `Mcp-Param-*` headers a request may carry, declared or not (A8).
    public var maximumParameterHeaders = 64
    /// The most bytes one header value we compute may have, after encoding.
    public var maximumHeaderValueBytes = 8192
    /// The most annotated properties (`x-mcp-header`) of one tool.
    public var maximumAnnotations = 64
    /// The most nodes of an `inputSchema` looked at for annotations.
    public var maximumSchemaNodes = 20_000
    /// The deepest nesting of arguments, the arguments object being 1 (policy-language.md, "Malformed requests").
    public var maximumArgumentDepth = 64
    /// The most bytes of a tool's or prompt's name, a URI, a cursor or a `requestState`.
    public var maximumNameBytes = 4096
    /// The most bytes of a `requestState` or cursor, which wrap the server's own.
    public var maximumHandleBytes = 65_536
    /// The most bytes of an error message a server may send on to the client.
    public var maximumErrorMessageBytes = 4096
    /// The most bytes of the `data` of such an error.
    public var maximumErrorDataBytes = 65_536
    /// The most requests one `input_required` result may hold.
    public var maximumInputRequests = 32
    /// The most resource URIs of one subscription.
    public var maximumSubscriptions = 256
    /// The most bytes of a client's or server's description of itself.
    public var maximumImplementationBytes = 16_384
    /// The most bytes of a server's instructions.
    public var maximumInstructionBytes = 65_536
    /// The highest `ttlMs` passed on to a client: what we filter must not outlive a change of policy for long (D4).
    public var maximumTimeToLive = 60_000

    /// The bounds as they ship.
    public static let standard = MCPLimits()

    /// The bounds as they ship, for changing single ones.
    public init() {}
}
