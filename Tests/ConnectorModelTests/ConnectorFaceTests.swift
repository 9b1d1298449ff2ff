import Base
import ConnectorModel
import JSONText
import Testing

/// A connector as an MCP server: what it says of itself and of its tools.
@Suite struct ConnectorFaceTests {
    static let tools = """
          look:
            title: Look
            description: looks
            class: read
            input: {type: object, additionalProperties: false}
            request: {get: /x}
          Run:
            class: execute
            limit: {max: 10, window: minute}
            overwrites: true
            input: {type: object, additionalProperties: false}
            request: {post: /x}
        """

    static func face() throws -> ConnectorFace { ConnectorFace(try ConnectorFixture.instance(tools).connector) }

    static func answered(_ message: String, isModern: Bool) throws -> JSONValue {
        guard case .answered(let bytes) = try face().read(JSONDocument(Array(message.utf8)).root, isModern: isModern)
        else {
            throw ConnectorFixtureProblem()
        }
        return try JSONDocument(bytes).root
    }

    @Test func `it speaks the modern era without sessions`() throws {
        let message = #"{"jsonrpc":"2.0","id":"a","method":"server/discover","params":{}}"#
        let result = try #require(try Self.answered(message, isModern: true)["result"])
        #expect(result["supportedVersions"]?.element(at: 0)?.string?.text == "2026-07-28")
        #expect(result["resultType"]?.string?.text == "complete")
    }

    @Test(arguments: [("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("1999-01-01", "2025-11-25")])
    func `it agrees on a legacy revision`(asked: String, agreed: String) throws {
        let message = #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"\#(asked)"}}"#
        let result = try Self.answered(message, isModern: false)["result"]
        #expect(result?["protocolVersion"]?.string?.text == agreed)
    }

    @Test func `a tool says what it is, its class among the rest`() throws {
        let message = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
        let tools = try #require(try Self.answered(message, isModern: false)["result"]?["tools"])
        #expect(tools.count == 2)
        let look = try #require(tools.element(at: 0))
        #expect(look["annotations"]?["readOnlyHint"]?.boolean == true)
        #expect(look["_meta"]?["dev.toolgate/class"]?.string?.text == "read")
        let run = try #require(tools.element(at: 1))
        #expect(run["annotations"]?["destructiveHint"]?.boolean == true)
        #expect(run["description"] == nil)
    }

    @Test(arguments: [
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope"}}"#, -32_602),
        (#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#, -32_601),
    ])
    func `what there is not is an error of the protocol`(message: String, code: Int) throws {
        #expect(try Self.answered(message, isModern: true)["error"]?["code"]?.number?.int == code)
    }

    @Test func `the recommended policy is the catalogue's`() throws {
        let policy = try JSONDocument(try ConnectorFixture.instance(Self.tools).connector.recommendedPolicy).root
        let wanted = """
            {"version":"1","default":"deny","tools":{"look":{},"Run":{"limits":[
            {"counter":"run_rate","window":"minute","max":10,"scope":"grant"}]}}}
            """
        #expect(policy.isEqual(to: try JSONDocument(Array(wanted.utf8)).root))
    }
}

struct ConnectorFixtureProblem: Error {}
