import JSONText

/// Everything the catalogue has to say about one tool (policylayer.md, 7.2): what the product pages hold, from facts.
public struct ToolPage: Sendable {
    // LIMIT: related tools on a page.
    private static let mostRelated = 8

    /// A question of the product pages and its answer.
    public struct Answer: Sendable, Hashable {
        /// As a person asks.
        public let question: String
        /// From what is known of this tool.
        public let answer: String
    }

    /// What is known of its server.
    public let server: ServerFacts
    /// The exact name.
    public let name: String
    /// As its server has it; may be empty.
    public let title: String
    /// As its server has it; may be empty.
    public let description: String
    /// What the rules say.
    public let classification: Classification
    /// What is suspect in the definition.
    public let findings: [PoisonFinding]
    /// The names of its parameters, and whether each is required.
    public let parameters: [(name: String, isRequired: Bool)]
    /// What its definition costs in tokens.
    public let tokens: Int
    /// The rule recommended for it.
    public let rule: PolicySuggestion.Rule
    /// That rule as a policy that loads.
    public let policy: String
    /// The known attacks that abuse such access.
    public let attacks: [AttackPattern]
    /// Others of the server: about the same things first, then of the same class.
    public let related: [CataloguedTool]

    /// Puts a page together.
    ///
    /// `server.tools` may hold the tool itself. The policy leaves `hide` and `tools` empty where a name cannot be an
    /// exact key.
    public init(_ tool: DescribedTool, _ classification: Classification, server: ServerFacts) {
        name = String(decoding: tool.name, as: UTF8.self)
        title = String(decoding: tool.title, as: UTF8.self)
        description = String(decoding: tool.description, as: UTF8.self)
        self.server = server
        self.classification = classification
        findings = PoisonScanner.scan(tool)
        tokens = TokenEstimate.tokens(of: tool)
        let required = Set(tool.inputSchema?["required"]?.elements.compactMap { $0.string?.text } ?? [])
        parameters = Self.members(of: tool).map { ($0, required.contains($0)) }
        let suggestion = PolicySuggestion([(name, classification.category)], preset: .recommended)
        rule = suggestion.rules.first?.rule ?? .deny
        policy = suggestion.document
        attacks = AttackPattern.against(classification)
        related = Self.related(to: name, classification.category, among: server.tools)
    }

    private static func members(of tool: DescribedTool) -> [String] {
        guard let properties = tool.inputSchema?["properties"], properties.kind == .object else {
            return []
        }
        // LIMIT: as many as the classifier looks at.
        return properties.members.prefix(128).map { $0.key.text }
    }

    private static func related(
        to name: String,
        _ category: RiskCategory,
        among tools: [CataloguedTool]
    ) -> [CataloguedTool] {
        let own = CataloguedTool(name: name, category: category, severity: .low, tokens: 0)
        let words = Set(own.words.dropFirst())
        let ranked = tools.enumerated().compactMap { place, tool -> (tool: CataloguedTool, rank: Int, place: Int)? in
            guard tool.name != name else {
                return nil
            }
            let shared = words.intersection(tool.words.dropFirst()).count
            let rank = shared * 2 + (tool.category == category ? 1 : 0)
            return rank == 0 ? nil : (tool, rank, place)
        }
        return ranked.sorted { ($1.rank, $0.place) < ($0.rank, $1.place) }.prefix(mostRelated).map(\.tool)
    }
}

// MARK: - Words

extension ToolPage {
    /// The badge: the category's severity.
    public var badge: String { "\(classification.floor.rawValue) risk" }

    /// What agents do with it, a sentence or two for its class.
    public var does: String {
        let place = server.name.isEmpty ? "its server" : server.name
        return switch classification.category {
        case .read:
            "Agents call \(name) to look something up in \(place); nothing there changes. It is mostly the"
                + " first step, which"
                + " gathers what later calls need."
        case .write:
            "Agents use \(name) to create or change records in \(place), mostly as the step that acts after"
                + " others have"
                + " looked. Each call changes real data."
        case .execute:
            "Agents invoke \(name) to set something going in \(place). What happens depends on the arguments,"
                + " and often"
                + " reaches beyond the call: messages go out, jobs run, others are notified."
        case .destructive:
            "Agents use \(name) to delete or overwrite in \(place). What it takes away does not come back by"
                + " another call."
        case .financial:
            "Agents use \(name) to move money, or what is worth money, through \(place)."
        case .unclassified:
            "Nothing in its definition says what \(name) does in \(place)."
        }
    }

