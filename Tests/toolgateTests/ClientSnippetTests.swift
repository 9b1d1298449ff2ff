import Administration
import JSONText
import Testing

@testable import toolgate

@Suite("configuration to paste into clients")
struct ClientSnippetTests {
    private static let snippets = ClientSnippets(
        name: "crm",
        endpoint: "http://127.0.0.1:8080/mcp/crm",
        token: "tg_lg_x"
    )

    private func json(_ client: String) throws -> JSONValue {
        let snippet = try #require(Self.snippets.all.first { $0.client == client })
        return try JSONDocument(Array(snippet.text.utf8)).root
    }

    private func text(_ client: String) throws -> String {
        try #require(Self.snippets.all.first { $0.client == client }).text
    }

    @Test("each JSON client gets the keys it reads")
    func shapes() throws {
        let cursor = try json("Cursor")["mcpServers"]?["crm"]
        #expect(cursor?["url"]?.string?.text == "http://127.0.0.1:8080/mcp/crm")
        #expect(cursor?["headers"]?["Authorization"]?.string?.text == "Bearer tg_lg_x")
        let gemini = try json("Gemini CLI")["mcpServers"]?["crm"]
        #expect(gemini?["httpUrl"] != nil && gemini?["url"] == nil, "`url` alone would mean SSE there")
        let code = try json("VS Code")
        #expect(code["servers"]?["crm"]?["type"]?.string?.text == "http")
        #expect(code["inputs"]?.element(at: 0)?["password"]?.boolean == true)
        let desktop = try json("Claude Desktop")["mcpServers"]?["crm"]
        #expect(desktop?["command"] != nil && desktop?["url"] == nil, "it starts programs only")
    }

    @Test("Claude Code gets a command line, Codex gets TOML with the token in a variable")
    func others() throws {
        #expect(try text("Claude Code").hasPrefix("claude mcp add --transport http crm http://127.0.0.1:8080/mcp/crm"))
        #expect(try text("Codex").contains("bearer_token_env_var"))
        #expect(try !text("Codex").contains("tg_lg_x"), "an inline token is refused there")
    }
}
