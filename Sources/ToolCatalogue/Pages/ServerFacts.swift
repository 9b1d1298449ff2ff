/// What is known of a server, for the pages of its tools.
public struct ServerFacts: Sendable, Hashable {
    /// What it is called for people.
    public var name: String
    /// What it is called in the catalogue, for example `owner/repository`; may be empty.
    public var key: String
    /// What it says it is; may be empty.
    public var description: String
    /// How it is reached, for example `stdio`; may be empty.
    public var transport: String
    /// Its tools with their classes, in the order they were listed.
    public var tools: [CataloguedTool]
    /// What sources said of it, the newest first; none without an index.
    public var facts: [IndexedServer.Fact] = []
    /// How many servers the index knows, this one included; `nil` without an index.
    public var indexedServers: Int?

    /// States what is known.
    public init(
        name: String,
        key: String = "",
        description: String = "",
        transport: String = "",
        tools: [CataloguedTool],
        indexedServers: Int? = nil
    ) {
        self.name = name
        self.key = key
        self.description = description
        self.transport = transport
        self.tools = tools
        self.indexedServers = indexedServers
    }

    /// How many tools of each class there are, the most dangerous first; classes without tools are left out.
    public var counts: [(category: RiskCategory, count: Int)] {
        RiskCategory.allCases.sorted(by: >).compactMap { category in
            let count = tools.count { $0.category == category }
            return count == 0 ? nil : (category, count)
        }
    }

    /// One line on how much there is, as the product pages end.
    public var footer: String {
        let line = "\(tools.count) \(tools.count == 1 ? "tool" : "tools") of \(name) catalogued and classed by risk"
        return indexedServers.map { "\(line), in an index of \($0) servers" } ?? line
    }
}

/// A tool as lists show it.
public struct CataloguedTool: Sendable, Hashable {
    /// The exact name.
    public let name: String
    /// What it can do.
    public let category: RiskCategory
    /// How bad a misuse would be.
    public let severity: RiskSeverity
    /// What its definition costs, in tokens (``TokenEstimate``).
    public let tokens: Int

    /// States all four.
    public init(name: String, category: RiskCategory, severity: RiskSeverity, tokens: Int) {
        self.name = name
        self.category = category
        self.severity = severity
        self.tokens = tokens
    }

    /// The words of the name, small and without the plural's `s`: `getLossReasons` gives `get`, `loss`, `reason`.
    var words: [String] {
        var words: [String] = []
        var word = ""
        var wasSmall = false
        for character in name.prefix(128) {
            let isPart = character.isLetter || character.isNumber
            if !isPart || character.isUppercase && wasSmall {
                words.append(word)
                word = ""
            }
            if isPart {
                word += character.lowercased()
            }
            wasSmall = isPart && !character.isUppercase
        }
        words.append(word)
        return words.compactMap { word in
            let bare = word.count > 3 && word.hasSuffix("s") && !word.hasSuffix("ss") ? String(word.dropLast()) : word
            return bare.isEmpty ? nil : bare
        }
    }
}
