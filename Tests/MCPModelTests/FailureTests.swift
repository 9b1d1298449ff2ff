import Base
import JSONText
import MCPModel
import Testing

/// One line of tables 1.3 and 1.4: kind, modern status and code, legacy status and code when a request is answered.
struct FailureLine: Sendable, CustomTestStringConvertible {
    let kind: MCPFailureKind
    let modern: (status: Int, code: Int)
    let legacy: (status: Int, code: Int)

    init(_ kind: MCPFailureKind, _ modern: (Int, Int), _ legacy: (Int, Int)) {
        self.kind = kind
        self.modern = modern
        self.legacy = legacy
    }

    var testDescription: String { "\(kind)" }
}

@Suite("failures")
struct FailureTests {
    static let table: [FailureLine] = [
        FailureLine(.notJSON, (400, -32700), (400, -32700)),
        FailureLine(.invalidRequest, (400, -32600), (200, -32600)),
        FailureLine(.batch, (400, -32600), (400, -32600)),
        FailureLine(.missingMeta, (400, -32602), (400, -32602)),
        FailureLine(.invalidParams, (400, -32602), (200, -32602)),
        FailureLine(.headerMismatch, (400, -32020), (400, -32020)),
        FailureLine(.unsupportedVersion, (400, -32022), (400, -32022)),
        FailureLine(.missingCapability, (400, -32021), (200, -32021)),
        FailureLine(.methodNotFound, (404, -32601), (200, -32601)),
        FailureLine(.unknownTool, (400, -32602), (200, -32602)),
        FailureLine(.unknownPrompt, (400, -32602), (200, -32602)),
        FailureLine(.unknownResource, (400, -32602), (200, -32002)),
        FailureLine(.invalidHandle, (400, -32602), (200, -32602)),
        FailureLine(.eraUnavailable, (200, 4505), (200, 4505)),
        FailureLine(.internalError, (200, -32603), (200, -32603)),
        FailureLine(.sessionRequired, (400, -32600), (400, -32600)),
        FailureLine(.sessionEnded, (404, -32600), (404, -32600)),
        FailureLine(.originNotAllowed, (403, -32600), (403, -32600)),
        FailureLine(.hostNotAllowed, (421, -32600), (421, -32600)),
        FailureLine(.methodNotAllowed, (405, -32600), (405, -32600)),
        FailureLine(.notAcceptable, (406, -32600), (406, -32600)),
        FailureLine(.unsupportedMediaType, (415, -32600), (415, -32600)),
        FailureLine(.bodyTooLarge, (413, -32600), (413, -32600)),
        FailureLine(.overloaded, (503, -32600), (503, -32600)),
    ]

    @Test("status and code are those of tables 1.3 and 1.4", arguments: table)
    func line(_ line: FailureLine) {
        #expect(line.kind.status(in: .modern, answersRequest: true) == line.modern.status)
        #expect(line.kind.code(in: .modern) == line.modern.code)
        #expect(line.kind.status(in: .legacy, answersRequest: true) == line.legacy.status)
        #expect(line.kind.code(in: .legacy) == line.legacy.code)
    }

    @Test("the table has every kind, and none answers nobody with a 200")
    func isComplete() {
        #expect(Set(Self.table.map(\.kind)) == Set(MCPFailureKind.allCases))
        for kind in MCPFailureKind.allCases where kind != .internalError && kind != .eraUnavailable {
            #expect(kind.status(in: .modern, answersRequest: false) >= 400)
            #expect(kind.status(in: .legacy, answersRequest: false) >= 400)
        }
    }

    @Test("MS-49: no code of the specification's range but the three defined ones, no −32002 for modern clients")
    func codes() {
        for kind in MCPFailureKind.allCases {
            let code = kind.code(in: .modern)
            #expect(!(-32019 ... -32000).contains(code))
            if (-32099 ... -32020).contains(code) {
                #expect([-32020, -32021, -32022].contains(code))
            }
            #expect(code > 0 || code <= -32020)
        }
    }

    @Test("MS-04: an error has the request's id, a code and a sentence; null when there is no id")
    func body() {
        let failure = MCPFailure(.invalidParams, era: .legacy, id: RequestID(7), message: "no \"name\"")
        #expect(failure.body().text == #"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no \"name\""}}"#)
        let unread = MCPFailure(.notJSON, era: .modern, message: "bad")
        #expect(unread.body().text == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"bad"}}"#)
        #expect(unread.answering(RequestID(1)).id == RequestID(1))
    }

    @Test("D12, MS-45: a hidden and an unknown tool are answered with the same bytes but for the name")
    func unknownTool() {
        let hidden = MCPFailure.unknownTool("wipe", id: RequestID(1), era: .modern)
        let unknown = MCPFailure.unknownTool("nope", id: RequestID(1), era: .modern)
        #expect(
            hidden.body().text == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: wipe"}}"#
        )
        #expect(hidden.body().text.replacing("wipe", with: "nope") == unknown.body().text)
        #expect((hidden.status, unknown.answering(nil).kind) == (400, .unknownTool))
        #expect(MCPFailure.unknownTool("wipe", id: RequestID(1), era: .legacy).status == 200)
    }

    @Test("MS-48: a resource nobody sees is −32602, and −32002 for legacy clients")
    func unknownResource() {
        let modern = MCPFailure.unknownResource("file:///x", id: RequestID(1), era: .modern)
        #expect(
            modern.body().text == """
                {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Resource not found",\
                "data":{"uri":"file:///x"}}}
                """
        )
        let legacy = MCPFailure.unknownResource("file:///x", id: RequestID(1), era: .legacy)
        #expect(legacy.code == -32002)
        let prompt = MCPFailure.unknownPrompt("greet", id: RequestID(1), era: .modern)
        #expect((prompt.code, prompt.message) == (-32602, "Unknown prompt: greet"))
    }

    @Test("MS-13: a revision that is not served is told which are")
    func unsupported() {
        let failure = MCPFailure.unsupportedVersion(requested: "v999.0.0", id: RequestID(1))
        #expect(
            failure.body().text == """
                {"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"Unsupported protocol version",\
                "data":{"supported":["2026-07-28"],"requested":"v999.0.0"}}}
                """
        )
        #expect(failure.status == 400)
    }

    @Test("MS-19: a missing capability is named as an object")
    func capability() {
        let failure = MCPFailure.missingCapability([.sampling, .elicitationURL], id: RequestID(1))
        #expect(failure.data?.text == #"{"requiredCapabilities":{"elicitation":{"url":{}},"sampling":{}}}"#)
        #expect((failure.status, failure.code) == (400, -32021))
    }

    @Test("X-25: what a stranger wrote comes back in bounded length, cut between scalars")
    func bounded() {
        let long = ByteString(String(repeating: "é", count: 500))
        let failure = MCPFailure.methodNotFound(long, id: RequestID(1), era: .modern)
        #expect(failure.message.count <= 160)
        let isValid = UTF8Check.isValid(failure.message.bytes.span)
        #expect(isValid)
        #expect(MCPFailure.internalError("x", id: RequestID(1), era: .legacy).status == 200)
    }
}
