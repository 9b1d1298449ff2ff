import Base
public import JSONText

/// What changes in a result on its way from a server of one era to a client of the other (mcp-protocol.md, 3.3 and 3.4).
///
/// Types, hints and reserved `_meta` are the writer's own business in every case; here is only what lies within.
extension DownstreamWriter {
    /// A complete result of a server that speaks `server`, as the client's revision knows it.
    ///
    /// The same as ``complete(_:of:to:)`` when both are of one era.
    public func complete(
        _ result: JSONValue,
        of method: MCPMethod,
        from server: Revision,
        to id: RequestID
    ) -> [UInt8] {
        // What came with 2025-03-26 and later is read by no client of 2024-11-05, whatever its server speaks.
        let isOlder = server.era == .modern && !isModern || revision == .november2024
        guard isOlder, method == .toolsCall || method == .promptsGet else {
            return complete(result, of: method, to: id)
        }
        var writer = begin(id, reserving: result.range.count)
        let isTool = method == .toolsCall
        writer.members(of: result, except: isTool ? Self.toolResultKeys : Self.promptResultKeys)
        if isTool {
            if let content = result["content"] {
                writer.key("content")
                appendBlocks(content, to: &writer)
            }
            if revision >= .june2025, let structured = result["structuredContent"], structured.kind == .object {
                writer.member("structuredContent", structured)
            }
        } else if let messages = result["messages"] {
            writer.key("messages")
            appendMessages(messages, to: &writer)
        }
        finish(&writer, meta: result["_meta"], hint: nil)
        return writer.output
    }

    private static let toolResultKeys = JSONKeySet([
        "_meta", "resultType", "ttlMs", "cacheScope", "content", "structuredContent",
    ])
    private static let promptResultKeys = JSONKeySet(["_meta", "resultType", "ttlMs", "cacheScope", "messages"])

    /// An item of a list of a server of the other era.
    ///
    /// A tool loses what its reader would misunderstand: `execution` belongs to the tasks of 2025-11-25, and an
    /// `outputSchema` whose root is no object to results a legacy client cannot have.
    ///
    /// `name` stands in for its own where the caller knows it by another.
    func appendItem(
        _ item: JSONValue,
        of kind: ListKind,
        from server: Revision,
        as name: ByteString? = nil,
        to writer: inout JSONWriter
    ) {
        let dropped = dropped(from: item, of: kind, server)
        guard item.kind == .object, dropped != .nothing || name != nil else {
            writer.value(item)
            return
        }
        writer.beginObject()
        if let name {
            writer.key(kind.identityKey)
            writer.string(name.bytes)
        }
        switch dropped {
        case .nothing: writer.members(of: item, except: Self.nameKey)
        case .execution: writer.members(of: item, except: name == nil ? Self.executionKey : Self.namedExecutionKey)
        case .outputSchema: writer.members(of: item, except: name == nil ? Self.schemaKey : Self.namedSchemaKey)
        }
        writer.endObject()
    }

    private enum Dropped {
        case nothing
        case execution
        case outputSchema
    }

    private func dropped(from item: JSONValue, of kind: ListKind, _ server: Revision) -> Dropped {
        guard kind == .tools, server.era != revision.era else {
            return .nothing
        }
        if isModern {
            return item["execution"] == nil ? .nothing : .execution
        }
        guard let schema = item["outputSchema"], schema["type"]?.string?.isEqual(to: "object") != true else {
            return .nothing
        }
        return .outputSchema
    }

    private static let nameKey = JSONKeySet(["name"])
    private static let executionKey = JSONKeySet(["execution"])
    private static let namedExecutionKey = JSONKeySet(["name", "execution"])
    private static let schemaKey = JSONKeySet(["outputSchema"])
    private static let namedSchemaKey = JSONKeySet(["name", "outputSchema"])

    // MARK: Content

    private func appendBlocks(_ content: JSONValue, to writer: inout JSONWriter) {
        guard revision < .june2025, content.kind == .array else {
            writer.value(content)
            return
        }
        writer.beginArray()
        for block in content.elements {
            appendBlock(block, to: &writer)
        }
        writer.endArray()
    }

    private func appendMessages(_ messages: JSONValue, to writer: inout JSONWriter) {
        guard revision < .june2025, messages.kind == .array else {
            writer.value(messages)
            return
        }
        writer.beginArray()
        for message in messages.elements {
            guard let content = message["content"], content.kind == .object else {
                writer.value(message)
                continue
            }
            writer.beginObject()
            writer.members(of: message, except: Self.contentKey)
            writer.key("content")
            appendBlock(content, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static let contentKey = JSONKeySet(["content"])

    /// A content block; a link, which came with 2025-06-18, as the text that says where it leads, and sound, which came with
    /// 2025-03-26, as the text that it was there.
    private func appendBlock(_ block: JSONValue, to writer: inout JSONWriter) {
        let type = block["type"]?.string
        if revision == .november2024, type?.isEqual(to: "audio") == true {
            writer.beginObject()
            writer.piece(#""type":"text","text":"(audio, which this protocol revision cannot carry)""#)
            writer.endObject()
            return
        }
        guard type?.isEqual(to: "resource_link") == true, let uri = block["uri"]?.string else {
            writer.value(block)
            return
        }
        var text: [UInt8] = []
        if let name = (block["title"] ?? block["name"])?.string {
            text.append(contentsOf: name.bytes)
            text.append(": ")
        }
        text.append(contentsOf: uri.bytes)
        writer.beginObject()
        writer.piece(#""type":"text","text":"#)
        writer.string(text)
        writer.endObject()
    }
}
