import Base
import JSONText
import TestSupport
import Testing
import ToolCatalogue

@Suite("the classes of tools")
struct ClassifierTests {
    private func classify(_ text: String) throws -> Classification {
        Classifier.classify(try #require(DescribedTool(try JSONDocument(Array(text.utf8)).root)))
    }

    private func classify(name: String, _ description: String = "") -> Classification {
        Classifier.classify(DescribedTool(name: name, description: description))
    }

    // MARK: - the product pages

    static let pages: [(name: String, category: RiskCategory, severity: RiskSeverity, quotes: [String])] = [
        ("create_lead", .write, .medium, ["create_lead", "Criar um novo lead no Kommo CRM"]),
        (
            "createLead", .write, .medium,
            ["createLead", "CRUD operations on entities like deals, leads, contacts, and tasks"]
        ),
        ("move_lead", .write, .medium, ["move_lead", "Mover lead para outro status ou pipeline"]),
        (
            "run_salesbot", .execute, .high,
            ["run_salesbot", "Iniciar um Salesbot (API v4). Requer entity_id e entity_type"]
        ),
        ("get_loss_reasons", .read, .low, ["get_loss_reasons", "Obter lista de motivos da perda de leads"]),
    ]

    @Test("the five product pages agree in class, severity and quoted evidence", arguments: pages)
    func page(
        _ page: (name: String, category: RiskCategory, severity: RiskSeverity, quotes: [String])
    ) throws {
        let tool = try #require(try crmTools().first { $0.tool.name.elementsEqual(page.name.utf8) })
        let classification = Classifier.classify(tool.tool)
        #expect(classification.category == page.category)
        #expect(classification.severity == page.severity)
        #expect(classification.argued == page.severity)
        for quote in page.quotes {
            #expect(classification.evidence.contains { $0.quote.contains(quote) }, "\(classification.evidence)")
        }
    }

    @Test("all 48 CRM tools are classed as the reference has them")
    func crm() throws {
        let tools = try crmTools()
        #expect(tools.count == 48)
        for (tool, expected) in tools {
            #expect(
                Classifier.classify(tool).category.rawValue == expected,
                "\(String(decoding: tool.name, as: UTF8.self))"
            )
        }
    }

