public import Base
public import YAMLText

/// Everything `toolgate.yaml` says, checked: names are unique, references lead somewhere, secrets can be read.
///
/// Policies are read but not compiled; that is for whoever knows the engine.
public struct Configuration: Sendable {
    /// In the order of the file; at least one.
    public let servers: [ServerSettings]
    /// In the order of the file.
    public let policies: [PolicySettings]
    /// In the order of the file.
    public let bundles: [BundleSettings]
    /// In the order of the file.
    public let grants: [GrantSettings]

    /// A configuration from its parts, which the caller has checked.
    public init(
        servers: [ServerSettings],
        policies: [PolicySettings],
        bundles: [BundleSettings] = [],
        grants: [GrantSettings]
    ) {
        self.servers = servers
        self.policies = policies
        self.bundles = bundles
        self.grants = grants
    }
}

/// An upstream MCP server behind `/mcp/NAME`.
public struct ServerSettings: Sendable {
    /// `[a-z0-9][a-z0-9-]{0,62}`.
    public let name: ByteString
    /// Given in the file or derived from the name.
    public let id: EntityID
    /// How it is reached.
    public let upstream: UpstreamSettings
    /// What lists show of changed tools.
    public let changedTools: ChangedTools
    /// What happens without counters.
    public let limitFailure: LimitFailure
    /// Fields to send with every request, or the variables of its process; no two have the same name.
    public let headers: [StaticHeader]
    /// Where the entry stands.
    public let position: YAMLPosition

    /// Settings from their parts, which the caller has checked.
    public init(
        name: ByteString,
        id: EntityID,
        upstream: UpstreamSettings,
        changedTools: ChangedTools = .hide,
        limitFailure: LimitFailure = .closed,
        headers: [StaticHeader],
        position: YAMLPosition
    ) {
        self.name = name
        self.id = id
        self.upstream = upstream
        self.changedTools = changedTools
        self.limitFailure = limitFailure
        self.headers = headers
        self.position = position
    }
}

/// How an upstream is reached.
public enum UpstreamSettings: Hashable, Sendable {
    /// Over Streamable HTTP; plain http to another machine only where that was allowed.
    case http(UpstreamURL, allowsInsecure: Bool)
    /// As a process of the gateway's own, over its standard streams.
    case process(ProcessSettings)
    /// As a REST API that a connector makes tools of.
    case connector(ConnectorSettings)
}

/// Where the value of a header comes from.
public enum HeaderSource: Hashable, Sendable {
    /// It stands here openly: no secret.
    case open(ByteString)
    /// A variable of the gateway's environment.
    case environment(ByteString)
    /// A file, by its path.
    case file(ByteString)
    /// A sealed credential of the store, by name.
    case stored(ByteString)
}

/// A header field the gateway sends to one upstream: never one that frames or names a message.
public struct StaticHeader: Sendable {
    /// The name as written.
    public let name: ByteString
    /// Where the value comes from; a path as written.
    public let source: HeaderSource
    /// The value, valid in a header; masked in every description, also when it was written openly.
    ///
    /// `nil` for one that is in the store.
    public let value: Secret<[UInt8]>?

    /// A field from its parts, which the caller has checked.
    public init(name: ByteString, source: HeaderSource, value: Secret<[UInt8]>?) {
        self.name = name
        self.source = source
        self.value = value
    }
}

/// What lists show of a tool whose definition changed and was not accepted yet.
public enum ChangedTools: String, Hashable, Sendable, CaseIterable {
    /// Nothing.
    case hide
    /// The definition that was pinned.
    case show
}

/// What happens to calls that need a counter when the counters cannot be reached.
public enum LimitFailure: String, Hashable, Sendable, CaseIterable {
    /// They are denied.
    case closed
    /// They go on, and the log says so.
    case open
}

/// A policy's document, not yet compiled.
public struct PolicySettings: Sendable {
    /// Where the document came from.
    public enum Source: Hashable, Sendable {
        /// A file, by the path as written.
        case file(String)
        /// The configuration itself; the YAML it was written as.
        case inline(YAMLNode)
    }

    /// `[a-z0-9][a-z0-9-]{0,62}`.
    public let name: ByteString
    /// The name of the server it is for.
    public let server: ByteString
    /// JSON: the file's bytes, or what the inline YAML means.
    public let document: [UInt8]
    /// Where the document came from.
    public let source: Source
    /// Where the entry stands.
    public let position: YAMLPosition

    /// Settings from their parts, which the caller has checked.
    public init(
        name: ByteString,
        server: ByteString,
        document: [UInt8],
        source: Source,
        position: YAMLPosition
    ) {
        self.name = name
        self.server = server
        self.document = document
        self.source = source
        self.position = position
    }

    /// Where in the configuration file the value at a JSON Pointer (RFC 6901) into ``document`` stands.
    ///
    /// For an inline document only: the nearest node on the way that exists. `nil` for a file, whose own positions are
    /// right already.
    public func position(ofPointer pointer: String) -> YAMLPosition? {
        guard case .inline(let node) = source else {
            return nil
        }
        return InlineDocument.position(ofPointer: Array(pointer.utf8), in: node)
    }
}

/// Several servers behind `/mcp/NAME`.
public struct BundleSettings: Sendable {
    /// One of its servers.
    public struct Member: Hashable, Sendable {
        /// The server's name.
        public let server: ByteString
        /// What stands before its names: 1 to 40 of `A–Z a–z 0–9 _ - .`, none the beginning of another.
        public let prefix: ByteString
        /// The name of its policy, one for that server; `nil`: every call is denied.
        public let policy: ByteString?
    }

    /// `[a-z0-9][a-z0-9-]{0,62}`, none of a server.
    public let name: ByteString
    /// Given in the file or derived from the name.
    public let id: EntityID
    /// In the order of its lists; 1 to 32.
    public let members: [Member]
    /// Where the entry stands.
    public let position: YAMLPosition
}

/// Who may call a server or a bundle: the keyed digest of a token, and under which policy.
public struct GrantSettings: Sendable {
    /// The name it has in records; unique.
    public let label: ByteString
    /// Given in the file or derived from the label.
    public let id: EntityID
    /// The name of the server it opens; empty for a grant of a bundle.
    public let server: ByteString
    /// The name of the bundle it opens instead.
    public let bundle: ByteString?
    /// The name of its policy, one for that server; `nil`: every call is denied.
    public let policy: ByteString?
    /// The 32 bytes of `hmac-sha256:…`; unique.
    public let digest: [UInt8]
    /// From then on it is unknown; `nil`: it does not expire.
    public let expires: WallTime?
    /// The person or group it belongs to.
    public let member: ByteString?
    /// Where the entry stands.
    public let position: YAMLPosition

    /// Settings from their parts, which the caller has checked.
    public init(
        label: ByteString,
        id: EntityID,
        server: ByteString,
        bundle: ByteString? = nil,
        policy: ByteString?,
        digest: [UInt8],
        expires: WallTime?,
        member: ByteString?,
        position: YAMLPosition
    ) {
        self.label = label
        self.id = id
        self.server = server
        self.bundle = bundle
        self.policy = policy
        self.digest = digest
        self.expires = expires
        self.member = member
        self.position = position
    }
}
