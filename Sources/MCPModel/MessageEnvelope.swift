import Base
import JSONText

/// The members of one JSON-RPC message, found in one pass; nothing but their presence and type is judged here.
struct MessageEnvelope {
    /// What shape the members give.
    enum Shape {
        /// `method` and `id`.
        case request
        /// `method` only.
        case notification
        /// `id` and one of `result` and `error`.
        case response(ResponseOutcome)
    }

    /// Why a value is no message.
    struct Fault: Error {
        let message: ByteString
        /// The id, when at least that could be read.
        let id: RequestID?
    }

    /// The id; `nil` in notifications.
    let id: RequestID?
    /// The method; `nil` in responses.
    let method: JSONString?
    /// The same, when any revision knows it.
    let knownMethod: MCPMethod?
    /// The parameters: an object, or absent.
    let params: JSONValue?
    /// What kind of message it is.
    let shape: Shape

    /// Reads the message in `value`; unknown members are ignored and, since messages are rebuilt, dropped (A3).
    init(_ value: JSONValue) throws(Fault) {
        guard value.kind == .object else {
            throw Fault(message: "the body is not a JSON-RPC message", id: nil)
        }
        let members = JSONMemberTable(value, keys: ReservedKeys.envelope.keys)
        var id: RequestID?
        if let value = members[Position.id] {
            id = RequestID(value)
        }
        if let nearMiss = ReservedKeys.envelope.firstNearMiss(in: value, members) {
            let message = MCPFailure.named("ambiguous member: ", MCPFailure.bounded(ByteString(nearMiss.bytes)))
            throw Fault(message: message, id: id)
        }
        guard members[Position.version]?.string?.isEqual(to: "2.0") == true else {
            throw Fault(message: "the member jsonrpc is not 2.0", id: id)
        }
        let hasMethod = members.contains(Position.method)
        let hasError = members.contains(Position.error)
        // An error that answers nobody: its id may be null (JSON-RPC 2.0, section 5).
        let answersNobody = !hasMethod && hasError && members.kind(Position.id) == .null
        guard !members.contains(Position.id) || id != nil || answersNobody else {
            throw Fault(message: "the id is neither text nor a whole number of 64 bits", id: id)
        }
        let params = members[Position.params]
        guard params == nil || members.kind(Position.params) == .object else {
            throw Fault(message: "params is not an object", id: id)
        }
        self.id = id
        self.params = params
        guard hasMethod else {
            guard let outcome = Self.outcome(members), params == nil, members.contains(Position.id) else {
                throw Fault(message: "the message is neither a request nor a response", id: id)
            }
            method = nil
            knownMethod = nil
            shape = .response(outcome)
            return
        }
        guard let method = members[Position.method]?.string, !members.contains(Position.result), !hasError else {
            throw Fault(message: "the message is neither a request nor a response", id: id)
        }
        self.method = method
        knownMethod = MCPMethod(method)
        shape = id == nil ? .notification : .request
    }

    /// The places of the members' keys in ``ReservedKeys/envelope``.
    private enum Position {
        static let version = 0
        static let id = 1
        static let method = 2
        static let params = 3
        static let result = 4
        static let error = 5
    }

    /// Exactly one of `result` and `error`, in its shape.
    private static func outcome(_ members: borrowing JSONMemberTable) -> ResponseOutcome? {
        switch (members[Position.result], members[Position.error]) {
        case (.some(let result), .none):
            return result.kind == .object ? .result(result) : nil
        case (.none, .some(let error)):
            let code = error["code"]?.number?.int
            return code != nil && error["message"]?.string != nil ? .error(error) : nil
        default:
            return nil
        }
    }
}
