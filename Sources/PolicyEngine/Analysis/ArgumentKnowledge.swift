import Base
import JSONText

/// What a tool's schema says of the argument at a path, as far as `properties`, `items`, local `$ref` and the types of
/// `anyOf` and `oneOf` tell.
struct ArgumentKnowledge {
    /// Whether a call can have the argument.
    enum Presence: Equatable {
        case possible
        /// Not declared, and not forbidden.
        case undeclared(near: String?)
        /// Forbidden.
        case impossible(near: String?)
    }

    var presence: Presence = .possible
    /// The types it can have; all where nothing is said.
    var types: TypeSet = .any
    /// The only values it can have; `nil` where nothing is said.
    var choices: [JSONValue]?
    /// The least and largest number; ends excluded by the schema are left out, which says a little less.
    var minimum: ExactDecimal?
    var maximum: ExactDecimal?
    /// Whether every call has it; only for direct members of the arguments.
    var isRequired = false
}

/// Reads what a tool's schema says of arguments.
struct ArgumentReader {
    private let root: JSONValue?
    private let walk: SchemaWalk
    /// Whether the policy refuses members the schema does not name.
    private let isClosed: Bool

    /// LIMIT: alternatives inside alternatives are followed this far.
    private static let maximumDepth = 8

    init(_ tool: ToolDefinition, isClosed: Bool) {
        root = tool.inputSchema
        walk = tool.schemaWalk
        self.isClosed = isClosed
    }

    /// Of one path into the arguments.
    func knowledge(of path: PolicyPath) -> ArgumentKnowledge {
        var known = ArgumentKnowledge()
        guard path.root == .arguments, root?.kind == .object else {
            return known
        }
        var schema = root
        for (depth, step) in path.steps.enumerated() {
            guard let current = schema else {
                return known
            }
            switch step {
            case .descendants: return known
            case .key(let key):
                guard depth == 0 || types(of: current).contains(.object) else {
                    known.presence = .impossible(near: nil)
                    return known
                }
                let (presence, next) = member(key, of: current, isClosed: depth == 0 && isClosed)
                guard presence == .possible else {
                    known.presence = presence
                    return known
                }
                known.isRequired = depth == 0 && isRequired(key, of: current)
                schema = next
            case .index, .elements:
                guard types(of: current).contains(.array) else {
                    known.presence = .impossible(near: nil)
                    return known
                }
                known.isRequired = false
                schema = items(of: current)
            }
        }
        describe(schema, in: &known)
        return known
    }

    private func describe(_ schema: JSONValue?, in known: inout ArgumentKnowledge) {
        guard let schema, schema.kind == .object else {
            return
        }
        known.types = types(of: schema)
        for view in walk.views(of: schema) {
            if let choices = view["enum"], choices.kind == .array {
                known.choices = Array(choices.elements)
            } else if let value = view["const"] {
                known.choices = [value]
            }
            known.minimum = known.minimum ?? (view["minimum"] ?? view["exclusiveMinimum"])?.number?.decimal
            known.maximum = known.maximum ?? (view["maximum"] ?? view["exclusiveMaximum"])?.number?.decimal
        }
    }

    // MARK: Members and elements

    private func member(
        _ key: ByteString,
        of schema: JSONValue,
        isClosed: Bool
    ) -> (presence: ArgumentKnowledge.Presence, schema: JSONValue?) {
        let views = walk.views(of: schema)
        if let property = walk.property(key.bytes, of: schema) {
            return (property.boolean == false ? .impossible(near: nil) : .possible, property)
        }
        let names = views.flatMap { view in view["properties"]?.members.map(\.key.text) ?? [] }
        let near = NearestName.suggestion(for: key.bytes, among: names)
        let hasPatterns = views.contains { ($0["patternProperties"]?.count ?? 0) > 0 }
        guard !hasPatterns else {
            return (.possible, nil)
        }
        // `additionalProperties` sees only its own neighbours: what `allOf` declares does not help the key.
        if isClosed || views.contains(where: { Self.forbidsOthers($0) }) {
            return (.impossible(near: near), nil)
        }
        guard !views.contains(where: { Self.saysMore($0) }) else {
            return (.possible, nil)
        }
        if let others = views.lazy.compactMap({ $0["additionalProperties"] }).first {
            return (.possible, others.kind == .object ? others : nil)
        }
        return (names.isEmpty ? .possible : .undeclared(near: near), nil)
    }

    private static func forbidsOthers(_ view: JSONValue) -> Bool {
        view["additionalProperties"]?.boolean == false
    }

    /// Whether other keywords may declare members, or the reference leads where the walk does not.
    private static func saysMore(_ view: JSONValue) -> Bool {
        let keywords: [StaticString] = [
            "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "dependencies", "$dynamicRef", "$recursiveRef",
        ]
        return keywords.contains { view[$0] != nil }
    }

    private func isRequired(_ key: ByteString, of schema: JSONValue) -> Bool {
        walk.views(of: schema).contains { view in
            view["required"]?.elements.contains { $0.string?.isEqual(to: key.bytes) == true } == true
        }
    }

    private func items(of schema: JSONValue) -> JSONValue? {
        for view in walk.views(of: schema) {
            guard view["prefixItems"] == nil else {
                return nil
            }
            if let items = view["items"] {
                return items.kind == .object ? items : nil
            }
        }
        return nil
    }

    // MARK: Types

    private func types(of schema: JSONValue, depth: Int = 0) -> TypeSet {
        guard depth < Self.maximumDepth else {
            return .any
        }
        return walk.views(of: schema).reduce(.any) { types, view in
            var types = types
            if let written = view["type"] {
                types.formIntersection(Self.types(named: written))
            }
            if let choices = view["enum"], choices.kind == .array {
                types.formIntersection(choices.elements.reduce(into: TypeSet()) { $0.insert(TypeSet($1.kind)) })
            }
            if let value = view["const"] {
                types.formIntersection(TypeSet(value.kind))
            }
            for alternatives in [view["anyOf"], view["oneOf"]].compactMap({ $0 }) {
                let union = alternatives.elements.reduce(into: TypeSet()) { union, branch in
                    union.formUnion(branch.kind == .object ? self.types(of: branch, depth: depth + 1) : .any)
                }
                types.formIntersection(union)
            }
            return types
        }
    }

    private static func types(named value: JSONValue) -> TypeSet {
        let names = value.kind == .array ? value.elements.compactMap { $0.string } : [value.string].compactMap { $0 }
        return names.reduce(into: TypeSet()) { types, name in
            switch name.text {
            case "null": types.insert(.null)
            case "boolean": types.insert(.boolean)
            case "number", "integer": types.insert(.number)
            case "string": types.insert(.text)
            case "array": types.insert(.array)
            case "object": types.insert(.object)
            default: types.formUnion(.any)
            }
        }
    }
}
