import Base
import JSONText

/// What the sandbox looks at of an HTTP request.
struct SandboxRequest {
    /// The kinds of request an MCP endpoint tells apart.
    enum Method {
        case post
        case get
        case delete
        case other
    }

    var method: Method = .post
    var path: [UInt8] = Array("/mcp".utf8)
    var contentType: [UInt8]?
    var origin: [UInt8]?
    var protocolVersion: [UInt8]?
    var mcpMethod: [UInt8]?
    var mcpName: [UInt8]?
    var sessionID: [UInt8]?
    var body: [UInt8] = []
}

/// What the sandbox answers.
struct SandboxResponse {
    let status: Int
    var sessionID: [UInt8]?
    /// The methods there are, for a 405.
    var allow: StaticString?
    var body: [UInt8] = []
}

/// The revisions the sandbox speaks.
enum SandboxRevision {
    static let modern: StaticString = "2026-07-28"
    static let legacy: [StaticString] = ["2025-11-25", "2025-06-18", "2025-03-26"]

    /// The legacy revision with exactly this name.
    static func legacy(named name: some Collection<UInt8>) -> StaticString? {
        legacy.first { name.isEqual(to: $0) }
    }
}

/// Keys of the modern envelope.
enum SandboxEnvelope {
    static let version: StaticString = "io.modelcontextprotocol/protocolVersion"
    static let capabilities: StaticString = "io.modelcontextprotocol/clientCapabilities"
    static let serverInfo: StaticString = "io.modelcontextprotocol/serverInfo"
}

/// A JSON-RPC request as the sandbox reads it.
struct SandboxCall {
    let id: JSONValue?
    let method: JSONString
    let params: JSONValue?
    /// Whether it came with the modern envelope.
    let isModern: Bool

    /// The envelope's entry, if there is one.
    func meta(_ key: StaticString) -> JSONValue? {
        params?["_meta"]?[key]
    }
}

/// Why the sandbox answers with an error, with the numbers of mcp-protocol.md, tables 1.3 and 1.4.
struct SandboxFault: Error {
    let status: Int
    let code: Int
    let message: String
    var data: [UInt8] = []

    static func malformed(_ message: String) -> SandboxFault {
        SandboxFault(status: 400, code: -32_600, message: message)
    }

    static func mismatch(_ message: String) -> SandboxFault {
        SandboxFault(status: 400, code: -32_020, message: message)
    }

    /// A wrong parameter; a legacy client gets its errors in a 200.
    static func parameter(_ message: String, isModern: Bool) -> SandboxFault {
        SandboxFault(status: isModern ? 400 : 200, code: -32_602, message: message)
    }

    static func unknownMethod(isModern: Bool) -> SandboxFault {
        SandboxFault(status: isModern ? 404 : 200, code: -32_601, message: "no such method")
    }

    static func unsupportedVersion(_ requested: [UInt8]) -> SandboxFault {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("supported")
        writer.beginArray()
        writer.string("\(SandboxRevision.modern)")
        writer.endArray()
        writer.key("requested")
        writer.string(requested)
        writer.endObject()
        return SandboxFault(status: 400, code: -32_022, message: "revision not served", data: writer.output)
    }

    /// The JSON-RPC error response.
    func response(to id: JSONValue?) -> SandboxResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        if let id {
            writer.raw(id.rawBytes)
        } else {
            writer.null()
        }
        writer.key("error")
        writer.beginObject()
        writer.key("code")
        writer.number(code)
        writer.key("message")
        writer.string(message)
        if !data.isEmpty {
            writer.key("data")
            writer.raw(data)
        }
        writer.endObject()
        writer.endObject()
        return SandboxResponse(status: status, body: writer.output)
    }
}
