internal import Base
internal import YAMLText

/// Reads `servers`.
enum ServerReader {
    struct Outcome {
        var settings: [ServerSettings] = []
        /// Every name that was written, also of entries with problems: nobody is to be told twice.
        var names: Set<ByteString> = []
    }

    private static let known: [StaticString] = ["name", "id", "upstream", "headers", "allow_insecure"]

    static func read(_ root: Fields, sources: SettingsSources, problems: inout Problems) -> Outcome {
        var outcome = Outcome()
        var names = Uniqueness<ByteString>()
        var ids = Uniqueness<EntityID>()
        let nodes = root.list("servers", problems: &problems)
        if nodes.isEmpty, root["servers"]?.value.elements != nil || root["servers"] == nil {
            let position = root["servers"]?.keyPosition ?? root.position
            problems.add(.missingKey, at: position, "there is no server", remedy: "add one under `servers`")
        }
        for node in nodes {
            guard let fields = Fields(node, what: "a server", known: known, problems: &problems) else {
                continue
            }
            let upstream = upstream(fields, problems: &problems)
            let headers = HeaderReader.read(fields, sources: sources, problems: &problems)
            guard let named = fields.name(problems: &problems) else {
                continue
            }
            names.check(named.name, what: "the name `\(named.name)`", at: named.position, problems: &problems)
            outcome.names.insert(named.name)
            let id = fields.identity(kind: "server", name: named.name, problems: &problems)
            ids.check(id, what: "the identity \(id)", at: fields.position, problems: &problems)
            if let upstream {
                let settings = ServerSettings(
                    name: named.name,
                    id: id,
                    upstream: upstream,
                    headers: headers,
                    position: fields.position
                )
                outcome.settings.append(settings)
            }
        }
        return outcome
    }

    private static func upstream(_ server: Fields, problems: inout Problems) -> UpstreamURL? {
        let form = "write `upstream: {url: \"http://127.0.0.1:3001/mcp\"}`"
        let known: [StaticString] = ["url", "allow_insecure", "command", "connector", "set"]
        guard let node = server.required("upstream", remedy: form, problems: &problems),
            let fields = Fields(node, what: "an upstream", known: known, problems: &problems)
        else {
            return nil
        }
        for later: StaticString in ["command", "connector", "set"] {
            if let entry = fields[later] {
                problems.add(
                    .notAvailable,
                    at: entry.keyPosition,
                    "`\(later)` of an upstream is not available yet in this version",
                    remedy: "start the server with HTTP and give its `url`"
                )
            }
        }
        let isInsecureAllowed =
            [server.flag("allow_insecure", problems: &problems), fields.flag("allow_insecure", problems: &problems)]
            .contains(true)
        guard fields["url"] != nil || fields["command"] == nil && fields["connector"] == nil,
            let text = fields.requiredText("url", remedy: form, problems: &problems), let entry = fields["url"]
        else {
            return nil
        }
        do throws(UpstreamURL.Refusal) {
            let url = try UpstreamURL(text)
            if !url.isSecure, !url.isLoopback, !isInsecureAllowed {
                problems.add(
                    .badValue,
                    at: entry.value.position,
                    "plain http to `\(url.host)` would show credentials to the network",
                    remedy: "use https, or add `allow_insecure: true` if the network is trusted"
                )
            }
            return url
        } catch {
            problems.add(.badValue, at: entry.value.position, "\(error)", remedy: form)
            return nil
        }
    }
}

/// Reads `headers` of a server.
enum HeaderReader {
    // LIMIT: a value is at most 8 KiB, as most servers' whole head is not much more.
    private static let maximumValueBytes = 8 << 10

