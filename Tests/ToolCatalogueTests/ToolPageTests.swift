import Base
import JSONText
import PolicyEngine
import TestSupport
import Testing
import ToolCatalogue

@Suite("the pages of tools")
struct ToolPageTests {
    // What the five product pages say, field by field (shared/seeds).
    struct Expected: Sendable {
        let name: String
        let server: String
        let key: String
        let tools: Int
        let category: RiskCategory
        let severity: RiskSeverity
        /// As `JSONCanonical.exact` writes it.
        let policy: String
        let quotes: [String]
    }

    private static func limited(_ name: String, _ counter: String, _ most: Int) -> String {
        #"{"default":"deny","tools":{"\#(name)":{"limits":[{"counter":"\#(counter)","max":\#(most),"scope":"grant","#
            + #""window":"minute"}]}},"version":"1"}"#
    }

    static let pages: [Expected] = [
        Expected(
            name: "create_lead",
            server: "Kommo CRM MCP Server",
            key: "miguelgbastos/kommo-mcp",
            tools: 23,
            category: .write,
            severity: .medium,
            policy: limited("create_lead", "create_lead_rate", 30),
            quotes: ["create_lead", "Criar um novo lead no Kommo CRM"]
        ),
        Expected(
            name: "createLead",
            server: "Bitrix24 MCP Server",
            key: "oneatdrt/bitrix24_mcp_server",
            tools: 25,
            category: .write,
            severity: .medium,
            policy: limited("createLead", "createlead_rate", 30),
            quotes: ["createLead", "CRUD operations on entities like deals, leads, contacts, and tasks"]
        ),
        Expected(
            name: "move_lead",
            server: "Kommo CRM MCP Server",
            key: "miguelgbastos/kommo-mcp",
            tools: 23,
            category: .write,
            severity: .medium,
            policy: limited("move_lead", "move_lead_rate", 30),
            quotes: ["move_lead", "Mover lead para outro status ou pipeline"]
        ),
        Expected(
            name: "run_salesbot",
            server: "Kommo CRM MCP Server",
            key: "miguelgbastos/kommo-mcp",
            tools: 23,
            category: .execute,
            severity: .high,
            policy: limited("run_salesbot", "run_salesbot_rate", 10),
            quotes: ["run_salesbot", "Iniciar um Salesbot (API v4). Requer entity_id e entity_type"]
        ),
        Expected(
            name: "get_loss_reasons",
            server: "Kommo CRM MCP Server",
            key: "miguelgbastos/kommo-mcp",
            tools: 23,
            category: .read,
            severity: .low,
            policy: #"{"default":"deny","tools":{"get_loss_reasons":{}},"version":"1"}"#,
            quotes: ["get_loss_reasons", "Obter lista de motivos da perda de leads"]
        ),
    ]

    private func page(_ expected: Expected) throws -> ToolPage {
        let tools = try lines("crm.jsonl").compactMap { DescribedTool($0) }.filter {
            $0.server.elementsEqual(expected.server.utf8)
        }
        let listed = tools.map { tool in
            let known = Classifier.classify(tool)
            return CataloguedTool(
                name: String(decoding: tool.name, as: UTF8.self),
                category: known.category,
                severity: known.severity,
                tokens: TokenEstimate.tokens(of: tool)
            )
        }
        let facts = ServerFacts(name: expected.server, key: expected.key, tools: listed, indexedServers: 43_000)
        let tool = try #require(tools.first { $0.name.elementsEqual(expected.name.utf8) })
        return ToolPage(tool, Classifier.classify(tool), server: facts)
    }

    private func canonical(_ text: String) throws -> String {
        String(decoding: JSONCanonical.exact(try JSONDocument(Array(text.utf8)).root), as: UTF8.self)
    }

