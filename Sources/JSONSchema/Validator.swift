import Base
import JSONText

/// Judges one value by one program.
///
/// Recursion is bounded by the program's depth limit, work by its steps; when either runs out the verdict is a
/// violation, whatever `not` or `anyOf` would have made of a failure.
struct Validator {
    let program: SchemaProgram
    private var remaining: Int
    private(set) var isExhausted = false
    private var depth = 0
    /// The resources whose schemas are being applied, outermost first; the dynamic scope.
    private var scope: [Int] = []
    /// How many appliers around this one only want to know whether, not why.
    private var speculation = 0
    private var violated: SchemaKeyword?
    /// From the violation outwards.
    private var path: [PathStep] = []

    private enum PathStep {
        case member(JSONString)
        case element(Int)
    }

    init(_ program: SchemaProgram, bytes: Int) {
        self.program = program
        remaining = program.limits.steps(forBytes: bytes)
    }

    mutating func violation(of value: JSONValue) -> SchemaViolation? {
        var evaluated: Evaluated?
        let isValid = apply(program.root, to: value, for: .refusal, into: &evaluated)
        if isExhausted {
            return SchemaViolation(instancePath: "", keyword: .limit)
        }
        return isValid ? nil : SchemaViolation(instancePath: instancePath, keyword: violated ?? .refusal)
    }

