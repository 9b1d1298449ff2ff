public import Base
public import JSONText

/// The tools of one server by their exact names.
public struct ToolSet: Sendable {
    /// Why a list of tools cannot be used.
    public enum Failure: Error, Sendable, Hashable {
        /// Neither a `tools/list` result nor its `tools` array.
        case notAList
        /// An element, by its place, is not an object with a text `name`.
        case notATool(index: Int)
        /// Two elements have the same name.
        case duplicate(name: ByteString)
    }

    /// The tools, in the order listed.
    public let tools: [ToolDefinition]
    private let places: [ByteString: Int]

    /// Reads a `tools/list` result or its `tools` array.
    ///
    /// With `readsMeta`, class and severity are taken from `_meta["dev.toolgate/class"]` and
    /// `["dev.toolgate/severity"]` as `policy explain` and `policy check` do; never do that for what an upstream sends.
    public init(_ value: JSONValue, readsMeta: Bool) throws(Failure) {
        let list = value.kind == .object ? value["tools"] ?? value["result"]?["tools"] : value
        guard let list, list.kind == .array else {
            throw .notAList
        }
        var tools: [ToolDefinition] = []
        var places: [ByteString: Int] = [:]
        tools.reserveCapacity(list.count)
        for (index, element) in list.elements.enumerated() {
            guard var tool = ToolDefinition(element) else {
                throw .notATool(index: index)
            }
            if readsMeta {
                let meta = element["_meta"]
                tool.toolClass = Self.choice(meta?["dev.toolgate/class"])
                tool.severity = Self.choice(meta?["dev.toolgate/severity"])
            }
            guard places.updateValue(index, forKey: tool.name) == nil else {
                throw .duplicate(name: tool.name)
            }
            tools.append(tool)
        }
        self.tools = tools
        self.places = places
    }

    /// The tool with exactly this name.
    public subscript(name: ByteString) -> ToolDefinition? {
        places[name].map { tools[$0] }
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ value: JSONValue?) -> Choice? {
        guard let text = value?.string else {
            return nil
        }
        return Choice.allCases.first { text.isEqual(to: $0.rawValue.utf8) }
    }
}

extension ToolSet.Failure: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .notAList: "not a `tools/list` result or its `tools` array"
        case .notATool(let index): "the tool at place \(index) is not an object with a text `name`"
        case .duplicate(let name): "two tools are named `\(name.text)`"
        }
    }
}
