import Base
import JSONText
import UnicodeText

/// The member names that mean something at one place of a message, and what a key there may be (A2).
///
/// A key that folds to a reserved one without being it (another case, a Kelvin sign, a zero-width space) is refused:
/// some reader behind us might take it for the real one. Folding is NFKC_Casefold, as in policies.
struct ReservedKeys {
    /// The names, for telling them from others.
    let keys: JSONKeySet
    /// The names, by their length.
    private let byLength: [[StaticString]]

    init(_ names: [StaticString]) {
        keys = JSONKeySet(names)
        let longest = names.map(\.utf8CodeUnitCount).max() ?? 0
        byLength = (0...longest).map { length in names.filter { $0.utf8CodeUnitCount == length } }
    }

    /// Members of the message itself (JSON-RPC 2.0, sections 4 and 5); ``MessageEnvelope`` reads them by position.
    static let envelope = ReservedKeys(["jsonrpc", "id", "method", "params", "result", "error"])

    /// Members of `params`.
    static let params = ReservedKeys(ParameterKey.allCases.map(\.name))

    /// Members of `_meta` that MCP, W3C or we give a meaning; ``RequestMeta`` reads the first five by position.
    static let meta = ReservedKeys([
        "progressToken", "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/logLevel",
        "io.modelcontextprotocol/subscriptionId", "io.modelcontextprotocol/serverInfo",
        "io.modelcontextprotocol/related-task", "traceparent", "tracestate", "baggage", "dev.toolgate/decision",
    ])

    /// Members of a completion's `ref`, which decides by what policy it is judged.
    static let reference = ReservedKeys(["type", "name", "uri", "title"])

    /// Whether a key that is none of the names folds to one.
    func isNearMiss(_ key: JSONString) -> Bool {
        let text = key.slice
        return isFolded(text.allSatisfy { $0 < 0x80 } ? text : CaseFolding.folded(Array(text))[...])
    }

    private func candidates(_ length: Int) -> [StaticString] {
        length < byLength.count ? byLength[length] : []
    }

    /// Whether a folded key is, but for ASCII case, one of the names.
    private func isFolded(_ key: ArraySlice<UInt8>) -> Bool {
        candidates(key.count).contains { name in
            name.withUTF8Buffer { buffer in
                unsafe key.elementsEqual(buffer) { $0.asciiLowered == $1.asciiLowered }
            }
        }
    }

    /// The first key of an object that is a near miss; `table` is the object's, and says whether any key is another.
    func firstNearMiss(in object: JSONValue, _ table: borrowing JSONMemberTable) -> JSONString? {
        table.otherCount == 0 ? nil : firstNearMiss(in: object)
    }

    /// The first key of an object that is a near miss.
    func firstNearMiss(in object: JSONValue) -> JSONString? {
        for member in object.members where keys.position(of: member.key) == nil && isNearMiss(member.key) {
            return member.key
        }
        return nil
    }
}

/// A member of `params` of any method of any revision, client's and server's.
enum ParameterKey: Int, CaseIterable {
    case meta, name, arguments, uri, cursor, task, taskID, requestState, inputResponses, protocolVersion
    case capabilities, clientInfo, level, ref, argument, context, notifications, requestID, reason, progressToken
    case progress, total, message, logger, data, elicitationID

    /// The key on the wire.
    var name: StaticString {
        switch self {
        case .meta: "_meta"
        case .name: "name"
        case .arguments: "arguments"
        case .uri: "uri"
        case .cursor: "cursor"
        case .task: "task"
        case .taskID: "taskId"
        case .requestState: "requestState"
        case .inputResponses: "inputResponses"
        case .protocolVersion: "protocolVersion"
        case .capabilities: "capabilities"
        case .clientInfo: "clientInfo"
        case .level: "level"
        case .ref: "ref"
        case .argument: "argument"
        case .context: "context"
        case .notifications: "notifications"
        case .requestID: "requestId"
        case .reason: "reason"
        case .progressToken: "progressToken"
        case .progress: "progress"
        case .total: "total"
        case .message: "message"
        case .logger: "logger"
        case .data: "data"
        case .elicitationID: "elicitationId"
        }
    }
}

extension JSONMemberTable {
    /// The member of `params` with this key, when the table is of ``ReservedKeys/params``.
    subscript(_ key: ParameterKey) -> JSONValue? { self[key.rawValue] }
}
