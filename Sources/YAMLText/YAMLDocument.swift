internal import Base

/// How much YAML is read before it is refused.
public struct YAMLLimits: Hashable, Sendable {
    /// The most bytes of text.
    public var maximumBytes: Int
    /// The deepest nesting; the document's own node is at depth 1.
    public var maximumDepth: Int
    /// The most nodes, keys not counted.
    public var maximumNodes: Int

    /// 4 MiB, 80 levels, 200,000 nodes unless told otherwise.
    public init(maximumBytes: Int = 4 << 20, maximumDepth: Int = 80, maximumNodes: Int = 200_000) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumNodes = maximumNodes
    }
}

/// Reads YAML 1.1 and 1.2 for configuration: one document, without the features that surprise.
///
/// Duplicate keys, anchors, aliases, tags, directives and further documents are refused (security.md, B9); what a
/// plain scalar means is left to the caller.
public enum YAMLDocument {
    /// The one document in `text`, UTF-8.
    public static func parse(_ text: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode {
        let start = YAMLPosition(line: 1, column: 1)
        guard text.count <= limits.maximumBytes else {
            throw YAMLError(.tooLarge(maximum: limits.maximumBytes), at: start)
        }
        guard UTF8Check.isValid(text.span) else {
            throw YAMLError(.notUTF8, at: start)
        }
        let source = EventSource(text)
        var builder = TreeBuilder(limits: limits)
        while true {
            let event = try source.next()
            switch event.kind {
            case .documentStart where builder.isComplete: throw YAMLError(.severalDocuments, at: event.position)
            case .documentStart: continue
            case .streamEnd:
                guard let root = builder.root else {
                    throw YAMLError(.empty, at: start)
                }
                return root
            default: try builder.take(event)
            }
        }
    }
}

/// Puts events together; a stack of what is open instead of recursion.
private struct TreeBuilder {
    private struct Open {
        let position: YAMLPosition
        var isMapping: Bool
        var elements: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        var keys: Set<ByteString> = []
        var pendingKey: (bytes: [UInt8], position: YAMLPosition)?
        var awaitsKey: Bool { isMapping && pendingKey == nil }
    }

    private let limits: YAMLLimits
    private var stack: [Open] = []
    private var nodeCount = 0
    private(set) var root: YAMLNode?

    var isComplete: Bool { root != nil }

    init(limits: YAMLLimits) {
        self.limits = limits
    }

    mutating func take(_ event: Event) throws(YAMLError) {
        switch event.kind {
        case .scalar(let bytes, let isPlain):
            if stack.last?.awaitsKey == true {
                try takeKey(bytes, at: event.position)
            } else {
                try add(YAMLNode(content: .scalar(bytes, isPlain: isPlain), position: event.position))
            }
        case .sequenceStart: try open(isMapping: false, at: event.position)
        case .mappingStart: try open(isMapping: true, at: event.position)
        case .collectionEnd:
            guard let closed = stack.popLast() else {
                return
            }
            let content: YAMLNode.Content = closed.isMapping ? .mapping(closed.entries) : .sequence(closed.elements)
            try add(YAMLNode(content: content, position: closed.position))
        case .documentStart, .streamEnd: break
        }
    }

    private mutating func open(isMapping: Bool, at position: YAMLPosition) throws(YAMLError) {
        guard stack.last?.awaitsKey != true else {
            throw YAMLError(.keyNotScalar, at: position)
        }
        guard stack.count < limits.maximumDepth else {
            throw YAMLError(.tooDeep(maximum: limits.maximumDepth), at: position)
        }
        stack.append(Open(position: position, isMapping: isMapping))
    }

    private mutating func takeKey(_ bytes: [UInt8], at position: YAMLPosition) throws(YAMLError) {
        let last = stack.count - 1
        guard stack[last].keys.insert(ByteString(bytes)).inserted else {
            throw YAMLError(.duplicateKey(String(decoding: bytes, as: UTF8.self)), at: position)
        }
        stack[last].pendingKey = (bytes, position)
    }

    private mutating func add(_ node: YAMLNode) throws(YAMLError) {
        nodeCount += 1
        guard nodeCount <= limits.maximumNodes else {
            throw YAMLError(.tooManyNodes(maximum: limits.maximumNodes), at: node.position)
        }
        let last = stack.count - 1
        guard last >= 0 else {
            root = node
            return
        }
        if let key = stack[last].pendingKey {
            stack[last].entries.append(YAMLEntry(key: key.bytes, keyPosition: key.position, value: node))
            stack[last].pendingKey = nil
        } else {
            stack[last].elements.append(node)
        }
    }
}
