/// A known way of turning a tool against the people it works for, as a page of our own words.
public struct AttackPattern: Sendable, Hashable {
    /// Where the weakness lies.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// The model is led to do what nobody asked for.
        case agentBehaviour = "Agent behaviour"
        /// Messages, definitions or tokens are taken for more than they are.
        case protocolMisuse = "Protocol"
        /// The program behind the server is not what it was thought to be.
        case supplyChain = "Supply chain"
    }

    /// What it is called in addresses and files: small letters and hyphens.
    public let slug: String
    /// What people call it.
    public let title: String
    /// Where the weakness lies.
    public let family: Family
    /// One or two sentences.
    public let summary: String
    /// How it works, a step or a variant each.
    public let how: [String]
    /// What shows that it may be happening.
    public let signs: [String]
    /// What contains it here, in words.
    public let containment: String
    /// A policy that does so, a document that loads; the tool's names in it are examples.
    public let policy: String
    /// The classes whose access it abuses.
    public let abuses: [RiskCategory]
    /// Parameters it goes through; empty when the class alone is enough.
    public let through: [RiskSignal.Kind]

    init(
        _ slug: String,
        _ title: String,
        _ family: Family,
        abuses: [RiskCategory],
        through: [RiskSignal.Kind] = [],
        summary: String,
        how: [String],
        signs: [String],
        containment: String,
        policy: String
    ) {
        self.slug = slug
        self.title = title
        self.family = family
        self.summary = summary
        self.how = how
        self.signs = signs
        self.containment = containment
        self.policy = policy
        self.abuses = abuses
        self.through = through
    }

    /// All of them, the eleven of the product pages first.
    public static let all: [AttackPattern] =
        agentBehaviour + protocolMisuse + supplyChain + argumentWays + definitionWays

    /// The one of this name.
    public static func named(_ slug: String) -> AttackPattern? { all.first { $0.slug == slug } }

    /// Those that abuse the access a tool gives.
    ///
    /// That is those of its class, and of these the ones that go through certain parameters only where it has them. A tool
    /// of which too little is known may be open to any.
    public static func against(_ classification: Classification) -> [AttackPattern] {
        let kinds = Set(classification.signals.map(\.kind))
        return all.filter { pattern in
            let isOpen = pattern.through.isEmpty || !kinds.isDisjoint(with: pattern.through)
            return isOpen
                && (classification.category == .unclassified || pattern.abuses.contains(classification.category))
        }
    }
}
