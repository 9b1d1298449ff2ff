import Base
import HTTPWire
import Testing

/// What a reader made of a stream.
struct StreamReading: Equatable {
    var events: [String] = []
    var ids: [String] = []
    var lastEventID = ""
    var retry: Int?
    var isMidEvent = false
    var refusal: SSEError?

    init(_ bytes: [UInt8], cuts: [Int] = [], limits: SSELimits = .default) {
        var reader = SSEReader(limits: limits)
        do throws(SSEError) {
            for piece in pieces(bytes, cuts) {
                var position = 0
                while let event = try reader.next(piece.span, &position) {
                    let type = String(decoding: event.type, as: UTF8.self)
                    events.append("\(type)|\(String(decoding: event.data, as: UTF8.self))")
                    ids.append(event.id.map { String(decoding: $0, as: UTF8.self) } ?? "-")
                }
            }
        } catch {
            refusal = error
        }
        lastEventID = String(decoding: reader.lastEventID, as: UTF8.self)
        retry = reader.retryMilliseconds
        isMidEvent = reader.isMidEvent
    }

    init(_ text: String, limits: SSELimits = .default) {
        self.init(Array(text.utf8), limits: limits)
    }
}

/// One stream and the events in it, `type|data`.
struct StreamVector: Sendable, CustomTestStringConvertible {
    let stream: String
    let events: [String]

    var testDescription: String { stream.debugDescription }

    init(_ stream: String, _ events: String...) {
        self.stream = stream
        self.events = events
    }

    /// The rules of WHATWG HTML, section 9.2.6, and the examples there.
    static let all: [StreamVector] = [
        StreamVector(""),
        StreamVector("data: a\n\n", "|a"),
        StreamVector("data:a\n\n", "|a"),
        StreamVector("data:  a\n\n", "| a"),
        StreamVector("data:\ta\n\n", "|\ta"),
        StreamVector("data: a\r\n\r\n", "|a"),
        StreamVector("data: a\r\r", "|a"),
        StreamVector("data: a\n\r", "|a"),
        StreamVector("data: a\r\n\n", "|a"),
        StreamVector("data: a\r\ndata: b\rdata: c\ndata: d\n\r\n", "|a\nb\nc\nd"),
        StreamVector("data: a\r\n\rdata: b\n\n", "|a", "|b"),
        StreamVector("data: YHOO\ndata: +2\ndata: 10\n\n", "|YHOO\n+2\n10"),
        StreamVector(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            "|first event",
            "|second event",
            "| third event"
        ),
        StreamVector("data\n\ndata\ndata\n\ndata:\n", "|", "|\n"),
        StreamVector("data:test\n\ndata: test\n\n", "|test", "|test"),
        StreamVector("event: add\ndata: 1\n\nevent: remove\ndata: 2\n\ndata: 3\n\n", "add|1", "remove|2", "|3"),
        StreamVector("event: add\n\ndata: 1\n\n", "|1"),
        StreamVector("event: a\nevent: b\ndata: 1\n\n", "b|1"),
        StreamVector("event\ndata: 1\n\n", "|1"),
        StreamVector("data: a\n"),
        StreamVector("data: a"),
        StreamVector("id: 1\n\n"),
        StreamVector(":\n:comment\n: data: a\n\n"),
        StreamVector("\n\n\n\ndata: a\n\n\n\n", "|a"),
        StreamVector("Data: a\nDATA: b\n data: c\ndata : d\ndatab: e\ndat: f\n\n"),
        StreamVector("unknown: a\nunknown\ndata: b\n\n", "|b"),
        StreamVector("data: a:b: c\n\n", "|a:b: c"),
        StreamVector("\u{FEFF}data: a\n\n", "|a"),
        StreamVector("\u{FEFF}\u{FEFF}data: a\n\n"),
        StreamVector("\n\u{FEFF}data: a\n\n"),
        StreamVector("data: \u{FEFF}a\n\n", "|\u{FEFF}a"),
        StreamVector("data: a\u{0}b\n\n", "|a\u{0}b"),
        StreamVector("data: \u{2028}\u{85}\u{B}\u{C}x\n\n", "|\u{2028}\u{85}\u{B}\u{C}x"),
        StreamVector("data: {\"jsonrpc\":\"2.0\"}\n\n", "|{\"jsonrpc\":\"2.0\"}"),
        StreamVector("event: message\ndata: x\n\n", "message|x"),
    ]
}