    @Test("class, severity, rule and evidence are those of the five product pages", arguments: pages)
    func facts(_ expected: Expected) throws {
        let page = try page(expected)
        #expect(page.classification.category == expected.category)
        #expect(page.classification.severity == expected.severity)
        #expect(page.badge == "\(expected.severity.rawValue) risk")
        #expect(try canonical(page.policy) == expected.policy)
        for quote in expected.quotes {
            #expect(page.classification.evidence.contains { $0.quote.contains(quote) }, "\(quote)")
        }
        #expect(page.server.tools.count == expected.tools)
        #expect(page.server.footer.hasPrefix("\(expected.tools) tools of \(expected.server)"))
        #expect(page.server.footer.contains("43000 servers"))
        #expect(!page.attacks.isEmpty && !page.related.isEmpty)
    }

    @Test("the six questions of the product pages are answered from facts", arguments: pages)
    func answers(_ expected: Expected) throws {
        let page = try page(expected)
        let name = expected.name
        let questions = [
            "What does the \(name) tool do?", "How do I enforce a policy on \(name)?", "What risk level is \(name)?",
            "Can I rate-limit \(name)?", "How do I block \(name) completely?", "What MCP server provides \(name)?",
        ]
        #expect(page.answers.map(\.question) == questions)
        let answers = page.answers.map(\.answer)
        let category = expected.category.rawValue
        let article = expected.category == .execute ? "an" : "a"
        #expect(answers[0].hasPrefix(page.description))
        #expect(answers[0].contains("is categorised as \(article) \(category) tool of \(expected.server)"))
        #expect(answers[1].contains(expected.server))
        #expect(
            answers[2].hasPrefix(
                "\(name) is \(article) \(category) tool with \(expected.severity.rawValue.lowercased()) risk."
            )
        )
        #expect(answers[3].hasPrefix("Yes.") && answers[3].contains("`\(name.lowercased())_rate`"))
        #expect(answers[4].contains("`hide`"))
        #expect(answers[5].hasPrefix("\(name) is provided by the \(expected.server) MCP server (\(expected.key))."))
    }

    /// Reads the stored pages themselves, so that what we took from them cannot drift from what they say.
    @Test(
        "what we expect of the five pages is what the stored pages say",
        .enabled(
            if: Corpora.root.map { Corpora.bytes(ofFile: $0 + "/../seeds/000_00852a19dbe928b0.txt") != nil } ?? false
        )
    )
    func seeds() throws {
        let root = try #require(Corpora.root)
        let files = [
            "000_00852a19dbe928b0", "001_7ca066ba1d38465e", "002_b49f1af02626a2be", "003_1de68579d81dbb11",
            "004_8c1eed6a1557324f",
        ]
        for (file, expected) in zip(files, Self.pages) {
            let bytes = try #require(Corpora.bytes(ofFile: "\(root)/../seeds/\(file).txt"))
            let text = String(decoding: bytes, as: UTF8.self)
            let risk = expected.severity.rawValue.lowercased()
            #expect(text.contains("\(expected.name) is a \(expected.category.rawValue) tool with \(risk) risk."))
            #expect(text.contains("(\(expected.key))"))
            #expect(text.contains("\(expected.tools) \(expected.server) tools catalogued"))
            let start = try #require(bytes.firstIndex(of: UInt8(ascii: "{")))
            let end = try #require(policyEnd(bytes, from: start))
            let policy = String(decoding: bytes[start...end], as: UTF8.self)
            #expect(try canonical(policy) == expected.policy, "\(file)")
            // Every piece of the definition that the page quotes stands in one of our quotes.
            let page = try page(expected)
            for quote in quotes(in: text, of: page) {
                #expect(page.classification.evidence.contains { $0.quote.contains(quote) }, "\(file): \(quote)")
            }
            for answer in page.answers where file != files[0] {
                #expect(text.contains(answer.question), "\(file): \(answer.question)")
            }
        }
    }

    private func policyEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        for place in start..<bytes.count {
            depth += bytes[place] == UInt8(ascii: "{") ? 1 : bytes[place] == UInt8(ascii: "}") ? -1 : 0
            if depth == 0 {
                return place
            }
        }
        return nil
    }

    /// What stands in single quotes after "From the tool's definition" and really is in the definition.
    private func quotes(in text: String, of page: ToolPage) -> [String] {
        let line = text.split(separator: "\n").first { $0.hasPrefix("From the tool's definition") } ?? ""
        let definition = "\(page.name)\n\(page.description)"
        let parts = line.split(separator: "'").map(String.init)
        let found = parts.dropFirst(2).filter { $0.count > 3 && definition.contains($0) }
        return Array(found)
    }

    // MARK: - attacks

    @Test("the eleven documented patterns are there, and every page is whole")
    func attacks() {
        let eleven: Set<String> = [
            "tool-poisoning", "mcp-rug-pull", "mcp-typosquatting", "compromised-mcp-package", "confused-deputy",
            "token-mis-redemption", "credential-leak-via-errors", "indirect-prompt-injection",
            "prompt-injection-via-tool-results", "data-exfiltration-via-tool-chaining", "runaway-tool-loops",
        ]
        let slugs = AttackPattern.all.map(\.slug)
        #expect(eleven.isSubset(of: slugs))
        #expect(Set(slugs).count == slugs.count && slugs.count >= 17)
        for pattern in AttackPattern.all {
            #expect(pattern.how.count >= 2 && !pattern.signs.isEmpty && !pattern.abuses.isEmpty, "\(pattern.slug)")
            #expect(pattern.summary.count > 40 && pattern.containment.count > 40, "\(pattern.slug)")
            #expect(AttackPattern.named(pattern.slug) == pattern)
        }
    }

    @Test("the policy of every attack page loads without a finding")
    func containments() {
        for pattern in AttackPattern.all {
            let (policy, findings) = CompiledPolicy.load(Array(pattern.policy.utf8))
            #expect(policy != nil && findings.isEmpty, "\(pattern.slug): \(findings)")
        }
    }

    @Test("a class is shown the attacks on it, and those through parameters only where it has them")
    func against() throws {
        func slugs(_ definition: String) throws -> Set<String> {
            let tool = try #require(DescribedTool(try JSONDocument(Array(definition.utf8)).root))
            return Set(AttackPattern.against(Classifier.classify(tool)).map(\.slug))
        }
        let reading = try slugs(#"{"name":"get_lead"}"#)
        #expect(reading.contains("data-exfiltration-via-tool-chaining"))
        #expect(!reading.contains("mcp-rug-pull") && !reading.contains("ssrf-through-arguments"))
        let fetching = #"{"name":"fetch_page","inputSchema":{"type":"object","properties":{"url":{"type":"string"}}}}"#
        #expect(try slugs(fetching).contains("ssrf-through-arguments"))
        #expect(try slugs(#"{"name":"transfer_funds"}"#).contains("token-mis-redemption"))
        #expect(try slugs(#"{"name":"frobnicate"}"#).contains("confused-deputy"))
    }

    // MARK: - the rest

    @Test("related tools are those about the same thing first, never the tool itself")
    func related() throws {
        let page = try page(Self.pages[0])
        #expect(page.related.map(\.name).prefix(2).contains("update_lead"))
        #expect(!page.related.contains { $0.name == "create_lead" })
        #expect(page.related.count == 8)
        let loss = try self.page(Self.pages[4])
        #expect(loss.related.first?.name == "get_loss_reason")
    }

    @Test("parameters are named with whether they are required")
    func parameters() throws {
        let page = try page(Self.pages[2])
        #expect(page.parameters.map(\.name) == ["lead_id", "status_id", "pipeline_id"])
        #expect(page.parameters.map(\.isRequired) == [true, true, false])
    }

    private func lines(_ name: String) throws -> [JSONValue] {
        let path = "\(Corpora.repository)/Tests/ToolCatalogueTests/Data/\(name)"
        return try #require(Corpora.bytes(ofFile: path)).split(separator: UInt8(ascii: "\n")).map {
            try JSONDocument(Array($0)).root
        }
    }
}
