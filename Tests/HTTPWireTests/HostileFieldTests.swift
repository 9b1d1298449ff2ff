import Base
import HTTPWire
import Testing

/// Threat C5 of security.md, the bounds of H2, and what both mean for fields.
@Suite("hostile fields")
struct HostileFieldTests {
    private func refusal(_ lines: String) -> HTTPWireError? {
        Reading("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n").refusal
    }

    @Test(
        "C5: a second field of a kind that may stand once is refused, whatever its case",
        arguments: [
            "Host", "Authorization", "Content-Type", "Content-Length", "Transfer-Encoding", "Origin", "Mcp-Session-Id",
            "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Param-Region", "Mcp-Anything", "Last-Event-ID",
            "Expect",
            "Content-Encoding", "User-Agent", "traceparent", "Proxy-Authorization", "Referer",
        ]
    )
    func duplicates(name: String) {
        let value = name == "Host" ? "b" : name == "Content-Length" ? "0" : "chunked"
        #expect(refusal("\(name): \(value)\r\nX: 1\r\n\(name.uppercased()): \(value)") == .duplicateField)
        #expect(refusal("\(name.lowercased()): \(value)\r\n\(name): \(value)") == .duplicateField)
    }

    @Test(
        "lists may stand several times and are joined",
        arguments: [
            KnownField.accept, .cookie, .cacheControl, .xForwardedFor, .acceptEncoding,
        ]
    )
    func lists(field: KnownField) throws {
        let lines = "\(field.name): a\r\nX: 1\r\n\(field.name):  b "
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n".utf8)
        var machine = HTTPRequestMachine()
        var position = 0
        guard case .head(let head) = try machine.next(bytes.span, &position) else {
            Issue.record("no head")
            return
        }
        #expect(head.fields.count(of: field) == 2)
        #expect(head.fields.combined(field) == Array("a, b".utf8))
        #expect(head.fields[field]?.isEqual(to: "a") == true)
        #expect(head.fields.combined(.origin) == nil)
    }

    @Test(
        "C5: a name that only its separator tells from a known one is refused",
        arguments: [
            "Content_Length", "content.length", "Transfer_Encoding", "Mcp_Name", "MCP_PARAM_REGION", "mcp.method",
            "Mcp-Param_X",
            "X_Forwarded_For", "HOST_", "Authorization_", "Last_Event-ID", "mcp`session`id", "mcp|name", "mcp~name",
            "mcp+name",
        ]
    )
    func twins(name: String) {
        let isKnownWithoutMark = name.hasSuffix("_")
        #expect(refusal("\(name): 1") == (isKnownWithoutMark ? nil : .twinFieldName))
    }

    @Test(
        "names with marks that are no twin of ours pass",
        arguments: ["X_Custom", "my.header", "a!b", "x-1", "1", "_"]
    )
    func harmlessMarks(name: String) {
        #expect(refusal("\(name): 1") == nil)
    }

    @Test(
        "C5: Connection may name only what belongs to the connection",
        arguments: [
            "Authorization", "close, Mcp-Name", "mcp-param-x", "content-length", "Host",
            "keep-alive,\tTransfer-Encoding",
            "Cookie", "MCP-PROTOCOL-VERSION", "x-forwarded-for",
        ]
    )
    func nominations(value: String) {
        #expect(refusal("Connection: \(value)") == .nominatedField)
        #expect(refusal("Connection: keep-alive\r\nConnection: \(value)") == .nominatedField)
    }

