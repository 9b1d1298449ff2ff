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
    /// The parameters: an object, or absent.
    let params: JSONValue?
    /// What kind of message it is.
    let shape: Shape

    /// Reads the message in `value`; unknown members are ignored and, since messages are rebuilt, dropped (A3).
    init(_ value: JSONValue) throws(Fault) {
        var members = Members()
        guard value.kind == .object else {
            throw Fault(message: "the body is not a JSON-RPC message", id: nil)
        }
        let nearMiss = members.collect(value)
        let id = members.id.flatMap { RequestID($0) }
        func fault(_ message: ByteString) -> Fault {
            Fault(message: message, id: id)
        }
        if let nearMiss {
            throw fault(MCPFailure.named("ambiguous member: ", MCPFailure.bounded(ByteString(nearMiss.bytes))))
        }
        guard members.version?.string?.isEqual(to: "2.0") == true else {
            throw fault("the member jsonrpc is not 2.0")
        }
        guard members.id == nil || id != nil || members.isError(with: .null) else {
            throw fault("the id is neither text nor a whole number of 64 bits")
        }
        guard members.params.map({ $0.kind == .object }) ?? true else {
            throw fault("params is not an object")
        }
        self.id = id
        method = members.method?.string
        params = members.params
        if members.method != nil {
            guard method != nil, members.result == nil, members.error == nil else {
                throw fault("the message is neither a request nor a response")
            }
            shape = id == nil ? .notification : .request
        } else {
            guard let outcome = members.outcome, members.params == nil, members.id != nil else {
                throw fault("the message is neither a request nor a response")
            }
            shape = .response(outcome)
        }
    }

    /// The raw members by name.
    private struct Members {
        var version: JSONValue?
        var id: JSONValue?
        var method: JSONValue?
        var params: JSONValue?
        var result: JSONValue?
        var error: JSONValue?

        /// The members' keys, in the order of the fields above.
        private static let keys = JSONKeySet(["jsonrpc", "id", "method", "params", "result", "error"])

        /// Sorts the members; gives the first key that only looks like one of them.
        mutating func collect(_ object: JSONValue) -> JSONString? {
            var nearMiss: JSONString?
            object.forEachMember(of: Members.keys) { position, member in
                switch position {
                case 0: version = member.value
                case 1: id = member.value
                case 2: method = member.value
                case 3: params = member.value
                case 4: result = member.value
                case 5: error = member.value
                default:
                    if nearMiss == nil, ReservedKeys.envelope.isNearMiss(member.key) {
                        nearMiss = member.key
                    }
                }
            }
            return nearMiss
        }

        /// An error that answers nobody: its id may be null (JSON-RPC 2.0, section 5).
        func isError(with kind: JSONKind) -> Bool {
            method == nil && error != nil && id?.kind == kind
        }

        /// Exactly one of `result` and `error`, in its shape.
        var outcome: ResponseOutcome? {
            switch (result, error) {
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
}
