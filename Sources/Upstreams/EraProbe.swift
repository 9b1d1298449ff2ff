import Base
import JSONText
import MCPModel

/// Reads what a server's answer to an opening question says about the eras it speaks (mcp-protocol.md, 3.8).
enum EraProbe {
    /// What one answer means.
    enum Meaning {
        /// It speaks the era, and said this of itself.
        case speaks(JSONDocument)
        /// It does not.
        case silent
        /// The answer proves nothing: a lack of permission, too many requests, a fault.
        case unproven(status: Int)
    }

    /// What the answer to `server/discover` means for the modern era.
    ///
    /// MC-11: the body of a 400 is read before anything is concluded. A recognised modern error (−32020, −32021, −32022)
    /// is spoken by modern servers only, except that −32022 which lists no modern revision says "legacy" (some stateful
    /// servers answer so).
    static func modern(status: Int, document: JSONDocument?) -> Meaning {
        if isUnproven(status) {
            return .unproven(status: status)
        }
        guard let root = document?.root, root.kind == .object else {
            return .silent
        }
        if let error = root["error"] {
            let code = error["code"]?.number?.int
            switch code {
            case -32_020, -32_021:
                return document.map(Meaning.speaks) ?? .silent
            case -32_022:
                return listsModern(error["data"]?["supported"]) ? document.map(Meaning.speaks) ?? .silent : .silent
            default:
                return .silent
            }
        }
        guard status == 200, let result = root["result"], listsModern(result["supportedVersions"]) else {
            return .silent
        }
        return document.map(Meaning.speaks) ?? .silent
    }

    /// What the answer to `initialize` means for the legacy era (LC-01, LC-02).
    static func legacy(status: Int, document: JSONDocument?) -> Meaning {
        if isUnproven(status) {
            return .unproven(status: status)
        }
        guard status == 200, let document, negotiated(document) != nil else {
            return .silent
        }
        return .speaks(document)
    }

    /// The revision a legacy server chose, `nil` when it is none we speak.
    static func negotiated(_ document: JSONDocument) -> Revision? {
        guard let name = document.root["result"]?["protocolVersion"]?.string?.bytes,
            let revision = Revision(name)?.towardsServer, revision.era == .legacy, revision.isServed
        else {
            return nil
        }
        return revision
    }

    /// Whether the body itself proves nothing: 401, 403, 408, 429 and everything from 500 on.
    static func isUnproven(_ status: Int) -> Bool {
        status == 401 || status == 403 || status == 407 || status == 408 || status == 429 || status >= 500
    }

    private static func listsModern(_ versions: JSONValue?) -> Bool {
        versions?.elements.contains { version in
            Revision.servedModern.contains { version.string?.isEqual(to: $0.name) == true }
        } ?? false
    }

    /// The body of `server/discover` with our envelope (MC-06).
    static func discoverBody(id: RequestID) -> [UInt8] {
        modernRequest(id: id, method: .serverDiscover) { _ in }
    }

    /// A modern request of the gateway's own: envelope with version, no capability, and who asks.
    static func modernRequest(id: RequestID, method: MCPMethod, _ params: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 320)
        open(&writer, id: id, method: method)
        params(&writer)
        writer.key("_meta")
        writer.beginObject()
        writer.key("io.modelcontextprotocol/protocolVersion")
        writer.string(Revision.july2026.text)
        writer.key("io.modelcontextprotocol/clientCapabilities")
        writer.beginObject()
        writer.endObject()
        writer.key("io.modelcontextprotocol/clientInfo")
        clientInfo(&writer)
        writer.endObject()
        close(&writer)
        return writer.output
    }

    /// A legacy request of the gateway's own.
    static func legacyRequest(id: RequestID, method: MCPMethod, _ params: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 160)
        open(&writer, id: id, method: method)
        params(&writer)
        close(&writer)
        return writer.output
    }

    /// The body of `initialize` with the latest legacy revision (LC-01).
    static func initializeBody(id: RequestID) -> [UInt8] {
        legacyRequest(id: id, method: .initialize) { writer in
            writer.key("protocolVersion")
            writer.string(Revision.newestLegacy.text)
            writer.key("capabilities")
            writer.beginObject()
            writer.endObject()
            writer.key("clientInfo")
            clientInfo(&writer)
        }
    }

    /// The notification that ends the handshake.
    static func initializedBody() -> [UInt8] {
        var body: [UInt8] = []
        body.append(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        return body
    }

    /// The notification that a request is given up (25/cancel).
    static func cancelledBody(_ id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reserving: 96)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("method")
        writer.string(MCPMethod.cancelled.text)
        writer.key("params")
        writer.beginObject()
        writer.key("requestId")
        writer.raw(id.json)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// The answer to a server's own request: an empty result, or that the method is not ours.
    static func reply(to id: JSONValue, isPing: Bool) -> [UInt8] {
        var writer = JSONWriter(reserving: 96)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id.rawBytes)
        writer.key(isPing ? "result" : "error")
        writer.beginObject()
        if !isPing {
            writer.key("code")
            writer.number(-32_601)
            writer.key("message")
            writer.string("this client offers no such method")
        }
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    private static func open(_ writer: inout JSONWriter, id: RequestID, method: MCPMethod) {
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id.json)
        writer.key("method")
        writer.string(method.text)
        writer.key("params")
        writer.beginObject()
    }

    private static func close(_ writer: inout JSONWriter) {
        writer.endObject()
        writer.endObject()
    }

    private static func clientInfo(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string("toolgate")
        writer.key("version")
        writer.string(ProductVersion.text)
        writer.endObject()
    }
}