    @Test("C5: trailers are checked and never become fields")
    func trailers() throws {
        let reading = Reading(
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
                + "Authorization: Bearer x\r\nMcp-Name: evil\r\nContent-Length: 9\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        #expect(reading.refusal == nil)
        #expect(reading.requests.map(\.target) == ["/a", "/b"])
        #expect(reading.requests.first?.fields == ["host: a", "transfer-encoding: chunked"])
    }

    @Test("bytes beyond ASCII are refused where we know the field and kept where we do not")
    func highBytes() throws {
        for name in ["Authorization", "Mcp-Name", "Mcp-Param-City", "Origin", "Content-Type"] {
            #expect(refusal("\(name): caf\u{E9}") == .nonASCIIValue)
        }
        #expect(refusal("X-Custom: caf\u{E9}") == nil)
    }

    @Test("H2: bytes, fields, target, trailers and body are bounded, at the limit and one beyond")
    func bounds() {
        let limits = HTTPLimits(
            maximumHeadBytes: 200,
            maximumFieldCount: 4,
            maximumTargetBytes: 20,
            maximumBodyBytes: 10,
            maximumTrailerBytes: 20,
            maximumTrailerCount: 2
        )
        func refusal(_ text: String) -> HTTPWireError? {
            let bytes = Array(text.utf8)
            let whole = Reading(bytes, limits: limits)
            let bytewise = Reading(bytes, cuts: Array(0..<bytes.count), limits: limits)
            #expect(whole.refusal == bytewise.refusal)
            return whole.refusal
        }
        let head = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let room = 200 - head.utf8.count - 4
        #expect(refusal("\(head)\(String(repeating: "x", count: room))\r\n\r\n") == nil)
        #expect(refusal("\(head)\(String(repeating: "x", count: room + 1))\r\n\r\n") == .headTooLarge)
        #expect(refusal("\(head)\(String(repeating: "x", count: 100 * room))") == .headTooLarge)

        let fields = (0..<3).map { "X\($0): 1\r\n" }.joined()
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == nil)
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\n\(fields)Y: 1\r\n\r\n") == .tooManyFields)

        let path = "/" + String(repeating: "p", count: 19)
        #expect(refusal("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
        #expect(refusal("GET \(path)p HTTP/1.1\r\nHost: a\r\n\r\n") == .targetTooLong)
        #expect(refusal("GET \(String(repeating: path, count: 20))") == .targetTooLong)

        let post = "POST / HTTP/1.1\r\nHost: a\r\n"
        #expect(refusal("\(post)Content-Length: 10\r\n\r\n0123456789") == nil)
        #expect(refusal("\(post)Content-Length: 11\r\n\r\n") == .bodyTooLarge)
        let chunked = "\(post)Transfer-Encoding: chunked\r\n\r\n"
        #expect(refusal("\(chunked)5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n") == nil)
        #expect(refusal("\(chunked)5\r\n01234\r\n6\r\n") == .bodyTooLarge)
        #expect(refusal("\(chunked)0\r\nX: 34567890123456\r\n\r\n") == .trailersTooLarge)
        #expect(refusal("\(chunked)0\r\nX: 345678901234\r\n\r\n") == nil)
        #expect(refusal("\(chunked)0\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n") == .trailersTooLarge)

        #expect(HTTPWireError.headTooLarge.status == 431)
        #expect(HTTPWireError.tooManyFields.status == 431)
        #expect(HTTPWireError.targetTooLong.status == 414)
        #expect(HTTPWireError.bodyTooLarge.status == 413)
    }

    @Test("H2: a name beyond any use is refused")
    func longNames() {
        #expect(refusal("\(String(repeating: "x", count: 256)): 1") == nil)
        #expect(refusal("\(String(repeating: "x", count: 257)): 1") == .malformedFieldName)
    }

    @Test("H3: a head of the largest allowed size is read in linear time however it is cut")
    func linear() {
        let limits = HTTPLimits(maximumHeadBytes: 1 << 20)
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 1_000_000))\r\n\r\n".utf8)
        // A second reference to the bytes collected so far would make this a copy of a megabyte per piece: minutes, not
        // milliseconds.
        let reading = Reading(bytes, cuts: Array(stride(from: 0, to: bytes.count, by: 16)), limits: limits)
        #expect(reading.requests.count == 1)
    }
}
