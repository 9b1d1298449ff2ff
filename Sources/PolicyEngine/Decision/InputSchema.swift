import JSONText

/// What became of a tool's `inputSchema`, and whether arguments satisfy it.
struct InputSchema: Sendable {
    /// Whether it cannot be judged, so that every call is denied.
    let isUnusable: Bool

    init(_ value: JSONValue?) {
        isUnusable = value.map { $0.kind != .object && $0.kind != .boolean } ?? false
    }

    /// What the schema has against the arguments, as a sentence.
    func problem(of arguments: JSONValue?) -> String? {
        isUnusable ? Sentences.unusableSchema : nil
    }
}