@Suite("stream reader")
struct SSEReaderTests {
    @Test("D7: streams are read by the letter of WHATWG HTML", arguments: StreamVector.all)
    func vectors(vector: StreamVector) {
        let reading = StreamReading(vector.stream)
        #expect(reading.events == vector.events)
        #expect(reading.refusal == nil)
    }

    @Test("D7: a stream means the same in every cut into two and in every single byte", arguments: StreamVector.all)
    func cuts(vector: StreamVector) {
        let bytes = Array(vector.stream.utf8)
        let whole = StreamReading(bytes)
        for cut in 0...bytes.count {
            #expect(StreamReading(bytes, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(StreamReading(bytes, cuts: Array(0..<bytes.count)) == whole)
    }

    @Test("D7: an id counts when its event is complete, lasts, and is ignored when it holds NUL")
    func ids() {
        #expect(StreamReading("id: 1\ndata: a\n\ndata: b\n\n").ids == ["1", "-"])
        #expect(StreamReading("id: 1\ndata: a\n\ndata: b\n\n").lastEventID == "1")
        #expect(StreamReading("id: 1\n\n").lastEventID == "1")
        #expect(StreamReading("id: 1\n").lastEventID == "")
        #expect(StreamReading("id: 1\ndata: a\n\nid: 2\u{0}\ndata: b\n\n").lastEventID == "1")
        #expect(StreamReading("id: 1\ndata: a\n\nid\ndata: b\n\n").lastEventID == "")
        #expect(StreamReading("id: 1\ndata: a\n\nid\ndata: b\n\n").ids == ["1", ""])
        #expect(StreamReading("id: 1\nid: 2\ndata:\n\n").ids == ["2"])
    }

    @Test(
        "D7: retry is digits only and at most a day",
        arguments: [
            ("retry: 10\n", 10), ("retry: 0\n", 0), ("retry:\n", nil), ("retry: -1\n", nil), ("retry: 1.5\n", nil),
            ("retry: 1e3\n", nil), ("retry:  5\n", nil), ("retry: ٥\n", nil),
            ("retry: 99999999999999999999999\n", 86_400_000),
            ("retry: 5\nretry: x\n", 5), ("retry: 007\n", 7),
        ] as [(String, Int?)]
    )
    func retry(stream: String, expected: Int?) {
        #expect(StreamReading(stream).retry == expected)
    }

    @Test("D7, H2: lines, data, ids and types are bounded, at the limit and one beyond")
    func bounds() {
        let limits = SSELimits(maximumLineBytes: 12, maximumDataBytes: 13, maximumNameBytes: 4)
        func refusal(_ text: String) -> SSEError? {
            let bytes = Array(text.utf8)
            let whole = StreamReading(bytes, limits: limits)
            #expect(StreamReading(bytes, cuts: Array(0..<bytes.count), limits: limits).refusal == whole.refusal)
            return whole.refusal
        }
        #expect(refusal("data: 123456\n\n") == nil)
        #expect(refusal("data: 1234567\n\n") == .lineTooLong)
        #expect(refusal("\n\ndata: 1234567") == .lineTooLong)
        #expect(refusal("\u{FEFF}data: 123456\n\n") == nil)
        #expect(refusal("\u{FEFF}data: 1234567\n\n") == .lineTooLong)
        #expect(refusal(":\(String(repeating: "x", count: 15))") == .lineTooLong)
        #expect(refusal(String(repeating: "x", count: 100_000)) == .lineTooLong)
        #expect(refusal("data: 123456\ndata: 123456\n\n") == nil)
        #expect(refusal("data: 123456\ndata:1234567\n\n") == .eventTooLarge)
        #expect(refusal("\(String(repeating: "data\n", count: 14))\n") == nil)
        #expect(refusal("\(String(repeating: "data\n", count: 15))\n") == .eventTooLarge)
        #expect(refusal("id: 1234\n\n") == nil)
        #expect(refusal("id: 12345\n\n") == .nameTooLong)
        #expect(refusal("event: 12345\n\n") == .nameTooLong)
        #expect(StreamReading("data: a\n\n", limits: SSELimits(maximumLineBytes: .max)).events == ["|a"])
    }

    @Test("a refusal is repeated and what follows is not read")
    func staysRefused() {
        var reader = SSEReader(limits: SSELimits(maximumLineBytes: 3))
        let bytes = Array("data: a\n\nid: 1\n\n".utf8)
        for _ in 0..<2 {
            var position = 0
            #expect(throws: SSEError.lineTooLong) { _ = try reader.next(bytes.span, &position) }
        }
    }

    @Test("the end of a stream in the middle of an event can be seen")
    func midEvent() {
        #expect(!StreamReading("data: a\n\n").isMidEvent)
        #expect(!StreamReading("data: a\n\n: comment\n").isMidEvent)
        #expect(StreamReading("data: a\n").isMidEvent)
        #expect(StreamReading("data: a\n\ndat").isMidEvent)
        #expect(StreamReading("id: 1\n").isMidEvent)
    }
}

@Suite("stream writer")
struct SSEWriterTests {
    private func written(_ event: SSEEvent) throws -> String {
        var output: [UInt8] = []
        try SSEWriter.append(event, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test("D7: events are written in our own framing")
    func framing() throws {
        #expect(try written(SSEEvent(data: Array("{}".utf8))) == "data: {}\n\n")
        #expect(
            try written(SSEEvent(type: Array("message".utf8), data: Array("a".utf8), id: Array("7".utf8)))
                == "id: 7\nevent: message\ndata: a\n\n"
        )
        #expect(try written(SSEEvent(data: [])) == "data: \n\n")
        #expect(
            try written(SSEEvent(data: Array("a\nb\r\nc\rd\n".utf8)))
                == "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"
        )
        #expect(try written(SSEEvent(data: Array(" a".utf8))) == "data:  a\n\n")
        var output: [UInt8] = []
        SSEWriter.appendComment(to: &output)
        SSEWriter.appendComment("keep\nalive", to: &output)
        SSEWriter.append(retryMilliseconds: 2_000, to: &output)
        SSEWriter.append(retryMilliseconds: -1, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == ":\n\n:keep alive\n\nretry: 2000\n\nretry: 0\n\n")
    }

