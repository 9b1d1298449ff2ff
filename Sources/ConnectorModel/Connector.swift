public import Base
import JSONSchema
public import JSONText

/// A REST API as MCP tools, read from one checked file (docs/connectors.md).
public struct Connector: Sendable {
    /// `[a-z0-9][a-z0-9-]{0,62}`.
    public let id: ByteString
    /// The file's own version.
    public let version: ByteString
    /// For people.
    public let title: ByteString
    /// The language of descriptions and messages, as in `lang` attributes.
    public let language: ByteString
    /// What a server entry may or must set.
    public let settings: [ConnectorSetting]
    /// What the one secret is, for people.
    public let secretDescription: ByteString
    /// In the order of the file; names are unique.
    public let tools: [ConnectorTool]
    let source: ConnectorSource

    /// The tool of this name, by exact bytes.
    public func tool(named name: ByteString) -> ConnectorTool? {
        tools.first { $0.name == name }
    }

    /// How fast the API lets itself be asked.
    public var pace: ConnectorPace { source.pace }
    /// The most bytes of one answer.
    public var maximumResponseBytes: Int { source.maximumResponseBytes }
    /// How long one request may take.
    public var timeout: Duration { source.timeout }
}

/// A setting of a connector, `set` in a server's entry.
public struct ConnectorSetting: Sendable {
    /// What values it may have.
    public enum Kind: String, Sendable, CaseIterable {
        /// One label of a host name.
        case label
        /// A host name.
        case host
        /// An IANA time zone.
        case zone
        /// `true` or `false`.
        case boolean
        /// A whole number.
        case integer
        /// Anything.
        case text
    }

    /// The name.
    public let name: ByteString
    /// What values it may have.
    public let kind: Kind
    /// For people.
    public let description: ByteString
    /// What it is when it is not set; `nil` when it must be set.
    public let fallback: ConnectorValue?
}

/// How dangerous a tool is; the catalogue's classes.
public enum ConnectorRisk: String, Sendable, CaseIterable {
    /// Changes nothing.
    case read
    /// Creates or changes data.
    case write
    /// Sets something going.
    case execute
    /// Deletes.
    case destructive
    /// Moves money.
    case financial
}

/// The recommended limit of a tool.
public struct ConnectorToolLimit: Hashable, Sendable {
    /// Windows of the policy language.
    public enum Window: String, Sendable, CaseIterable {
        /// Sixty seconds.
        case minute
        /// Sixty minutes.
        case hour
        /// A day.
        case day
    }

    /// Calls per window, from 1.
    public let maximum: Int
    /// The window.
    public let window: Window
}

/// One tool of a connector.
public struct ConnectorTool: Sendable {
    /// The exact name.
    public let name: ByteString
    /// For people; may be empty.
    public let title: ByteString
    /// For agents, in the connector's language; may be empty.
    public let description: ByteString
    /// Its class.
    public let risk: ConnectorRisk
    /// The recommended limit, `nil` for none.
    public let limit: ConnectorToolLimit?
    /// The input schema as JSON.
    public let inputSchema: JSONDocument
    /// The schema of structured results as JSON, if the file has one.
    public let outputSchema: JSONDocument?
    /// Whether calling it again changes nothing further.
    public let isIdempotent: Bool
    /// Whether what it writes may overwrite.
    public let isDestructive: Bool
    let input: ArgumentSchema
    let requirements: [Requirement]
    let variables: [ByteString: Template]
    let steps: [ConnectorStep]
    let result: Template
}

/// What must hold before something is done, and what the agent is told otherwise.
struct Requirement: Sendable {
    let condition: Template
    let message: ByteString
}

/// What a tool's schema says about its arguments, beyond judging them.
struct ArgumentSchema: Sendable {
    struct Property: Sendable {
        let name: ByteString
        /// The JSON type, empty when the schema has none or several.
        let type: ByteString
        /// The texts of an `enum`.
        let choices: [ByteString]
    }

    let schema: Schema
    let properties: [Property]
    let required: [ByteString]
    let isOpen: Bool
}

/// Where the API is and how it behaves.
struct ConnectorSource: Sendable {
    /// Literal pieces of the base URL and the settings between them.
    let base: [BasePiece]
    let authentication: ConnectorAuthentication
    let headers: [ConnectorMember]
    let timeout: Duration
    let maximumResponseBytes: Int
    let pace: ConnectorPace
    let retry: RetryRules
    let errors: ErrorRules
    let redaction: RedactionRules
    let words: ConnectorWords
}

/// A piece of the base URL.
enum BasePiece: Sendable, Hashable {
    case literal(ByteString)
    case setting(ByteString)
}

/// How requests prove themselves.
enum ConnectorAuthentication: Sendable, Hashable {
    /// `Authorization: Bearer`.
    case bearer
    /// The secret stands between the base path and the request's own, slashes included.
    case path
    /// A header of this name.
    case header(ByteString)
}

/// What is tried again, and when.
struct RetryRules: Sendable {
    var kinds: Set<ConnectorFailureKind> = []
    var maximum = 0
    var first: Duration = .milliseconds(250)
    var longest: Duration = .seconds(4)
}

/// The connector's own words, in its language.
struct ConnectorWords: Sendable {
    var required: ByteString = "needs"
    var unknown: ByteString = "unknown argument"
    var denied: ByteString = "must not be set:"
    /// Words for JSON types and conversions.
    var types: [ByteString: ByteString] = [:]
}

/// One request of a tool, or one batch, or all pages of a list.
struct ConnectorStep: Sendable {
    let name: ByteString
    let request: RequestTemplate
    let condition: Template?
    let requirements: [Requirement]
    /// Whether it may be sent twice.
    let isSafe: Bool
    let empty: EmptyAnswer
    /// Must hold in the answer, else the thing asked for is not there.
    let found: Template?
    let readsBody: Bool
    let keepsFailure: Bool
    let cacheSeconds: Int
    let paging: PagingRules?
    let batch: [BatchCommand]
}

/// What an answer without a body means.
enum EmptyAnswer: Sendable {
    case nothing
    case notFound
    case value(Template)
}

/// A request as a tree.
struct RequestTemplate: Sendable {
    enum Segment: Sendable {
        case literal(ByteString)
        /// An argument of the agent, one whole segment.
        case argument(ByteString)
    }

    let method: ConnectorMethod
    let path: [Segment]
    let query: [TemplateMember]
    let body: Template?
}

/// A command folded into a batch.
struct BatchCommand: Sendable {
    let name: ByteString
    let method: ByteString
    let query: [TemplateMember]
}

/// How all pages of a list are read.
struct PagingRules: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// The page's number, while there is a link to the next.
        case nextLink = "next-link"
        /// The value of the answer is the next request's.
        case offset
        /// The last element's value is the next request's, while pages are full.
        case lastID = "last-id"
    }

    let kind: Kind
    /// Where the elements are.
    let items: [ByteString]
    /// The link, the offset, or the last element's value.
    let next: [ByteString]
    /// The key that carries the place.
    let key: ByteString
    /// The query rather than the body.
    let isInQuery: Bool
    /// LIMIT: pages of one call.
    let maximumPages: Int
    /// Elements of a full page.
    let size: Int
}

/// The verbs of HTTP a connector may use.
public enum ConnectorMethod: String, Sendable, CaseIterable {
    /// Reads.
    case get = "GET"
    /// Creates, or whatever the API does with it.
    case post = "POST"
    /// Replaces.
    case put = "PUT"
    /// Changes.
    case patch = "PATCH"
    /// Deletes.
    case delete = "DELETE"
}
