import Base
import JSONText
import Patterns

/// Everything that judging needs, immutable.
final class SchemaProgram: Sendable {
    let nodes: [SchemaNode]
    /// What `type` says, by node, where that is all a node says; `nil` for the others.
    ///
    /// Most properties of most tools ask for a type and nothing else, and reading this counts no reference.
    let plainTypes: [TypeSet?]
    let root: Int
    /// For every dynamic name: the subschema that has it, by resource.
    let dynamicTargets: [[Int: Int]]
    let limits: SchemaLimits
    /// Whether a reference depends on the schemas around it: without, nobody has to keep track of them.
    let hasDynamicScope: Bool

    init(nodes: [SchemaNode], root: Int, dynamicTargets: [[Int: Int]], limits: SchemaLimits) {
        self.nodes = nodes
        plainTypes = nodes.map { $0.asksTypeOnly ? $0.types ?? .any : nil }
        self.root = root
        self.dynamicTargets = dynamicTargets
        self.limits = limits
        hasDynamicScope = !dynamicTargets.isEmpty
    }
}

/// Turns a schema into a program, subschema by subschema from a list of work: depth costs no stack.
///
/// Every subschema of the document is compiled, reached or not, so that a reference that leads outside is found before
/// a value happens to come by it. Registered documents are compiled as far as they are referred to.
struct SchemaCompiler {
    var index: SchemaIndex
    let limits: SchemaLimits
    private var numbers: [SchemaLocation: Int] = [:]
    private var pending: [(value: JSONValue, resource: Int)] = []
    private var patterns: [ByteString: Pattern] = [:]
    private var dynamicNames: [ByteString: Int] = [:]

    init(registry: SchemaRegistry, dialect: SchemaDialect, limits: SchemaLimits) {
        index = SchemaIndex(registry: registry, dialect: dialect, limits: limits)
        self.limits = limits
    }

    mutating func compile(_ root: JSONValue) throws(SchemaError) -> SchemaProgram {
        let resource = try index.add(document: root, uri: "")
        let start = try number(of: root, in: resource)
        var nodes: [SchemaNode] = []
        var dynamicTargets: [[Int: Int]] = []
        while true {
            // `pending` only grows: what was numbered nth is compiled nth.
            while nodes.count < pending.count {
                nodes.append(try node(pending[nodes.count].value, in: pending[nodes.count].resource))
            }
            // Names may have been given in documents read since.
            dynamicTargets = try targetsOfDynamicNames()
            if nodes.count == pending.count {
                break
            }
        }
        if let culprit = SchemaCycles.firstNode(in: nodes) {
            throw SchemaError(pending[culprit].value.pointer, .endlessReference)
        }
        return SchemaProgram(nodes: nodes, root: start, dynamicTargets: dynamicTargets, limits: limits)
    }

    private mutating func targetsOfDynamicNames() throws(SchemaError) -> [[Int: Int]] {
        var targets = [[Int: Int]](repeating: [:], count: dynamicNames.count)
        for (name, position) in dynamicNames {
            for (resource, value) in index.dynamicAnchors[name] ?? [:] {
                targets[position][resource] = try number(of: value, in: resource)
            }
        }
        return targets
    }

    /// The number of a subschema, given when it is first asked for.
    mutating func number(of value: JSONValue, in resource: Int) throws(SchemaError) -> Int {
        let location = SchemaLocation(value)
        if let known = numbers[location] {
            return known
        }
        guard value.kind == .object || value.kind == .boolean else {
            throw SchemaError(value.pointer, .notASchema)
        }
        guard pending.count < limits.maximumSubschemas else {
            throw SchemaError(value.pointer, .tooManySubschemas)
        }
        numbers[location] = pending.count
        pending.append((value, index.resource(of: value) ?? resource))
        return pending.count - 1
    }

    private mutating func node(_ value: JSONValue, in resource: Int) throws(SchemaError) -> SchemaNode {
        var parts = SchemaParts(resource: resource)
        if let verdict = value.boolean {
            parts.verdict = verdict
            return SchemaNode(parts)
        }
        let dialect = index.resources[resource].dialect
        if dialect.version == .draft7, value["$ref"] != nil {
            try compileReferences(of: value, into: &parts)
        } else {
            try compileReferences(of: value, into: &parts)
            try compileApplicators(of: value, dialect, into: &parts)
            if dialect.hasValidation {
                try compileTypes(of: value, into: &parts)
                parts.number = try numberRules(of: value)
                parts.string = try stringRules(of: value)
            }
            parts.array = try arrayRules(of: value, dialect, resource)
            parts.object = try objectRules(of: value, dialect, resource)
        }
        try compileRemaining(value, dialect, resource)
        return SchemaNode(parts)
    }

    /// Numbers the subschemas nothing else asked for: definitions, and what this dialect does not apply.
    private mutating func compileRemaining(
        _ value: JSONValue,
        _ dialect: Dialect,
        _ resource: Int
    ) throws(SchemaError) {
        var subschemas: [JSONValue] = []
        dialect.forEachSubschema(of: value) { subschemas.append($0) }
        for subschema in subschemas {
            _ = try number(of: subschema, in: resource)
        }
    }

    /// Compiles a pattern once, however often it stands in the schema.
    mutating func pattern(_ source: JSONString, at value: JSONValue) throws(SchemaError) -> Pattern {
        let name = ByteString(source.slice)
        if let known = patterns[name] {
            return known
        }
        guard patterns.count < limits.maximumPatterns else {
            throw SchemaError(value.pointer, .tooManyPatterns)
        }
        do {
            let pattern = try Pattern(ECMAPattern.translated(name.bytes))
            patterns[name] = pattern
            return pattern
        } catch {
            throw SchemaError(value.pointer, .unsupportedPattern)
        }
    }

    /// The number of a dynamic name in the program's table.
    mutating func dynamicName(_ name: ByteString) -> Int {
        if let known = dynamicNames[name] {
            return known
        }
        let position = dynamicNames.count
        dynamicNames[name] = position
        return position
    }
}

/// Finds references that lead back to themselves without going deeper into the value.
enum SchemaCycles {
    /// A node on such a cycle; `nil` when there is none.
    ///
    /// Linear in nodes and references.
    static func firstNode(in nodes: [SchemaNode]) -> Int? {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: nodes.count)
        for start in nodes.indices where marks[start] == .new {
            marks[start] = .open
            var path = [(node: start, edges: nodes[start].applicators.flatMap(\.inPlace), next: 0)]
            while let top = path.last {
                guard top.next < top.edges.count else {
                    marks[top.node] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let target = top.edges[top.next]
                switch marks[target] {
                case .open:
                    return target
                case .new:
                    marks[target] = .open
                    path.append((target, nodes[target].applicators.flatMap(\.inPlace), 0))
                case .done:
                    break
                }
            }
        }
        return nil
    }
}
