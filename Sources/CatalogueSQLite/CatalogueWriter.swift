import Base
import JSONText
import StoreSQLite
import Stores
import ToolCatalogue

/// Takes entries in, within one transaction.
struct CatalogueWriter {
    // LIMIT: bytes of a description that lists show.
    private static let longestSummary = 160

    private struct Known {
        let id: Int64
        var publisher: String
        var transport: String
        /// Whether this transaction has written that a source named it.
        var isNamed = false
    }

    private let connection: Connection
    private let origin: CatalogueOrigin
    private let source: Int64
    private var servers: [String: Known] = [:]
    private var context: (server: [UInt8], description: [UInt8], read: ServerContext)?
    private(set) var taken = CatalogueTaken()

    init(_ connection: Connection, source: CatalogueOrigin) throws(StoreError) {
        self.connection = connection
        origin = source
        let values: [StoredValue] = [
            .plain(source.kind.rawValue), .plain(source.name), .integer(source.date.milliseconds),
        ]
        _ = try connection.run("INSERT OR IGNORE INTO source (kind, name, date) VALUES (?, ?, ?)", values)
        let rows = try connection.run("SELECT id FROM source WHERE kind = ? AND name = ? AND date = ?", values)
        guard case .integer(let id)? = rows.first?.first else {
            throw .failed(detail: "a source was not kept")
        }
        self.source = id
    }

    mutating func take(_ entry: CatalogueEntry) throws(StoreError) {
        switch entry {
        case .server(let server): try take(server)
        case .tool(let tool): try take(tool)
        }
    }

    // MARK: - servers

    private mutating func take(_ entry: ServerEntry) throws(StoreError) {
        var known = try known(entry.key)
        for (name, value) in entry.facts {
            try write(name, value, of: known.id)
        }
        let publisher = entry.publisher.isEmpty ? known.publisher : entry.publisher
        let transport = entry.transport.isEmpty ? known.transport : entry.transport
        if (publisher, transport) != (known.publisher, known.transport) {
            known.publisher = publisher
            known.transport = transport
            _ = try connection.run(
                "UPDATE server SET publisher = ?, transport = ? WHERE id = ?",
                [.plain(publisher), .plain(transport), .integer(known.id)]
            )
            try mark(known)
        }
        known.isNamed = true
        servers[entry.key] = known
        taken.servers += 1
    }

    private func write(_ name: String, _ value: String, of server: Int64) throws(StoreError) {
        _ = try connection.run(
            "INSERT INTO fact (server, name, kind, origin, value, source) VALUES (?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT (server, name, kind, origin) DO UPDATE SET value = excluded.value,"
                + " source = excluded.source",
            [
                .integer(server), .plain(name), .plain(origin.kind.rawValue), .plain(origin.name), .plain(value),
                .integer(source),
            ]
        )
    }

    private mutating func known(_ key: String) throws(StoreError) -> Known {
        if let known = servers[key] {
            return known
        }
        _ = try connection.run(
            "INSERT OR IGNORE INTO server (key, publisher, transport) VALUES (?, '', '')",
            [.plain(key)]
        )
        let rows = try connection.run("SELECT id, publisher, transport FROM server WHERE key = ?", [.plain(key)])
        guard let row = rows.first, case .integer(let id) = row[0] else {
            throw .failed(detail: "a server was not kept")
        }
        let known = Known(id: id, publisher: row[1].words, transport: row[2].words)
        servers[key] = known
        return known
    }

    /// A server's facts are part of what its tools are found by.
    private func mark(_ server: Known) throws(StoreError) {
        let rows = try connection.run(
            "SELECT tool.id, tool.facets, tool.category, tool.severity, definition.json FROM tool"
                + " JOIN definition ON definition.tool = tool.id WHERE tool.server = ?",
            [.integer(server.id)]
        )
        for row in rows {
            guard case .integer(let id) = row[0], let category = RiskCategory(row[2]),
                let severity = RiskSeverity(row[3]), let tool = Self.tool(row[4].content)
            else {
                continue
            }
            let facets = Self.facets(category, severity, server)
            try remove(id, tool, row[1].words)
            try add(id, tool, facets)
            _ = try connection.run("UPDATE tool SET facets = ? WHERE id = ?", [.plain(facets), .integer(id)])
        }
    }

    // MARK: - tools

