import Base
import HTTPWire
import Testing

/// One hostile head and the reason it must be refused for.
struct Hostile: Sendable, CustomTestStringConvertible {
    let bytes: String
    let refusal: HTTPWireError

    var testDescription: String { "\(refusal.rawValue): \(bytes.prefix(60).debugDescription)" }

    /// A whole request as text.
    static func raw(_ bytes: String, _ refusal: HTTPWireError) -> Hostile {
        Hostile(bytes: bytes, refusal: refusal)
    }

    /// A POST with these header lines after `Host`, and `rest` after the empty line.
    static func post(_ lines: String, _ rest: String = "", _ refusal: HTTPWireError) -> Hostile {
        Hostile(bytes: "POST /mcp HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n\(rest)", refusal: refusal)
    }

    /// A chunked POST with this body.
    static func chunks(_ body: String, _ refusal: HTTPWireError) -> Hostile {
        .post("Transfer-Encoding: chunked", body, refusal)
    }
}

/// Table C of security.md as far as it concerns bytes.
///
/// The oracle of every row: refused, for this reason, with no event.
@Suite("hostile requests")
struct HostileRequestTests {
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    private func refuse(_ hostile: Hostile, sourceLocation: SourceLocation = #_sourceLocation) {
        let bytes = Array(hostile.bytes.utf8)
        let reading = Reading(bytes)
        #expect(reading.refusal == hostile.refusal, sourceLocation: sourceLocation)
        #expect(!reading.requests.contains { $0.target == "/smuggled" }, sourceLocation: sourceLocation)
        // The same, one byte at a time.
        let bytewise = Reading(bytes, cuts: Array(0..<bytes.count))
        #expect(bytewise.refusal == hostile.refusal, sourceLocation: sourceLocation)
    }

    @Test(
        "C1: every doubtful Content-Length is refused",
        arguments: [
            "+5", "-5", " 5", "\t5", "5 ", "5\t", "0x5", "5,5", "5, 5", "5;", "5.0", "5e0", "", " ", "05", "00",
            "\u{0B}5", "٥",
            "9223372036854775808", "18446744073709551621", "99999999999999999999999", "1_0", "five", "5\u{0}", "\"5\"",
        ]
    )
    func contentLength(value: String) {
        let reading = Reading("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(value)\r\n\r\nhello\(Self.smuggled)")
        #expect(reading.requests.isEmpty)
        #expect(reading.refusal?.status == 400)
    }

    @Test(
        "C1: two Content-Length fields are refused, equal or not",
        arguments: [
            "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5\r\ncontent-length: 5", "Content-Length: 0\r\nX: 1\r\nContent-Length: 5",
        ]
    )
    func twoLengths(lines: String) {
        refuse(.post(lines, "hello" + Self.smuggled, .duplicateField))
    }

    @Test(
        "C1: Content-Length beside Transfer-Encoding is refused in any order",
        arguments: [
            "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked\r\nContent-Length: 0", "Content-Length: 5\r\nTransfer-Encoding: identity",
            "Content-Length: x\r\nTransfer-Encoding: chunked",
        ]
    )
    func bothLengths(lines: String) {
        refuse(.post(lines, "0\r\n\r\n" + Self.smuggled, .ambiguousLength))
    }

    @Test(
        "C1: every Transfer-Encoding but exactly `chunked` is refused",
        arguments: [
            "xchunked", "chunked, identity", "identity", "identity, chunked", "gzip, chunked", "chunked,", ",chunked",
            "Chunked",
            "CHUNKED", "chunked;q=1", "\"chunked\"", "chunked chunked", "cow", "", " chunked", "chunked ", "\tchunked",
            "chunked\t", "chunked, chunked", "x", "'chunked'", "chunk",
        ]
    )
    func transferEncoding(value: String) {
        let hostile = Hostile.post(
            "Transfer-Encoding: \(value)",
            "0\r\n\r\n" + Self.smuggled,
            .unsupportedTransferCoding
        )
        refuse(hostile)
        #expect(hostile.refusal.status == 501)
    }

