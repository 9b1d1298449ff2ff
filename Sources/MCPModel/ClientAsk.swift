public import Base
public import JSONText

/// Something a server asks of the client: a legacy request, or one entry of `input_required` (MS-34).
public struct ClientAsk: Sendable {
    /// `elicitation/create`, `sampling/createMessage` or `roots/list`.
    public let method: MCPMethod
    /// What the client must have declared for it, the elicitation's mode and the tools of sampling included.
    public let required: ClientCapabilities
    /// The address an elicitation wants the user to open.
    public let url: ByteString?
    private let params: JSONValue?

    /// Reads what is asked; `nil` when the method is none of the three or the parameters are not in its shape.
    init?(_ method: MCPMethod, params: JSONValue?) {
        var required: ClientCapabilities
        var url: ByteString?
        switch method {
        case .elicitationCreate:
            guard let params, params["message"]?.string != nil else {
                return nil
            }
            let mode = params["mode"]
            if mode == nil || mode?.string?.isEqual(to: "form") == true {
                guard params["requestedSchema"]?.kind == .object else {
                    return nil
                }
                required = .elicitationForm
            } else {
                guard mode?.string?.isEqual(to: "url") == true, let address = params["url"]?.string else {
                    return nil
                }
                required = .elicitationURL
                url = ByteString(address.bytes)
            }
        case .samplingCreateMessage:
            guard let params, params["messages"]?.kind == .array else {
                return nil
            }
            required = .sampling
            if params["tools"] != nil || params["toolChoice"] != nil {
                required.insert(.samplingTools)
            }
        case .rootsList:
            required = .roots
        default:
            return nil
        }
        self.method = method
        self.required = required
        self.url = url
        self.params = params
    }

    /// The members that are passed on, byte for byte.
    ///
    /// `_meta` with the server's progress token and `task` stay behind.
    private var passed: [StaticString] {
        switch method {
        case .elicitationCreate: ["mode", "message", "requestedSchema", "url", "elicitationId"]
        case .samplingCreateMessage:
            [
                "messages", "modelPreferences", "systemPrompt", "includeContext", "temperature", "maxTokens",
                "stopSequences", "metadata", "tools", "toolChoice",
            ]
        default: []
        }
    }

    /// How many bytes the parameters have, roughly.
    var size: Int { params.map { $0.range.count } ?? 0 }

    /// Writes `method` and `params` into an open object, as the reader's revision knows them.
    ///
    /// The id of an elicitation belongs to 2025-11-25, which cannot do without it: `elicitation` stands in where the server
    /// gave none. The mode came with the second one.
    func append(to writer: inout JSONWriter, revision: Revision, elicitation: RequestID? = nil) {
        writer.method(method)
        guard let params, !passed.isEmpty else {
            return
        }
        writer.key("params")
        writer.beginObject()
        for key in passed {
            if let value = params[key], isKnown(key, in: revision) {
                writer.member(key, value)
            }
        }
        if let elicitation, url != nil, params["elicitationId"] == nil {
            writer.member("elicitationId", elicitation)
        }
        writer.endObject()
    }

    private func isKnown(_ key: StaticString, in revision: Revision) -> Bool {
        switch "\(key)" {
        case "elicitationId": revision == .november2025
        case "mode": revision >= .november2025
        default: true
        }
    }
}

/// A modern result that asks for input first (26/mrtr).
public struct InputRequired: Sendable {
    /// One question.
    public struct Question: Sendable {
        /// The server's key for it, under which the answer comes back.
        public let key: ByteString
        /// The question.
        public let ask: ClientAsk
    }

    /// The questions; empty when only the state matters.
    public let questions: [Question]
    /// The server's own state, opaque, to be sealed before the client sees it (D1, X-17).
    public let state: ByteString?

    /// What the client must have declared for all of it (MS-34).
    public var required: ClientCapabilities {
        questions.reduce(into: []) { $0.formUnion($1.ask.required) }
    }

    /// One question of a legacy server in the form modern clients are asked in (mcp-protocol.md, 3.5).
    public init(asking ask: ClientAsk, key: ByteString) {
        questions = [Question(key: key, ask: ask)]
        state = nil
    }

    /// What a legacy server wants opened before it does anything (−32042, 2025-11-25); `nil` when the error names nothing.
    public init?(addressesOf error: JSONValue, limits: MCPLimits = .standard) {
        guard let elicitations = error["data"]?["elicitations"], elicitations.kind == .array,
            (1...limits.maximumInputRequests).contains(elicitations.count)
        else {
            return nil
        }
        var questions: [Question] = []
        for elicitation in elicitations.elements {
            guard let ask = ClientAsk(.elicitationCreate, params: elicitation), ask.url != nil else {
                return nil
            }
            questions.append(Question(key: ByteString("u\(questions.count)"), ask: ask))
        }
        self.questions = questions
        state = nil
    }

    /// Reads a result whose type is `input_required`; it carries questions, or a state, or both.
    init(_ result: JSONValue, limits: MCPLimits) throws(UpstreamViolation) {
        var questions: [Question] = []
        if let requests = result["inputRequests"] {
            guard requests.kind == .object, requests.count <= limits.maximumInputRequests else {
                throw .inputRequired
            }
            for member in requests.members {
                guard member.key.rawRange.count <= limits.maximumNameBytes,
                    let name = member.value["method"]?.string, let method = MCPMethod(name),
                    let ask = ClientAsk(method, params: member.value["params"])
                else {
                    throw .inputRequired
                }
                questions.append(Question(key: ByteString(member.key.bytes), ask: ask))
            }
        }
        state = try InputRequired.state(of: result, limits: limits)
        guard !questions.isEmpty || state != nil else {
            throw .inputRequired
        }
        self.questions = questions
    }

    private static func state(of result: JSONValue, limits: MCPLimits) throws(UpstreamViolation) -> ByteString? {
        guard let value = result["requestState"] else {
            return nil
        }
        guard let text = value.string, text.rawRange.count <= limits.maximumHandleBytes else {
            throw .inputRequired
        }
        return ByteString(text.bytes)
    }
}
