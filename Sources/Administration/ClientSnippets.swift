internal import JSONText

/// Ready-to-paste configuration for the clients people use, each in the shape that client reads (ecosystem.md, 6.2).
public struct ClientSnippets: Sendable {
    /// The server's name in the client's file.
    public let name: String
    /// Where clients reach it.
    public let endpoint: String
    /// The grant's token.
    public let token: String

    /// The snippets for a server.
    public init(name: String, endpoint: String, token: String) {
        self.name = name
        self.endpoint = endpoint
        self.token = token
    }

    /// One client: what it is called, where the text belongs, and the text.
    public struct Snippet: Sendable {
        /// What people call it.
        public let client: String
        /// What `--client` calls it.
        public let name: String
        /// Where the text belongs.
        public let place: String
        /// What to paste.
        public let text: String

        /// What a person sees of it.
        public var paragraph: String { "# \(client): \(place)\n\(text)\n" }
    }

    /// All of them, in the order of the help.
    public var all: [Snippet] {
        [
            Snippet(
                client: "Claude Code",
                name: "claude-code",
                place: "run once",
                text: "claude mcp add --transport http \(name) \(endpoint) --header \"Authorization: Bearer \(token)\""
            ),
            Snippet(
                client: "Claude Desktop",
                name: "claude-desktop",
                place:
                    "claude_desktop_config.json (it speaks to programs only, so `toolgate connect` stands in between)",
                text: servers(
                    "mcpServers",
                    [
                        ("command", .text("toolgate")),
                        ("args", .list(["connect", endpoint])),
                        ("env", .object([("TOOLGATE_TOKEN", token)])),
                    ]
                )
            ),
            Snippet(
                client: "Cursor",
                name: "cursor",
                place: "~/.cursor/mcp.json, or .cursor/mcp.json in the project",
                text: servers("mcpServers", [("url", .text(endpoint)), ("headers", .object([authorization]))])
            ),
            Snippet(
                client: "VS Code",
                name: "vscode",
                place: ".vscode/mcp.json (asks for the token once and keeps it)",
                text: visualStudioCode
            ),
            Snippet(
                client: "Codex",
                name: "codex",
                place: "~/.codex/config.toml, and export TOOLGATE_TOKEN=\(token)",
                text: "[mcp_servers.\(name)]\nurl = \"\(endpoint)\"\nbearer_token_env_var = \"TOOLGATE_TOKEN\""
            ),
            Snippet(
                client: "Gemini CLI",
                name: "gemini",
                place: "~/.gemini/settings.json",
                text: servers("mcpServers", [("httpUrl", .text(endpoint)), ("headers", .object([authorization]))])
            ),
        ]
    }

    /// All of them as one text for a person.
    public var text: String { all.map(\.paragraph).joined(separator: "\n") }

    /// The one with this name; all for `all`.
    public func chosen(_ name: String) -> [Snippet] {
        all.filter { name == "all" || $0.name == name }
    }

    private enum Value {
        case text(String)
        case list([String])
        case object([(String, String)])
    }

    private var authorization: (String, String) { ("Authorization", "Bearer \(token)") }

    private var visualStudioCode: String {
        """
        {"servers":{\(quoted(name)):{"type":"http","url":\(quoted(endpoint)),\
        "headers":{"Authorization":"Bearer ${input:toolgate-token}"}}},\
        "inputs":[{"type":"promptString","id":"toolgate-token","description":"Toolgate grant token","password":true}]}
        """
    }

    private func servers(_ key: String, _ members: [(String, Value)]) -> String {
        let body = members.map { "\(quoted($0.0)):\(json($0.1))" }.joined(separator: ",")
        return "{\(quoted(key)):{\(quoted(name)):{\(body)}}}"
    }

    private func json(_ value: Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .list(let items): "[\(items.map(quoted).joined(separator: ","))]"
        case .object(let members): "{\(members.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ","))}"
        }
    }

    private func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.output, as: UTF8.self)
    }
}
