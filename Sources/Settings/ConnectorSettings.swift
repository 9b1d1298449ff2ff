public import Base
internal import JSONText
internal import YAMLText

/// A server that is a connector: which one, and its settings.
///
/// Its secret stands beside it, where other servers have their headers, under ``secretName``.
public struct ConnectorSettings: Hashable, Sendable {
    /// A setting and its value, as written.
    public struct Entry: Hashable, Sendable {
        /// The setting.
        public let name: ByteString
        /// Its value.
        public let value: ByteString

        /// An entry from its parts.
        public init(name: ByteString, value: ByteString) {
            self.name = name
            self.value = value
        }
    }

    /// The name its secret has among what other servers have as headers.
    public static let secretName: ByteString = "secret"

    // LIMIT: as many settings as no connector has.
    private static let maximumEntries = 64

    /// The connector's name.
    public var connector: ByteString
    /// Its settings; no two have the same name.
    public var set: [Entry]

    /// Settings from their parts.
    public init(connector: ByteString, set: [Entry] = []) {
        self.connector = connector
        self.set = set
    }

    /// Puts a setting in the place of the one with its name, or at the end.
    public mutating func put(_ entry: Entry) {
        if let index = set.firstIndex(where: { $0.name == entry.name }) {
            set[index] = entry
        } else {
            set.append(entry)
        }
    }

    /// What keeps them from being used; `nil` when nothing does.
    ///
    /// Whether there is such a connector is for others to say.
    public var refusal: String? {
        guard EntityName.isValid(connector) else {
            return "`\(connector.bytes.shown)` is no name of a connector: \(EntityName.rule)"
        }
        guard set.count <= Self.maximumEntries, Set(set.map(\.name)).count == set.count else {
            return "a setting stands twice, or there are too many"
        }
        let isPlain = set.allSatisfy { entry in
            !entry.name.isEmpty && entry.name.count <= 64 && entry.value.count <= 2_048
                && (entry.name.bytes + entry.value.bytes).allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
        return isPlain ? nil : "a setting is empty, too long or holds a control character"
    }

    /// The connector and its settings, for people.
    public var line: String {
        (["connector \(connector)"] + set.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }

    /// The same as one JSON object, the way `upstream` has it in toolgate.yaml.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        writer.key("connector")
        writer.string(connector.bytes)
        if !set.isEmpty {
            writer.key("set")
            writer.beginObject()
            for entry in set {
                writer.key(entry.name.bytes)
                writer.string(entry.value.bytes)
            }
            writer.endObject()
        }
        writer.endObject()
        return writer.output
    }

    /// Reads what ``json`` wrote; `nil` when it is something else.
    public init?(json: [UInt8]) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(json).root
        } catch {
            return nil
        }
        guard let connector = root["connector"]?.string else {
            return nil
        }
        let entries = root["set"].map { Array($0.members) } ?? []
        self.init(
            connector: ByteString(connector.bytes),
            set: entries.map { entry in
                Entry(name: ByteString(entry.key.bytes), value: ByteString(entry.value.string?.bytes ?? []))
            }
        )
    }
}

/// Reads an upstream that is a connector, and its secret.
enum ConnectorUpstreamReader {
    static let form = "write `upstream: {connector: kommo, set: {subdomain: acme}, secret: env:KOMMO_TOKEN}`"

    static func read(
        _ upstream: Fields,
        sources: SettingsSources,
        problems: inout Problems
    ) -> (settings: ConnectorSettings, secret: [StaticHeader])? {
        for other: StaticString in ["url", "allow_insecure", "command"] {
            if let clash = upstream[other] {
                problems.add(
                    .badValue,
                    at: clash.keyPosition,
                    "an upstream has a `connector` or a `\(other)`, not both",
                    remedy: "keep one"
                )
            }
        }
        guard let name = upstream.text("connector", problems: &problems), let entry = upstream["connector"] else {
            return nil
        }
        var settings = ConnectorSettings(connector: ByteString(name))
        for setting in upstream["set"]?.value.entries ?? [] {
            guard let value = setting.value.scalar else {
                problems.add(.wrongType, at: setting.value.position, "`\(setting.key.shown)` of `set` must be text")
                continue
            }
            settings.put(ConnectorSettings.Entry(name: ByteString(setting.key), value: ByteString(value)))
        }
        if let node = upstream["set"]?.value, node.entries == nil {
            problems.add(.wrongType, at: node.position, "`set` must be a mapping of settings to values", remedy: form)
        }
        if let refusal = settings.refusal {
            problems.add(.badValue, at: entry.value.position, refusal)
        }
        guard let secret = upstream["secret"] else {
            problems.add(.missingKey, at: entry.keyPosition, "a connector needs its `secret`", remedy: form)
            return nil
        }
        // The reader of secrets takes `{secret: …}`, which is what stands here among other keys.
        let node = YAMLNode(content: .mapping([secret]), position: secret.keyPosition)
        guard let (source, value) = SecretReader.read(node, sources: sources, problems: &problems) else {
            return nil
        }
        let header = StaticHeader(
            name: ConnectorSettings.secretName,
            source: source,
            value: value.map { Secret($0) }
        )
        return (settings, [header])
    }
}
