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

    private init(_ names: [StaticString]) {
        keys = JSONKeySet(names)
        let longest = names.map(\.utf8CodeUnitCount).max() ?? 0
        byLength = (0...longest).map { length in names.filter { $0.utf8CodeUnitCount == length } }
    }

    /// Members of the message itself (JSON-RPC 2.0, sections 4 and 5).
    static let envelope = ReservedKeys(["jsonrpc", "id", "method", "params", "result", "error"])

    /// Members of `params` of any method of any revision, client's and server's.
    static let params = ReservedKeys([
        "_meta", "name", "arguments", "uri", "cursor", "task", "taskId", "requestState", "inputResponses",
        "protocolVersion", "capabilities", "clientInfo", "level", "ref", "argument", "context", "notifications",
        "requestId", "reason", "progressToken", "progress", "total", "message", "logger", "data", "elicitationId",
    ])

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

    /// The first key of an object that is a near miss.
    func firstNearMiss(in object: JSONValue) -> JSONString? {
        var found: JSONString?
        object.forEachMember(of: keys) { position, member in
            if position == nil, found == nil, isNearMiss(member.key) {
                found = member.key
            }
        }
        return found
    }
}
