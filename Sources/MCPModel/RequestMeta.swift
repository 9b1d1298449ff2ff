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
        let members = JSONMemberTable(meta, keys: ReservedKeys.meta.keys)
        object = meta
        progressToken = members[0]
        protocolVersion = members[1]
        clientCapabilities = members[2]
        clientInfo = members[3]
        logLevel = members[4]
        nearMiss = ReservedKeys.meta.firstNearMiss(in: meta, members)
    }
}
