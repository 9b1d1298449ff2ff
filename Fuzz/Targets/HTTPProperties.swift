import Base
import HTTPWire

/// What holds for any bytes that come over a connection.
///
/// The first byte chooses the cuts and the limits.
enum HTTPProperties {
    private static let small = HTTPLimits(
        maximumHeadBytes: 256,
        maximumFieldCount: 6,
        maximumTargetBytes: 32,
        maximumBodyBytes: 64,
        maximumTrailerBytes: 48,
        maximumTrailerCount: 2,
        maximumInterimResponses: 2
    )

    static func checkRequest(_ bytes: [UInt8]) {
        guard let seed = bytes.first else {
            return
        }
        var choices = Choices(seed)
        let limits = seed & 1 == 0 ? HTTPLimits.default : small
        let input = bytes.dropFirst()
        let whole = Requests([Array(input)], limits)
        precondition(whole == Requests(choices.pieces(of: input), limits), "a cut changed the meaning of a request")
        for request in whole.complete {
            precondition(request.body.count <= limits.maximumBodyBytes)
            rewrite(request)
        }
    }

    /// Whatever was accepted means the same once written by us, but for the fields that we write ourselves.
    private static func rewrite(_ request: Requests.Request) {
        var fields = HTTPFields()
        for field in request.fields where HTTPFields.isWritable(value: field.value) {
            do {
                try fields.append(name: field.name, value: field.value)
            } catch {
                precondition(error == .framingField || error == .badName, "a field that was read cannot be written")
            }
        }
        guard fields.contains(.host) else {
            return
        }
        var output: [UInt8] = []
        do {
            try HTTPSerializer.append(
                requestHead: request.method,
                target: Array(request.target),
                fields: fields,
                framing: .length(request.body.count),
                to: &output
            )
        } catch {
            preconditionFailure("a request that was read cannot be written: \(error)")
        }
        output += request.body
        let again = Requests([output], .default)
        precondition(again.refusal == nil && again.complete.count == 1, "a request that we wrote is not one request")
        precondition(again.complete[0].method == request.method && again.complete[0].target == request.target)
        precondition(again.complete[0].body == request.body)
    }

    static func checkResponse(_ bytes: [UInt8]) {
        guard let seed = bytes.first else {
            return
        }
        var choices = Choices(seed)
        let limits = seed & 1 == 0 ? HTTPLimits.response : small
        let method: HTTPMethod = seed & 2 == 0 ? .post : .head
        let input = bytes.dropFirst()
        let whole = Response([Array(input)], method, limits)
        precondition(
            whole == Response(choices.pieces(of: input), method, limits),
            "a cut changed the meaning of a response"
        )
        precondition(whole.body.count <= limits.maximumBodyBytes)
        precondition(!whole.isReusable || whole.isComplete && whole.refusal == nil)
    }
}

private struct Requests: Equatable {
    struct Request: Equatable {
        let method: HTTPMethod
        let target: [UInt8]
        let fields: [Field]
        var body: [UInt8] = []
    }

    struct Field: Equatable {
        let name: [UInt8]
        let value: [UInt8]
    }

    var complete: [Request] = []
    var refusal: HTTPWireError?
    var isTruncated = false

    init(_ pieces: [[UInt8]], _ limits: HTTPLimits) {
        var machine = HTTPRequestMachine(limits: limits)
        var current: Request?
        do throws(HTTPWireError) {
            for piece in pieces {
                var position = 0
                while let event = try machine.next(piece.span, &position) {
                    switch event {
                    case .head(let head):
                        precondition(current == nil, "a head inside a request")
                        let fields = head.fields.map { Field(name: Array($0.name), value: Array($0.value)) }
                        current = Request(method: head.method, target: Array(head.target), fields: fields)
                    case .body(let range):
                        current?.body += piece[range]
                    case .end:
                        if let request = current {
                            complete.append(request)
                        }
                        current = nil
                    }
                }
                precondition(position == piece.count, "a machine that needs more left bytes unread")
            }
        } catch {
            refusal = error
        }
        do throws(HTTPWireError) {
            try machine.inputEnded()
        } catch {
            isTruncated = error == .truncated
        }
    }
}

private struct Response: Equatable {
    var statuses: [Int] = []
    var body: [UInt8] = []
    var isComplete = false
    var isReusable = false
    var refusal: HTTPWireError?

    init(_ pieces: [[UInt8]], _ method: HTTPMethod, _ limits: HTTPLimits) {
        var machine = HTTPResponseMachine(limits: limits)
        machine.requestSent(method)
        do throws(HTTPWireError) {
            for piece in pieces {
                var position = 0
                while let event = try machine.next(piece.span, &position) {
                    received(event, piece)
                }
            }
            isReusable = machine.isReusable
            if let event = try machine.inputEnded() {
                received(event, [])
            }
        } catch {
            refusal = error
            isReusable = machine.isReusable
        }
    }

    private mutating func received(_ event: HTTPResponseEvent, _ piece: [UInt8]) {
        switch event {
        case .head(let head):
            precondition((200...599).contains(head.status))
            statuses.append(head.status)
        case .body(let range):
            body += piece[range]
        case .end:
            isComplete = true
        }
    }
}
