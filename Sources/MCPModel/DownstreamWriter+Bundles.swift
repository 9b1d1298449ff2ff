public import Base
public import JSONText

/// One server's page of a list that several servers make up together.
public struct ListPart: Sendable {
    let result: JSONValue
    let server: Revision
    let shows: @Sendable (ByteString, JSONValue) -> JSONValue?
    let names: @Sendable (ByteString) -> ByteString?

    /// How many bytes the page has.
    public var size: Int { result.range.count }

    /// A page as the server, which speaks `server`, gave it.
    ///
    /// - Parameters:
    ///   - result: the result, with the items under the list's key.
    ///   - server: the revision it came in.
    ///   - shows: what the caller sees of an item; `nil` for nothing.
    ///   - names: what an item is called for the caller; `nil` leaves it out.
    public init(
        _ result: JSONValue,
        from server: Revision,
        shows: @escaping @Sendable (ByteString, JSONValue) -> JSONValue?,
        names: @escaping @Sendable (ByteString) -> ByteString?
    ) {
        self.result = result
        self.server = server
        self.shows = shows
        self.names = names
    }
}

/// A server whose part of a list is not there, and why.
public struct MissingPart: Hashable, Sendable {
    /// The server's name.
    public let server: ByteString
    /// Why, in a sentence that is safe for the caller.
    public let reason: ByteString

    /// A missing part.
    public init(server: ByteString, reason: ByteString) {
        self.server = server
        self.reason = reason
    }
}

extension DownstreamWriter {
    /// A page of a list of several servers: the items of each in its order, the servers in theirs, each name once.
    ///
    /// What is missing is said in `_meta`, under `dev.toolgate/missing`. A part without items counts as empty: whether it
    /// has them is looked at by ``items(of:in:)`` before.
    public func list(
        _ kind: ListKind,
        parts: [ListPart],
        missing: [MissingPart],
        nextCursor: ByteString?,
        to id: RequestID
    ) -> [UInt8] {
        var writer = begin(id, reserving: parts.reduce(0) { $0 + $1.result.range.count })
        writer.key(kind.key)
        writer.beginArray()
        var names: Set<ByteString> = []
        for part in parts {
            for item in part.result[kind.key]?.elements.map(\.self) ?? [] {
                guard let text = item[kind.identityKey]?.string, text.rawCount <= limits.maximumNameBytes else {
                    continue
                }
                let own = ByteString(text.bytes)
                guard let shown = part.shows(own, item), let name = part.names(own), names.insert(name).inserted else {
                    continue
                }
                appendItem(shown, of: kind, from: part.server, as: name == own ? nil : name, to: &writer)
            }
        }
        writer.endArray()
        if let nextCursor {
            writer.member("nextCursor", nextCursor)
        }
        if isModern {
            writer.piece(#""resultType":"complete","ttlMs":0,"cacheScope":"private""#)
        }
        if isModern || !missing.isEmpty {
            appendMeta(missing, to: &writer)
        }
        writer.piece("}}")
        return writer.output
    }

    /// The cursor of a server's next page; a result that is no such list throws (D6).
    public func nextCursor(_ kind: ListKind, of result: JSONValue) throws(UpstreamViolation) -> ByteString? {
        guard let items = result[kind.key], items.kind == .array else {
            throw .list
        }
        return try next(of: result)
    }

    private func appendMeta(_ missing: [MissingPart], to writer: inout JSONWriter) {
        writer.piece(#""_meta":{"#)
        if !missing.isEmpty {
            writer.key("dev.toolgate/missing")
            writer.beginArray()
            for part in missing {
                writer.beginObject()
                writer.member("server", part.server)
                writer.member("reason", part.reason)
                writer.endObject()
            }
            writer.endArray()
        }
        if isModern {
            writer.member("io.modelcontextprotocol/serverInfo", raw: identity.json)
        }
        writer.endObject()
    }
}

extension ServerHandshake {
    /// What the gateway says of itself where it stands for several servers.
    public init(name: ByteString, version: ByteString, capabilities: ServerCapabilities) {
        revisions = []
        self.capabilities = capabilities
        self.name = name
        title = nil
        self.version = version
        instructions = nil
    }
}

extension ClientRequest {
    /// The same request about the tool, prompt or template as its own server names it.
    public func renamed(_ name: ByteString) -> ClientRequest {
        var detail = detail
        if case .completion(let completion) = detail {
            let reference: Completion.Reference =
                switch completion.reference {
                case .prompt: .prompt(name)
                case .resource: .resource(name)
                }
            detail = .completion(
                Completion(reference: reference, argument: completion.argument, context: completion.context)
            )
        }
        return ClientRequest(
            id: id,
            method: method,
            name: self.name == nil ? nil : name,
            detail: detail,
            retry: retry,
            progressToken: progressToken,
            envelope: envelope,
            meta: meta
        )
    }
}
