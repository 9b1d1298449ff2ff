import Base
import JSONSchema
import JSONText

/// An MCP server over a ``LeadBook``: a request in, a response out, no I/O.
///
/// It speaks 2025-03-26, 2025-06-18 and 2025-11-25 with sessions and 2026-07-28 without, always answers in JSON, and
/// checks what a server has to check (mcp-protocol.md, sections 2.1 and 2.5), so that it also catches a gateway's slips.
struct SandboxEndpoint {
    /// A tool that can be called.
    private struct Tool {
        let name: [UInt8]
        let action: SandboxAction
        let definition: JSONValue
        let schema: Schema
    }

    /// LIMIT: legacy sessions kept at once; the oldest ends when another begins.
    private static let maximumSessions = 1_024

    private var tools: SandboxTools
    private let table: [Tool]
    private let pageSize: Int
    private let mintSession: () -> [UInt8]
    /// Oldest first, each with the revision agreed on.
    private var sessions: [(id: [UInt8], revision: StaticString)] = []

    /// A fresh server.
    ///
    /// `mintSession` makes ids nobody can guess; `pageSize` splits `tools/list`.
    init(now: WallTime, pageSize: Int = 100, mintSession: @escaping () -> [UInt8]) {
        tools = SandboxTools(book: LeadBook(now: now))
        table = SandboxToolTable.definitions.compactMap(Self.tool)
        self.pageSize = max(1, pageSize)
        self.mintSession = mintSession
    }

    /// A definition of the table that does not parse is our own mistake; a test counts the tools.
    private static func tool(action: SandboxAction, json: StaticString) -> Tool? {
        do {
            let definition = try JSONDocument(ByteString(stringLiteral: json).bytes).root
            guard let name = definition["name"]?.string, let schema = definition["inputSchema"] else {
                return nil
            }
            return Tool(name: name.bytes, action: action, definition: definition, schema: try Schema(schema))
        } catch {
            return nil
        }
    }

    /// How many tools there are.
    var toolCount: Int { table.count }

    /// Answers one HTTP request.
    mutating func answer(_ request: SandboxRequest, now: WallTime) -> SandboxResponse {
        guard request.path.isEqual(to: "/mcp") else {
            return SandboxResponse(status: 404)
        }
        if let origin = request.origin, !Self.isLocal(origin: origin) {
            return SandboxResponse(status: 403)
        }
        switch request.method {
        case .post:
            return post(request, now: now)
        case .delete where request.sessionID != nil:
            return end(request.sessionID ?? [])
        case .get, .delete, .other:
            return SandboxResponse(status: 405, allow: "POST, DELETE")
        }
    }

    private mutating func post(_ request: SandboxRequest, now: WallTime) -> SandboxResponse {
        guard let type = request.contentType, Self.isJSON(type) else {
            return SandboxResponse(status: 415)
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(request.body)
        } catch {
            return SandboxFault(status: 400, code: -32_700, message: "not JSON at byte \(error.offset)").response(
                to: nil
            )
        }
        let id = document.root["id"]
        do throws(SandboxFault) {
            let call = try Self.read(document.root, headerVersion: request.protocolVersion)
            if call.isModern {
                try Self.checkEnvelope(call, request)
            }
            guard call.id != nil else {
                return SandboxResponse(status: 202)
            }
            return try call.isModern ? modern(call, now: now) : legacy(call, request, now: now)
        } catch {
            return error.response(to: id?.kind == .string || id?.kind == .number ? id : nil)
        }
    }

    private mutating func end(_ id: [UInt8]) -> SandboxResponse {
        let before = sessions.count
        sessions.removeAll { $0.id == id }
        return SandboxResponse(status: sessions.count < before ? 200 : 404)
    }

    // MARK: - The two eras

    private mutating func modern(_ call: SandboxCall, now: WallTime) throws(SandboxFault) -> SandboxResponse {
        if call.method.isEqual(to: "server/discover") {
            return result(of: call) { writer in
                writer.key("supportedVersions")
                writer.beginArray()
                writer.string("\(SandboxRevision.modern)")
                writer.endArray()
                Self.describe(&writer)
                Self.cacheHints(&writer)
            }
        }
        return try common(call, hasStructuredContent: true, now: now)
    }

