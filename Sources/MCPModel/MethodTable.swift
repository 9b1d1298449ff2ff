/// Who sends a message.
public enum Direction: Sendable, Hashable, CaseIterable {
    /// From the agent's side to the server's.
    case fromClient
    /// From the server's side to the agent's.
    case fromServer
}

/// What policy is asked about a method (policy-language.md, section 4).
///
/// Every method has exactly one (A14).
public enum MethodClass: Sendable, Hashable, CaseIterable {
    /// Opening, discovering, pinging: always answered.
    case lifecycle
    /// A tool is run.
    case toolCall
    /// Tools are listed: filtered.
    case toolList
    /// Resources or their templates are listed: filtered.
    case resourceList
    /// A resource is read.
    case resourceRead
    /// Updates of one resource are asked for or cancelled.
    case resourceSubscription
    /// Prompts are listed: filtered.
    case promptList
    /// A prompt is fetched.
    case promptGet
    /// An argument of a prompt or resource template is completed: judged by that prompt or template.
    case completion
    /// The log level is set.
    case logging
    /// A stream of change notifications is opened: its filter is judged.
    case subscription
    /// A task of the one or the other task protocol: neither is offered.
    case task
    /// The server asks something of the client: `client_requests`.
    case serverRequest
    /// A request in flight is given up.
    case cancellation
    /// Progress of a request in flight.
    case progress
    /// A log message of the server.
    case logMessage
    /// A list or a resource changed.
    case change
}

/// What the gateway does with a method once policy has let it pass.
public enum MethodHandling: Sendable, Hashable, CaseIterable {
    /// Rebuilt and sent on to the other side.
    case forwarded
    /// Answered, or acted upon, by the gateway itself.
    case answered
    /// Accepted and dropped: it has no counterpart on the other side.
    case absorbed
    /// Belongs to a capability the gateway does not offer: −32601.
    case refused
}

/// One line of the table: a method as one revision knows it in one direction.
public struct MethodRule: Sendable, Hashable {
    /// The method.
    public let method: MCPMethod
    /// What policy is asked.
    public let policyClass: MethodClass
    /// What happens to it.
    public let handling: MethodHandling
    /// The capability without which the server does not implement the method; empty when none is needed.
    public let capability: ServerCapabilities
}

/// The closed table of methods per revision and direction (mcp-protocol.md, section 1.2).
public enum MethodTable {
    /// The rule for `method`; `nil` when that revision does not know it in that direction.
    ///
    /// Methods whose payload travels only inside `input_required` in 2026-07-28 are not messages there: `nil`.
    public static func rule(for method: MCPMethod, in revision: Revision, _ direction: Direction) -> MethodRule? {
        guard exists(method, in: revision, direction) else {
            return nil
        }
        return MethodRule(
            method: method,
            policyClass: policyClass(of: method),
            handling: handling(of: method, in: revision, direction),
            capability: capability(of: method)
        )
    }

    /// The class of a method; the same in every revision and direction.
    public static func policyClass(of method: MCPMethod) -> MethodClass {
        switch method {
        case .initialize, .serverDiscover, .ping, .initialized, .rootsListChanged: .lifecycle
        case .toolsCall: .toolCall
        case .toolsList: .toolList
        case .promptsList: .promptList
        case .promptsGet: .promptGet
        case .resourcesList, .resourcesTemplatesList: .resourceList
        case .resourcesRead: .resourceRead
        case .resourcesSubscribe, .resourcesUnsubscribe: .resourceSubscription
        case .subscriptionsListen, .subscriptionsAcknowledged: .subscription
        case .completionComplete: .completion
        case .loggingSetLevel: .logging
        case .rootsList, .samplingCreateMessage, .elicitationCreate, .elicitationCompleted: .serverRequest
        case .tasksGet, .tasksResult, .tasksList, .tasksCancel, .tasksUpdate, .taskStatus, .taskChanged: .task
        case .cancelled: .cancellation
        case .progress: .progress
        case .logMessage: .logMessage
        case .toolsListChanged, .promptsListChanged, .resourcesListChanged, .resourcesUpdated: .change
        }
    }

    private static func exists(_ method: MCPMethod, in revision: Revision, _ direction: Direction) -> Bool {
        let isLegacy = revision.era == .legacy
        let toServer = direction == .fromClient
        switch method {
        case .initialize, .initialized, .resourcesSubscribe, .resourcesUnsubscribe, .loggingSetLevel,
            .rootsListChanged:
            return isLegacy && toServer
        case .ping, .cancelled, .progress:
            return isLegacy || existsModern(method, toServer: toServer)
        case .toolsList, .toolsCall, .promptsList, .promptsGet, .resourcesList, .resourcesTemplatesList,
            .resourcesRead, .completionComplete:
            return toServer
        case .serverDiscover, .subscriptionsListen:
            return !isLegacy && toServer
        case .rootsList, .samplingCreateMessage:
            return isLegacy && !toServer
        case .elicitationCreate:
            return isLegacy && revision >= .june2025 && !toServer
        case .elicitationCompleted:
            return revision == .november2025 && !toServer
        case .tasksGet, .tasksCancel:
            return revision == .november2025 || (!isLegacy && toServer)
        case .tasksResult, .tasksList, .taskStatus:
            return revision == .november2025
        case .tasksUpdate:
            return !isLegacy && toServer
        case .taskChanged, .subscriptionsAcknowledged:
            return !isLegacy && !toServer
        case .logMessage, .toolsListChanged, .promptsListChanged, .resourcesListChanged, .resourcesUpdated:
            return !toServer
        }
    }

    /// `ping` is gone, progress only comes from the server, and a cancellation may be sent by either side (the client's
    /// only over stdio; over HTTP closing the stream is the cancellation and the notification is absorbed).
    private static func existsModern(_ method: MCPMethod, toServer: Bool) -> Bool {
        switch method {
        case .cancelled: true
        case .progress: !toServer
        default: false
        }
    }

    private static func handling(
        of method: MCPMethod,
        in revision: Revision,
        _ direction: Direction
    ) -> MethodHandling {
        switch method {
        case .initialize, .serverDiscover, .ping, .initialized, .subscriptionsListen, .subscriptionsAcknowledged:
            return .answered
        case .tasksGet, .tasksResult, .tasksList, .tasksCancel, .tasksUpdate:
            return .refused
        case .taskStatus, .taskChanged:
            return .absorbed
        case .cancelled:
            return direction == .fromClient && revision.era == .modern ? .absorbed : .answered
        case .progress where direction == .fromClient:
            // It reports on a server's request, whose token the gateway has stripped.
            return .absorbed
        default:
            return .forwarded
        }
    }

    private static func capability(of method: MCPMethod) -> ServerCapabilities {
        switch method {
        case .toolsCall, .toolsList: .tools
        case .promptsList, .promptsGet: .prompts
        case .resourcesList, .resourcesTemplatesList, .resourcesRead: .resources
        case .resourcesSubscribe, .resourcesUnsubscribe: .resourcesSubscribe
        case .completionComplete: .completions
        case .loggingSetLevel: .logging
        default: []
        }
    }
}
