import Base
import HTTPWire
import Testing

/// The meaning of bytes must not depend on how a network cut them.
@Suite("split invariance")
struct SplitInvarianceTests {
    static let requests: [String] = [
        RequestMachineTests.call,
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nDELETE /b?c HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nB\r\n world, bye\r\n0\r\nT: 1\r\n\r\n"
            + "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.0\r\n\r\nignored",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \r1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n\r\nGET",
    ]

    static let responses: [String] = [
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nMcp-Session-Id: s\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n000a\r\n0123456789\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 204 No Content\r\n\r\nsurplus",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n",
    ]

    @Test("a request means the same in every cut into two and in every single byte", arguments: requests)
    func requestsInTwo(text: String) {
        let bytes = Array(text.utf8)
        let whole = Reading(bytes)
        for cut in 0...bytes.count {
            #expect(Reading(bytes, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(Reading(bytes, cuts: Array(0..<bytes.count)) == whole)
    }

    @Test("a response means the same in every cut into two and in every single byte", arguments: responses)
    func responsesInTwo(text: String) {
        let bytes = Array(text.utf8)
        let whole = ResponseReading(bytes, closes: true)
        for cut in 0...bytes.count {
            #expect(ResponseReading(bytes, cuts: [cut], closes: true) == whole, "cut at \(cut)")
        }
        #expect(ResponseReading(bytes, cuts: Array(0..<bytes.count), closes: true) == whole)
    }

    @Test("mutated messages mean the same in random cuts")
    func mutations() {
        var generator = SeededGenerator(seed: 2026)
        let hostile: [UInt8] = [0, 9, 10, 13, 32, 44, 48, 58, 59, 95, 127, 128, 255]
        for round in 0..<2_000 {
            let isRequest = round.isMultiple(of: 2)
            let source = isRequest ? Self.requests : Self.responses
            var bytes = Array(source[Int.random(in: 0..<source.count, using: &generator)].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = hostile[Int.random(in: 0..<hostile.count, using: &generator)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(hostile[Int.random(in: 0..<hostile.count, using: &generator)], at: place)
                }
            }
            let cuts = (0..<Int.random(in: 1...6, using: &generator))
                .map { _ in Int.random(in: 0...bytes.count, using: &generator) }.sorted()
            if isRequest {
                #expect(Reading(bytes, cuts: cuts) == Reading(bytes), "round \(round)")
            } else {
                #expect(
                    ResponseReading(bytes, cuts: cuts, closes: true) == ResponseReading(bytes, closes: true),
                    "round \(round)"
                )
            }
        }
    }
}
