/// The four lists a server offers, each in pages.
public enum ListKind: Sendable, Hashable, CaseIterable {
    /// `tools/list`.
    case tools
    /// `prompts/list`.
    case prompts
    /// `resources/list`.
    case resources
    /// `resources/templates/list`.
    case resourceTemplates

    /// The method that asks for it.
    public var method: MCPMethod {
        switch self {
        case .tools: .toolsList
        case .prompts: .promptsList
        case .resources: .resourcesList
        case .resourceTemplates: .resourcesTemplatesList
        }
    }

    /// The result's member that holds the items.
    public var key: StaticString {
        switch self {
        case .tools: "tools"
        case .prompts: "prompts"
        case .resources: "resources"
        case .resourceTemplates: "resourceTemplates"
        }
    }

    /// An item's member that tells it from others.
    public var identityKey: StaticString {
        switch self {
        case .tools, .prompts: "name"
        case .resources: "uri"
        case .resourceTemplates: "uriTemplate"
        }
    }
}
