public import Base

/// Servers and tools by the ten thousand, found by words (the room `CatalogueSQLite` keeps them).
///
/// Everything may be called from any thread and blocks on the disk.
public protocol CatalogueIndex: Sendable {
    /// Takes in entries in one step: all or none of them.
    ///
    /// An entry that is known is replaced; facts of other sources stay. `reading` is how far the reading of a file has come,
    /// kept in the same step. Gives what became of the entries.
    func take(
        _ entries: [CatalogueEntry],
        from source: CatalogueOrigin,
        reading: CatalogueReading?
    ) throws(CatalogueFailure) -> CatalogueTaken

    /// How many bytes of a file were taken in before; 0 for one that is not known.
    func progress(of file: String) throws(CatalogueFailure) -> Int

    /// The tools that fit best, at most `query.limit`.
    func search(_ query: CatalogueQuery) throws(CatalogueFailure) -> [CatalogueHit]

    /// What is known of a server, by its key or, where only one has it, its name.
    func server(_ name: String) throws(CatalogueFailure) -> IndexedServer?

    /// The keys of servers with tools, in their order; those behind `key`, at most `limit` of them.
    func servers(after key: String, limit: Int) throws(CatalogueFailure) -> [String]

    /// The definitions of a server's tools, in the order they were listed first.
    func definitions(of server: Int) throws(CatalogueFailure) -> [IndexedTool]

    /// How much there is.
    func counts() throws(CatalogueFailure) -> (servers: Int, tools: Int)

    /// Puts what was written into the shape that is fastest to search; worth it after a large import.
    func settle() throws(CatalogueFailure)
}

/// Why the index could not do what was asked.
public struct CatalogueFailure: Error, Hashable, Sendable {
    /// What is wrong and where, for a person.
    public let message: String

    /// States it.
    public init(_ message: String) { self.message = message }
}

/// Where facts come from, and when they were true.
public struct CatalogueOrigin: Hashable, Sendable {
    /// The kinds of sources.
    public enum Kind: String, Sendable, CaseIterable {
        /// A server's own list.
        case live
        /// A document of the official registry.
        case registry
        /// A list somebody keeps.
        case list
    }

    /// Which kind.
    public let kind: Kind
    /// Its name: a server, a file, a repository.
    public let name: String
    /// When it was read.
    public let date: WallTime

    /// States all three.
    public init(kind: Kind, name: String, date: WallTime) {
        self.kind = kind
        self.name = name
        self.date = date
    }
}

/// How far the reading of a file has come.
public struct CatalogueReading: Hashable, Sendable {
    /// What tells this file with this content from others.
    public let file: String
    /// Bytes that are done with.
    public let offset: Int

    /// States both.
    public init(file: String, offset: Int) {
        self.file = file
        self.offset = offset
    }
}

/// What became of entries.
public struct CatalogueTaken: Hashable, Sendable {
    /// Tools that were new or changed.
    public var tools = 0
    /// Tools that were known as they are.
    public var unchanged = 0
    /// Servers that were named.
    public var servers = 0

    /// Nothing yet.
    public init() {}

    /// Both together.
    public static func + (left: CatalogueTaken, right: CatalogueTaken) -> CatalogueTaken {
        var sum = left
        sum.tools += right.tools
        sum.unchanged += right.unchanged
        sum.servers += right.servers
        return sum
    }
}

/// What is asked of the index.
public struct CatalogueQuery: Hashable, Sendable {
    // LIMIT: words that are searched for, and tools that are given.
    /// The most tools one search gives.
    public static let mostHits = 200
    static let mostWords = 12

    /// Words that all have to be there; empty for any tool.
    public var text: String
    /// Only of this class.
    public var category: RiskCategory?
    /// Only of this severity.
    public var severity: RiskSeverity?
    /// Only of this publisher, spelled as facts have it, case aside.
    public var publisher: String?
    /// Only of servers reached so, for example `stdio`.
    public var transport: String?
    /// At most so many, from 1 to 200.
    public var limit: Int

    /// Asks for words, without filters.
    public init(_ text: String, limit: Int = 20) {
        self.text = text
        self.limit = min(max(1, limit), Self.mostHits)
    }
}

/// A tool that was found.
public struct CatalogueHit: Hashable, Sendable {
    /// The server's key.
    public let server: String
    /// The tool.
    public let tool: CataloguedTool
    /// How its description begins.
    public let summary: String

    /// States all three.
    public init(server: String, tool: CataloguedTool, summary: String) {
        self.server = server
        self.tool = tool
        self.summary = summary
    }
}

/// A server of the index.
public struct IndexedServer: Hashable, Sendable {
    /// A fact, and who said so.
    public struct Fact: Hashable, Sendable {
        /// `name`, `description`, `publisher`, `transport`, `url`, `repository`, `version`.
        public let name: String
        /// As the source has it.
        public let value: String
        /// Who said so, and when.
        public let origin: CatalogueOrigin

        /// States all three.
        public init(name: String, value: String, origin: CatalogueOrigin) {
            self.name = name
            self.value = value
            self.origin = origin
        }
    }

    /// Its number in the index.
    public let id: Int
    /// What it is called in the index.
    public let key: String
    /// All that sources said, the newest first.
    public let facts: [Fact]

    /// States all three.
    public init(id: Int, key: String, facts: [Fact]) {
        self.id = id
        self.key = key
        self.facts = facts
    }

    /// What the newest source says; empty when none does.
    public func newest(_ name: String) -> String { facts.first { $0.name == name }?.value ?? "" }
}

/// A definition in the index.
public struct IndexedTool: Hashable, Sendable {
    /// The definition's JSON.
    public let definition: [UInt8]
    /// Who listed it, and when.
    public let origin: CatalogueOrigin
    /// The version of the rules its stored class is of.
    public let rules: Int
    /// The stored class.
    public let category: RiskCategory

    /// States all four.
    public init(definition: [UInt8], origin: CatalogueOrigin, rules: Int, category: RiskCategory) {
        self.definition = definition
        self.origin = origin
        self.rules = rules
        self.category = category
    }
}
