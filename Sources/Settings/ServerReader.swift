internal import Base
internal import YAMLText

/// Reads `servers`.
enum ServerReader {
    struct Outcome {
        var settings: [ServerSettings] = []
        /// Every name that was written, also of entries with problems: nobody is to be told twice.
        var names: Set<ByteString> = []
    }

    private static let known: [StaticString] = [
        "name", "id", "upstream", "headers", "allow_insecure", "changed_tools", "limit_failure",
    ]

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
            let upstream = upstream(fields, sources: sources, problems: &problems)
            let changedTools: ChangedTools? = fields.word("changed_tools", problems: &problems)
            let limitFailure: LimitFailure? = fields.word("limit_failure", problems: &problems)
            var headers = HeaderReader.read(fields, sources: sources, problems: &problems)
            if case .connector = upstream?.way {
                if let entry = fields["headers"] {
                    problems.add(
                        .badValue,
                        at: entry.keyPosition,
                        "a server that is a connector has no `headers`",
                        remedy: ConnectorUpstreamReader.form
                    )
                }
                headers = upstream?.variables ?? []
            }
            if case .process = upstream?.way {
                if let entry = fields["headers"] {
                    problems.add(
                        .badValue,
                        at: entry.keyPosition,
                        "a server that is a process has no `headers`",
                        remedy: "give it variables: `upstream: {command: …, env: {NAME: {secret: env:NAME}}}`"
                    )
                }
                headers = upstream?.variables ?? []
            }
            guard let named = fields.name(problems: &problems) else {
                continue
            }
            let isNew = names.check(
                named.name,
                what: "the name `\(named.name)`",
                at: named.position,
                problems: &problems
            )
            outcome.names.insert(named.name)
            let id = fields.identity(kind: "server", name: named.name, problems: &problems)
            // The identity follows from the name: one mistake, one message.
            if isNew || fields["id"] != nil {
                ids.check(id, what: "the identity \(id)", at: fields.position, problems: &problems)
            }
            if let upstream {
                let settings = ServerSettings(
                    name: named.name,
                    id: id,
                    upstream: upstream.way,
                    changedTools: changedTools ?? .hide,
                    limitFailure: limitFailure ?? .closed,
                    headers: headers,
                    position: fields.position
                )
                outcome.settings.append(settings)
            }
        }
        return outcome
    }

    private static func upstream(
        _ server: Fields,
        sources: SettingsSources,
        problems: inout Problems
    ) -> (way: UpstreamSettings, variables: [StaticHeader])? {
        let form = "write `upstream: {url: \"http://127.0.0.1:3001/mcp\"}`"
        let known: [StaticString] = [
            "url", "allow_insecure", "command", "args", "env", "cwd", "process", "confine", "connector", "set",
            "secret",
        ]
        guard let node = server.required("upstream", remedy: form, problems: &problems),
            let fields = Fields(node, what: "an upstream", known: known, problems: &problems)
        else {
            return nil
        }
        if fields["command"] != nil {
            let variables = ProcessReader.variables(fields, sources: sources, problems: &problems)
            return ProcessReader.read(fields, problems: &problems).map { (.process($0), variables) }
        }
        for alien: StaticString in ["args", "env", "cwd", "process", "confine"] {
            if let entry = fields[alien] {
                problems.add(
                    .badValue,
                    at: entry.keyPosition,
                    "`\(alien)` of an upstream belongs to a `command`",
                    remedy: ProcessReader.form
                )
            }
        }
        if fields["connector"] != nil {
            return ConnectorUpstreamReader.read(fields, sources: sources, problems: &problems)
                .map { (.connector($0.settings), $0.secret) }
        }
        for alien: StaticString in ["set", "secret"] {
            if let entry = fields[alien] {
                problems.add(
                    .badValue,
                    at: entry.keyPosition,
                    "`\(alien)` of an upstream belongs to a `connector`",
                    remedy: ConnectorUpstreamReader.form
                )
            }
        }
        let isInsecureAllowed =
            [server.flag("allow_insecure", problems: &problems), fields.flag("allow_insecure", problems: &problems)]
            .contains(true)
        guard let text = fields.requiredText("url", remedy: form, problems: &problems), let entry = fields["url"]
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
            return (.http(url, allowsInsecure: isInsecureAllowed), [])
        } catch {
            problems.add(.badValue, at: entry.value.position, "\(error)", remedy: form)
            return nil
        }
    }
}

/// Reads `headers` of a server.
enum HeaderReader {
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
            if let (source, value) = source(of: entry, sources: sources, problems: &problems) {
                if let value, let refusal = HeaderValue.refusal(of: value) {
                    problems.add(.badValue, at: entry.value.position, "the value of `\(entry.key.shown)` \(refusal)")
                    continue
                }
                headers.append(
                    StaticHeader(name: ByteString(entry.key), source: source, value: value.map { Secret($0) })
                )
            }
        }
        return headers
    }

    /// Where a value comes from, and the value unless it is in the store.
    static func source(
        of entry: YAMLEntry,
        sources: SettingsSources,
        problems: inout Problems
    ) -> (HeaderSource, [UInt8]?)? {
        let source: HeaderSource
        let value: [UInt8]?
        if let open = entry.value.scalar {
            guard !HeaderNames.isCredential(entry.key) else {
                problems.add(
                    .badValue,
                    at: entry.value.position,
                    "`\(entry.key.shown)` looks like a credential and stands here openly",
                    remedy: "refer to it: `{secret: env:NAME}`, `{secret: file:PATH}` or `{secret: store:NAME}`"
                )
                return nil
            }
            source = .open(ByteString(open))
            value = open
        } else {
            guard let secret = SecretReader.read(entry.value, sources: sources, problems: &problems) else {
                return nil
            }
            source = secret.source
            value = secret.value
        }
        return (source, value)
    }
}