    @Test(
        "C1: white space, folds and strange bytes around names are refused",
        arguments: [
            Hostile.post("Content-Length : 5", "hello", .spaceBeforeColon),
            .post("Content-Length\t: 5", "hello", .spaceBeforeColon),
            .post("Transfer-Encoding : chunked", "0\r\n\r\n", .spaceBeforeColon),
            .post("Transfer Encoding: chunked", "0\r\n\r\n", .spaceBeforeColon),
            .post("X: 1\r\n folded", "", .foldedLine),
            .post("X: 1\r\n\tfolded: 2", "", .foldedLine),
            .post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n", .foldedLine),
            .raw("POST / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedLine),
            .raw("POST / HTTP/1.1\r\n\tHost: a\r\n\r\n", .foldedLine),
            .post(": 5", "", .malformedFieldName),
            .post("X", "", .missingColon),
            .post("Content-Length 5", "hello", .spaceBeforeColon),
            .post("Content\u{E9}: 5", "", .malformedFieldName),
            .post("[X]: 5", "", .malformedFieldName),
            .post("X\"Y: 5", "", .malformedFieldName),
            .post("X(Y: 5", "", .malformedFieldName),
            .post("X/Y: 5", "", .malformedFieldName),
            .post("X@Y: 5", "", .malformedFieldName),
        ]
    )
    func names(hostile: Hostile) {
        refuse(hostile)
    }

    @Test(
        "C1: bare CR, bare LF, NUL and other control bytes are refused wherever they stand",
        arguments: [
            Hostile.post("X: a\rb", "", .bareCarriageReturn),
            .post("X: a\nTransfer-Encoding: chunked", "", .bareLineFeed),
            .post("X: a\r\rY: b", "", .bareCarriageReturn),
            .post("X: a\u{0}b", "", .controlByte),
            .post("X: a\u{7F}b", "", .controlByte),
            .post("X: a\u{B}b", "", .controlByte),
            .post("X: a\u{1B}[0m", "", .controlByte),
            .post("X\u{0}: a", "", .controlByte),
            .post("\rTransfer-Encoding: chunked", "", .bareCarriageReturn),
            .raw("GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
            .raw("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
            .raw("GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
            .raw("GET / HTTP/1.1\rHost: a\r\n\r\n", .bareCarriageReturn),
            .raw("GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
            .raw("\u{0}GET / HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
            .raw("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("\r\n\r\n", .malformedStartLine),
            .raw("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
            .raw("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", .controlByte),
        ]
    )
    func controlBytes(hostile: Hostile) {
        refuse(hostile)
    }

    @Test(
        "C1: chunk sizes, extensions and ends that are not to the letter are refused",
        arguments: [
            Hostile.chunks("G\r\n", .malformedChunkSize),
            .chunks("\r\n", .malformedChunkSize),
            .chunks(" 5\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("5 \r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("0x5\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("+5\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("-1\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("5;a=b\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("5;\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("0;\r\n\r\n", .malformedChunkSize),
            .chunks("5\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("5\rhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("5_0\r\nhello\r\n0\r\n\r\n", .malformedChunkSize),
            .chunks("10000000000000000\r\n", .malformedChunkSize),
            .chunks("FFFFFFFFFFFFFFFF\r\n", .malformedChunkSize),
            .chunks("8000000000000000\r\n", .malformedChunkSize),
            .chunks("7FFFFFFFFFFFFFFF\r\n", .bodyTooLarge),
            .chunks("100000005\r\nhello\r\n0\r\n\r\n", .bodyTooLarge),
            .chunks("00000000000000005\r\nhello\r\n", .malformedChunkSize),
            .chunks("5\r\nhelloX\r\n0\r\n\r\n", .malformedChunkEnd),
            .chunks("5\r\nhello\n0\r\n\r\n", .malformedChunkEnd),
            .chunks("5\r\nhello\rX", .malformedChunkEnd),
            .chunks("5\r\nhello0\r\n\r\n", .malformedChunkEnd),
            .chunks("0\r\nX\r\n\r\n", .missingColon),
            .chunks("0\r\nX : 1\r\n\r\n", .spaceBeforeColon),
            .chunks("0\r\n folded\r\n\r\n", .foldedLine),
            .chunks("0\r\nX: 1\n\r\n", .bareLineFeed),
            .chunks("0\r\nX: \u{0}\r\n\r\n", .controlByte),
            .chunks("0\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .duplicateField),
            .chunks("0\n\r\n", .malformedChunkSize),
        ]
    )
    func chunks(hostile: Hostile) {
        refuse(hostile)
    }

    @Test(
        "C1: any byte put anywhere into a length's line makes it refused, or the line of another field",
        arguments: ["Transfer-Encoding: chunked", "Content-Length: 4"]
    )
    func bytesInLengthLines(line: String) {
        let intended = Array(line.utf8)
        let other = line.hasPrefix("T") ? "Content-Length: 4" : "Transfer-Encoding: chunked"
        let colon = line.utf8.count - (line.hasPrefix("T") ? 9 : 3)
        let rest = Array("\r\nHost: a\r\n\(other)\r\n\r\n0\r\n\r\n\(Self.smuggled)".utf8)
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        var wrong: [String] = []
        for place in 0...intended.count {
            for byte in UInt8.min...UInt8.max {
                let isAlphanumeric = byte | 0x20 &- 97 < 26 || byte &- 48 < 10
                guard !isAlphanumeric || byte == UInt8(ascii: "5") || byte == UInt8(ascii: "A") else {
                    continue
                }
                let changed = intended[..<place] + [byte] + intended[place...]
                let reading = Reading(Array("POST / HTTP/1.1\r\n".utf8) + changed + rest)
                let accepted = reading.requests.contains { $0.target == "/" }
                // A character of a token in the name makes a name that nobody takes for this one.
                let isOtherName = place <= colon && (isAlphanumeric || marks.contains(byte))
                let isFirstOfLine = place < colon && byte == UInt8(ascii: ":")
                if accepted, !isOtherName, !isFirstOfLine {
                    wrong.append("byte \(byte) at \(place)")
                }
            }
        }
        #expect(wrong == [])
    }

    @Test(
        "C2: everything but origin-form, HTTP/1.1 and HTTP/1.0 is refused",
        arguments: [
            Hostile.raw("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET ?x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET //a/b HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", .tunnelRefused),
            .raw("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", .tunnelRefused),
            .raw("GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET  HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
            .raw("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET /\r\n\r\n", .malformedStartLine),
            .raw("GET / http/1.1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / HTTP/11\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / HTTP/1.10\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / HTTP/1,1\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / ICE/1.0\r\nHost: a\r\n\r\n", .malformedStartLine),
            .raw("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .unsupportedVersion),
            .raw("GET / HTTP/0.9\r\nHost: a\r\n\r\n", .unsupportedVersion),
            .raw("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
            .raw("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .ambiguousLength),
        ]
    )
    func targetsAndVersions(hostile: Hostile) {
        refuse(hostile)
    }

    @Test("C2: a request in HTTP/1.0 has the body its Content-Length says and ends the connection")
    func oldVersion() {
        let reading = Reading("POST /a HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello\(Self.smuggled)")
        #expect(reading.refusal == nil)
        #expect(reading.requests.map(\.body) == ["hello"])
        #expect(reading.requests.map(\.keepAlive) == [false])
    }

    @Test("C2: Upgrade, h2c included, is never followed")
    func upgrade() {
        let reading = Reading(
            "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"
                + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        )
        #expect(reading.requests.map(\.target) == ["/a"])
        #expect(reading.refusal == .unsupportedVersion)
    }

    @Test(
        "C2: an expectation other than 100-continue is refused with 417",
        arguments: [
            "200-ok", "100-continue, 100-continue", "", "100-continue;x=1", "100", "x100-continue",
        ]
    )
    func expectations(value: String) {
        refuse(.post("Expect: \(value)\r\nContent-Length: 0", "", .unsupportedExpectation))
        #expect(HTTPWireError.unsupportedExpectation.status == 417)
    }

    @Test("C10: an HTTP/2 preface is a version that is not spoken here")
    func http2Preface() {
        refuse(.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion))
        #expect(HTTPWireError.unsupportedVersion.status == 505)
    }

    @Test(
        "C9: Host must stand once and be a host with an optional port",
        arguments: [
            "", "a b", "a, b", "a/b", "http://a", "a:", "a:123456", "a:8o", "a@b", "user:pw@b", "[::1", "[]", "[g::1]",
            "[::1]x",
            "[::1]:", "a\\b", "a#b", "a?b", "é", "::1", "a%41", "\"a\"", "*",
        ]
    )
    func hosts(value: String) {
        let reading = Reading("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n")
        #expect(reading.requests.isEmpty)
        #expect(reading.refusal == .malformedHost || reading.refusal == .nonASCIIValue)
    }

    @Test(
        "C9: usual hosts are accepted, none at all only in HTTP/1.0",
        arguments: [
            "a", "A.example", "127.0.0.1:8080", "[::1]", "[::ffff:127.0.0.1]:443", "my_host:1",
            "xn--bcher-kva.example.",
        ]
    )
    func goodHosts(value: String) {
        #expect(Reading("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n").refusal == nil)
        #expect(Reading("GET / HTTP/1.1\r\n\r\n").refusal == .missingHost)
        #expect(Reading("GET / HTTP/1.0\r\n\r\n").refusal == nil)
    }

    @Test(
        "C7: a content coding other than identity is refused with 415",
        arguments: [
            "gzip", "br", "identity, gzip", "gzip, identity", "deflate", "", "zstd", "identity;q=1",
        ]
    )
    func encodings(value: String) {
        refuse(.post("Content-Encoding: \(value)\r\nContent-Length: 0", "", .encodedBody))
        #expect(HTTPWireError.encodedBody.status == 415)
        #expect(Reading("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: Identity\r\n\r\n").refusal == nil)
    }
}
