import Base
public import JSONText

/// What a connector is to MCP clients: the messages of a server with tools and nothing else, in both eras, without sessions.
public struct ConnectorFace: Sendable {
    /// What a message asks for.
    public enum Question: Sendable {
        /// This is the whole answer.
        case answered([UInt8])
        /// A tool is to be called; the answer comes of ``answer(_:to:isModern:)``.
        case call(ConnectorTool, arguments: JSONValue?, id: JSONValue)
        /// A notification, which has no answer.
        case nothing
    }

    /// Key of `_meta` that names a tool's class.
    public static let classKey: StaticString = "dev.toolgate/class"

    private static let modern: StaticString = "2026-07-28"
    private static let legacy: [StaticString] = ["2025-11-25", "2025-06-18", "2025-03-26"]

    private let connector: Connector
    private let list: [UInt8]

    /// Writes the list of tools once.
    public init(_ connector: Connector) {
        self.connector = connector
        var writer = JSONWriter()
        writer.beginArray()
        for tool in connector.tools {
            Self.write(tool, to: &writer)
        }
        writer.endArray()
        list = writer.output
    }

    /// Reads one JSON-RPC message, which the gateway wrote.
    public func read(_ message: JSONValue, isModern: Bool) -> Question {
        guard let id = message["id"], id.kind == .string || id.kind == .number else {
            return .nothing
        }
        guard let method = message["method"]?.string else {
            return .nothing
        }
        let params = message["params"]
        if isModern, method.isEqual(to: "server/discover") {
            return .answered(result(to: id, isModern: true) { discover(&$0) })
        }
        if !isModern, method.isEqual(to: "initialize") {
            return .answered(result(to: id, isModern: false) { initialize(params, &$0) })
        }
        if !isModern, method.isEqual(to: "ping") {
            return .answered(result(to: id, isModern: false) { _ in })
        }
        if method.isEqual(to: "tools/list") {
            return .answered(
                result(to: id, isModern: isModern) { writer in
                    writer.key("tools")
                    writer.raw(list)
                    if isModern {
                        Self.cacheHints(&writer)
                    }
                }
            )
        }
        guard method.isEqual(to: "tools/call") else {
            return .answered(Self.error(-32_601, "there is no such method", to: id))
        }
        let name = params?["name"]?.string?.bytes ?? []
        guard let tool = connector.tool(named: ByteString(name)) else {
            return .answered(Self.error(-32_602, "there is no such tool", to: id))
        }
        return .call(tool, arguments: params?["arguments"], id: id)
    }

    /// The response to a call.
    public func answer(_ outcome: ConnectorResult, to id: JSONValue, isModern: Bool) -> [UInt8] {
        result(to: id, isModern: isModern) { writer in
            writer.key("content")
            writer.beginArray()
            writer.beginObject()
            writer.key("type")
            writer.string("text")
            writer.key("text")
            writer.string(outcome.text)
            writer.endObject()
            writer.endArray()
            if let structured = outcome.structured {
                writer.key("structuredContent")
                structured.write(to: &writer)
            }
            writer.key("isError")
            writer.boolean(outcome.isError)
        }
    }

    // MARK: - Writing

    private func result(to id: JSONValue, isModern: Bool, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id.rawBytes)
        writer.key("result")
        writer.beginObject()
        write(&writer)
        if isModern {
            writer.key("resultType")
            writer.string("complete")
            writer.key("_meta")
            writer.beginObject()
            writer.key("io.modelcontextprotocol/serverInfo")
            serverInfo(&writer)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    private static func error(_ code: Int, _ message: StaticString, to id: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id.rawBytes)
        writer.key("error")
        writer.beginObject()
        writer.key("code")
        writer.number(code)
        writer.key("message")
        writer.string(message)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    private func discover(_ writer: inout JSONWriter) {
        writer.key("supportedVersions")
        writer.beginArray()
        writer.string(Self.modern)
        writer.endArray()
        Self.capabilities(&writer)
        Self.cacheHints(&writer)
    }

    private func initialize(_ params: JSONValue?, _ writer: inout JSONWriter) {
        let asked = params?["protocolVersion"]?.string
        let version = Self.legacy.first { asked?.isEqual(to: $0) == true } ?? Self.legacy[0]
        writer.key("protocolVersion")
        writer.string(version)
        Self.capabilities(&writer)
        writer.key("serverInfo")
        serverInfo(&writer)
    }

    private static func capabilities(_ writer: inout JSONWriter) {
        writer.key("capabilities")
        writer.beginObject()
        writer.key("tools")
        writer.beginObject()
        writer.endObject()
        writer.endObject()
    }

    private static func cacheHints(_ writer: inout JSONWriter) {
        writer.key("ttlMs")
        writer.number(60_000)
        writer.key("cacheScope")
        writer.string("private")
    }

    private func serverInfo(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(connector.id.bytes)
        writer.key("title")
        writer.string(connector.title.bytes)
        writer.key("version")
        writer.string(connector.version.bytes)
        writer.endObject()
    }

    /// One tool's definition, as lists have it.
    public static func write(_ tool: ConnectorTool, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(tool.name.bytes)
        if !tool.title.isEmpty {
            writer.key("title")
            writer.string(tool.title.bytes)
        }
        if !tool.description.isEmpty {
            writer.key("description")
            writer.string(tool.description.bytes)
        }
        writer.key("inputSchema")
        writer.value(tool.inputSchema.root)
        if let output = tool.outputSchema {
            writer.key("outputSchema")
            writer.value(output.root)
        }
        writer.key("annotations")
        writer.beginObject()
        for (name, value): (StaticString, Bool) in [
            ("readOnlyHint", tool.risk == .read), ("destructiveHint", tool.isDestructive),
            ("idempotentHint", tool.isIdempotent), ("openWorldHint", true),
        ] {
            writer.key(name)
            writer.boolean(value)
        }
        writer.endObject()
        writer.key("_meta")
        writer.beginObject()
        writer.key(classKey)
        writer.string(tool.risk.rawValue)
        writer.endObject()
        writer.endObject()
    }
}

extension Connector {
    /// The policy the catalogue recommends: everything denied but the tools, each with its limit (crm-servers.md, 0).
    public var recommendedPolicy: [UInt8] {
        let tools = tools.map { tool in
            ConnectorMember(tool.name, .object(tool.limit.map { [Self.member(of: tool, $0)] } ?? []))
        }
        return ConnectorValue.object([
            ConnectorMember("version", ConnectorValue("1")),
            ConnectorMember("default", ConnectorValue("deny")),
            ConnectorMember("tools", .object(tools)),
        ]).indented
    }

    private static func member(of tool: ConnectorTool, _ limit: ConnectorToolLimit) -> ConnectorMember {
        let counter = ErrorRules.lowered(tool.name).bytes + Array("_rate".utf8)
        return ConnectorMember(
            "limits",
            .list([
                .object([
                    ConnectorMember("counter", .text(ByteString(counter))),
                    ConnectorMember("window", ConnectorValue(limit.window.rawValue)),
                    ConnectorMember("max", ConnectorValue(limit.maximum)),
                    ConnectorMember("scope", ConnectorValue("grant")),
                ])
            ])
        )
    }
}
