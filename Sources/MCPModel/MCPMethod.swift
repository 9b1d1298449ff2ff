import Base
public import JSONText

/// Every method of every revision the gateway knows: a closed list, anything else does not exist (A14).
public enum MCPMethod: UInt8, Sendable, Hashable, CaseIterable {
    // The names of the cases are the methods', so that a reader need not look twice.
    case toolsCall, toolsList
    case initialize, serverDiscover, ping
    case promptsList, promptsGet
    case resourcesList, resourcesTemplatesList, resourcesRead, resourcesSubscribe, resourcesUnsubscribe
    case subscriptionsListen
    case completionComplete, loggingSetLevel
    case rootsList, samplingCreateMessage, elicitationCreate
    case tasksGet, tasksResult, tasksList, tasksCancel, tasksUpdate
    case initialized, cancelled, progress, logMessage
    case toolsListChanged, promptsListChanged, resourcesListChanged, resourcesUpdated, rootsListChanged
    case subscriptionsAcknowledged, elicitationCompleted, taskStatus, taskChanged

    // INVARIANT: a case's number is its place in `allCases`.
    private static let table = NameTable(allCases.map(\.name))
    private static let names = allCases.map { ByteString(stringLiteral: $0.name) }

    /// The method with exactly this name, escapes resolved; case and spaces count (A14).
    public init?(_ name: JSONString) {
        self.init(name.slice)
    }

    /// The method with exactly these bytes as its name.
    public init?(_ name: ArraySlice<UInt8>) {
        guard let number = MCPMethod.table.number(of: name) else {
            return nil
        }
        self.init(rawValue: UInt8(truncatingIfNeeded: number))
    }

    /// The method with exactly these bytes as its name.
    public init?(_ name: some Collection<UInt8>) {
        self.init(Array(name)[...])
    }

    /// The name on the wire as bytes; no allocation.
    var bytes: ByteString { MCPMethod.names[Int(rawValue)] }

    /// The name on the wire.
    public var name: StaticString {
        switch self {
        case .toolsCall: "tools/call"
        case .toolsList: "tools/list"
        case .initialize: "initialize"
        case .serverDiscover: "server/discover"
        case .ping: "ping"
        case .promptsList: "prompts/list"
        case .promptsGet: "prompts/get"
        case .resourcesList: "resources/list"
        case .resourcesTemplatesList: "resources/templates/list"
        case .resourcesRead: "resources/read"
        case .resourcesSubscribe: "resources/subscribe"
        case .resourcesUnsubscribe: "resources/unsubscribe"
        case .subscriptionsListen: "subscriptions/listen"
        case .completionComplete: "completion/complete"
        case .loggingSetLevel: "logging/setLevel"
        case .rootsList: "roots/list"
        case .samplingCreateMessage: "sampling/createMessage"
        case .elicitationCreate: "elicitation/create"
        case .tasksGet: "tasks/get"
        case .tasksResult: "tasks/result"
        case .tasksList: "tasks/list"
        case .tasksCancel: "tasks/cancel"
        case .tasksUpdate: "tasks/update"
        case .initialized: "notifications/initialized"
        case .cancelled: "notifications/cancelled"
        case .progress: "notifications/progress"
        case .logMessage: "notifications/message"
        case .toolsListChanged: "notifications/tools/list_changed"
        case .promptsListChanged: "notifications/prompts/list_changed"
        case .resourcesListChanged: "notifications/resources/list_changed"
        case .resourcesUpdated: "notifications/resources/updated"
        case .rootsListChanged: "notifications/roots/list_changed"
        case .subscriptionsAcknowledged: "notifications/subscriptions/acknowledged"
        case .elicitationCompleted: "notifications/elicitation/complete"
        case .taskStatus: "notifications/tasks/status"
        case .taskChanged: "notifications/tasks"
        }
    }

    /// The name as text for people and logs.
    public var text: String { "\(name)" }

    /// Whether a message of this method is a notification: it has no id and gets no response.
    public var isNotification: Bool { self >= .initialized }

    /// Which member of `params` the method acts on, and `Mcp-Name` mirrors (26/http).
    public var nameSource: NameSource {
        switch self {
        case .toolsCall, .promptsGet: .name
        case .resourcesRead, .resourcesSubscribe, .resourcesUnsubscribe: .uri
        case .tasksGet, .tasksUpdate, .tasksCancel, .tasksResult: .taskID
        default: .none
        }
    }

    /// Whether a modern request of this method must carry `Mcp-Name`.
    public var carriesNameHeader: Bool { nameSource != .none }

    /// The member of the result that holds the items, when the method is one of the four lists.
    public var listKind: ListKind? {
        switch self {
        case .toolsList: .tools
        case .promptsList: .prompts
        case .resourcesList: .resources
        case .resourcesTemplatesList: .resourceTemplates
        default: nil
        }
    }

    /// Whether a modern server may answer with `input_required` (MS-33).
    public var mayRequireInput: Bool {
        switch self {
        case .toolsCall, .promptsGet, .resourcesRead: true
        default: false
        }
    }

    /// Whether a complete modern result carries `ttlMs` and `cacheScope` (MS-29).
    public var isCacheable: Bool {
        listKind != nil || self == .serverDiscover || self == .resourcesRead
    }
}

extension MCPMethod: Comparable {
    /// The order of the list; requests before notifications.
    public static func < (left: MCPMethod, right: MCPMethod) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The member of `params` that names what a request acts on.
public enum NameSource: Sendable, Hashable {
    /// Nothing is named.
    case none
    /// `params.name`.
    case name
    /// `params.uri`.
    case uri
    /// `params.taskId`.
    case taskID

    /// The member; `nil` when nothing is named.
    var key: ParameterKey? {
        switch self {
        case .none: nil
        case .name: .name
        case .uri: .uri
        case .taskID: .taskID
        }
    }
}
