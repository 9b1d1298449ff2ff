internal import Secrets
internal import Settings
public import Stores

/// What applying a configuration file would do to a store: told before, and then done, all or nothing.
public struct ProvisionPlan: Sendable {
    /// What happens to a record.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        case create, change, remove
    }

    /// One record's change, in words.
    public struct Change: Hashable, Sendable {
        /// What happens.
        public let action: Action
        /// To what.
        public let subject: Subject
        /// What becomes different, one line each; secrets by reference only.
        public let details: [String]

        init(_ action: Action, _ subject: Subject, _ details: [String] = []) {
            self.action = action
            self.subject = subject
            self.details = details
        }
    }

    /// The revision of the store it was made for; ``Provisioning/apply(_:to:by:)`` refuses any other.
    public let revision: Int
    /// In the order in which they are made.
    public internal(set) var changes: [Change] = []
    /// What the file says and the store does not do, and why.
    public internal(set) var notes: [String] = []
    var steps: [Step] = []

    /// Whether the store is as the file says already.
    public var isEmpty: Bool { steps.isEmpty }

    enum Step: Sendable {
        case saveMember(MemberRecord)
        case saveServer(ServerRecord)
        case savePolicy(PolicyRecord)
        case addVersion(source: [UInt8], digest: [UInt8], policy: EntityID)
        case saveBundle(BundleRecord)
        case saveGrant(GrantRecord)
        case rotate(EntityID, to: GrantDigest)
        case removeGrant(EntityID)
        case removeBundle(EntityID)
        case removePolicy(EntityID)
        case removeServer(EntityID)
    }
}

/// What becomes of records the file does not mention.
public enum Removal: Hashable, Sendable {
    /// They stay.
    case nothing
    /// Grants that came from a file go; everything else stays, and opens nothing by itself.
    case grantsFromFiles
    /// They go: the store is to hold what the file says and nothing else. Members and credentials stay.
    case everything
}

/// A configuration that cannot be applied: every reason at once.
public struct ProvisionProblems: Error, Hashable, Sendable {
    /// Never empty.
    public let messages: [String]
}
