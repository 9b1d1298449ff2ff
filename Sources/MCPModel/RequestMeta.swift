import JSONText

/// The members of a client's `_meta` that mean something, found in one pass.
struct RequestMeta {
    /// The object, for what is passed on by name; `nil` when there is none.
    var object: JSONValue?
    /// `progressToken`.
    var progressToken: JSONValue?
    /// `io.modelcontextprotocol/protocolVersion`.
    var protocolVersion: JSONValue?
    /// `io.modelcontextprotocol/clientCapabilities`.
    var clientCapabilities: JSONValue?
    /// `io.modelcontextprotocol/clientInfo`.
    var clientInfo: JSONValue?
    /// `io.modelcontextprotocol/logLevel`.
    var logLevel: JSONValue?
    /// The first key that only looks like one of ours.
    var nearMiss: JSONString?

    /// Whether any key of the modern envelope is there.
    var hasEnvelopeKey: Bool { protocolVersion != nil || clientCapabilities != nil || clientInfo != nil }

    /// Nothing.
    init() {}

    /// Sorts the members of an object.
    init(_ meta: JSONValue) {
        object = meta
        meta.forEachMember(of: ReservedKeys.meta.keys) { position, member in
            switch position {
            case 0: progressToken = member.value
            case 1: protocolVersion = member.value
            case 2: clientCapabilities = member.value
            case 3: clientInfo = member.value
            case 4: logLevel = member.value
            case .some: break
            case .none:
                if nearMiss == nil, ReservedKeys.meta.isNearMiss(member.key) {
                    nearMiss = member.key
                }
            }
        }
    }
}
