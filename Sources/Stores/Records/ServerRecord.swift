public import Base
public import Settings

/// Where a server is.
public enum ServerUpstream: Hashable, Sendable {
    /// An `http` or `https` URL, as written; plain `http` to another machine only with `allowsInsecure`.
    case http(url: ByteString, allowsInsecure: Bool)

    /// A process of the gateway's own.
    case process(ProcessSettings)

    /// A REST API that a connector makes tools of.
    case connector(ConnectorSettings)

    /// What credentials are bound to: `scheme://host:port`, or the command with its arguments; `nil` for a URL that is
    /// none.
    public var origin: ByteString? {
        switch self {
        case .http(let url, _):
            do throws(UpstreamURL.Refusal) {
                return try UpstreamURL(url.bytes).origin
            } catch {
                return nil
            }
        case .process(let settings):
            return ByteString("process: \(settings.line)")
        case .connector(let settings):
            return ByteString(settings.line)
        }
    }
}

/// A header field sent to a server with every request, or a variable of its process; its value by reference.
public struct HeaderReference: Hashable, Sendable {
    /// As written.
    public var name: ByteString
    /// Where the value comes from.
    public var source: HeaderSource

    /// A reference from its parts.
    public init(name: ByteString, source: HeaderSource) {
        self.name = name
        self.source = source
    }
}

/// An upstream MCP server behind `/mcp/NAME`.
public struct ServerRecord: Hashable, Sendable {
    /// Stands in the path as well.
    public let id: EntityID
    /// Keeps ``EntityName``; unique among servers and bundles, which share the path.
    public var name: ByteString
    /// Where it is.
    public var upstream: ServerUpstream
    /// At most 32, no two with one name.
    public var headers: [HeaderReference]
    /// What lists show of changed tools.
    public var changedTools: ChangedTools
    /// What happens without counters.
    public var limitFailure: LimitFailure
    /// When it was registered; set by the store.
    public internal(set) var created = WallTime(milliseconds: 0)

    /// A server from its parts.
    public init(
        id: EntityID = .random(),
        name: ByteString,
        upstream: ServerUpstream,
        headers: [HeaderReference] = [],
        changedTools: ChangedTools = .hide,
        limitFailure: LimitFailure = .closed
    ) {
        self.id = id
        self.name = name
        self.upstream = upstream
        self.headers = headers
        self.changedTools = changedTools
        self.limitFailure = limitFailure
    }

    /// Takes over what the store sets, so that two records can be compared by what people set.
    public mutating func keepTimes(of known: ServerRecord) {
        created = known.created
    }

    var subject: Subject { Subject(.server, name) }

    /// The server's own row and those of its headers.
    var rows: [StoredRow] {
        [row] + headers.enumerated().map { ServerHeader(server: id, position: $0.offset, header: $0.element).row }
    }
}

extension ServerRecord: StoredRecord {
    static let table = RecordTable(
        "servers",
        key: ["id"],
        ["name", "upstream_kind", "upstream_url", "allows_insecure", "changed_tools", "limit_failure", "created"]
    )

    private enum UpstreamKind: String {
        case http
        /// The URL's column then holds ``ProcessSettings/json``.
        case process
        /// The URL's column then holds ``ConnectorSettings/json``.
        case connector
    }

    var values: [StoredValue] {
        let upstreamValues: [StoredValue]
        switch upstream {
        case .http(let url, let allowsInsecure):
            upstreamValues = [.text(UpstreamKind.http.rawValue), .text(url), .flag(allowsInsecure)]
        case .process(let settings):
            upstreamValues = [.text(UpstreamKind.process.rawValue), .text(ByteString(settings.json)), .flag(false)]
        case .connector(let settings):
            upstreamValues = [.text(UpstreamKind.connector.rawValue), .text(ByteString(settings.json)), .flag(false)]
        }
        return [.id(id), .text(name)] + upstreamValues
            + [.text(changedTools.rawValue), .text(limitFailure.rawValue), .time(created)]
    }

    /// Without its headers, which are rows of their own.
    init(reading row: inout RowReader) throws(StoreError) {
        id = try row.id()
        name = try row.text()
        let kind: UpstreamKind = try row.word()
        switch kind {
        case .http: upstream = .http(url: try row.text(), allowsInsecure: try row.flag())
        case .process:
            guard let settings = ProcessSettings(json: try row.text().bytes) else {
                throw .corrupt(detail: "the command of the server `\(name)` cannot be read")
            }
            upstream = .process(settings)
            _ = try row.flag()
        case .connector:
            guard let settings = ConnectorSettings(json: try row.text().bytes) else {
                throw .corrupt(detail: "the connector of the server `\(name)` cannot be read")
            }
            upstream = .connector(settings)
            _ = try row.flag()
        }
        headers = []
        changedTools = try row.word()
        limitFailure = try row.word()
        created = try row.time()
    }
}

/// A header of a server as a row.
struct ServerHeader: StoredRecord {
    static let table = RecordTable("server_headers", key: ["server", "position"], ["name", "source", "value"])

    let server: EntityID
    let position: Int
    let header: HeaderReference

    private enum Source: String {
        case open, environment, file, stored
    }

    init(server: EntityID, position: Int, header: HeaderReference) {
        self.server = server
        self.position = position
        self.header = header
    }

    var values: [StoredValue] {
        let (source, value): (Source, ByteString) =
            switch header.source {
            case .open(let value): (.open, value)
            case .environment(let name): (.environment, name)
            case .file(let path): (.file, path)
            case .stored(let name): (.stored, name)
            }
        return [.id(server), .count(position), .text(header.name), .text(source.rawValue), .text(value)]
    }

    init(reading row: inout RowReader) throws(StoreError) {
        server = try row.id()
        position = try row.count()
        let name = try row.text()
        let kind: Source = try row.word()
        let value = try row.text()
        let source: HeaderSource =
            switch kind {
            case .open: .open(value)
            case .environment: .environment(value)
            case .file: .file(value)
            case .stored: .stored(value)
            }
        header = HeaderReference(name: name, source: source)
    }
}
