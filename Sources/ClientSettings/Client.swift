/// A program whose agents call MCP servers, and which keeps them in a settings file.
public enum Client: String, Sendable, Hashable, CaseIterable {
    /// Anthropic's desktop program.
    case claudeDesktop = "claude-desktop"
    /// Anthropic's command line.
    case claudeCode = "claude-code"
    /// Cursor.
    case cursor
    /// Visual Studio Code.
    case vsCode = "vscode"
    /// Windsurf.
    case windsurf
    /// OpenAI's Codex.
    case codex
    /// Google's Gemini CLI.
    case geminiCLI = "gemini-cli"
    /// Zed.
    case zed
    /// Cline, inside VS Code or by itself.
    case cline
    /// Continue.
    case continueDev = "continue"

    /// What people call it.
    public var title: String {
        switch self {
        case .claudeDesktop: "Claude Desktop"
        case .claudeCode: "Claude Code"
        case .cursor: "Cursor"
        case .vsCode: "VS Code"
        case .windsurf: "Windsurf"
        case .codex: "Codex"
        case .geminiCLI: "Gemini CLI"
        case .zed: "Zed"
        case .cline: "Cline"
        case .continueDev: "Continue"
        }
    }

    /// What of JSON's extensions it reads itself.
    var leniency: Leniency {
        switch self {
        case .vsCode, .zed, .cursor: [.comments, .trailingCommas]
        case .geminiCLI, .continueDev: [.comments]
        case .claudeDesktop, .claudeCode, .windsurf, .codex, .cline: []
        }
    }

    struct Leniency: OptionSet {
        let rawValue: Int
        static let comments = Leniency(rawValue: 1)
        static let trailingCommas = Leniency(rawValue: 2)
    }
}

/// How a settings file is written.
public enum SettingsFormat: String, Sendable, Hashable {
    /// JSON, comments and trailing commas noted.
    case json
    /// TOML 1.0.
    case toml
    /// YAML, as `YAMLText` reads it.
    case yaml

    /// By the end of the name; what is none of the others is JSON.
    public init(path: String) {
        if path.hasSuffix(".toml") {
            self = .toml
        } else {
            self = path.hasSuffix(".yaml") || path.hasSuffix(".yml") ? .yaml : .json
        }
    }
}

/// A file a client may keep its servers in.
public struct SettingsPlace: Sendable, Hashable {
    /// Whose file.
    public let client: Client
    /// The path, below a home or a project folder; a folder when `isFolder`.
    public let path: String
    /// Whether it is a folder, each settings file in it being one.
    public let isFolder: Bool

    init(_ client: Client, _ path: String, isFolder: Bool = false) {
        self.client = client
        self.path = path
        self.isFolder = isFolder
    }

    /// Where clients keep the servers of a user, below the home folder; Linux and macOS.
    ///
    /// `XDG_CONFIG_HOME` is not looked at: a home folder may be another user's.
    public static let ofHome: [SettingsPlace] =
        configurationFolders.map { SettingsPlace(.claudeDesktop, "\($0)/Claude/claude_desktop_config.json") }
        + [SettingsPlace(.claudeCode, ".claude.json"), SettingsPlace(.cursor, ".cursor/mcp.json")]
        + editorFolders.map { SettingsPlace(.vsCode, "\($0)/mcp.json") }
        + editorFolders.map { SettingsPlace(.vsCode, "\($0)/settings.json") }
        + [
            SettingsPlace(.windsurf, ".codeium/windsurf/mcp_config.json"),
            SettingsPlace(.windsurf, ".codeium/mcp_config.json"), SettingsPlace(.codex, ".codex/config.toml"),
            SettingsPlace(.geminiCLI, ".gemini/settings.json"), SettingsPlace(.zed, ".config/zed/settings.json"),
        ]
        + editorFolders.map {
            SettingsPlace(.cline, "\($0)/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json")
        }
        + [
            SettingsPlace(.cline, ".cline/data/settings/cline_mcp_settings.json"),
            SettingsPlace(.continueDev, ".continue/config.yaml"), SettingsPlace(.continueDev, ".continue/config.json"),
            SettingsPlace(.continueDev, ".continue/mcpServers", isFolder: true),
        ]

    /// Where clients keep the servers of one project, below its folder.
    public static let ofProject: [SettingsPlace] = [
        SettingsPlace(.claudeCode, ".mcp.json"), SettingsPlace(.cursor, ".cursor/mcp.json"),
        SettingsPlace(.vsCode, ".vscode/mcp.json"), SettingsPlace(.codex, ".codex/config.toml"),
        SettingsPlace(.geminiCLI, ".gemini/settings.json"), SettingsPlace(.zed, ".zed/settings.json"),
        SettingsPlace(.continueDev, ".continue/mcpServers", isFolder: true),
    ]

    private static let configurationFolders = [".config", "Library/Application Support"]
    private static let editorFolders = configurationFolders.map { "\($0)/Code/User" }

    /// Whose file a path is, by its end; `nil` when no client keeps one there.
    public static func client(of path: String) -> Client? {
        let all = ofHome + ofProject
        if let place = all.first(where: { !$0.isFolder && (path == $0.path || path.hasSuffix("/" + $0.path)) }) {
            return place.client
        }
        if let place = all.first(where: { $0.isFolder && path.contains($0.path + "/") }) {
            return place.client
        }
        // A copy that kept its name only.
        let name = path.split(separator: "/").last ?? ""
        return all.first { $0.path.split(separator: "/").last == name && name != "settings.json" }?.client
    }
}
