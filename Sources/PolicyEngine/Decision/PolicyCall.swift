public import Base
public import JSONText
import RateLimits

/// Who calls, in the identifiers limits count by and the names conditions see.
///
/// All but the client's name is fixed for a grant and shared by its calls.
public struct PolicyCaller: Sendable {
    private final class Identity: Sendable {
        let label: ByteString?
        let member: ByteString?
        let grantHolder: ScopeKey
        let memberHolder: ScopeKey
        let serverHolder: ScopeKey
        let organisationHolder: ScopeKey

        init(
            grant: ByteString,
            label: ByteString?,
            member: ByteString?,
            server: ByteString,
            organisation: ByteString
        ) {
            self.label = label
            self.member = member
            grantHolder = ScopeKey(.grant, grant)
            memberHolder = member.map { ScopeKey(.member, $0) } ?? ScopeKey(.grantWithoutMember, grant)
            serverHolder = ScopeKey(.server, server)
            organisationHolder = ScopeKey(.organisation, organisation)
        }
    }

    private let identity: Identity
    /// `client.name`, as the client reports it.
    public var clientName: ByteString?

    /// A caller.
    public init(
        grant: ByteString,
        label: ByteString? = nil,
        member: ByteString? = nil,
        server: ByteString,
        organisation: ByteString,
        clientName: ByteString? = nil
    ) {
        identity = Identity(grant: grant, label: label, member: member, server: server, organisation: organisation)
        self.clientName = clientName
    }

    /// Identifies the grant among all of the process, and within a bundle the server too.
    ///
    /// Whatever may share a `grant` counter has the same bytes here.
    public var grant: ByteString { identity.grantHolder.bytes }
    /// `grant.label`.
    public var label: ByteString? { identity.label }
    /// `grant.member`; also the holder of `member` counters.
    public var member: ByteString? { identity.member }
    /// The holder of `server` counters.
    public var server: ByteString { identity.serverHolder.bytes }
    /// The holder of `organisation` counters.
    public var organisation: ByteString { identity.organisationHolder.bytes }

    /// Whose counters a limit of a scope counts on.
    func holder(_ scope: CounterScope) -> ScopeKey {
        switch scope {
        case .grant: identity.grantHolder
        case .member: identity.memberHolder
        case .server: identity.serverHolder
        case .organisation: identity.organisationHolder
        }
    }
}

/// One call to be decided.
///
/// A class, because deciding and reserving both hold it and copies would count five references each.
public final class PolicyCall: Sendable {
    /// The tool's exact name, as the upstream knows it.
    public let tool: ByteString
    /// Its definition, `nil` when none is known.
    public let definition: ToolDefinition?
    /// Whether the server listed it last; `true` also where nothing was listed at all and nothing can be unknown.
    public let isListed: Bool
    /// An object that was read strictly, at most 64 levels deep; `nil` counts as `{}`.
    public let arguments: JSONValue?
    /// Who calls.
    public let caller: PolicyCaller
    /// The time of the call, for `time.*` and calendar windows.
    public let time: WallTime
    /// Whether a person approved this exact call; step 9 is then skipped.
    public let isApproved: Bool
    /// Makes what counters keep of the value that splits them, from the value's exact canonical form; `nil`: they keep
    /// the value itself, as they may only when nothing of it outlives the process.
    public let keyDigest: (@Sendable ([UInt8]) -> [UInt8])?

    /// A call.
    public init(
        tool: ByteString,
        definition: ToolDefinition? = nil,
        isListed: Bool = true,
        arguments: JSONValue? = nil,
        caller: PolicyCaller,
        time: WallTime,
        isApproved: Bool = false,
        keyDigest: (@Sendable ([UInt8]) -> [UInt8])? = nil
    ) {
        self.keyDigest = keyDigest
        self.tool = tool
        self.definition = definition
        self.isListed = isListed
        self.arguments = arguments
        self.caller = caller
        self.time = time
        self.isApproved = isApproved
    }
}
