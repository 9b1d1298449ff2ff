internal import Base
internal import EventLoops
internal import JSONText
internal import MCPModel
internal import PolicyEngine
internal import Settings
internal import Upstreams

/// The four lists: fetched page by page for the client, and only what policy shows goes on (security.md, D5, D6).
extension GatewayWorker {
    /// Answers a list.
    func list(_ call: Call, _ request: ClientRequest) async throws(Failure) {
        guard let kind = request.method.listKind else {
            throw Failure(.internalFault)
        }
        guard call.grant.policy != nil else {
            call.record.rule = "(no policy)"
            await answer(call, core.writer(call.revision).emptyList(kind, to: request.id))
            return
        }
        if kind == .tools {
            try await prepareLeg(of: call)
            // The gateway's own list is the first one, so that it is what gets pinned.
            _ = try await tools(of: call.grant.server)
        }
        try await forward(call, request)
    }

    /// One page without what the caller may not see, and without credentials; cursors become ours.
    func filtered(
        _ call: Call,
        _ request: ClientRequest,
        _ kind: ListKind,
        _ result: JSONValue
    ) async throws(UpstreamViolation) -> [UInt8] {
        guard let policy = call.grant.policy?.compiled else {
            return core.writer(call.revision).emptyList(kind, to: request.id)
        }
        let (handles, writer, now) = (core.handles, core.writer(call.revision), core.time.wallTime)
        let (grant, server, revision) = (call.grant, call.grant.server, call.leg.revision)
        let (id, method, isFirst) = (request.id, request.method, request.cursor == nil)
        let filtered = await work(onList: result.range.count, of: upstream(of: server)) {
            Result { () throws(UpstreamViolation) in
                let tools =
                    kind == .tools ? GatewayWorker.observe(server, result, isFirst: isFirst, at: now) : nil
                let page = try writer.list(
                    kind,
                    result,
                    from: revision,
                    to: id,
                    nextCursor: { handles.sealCursor($0.bytes, of: method, grant: grant, now: now) },
                    shows: GatewayWorker.shows(kind, policy, tools, server)
                )
                return server.mask.masking(page)
            }
        }
        return try filtered.get()
    }

    /// What a caller sees of an item of a list, by its server's name for it.
    static func shows(
        _ kind: ListKind,
        _ policy: CompiledPolicy,
        _ tools: ToolTable?,
        _ server: ServerEntry
    ) -> @Sendable (ByteString, JSONValue) -> JSONValue? {
        { name, item in
            switch kind {
            case .tools: tools?[name].flatMap { Self.shown($0.definition, as: item, policy, server) }
            case .prompts: policy.allowsPrompt(name) ? item : nil
            case .resources, .resourceTemplates: policy.allowsResource(name) ? item : nil
            }
        }
    }

    /// What a client sees of a tool: where the server now says something else, nothing or what was pinned (E2, D5).
    ///
    /// Calls of a changed tool are denied, but its new text alone could already steer the model that reads it.
    private static func shown(
        _ tool: ToolDefinition,
        as item: JSONValue,
        _ policy: CompiledPolicy,
        _ server: ServerEntry
    ) -> JSONValue? {
        guard policy.shows(tool) else {
            return nil
        }
        guard tool.standing == .changed else {
            return item
        }
        return server.changedTools == .show ? tool.definition : nil
    }

    /// Compares a page of tools that passes by with what is pinned (E2), and answers the table as it is then.
    static func observe(
        _ server: ServerEntry,
        _ result: JSONValue,
        isFirst: Bool,
        at now: WallTime
    ) -> ToolTable? {
        let inventory = server.shared.inventory
        guard let table = inventory.table, let items = result["tools"] else {
            return nil
        }
        let (definitions, isChanged) = read(items.elements, knowing: table)
        let isWhole = isFirst && result["nextCursor"].map { $0.isNull } ?? true
        if isChanged || (isWhole && definitions.count != table.count) {
            inventory.observe(definitions, isWhole: isWhole, at: now)
        }
        return inventory.table
    }

    /// Definitions as a server lists them, and whether any is another than `table` has it.
    ///
    /// The same bytes are the same definition: the usual case costs a comparison and no digest.
    static func read(
        _ items: some Sequence<JSONValue>,
        knowing table: ToolTable?
    ) -> (definitions: [ToolDefinition], isChanged: Bool) {
        var definitions: [ToolDefinition] = []
        var isChanged = false
        for item in items {
            guard let name = item["name"]?.string else {
                continue
            }
            let known = table?[ByteString(name.bytes)]?.definition
            if let known, known.standing != .changed, known.definition.rawBytes.elementsEqual(item.rawBytes) {
                definitions.append(known)
            } else if let read = ToolDefinition(item) {
                definitions.append(read)
                isChanged = isChanged || known?.digest != read.digest || known?.standing == .changed
            }
        }
        return (definitions, isChanged)
    }
}