    private mutating func legacy(
        _ call: SandboxCall,
        _ request: SandboxRequest,
        now: WallTime
    ) throws(SandboxFault) -> SandboxResponse {
        if call.method.isEqual(to: "initialize") {
            return try initialize(call)
        }
        guard let session = request.sessionID else {
            throw .malformed("send the session id that `initialize` gave")
        }
        guard let known = sessions.first(where: { $0.id == session }) else {
            throw SandboxFault(status: 404, code: -32_600, message: "the session has ended: initialise again")
        }
        if let version = request.protocolVersion, !version.isEqual(to: known.revision) {
            throw .malformed("the session speaks \(known.revision)")
        }
        if call.method.isEqual(to: "ping") {
            return result(of: call) { _ in }
        }
        let isOldest = ByteString(stringLiteral: known.revision) == "2025-03-26"
        return try common(call, hasStructuredContent: !isOldest, now: now)
    }

    private mutating func initialize(_ call: SandboxCall) throws(SandboxFault) -> SandboxResponse {
        guard let wanted = call.params?["protocolVersion"]?.string else {
            throw .parameter("`protocolVersion` is missing", isModern: false)
        }
        let revision = SandboxRevision.legacy(named: wanted.bytes) ?? SandboxRevision.legacy[0]
        let id = mintSession()
        if sessions.count >= Self.maximumSessions {
            sessions.removeFirst()
        }
        sessions.append((id, revision))
        var response = result(of: call) { writer in
            writer.key("protocolVersion")
            writer.string("\(revision)")
            Self.describe(&writer)
            writer.key("serverInfo")
            Self.serverInfo(&writer)
        }
        response.sessionID = id
        return response
    }

    private mutating func common(
        _ call: SandboxCall,
        hasStructuredContent: Bool,
        now: WallTime
    ) throws(SandboxFault) -> SandboxResponse {
        if call.method.isEqual(to: "tools/list") {
            return try list(call)
        }
        guard call.method.isEqual(to: "tools/call") else {
            throw .unknownMethod(isModern: call.isModern)
        }
        guard let name = call.params?["name"]?.string else {
            throw .parameter("`name` is missing", isModern: call.isModern)
        }
        guard let tool = table.first(where: { name.isEqual(to: $0.name) }) else {
            throw .parameter("Unknown tool: \(name.text)", isModern: call.isModern)
        }
        return run(tool, call, hasStructuredContent: hasStructuredContent, now: now)
    }

    // MARK: - Tools

    private func list(_ call: SandboxCall) throws(SandboxFault) -> SandboxResponse {
        var start = 0
        if let cursor = call.params?["cursor"] {
            guard let text = cursor.string?.text, let offset = Int(text), table.indices.contains(offset) else {
                throw .parameter("this cursor is not one of ours: list from the start", isModern: call.isModern)
            }
            start = offset
        }
        let end = min(table.count, start + pageSize)
        return result(of: call) { writer in
            writer.key("tools")
            writer.beginArray()
            for tool in table[start..<end] {
                writer.raw(tool.definition.rawBytes)
            }
            writer.endArray()
            if end < table.count {
                writer.key("nextCursor")
                writer.string("\(end)")
            }
            if call.isModern {
                Self.cacheHints(&writer)
            }
        }
    }

    private mutating func run(
        _ tool: Tool,
        _ call: SandboxCall,
        hasStructuredContent: Bool,
        now: WallTime
    ) -> SandboxResponse {
        let arguments = call.params?["arguments"]
        if let violation = Self.violation(of: tool.schema, arguments) {
            return toolError("the arguments do not fit the tool's schema: \(violation)", to: call)
        }
        do throws(LeadBook.Refusal) {
            let output = try tools.run(tool.action, SandboxArguments(value: arguments), now: now)
            return result(of: call) { writer in
                Self.content(output, to: &writer)
                if hasStructuredContent {
                    writer.key("structuredContent")
                    writer.raw(output)
                }
                writer.key("isError")
                writer.boolean(false)
            }
        } catch {
            return toolError(error.message, to: call)
        }
    }

    private static func violation(of schema: Schema, _ arguments: JSONValue?) -> String? {
        if let arguments {
            return schema.validate(arguments).map { "\($0)" }
        }
        do {
            return schema.validate(try JSONDocument(Array("{}".utf8)).root).map { "\($0)" }
        } catch {
            return "no arguments"
        }
    }

    private func toolError(_ message: String, to call: SandboxCall) -> SandboxResponse {
        result(of: call) { writer in
            Self.content(Array(message.utf8), to: &writer)
            writer.key("isError")
            writer.boolean(true)
        }
    }
}

// MARK: - Reading and writing messages

