import Base
import JSONText
import MCPModel
import Testing

@Suite("whatever comes in")
struct RobustnessTests {
    private static let seeds = [
        Fixture.modernBody("tools/call", #""name":"t","arguments":{"a":[1,{"b":"\u00e9"}]},"requestState":"s""#),
        Fixture.modernBody("subscriptions/listen", #""notifications":{"resourceSubscriptions":["a"]}"#),
        #"{"jsonrpc":"2.0","id":"\u0061","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}"#,
        #"{"jsonrpc":"2.0","id":-9223372036854775808,"error":{"code":-32042,"message":"m","data":{}}}"#,
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1e400}}"#,
        #"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}}"#,
    ]

    @Test("H4: no mutation of a message traps, and what is written is strict JSON", arguments: seeds.indices)
    func mutations(seed: Int) throws {
        let original = Array(Self.seeds[seed].utf8)
        var generator = SplitMix(state: UInt64(seed) &+ 1)
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0...Int(generator.next() % 3) {
                let position = Int(generator.next() % UInt64(bytes.count))
                switch generator.next() % 4 {
                case 0: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: position)
                case 2:
                    bytes.insert(
                        contentsOf: #"{"[\u0000,:}]-1.e9"#.utf8.prefix(Int(generator.next() % 8)),
                        at: position
                    )
                default: bytes[position] ^= 0x20
                }
                if bytes.isEmpty {
                    bytes = [0x7B]
                }
            }
            try Self.drive(bytes)
        }
    }

    static func drive(_ bytes: [UInt8]) throws {
        for version in [nil, "2025-11-25", "2026-07-28"] as [String?] {
            let headers = Fixture.headers(version: version, method: "tools/call", name: "t")
            do throws(MCPFailure) {
                let post = try ClientPost(bytes, headers: headers)
                if case .request(let request) = post.message {
                    let envelope = UpstreamEnvelope(revision: .july2026, id: RequestID(1))
                    #expect((try? JSONDocument(Fixture.upstream.request(request, envelope))) != nil)
                }
            } catch {
                #expect((try? JSONDocument(error.body())) != nil)
                #expect(error.code < 0)
            }
        }
        guard let document = try? JSONDocument(bytes) else {
            return
        }
        for revision in [Revision.november2025, .july2026] {
            guard let message = try? ServerMessage(document, revision: revision) else {
                continue
            }
            Self.answer(message, Fixture.writer(revision))
        }
    }

    private static func answer(_ message: ServerMessage, _ writer: DownstreamWriter) {
        switch message {
        case .response(let response):
            switch response.outcome {
            case .result(let result):
                switch try? writer.result(result, of: .toolsCall) {
                case .complete(let value):
                    #expect((try? JSONDocument(writer.complete(value, of: .toolsCall, to: RequestID(1)))) != nil)
                case .inputRequired(let input):
                    #expect((try? JSONDocument(writer.inputRequired(input, state: nil, to: RequestID(1)))) != nil)
                case nil: break
                }
            case .error(let error):
                #expect((try? JSONDocument(writer.error(error, to: RequestID(1)).body)) != nil)
            }
        case .notification(let notification):
            if let bytes = writer.progress(notification, token: RequestID(1)) {
                #expect((try? JSONDocument(bytes)) != nil)
            }
        case .request(let request):
            if let ask = request.ask {
                #expect((try? JSONDocument(writer.request(ask, id: RequestID(1)))) != nil)
            }
        }
    }

    @Test("H4, A7: no header value traps, and what decodes encodes to the same meaning")
    func headerValues() {
        var generator = SplitMix(state: 7)
        let pieces = ["=?base64?", "?=", "SGk=", "w6k", " ", "\t", "é", "\u{0}", "=", "a", ",", "\r\n"].map {
            Array($0.utf8)
        }
        for _ in 0..<20_000 {
            var value: [UInt8] = []
            for _ in 0..<Int(generator.next() % 6) {
                value += pieces[Int(generator.next() % UInt64(pieces.count))]
            }
            guard let text = HeaderValue.decoded(value[...]) else {
                continue
            }
            #expect(HeaderValue.decoded(HeaderValue.encoded(text)[...]) == text)
            #expect(HeaderValue.means(value[...], text) == true)
        }
    }
}

/// A small generator with a fixed seed, so that a failure comes back.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
