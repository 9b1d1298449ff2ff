import Base
import JSONText
import MCPModel
import Testing

/// One POST for the table of section 3.9, and what must come of it.
struct EraLine: Sendable, CustomTestStringConvertible {
    enum Expectation: Sendable, Equatable {
        case claim(RevisionClaim)
        case failure(MCPFailureKind)
    }

    let header: String?
    let body: String
    let expected: Expectation

    init(_ header: String?, _ body: String, _ expected: Expectation) {
        self.header = header
        self.body = body
        self.expected = expected
    }

    var testDescription: String { "\(header ?? "–") \(body)" }
}

@Suite("which era a POST belongs to")
struct EraTests {
    private static let bare = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
    private static let opening = """
        {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}
        """
    private static func enveloped(_ version: String, method: String = "tools/list") -> String {
        """
        {"jsonrpc":"2.0","id":1,"method":"\(method)","params":{"_meta":{\
        "io.modelcontextprotocol/protocolVersion":\(version),"io.modelcontextprotocol/clientCapabilities":{}}}}
        """
    }
    private static let halfEnveloped = """
        {"jsonrpc":"2.0","id":1,"method":"tools/list",\
        "params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}}
        """
    private static let modernOnly = #"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{}}"#
    private static let note = #"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#
    private static let answer = #"{"jsonrpc":"2.0","id":"x","result":{}}"#