extension SandboxEndpoint {
    private static func read(_ root: JSONValue, headerVersion: [UInt8]?) throws(SandboxFault) -> SandboxCall {
        guard root.kind == .object, root["jsonrpc"]?.string?.isEqual(to: "2.0") == true else {
            throw .malformed("send one JSON-RPC 2.0 message")
        }
        guard let method = root["method"]?.string else {
            throw .malformed("`method` is missing")
        }
        if let id = root["id"], id.kind != .string, id.kind != .number {
            throw .malformed("`id` must be a string or a number")
        }
        let params = root["params"]
        guard params == nil || params?.kind == .object else {
            throw .malformed("`params` must be an object")
        }
        let hasEnvelope = params?["_meta"]?[SandboxEnvelope.version] != nil
        let isLegacyHeader = headerVersion.map { SandboxRevision.legacy(named: $0) != nil } ?? true
        return SandboxCall(id: root["id"], method: method, params: params, isModern: hasEnvelope || !isLegacyHeader)
    }

    /// The header rules of 26/http: version, method and name, each equal to the body's.
    private static func checkEnvelope(_ call: SandboxCall, _ request: SandboxRequest) throws(SandboxFault) {
        guard let header = request.protocolVersion else {
            throw .mismatch("the header MCP-Protocol-Version is missing")
        }
        guard header.isEqual(to: SandboxRevision.modern) else {
            throw .unsupportedVersion(header)
        }
        if call.id == nil {
            return
        }
        guard let version = call.meta(SandboxEnvelope.version)?.string,
            call.meta(SandboxEnvelope.capabilities)?.kind == .object
        else {
            throw SandboxFault(status: 400, code: -32_602, message: "the envelope in `_meta` is incomplete")
        }
        guard version.isEqual(to: header) else {
            throw .mismatch("MCP-Protocol-Version and the envelope disagree")
        }
        guard let method = request.mcpMethod, call.method.isEqual(to: method) else {
            throw .mismatch("Mcp-Method is missing or not the body's method")
        }
        if call.method.isEqual(to: "tools/call"), let name = call.params?["name"]?.string {
            guard let header = request.mcpName, let decoded = decode(header: header), name.isEqual(to: decoded) else {
                throw .mismatch("Mcp-Name is missing or not the body's name")
            }
        }
    }

    /// The value behind a header, which may be wrapped in base64 (26/http).
    private static func decode(header: [UInt8]) -> [UInt8]? {
        let prefix = "=?base64?".utf8
        guard header.starts(with: prefix), header.suffix(2).elementsEqual("?=".utf8) else {
            return header
        }
        let inner = header.dropFirst(prefix.count).dropLast(2)
        return TextCoding.bytes(base64: Array(inner))
    }

    private static func isJSON(_ type: [UInt8]) -> Bool {
        let essence = type.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != UInt8(ascii: " ") }
        return String(decoding: essence, as: UTF8.self).lowercased().utf8.elementsEqual("application/json".utf8)
    }

    /// A page of this machine may talk to us; any other page may not (DNS rebinding, C9).
    private static func isLocal(origin: [UInt8]) -> Bool {
        let text = String(decoding: origin, as: UTF8.self)
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
            return false
        }
        let authority = text.dropFirst(scheme.utf8.count)
        return ["localhost", "127.0.0.1", "[::1]"].contains { host in
            guard authority.hasPrefix(host) else {
                return false
            }
            let rest = authority.dropFirst(host.utf8.count)
            return rest.isEmpty || (rest.hasPrefix(":") && rest.dropFirst().allSatisfy(\.isNumber))
        }
    }

    private func result(of call: SandboxCall, _ write: (inout JSONWriter) -> Void) -> SandboxResponse {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        if let id = call.id {
            writer.raw(id.rawBytes)
        } else {
            writer.null()
        }
        writer.key("result")
        writer.beginObject()
        write(&writer)
        if call.isModern {
            writer.key("resultType")
            writer.string("complete")
            writer.key("_meta")
            writer.beginObject()
            writer.key(SandboxEnvelope.serverInfo)
            Self.serverInfo(&writer)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return SandboxResponse(status: 200, body: writer.output)
    }

    private static func content(_ text: [UInt8], to writer: inout JSONWriter) {
        writer.key("content")
        writer.beginArray()
        writer.beginObject()
        writer.key("type")
        writer.string("text")
        writer.key("text")
        writer.string(text)
        writer.endObject()
        writer.endArray()
    }

    private static func describe(_ writer: inout JSONWriter) {
        writer.key("capabilities")
        writer.beginObject()
        writer.key("tools")
        writer.beginObject()
        writer.endObject()
        writer.endObject()
        writer.key("instructions")
        writer.string("A customer-relations sandbox: leads, notes, salesbots. Nothing outside this process is touched.")
    }

    private static func serverInfo(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string("toolgate-sandbox")
        writer.key("version")
        writer.string(ProductVersion.text)
        writer.endObject()
    }

    private static func cacheHints(_ writer: inout JSONWriter) {
        writer.key("ttlMs")
        writer.number(0)
        writer.key("cacheScope")
        writer.string("public")
    }
}
