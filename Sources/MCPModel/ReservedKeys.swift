import JSONText
import UnicodeText

/// The member names that mean something at one place of a message, and what a key there may be (A2).
///
/// A key that folds to a reserved one without being it (another case, a Kelvin sign, a zero-width space) is refused:
/// some reader behind us might take it for the real one. Folding is NFKC_Casefold, as in policies.
struct ReservedKeys {
    /// What a key is.
    enum Match {
        /// Exactly the reserved key of this name.
        case exact
        /// Not a reserved key, but read as one by somebody.
        case nearMiss
        /// Something else.
        case other
    }

    private let names: [StaticString]

    private init(_ names: [StaticString]) {
        self.names = names
    }

    /// Members of the message itself (JSON-RPC 2.0, sections 4 and 5).
    static let envelope = ReservedKeys(["jsonrpc", "id", "method", "params", "result", "error"])

    /// Members of `params` of any method of any revision, client's and server's.
    static let params = ReservedKeys([
        "_meta", "name", "arguments", "uri", "cursor", "task", "taskId", "requestState", "inputResponses",
        "protocolVersion", "capabilities", "clientInfo", "level", "ref", "argument", "context", "notifications",
        "requestId", "reason", "progressToken", "progress", "total", "message", "logger", "data", "elicitationId",
    ])

    /// Members of `_meta` that MCP gives a meaning.
    static let meta = ReservedKeys([
        "progressToken", "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/logLevel",
        "io.modelcontextprotocol/subscriptionId", "io.modelcontextprotocol/serverInfo",
        "io.modelcontextprotocol/related-task", "traceparent", "tracestate", "baggage", "dev.toolgate/decision",
    ])

    /// Members of a completion's `ref`, which decides by what policy it is judged.
    static let reference = ReservedKeys(["type", "name", "uri", "title"])

    /// What `key` is here.
    ///
    /// Exact keys, the usual case, cost comparisons only.
    func match(_ key: JSONString) -> Match {
        if names.contains(where: { key.isEqual(to: $0) }) {
            return .exact
        }
        return isNearMiss(key.bytes) ? .nearMiss : .other
    }

    private func isNearMiss(_ key: [UInt8]) -> Bool {
        let folded = key.allSatisfy { $0 < 0x80 } ? key.map(\.asciiLowered) : CaseFolding.folded(key)
        return names.contains { name in
            folded.count == name.utf8CodeUnitCount
                && name.withUTF8Buffer { buffer in
                    unsafe folded.elementsEqual(buffer) { $0 == $1.asciiLowered }
                }
        }
    }

    /// The first key of an object that is a near miss.
    func firstNearMiss(in object: JSONValue) -> JSONString? {
        for member in object.members where match(member.key) == .nearMiss {
            return member.key
        }
        return nil
    }
}
