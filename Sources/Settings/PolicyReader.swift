internal import Base
internal import YAMLText

/// Reads `policies`.
enum PolicyReader {
    struct Outcome {
        var settings: [PolicySettings] = []
        /// The server each policy is written for, also of policies with problems; the value is `nil` if that is unknown.
        var servers: [ByteString: ByteString?] = [:]
    }

    static func read(
        _ root: Fields,
        servers: Set<ByteString>,
        sources: SettingsSources,
        problems: inout Problems
    ) -> Outcome {
        var outcome = Outcome()
        var names = Uniqueness<ByteString>()
        for node in root.list("policies", problems: &problems) {
            let known: [StaticString] = ["name", "server", "document"]
            guard let fields = Fields(node, what: "a policy", known: known, problems: &problems) else {
                continue
            }
            let named = fields.name(problems: &problems)
            let server = Reference.read("server", of: fields, among: servers, isRequired: true, problems: &problems)
            let document = document(fields, sources: sources, problems: &problems)
            guard let named else {
                continue
            }
            names.check(named.name, what: "the name `\(named.name)`", at: named.position, problems: &problems)
            outcome.servers[named.name] = .some(server)
            if let server, let document {
                let settings = PolicySettings(
                    name: named.name,
                    server: server,
                    document: document.json,
                    source: document.source,
                    position: fields.position
                )
                outcome.settings.append(settings)
            }
        }
        return outcome
    }

    private static func document(
        _ fields: Fields,
        sources: SettingsSources,
        problems: inout Problems
    ) -> (json: [UInt8], source: PolicySettings.Source)? {
        let remedy = "give the path of a JSON file, or the document itself"
        guard let node = fields.required("document", remedy: remedy, problems: &problems) else {
            return nil
        }
        switch node.content {
        case .mapping: return (InlineDocument.json(node, problems: &problems), .inline(node))
        case .sequence:
            problems.add(.wrongType, at: node.position, "`document` of a policy must be a path or a mapping")
            return nil
        case .scalar(let bytes, _):
            let path = String(decoding: bytes, as: UTF8.self)
            guard !bytes.isEmpty, !bytes.contains(0) else {
                problems.add(.badValue, at: node.position, "`document` of a policy is no path", remedy: remedy)
                return nil
            }
            guard !path.hasSuffix(".yaml"), !path.hasSuffix(".yml") else {
                problems.add(
                    .badValue,
                    at: node.position,
                    "policy files are JSON, `\(bytes.shown)` is YAML",
                    remedy: "run `toolgate policy convert` on it, or write the document inline"
                )
                return nil
            }
            switch sources.file(path) {
            case .success(let json): return (json, .file(path))
            case .failure(let failure):
                problems.add(
                    .unreadable,
                    at: node.position,
                    "the policy file `\(bytes.shown)` cannot be read: \(failure.reason)",
                    remedy: "paths are relative to the configuration file"
                )
                return nil
            }
        }
    }
}

/// Reads a name that refers to another entry.
enum Reference {
    static func read(
        _ key: StaticString,
        of fields: Fields,
        among names: Set<ByteString>,
        isRequired: Bool,
        problems: inout Problems
    ) -> ByteString? {
        let text =
            isRequired
            ? fields.requiredText(key, remedy: "give the name of one", problems: &problems)
            : fields.text(key, problems: &problems)
        guard let text, let entry = fields[key] else {
            return nil
        }
        guard names.contains(ByteString(text)) else {
            let nearest = NearestName.of(text, among: names.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
            problems.add(
                .unresolved,
                at: entry.value.position,
                "there is no \(key) `\(text.shown)`",
                remedy: nearest.map { "did you mean `\($0.shown)`?" }
            )
            return nil
        }
        return ByteString(text)
    }
}
