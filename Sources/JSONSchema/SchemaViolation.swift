/// How a value fails its schema: the first violation found, without any value in it.
public struct SchemaViolation: Hashable, Sendable {
    /// Where in the value, as a JSON Pointer; empty for the value itself.
    public let instancePath: String
    /// The keyword that is not satisfied; `false` for the schema that refuses everything.
    ///
    /// `(limit)` when judging would have taken too long.
    public let keyword: String

    init(instancePath: String, keyword: SchemaKeyword) {
        self.instancePath = instancePath
        self.keyword = keyword.rawValue
    }
}

extension SchemaViolation: CustomStringConvertible {
    /// Path and keyword, safe to show to the caller.
    public var description: String {
        instancePath.isEmpty ? "violates `\(keyword)`" : "`\(instancePath)` violates `\(keyword)`"
    }
}
