public import Base
public import Settings

/// Where a pinned tool stands.
public enum PinStanding: String, Hashable, Sendable, CaseIterable {
    /// Its definition is the accepted one.
    case pinned
    /// The server now gives another definition, which is pending; calls are denied.
    case changed
    /// It appeared after the server's tools were accepted; calls are denied.
    case new
}

/// A tool's definition in its canonical form (policy-language.md, section 6).
public struct PinnedDefinition: Hashable, Sendable {
    /// SHA-256 of the definition's canonical form, as the server gave it: 32 bytes.
    public let digest: [UInt8]
    /// What was digested, for people: the gateway's credentials in it are masked (E11); at most 1 MiB.
    public let canonical: [UInt8]
    /// When the gateway first saw it.
    public let seen: WallTime

    /// A definition from its parts.
    public init(digest: [UInt8], canonical: [UInt8], seen: WallTime) {
        self.digest = digest
        self.canonical = canonical
        self.seen = seen
    }
}

/// What a server's tool was when it was accepted, and what it claims to be now.
public struct ToolPin: Hashable, Sendable {
    /// The server.
    public let server: EntityID
    /// The tool's name, byte for byte.
    public let tool: ByteString
    /// Where it stands.
    public var standing: PinStanding
    /// The definition in force; of a ``PinStanding/new`` tool, the one that waits.
    public var definition: PinnedDefinition
    /// The definition that waits; only, and always, when ``PinStanding/changed``.
    public var pending: PinnedDefinition?
    /// Who accepted the definition in force, as `KIND:NAME`; the gateway when it was there as the server was listed first;
    /// `nil`: nobody yet.
    public var acceptedBy: ByteString?
    /// When.
    public var accepted: WallTime?
    /// When a whole list lacked the tool for the first time; `nil` while it is listed.
    public var gone: WallTime?

    /// A pin from its parts.
    public init(
        server: EntityID,
        tool: ByteString,
        standing: PinStanding,
        definition: PinnedDefinition,
        pending: PinnedDefinition? = nil,
        acceptedBy: ByteString? = nil,
        accepted: WallTime? = nil,
        gone: WallTime? = nil
    ) {
        self.server = server
        self.tool = tool
        self.standing = standing
        self.definition = definition
        self.pending = pending
        self.acceptedBy = acceptedBy
        self.accepted = accepted
        self.gone = gone
    }
}

extension ToolPin: StoredRecord {
    static let table = RecordTable(
        "tool_pins",
        key: ["server", "tool"],
        [
            "standing", "digest", "definition", "seen", "pending_digest", "pending_definition", "pending_seen",
            "accepted_by", "accepted", "gone",
        ]
    )

    var values: [StoredValue] {
        [.id(server), .text(tool), .text(standing.rawValue)]
            + [.bytes(definition.digest), .bytes(definition.canonical), .time(definition.seen)]
            + [.optional(pending?.digest), .optional(pending?.canonical), .optional(pending?.seen)]
            + [.optional(acceptedBy), .optional(accepted), .optional(gone)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        server = try row.id()
        tool = try row.text()
        standing = try row.word()
        definition = PinnedDefinition(digest: try row.bytes(), canonical: try row.bytes(), seen: try row.time())
        switch (try row.optionalBytes(), try row.optionalBytes(), try row.optionalTime()) {
        case (nil, nil, nil): pending = nil
        case (let digest?, let canonical?, let seen?):
            pending = PinnedDefinition(digest: digest, canonical: canonical, seen: seen)
        default: throw .corrupt(detail: "a pending definition is incomplete")
        }
        acceptedBy = try row.optionalText()
        accepted = try row.optionalTime()
        gone = try row.optionalTime()
    }
}