    static func read(_ server: Fields, sources: SettingsSources, problems: inout Problems) -> [StaticHeader] {
        guard let node = server["headers"]?.value else {
            return []
        }
        guard let entries = node.entries else {
            problems.add(.wrongType, at: node.position, "`headers` must be a mapping of names to values")
            return []
        }
        var headers: [StaticHeader] = []
        var names = Uniqueness<ByteString>()
        for entry in entries {
            let folded = HeaderNames.folded(entry.key)
            if let refusal = HeaderNames.refusal(of: entry.key) {
                problems.add(.badValue, at: entry.keyPosition, "`\(entry.key.shown)` \(refusal)")
            }
            names.check(
                ByteString(folded),
                what: "the header `\(entry.key.shown)`",
                at: entry.keyPosition,
                problems: &problems
            )
            if let value = value(of: entry, sources: sources, problems: &problems) {
                headers.append(StaticHeader(name: ByteString(entry.key), value: Secret(value)))
            }
        }
        return headers
    }

    private static func value(
        of entry: YAMLEntry,
        sources: SettingsSources,
        problems: inout Problems
    ) -> [UInt8]? {
        let value: [UInt8]
        if let open = entry.value.scalar {
            guard !HeaderNames.isCredential(entry.key) else {
                problems.add(
                    .badValue,
                    at: entry.value.position,
                    "`\(entry.key.shown)` looks like a credential and stands here openly",
                    remedy: "refer to it: `{secret: env:NAME}` or `{secret: file:PATH}`"
                )
                return nil
            }
            value = open
        } else {
            guard let secret = SecretReader.read(entry.value, sources: sources, problems: &problems) else {
                return nil
            }
            value = secret
        }
        if let refusal = refusal(of: value) {
            problems.add(.badValue, at: entry.value.position, "the value of `\(entry.key.shown)` \(refusal)")
            return nil
        }
        return value
    }

    /// What keeps a value from standing in a header field (RFC 9110, section 5.5; security.md, C6); never its bytes.
    private static func refusal(of value: [UInt8]) -> String? {
        guard let first = value.first, let last = value.last else {
            return "is empty"
        }
        guard value.count <= maximumValueBytes else {
            return "is longer than \(maximumValueBytes) bytes"
        }
        if let bad = value.firstIndex(where: { !(0x20...0x7E).contains($0) && $0 != 0x09 }) {
            return "holds a byte at position \(bad + 1) that no header can carry (a line break, perhaps)"
        }
        let blanks: [UInt8] = [0x20, 0x09]
        return blanks.contains(first) || blanks.contains(last) ? "begins or ends with a blank" : nil
    }
}

/// Which header names a configuration may set.
enum HeaderNames {
    private static let token = Array("!#$%&'*+-.^_`|~".utf8)

    /// Lower case, `_` as `-`: names that some servers read as one are one here (security.md, C5).
    static func folded(_ name: [UInt8]) -> [UInt8] {
        name.map { byte in
            if byte == UInt8(ascii: "_") {
                return UInt8(ascii: "-")
            }
            return (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
    }

    /// Why a name is refused; `nil` when it may be set.
    static func refusal(of name: [UInt8]) -> String? {
        let isToken = name.allSatisfy { byte in
            byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || token.contains(byte)
        }
        guard (1...128).contains(name.count), isToken else {
            return "is no header name"
        }
        let folded = folded(name)
        if folded.hasPrefix("mcp-") || own.contains(where: { folded.isEqual(to: $0) }) {
            return "is a header that the gateway writes itself"
        }
        return nil
    }

    /// Whether a value under this name must not stand in the file.
    static func isCredential(_ name: [UInt8]) -> Bool {
        let text = String(decoding: folded(name), as: UTF8.self)
        return ["auth", "cookie", "key", "token", "secret", "password", "credential"].contains { text.contains($0) }
    }

    /// What frames, routes or describes a message, and what MCP defines.
    private static let own: [StaticString] = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive",
        "proxy-connection", "proxy-authorization", "proxy-authenticate", "te", "trailer", "upgrade", "expect", "accept",
        "accept-encoding", "last-event-id", "http2-settings", "range", "date",
    ]
}