    static let table: [EraLine] = [
        EraLine(nil, bare, .claim(.session(declared: nil))),
        EraLine("2025-03-26", bare, .claim(.session(declared: .march2025))),
        EraLine("2025-11-25", bare, .claim(.session(declared: .november2025))),
        EraLine(nil, opening, .claim(.handshake)),
        EraLine("2025-06-18", opening, .claim(.handshake)),
        EraLine("2026-07-28", opening, .failure(.headerMismatch)),
        EraLine("2026-07-28", enveloped(#""2026-07-28""#), .claim(.modern(.july2026))),
        EraLine("2026-07-28", bare, .failure(.headerMismatch)),
        EraLine("2026-07-28", halfEnveloped, .failure(.missingMeta)),
        EraLine("2026-07-28", modernOnly, .failure(.missingMeta)),
        EraLine(nil, enveloped(#""2026-07-28""#), .failure(.headerMismatch)),
        EraLine("2025-11-25", enveloped(#""2026-07-28""#), .failure(.headerMismatch)),
        EraLine("2026-07-28", enveloped(#""v999.0.0""#), .failure(.headerMismatch)),
        EraLine("2026-07-28", enveloped(#""2025-11-25""#), .failure(.headerMismatch)),
        EraLine("v999.0.0", enveloped(#""v999.0.0""#), .failure(.unsupportedVersion)),
        EraLine("2025-11-25", enveloped(#""2025-11-25""#), .failure(.unsupportedVersion)),
        EraLine("2026-07-28", enveloped("20260728"), .failure(.missingMeta)),
        EraLine("2026-07-28", enveloped("null"), .failure(.missingMeta)),
        EraLine("v999.0.0", bare, .failure(.unsupportedVersion)),
        EraLine("2024-11-05", bare, .failure(.unsupportedVersion)),
        EraLine("2024-11-05", opening, .failure(.unsupportedVersion)),
        EraLine("2025-06-18, 2025-06-18", bare, .failure(.headerMismatch)),
        EraLine("", bare, .failure(.headerMismatch)),
        EraLine("2025-06-18", note, .claim(.session(declared: .june2025))),
        EraLine("2026-07-28", note, .claim(.modern(.july2026))),
        EraLine(nil, answer, .claim(.session(declared: nil))),
        EraLine("2026-07-28", answer, .failure(.invalidRequest)),
        EraLine(nil, modernOnly, .failure(.methodNotFound)),
        EraLine("2025-11-25", modernOnly, .failure(.methodNotFound)),
    ]

    @Test("A9, MS-13, MS-55, LS-08: header and body decide together, and never against each other", arguments: table)
    func line(_ line: EraLine) {
        let headers = Fixture.headers(version: line.header, method: "tools/list")
        let found: EraLine.Expectation
        do throws(MCPFailure) {
            // The notification of the table names another method than the header.
            var fields = headers
            fields.method = line.body.contains("cancelled") ? nil : headers.method
            found = .claim(try Fixture.post(line.body, fields).claim)
        } catch {
            found = .failure(error.kind)
            #expect(error.status == (error.kind == .methodNotFound ? 200 : 400))
        }
        #expect(found == line.expected)
    }

    @Test(
        "MS-13: who names a revision in the header alone is told of all that are served",
        arguments: ["2024-11-05", "v999.0.0"]
    )
    func listed(header: String) throws {
        let failure = try #require(Fixture.failure(Self.bare, Fixture.headers(version: header, method: "tools/list")))
        #expect(
            failure.data?.text
                == #"{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"requested":"\#(header)"}"#
        )
        let modern = try #require(
            Fixture.failure(Self.enveloped("\"\(header)\""), Fixture.headers(version: header, method: "tools/list"))
        )
        #expect(modern.data?.text.contains(#""supported":["2026-07-28"]"#) == true, "its body says that it is modern")
    }

    @Test(
        "MS-18: every method that modern revisions removed is 404 with the id, the enveloped initialize too",
        arguments: [
            "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "unknown/method",
            "sampling/createMessage", "roots/list", "elicitation/create", "tasks/list", "tasks/get",
            "notifications/progress",
        ]
    )
    func removed(method: String) throws {
        let body = Fixture.modernBody(method, id: "\"q\"")
        let failure = try #require(Fixture.failure(body, Fixture.headers(method: method)))
        #expect((failure.status, failure.code) == (404, -32601))
        #expect(failure.id?.json.text == "\"q\"")
    }

    @Test("LS-08: a header that is not the session's revision is refused at 400")
    func otherSession() throws {
        let post = try Fixture.post(Self.bare, Fixture.headers(version: "2025-03-26"))
        #expect(throws: MCPFailure.self) { try post.settle(session: .november2025) }
        #expect(try post.settle(session: .march2025)?.policyClass == .toolList)
        let silent = try Fixture.post(Self.bare)
        #expect(try silent.settle(session: .november2025)?.policyClass == .toolList)
    }

    @Test("A14: a session only knows the methods of its own revision")
    func sessionMethods() throws {
        let post = try Fixture.post(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        #expect(try post.settle(session: .march2025)?.handling == .answered)
        #expect(Fixture.failure(#"{"jsonrpc":"2.0","id":1,"method":"elicitation/create"}"#)?.code == -32601)
        #expect(
            Fixture.failure(#"{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t"}}"#)?.code == -32601
        )
    }

    @Test(
        "MS-12: a modern request without, or with another, Mcp-Method or Mcp-Name is −32020",
        arguments: [
            (nil, "search", true), ("tools/list", "search", true), ("tools/call", nil, true),
            ("tools/call", "other", true),
            ("tools/call", "=?base64?c2VhcmNo?=", false), ("tools/call", "search", false),
            ("TOOLS/CALL", "search", true),
            ("tools/call", "Search", true), ("tools/call", "=?base64?c2VhcmNo=?=", true),
        ] as [(String?, String?, Bool)]
    )
    func headers(method: String?, name: String?, isRefused: Bool) {
        let body = Fixture.modernBody("tools/call", #""name":"search""#)
        let failure = Fixture.failure(body, Fixture.headers(method: method, name: name))
        #expect((failure?.code == -32020 && failure?.status == 400) == isRefused)
        #expect((failure == nil) == !isRefused)
    }

    @Test("MS-12: a resource is named by its URI, a prompt by its name")
    func names() throws {
        #expect(try Fixture.modernRequest("resources/read", #""uri":"file:///a""#).name == "file:///a")
        #expect(try Fixture.modernRequest("prompts/get", #""name":"p""#).name == "p")
        #expect(try Fixture.modernRequest("tools/list").name == nil)
    }

    @Test(
        "MS-14: without clientCapabilities a modern request is −32602 at 400; clientInfo may be missing",
        arguments: [
            (#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#, false),
            (
                #""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":[]"#,
                false
            ),
            (#"\#(Fixture.envelope),"io.modelcontextprotocol/clientInfo":"me""#, false),
            (#"\#(Fixture.envelope),"io.modelcontextprotocol/logLevel":"loud""#, false),
            (Fixture.envelope, true),
        ]
    )
    func meta(meta: String, isComplete: Bool) {
        let body = Fixture.modernBody("tools/list", meta: meta)
        let failure = Fixture.failure(body, Fixture.headers(method: "tools/list"))
        #expect((failure == nil) == isComplete)
        if let failure {
            #expect((failure.code, failure.status, failure.id) == (-32602, 400, RequestID(1)))
        }
    }

    @Test("MS-20: capabilities, identity and log level are those of this request")
    func envelope() throws {
        let meta = """
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":\
            {"elicitation":{"url":{}},"roots":{},"extensions":{"x/y":{}}},\
            "io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/logLevel":"error"
            """
        let envelope = try #require(try Fixture.modernRequest("tools/list", meta: meta).envelope)
        #expect(envelope.capabilities == [.elicitationURL, .roots])
        #expect((envelope.client?.name, envelope.client?.version) == ("c", "1"))
        #expect(envelope.logLevel == .error)
        #expect(envelope.revision == .july2026)
    }

    @Test("A9: the same call is the same call in every revision")
    func sameCall() throws {
        let params = #""name":"wipe","arguments":{"id":1}"#
        let modern = try Fixture.modernRequest("tools/call", params)
        for version in [nil, "2025-03-26", "2025-06-18", "2025-11-25"] as [String?] {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{\#(params)}}"#
            let legacy = try Fixture.request(body, Fixture.headers(version: version))
            #expect(legacy.method == modern.method)
            #expect(legacy.name == modern.name)
            #expect(legacy.arguments?.rawBytes.elementsEqual(modern.arguments?.rawBytes ?? []) == true)
        }
    }
}