    private mutating func take(_ tool: DescribedTool) throws(StoreError) {
        let key = ServerEntry(key: String(decoding: tool.server, as: UTF8.self)).key
        var server = try known(key)
        if !server.isNamed {
            try write("name", key, of: server.id)
            if !tool.serverDescription.isEmpty {
                let description = String(decoding: tool.serverDescription.prefix(2_048), as: UTF8.self)
                try write("description", description, of: server.id)
            }
            server.isNamed = true
            servers[key] = server
            taken.servers += 1
        }
        let name = StoredValue.text(ByteString(tool.name))
        let json = tool.definition.map { Array($0.rawBytes) } ?? []
        let old = try connection.run(
            "SELECT tool.id, tool.facets, tool.rules, definition.json FROM tool"
                + " JOIN definition ON definition.tool = tool.id WHERE tool.server = ? AND tool.name = ?",
            [.integer(server.id), name]
        )
        if let row = old.first, case .integer(let id) = row[0] {
            let before = row[3].content
            guard before != json || row[2].number != Classification.rulesVersion else {
                taken.unchanged += 1
                return
            }
            if let earlier = Self.tool(before) {
                try remove(id, earlier, row[1].words)
            }
            try write(tool, json, of: server, as: id)
        } else {
            try write(tool, json, of: server, as: nil)
        }
        taken.tools += 1
    }

    private mutating func write(
        _ tool: DescribedTool,
        _ json: [UInt8],
        of server: Known,
        as known: Int64?
    ) throws(StoreError) {
        let classification = Classifier.classify(tool, on: context(of: tool))
        let facets = Self.facets(classification.category, classification.severity, server)
        let rows = try connection.run(
            "INSERT INTO tool (id, server, name, category, severity, tokens, rules, source, facets, summary)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                + " category = excluded.category, severity = excluded.severity, tokens = excluded.tokens,"
                + " rules = excluded.rules, source = excluded.source, facets = excluded.facets,"
                + " summary = excluded.summary RETURNING id",
            [
                known.map { .integer($0) } ?? .null, .integer(server.id), .text(ByteString(tool.name)),
                classification.category.number, classification.severity.number,
                .integer(Int64(TokenEstimate.tokens(of: tool))), .integer(Int64(Classification.rulesVersion)),
                .integer(source), .plain(facets), .plain(Self.summary(tool.description)),
            ]
        )
        guard case .integer(let id)? = rows.first?.first else {
            throw .failed(detail: "a tool was not kept")
        }
        _ = try connection.run(
            "INSERT INTO definition (tool, json) VALUES (?, ?) ON CONFLICT (tool) DO UPDATE SET json = excluded.json",
            [.integer(id), .bytes(json)]
        )
        try add(id, tool, facets)
    }

    /// Most lists have one server's tools beside each other.
    private mutating func context(of tool: DescribedTool) -> ServerContext {
        if let context, tool.server.elementsEqual(context.server),
            tool.serverDescription.elementsEqual(context.description)
        {
            return context.read
        }
        let read = ServerContext(tool)
        context = (Array(tool.server), Array(tool.serverDescription), read)
        return read
    }

    // MARK: - words

    // An index without content takes a row out only when it is told the very words it was given.

    private func add(_ id: Int64, _ tool: DescribedTool, _ facets: String) throws(StoreError) {
        _ = try connection.run(
            "INSERT INTO search (rowid, words, description, facets) VALUES (?, ?, ?, ?)",
            [
                .integer(id), .text(ByteString(SearchText.wordBytes(tool.name))),
                .text(ByteString(SearchText.wordBytes(tool.description))),
                .plain(facets),
            ]
        )
    }

    private func remove(_ id: Int64, _ tool: DescribedTool, _ facets: String) throws(StoreError) {
        _ = try connection.run(
            "INSERT INTO search (search, rowid, words, description, facets) VALUES ('delete', ?, ?, ?, ?)",
            [
                .integer(id), .text(ByteString(SearchText.wordBytes(tool.name))),
                .text(ByteString(SearchText.wordBytes(tool.description))),
                .plain(facets),
            ]
        )
    }

    private static func facets(_ category: RiskCategory, _ severity: RiskSeverity, _ server: Known) -> String {
        SearchText.facets(
            category: category,
            severity: severity,
            publisher: server.publisher,
            transport: server.transport
        ).joined(separator: " ")
    }

    private static func tool(_ json: [UInt8]) -> DescribedTool? {
        do throws(JSONError) {
            return DescribedTool(try JSONDocument(json).root)
        } catch {
            return nil
        }
    }

    private static func summary(_ description: ArraySlice<UInt8>) -> String {
        let line = description.prefix { $0 != 0x0a }.prefix(longestSummary)
        return String(decoding: line, as: UTF8.self)
    }
}
