public import Base
public import Settings

/// What a member may do; each role includes the ones below.
///
/// Roles govern the administration, never MCP traffic.
public enum MemberRole: String, Hashable, Sendable, CaseIterable {
    /// Sees names, labels and the log; changes nothing.
    case viewer
    /// Also writes policies and attaches them to grants that exist.
    case policyManager = "policy_manager"
    /// Everything.
    case admin
}

extension MemberRole: Comparable {
    private var rank: Int {
        switch self {
        case .viewer: 0
        case .policyManager: 1
        case .admin: 2
        }
    }

    /// Whether `left` may do less than `right`.
    public static func < (left: MemberRole, right: MemberRole) -> Bool { left.rank < right.rank }
}

/// A person, or a group that answers for grants.
public struct MemberRecord: Hashable, Sendable {
    /// Stays when the label changes.
    public let id: EntityID
    /// What `member:` of a grant in toolgate.yaml says; 1 to 128 bytes, unique.
    public var label: ByteString
    /// Where to reach them; at most 254 bytes; `nil`: not known.
    public var email: ByteString?
    /// What they may do.
    public var role: MemberRole
    /// Whether they may do it now.
    public var isActive: Bool
    /// When the store first heard of them; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A member from its parts.
    public init(
        id: EntityID = .random(),
        label: ByteString,
        email: ByteString? = nil,
        role: MemberRole = .viewer,
        isActive: Bool = true
    ) {
        self.id = id
        self.label = label
        self.email = email
        self.role = role
        self.isActive = isActive
    }

    var subject: Subject { Subject(.member, label) }
}

extension MemberRecord: StoredRecord {
    static let table = RecordTable("members", key: ["id"], ["label", "email", "role", "is_active", "created"])

    var values: [StoredValue] {
        [.id(id), .text(label), .optional(email), .text(role.rawValue), .flag(isActive), .time(created)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        label = try row.text()
        email = try row.optionalText()
        role = try row.word()
        isActive = try row.flag()
        created = try row.time()
    }
}
