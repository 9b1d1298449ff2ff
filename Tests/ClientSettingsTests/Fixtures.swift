import Base
import Testing

@testable import ClientSettings

#if canImport(Glibc)
import Glibc
#endif

/// The home folder with the settings of all ten clients.
enum Fixtures {
    static let home =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/Data/home/"

    static let files: [(client: Client, path: String, servers: [String])] = [
        (.claudeDesktop, ".config/Claude/claude_desktop_config.json", ["time", "crm"]),
        (.claudeCode, ".claude.json", ["time", "shop-time"]),
        (.cursor, ".cursor/mcp.json", ["git", "tracker"]),
        (.vsCode, ".config/Code/User/mcp.json", ["time", "issues"]),
        (.windsurf, ".codeium/windsurf/mcp_config.json", ["time"]),
        (.codex, ".codex/config.toml", ["time", "issue tracker"]),
        (.geminiCLI, ".gemini/settings.json", ["time"]),
        (.zed, ".config/zed/settings.json", ["time", "old-time", "mcp-server-extension"]),
        (
            .cline, ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
            ["time", "off"]
        ),
        (.continueDev, ".continue/config.yaml", ["time", "tracker"]),
        (.continueDev, ".continue/mcpServers/git.yaml", ["git"]),
    ]

    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(home + path, "rb"), "\(path)")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    static func file(_ client: Client, _ path: String) throws -> ClientFile {
        try ClientFile(bytes(path), of: client, format: SettingsFormat(path: path))
    }

    static func file(_ client: Client, _ format: SettingsFormat, _ text: String) throws -> ClientFile {
        try ClientFile(Array(text.utf8), of: client, format: format)
    }
}
