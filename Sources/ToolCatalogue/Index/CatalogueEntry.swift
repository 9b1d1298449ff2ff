public import JSONText

/// What a list says of a server or of a tool.
public enum CatalogueEntry: Sendable {
    /// A server.
    case server(ServerEntry)
    /// A tool of a server, which may not have been named before.
    case tool(DescribedTool)

    /// Reads an object of any of the forms lists come in; `nil` when it is none.
    ///
    /// Forms: a document of the official registry (`server.json`, also as its API wraps it in `server`), a line of a list of
    /// servers, a tool with a text `server`. With `server` given, what has no server of its own is a tool of that one.
    public static func read(_ value: JSONValue, server: String? = nil) -> CatalogueEntry? {
        guard value.kind == .object, let name = value["name"]?.string?.text ?? value["server"]?["name"]?.string?.text,
            !name.isEmpty
        else {
            return nil
        }
        if let wrapped = value["server"], wrapped.kind == .object {
            return ServerEntry(registry: wrapped).map { .server($0) }
        }
        if server != nil || value["server"]?.string != nil {
            return DescribedTool(value, server: server ?? "").flatMap { $0.server.isEmpty ? nil : .tool($0) }
        }
        if isOfRegistry(value) {
            return ServerEntry(registry: value).map { .server($0) }
        }
        return ServerEntry(listed: value).map { .server($0) }
    }
}

extension CatalogueEntry {
    /// Whether this is a `server.json`, as it is or as the registry's API wraps it.
    public static func isOfRegistry(_ value: JSONValue) -> Bool {
        value["server"]?.kind == .object || value["packages"] != nil || value["remotes"] != nil
            || value["$schema"] != nil
    }
}

/// Facts about a server; empty where a source says nothing.
public struct ServerEntry: Hashable, Sendable {
    // LIMIT: bytes of a fact.
    private static let mostBytes = 2_048

    /// What it is called in the index.
    public var key: String
    /// For people.
    public var name = ""
    /// What it is for.
    public var description = ""
    /// Who made it.
    public var publisher = ""
    /// How it is reached: `stdio`, `streamable-http`, `sse`.
    public var transport = ""
    /// Where it is reached.
    public var url = ""
    /// Where its source is.
    public var repository = ""
    /// Which version.
    public var version = ""

    /// Only its key is known.
    public init(key: String) { self.key = Self.cut(key) }

    /// A `server.json` of the official registry: `namespace/name`, packages and remotes.
    init?(registry value: JSONValue) {
        guard let name = value["name"]?.string?.text, !name.isEmpty else {
            return nil
        }
        self.init(key: name)
        self.name = Self.text(value["title"]) ?? name
        description = Self.text(value["description"]) ?? ""
        version = Self.text(value["version"]) ?? Self.text(value["version_detail"]?["version"]) ?? ""
        repository = Self.text(value["repository"]?["url"]) ?? ""
        publisher = name.contains("/") ? Self.cut(String(name.prefix { $0 != "/" })) : ""
        let remote = value["remotes"]?.element(at: 0)
        url = Self.text(remote?["url"]) ?? ""
        let package = value["packages"]?.element(at: 0)
        transport =
            Self.text(remote?["type"]) ?? Self.text(remote?["transport_type"]) ?? Self.text(
                package?["transport"]?["type"]
            )
            ?? (package == nil ? "" : "stdio")
    }

    /// A line of the lists people keep: a name or id, and some of the usual members.
    init?(listed value: JSONValue) {
        guard let name = Self.text(value["name"]), !name.isEmpty else {
            return nil
        }
        self.init(key: Self.text(value["id"]) ?? name)
        self.name = Self.text(value["title"]) ?? name
        description = Self.text(value["description"]) ?? ""
        url = Self.text(value["url"]) ?? ""
        repository = Self.text(value["repository"]) ?? ""
        publisher = Self.text(value["provider"]) ?? Self.owner(of: repository)
        transport =
            Self.text(value["transport"]) ?? (url.isEmpty ? "" : url.hasSuffix("/sse") ? "sse" : "streamable-http")
        version = Self.text(value["version"]) ?? ""
    }

    /// Each fact there is.
    public var facts: [(name: String, value: String)] {
        [
            ("name", name), ("description", description), ("publisher", publisher), ("transport", transport),
            ("url", url),
            ("repository", repository), ("version", version),
        ].filter { !$0.1.isEmpty }
    }

    private static func text(_ value: JSONValue?) -> String? {
        value?.string.map { cut($0.text) }
    }

    static func cut(_ text: String) -> String {
        text.utf8.count <= mostBytes ? text : String(decoding: text.utf8.prefix(mostBytes), as: UTF8.self)
    }

    /// `owner` of `https://host/owner/name`.
    private static func owner(of repository: String) -> String {
        let parts = repository.split(separator: "/")
        return parts.count >= 4 && parts[0].hasSuffix(":") ? String(parts[2]) : ""
    }
}
