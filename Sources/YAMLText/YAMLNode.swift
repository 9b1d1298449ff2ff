/// A place in a YAML text, counted from 1; columns count characters.
public struct YAMLPosition: Hashable, Comparable, Sendable {
    /// The line, from 1.
    public let line: Int
    /// The column, from 1.
    public let column: Int

    /// A place from its line and column.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Reading order.
    public static func < (left: YAMLPosition, right: YAMLPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One node of a YAML document, with the place it starts at.
///
/// Nothing is guessed: whether a plain scalar is a number, a truth value or text is for whoever asks to say.
public struct YAMLNode: Hashable, Sendable {
    /// What a node holds.
    public enum Content: Hashable, Sendable {
        /// Text; `isPlain` when it stands there without quotes and is no block, so that it may mean something else.
        case scalar([UInt8], isPlain: Bool)
        /// Nodes in order.
        case sequence([YAMLNode])
        /// Entries in order; no two have the same key.
        case mapping([YAMLEntry])
    }

    /// What the node holds.
    public let content: Content
    /// Where it starts.
    public let position: YAMLPosition

    /// A node from its parts.
    public init(content: Content, position: YAMLPosition) {
        self.content = content
        self.position = position
    }

    /// The line it starts on, from 1.
    public var line: Int { position.line }
    /// The column it starts at, from 1.
    public var column: Int { position.column }

    /// The bytes of a scalar, `nil` for a sequence or a mapping.
    public var scalar: [UInt8]? {
        if case .scalar(let bytes, _) = content { bytes } else { nil }
    }

    /// The nodes of a sequence, `nil` for anything else.
    public var elements: [YAMLNode]? {
        if case .sequence(let nodes) = content { nodes } else { nil }
    }

    /// The entries of a mapping, `nil` for anything else.
    public var entries: [YAMLEntry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }
}

/// One entry of a mapping; its key is a scalar, and always text.
public struct YAMLEntry: Hashable, Sendable {
    /// The key's bytes.
    public let key: [UInt8]
    /// Where the key stands.
    public let keyPosition: YAMLPosition
    /// What stands behind it.
    public let value: YAMLNode

    /// An entry from its parts.
    public init(key: [UInt8], keyPosition: YAMLPosition, value: YAMLNode) {
        self.key = key
        self.keyPosition = keyPosition
        self.value = value
    }
}
