public import Base
public import Settings

/// A call that waits for a person, or for which one has decided (policy-language.md, section 6).
public struct ApprovalRecord: Hashable, Sendable {
    /// How it stands; whether it has lapsed is a matter of time besides.
    public enum Standing: String, Hashable, Sendable, CaseIterable {
        /// Nobody has decided, or not all who must.
        case pending
        /// The call may be made.
        case approved
        /// The call may not be made.
        case denied
        /// The one call it was for has been made.
        case used
    }

    /// Names it to people and to the agent.
    public let id: EntityID
    /// SHA-256 over grant, server, tool, its definition, the arguments and the policy's revision; 32 bytes.
    public let binding: [UInt8]
    /// The grant's label.
    public let grant: ByteString
    /// The server's name.
    public let server: ByteString
    /// The tool's name; at most 256 bytes are kept.
    public let tool: ByteString
    /// The first rule that demands it.
    public let rule: ByteString
    /// For each rule that demands it, who may agree; `nil`: an admin.
    public let approvers: [[ByteString]?]
    /// How long it covers identical calls once it is given, in milliseconds; `nil`: one call.
    public let covers: Int64?
    /// How long a decision is waited for, and one for a single call stays good, in milliseconds.
    public let patience: Int64
    /// When it was first asked for.
    public let created: WallTime
    /// When it lapses as it stands.
    public internal(set) var lapses: WallTime
    /// How it stands.
    public internal(set) var standing = Standing.pending
    /// The rules somebody has agreed to, as indices into ``approvers``.
    public internal(set) var agreed: Set<Int> = []
    /// Who decided last, as `KIND:NAME`.
    public internal(set) var decidedBy: ByteString?
    /// Why, in their words; at most 512 bytes.
    public internal(set) var reason: ByteString?
    /// The arguments, sealed for whoever decides; `nil` once they are not needed any more.
    public internal(set) var sealedArguments: [UInt8]?

    // LIMIT: bytes of sealed arguments: those of the longest text that is sealed.
    static let maximumSealedBytes = 96 << 10

    /// A question that was just asked.
    public init(
        binding: [UInt8],
        grant: ByteString,
        server: ByteString,
        tool: ByteString,
        rule: ByteString,
        approvers: [[ByteString]?],
        covers: Int64?,
        patience: Int64,
        created: WallTime,
        sealedArguments: (EntityID) -> [UInt8]?
    ) {
        id = .random()
        self.binding = binding
        self.grant = ByteString(grant.bytes.prefix(256))
        self.server = ByteString(server.bytes.prefix(256))
        self.tool = ByteString(tool.bytes.prefix(256))
        self.rule = ByteString(rule.bytes.prefix(256))
        self.approvers = Array(approvers.prefix(64))
        self.covers = covers
        self.patience = patience
        self.created = created
        lapses = created.advanced(milliseconds: patience)
        self.sealedArguments = sealedArguments(id)
    }

    /// Whether it still means anything at a time.
    public func isGood(at time: WallTime) -> Bool { time < lapses }

    var subject: Subject { Subject(.approval, ByteString(id.text)) }
}

extension WallTime {
    func advanced(milliseconds count: Int64) -> WallTime {
        WallTime(milliseconds: milliseconds.addingReportingOverflow(count).overflow ? .max : milliseconds + count)
    }
}

extension ApprovalRecord: StoredRecord {
    static let table = RecordTable(
        "approvals",
        key: ["id"],
        [
            "binding", "grant_label", "server_name", "tool", "rule", "approvers", "covers", "patience", "created",
            "lapses", "standing", "agreed", "decided_by", "reason", "sealed_arguments",
        ]
    )

    var values: [StoredValue] {
        let covers: StoredValue = self.covers.map { .integer($0) } ?? .null
        let agreed = agreed.sorted().map { "\($0)" }.joined(separator: " ")
        let asked: [StoredValue] = [
            .id(id), .bytes(binding), .text(grant), .text(server), .text(tool), .text(rule),
            .text(Self.text(of: approvers)), covers, .integer(patience), .time(created),
        ]
        let decided: [StoredValue] = [
            .time(lapses), .text(standing.rawValue), .text(agreed), .optional(decidedBy), .optional(reason),
            .optional(sealedArguments),
        ]
        return asked + decided
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        binding = try row.bytes()
        grant = try row.text()
        server = try row.text()
        tool = try row.text()
        rule = try row.text()
        approvers = Self.approvers(in: try row.text())
        covers = try row.optionalInteger()
        patience = try row.integer()
        created = try row.time()
        lapses = try row.time()
        standing = try row.word()
        agreed = Set(try row.text().text.split(separator: " ").compactMap { Int($0) })
        decidedBy = try row.optionalText()
        reason = try row.optionalText()
        sealedArguments = try row.optionalBytes()
    }

    // An approver has no white space (policy-language.md, section 6): a line for each rule, `*` for an admin.
    private static func text(of approvers: [[ByteString]?]) -> String {
        approvers.map { names in names.map { $0.map(\.text).joined(separator: " ") } ?? "*" }.joined(separator: "\n")
    }

    private static func approvers(in text: ByteString) -> [[ByteString]?] {
        text.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line == "*" ? nil : line.split(separator: " ").map { ByteString(String($0)) }
        }
    }
}
