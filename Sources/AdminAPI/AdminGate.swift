public import Base
public import Settings
public import Stores

/// Who asks: a person by a session, or a machine by a token.
public struct Principal: Hashable, Sendable {
    /// How they showed who they are.
    public enum Way: Hashable, Sendable {
        /// A session, by its identity.
        case session(EntityID)
        /// An admin token, by its identity.
        case token(EntityID)
    }

    /// Whose organisation it is about.
    public let organisation: EntityID
    /// The member; `nil` for a token that is nobody's.
    public let member: EntityID?
    /// The member's label, or the token's.
    public let label: ByteString
    /// What they may do.
    public let role: MemberRole
    /// How they showed who they are.
    public let way: Way
    /// What room People knows of them.
    var identity: Identity?
    /// Who stands in admin events.
    public internal(set) var author: Author

    /// A principal from its parts.
    public init(organisation: EntityID, member: EntityID?, label: ByteString, role: MemberRole, way: Way) {
        self.organisation = organisation
        self.member = member
        self.label = label
        self.role = role
        self.way = way
        author = Author(.member, name: label)
    }
}

/// Tells who asks by what they bring.
///
/// Blocks, as stores do: called on a background thread, never on a loop's.
public protocol AdminGate: Sendable {
    /// Whoever a session's id (the cookie's value) or an admin token stands for; `nil` when it stands for nobody now.
    ///
    /// Exactly one of the two is given.
    func principal(session: [UInt8]?, token: [UInt8]?, now: WallTime) throws(StoreError) -> Principal?

    /// Whether nobody has an account yet.
    func needsSetup() throws(StoreError) -> Bool
}
