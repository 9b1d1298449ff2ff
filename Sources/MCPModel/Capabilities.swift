public import JSONText

/// What a client declared it can be asked for; unknown capabilities and extensions are not kept.
public struct ClientCapabilities: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Wraps the bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The client shows forms (`elicitation: {}` means this, LS-21).
    public static let elicitationForm = ClientCapabilities(rawValue: 1)
    /// The client opens addresses for the user.
    public static let elicitationURL = ClientCapabilities(rawValue: 2)
    /// The client samples a model.
    public static let sampling = ClientCapabilities(rawValue: 4)
    /// … and lets that model use tools.
    public static let samplingTools = ClientCapabilities(rawValue: 8)
    /// … and includes context of servers.
    public static let samplingContext = ClientCapabilities(rawValue: 16)
    /// The client lists roots.
    public static let roots = ClientCapabilities(rawValue: 32)
    /// … and says when they change.
    public static let rootsListChanged = ClientCapabilities(rawValue: 64)

    /// What a `ClientCapabilities` object declares; `nil` when a capability known here is not an object.
    public init?(_ value: JSONValue) {
        guard value.kind == .object else {
            return nil
        }
        var found: ClientCapabilities = []
        if let elicitation = value["elicitation"] {
            guard elicitation.kind == .object else {
                return nil
            }
            let hasURL = elicitation["url"] != nil
            found.formUnion(hasURL ? .elicitationURL : .elicitationForm)
            if elicitation["form"] != nil {
                found.insert(.elicitationForm)
            }
        }
        if let sampling = value["sampling"] {
            guard sampling.kind == .object else {
                return nil
            }
            found.insert(.sampling)
            if sampling["tools"] != nil {
                found.insert(.samplingTools)
            }
            if sampling["context"] != nil {
                found.insert(.samplingContext)
            }
        }
        if let roots = value["roots"] {
            guard roots.kind == .object else {
                return nil
            }
            found.insert(.roots)
            if roots["listChanged"]?.boolean == true {
                found.insert(.rootsListChanged)
            }
        }
        self = found
    }

    /// Writes the object, as the given revision knows it.
    public func append(to writer: inout JSONWriter, revision: Revision) {
        writer.beginObject()
        let knowsURL = revision.hasURLElicitation && contains(.elicitationURL)
        if revision >= .june2025, contains(.elicitationForm) || knowsURL {
            writer.key("elicitation")
            writer.beginObject()
            // Before 2025-11-25 there was one mode and no name for it.
            if contains(.elicitationForm), revision.hasURLElicitation {
                writer.emptyObject("form")
            }
            if knowsURL {
                writer.emptyObject("url")
            }
            writer.endObject()
        }
        if contains(.sampling) {
            writer.key("sampling")
            writer.beginObject()
            if contains(.samplingContext), revision >= .november2025 {
                writer.emptyObject("context")
            }
            if contains(.samplingTools), revision >= .november2025 {
                writer.emptyObject("tools")
            }
            writer.endObject()
        }
        if contains(.roots) {
            writer.key("roots")
            writer.beginObject()
            if contains(.rootsListChanged), revision.era == .legacy {
                writer.key("listChanged")
                writer.boolean(true)
            }
            writer.endObject()
        }
        writer.endObject()
    }
}

/// What a server offers and the gateway can carry: an allow-list, so tasks, extensions and experiments are stripped.
public struct ServerCapabilities: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt16

    /// Wraps the bits.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// There are tools.
    public static let tools = ServerCapabilities(rawValue: 1)
    /// … and changes of their list are announced.
    public static let toolsListChanged = ServerCapabilities(rawValue: 2)
    /// There are resources.
    public static let resources = ServerCapabilities(rawValue: 4)
    /// … and changes of their list are announced.
    public static let resourcesListChanged = ServerCapabilities(rawValue: 8)
    /// … and updates of single ones can be subscribed to.
    public static let resourcesSubscribe = ServerCapabilities(rawValue: 16)
    /// There are prompts.
    public static let prompts = ServerCapabilities(rawValue: 32)
    /// … and changes of their list are announced.
    public static let promptsListChanged = ServerCapabilities(rawValue: 64)
    /// Arguments can be completed.
    public static let completions = ServerCapabilities(rawValue: 128)
    /// Log messages are sent.
    public static let logging = ServerCapabilities(rawValue: 256)

    /// What a `ServerCapabilities` object offers; a member of the wrong type offers nothing.
    public init(_ value: JSONValue) {
        var found: ServerCapabilities = []
        if let tools = value["tools"], tools.kind == .object {
            found.insert(.tools)
            if tools["listChanged"]?.boolean == true {
                found.insert(.toolsListChanged)
            }
        }
        if let resources = value["resources"], resources.kind == .object {
            found.insert(.resources)
            if resources["listChanged"]?.boolean == true {
                found.insert(.resourcesListChanged)
            }
            if resources["subscribe"]?.boolean == true {
                found.insert(.resourcesSubscribe)
            }
        }
        if let prompts = value["prompts"], prompts.kind == .object {
            found.insert(.prompts)
            if prompts["listChanged"]?.boolean == true {
                found.insert(.promptsListChanged)
            }
        }
        if value["completions"]?.kind == .object {
            found.insert(.completions)
        }
        if value["logging"]?.kind == .object {
            found.insert(.logging)
        }
        self = found
    }

    /// Writes the object.
    public func append(to writer: inout JSONWriter) {
        writer.beginObject()
        if contains(.tools) {
            appendGroup("tools", [("listChanged", .toolsListChanged)], to: &writer)
        }
        if contains(.resources) {
            let flags: [(StaticString, ServerCapabilities)] = [
                ("listChanged", .resourcesListChanged), ("subscribe", .resourcesSubscribe),
            ]
            appendGroup("resources", flags, to: &writer)
        }
        if contains(.prompts) {
            appendGroup("prompts", [("listChanged", .promptsListChanged)], to: &writer)
        }
        if contains(.completions) {
            writer.emptyObject("completions")
        }
        if contains(.logging) {
            writer.emptyObject("logging")
        }
        writer.endObject()
    }

    private func appendGroup(
        _ key: StaticString,
        _ flags: [(StaticString, ServerCapabilities)],
        to writer: inout JSONWriter
    ) {
        writer.key(key)
        writer.beginObject()
        for (name, flag) in flags where contains(flag) {
            writer.key(name)
            writer.boolean(true)
        }
        writer.endObject()
    }
}

extension JSONWriter {
    /// A member whose value is `{}`.
    mutating func emptyObject(_ key: StaticString) {
        self.key(key)
        beginObject()
        endObject()
    }
}