    /// Why it needs a policy: the reasoning, its severity, what a misuse would do.
    public var why: String { "\(classification.rationale) \(classification.misuse)" }

    /// What the recommended rule means.
    public var effect: String { PolicySuggestion.effect(of: rule, on: name) }

    /// The words on the way to a policy, as the pages have them: what a person does to this tool.
    public var action: String {
        switch classification.category {
        case .read: "cap this tool"
        case .write: "limit this tool"
        case .execute: "rate-limit this tool"
        case .destructive, .financial, .unclassified: "restrict this tool"
        }
    }

    /// Three steps to the rule.
    public var steps: [String] {
        [
            "Register the server: `toolgate server add NAME --url URL`, or `--connector`, or a command behind `--`.",
            "Store the policy above: `toolgate policy add NAME --server NAME --file FILE`, then give a grant:"
                + " `toolgate grant add`.",
            "Point the client at the gateway's address, `/mcp/NAME`: `toolgate grant add` prints the lines for it.",
        ]
    }

    /// The six questions, answered.
    public var answers: [Answer] {
        [
            Answer(question: "What does the \(name) tool do?", answer: purpose),
            Answer(question: "How do I enforce a policy on \(name)?", answer: enforcement),
            Answer(question: "What risk level is \(name)?", answer: risk),
            Answer(question: "Can I rate-limit \(name)?", answer: limiting),
            Answer(question: "How do I block \(name) completely?", answer: blocking),
            Answer(question: "What MCP server provides \(name)?", answer: provider),
        ]
    }

    private var article: String {
        [.execute, .unclassified].contains(classification.category) ? "an" : "a"
    }

    private var kind: String { "\(article) \(classification.category.rawValue) tool" }

    private var purpose: String {
        let means =
            switch classification.category {
            case .read: "it retrieves data without changing anything"
            case .write: "it can create or modify data"
            case .execute: "it can trigger actions or run processes"
            case .destructive: "it can delete or overwrite data for good"
            case .financial: "it can move money"
            case .unclassified: "too little is known of it, so it counts as the most dangerous"
            }
        var said = description.isEmpty ? name : description
        if let last = said.last, !".!?。".contains(last) {
            said += "."
        }
        return "\(said) It is categorised as \(kind) of \(server.name), which means \(means)."
    }

    private var enforcement: String {
        "Register \(server.name) in Toolgate and put a rule for \(name) into its policy: allowed as it is,"
            + " limited, waiting for"
            + " approval, denied or hidden. The client talks to the gateway, which judges every call before it"
            + " reaches"
            + " \(server.name); nothing is installed there."
    }

    private var risk: String {
        let advice =
            switch classification.category {
            case .read: "Tools that only read can mostly stay allowed."
            case .write: "Writing tools should be limited, so that a mistake cannot become a bulk change."
            case .execute: "Executing tools should be limited, and their arguments checked."
            case .destructive: "Destructive tools should be hidden until somebody needs them."
            case .financial: "A person should agree to each call."
            case .unclassified: "Say what it is before you allow it."
            }
        let argued =
            classification.severity == classification.floor
            ? "" : " For this one tool it is argued as \(classification.severity.rawValue.lowercased())."
        return "\(name) is \(kind) with \(classification.floor.rawValue.lowercased()) risk.\(argued) \(advice)"
    }

    private var limiting: String {
        "Yes. Under `limits` of its rule stand a counter, a window, a maximum and a scope:"
            + " `\(name.lowercased())_rate`,"
            + " `minute`, 10 and `grant` admit 10 calls a minute and grant, counted over a sliding window."
    }

    private var blocking: String {
        "Leave it out of `tools` while `default` is `deny`, or put it into `hide`: agents then neither see it"
            + " nor learn that"
            + " it exists. A `deny_if` block without conditions keeps it listed and answers with your reason."
    }

    private var provider: String {
        let key = server.key.isEmpty || server.key == server.name ? "" : " (\(server.key))"
        return "\(name) is provided by the \(server.name) MCP server\(key). Toolgate stands in front of it and"
            + " judges calls"
            + " before they reach it."
    }
}
