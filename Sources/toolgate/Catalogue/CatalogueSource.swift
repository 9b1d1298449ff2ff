import Base
import CatalogueSQLite
import ConnectorModel
import JSONText
import ShippedConnectors
import ToolCatalogue

/// A server and its tools, wherever the catalogue finds them.
struct CatalogueSource {
    let facts: ServerFacts
    /// Each tool with what the rules say, in the order of `facts.tools`.
    let tools: [(tool: DescribedTool, classification: Classification)]

    static let options = [
        CommandOption("tools", "FILE", "take the server's tools from this list (as `catalogue classify` reads it)"),
        ServiceKeys.dataOption,
    ]

    /// From `--tools`, else a connector that comes with Toolgate, else the index, else a server of the store.
    static func find(_ name: String, _ invocation: Invocation) throws(CommandFailure) -> CatalogueSource {
        if let path = invocation.value("tools") {
            return try inFile(path, name)
        }
        if let connector = ShippedConnectors.connector(named: ByteString(name)) {
            return try shipped(connector)
        }
        if let found = try indexed(name, invocation) {
            return found
        }
        let tools = try AcceptedTools.of(name, invocation)
        return CatalogueSource(tools, name: name, key: "", transport: "")
    }

    private init(
        _ tools: [DescribedTool],
        name: String,
        key: String,
        transport: String,
        facts: [IndexedServer.Fact] = [],
        description: String? = nil,
        indexedServers: Int? = nil
    ) {
        let classified = tools.map { ($0, Classifier.classify($0)) }
        self.tools = classified
        var known = ServerFacts(
            name: name,
            key: key,
            description: description
                ?? tools.first.map { String(decoding: $0.serverDescription, as: UTF8.self) } ?? "",
            transport: transport,
            tools: classified.map { tool, classification in
                CataloguedTool(
                    name: String(decoding: tool.name, as: UTF8.self),
                    category: classification.category,
                    severity: classification.severity,
                    tokens: TokenEstimate.tokens(of: tool)
                )
            },
            indexedServers: indexedServers
        )
        known.facts = facts
        self.facts = known
    }

    /// A server of the index, if there is one.
    private static func indexed(_ name: String, _ invocation: Invocation) throws(CommandFailure) -> CatalogueSource? {
        guard let index = try CatalogueFiles.existing(invocation) else {
            return nil
        }
        return try CatalogueFiles.attempt { () throws(CatalogueFailure) in
            guard let server = try index.server(name) else {
                return nil
            }
            var tools: [DescribedTool] = []
            for stored in try index.definitions(of: server.id) {
                do throws(JSONError) {
                    let root = try JSONDocument(stored.definition).root
                    if let tool = DescribedTool(root, server: server.key) {
                        tools.append(tool)
                    }
                } catch {
                    throw CatalogueFailure(
                        "the index holds a definition of `\(name)` that is no JSON: import"
                            + " it again"
                    )
                }
            }
            let shown = server.newest("name")
            return CatalogueSource(
                tools,
                name: shown.isEmpty ? server.key : shown,
                key: server.key,
                transport: server.newest("transport"),
                facts: server.facts,
                description: server.newest("description"),
                indexedServers: try index.counts().servers
            )
        }
    }

    /// The lines of one server; a list that names no server is taken as all of it.
    private static func inFile(_ path: String, _ name: String) throws(CommandFailure) -> CatalogueSource {
        var tools: [DescribedTool] = []
        var problems: [String] = []
        _ = ToolSource(bytes: try PolicyFiles.read(path), path: path).each { tool in
            if tool.server.isEmpty || tool.server.elementsEqual(name.utf8) {
                tools.append(tool)
            }
        } problem: {
            problems.append($0)
        }
        guard problems.isEmpty else {
            throw .refused(problems[0])
        }
        guard !tools.isEmpty else {
            throw .refused("\(path) has no tools of a server `\(DefinitionText.visible(name))`")
        }
        return CatalogueSource(tools, name: name, key: "", transport: "")
    }

    /// A connector's tools without the classes it states itself.
    private static func shipped(_ connector: Connector) throws(CommandFailure) -> CatalogueSource {
        var tools: [DescribedTool] = []
        for tool in connector.tools {
            var writer = JSONWriter(reserving: 1_024)
            writer.beginObject()
            writer.key("name")
            writer.string(tool.name.bytes)
            writer.key("title")
            writer.string(tool.title.bytes)
            writer.key("description")
            writer.string(tool.description.bytes)
            writer.key("inputSchema")
            writer.value(tool.inputSchema.root)
            writer.endObject()
            do throws(JSONError) {
                let root = try JSONDocument(writer.output).root
                if let described = DescribedTool(root, server: connector.title.text) {
                    tools.append(described)
                }
            } catch {
                throw .environment("the connector `\(connector.id.text)` cannot be read back: \(error.reason)")
            }
        }
        return CatalogueSource(
            tools,
            name: connector.title.text,
            key: "connector:\(connector.id.text)",
            transport: "connector"
        )
    }

    /// The page of one tool.
    func page(of name: String) throws(CommandFailure) -> ToolPage {
        guard let found = tools.first(where: { $0.tool.name.elementsEqual(name.utf8) }) else {
            let near = facts.tools.first { $0.name.lowercased() == name.lowercased() }
            let hint = near.map { ": did you mean `\(DefinitionText.visible($0.name))`?" } ?? ""
            throw .refused(
                "\(DefinitionText.visible(facts.name)) has no tool `\(DefinitionText.visible(name))`\(hint)"
            )
        }
        return ToolPage(found.tool, found.classification, server: facts)
    }
}
