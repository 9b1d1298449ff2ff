import Base
import JSONText

/// Reads the `params` of one request by its method: every member that is looked at has its type checked.
struct ParameterReader: ~Copyable {
    let method: MCPMethod
    let params: JSONMemberTable
    let era: Era
    let id: RequestID
    let limits: MCPLimits

    /// The tool, prompt, resource or task, when the method names one; then it must be there.
    func name() throws(MCPFailure) -> ByteString? {
        guard let key = method.nameSource.key else {
            return nil
        }
        guard let text = try text(key, maximum: limits.maximumNameBytes) else {
            throw invalid("params needs the text member ", key.name)
        }
        return text
    }

    /// The parameters that only this method has.
    func detail() throws(MCPFailure) -> ClientRequest.Detail {
        switch method {
        case .toolsCall, .promptsGet:
            return .arguments(try object(.arguments))
        case .toolsList, .promptsList, .resourcesList, .resourcesTemplatesList:
            return .page(cursor: try text(.cursor, maximum: limits.maximumHandleBytes))
        case .initialize:
            return .initialization(try initialization())
        case .completionComplete:
            return .completion(try completion())
        case .loggingSetLevel:
            guard let level = params[.level]?.string.flatMap({ LogLevel($0) }) else {
                throw invalid("params needs a log level as ", "level")
            }
            return .level(level)
        case .subscriptionsListen:
            return .subscription(try subscription())
        default:
            return .none
        }
    }

    /// The answers and state of a retry; only the modern era has them, elsewhere they are ignored and dropped.
    func retry() throws(MCPFailure) -> InputRetry? {
        guard era == .modern, method.mayRequireInput else {
            return nil
        }
        let responses = try object(.inputResponses)
        let state = try text(.requestState, maximum: limits.maximumHandleBytes)
        if let responses {
            for member in responses.members where member.value.kind != .object {
                throw invalid("every answer must be an object in ", "inputResponses")
            }
        }
        return responses == nil && state == nil ? nil : InputRetry(responses: responses, state: state)
    }

    private func initialization() throws(MCPFailure) -> Initialization {
        guard let requested = try text(.protocolVersion, maximum: limits.maximumNameBytes) else {
            throw invalid("params needs the text member ", "protocolVersion")
        }
        var capabilities: ClientCapabilities = []
        if let value = params[.capabilities] {
            guard let read = ClientCapabilities(value) else {
                throw invalid("a capability is not an object in ", "capabilities")
            }
            capabilities = read
        }
        var client: ClientIdentity?
        if let value = params[.clientInfo] {
            guard let read = ClientIdentity(value, limits: limits) else {
                throw invalid("not an implementation: ", "clientInfo")
            }
            client = read
        }
        let known = Revision(requested.bytes)
        let isServed = known.map { $0.isServed && $0.era == .legacy } ?? false
        return Initialization(
            requested: requested,
            revision: isServed ? (known ?? .newestLegacy) : .newestLegacy,
            capabilities: capabilities,
            client: client
        )
    }

    private func completion() throws(MCPFailure) -> Completion {
        guard let reference = try object(.ref), let type = reference["type"]?.string else {
            throw invalid("params needs an object with a type as ", "ref")
        }
        if let suspect = ReservedKeys.reference.firstNearMiss(in: reference) {
            let message = MCPFailure.named("ambiguous member: ", MCPFailure.bounded(ByteString(suspect.bytes)))
            throw MCPFailure(.invalidRequest, era: era, id: id, message: message)
        }
        let isPrompt = type.isEqual(to: "ref/prompt")
        guard isPrompt || type.isEqual(to: "ref/resource") else {
            throw invalid("neither ref/prompt nor ref/resource: ", "ref")
        }
        guard let target = reference[isPrompt ? "name" : "uri"]?.string,
            target.rawCount <= limits.maximumNameBytes
        else {
            throw invalid("no text names what is to be completed in ", "ref")
        }
        guard let argument = try object(.argument), argument["name"]?.string != nil,
            argument["value"]?.string != nil
        else {
            throw invalid("params needs an object with texts as name and value as ", "argument")
        }
        let name = ByteString(target.bytes)
        return Completion(
            reference: isPrompt ? .prompt(name) : .resource(name),
            argument: argument,
            context: try object(.context)
        )
    }

    private func subscription() throws(MCPFailure) -> SubscriptionFilter {
        guard let notifications = try object(.notifications) else {
            throw invalid("params needs the object ", "notifications")
        }
        var filter = SubscriptionFilter()
        filter.toolsListChanged = try flag("toolsListChanged", in: notifications)
        filter.promptsListChanged = try flag("promptsListChanged", in: notifications)
        filter.resourcesListChanged = try flag("resourcesListChanged", in: notifications)
        if let uris = notifications["resourceSubscriptions"] {
            guard uris.kind == .array, uris.count <= limits.maximumSubscriptions else {
                throw invalid("not a list, or too long a one: ", "resourceSubscriptions")
            }
            for uri in uris.elements {
                guard let text = uri.string, text.rawCount <= limits.maximumNameBytes else {
                    throw invalid("a URI is not text, or too long, in ", "resourceSubscriptions")
                }
                filter.resourceSubscriptions.append(ByteString(text.bytes))
            }
        }
        return filter
    }

    private func flag(_ key: StaticString, in object: JSONValue) throws(MCPFailure) -> Bool {
        guard let value = object[key] else {
            return false
        }
        guard let flag = value.boolean else {
            throw invalid("neither true nor false: ", key)
        }
        return flag
    }

    private func object(_ key: ParameterKey) throws(MCPFailure) -> JSONValue? {
        guard let value = params[key] else {
            return nil
        }
        guard value.kind == .object else {
            throw invalid("not an object: ", key.name)
        }
        return value
    }

    private func text(_ key: ParameterKey, maximum: Int) throws(MCPFailure) -> ByteString? {
        guard let value = params[key] else {
            return nil
        }
        guard let string = value.string else {
            throw invalid("not text: ", key.name)
        }
        guard string.rawCount <= maximum else {
            throw invalid("too long: ", key.name)
        }
        return ByteString(string.bytes)
    }

    private func invalid(_ lead: StaticString, _ key: StaticString) -> MCPFailure {
        var text: [UInt8] = []
        text.append(lead)
        text.append(key)
        return MCPFailure(.invalidParams, era: era, id: id, message: ByteString(text))
    }
}
