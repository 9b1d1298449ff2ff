public import Base
public import JSONText

/// Writes the messages that go to a client, each rebuilt from what a server said or the gateway decided.
public struct DownstreamWriter: Sendable {
    /// The revision the client speaks on this request or session.
    public let revision: Revision
    let identity: GatewayIdentity
    let limits: MCPLimits
    /// `_meta` of a modern result to which the server adds nothing.
    private let modernMeta: [UInt8]

    var isModern: Bool { revision.era == .modern }

    /// A writer for one client's revision.
    public init(revision: Revision, identity: GatewayIdentity, limits: MCPLimits = .standard) {
        self.revision = revision
        self.identity = identity
        self.limits = limits
        var writer = JSONWriter()
        writer.piece(#""_meta":{"#)
        writer.member("io.modelcontextprotocol/serverInfo", raw: identity.json)
        writer.endObject()
        modernMeta = writer.output
    }

    /// What kind of result a server that speaks `server` gave to `method`; `nil` stands for the client's revision.
    ///
    /// Absent means complete, as servers of older revisions leave it out; an unknown type is an error and never guessed
    /// (MC-08). Legacy servers know no types.
    public func result(
        _ result: JSONValue,
        of method: MCPMethod,
        from server: Revision? = nil
    ) throws(UpstreamViolation) -> ServerResult {
        guard (server ?? revision).era == .modern, let type = result["resultType"] else {
            return .complete(result)
        }
        guard let name = type.string else {
            throw .unknownResultType
        }
        if name.isEqual(to: "complete") {
            return .complete(result)
        }
        guard name.isEqual(to: "input_required") else {
            throw .unknownResultType
        }
        guard method.mayRequireInput else {
            throw .inputRequired
        }
        return .inputRequired(try InputRequired(result, limits: limits))
    }

    /// A server's complete result under the client's id.
    ///
    /// What is opaque stays byte for byte; `resultType`, cache hints and the reserved keys of `_meta` are ours (MS-22,
    /// MS-23, MS-29, D4).
    ///
    /// Lists go through ``list(_:_:to:nextCursor:shows:)``: they are filtered, never passed.
    public func complete(_ result: JSONValue, of method: MCPMethod, to id: RequestID) -> [UInt8] {
        var writer = begin(id, reserving: result.range.count)
        writer.members(of: result, except: DownstreamWriter.ownKeys)
        finish(&writer, meta: result["_meta"], hint: method.isCacheable ? timeToLive(result) : nil)
        return writer.output
    }

    /// One page of a list, rebuilt item by item in the server's order (MS-28): each as `shows` gives it, byte for byte,
    /// and none where it gives `nil`; a result without items is refused, never passed on (D6).
    ///
    /// An item that is no object, has no name, or has the name of an earlier one is left out (D5). The cursor of the next
    /// page is what `nextCursor` makes of the server's; hidden items do not hide it. `server` is the revision the list
    /// came in, `nil` the client's own.
    public func list(
        _ kind: ListKind,
        _ result: JSONValue,
        from server: Revision? = nil,
        to id: RequestID,
        nextCursor: (ByteString) -> ByteString?,
        shows: (ByteString, JSONValue) -> JSONValue?
    ) throws(UpstreamViolation) -> [UInt8] {
        guard let items = result[kind.key], items.kind == .array else {
            throw .list
        }
        let cursor = try next(of: result)
        var writer = begin(id, reserving: items.range.count)
        writer.key(kind.key)
        writer.beginArray()
        var names: Set<ByteString> = []
        for item in items.elements {
            guard let text = item[kind.identityKey]?.string, text.rawCount <= limits.maximumNameBytes else {
                continue
            }
            let name = ByteString(text.bytes)
            if names.insert(name).inserted, let shown = shows(name, item) {
                appendItem(shown, of: kind, from: server ?? revision, to: &writer)
            }
        }
        writer.endArray()
        if let cursor, let ours = nextCursor(cursor) {
            writer.member("nextCursor", ours)
        }
        finish(&writer, meta: result["_meta"], hint: timeToLive(result))
        return writer.output
    }

    /// An empty list, for a caller who may see nothing.
    public func emptyList(_ kind: ListKind, to id: RequestID) -> [UInt8] {
        var writer = begin(id, reserving: 0)
        writer.key(kind.key)
        writer.beginArray()
        writer.endArray()
        finish(&writer, meta: nil, hint: 0)
        return writer.output
    }

    /// The empty result: the answer to `ping`, and to whatever else has nothing to say.
    public func empty(to id: RequestID) -> [UInt8] {
        var writer = begin(id, reserving: 0)
        finish(&writer, meta: nil, hint: nil)
        return writer.output
    }

    /// A server's questions under the client's id, with a state of ours (MS-34, MS-35).
    ///
    /// The caller has checked them against the client's capabilities and against policy.
    public func inputRequired(_ input: InputRequired, state: ByteString?, to id: RequestID) -> [UInt8] {
        let size = input.questions.reduce(0) { $0 + $1.ask.size + $1.key.count + 64 }
        var writer = begin(id, reserving: size)
        writer.key("resultType")
        writer.string("input_required" as StaticString)
        if !input.questions.isEmpty {
            writer.key("inputRequests")
            writer.beginObject()
            for question in input.questions {
                writer.key(question.key.bytes)
                writer.beginObject()
                question.ask.append(to: &writer, revision: revision)
                writer.endObject()
            }
            writer.endObject()
        }
        if let state {
            writer.member("requestState", state)
        }
        appendMeta(nil, to: &writer)
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// The answer to `initialize` (LS-01): the session's revision, what can be reached, the server's own name.
    public func initialize(
        _ server: ServerHandshake,
        capabilities: ServerCapabilities,
        to id: RequestID
    ) -> [UInt8] {
        var writer = begin(id, reserving: 256 + (server.instructions?.count ?? 0))
        writer.key("protocolVersion")
        writer.string(revision.name)
        writer.key("capabilities")
        capabilities.append(to: &writer)
        writer.key("serverInfo")
        appendInfo(of: server, to: &writer)
        if let instructions = server.instructions {
            writer.member("instructions", instructions)
        }
        finish(&writer, meta: nil, hint: nil)
        return writer.output
    }

    /// The answer to `server/discover` (MS-25): the modern revisions and what can be reached.
    public func discover(
        _ server: ServerHandshake,
        capabilities: ServerCapabilities,
        timeToLive: Int = 0,
        to id: RequestID
    ) -> [UInt8] {
        var writer = begin(id, reserving: 256 + (server.instructions?.count ?? 0))
        writer.key("supportedVersions")
        writer.beginArray()
        for revision in Revision.servedModern {
            writer.string(revision.name)
        }
        writer.endArray()
        writer.key("capabilities")
        capabilities.append(to: &writer)
        if let instructions = server.instructions {
            writer.member("instructions", instructions)
        }
        finish(&writer, meta: nil, hint: bounded(timeToLive))
        return writer.output
    }

    // MARK: parts

    /// The members of a result that are written by us.
    private static let ownKeys = JSONKeySet(["_meta", "resultType", "ttlMs", "cacheScope"])

    func begin(_ id: RequestID, reserving size: Int) -> JSONWriter {
        var writer = JSONWriter(reserving: 256 + size)
        writer.beginMessage()
        writer.id(id)
        writer.piece(#""result":{"#)
        return writer
    }

    /// Ends a complete result: type, hints and `_meta` in the modern era, `_meta` alone in the legacy one.
    func finish(_ writer: inout JSONWriter, meta: JSONValue?, hint timeToLive: Int?) {
        if isModern {
            writer.piece(#""resultType":"complete""#)
            if let timeToLive {
                writer.piece(#""ttlMs":"#)
                writer.number(timeToLive)
                writer.piece(#""cacheScope":"private""#)
            }
        }
        appendMeta(meta, to: &writer)
        writer.piece("}}")
    }

    /// `_meta` of a result: the server's keys but those MCP reserves and those that are the gateway's alone, so that no
    /// server can forge a decision; in the modern era our `serverInfo`.
    private func appendMeta(_ meta: JSONValue?, to writer: inout JSONWriter) {
        guard let meta, meta.members.contains(where: { !DownstreamWriter.isReserved($0.key) }) else {
            if isModern {
                writer.piece(modernMeta)
            }
            return
        }
        writer.piece(#""_meta":{"#)
        for member in meta.members where !DownstreamWriter.isReserved(member.key) {
            writer.key(member.key.slice)
            writer.value(member.value)
        }
        if isModern {
            writer.member("io.modelcontextprotocol/serverInfo", raw: identity.json)
        }
        writer.endObject()
    }

    /// Keys of `_meta` under a prefix of MCP or of ours, in any case.
    private static func isReserved(_ key: JSONString) -> Bool {
        let slice = key.slice
        return begins(slice, "io.modelcontextprotocol/") || begins(slice, "dev.toolgate/")
    }

    private static func begins(_ key: ArraySlice<UInt8>, _ prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { buffer in
            unsafe key.count >= buffer.count && zip(key, buffer).allSatisfy { $0.asciiLowered == $1 }
        }
    }

    private func appendInfo(of server: ServerHandshake, to writer: inout JSONWriter) {
        guard let name = server.name else {
            writer.raw(identity.json)
            return
        }
        writer.beginObject()
        writer.member("name", name)
        if let title = server.title, revision >= .june2025 {
            writer.member("title", title)
        }
        writer.member("version", server.version ?? "")
        writer.endObject()
    }

    func next(of result: JSONValue) throws(UpstreamViolation) -> ByteString? {
        guard let value = result["nextCursor"], !value.isNull else {
            return nil
        }
        guard let text = value.string, text.rawCount <= limits.maximumHandleBytes else {
            throw .list
        }
        return ByteString(text.bytes)
    }

    /// The server's `ttlMs`: 0 when absent, negative or no number, and never above our bound (D4, MC-18).
    private func timeToLive(_ result: JSONValue) -> Int {
        bounded(result["ttlMs"]?.number?.int ?? 0)
    }

    private func bounded(_ milliseconds: Int) -> Int {
        min(max(milliseconds, 0), limits.maximumTimeToLive)
    }
}

/// A server's result by its type.
public enum ServerResult: Sendable {
    /// The answer.
    case complete(JSONValue)
    /// Questions first (modern only).
    case inputRequired(InputRequired)
}
