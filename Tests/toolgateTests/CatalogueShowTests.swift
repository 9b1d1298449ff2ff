import JSONText
import Testing

@testable import toolgate

@Suite("catalogue show and attacks")
struct CatalogueShowTests {
    private func run(_ words: [String]) -> (status: CommandStatus, output: String, error: String) {
        let console = RecordingConsole()
        let status = CommandTable.run(words, console: console.console)
        return (status, console.output, console.error)
    }

    @Test("`show kommo create_lead` holds what the product page holds, in JSON")
    func tool() throws {
        let result = run(["catalogue", "show", "kommo", "create_lead", "--output", "json"])
        #expect(result.status == .done)
        let root = try JSONDocument(Array(result.output.utf8)).root
        #expect(root["category"]?.string?.text == "Write" && root["severity_floor"]?.string?.text == "Medium")
        #expect(root["server"]?["tools"]?.number?.int == 23)
        let limit = root["policy"]?["tools"]?["create_lead"]?["limits"]?.element(at: 0)
        #expect(limit?["max"]?.number?.int == 30 && limit?["counter"]?.string?.text == "create_lead_rate")
        #expect(root["answers"]?.count == 6 && root["steps"]?.count == 3)
        let quotes = root["evidence"]?.elements.compactMap { $0["quote"]?.string?.text } ?? []
        #expect(quotes.contains("Criar um novo lead no Kommo CRM"))
        #expect((root["attacks"]?.count ?? 0) > 2 && (root["related"]?.count ?? 0) > 2)
        #expect((root["tokens"]?["estimate"]?.number?.int ?? 0) > 40)
    }

    @Test("the same for people: on a terminal and in Markdown, and the whole server riskiest first")
    func people() {
        let shown = run(["catalogue", "show", "kommo", "run_salesbot"])
        #expect(shown.output.contains("run_salesbot  High risk, Execute"))
        #expect(shown.output.contains(#""counter": "run_salesbot_rate""#))
        let markdown = run(["catalogue", "show", "bitrix24", "createLead", "--output", "markdown"]).output
        #expect(markdown.hasPrefix("# `createLead`\n\n**Medium risk**"))
        #expect(markdown.contains("## Questions"))
        let server = run(["catalogue", "show", "kommo"])
        #expect(server.output.split(separator: "\n").count == 24)
        #expect(server.output.split(separator: "\n")[1].contains("Execute"))
        #expect(server.error.contains("23 tools of ") && server.error.contains("tokens in a context"))
    }

    @Test("`catalogue export` writes a page for each tool, and never into a folder that has something in it")
    func export() throws {
        let folder = try PolicyFolder(["note.txt": "mine"])
        let data = ["--data", "\(folder.path)/data"]
        #expect(run(["catalogue", "export", "--html", folder.path, "kommo"] + data).status == .refused)
        let site = "\(folder.path)/a/site"
        let result = run(["catalogue", "export", "--html", site] + data)
        #expect(result.status == .done && result.error.contains("2 servers and 48 tools"))
        let list = String(decoding: try FileAccess.read("\(site)/index.html"), as: UTF8.self)
        let start = try #require(list.firstRange(of: "servers/connector-kommo"))
        let server = list[start.lowerBound...].prefix { $0 != "\"" }.replacing("/index.html", with: "")
        let page = try FileAccess.read("\(site)/\(server)/create_lead.html")
        #expect(String(decoding: page, as: UTF8.self).contains("Criar um novo lead no Kommo CRM"))
        #expect(FileAccess.stamp("\(site)/attacks/index.html") != nil && FileAccess.stamp("\(site)/style.css") != nil)
    }

    @Test("E9: a stranger's text can neither break out of Markdown nor reach the terminal's controls")
    func hostile() throws {
        let folder = try PolicyFolder([
            "tools.json": #"[{"name":"get_`x`|y","description":"\u001b[31m<script>alert(1)</script>\n\n# Owned ```"}]"#
        ])
        let words = ["catalogue", "show", "s|<b>", "get_`x`|y", "--tools", "\(folder.path)/tools.json"]
        let markdown = run(words + ["--output", "markdown"]).output
        // Inside code it is text; outside it has to be escaped.
        let outside = markdown.split(separator: "\n").filter { !$0.hasPrefix("- ") && $0.contains("script") }
        #expect(outside.count >= 2 && outside.allSatisfy { $0.contains(#"\<script\>"#) && !$0.contains("<script>") })
        #expect(!markdown.contains("\n# Owned"))
        #expect(!run(words).output.utf8.contains(0x1b))
        let list = run(["catalogue", "show", "s", "--tools", "\(folder.path)/tools.json", "--output", "markdown"])
            .output
        #expect(list.contains(#"\|y |"#))
    }

    @Test("an unknown tool, server or attack is refused with what to do next")
    func unknown() throws {
        let tool = run(["catalogue", "show", "kommo", "Create_Lead"])
        #expect(tool.status == .refused && tool.error.contains("did you mean `create_lead`?"))
        let attack = run(["catalogue", "attacks", "nothing"])
        #expect(attack.status == .refused && attack.error.contains("`toolgate catalogue attacks` lists them"))
        let folder = try PolicyFolder(["tools.json": #"[{"name":"get_a","server":"other"}]"#])
        let server = run(["catalogue", "show", "mine", "--tools", "\(folder.path)/tools.json"])
        #expect(server.status == .refused)
    }

    @Test("the attack patterns are listed, and one is read as a page")
    func attacks() throws {
        let list = run(["catalogue", "attacks"])
        #expect(list.output.contains("confused-deputy"))
        let page = run(["catalogue", "attacks", "mcp-rug-pull", "--output", "markdown"]).output
        #expect(page.hasPrefix("# Rug pull") && page.contains("## What contains it"))
        let json = run(["catalogue", "attacks", "--output", "json"])
        #expect((try JSONDocument(Array(json.output.utf8)).root["attacks"]?.count ?? 0) >= 17)
    }
}
