import Base
import HTTPWire

/// What a machine made of some bytes, with the runs of the body put together: the same however the bytes were cut.
struct ReadRequest: Equatable {
    var method: String
    var target: String
    var fields: [String]
    var body: String
    var keepAlive: Bool

    init(_ head: HTTPRequestHead) {
        method = head.method.name.text
        target = String(decoding: head.target, as: UTF8.self)
        fields = head.fields.map {
            "\(String(decoding: $0.name, as: UTF8.self)): \(String(decoding: $0.value, as: UTF8.self))"
        }
        body = ""
        keepAlive = head.keepAlive
    }
}

/// The requests in some bytes, and the refusal that ended them, if any.
struct Reading: Equatable {
    var requests: [ReadRequest] = []
    var isComplete = true
    var refusal: HTTPWireError?

    /// Reads `bytes` in pieces that end at `cuts`.
    init(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = .default) {
        var machine = HTTPRequestMachine(limits: limits)
        var body: [UInt8] = []
        do throws(HTTPWireError) {
            for piece in pieces(bytes, cuts) {
                var position = 0
                while let event = try machine.next(piece.span, &position) {
                    switch event {
                    case .head(let head):
                        requests.append(ReadRequest(head))
                        isComplete = false
                    case .body(let range):
                        body += piece[range]
                    case .end:
                        requests[requests.count - 1].body = String(decoding: body, as: UTF8.self)
                        body = []
                        isComplete = true
                    }
                }
            }
        } catch {
            refusal = error
        }
    }

    init(_ text: String, limits: HTTPLimits = .default) {
        self.init(Array(text.utf8), limits: limits)
    }
}

/// What a machine made of the bytes of responses to requests of one method.
struct ResponseReading: Equatable {
    var statuses: [Int] = []
    var fields: [[String]] = []
    var body: [UInt8] = []
    var isComplete = false
    var isReusable = false
    var refusal: HTTPWireError?

    init(
        _ bytes: [UInt8],
        cuts: [Int] = [],
        method: HTTPMethod = .post,
        limits: HTTPLimits = .response,
        closes: Bool = false
    ) {
        var machine = HTTPResponseMachine(limits: limits)
        machine.requestSent(method)
        do throws(HTTPWireError) {
            for piece in pieces(bytes, cuts) {
                var position = 0
                while let event = try machine.next(piece.span, &position) {
                    received(event, piece)
                }
            }
            if closes, let event = try machine.inputEnded() {
                received(event, [])
            }
        } catch {
            refusal = error
        }
        isReusable = machine.isReusable
    }

    init(_ text: String, method: HTTPMethod = .post, limits: HTTPLimits = .response, closes: Bool = false) {
        self.init(Array(text.utf8), method: method, limits: limits, closes: closes)
    }

    private mutating func received(_ event: HTTPResponseEvent, _ piece: [UInt8]) {
        switch event {
        case .head(let head):
            statuses.append(head.status)
            fields.append(head.fields.map { String(decoding: $0.name + [58] + $0.value, as: UTF8.self) })
        case .body(let range):
            body += piece[range]
        case .end:
            isComplete = true
        }
    }
}

/// `bytes` cut before each of the positions in `cuts`, which must be sorted.
func pieces(_ bytes: [UInt8], _ cuts: [Int]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var start = 0
    for cut in cuts + [bytes.count] {
        result.append(Array(bytes[start..<cut]))
        start = cut
    }
    return result
}

/// A small generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
