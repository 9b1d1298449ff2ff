internal import Base
internal import YAMLText

/// Reads an upstream that is a process, and its variables.
enum ProcessReader {
    static let form = "write `upstream: {command: mcp-server-time, args: [--local-timezone, UTC]}`"

    /// The process of an `upstream` that has a `command`.
    static func read(_ upstream: Fields, problems: inout Problems) -> ProcessSettings? {
        guard let entry = upstream["command"] else {
            return nil
        }
        for other: StaticString in ["url", "allow_insecure"] {
            if let clash = upstream[other] {
                problems.add(
                    .badValue,
                    at: clash.keyPosition,
                    "an upstream has a `command` or a `\(other)`, not both",
                    remedy: "keep one"
                )
            }
        }
        let sharing: ProcessSettings.Sharing? = upstream.word("process", problems: &problems)
        guard var words = words(entry, problems: &problems), !words.isEmpty else {
            return nil
        }
        let command = words.removeFirst()
        let arguments = texts("args", upstream, problems: &problems) ?? []
        var settings = ProcessSettings(
            command: command,
            arguments: words + arguments,
            directory: upstream.text("cwd", problems: &problems).map { ByteString($0) },
            sharing: sharing ?? .shared
        )
        settings.confinement = confinement(upstream, problems: &problems)
        return settings
    }

    /// One word, or a list of the program and its first arguments.
    private static func words(_ entry: YAMLEntry, problems: inout Problems) -> [ByteString]? {
        if let word = entry.value.scalar, !word.isEmpty {
            return [ByteString(word)]
        }
        let texts = entry.value.elements?.compactMap(\.scalar)
        guard let count = entry.value.elements?.count, let texts, texts.count == count, texts.first?.isEmpty == false
        else {
            problems.add(
                .wrongType,
                at: entry.value.position,
                "`command` must be a program, or a list of a program and its arguments",
                remedy: form
            )
            return nil
        }
        return texts.map { ByteString($0) }
    }

    private static func texts(_ key: StaticString, _ fields: Fields, problems: inout Problems) -> [ByteString]? {
        guard fields[key] != nil else {
            return nil
        }
        var texts: [ByteString] = []
        for node in fields.list(key, problems: &problems) {
            guard let text = node.scalar else {
                problems.add(.wrongType, at: node.position, "an entry of `\(key)` must be text")
                continue
            }
            texts.append(ByteString(text))
        }
        return texts
    }

    private static func confinement(_ upstream: Fields, problems: inout Problems) -> ProcessSettings.Confinement {
        var confinement = ProcessSettings.Confinement()
        let known: [StaticString] = ["memory", "open_files", "cpu_seconds", "read", "write"]
        guard let node = upstream["confine"]?.value,
            let fields = Fields(node, what: "`confine`", known: known, problems: &problems)
        else {
            return confinement
        }
        confinement.memory = number("memory", fields, problems: &problems)
        confinement.openFiles = number("open_files", fields, problems: &problems)
        confinement.processorSeconds = number("cpu_seconds", fields, problems: &problems)
        confinement.read = texts("read", fields, problems: &problems)
        confinement.write = texts("write", fields, problems: &problems)
        return confinement
    }

    private static func number(_ key: StaticString, _ fields: Fields, problems: inout Problems) -> Int? {
        guard let bytes = fields.text(key, problems: &problems), let entry = fields[key] else {
            return nil
        }
        guard let number = Int(String(decoding: bytes, as: UTF8.self)), number > 0 else {
            problems.add(.badValue, at: entry.value.position, "`\(key)` of `confine` must be a whole number above zero")
            return nil
        }
        return number
    }

    // MARK: - Variables

    /// `env` of an upstream: names to values, secrets by reference as in `headers`.
    static func variables(
        _ upstream: Fields,
        sources: SettingsSources,
        problems: inout Problems
    ) -> [StaticHeader] {
        guard let node = upstream["env"]?.value else {
            return []
        }
        guard let entries = node.entries else {
            problems.add(.wrongType, at: node.position, "`env` must be a mapping of names to values")
            return []
        }
        var variables: [StaticHeader] = []
        var names = Uniqueness<ByteString>()
        for entry in entries {
            let name = ByteString(entry.key)
            if let refusal = VariableNames.refusal(of: entry.key) {
                problems.add(.badValue, at: entry.keyPosition, "`\(entry.key.shown)` \(refusal)")
            }
            names.check(name, what: "the variable `\(entry.key.shown)`", at: entry.keyPosition, problems: &problems)
            guard
                let (source, value) = HeaderReader.source(of: entry, sources: sources, problems: &problems)
            else {
                continue
            }
            if let value, let refusal = VariableNames.refusal(ofValue: value) {
                problems.add(.badValue, at: entry.value.position, "the value of `\(entry.key.shown)` \(refusal)")
                continue
            }
            variables.append(StaticHeader(name: name, source: source, value: value.map { Secret($0) }))
        }
        return variables
    }
}
