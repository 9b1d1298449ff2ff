import Base
import MCPModel
import JSONText
import Testing

@testable import Upstreams

@Suite("reading an era from an answer")
struct EraProbeTests {
    private enum Verdict: Equatable {
        case speaks
        case silent
        case unproven
    }

    private static func verdict(_ meaning: EraProbe.Meaning) -> Verdict {
        switch meaning {
        case .speaks: .speaks
        case .silent: .silent
        case .unproven: .unproven
        }
    }

    private static func document(_ text: String) throws -> JSONDocument? {
        text.isEmpty ? nil : try JSONDocument(Array(text.utf8))
    }

    @Test(
        "MC-11: the body of a refusal is read before the modern era is given up",
        arguments: [
            (200, #"{"result":{"supportedVersions":["2026-07-28"]}}"#, "speaks"),
            (200, #"{"result":{"supportedVersions":["2030-01-01","2026-07-28"]}}"#, "speaks"),
            (200, #"{"result":{"supportedVersions":["2025-11-25"]}}"#, "silent"),
            (200, #"{"result":{}}"#, "silent"),
            (400, #"{"error":{"code":-32020}}"#, "speaks"),
            (400, #"{"error":{"code":-32021}}"#, "speaks"),
            (400, #"{"error":{"code":-32022,"data":{"supported":["2026-07-28"]}}}"#, "speaks"),
            (400, #"{"error":{"code":-32022,"data":{"supported":["2025-11-25"]}}}"#, "silent"),
            (400, #"{"error":{"code":-32600,"message":"Missing session ID"}}"#, "silent"),
            (200, #"{"error":{"code":-32601}}"#, "silent"),
            (404, "", "silent"), (405, "", "silent"), (400, "[]", "silent"), (406, "", "silent"),
        ]
    )
    func modern(status: Int, body: String, expected: String) throws {
        let meaning = EraProbe.modern(status: status, document: try Self.document(body))
        #expect("\(Self.verdict(meaning))" == expected)
    }

    @Test(
        "MC-10: 401, 403, 429 and 5xx prove nothing, whatever their body says",
        arguments: [401, 403, 429, 500, 502, 503]
    )
    func unproven(status: Int) throws {
        let body = try Self.document(#"{"error":{"code":-32601}}"#)
        #expect(Self.verdict(EraProbe.modern(status: status, document: body)) == .unproven)
        #expect(Self.verdict(EraProbe.legacy(status: status, document: body)) == .unproven)
    }

    @Test(
        "LC-02: only a revision that is served counts as the legacy era",
        arguments: [
            (200, #"{"result":{"protocolVersion":"2025-11-25"}}"#, "speaks"),
            (200, #"{"result":{"protocolVersion":"2025-03-26"}}"#, "speaks"),
            (200, #"{"result":{"protocolVersion":"2024-11-05"}}"#, "speaks"),
            (200, #"{"result":{"protocolVersion":"2026-07-28"}}"#, "silent"),
            (200, #"{"result":{"protocolVersion":20251125}}"#, "silent"),
            (200, #"{"error":{"code":-32602}}"#, "silent"), (404, "", "silent"), (405, "", "silent"),
        ]
    )
    func legacy(status: Int, body: String, expected: String) throws {
        let meaning = EraProbe.legacy(status: status, document: try Self.document(body))
        #expect("\(Self.verdict(meaning))" == expected)
    }

    @Test("MC-06: our own modern requests carry the whole envelope")
    func envelope() throws {
        let body = EraProbe.discoverBody(id: .init(text: "toolgate-1"))
        let root = try JSONDocument(body).root
        #expect(root["method"]?.string?.text == "server/discover")
        #expect(root["id"]?.string?.text == "toolgate-1")
        let meta = root["params"]?["_meta"]
        #expect(meta?["io.modelcontextprotocol/protocolVersion"]?.string?.text == "2026-07-28")
        #expect(meta?["io.modelcontextprotocol/clientCapabilities"]?.kind == .object)
        #expect(meta?["io.modelcontextprotocol/clientInfo"]?["name"]?.string?.text == "toolgate")
    }

    @Test("LC-01: initialize offers the latest revision and no capability")
    func initialize() throws {
        let root = try JSONDocument(EraProbe.initializeBody(id: .init(text: "a"))).root
        #expect(root["params"]?["protocolVersion"]?.string?.text == "2025-11-25")
        #expect(root["params"]?["capabilities"]?.count == 0)
    }
}
