import Base
import HTTPWire
import JSONText
import MCPModel
import Testing

@testable import Upstreams

@Suite("heads that go to servers")
struct OutgoingHeadTests {
    private static func kind(_ problem: UpstreamConfiguration.Problem) -> String {
        switch problem {
        case .badName: "badName"
        case .badValue: "badValue"
        case .reserved: "reserved"
        case .duplicate: "duplicate"
        }
    }

    private func configuration(_ headers: [(ByteString, String)] = []) throws -> UpstreamConfiguration {
        try UpstreamConfiguration(
            name: "crm",
            address: UpstreamAddress("https://crm.test/mcp".utf8),
            headers: headers.map { UpstreamHeader(name: $0.0, value: Secret(Array($0.1.utf8))) }
        )
    }

    private func lines(_ message: UpstreamMessage, _ headers: [(ByteString, String)] = []) throws -> [String] {
        guard case .http(let address, let headers) = try configuration(headers).way else {
            return []
        }
        let fields = try OutgoingHead(address, headers: headers).fields(for: message)
        return fields.map { field in
            "\(String(decoding: field.name, as: UTF8.self)): \(String(decoding: field.value, as: UTF8.self))"
        }
    }

    @Test("MC-01 MC-02: a modern request carries version, method and name as its body has them")
    func modern() throws {
        let call = UpstreamMessage(
            posting: [],
            requestID: RequestID(1),
            method: .toolsCall,
            revision: .july2026,
            name: "création",
            sessionID: "must-not-go"
        )
        let lines = try lines(call, [("Authorization", "Bearer up")])
        #expect(
            lines == [
                "host: crm.test", "content-type: application/json", "accept: application/json, text/event-stream",
                "accept-encoding: identity", "user-agent: toolgate/\(ProductVersion.text)",
                "authorization: Bearer up", "mcp-protocol-version: 2026-07-28", "mcp-method: tools/call",
                "mcp-name: =?base64?Y3LDqWF0aW9u?=",
            ]
        )
    }

    @Test("MC-03: argument headers go out as they were computed")
    func parameters() throws {
        let schema = #"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#
        let rules = try ParameterHeaders(inputSchema: JSONDocument(Array(schema.utf8)).root)
        let arguments = try JSONDocument(Array(#"{"region":" eu"}"#.utf8)).root
        let call = UpstreamMessage(
            posting: [],
            requestID: RequestID(1),
            method: .toolsCall,
            revision: .july2026,
            name: "a",
            parameters: try rules.fields(for: arguments)
        )
        #expect(try lines(call).contains("mcp-param-region: =?base64?IGV1?="))
    }

    @Test(
        "LC-03 LC-04: legacy requests carry session and negotiated revision, initialize neither revision nor Mcp headers"
    )
    func legacy() throws {
        let initialize = UpstreamMessage(
            posting: [],
            requestID: RequestID(1),
            method: .initialize,
            revision: .november2025
        )
        #expect(try !lines(initialize).contains { $0.hasPrefix("mcp-") })
        let call = UpstreamMessage(
            posting: [],
            requestID: RequestID(2),
            method: .toolsCall,
            revision: .june2025,
            name: "a",
            sessionID: "s-1"
        )
        let mcp = try lines(call).filter { $0.hasPrefix("mcp-") }
        #expect(mcp == ["mcp-protocol-version: 2025-06-18", "mcp-session-id: s-1"])
        let oldest = UpstreamMessage(posting: [], requestID: nil, method: nil, revision: .march2025, sessionID: "s")
        #expect(try lines(oldest).filter { $0.hasPrefix("mcp-") } == ["mcp-session-id: s"])
    }

    @Test("LC-06: a session's stream goes on behind the last event")
    func sessionStream() throws {
        let get = UpstreamMessage(.get, sessionID: "s", revision: .november2025, lastEventID: "e-7")
        let lines = try lines(get)
        #expect(lines.contains("accept: text/event-stream"))
        #expect(lines.contains("last-event-id: e-7"))
        #expect(!lines.contains { $0.hasPrefix("content-type") })
    }

    @Test(
        "C6: a configured header that cannot be sent is an error of the configuration, never dropped",
        arguments: [
            ("X-Key", "a\r\nHost: evil", "badValue"), ("X-Key", "ää", "badValue"), ("X Key", "q1", "badName"),
            ("Host", "evil", "reserved"), ("content-length", "17", "reserved"), ("Mcp-Session-Id", "q1", "reserved"),
            ("MCP-Anything", "q1", "reserved"), ("Accept", "q1", "reserved"),
        ]
    )
    func configuredHeaders(name: String, value: String, problem: String) throws {
        let address = try UpstreamAddress("https://crm.test/".utf8)
        do throws(UpstreamConfiguration.Problem) {
            _ = try UpstreamConfiguration(
                name: "crm",
                address: address,
                headers: [UpstreamHeader(name: ByteString(name), value: Secret(Array(value.utf8)))]
            )
            Issue.record("\(name) passed")
        } catch {
            #expect("\(Self.kind(error))" == problem)
            #expect(!"\(error)".contains(value), "the value must not be told")
        }
    }
}
