import Base
import HTTPWire
import Testing

@Suite("response machine")
struct ResponseMachineTests {
    @Test("a response with a length is read and its connection can be used again")
    func length() {
        let reading = ResponseReading(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
        #expect(reading.statuses == [200])
        #expect(reading.fields == [["content-type:application/json", "content-length:2"]])
        #expect(reading.body == Array("{}".utf8))
        #expect(reading.isComplete)
        #expect(reading.isReusable)
        #expect(reading.refusal == nil)
    }

    @Test("a chunked response is put together")
    func chunked() {
        let reading = ResponseReading("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        #expect(reading.body == Array("abc".utf8))
        #expect(reading.isComplete)
        #expect(reading.isReusable)
    }

    @Test(
        "a body without a length ends with the connection, which is not used again",
        arguments: [
            "HTTP/1.1 200 OK\r\n\r\nabc", "HTTP/1.0 200 OK\r\n\r\nabc", "HTTP/1.1 200 \r\nConnection: close\r\n\r\nabc",
        ]
    )
    func untilClose(text: String) {
        let reading = ResponseReading(text, closes: true)
        #expect(reading.refusal == nil)
        #expect(reading.body == Array("abc".utf8))
        #expect(reading.isComplete)
        #expect(!reading.isReusable)
        #expect(!ResponseReading(text).isComplete)
    }

    @Test(
        "a response that the connection cuts short is a truncation",
        arguments: [
            "", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        ]
    )
    func truncated(text: String) {
        #expect(ResponseReading(text, closes: true).refusal == .truncated)
    }

    @Test("interim responses are skipped, but not without end, and never a switch of protocols")
    func interim() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        #expect(ResponseReading(interim + interim + final).statuses == [200])
        #expect(ResponseReading(String(repeating: interim, count: 8) + final).statuses == [200])
        #expect(ResponseReading(String(repeating: interim, count: 9) + final).refusal == .tooManyInterimResponses)
        #expect(ResponseReading("HTTP/1.1 101 Switching Protocols\r\n\r\n").refusal == .unexpectedUpgrade)
        #expect(ResponseReading("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n").refusal == .unexpectedBody)
    }

    @Test(
        "responses that cannot have a body have none",
        arguments: [
            ("HTTP/1.1 204 No Content\r\n\r\n", HTTPMethod.post),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", .post),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", .get),
            ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", .head),
        ]
    )
    func bodiless(text: String, method: HTTPMethod) {
        let reading = ResponseReading(text, method: method)
        #expect(reading.isComplete)
        #expect(reading.body.isEmpty)
        #expect(reading.isReusable)
    }

    @Test("a 204 that announces a body is refused", arguments: ["Content-Length: 5", "Transfer-Encoding: chunked"])
    func noContentWithBody(line: String) {
        #expect(ResponseReading("HTTP/1.1 204 No Content\r\n\(line)\r\n\r\nhello").refusal == .unexpectedBody)
    }

    @Test("C4: bytes after a response, or before any request, poison the connection")
    func surplus() throws {
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        for rest in ["\n", "X", response] {
            let reading = ResponseReading(response + rest)
            #expect(reading.isComplete)
            #expect(reading.body == Array("{}".utf8))
            #expect(reading.refusal == .surplusBytes)
            #expect(!reading.isReusable)
        }
        var machine = HTTPResponseMachine()
        var position = 0
        let bytes = Array(response.utf8)
        #expect(throws: HTTPWireError.surplusBytes) { _ = try machine.next(bytes.span, &position) }
        machine.requestSent(.get)
        #expect(!machine.isReusable)
        #expect(throws: HTTPWireError.surplusBytes) { _ = try machine.next(bytes.span, &position) }
    }

    @Test(
        "C4: the length rules bind a response as they bind a request",
        arguments: [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                HTTPWireError.ambiguousLength
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .duplicateField),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", .malformedContentLength),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferCoding),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .ambiguousLength),
            ("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", .bareLineFeed),
            ("HTTP/1.1 200 OK\r\nX: 1\r\n y\r\n\r\n", .foldedLine),
            ("HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", .spaceBeforeColon),
            ("HTTP/1.1 200 OK\r\nX: \u{0}\r\n\r\n", .controlByte),
            ("HTTP/1.1 200\r\n\r\n", .malformedStartLine),
            ("HTTP/1.1  200 OK\r\n\r\n", .malformedStartLine),
            ("HTTP/1.1 20 OK\r\n\r\n", .malformedStartLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", .malformedStartLine),
            ("HTTP/1.1 +20 OK\r\n\r\n", .malformedStatus),
            ("HTTP/1.1 099 OK\r\n\r\n", .malformedStatus),
            ("HTTP/1.1 600 OK\r\n\r\n", .malformedStatus),
            ("HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion),
            ("ICY/1.0 200 OK\r\n\r\n", .malformedStartLine),
            ("HTTP/1.1 200 OK\r\nMcp-Session-Id: a\r\nMcp-Session-Id: b\r\n\r\n", .duplicateField),
            ("HTTP/1.1 200 OK\r\nConnection: Mcp-Session-Id\r\n\r\n", .nominatedField),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", .encodedBody),
            ("\r\nHTTP/1.1 200 OK\r\n\r\n", .malformedStartLine),
            ("garbage\r\n\r\n", .malformedStartLine),
        ]
    )
    func strictness(text: String, refusal: HTTPWireError) {
        let bytes = Array(text.utf8)
        #expect(ResponseReading(bytes).refusal == refusal)
        #expect(ResponseReading(bytes, cuts: Array(0..<bytes.count)).refusal == refusal)
    }

    @Test("what a real server may repeat or write in its own alphabet passes")
    func harmless() {
        let text =
            "HTTP/1.1 200 OK d\u{E9}j\u{E0}\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nServer: x\r\nServer: y\r\n"
            + "X-Name: caf\u{E9}\r\nContent-Length: 0\r\n\r\n"
        #expect(ResponseReading(text).refusal == nil)
    }

    @Test("H2: the head and the body of a response are bounded")
    func bounds() {
        let limits = HTTPLimits(maximumHeadBytes: 100, maximumFieldCount: 2, maximumBodyBytes: 3)
        func refusal(_ text: String) -> HTTPWireError? { ResponseReading(text, limits: limits, closes: true).refusal }
        #expect(refusal("HTTP/1.1 200 \(String(repeating: "x", count: 200))") == .headTooLarge)
        #expect(refusal("HTTP/1.1 200 \r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n") == .tooManyFields)
        #expect(refusal("HTTP/1.1 200 \r\n\r\nabc") == nil)
        #expect(refusal("HTTP/1.1 200 \r\n\r\nabcd") == .bodyTooLarge)
        #expect(refusal("HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nabcd") == .bodyTooLarge)
        #expect(refusal("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\n") == .bodyTooLarge)
    }

    @Test("one machine reads the responses of a connection one after the other")
    func reuse() throws {
        var machine = HTTPResponseMachine()
        let bytes = Array("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".utf8)
        for _ in 0..<3 {
            #expect(machine.isReusable)
            machine.requestSent(.post)
            #expect(machine.isAwaitingFirstByte)
            var position = 0
            var events = 0
            while try machine.next(bytes.span, &position) != nil {
                events += 1
            }
            #expect(events == 2)
        }
        let event = try machine.inputEnded()
        #expect(event.map { _ in true } == nil)
        #expect(!machine.isReusable)
    }
}
