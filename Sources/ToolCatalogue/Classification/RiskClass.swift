public import PolicyEngine

/// What a tool can do to the world (policylayer.md, 7.1), from harmless to worst.
public enum RiskCategory: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Retrieves data, changes nothing.
    case read = "Read"
    /// Creates or modifies data, reversibly.
    case write = "Write"
    /// Triggers actions whose effect depends on the arguments.
    case execute = "Execute"
    /// Deletes or overwrites for good.
    case destructive = "Destructive"
    /// Moves real money.
    case financial = "Financial"
    /// Too little evidence; stands above all wherever a decision hangs on it.
    case unclassified = "Unclassified"

    /// By danger: what is not known is the worst.
    public static func < (left: RiskCategory, right: RiskCategory) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .execute: 2
        case .destructive: 3
        case .financial: 4
        case .unclassified: 5
        }
    }

    /// The least severity of a tool of this category.
    public var floor: RiskSeverity {
        switch self {
        case .read: .low
        case .write: .medium
        case .execute: .high
        case .destructive, .financial, .unclassified: .critical
        }
    }

    /// What policies call it; `nil` when a policy has no name for it, and so denies the tool.
    public var policyClass: ToolClass? {
        switch self {
        case .read: .read
        case .write: .write
        case .execute: .execute
        case .destructive: .destructive
        case .financial: .financial
        case .unclassified: nil
        }
    }
}

/// How bad a misuse would be.
public enum RiskSeverity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Little is lost.
    case low = "Low"
    /// Annoying, and can be put right.
    case medium = "Medium"
    /// Costly, or reaches beyond the server.
    case high = "High"
    /// Cannot be taken back.
    case critical = "Critical"

    /// By weight.
    public static func < (left: RiskSeverity, right: RiskSeverity) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        case .critical: 3
        }
    }

    /// What policies call it.
    public var policySeverity: ToolSeverity {
        switch self {
        case .low: .low
        case .medium: .medium
        case .high: .high
        case .critical: .critical
        }
    }
}

/// Words a definition really has, and what they say.
public struct Evidence: Sendable, Hashable {
    /// The exact words.
    public let quote: String
    /// Where they stand: `name`, `title`, `description`, `serverDescription`, `inputSchema.properties.NAME`,
    /// `annotations.NAME`.
    public let source: String
    /// What they say about the class, in English.
    public let says: String
}

/// What the schema tells about how a tool can be misused.
public struct RiskSignal: Sendable, Hashable {
    /// The kinds of signal.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Takes program text.
        case code
        /// Takes a query in a language of its own.
        case query
        /// Takes a command line.
        case shell
        /// Takes an address to fetch or to call.
        case url
        /// Takes a path of a file.
        case path
        /// Takes where to write.
        case outputPath
        /// Takes who receives something.
        case recipients
        /// Takes an amount of money.
        case amount
        /// Takes many things at once.
        case bulk
        /// Takes a secret as an argument.
        case secret
        /// Has more than twelve parameters.
        case manyParameters
        /// Chooses what to do by an argument.
        case action
    }

    /// Which.
    public let kind: Kind
    /// The parameter, as the schema spells it; for `manyParameters` their number.
    public let parameter: String

    /// As a person reads it.
    public var sentence: String {
        switch kind {
        case .code: "accepts free-form code (\(parameter))"
        case .query: "accepts free-form query input (\(parameter))"
        case .shell: "accepts a command line (\(parameter))"
        case .url: "accepts a URL or an endpoint (\(parameter))"
        case .path: "accepts a file path (\(parameter))"
        case .outputPath: "accepts where to write (\(parameter))"
        case .recipients: "accepts recipients (\(parameter))"
        case .amount: "accepts an amount (\(parameter))"
        case .bulk: "acts on many things in one call (\(parameter))"
        case .secret: "takes a secret as an argument (\(parameter))"
        case .manyParameters: "has many parameters (\(parameter))"
        case .action: "an argument chooses what it does (\(parameter))"
        }
    }
}

/// What the rules say about one tool.
public struct Classification: Sendable, Hashable {
    /// The version of the rules; it changes whenever a class could.
    public static let rulesVersion = 1

    /// The class.
    public let category: RiskCategory
    /// The severity argued for this tool; never below the category's floor unless the rationale says why.
    public let argued: RiskSeverity
    /// Whether it only adds, also `true` for what changes nothing; `false` is what the hint `destructiveHint` says of MCP tools.
    public let isAdditive: Bool
    /// From 0 to 1, in hundredths.
    public let confidence: Double
    /// What the class rests on; empty only when unclassified.
    public let evidence: [Evidence]
    /// How the schema could be misused.
    public let signals: [RiskSignal]
    /// Why it is this class and not the next.
    public let rationale: String
    /// What a misuse would do.
    public let misuse: String

    /// The category's severity, which the badge shows.
    public var floor: RiskSeverity { category.floor }
    /// The higher of floor and argued severity.
    public var severity: RiskSeverity { max(floor, argued) }
}

extension Classification {
    /// The confidence as a number with two digits.
    public var confidenceText: String {
        let hundredths = Int((confidence * 100).rounded())
        return hundredths >= 100 ? "1.00" : "0." + (hundredths < 10 ? "0" : "") + String(hundredths)
    }
}
