import Base
import HTTPWire
import Testing

@Suite("request machine")
struct RequestMachineTests {
    static let call = """
        POST /mcp/crm?x=1 HTTP/1.1\r
        Host: 127.0.0.1:8080\r
        User-Agent: python-httpx/0.27\r
        Accept: application/json, text/event-stream\r
        Content-Type: application/json\r
        Authorization: Bearer tg_live_abc\r
        MCP-Protocol-Version: 2026-07-28\r
        Mcp-Method: tools/call\r
        Mcp-Name: create_lead\r
        Mcp-Param-Region:  eu \t\r
        content-LENGTH: 5\r
        \r
        hello
        """

    @Test("a call is read whole: head, body, end")
    func wholeCall() throws {
        let reading = Reading(Self.call)
        #expect(reading.refusal == nil)
        #expect(reading.isComplete)
        let request = try #require(reading.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/mcp/crm?x=1")
        #expect(request.body == "hello")
        #expect(request.keepAlive)
        #expect(request.fields.contains("mcp-param-region: eu"))
        #expect(request.fields.last == "content-length: 5")
    }

    @Test("known fields are found by number, path and query are told apart")
    func lookups() throws {
        var machine = HTTPRequestMachine()
        var position = 0
        let bytes = Array(Self.call.utf8)
        guard case .head(let head) = try machine.next(bytes.span, &position) else {
            Issue.record("no head")
            return
        }
        #expect(head.fields[.host]?.isEqual(to: "127.0.0.1:8080") == true)
        #expect(head.fields[.mcpName]?.isEqual(to: "create_lead") == true)
        #expect(head.fields[.authorization]?.isEqual(to: "Bearer tg_live_abc") == true)
        #expect(head.fields[.cookie] == nil)
        #expect(head.fields.value(named: "mcp-param-region")?.isEqual(to: "eu") == true)
        #expect(head.path.isEqual(to: "/mcp/crm"))
        #expect(head.query?.isEqual(to: "x=1") == true)
        #expect(head.bodyFraming == .length(5))
        #expect(!head.expectsContinue)
    }

    @Test("every known name is recognised in every case, and a neighbour of it is not")
    func knownNames() {
        for field in KnownField.allCases {
            let name = ByteString(stringLiteral: field.name).bytes
            let letters = String(decoding: name.filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
            #expect(letters.lowercased() == "\(field)".lowercased(), "the table of names is out of order")
            #expect(KnownField(name: name) == field)
            #expect(KnownField(name: name.map { (97...122).contains($0) ? $0 - 32 : $0 }) == field)
            #expect(KnownField(name: name + [97]) == nil)
            #expect(KnownField(name: name.dropLast() + [48]) == nil)
        }
        #expect(KnownField(name: [] as [UInt8]) == nil)
    }

    @Test("a known name with any one byte changed is not that name")
    func neighboursOfKnownNames() {
        for field in KnownField.allCases {
            let name = ByteString(stringLiteral: field.name).bytes
            #expect(name.count <= 32, "the table of names compares 32 bytes")
            for place in name.indices {
                var mismatches = 0
                // Every byte that differs from the right one in a single bit, and the marks closest to folding into one.
                for byte in (0..<8).map({ name[place] ^ 1 << $0 }) + Array("_^@[]~`.0".utf8) {
                    guard byte | 0x20 != name[place] | 0x20 || byte &- 0x41 > 57, byte >= 0x20, byte != 58 else {
                        continue
                    }
                    let changed = name[..<place] + [byte] + name[(place + 1)...]
                    let bytes = Array("GET / HTTP/1.0\r\n".utf8) + changed + Array(": x\r\n\r\n".utf8)
                    var machine = HTTPRequestMachine()
                    var position = 0
                    do throws(HTTPWireError) {
                        if case .head(let head) = try machine.next(bytes.span, &position) {
                            mismatches += head.fields.contains(field) ? 1 : 0
                        }
                    } catch {
                        continue
                    }
                }
                #expect(mismatches == 0, "\(field) at \(place)")
            }
        }
    }

    @Test("a chunked body is put together, its trailers are dropped")
    func chunked() {
        let reading = Reading(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00A\r\n, world!!!\r\n0\r\nX-Sum: 1\r\n\r\n"
        )
        #expect(reading.refusal == nil)
        #expect(reading.requests.map(\.body) == ["hello, world!!!"])
        #expect(reading.requests.first?.fields == ["host: a", "transfer-encoding: chunked"])
    }

    @Test("pipelined requests come one after the other")
    func pipelined() {
        let one = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
        let two = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        let reading = Reading(one + two + one)
        #expect(reading.refusal == nil)
        #expect(reading.requests.map(\.target) == ["/a", "/b", "/a"])
        #expect(reading.requests.map(\.body) == ["", "hi", ""])
    }

    @Test(
        "C3: nothing is read after a request that closes the connection",
        arguments: [
            "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\nContent-Length: 0\r\n\r\n",
        ]
    )
    func closing(text: String) {
        let reading = Reading(text + "GET /poison HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(reading.refusal == nil)
        #expect(reading.requests.map(\.target) == ["/a"])
        #expect(reading.requests.map(\.keepAlive) == [false])
    }

    @Test("C3: after a refusal the machine repeats it and reads nothing more")
    func staysRefused() {
        var machine = HTTPRequestMachine()
        var position = 0
        let bad = Array("GET /\nHost: a\r\n\r\n".utf8)
        let good = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(throws: HTTPWireError.bareLineFeed) { _ = try machine.next(bad.span, &position) }
        position = 0
        #expect(throws: HTTPWireError.bareLineFeed) { _ = try machine.next(good.span, &position) }
        #expect(position == 0)
        #expect(throws: HTTPWireError.bareLineFeed) { try machine.inputEnded() }
    }

    @Test("the end of the input is clean between requests and a truncation within one")
    func ends() throws {
        var machine = HTTPRequestMachine()
        #expect(machine.isBetweenRequests)
        try machine.inputEnded()
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi".utf8)
        for end in 1..<bytes.count {
            machine = HTTPRequestMachine()
            var position = 0
            let part = Array(bytes[..<end])
            while try machine.next(part.span, &position) != nil {}
            #expect(!machine.isBetweenRequests)
            #expect(throws: HTTPWireError.truncated) { try machine.inputEnded() }
        }
    }
}

@Suite("refusals")
struct RefusalTests {
    @Test("every reason has its own text and the status of a refusal")
    func reasons() {
        #expect(Set(HTTPWireError.allCases.map(\.description)).count == HTTPWireError.allCases.count)
        #expect(HTTPWireError.allCases.allSatisfy { [400, 413, 414, 415, 417, 431, 501, 505].contains($0.status) })
    }
}