    @Test("the same 48 with servers and things renamed have the same classes: no rule knows a product")
    func renamed() throws {
        let words = [
            ("lead", "prospect"), ("Lead", "Prospect"), ("deal", "matter"), ("Deal", "Matter"), ("salesbot", "flow"),
            ("Salesbot", "Flow"), ("kommo", "acme"), ("Kommo", "Acme"), ("Bitrix24", "Zeta"),
        ]
        let text = String(decoding: try data("crm.jsonl"), as: UTF8.self)
        let renamed = words.reduce(text) { text, pair in
            text.split(separator: pair.0, omittingEmptySubsequences: false).joined(separator: pair.1)
        }
        let tools = try Self.tools(Array(renamed.utf8))
        #expect(tools.count == 48)
        for (tool, expected) in tools {
            #expect(
                Classifier.classify(tool).category.rawValue == expected,
                "\(String(decoding: tool.name, as: UTF8.self))"
            )
        }
    }

    // MARK: - languages

    static let sayings: [(String, RiskCategory)] = [
        ("Excluir um contato pelo ID", .destructive), ("Atualizar o cadastro do cliente", .write),
        ("Obtiene la lista de pedidos", .read), ("Elimina un registro de la base", .destructive),
        ("Удалить сделку", .destructive), ("Создаёт новую задачу", .write), ("Получить список контактов", .read),
        ("Запустить сценарий на сервере", .execute), ("Löscht einen Kunden", .destructive),
        ("Erstellt ein Angebot", .write),
        ("Ruft alle Aufträge ab", .read), ("Supprime définitivement un fichier", .destructive),
        ("Crée un devis", .write),
        ("Récupère la liste des factures", .read), ("删除指定的记录", .destructive), ("创建一个新的工单", .write),
        ("获取订单列表", .read), ("执行命令", .execute), ("レコードを削除します", .destructive), ("新しいチケットを作成します", .write),
        ("顧客の一覧を取得します", .read), ("사용자를 삭제합니다", .destructive), ("새 작업을 생성합니다", .write), ("주문 목록을 조회합니다", .read),
        ("代金を支払う", .financial), ("转账给指定账户", .financial),
    ]

    @Test("a description in another language counts when the name says nothing", arguments: sayings)
    func language(_ saying: (String, RiskCategory)) {
        #expect(classify(name: "op_17", saying.0).category == saying.1, "\(saying.0)")
    }

    // MARK: - rules

    static let cases: [(String, String, RiskCategory)] = [
        ("get_transfer_quote", "Get a quote for a transfer", .read), ("transfer_funds", "", .financial),
        ("list_deleted_files", "Lists files that were deleted", .read), ("service_delete", "", .destructive),
        ("remove_label", "Remove a label from an issue", .write), ("execute_sql", "Execute any SQL", .execute),
        ("create_or_update_file", "Create or update a file", .write), ("run_command", "Run a shell command", .execute),
        ("purge_queue", "Permanently removes all messages", .destructive), ("refund_payment", "", .financial),
        ("can_i_deploy", "Says whether a version can be deployed", .read),
        ("deploy", "Deploys the application", .execute),
        ("frobnicate", "", .unclassified), ("x", "A thing.", .unclassified), ("", "", .unclassified),
    ]

    @Test("names and descriptions are weighed as the rules say", arguments: cases)
    func rule(_ item: (String, String, RiskCategory)) {
        #expect(classify(name: item.0, item.1).category == item.2, "\(item.0): \(item.1)")
    }

    @Test("E12: annotations raise Read to Write and change nothing else")
    func annotations() throws {
        func said(_ name: String, _ annotations: String) throws -> Classification {
            try classify(#"{"name":"\#(name)","annotations":\#(annotations)}"#)
        }
        #expect(try said("get_lead", #"{"readOnlyHint":false}"#).category == .write)
        #expect(try said("get_lead", #"{"readOnlyHint":true}"#).category == .read)
        #expect(try said("delete_lead", #"{"readOnlyHint":true,"destructiveHint":false}"#).category == .destructive)
        #expect(try said("create_lead", #"{"readOnlyHint":false,"destructiveHint":true}"#).category == .write)
        #expect(try said("create_lead", #"{"readOnlyHint":false,"destructiveHint":true}"#).isAdditive)
        #expect(try said("frobnicate", #"{"readOnlyHint":true}"#).category == .unclassified)
    }

    @Test("an argument that can choose deletion makes the tool Destructive")
    func choices() throws {
        let classification = try classify(
            #"{"name":"items","description":"Work with items","inputSchema":{"type":"object","properties":{"#
                + #""action":{"type":"string","enum":["list","create","delete"]}}}}"#
        )
        #expect(classification.category == .destructive)
        #expect(
            classification.evidence.contains { $0.source == "inputSchema.properties.action" && $0.quote == "delete" }
        )
    }

    @Test("what is not known counts as the worst class and gives no class to policies")
    func unclassified() {
        let classification = classify(name: "frobnicate")
        #expect(classification.category > .financial)
        #expect(classification.category.policyClass == nil)
        #expect(classification.severity == .critical)
        #expect(!classification.isAdditive)
    }

    @Test("quotes are words the definition really has, and texts of any bytes are survived")
    func garbage() throws {
        var random = SeededRandom(state: 20)
        let alphabet = Array("adeltcr _-.,:/(){}[]\"'\n\té中かи삭🙂\u{202e}".unicodeScalars)
        for _ in 0..<500 {
            func text(_ most: Int) -> String {
                var text = ""
                for _ in 0..<Int(random.next() % UInt64(most)) {
                    text.unicodeScalars.append(alphabet[Int(random.next() % UInt64(alphabet.count))])
                }
                return text
            }
            let tool = DescribedTool(
                name: text(30),
                description: text(300),
                server: text(20),
                serverDescription: text(80)
            )
            let all = [tool.name, tool.description, tool.serverDescription].map(Array.init)
            for evidence in Classifier.classify(tool).evidence {
                let quote = Array(evidence.quote.utf8)
                #expect(all.contains { holds($0, quote) }, "\(evidence)")
            }
        }
    }

    private func holds(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        text.count >= part.count && (0...text.count - part.count).contains { text[$0...].starts(with: part) }
    }

    // MARK: - data

    private func crmTools() throws -> [(tool: DescribedTool, category: String)] {
        try Self.tools(try data("crm.jsonl"))
    }

    private static func tools(_ bytes: [UInt8]) throws -> [(tool: DescribedTool, category: String)] {
        try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            let root = try JSONDocument(Array(line)).root
            return (try #require(DescribedTool(root)), try #require(root["class"]?.string?.text))
        }
    }

    private func data(_ name: String) throws -> [UInt8] {
        try #require(Corpora.bytes(ofFile: "\(Corpora.repository)/Tests/ToolCatalogueTests/Data/\(name)"))
    }
}
