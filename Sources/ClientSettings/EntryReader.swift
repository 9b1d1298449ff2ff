import Base

/// Finds the servers in a settings file, in every shape the ten clients have for them.
struct EntryReader {
    // LIMIT: servers of one file; people have a dozen.
    static let mostServers = 1_000

    private(set) var servers: [FoundServer] = []
    private let client: Client
    private let lineCount: LineCounter
    /// Whether there were more than are read.
    private(set) var isCut = false

    init(client: Client, bytes: [UInt8]) {
        self.client = client
        lineCount = LineCounter(bytes)
    }

    mutating func read(_ root: MarkedValue) {
        switch client {
        case .claudeDesktop, .cursor, .windsurf, .cline, .geminiCLI:
            table(root, ["mcpServers"])
        case .claudeCode:
            table(root, ["mcpServers"])
            for project in root["projects"]?.members ?? [] {
                table(project.value, ["mcpServers"], [.key("projects"), .key(project.key)], project: project.key)
            }
        case .vsCode:
            table(root, ["servers"])
            table(root, ["mcp", "servers"])
            // Older settings keep dotted keys as one.
            table(root, ["mcp.servers"])
        case .codex:
            table(root, ["mcp_servers"])
        case .zed:
            table(root, ["context_servers"])
        case .continueDev:
            table(root, ["mcpServers"])
            list(root["mcpServers"], [.key("mcpServers")])
            let key: ByteString = "modelContextProtocolServers"
            list(
                root["experimental"]?["modelContextProtocolServers"],
                [.key("experimental"), .key(key)]
            )
        }
    }

    /// Servers by name.
    private mutating func table(
        _ root: MarkedValue,
        _ keys: [ByteString],
        _ base: [PathStep] = [],
        project: ByteString? = nil
    ) {
        var value = root
        for key in keys {
            guard let member = value.members.first(where: { $0.key == key }) else {
                return
            }
            value = member.value
        }
        let path = base + keys.map { .key($0) }
        for member in value.members {
            add(member.key, member.value, path + [.key(member.key)], project)
        }
    }

    /// Servers one after the other, each with its `name`, or with a `transport` that holds the rest.
    private mutating func list(_ value: MarkedValue?, _ path: [PathStep]) {
        for (index, element) in (value?.elements ?? []).enumerated() {
            let name = element["name"]?.text ?? ByteString("server-\(index + 1)")
            var entry = element
            var entryPath = path + [.index(index)]
            if let transport = element["transport"], transport.isObject {
                entry = transport
                entryPath.append(.key("transport"))
            }
            add(name, entry, entryPath, nil)
        }
    }

    private mutating func add(_ name: ByteString, _ entry: MarkedValue, _ path: [PathStep], _ project: ByteString?) {
        guard servers.count < Self.mostServers else {
            isCut = true
            return
        }
        let isOff =
            entry["disabled"]?.isSpelled("true") == true || entry["enabled"]?.isSpelled("false") == true
        servers.append(
            FoundServer(
                name: name,
                way: way(entry),
                isEnabled: !isOff,
                line: lineCount.line(of: entry.start),
                project: project,
                path: path
            )
        )
    }

    // MARK: - how it is reached

    private mutating func way(_ entry: MarkedValue) -> FoundWay {
        guard entry.isObject else {
            return .unusable("its entry is no object")
        }
        if let command = entry["command"], command.isObject {
            // Zed before 2025.
            return process(command["path"]?.text, command)
        }
        if let command = entry["command"] {
            return process(command.text, entry)
        }
        for key in ["serverUrl", "httpUrl", "url"] as [StaticString] {
            if let value = entry[key] {
                return remote(value.text, entry)
            }
        }
        return .unusable(
            entry["settings"] != nil
                ? "an extension of the client provides it" : "its entry has neither a command nor a URL"
        )
    }

    private mutating func process(_ command: ByteString?, _ entry: MarkedValue) -> FoundWay {
        guard let command, !command.isEmpty else {
            return .unusable("its command is no text")
        }
        var arguments: [ByteString] = []
        for value in entry["args"]?.elements ?? [] {
            guard let text = scalar(value) else {
                return .unusable("one of its arguments is no text")
            }
            arguments.append(text)
        }
        var environment = fields(entry["env"])
        for value in entry["env_vars"]?.elements ?? [] {
            // Codex: variables of its own that it passes on.
            if let name = value.text {
                environment.append(reference(name, to: name, value))
            }
        }
        return .process(
            command: command,
            arguments: arguments,
            environment: environment,
            directory: entry["cwd"]?.text
        )
    }

    private mutating func remote(_ url: ByteString?, _ entry: MarkedValue) -> FoundWay {
        guard let url, !url.isEmpty else {
            return .unusable("its URL is no text")
        }
        var headers = fields(entry["headers"]) + fields(entry["http_headers"])
        headers += fields(entry["requestOptions"]?["headers"])
        for field in fields(entry["env_http_headers"]) {
            headers.append(
                FoundField(name: field.name, value: field.value, isReference: true, line: field.line)
            )
        }
        if let variable = entry["bearer_token_env_var"], let name = variable.text {
            headers.append(reference("Authorization", to: ByteString("Bearer ${\(name)}"), variable, isName: false))
        }
        return .remote(url: url, headers: headers)
    }

    private mutating func reference(
        _ name: ByteString,
        to text: ByteString,
        _ value: MarkedValue,
        isName: Bool = true
    ) -> FoundField {
        FoundField(
            name: name,
            value: Secret(text),
            isReference: isName,
            line: lineCount.line(of: value.start)
        )
    }

    private mutating func fields(_ value: MarkedValue?) -> [FoundField] {
        var fields: [FoundField] = []
        for member in value?.members ?? [] {
            if let text = scalar(member.value) {
                let line = lineCount.line(of: member.value.start)
                fields.append(FoundField(name: member.key, value: Secret(text), isReference: false, line: line))
            }
        }
        return fields
    }

    /// Text, or a number or truth value as it is spelled: clients write them to the environment so.
    private func scalar(_ value: MarkedValue) -> ByteString? {
        switch value.content {
        case .text(let bytes): ByteString(bytes)
        case .other(let spelling): spelling.isEqual(to: "null") ? nil : ByteString(spelling)
        case .object, .array: nil
        }
    }
}

/// The lines of places, in any order.
private struct LineCounter {
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        starts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    /// From 1; logarithmic.
    func line(of place: Int) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= place {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