    @Test(
        "D7: a line break in an id or a type is refused, so nothing can be injected",
        arguments: [
            "1\ndata: evil", "1\r", "\n", "1\r\n\r\ndata: evil",
        ]
    )
    func injection(text: String) {
        var output: [UInt8] = []
        #expect(throws: SSEError.unwritable) {
            try SSEWriter.append(SSEEvent(data: [97], id: Array(text.utf8)), to: &output)
        }
        #expect(throws: SSEError.unwritable) {
            try SSEWriter.append(SSEEvent(type: Array(text.utf8), data: [97]), to: &output)
        }
        #expect(throws: SSEError.unwritable) { try SSEWriter.append(SSEEvent(data: [97], id: [0]), to: &output) }
        #expect(output.isEmpty)
    }

    @Test("what is written is read back as it was, but for carriage returns")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 7)
        let alphabet: [UInt8] = [10, 32, 58, 97, 0, 255, 0xEF, 0xBB, 0xBF, 100]
        for _ in 0..<500 {
            func bytes(_ excluded: [UInt8]) -> [UInt8] {
                (0..<Int.random(in: 0...8, using: &generator))
                    .map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
                    .filter { !excluded.contains($0) }
            }
            let event = SSEEvent(
                type: bytes([10]),
                data: bytes([]),
                id: Bool.random(using: &generator) ? bytes([0, 10]) : nil
            )
            var output: [UInt8] = []
            try SSEWriter.append(event, to: &output)
            var reader = SSEReader()
            var position = 0
            #expect(try reader.next(output.span, &position) == event)
            #expect(position == output.count)
        }
    }
}
