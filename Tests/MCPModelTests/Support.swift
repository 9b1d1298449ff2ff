import Base
import JSONText
import MCPModel
import Testing

/// Short ways to say what the tests of this room say all the time.
enum Fixture {
    static let identity = GatewayIdentity(version: "1.2.3")
    static let info = #"{"name":"toolgate","version":"1.2.3"}"#
    static let upstream = UpstreamWriter(identity: identity)
    static let modern = DownstreamWriter(revision: .july2026, identity: identity)
    static let legacy = DownstreamWriter(revision: .november2025, identity: identity)

    static func writer(_ revision: Revision) -> DownstreamWriter {
        DownstreamWriter(revision: revision, identity: identity)
    }

    /// The keys every modern request carries.
    static let envelope = """
        "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}
        """

    static func json(_ text: String) throws -> JSONValue {
        try JSONDocument(Array(text.utf8)).root
    }

    /// A modern request: `params` are members without the braces and without `_meta`.
    static func modernBody(_ method: String, _ params: String = "", meta: String = envelope, id: String = "1") -> String
    {
        let members = params.isEmpty ? "" : params + ","
        return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(members)"_meta":{\#(meta)}}}"#
    }

    static func headers(version: String? = "2026-07-28", method: String? = nil, name: String? = nil) -> MCPHeaders {
        MCPHeaders(
            protocolVersion: version.map { Array($0.utf8)[...] },
            method: method.map { Array($0.utf8)[...] },
            name: name.map { Array($0.utf8)[...] }
        )
    }

    /// Reads a POST.
    static func post(
        _ body: String,
        _ headers: MCPHeaders = Fixture.headers(version: nil)
    ) throws(MCPFailure) -> ClientPost {
        try ClientPost(Array(body.utf8), headers: headers)
    }

    /// Reads a POST that must be a request.
    static func request(_ body: String, _ headers: MCPHeaders = Fixture.headers(version: nil)) throws -> ClientRequest {
        guard case .request(let request) = try post(body, headers).message else {
            throw Unexpected()
        }
        return request
    }

    /// Reads a modern request with the headers it needs.
    static func modernRequest(_ method: String, _ params: String = "", meta: String = envelope) throws -> ClientRequest
    {
        let name = try json("{\(params)}")
        let named = name["name"]?.string?.text ?? name["uri"]?.string?.text
        let needsName = ["tools/call", "prompts/get", "resources/read"].contains(method)
        let fields = headers(method: method, name: needsName ? named : nil)
        return try request(modernBody(method, params, meta: meta), fields)
    }

    /// The failure a POST ends in.
    static func failure(_ body: String, _ headers: MCPHeaders = Fixture.headers(version: nil)) -> MCPFailure? {
        do throws(MCPFailure) {
            _ = try post(body, headers)
            return nil
        } catch {
            return error
        }
    }
}

struct Unexpected: Error {}

extension [UInt8] {
    /// The bytes as text, for comparing with golden text.
    var text: String { String(decoding: self, as: UTF8.self) }
}