    private var instancePath: String {
        var text: [UInt8] = []
        for step in path.reversed() {
            text.append(UInt8(ascii: "/"))
            switch step {
            case .member(let key): JSONPointer.append(token: key.slice, to: &text)
            case .element(let position): text.append(decimal: position)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: - failing

    /// Notes the first violation that counts; always false.
    mutating func fail(_ keyword: SchemaKeyword) -> Bool {
        if speculation == 0, violated == nil {
            violated = keyword
        }
        return false
    }

    /// Adds where a violation inside lies; always false.
    mutating func fail(inMember key: JSONString) -> Bool {
        if speculation == 0 {
            path.append(.member(key))
        }
        return false
    }

    /// Adds where a violation inside lies; always false.
    mutating func fail(inElement position: Int) -> Bool {
        if speculation == 0 {
            path.append(.element(position))
        }
        return false
    }

    /// Pays for work; false when there is no more to pay with.
    mutating func spend(_ steps: Int) -> Bool {
        guard remaining >= steps else {
            isExhausted = true
            remaining = 0
            return false
        }
        remaining -= steps
        return true
    }

    // MARK: - applying

    /// Applies a subschema only to know whether the value satisfies it.
    mutating func accepts(_ id: Int, _ value: JSONValue, into evaluated: inout Evaluated?) -> Bool {
        speculation += 1
        let isValid = apply(id, to: value, for: .refusal, into: &evaluated)
        speculation -= 1
        return isValid
    }

    /// Applies a subschema to a value of its own, whose evaluation concerns nobody outside.
    mutating func apply(_ id: Int, to value: JSONValue, for keyword: SchemaKeyword) -> Bool {
        var evaluated: Evaluated?
        return apply(id, to: value, for: keyword, into: &evaluated)
    }

    /// Applies a subschema; `evaluated` learns what it judged, if it is there and the value satisfies it.
    ///
    /// `keyword` is who asks, and what is violated when the subschema is just `false`.
    mutating func apply(
        _ id: Int,
        to value: JSONValue,
        for keyword: SchemaKeyword,
        into evaluated: inout Evaluated?
    ) -> Bool {
        let node = program.nodes[id]
        guard spend(1) else {
            return false
        }
        if let verdict = node.verdict {
            return verdict || fail(keyword)
        }
        guard depth < Swift.min(program.limits.maximumDepth, 512) else {
            isExhausted = true
            remaining = 0
            return false
        }
        depth += 1
        defer { depth -= 1 }
        let isEntering = scope.last != node.resource
        if isEntering {
            scope.append(node.resource)
        }
        defer {
            if isEntering {
                scope.removeLast()
            }
        }
        let isTracking = evaluated != nil || node.array?.unevaluated != nil || node.object?.unevaluated != nil
        var own = isTracking ? Evaluated(count: value.count) : nil
        // What is tracked is copied and merged, 64 positions a word; long numbers take long to read.
        guard spend(isTracking ? value.count / 64 : 0), spend(value.kind == .number ? value.range.count / 16 : 0) else {
            return false
        }
        guard satisfiesAssertions(node, value, &own), satisfiesApplicators(node, value, &own),
            satisfiesUnevaluated(node, value, &own)
        else {
            return false
        }
        if let own {
            evaluated?.formUnion(own)
        }
        return true
    }

    private mutating func satisfiesAssertions(
        _ node: SchemaNode,
        _ value: JSONValue,
        _ own: inout Evaluated?
    ) -> Bool {
        if let types = node.types, !types.contains(value) {
            return fail(.type)
        }
        guard node.candidates.isEmpty || satisfiesCandidates(node, value) else {
            return false
        }
        switch value.kind {
        case .number:
            return node.number.map { satisfies($0, value) } ?? true
        case .string:
            return node.string.map { satisfies($0, value) } ?? true
        case .array:
            return node.array.map { satisfies($0, value, &own) } ?? true
        case .object:
            return node.object.map { satisfies($0, value, &own) } ?? true
        case .null, .boolean:
            return true
        }
    }

    private mutating func satisfiesApplicators(
        _ node: SchemaNode,
        _ value: JSONValue,
        _ own: inout Evaluated?
    ) -> Bool {
        for applicator in node.applicators {
            guard satisfies(applicator, value, &own) else {
                return false
            }
        }
        return true
    }

    private mutating func satisfies(_ applicator: Applicator, _ value: JSONValue, _ own: inout Evaluated?) -> Bool {
        switch applicator {
        case .reference(let id):
            return apply(id, to: value, for: .reference, into: &own)
        case .dynamicReference(let name, let fallback):
            let targets = program.dynamicTargets[name]
            let resource = scope.first { targets[$0] != nil }
            let id = resource.flatMap { targets[$0] } ?? fallback
            return spend(scope.count) && apply(id, to: value, for: .dynamicReference, into: &own)
        case .allOf(let ids):
            for id in ids where !apply(id, to: value, for: .allOf, into: &own) {
                return false
            }
            return true
        case .anyOf(let ids):
            return satisfiesAny(ids, value, &own) || fail(.anyOf)
        case .oneOf(let ids):
            return satisfiesOne(ids, value, &own) || fail(.oneOf)
        case .not(let id):
            var inner: Evaluated?
            return !accepts(id, value, into: &inner) || fail(.not)
        case .condition(let test, let then, let otherwise):
            if accepts(test, value, into: &own) {
                return then.map { apply($0, to: value, for: .then, into: &own) } ?? true
            }
            return otherwise.map { apply($0, to: value, for: .else, into: &own) } ?? true
        case .dependent(let key, let id):
            guard spend(value.count / 16) else {
                return false
            }
            return value.member(key.bytes) == nil || apply(id, to: value, for: .dependentSchemas, into: &own)
        }
    }

    private mutating func satisfiesAny(_ ids: [Int], _ value: JSONValue, _ own: inout Evaluated?) -> Bool {
        var isSatisfied = false
        for id in ids where accepts(id, value, into: &own) {
            isSatisfied = true
            // With someone watching, every branch that holds says what it judged.
            if own == nil {
                break
            }
        }
        return isSatisfied
    }

    private mutating func satisfiesOne(_ ids: [Int], _ value: JSONValue, _ own: inout Evaluated?) -> Bool {
        var count = 0
        for id in ids where accepts(id, value, into: &own) {
            count += 1
            if count > 1 {
                return false
            }
        }
        return count == 1
    }

    private mutating func satisfiesUnevaluated(
        _ node: SchemaNode,
        _ value: JSONValue,
        _ own: inout Evaluated?
    ) -> Bool {
        if value.kind == .array, let id = node.array?.unevaluated {
            guard spend(value.count / 4) else {
                return false
            }
            for (position, element) in value.elements.enumerated() where own?.contains(position) != true {
                guard apply(id, to: element, for: .unevaluatedItems) else {
                    return fail(inElement: position)
                }
            }
            own?.insertAll()
        }
        if value.kind == .object, let id = node.object?.unevaluated {
            guard spend(value.count / 4) else {
                return false
            }
            for (position, member) in value.members.enumerated() where own?.contains(position) != true {
                guard apply(id, to: member.value, for: .unevaluatedProperties) else {
                    return fail(inMember: member.key)
                }
            }
            own?.insertAll()
        }
        return true
    }
}
