import Base
import HTTPWire
import Testing

@Suite("serialiser")
struct SerializerTests {
    private func fields(_ pairs: (String, String)...) throws -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in pairs {
            try fields.append(name: Array(name.utf8), value: Array(value.utf8))
        }
        return fields
    }

    @Test("a request is written to the letter")
    func request() throws {
        var fields = HTTPFields()
        fields.append(.host, "upstream:8080")
        fields.append(.mcpMethod, "tools/call")
        try fields.append(name: Array("Mcp-Param-Region".utf8), value: Array("eu west".utf8))
        var output: [UInt8] = []
        try HTTPSerializer.append(
            requestHead: .post,
            target: Array("/mcp?a=b".utf8),
            fields: fields,
            framing: .length(12),
            to: &output
        )
        #expect(
            String(decoding: output, as: UTF8.self)
                == "POST /mcp?a=b HTTP/1.1\r\nHost: upstream:8080\r\nMcp-Method: tools/call\r\nmcp-param-region: eu west\r\n"
                + "Content-Length: 12\r\n\r\n"
        )
    }

    @Test(
        "a response is written to the letter",
        arguments: [
            (200, HTTPBodyFraming.length(2), true, "HTTP/1.1 200 OK\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n"),
            (
                429, .chunked, true,
                "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
            ),
            (204, .none, true, "HTTP/1.1 204 No Content\r\nRetry-After: 3\r\n\r\n"),
            (299, .none, false, "HTTP/1.1 299 Unknown\r\nRetry-After: 3\r\nConnection: close\r\n\r\n"),
            (200, .untilClose, false, "HTTP/1.1 200 OK\r\nRetry-After: 3\r\nConnection: close\r\n\r\n"),
        ]
    )
    func response(status: Int, framing: HTTPBodyFraming, keepAlive: Bool, expected: String) throws {
        var fields = HTTPFields()
        try fields.append(.retryAfter, decimal: 3)
        var output: [UInt8] = []
        try HTTPSerializer.append(
            responseHead: status,
            fields: fields,
            framing: framing,
            keepAlive: keepAlive,
            to: &output
        )
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }

    @Test(
        "C6: a value with a byte that cannot stand is refused, never dropped or repaired",
        arguments: [
            "a\r\nX: 1", "a\r", "a\n", "\n", "a\u{0}b", "\u{7F}", "a\u{1B}[0m", "caf\u{E9}", " a", "a ", "\ta", " ",
            "a\u{85}b",
        ]
    )
    func badValues(value: String) {
        let bytes = Array(value.utf8)
        var fields = HTTPFields()
        for known in [KnownField.authorization, .mcpName, .accept] {
            #expect(throws: HTTPSerializerError.badValue) { try fields.append(known, bytes) }
        }
        #expect(throws: HTTPSerializerError.badValue) {
            try fields.append(name: Array("Mcp-Param-X".utf8), value: bytes)
        }
        #expect(fields.isEmpty)
        #expect(!HTTPFields.isWritable(value: bytes))
    }

    @Test("C6: every single byte stands in a value exactly if it is visible ASCII")
    func everyByte() {
        for byte in UInt8.min...UInt8.max {
            #expect(HTTPFields.isWritable(value: [byte]) == (0x21...0x7E).contains(byte))
            #expect(HTTPFields.isWritable(value: [97, byte, 97]) == ((0x20...0x7E).contains(byte) || byte == 9))
        }
        #expect(HTTPFields.isWritable(value: []))
    }

    @Test("C6: a name that is no token is refused", arguments: ["", "a b", "a:", "a\r\n", "é", "a/b", "a\u{0}", "(a)"])
    func badNames(name: String) {
        var fields = HTTPFields()
        #expect(throws: HTTPSerializerError.badName) { try fields.append(name: Array(name.utf8), value: [97]) }
    }

    @Test(
        "C6: a target that would not be read back as it is is refused",
        arguments: [
            "", "a", "//a", "/a b", "/a\r\nX: 1", "/é", "/a#b", "/%", "/%4", "/a\\b", "*", "http://a/", "/a\u{0}",
            "/{x}",
        ]
    )
    func badTargets(target: String) {
        var fields = HTTPFields()
        fields.append(.host, "a")
        var output: [UInt8] = []
        #expect(throws: HTTPSerializerError.badTarget) {
            try HTTPSerializer.append(
                requestHead: .get,
                target: Array(target.utf8),
                fields: fields,
                framing: .none,
                to: &output
            )
        }
        #expect(output.isEmpty)
    }

    @Test("C6: a method that is no token, or CONNECT, is refused", arguments: ["", "GE T", "GET\r\n", "CONNECT", "é"])
    func badMethods(method: String) {
        var fields = HTTPFields()
        fields.append(.host, "a")
        var output: [UInt8] = []
        #expect(throws: HTTPSerializerError.badMethod) {
            try HTTPSerializer.append(
                requestHead: .other(ByteString(method)),
                target: [47],
                fields: fields,
                framing: .none,
                to: &output
            )
        }
    }

    @Test(
        "C1: the fields that decide a length cannot be set by hand",
        arguments: [
            "Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer", "Expect",
        ]
    )
    func framingFields(name: String) {
        var fields = HTTPFields()
        #expect(throws: HTTPSerializerError.framingField) {
            try fields.append(name: Array(name.utf8), value: Array("1".utf8))
        }
    }

    @Test("C1: fields that were received cannot be sent on with their framing")
    func receivedFields() throws {
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".utf8)
        var machine = HTTPRequestMachine()
        var position = 0
        guard case .head(let head) = try machine.next(bytes.span, &position) else {
            Issue.record("no head")
            return
        }
        var output: [UInt8] = []
        #expect(throws: HTTPSerializerError.framingField) {
            try HTTPSerializer.append(
                requestHead: .post,
                target: [47],
                fields: head.fields,
                framing: .none,
                to: &output
            )
        }
    }

    @Test(
        "C5: what may stand once cannot be written twice",
        arguments: ["Host", "Mcp-Name", "mcp-param-x", "Authorization"]
    )
    func duplicates(name: String) throws {
        var fields = try fields((name, "a"))
        #expect(throws: HTTPSerializerError.duplicateField) {
            try fields.append(name: Array(name.uppercased().utf8), value: [97])
        }
        #expect(fields.count == 1)
    }

    @Test("a status, a framing or a missing host that makes no message is refused")
    func badHeads() {
        var output: [UInt8] = []
        for status in [Int.min, 0, 99, 100, 101, 199, 600, Int.max] {
            #expect(throws: HTTPSerializerError.badStatus) {
                try HTTPSerializer.append(responseHead: status, fields: HTTPFields(), framing: .none, to: &output)
            }
        }
        for (status, framing) in [(204, HTTPBodyFraming.length(0)), (304, .chunked), (200, .untilClose)] {
            #expect(throws: HTTPSerializerError.badFraming) {
                try HTTPSerializer.append(responseHead: status, fields: HTTPFields(), framing: framing, to: &output)
            }
        }
        #expect(throws: HTTPSerializerError.missingHost) {
            try HTTPSerializer.append(
                requestHead: .get,
                target: [47],
                fields: HTTPFields(),
                framing: .none,
                to: &output
            )
        }
        #expect(output.isEmpty)
    }

    @Test("H2: a head cannot be built without bound")
    func bounds() throws {
        var fields = HTTPFields()
        for number in 0..<HTTPFields.capacity {
            try fields.append(name: Array("x-\(number)".utf8), value: [])
        }
        #expect(throws: HTTPSerializerError.tooLarge) { try fields.append(name: [97], value: []) }
        var large = HTTPFields()
        #expect(throws: HTTPSerializerError.tooLarge) {
            try large.append(name: [97], value: [UInt8](repeating: 97, count: 1 << 20))
        }
    }

    @Test("chunks are written to the letter and an empty one is none")
    func chunks() {
        var output: [UInt8] = []
        for size in [1, 15, 16, 255, 256, 65_536] {
            output = []
            let chunk = [UInt8](repeating: 97, count: size)
            HTTPSerializer.append(chunk: chunk.span, to: &output)
            #expect(output.starts(with: Array("\(String(size, radix: 16))\r\na".utf8)))
            #expect(output.count == String(size, radix: 16).utf8.count + 4 + size)
        }
        output = []
        let empty: [UInt8] = []
        HTTPSerializer.append(chunk: empty.span, to: &output)
        #expect(output.isEmpty)
        HTTPSerializer.appendLastChunk(to: &output)
        #expect(output == Array("0\r\n\r\n".utf8))
    }

    @Test("what is written is read back as it was")
    func roundTrip() throws {
        let sent = try fields(("host", "a"), ("accept", "x"), ("accept", "y"), ("mcp-param-a", "b c\td"), ("x_y", ""))
        var output: [UInt8] = []
        try HTTPSerializer.append(
            requestHead: .other("REPORT"),
            target: Array("/a/b%20c?d=e&f".utf8),
            fields: sent,
            framing: .chunked,
            to: &output
        )
        for chunk in [Array("hello".utf8), [UInt8](repeating: 98, count: 300)] {
            HTTPSerializer.append(chunk: chunk.span, to: &output)
        }
        HTTPSerializer.appendLastChunk(to: &output)
        let reading = Reading(output)
        #expect(reading.refusal == nil)
        let request = try #require(reading.requests.first)
        #expect(request.method == "REPORT")
        #expect(request.target == "/a/b%20c?d=e&f")
        #expect(request.body == "hello" + String(repeating: "b", count: 300))
        #expect(
            request.fields
                == ["host: a", "accept: x", "accept: y", "mcp-param-a: b c\td", "x_y: ", "transfer-encoding: chunked"]
        )
    }
}
