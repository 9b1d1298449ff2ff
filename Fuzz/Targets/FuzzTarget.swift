/// Every reader of hostile bytes, with the properties that must hold for any bytes at all.
///
/// The fuzzer calls these with what it invents, and an ordinary test replays the corpora and every input that once
/// crashed. A property that does not hold stops the process: that is what a fuzzer notices.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// The JSON reader, its canonical forms and its equality.
    case json = "JSON"
    /// The server's side of HTTP over arbitrary cuts.
    case request = "HTTPRequest"
    /// The client's side of HTTP over arbitrary cuts.
    case response = "HTTPResponse"
    /// The reader and the writer of event streams.
    case events = "SSE"
    /// The policy document, from bytes to a compiled policy.
    case policy = "Policy"
    /// The `Mcp-*` header rules.
    case headers = "McpHeaders"
    /// YAML and the settings in it.
    case settings = "Settings"
    /// Schemas of unknown origin, and values judged by them.
    case schema = "JSONSchema"
    /// A connector's file, and the calls of its tools.
    case connector = "Connector"
    /// Arguments and the API's answers, through the connectors that are shipped.
    case connectorAnswers = "ConnectorAnswers"
    /// Challenges, metadata, registrations and tokens of an authorisation server.
    case oauth = "OAuth"
    /// Lines of a server that is a process.
    case lines = "ProcessLines"
    /// A segment of the journal, and its verification.
    case journal = "Journal"
    /// A tool's definition, classed and searched for poison.
    case catalogue = "Catalogue"

    /// Feeds `bytes` to the reader.
    public func run(_ bytes: [UInt8]) {
        switch self {
        case .json: JSONProperties.check(bytes)
        case .request: HTTPProperties.checkRequest(bytes)
        case .response: HTTPProperties.checkResponse(bytes)
        case .events: SSEProperties.check(bytes)
        case .policy: PolicyProperties.check(bytes)
        case .headers: HeaderProperties.check(bytes)
        case .settings: SettingsProperties.check(bytes)
        case .schema: SchemaProperties.check(bytes)
        case .connector: ConnectorProperties.checkFile(bytes)
        case .connectorAnswers: ConnectorProperties.checkAnswers(bytes)
        case .oauth: OAuthProperties.check(bytes)
        case .lines: LineProperties.check(bytes)
        case .journal: JournalProperties.check(bytes)
        case .catalogue: CatalogueProperties.check(bytes)
        }
    }
}

/// A source of small choices for one input, taken from its own bytes so that a fuzzer can steer them.
struct Choices {
    private var state: UInt32

    init(_ seed: UInt8) {
        state = UInt32(seed) &* 0x9E37_79B1 | 1
    }

    /// A number below `bound`, which must be above zero.
    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        return Int(state % UInt32(bound))
    }

    /// `bytes` in pieces of one byte and more.
    mutating func pieces(of bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, 1 + below(below(4) == 0 ? 64 : 4))
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}
