import Base
import JSONText

/// Judges one value by one program.
///
/// Recursion is bounded by the program's depth limit, work by its steps; when either runs out the verdict is a
/// violation, whatever `not` or `anyOf` would have made of a failure.
struct Validator {
    private let program: SchemaProgram
    /// The one the value stands in.
    let document: JSONDocument
    private var remaining = 0
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
        /// The place of its key on the tape.
        case member(Int)
        case element(Int)
    }

    init(_ program: SchemaProgram, _ document: JSONDocument) {
        self.program = program
        self.document = document
    }

    mutating func violation(of value: JSONCursor) -> SchemaViolation? {
        remaining = program.limits.steps(forBytes: value.range.count)
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
            case .member(let key): JSONPointer.append(token: document.string(at: key).slice, to: &text)
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
    mutating func fail(inMember key: JSONCursor) -> Bool {
        if speculation == 0 {
            path.append(.member(key.place))
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
    @inline(__always)
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
    mutating func accepts(_ id: Int, _ value: JSONCursor, into evaluated: inout Evaluated?) -> Bool {
        speculation += 1
        let isValid = apply(id, to: value, for: .refusal, into: &evaluated)
        speculation -= 1
        return isValid
    }

    /// Applies a subschema to a value of its own, whose evaluation concerns nobody outside.
    mutating func apply(_ id: Int, to value: JSONCursor, for keyword: SchemaKeyword) -> Bool {
        var evaluated: Evaluated?
        return apply(id, to: value, for: keyword, into: &evaluated)
    }

    /// Applies a subschema; `evaluated` learns what it judged, if it is there and the value satisfies it.
    ///
    /// `keyword` is who asks, and what is violated when the subschema is just `false`.
    mutating func apply(
        _ id: Int,
        to value: JSONCursor,
        for keyword: SchemaKeyword,
        into evaluated: inout Evaluated?
    ) -> Bool {
        guard spend(1) else {
            return false
        }
        if let types = program.plainTypes[id] {
            return satisfies(types, value)
        }
        let node = program.nodes[id]
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
        let isEntering = program.hasDynamicScope && scope.last != node.resource
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
        // What is tracked is copied and merged, 64 positions a word.
        guard spend(isTracking ? value.count / 64 : 0), satisfies(node.types, value),
            satisfiesAssertions(node, value, &own),
            satisfiesApplicators(node, value, &own), satisfiesUnevaluated(node, value, &own)
        else {
            return false
        }
        if let own {
            evaluated?.formUnion(own)
        }
        return true
    }

    /// `type`; whoever asks about a number pays for reading it, for long ones take long.
    @inline(__always)
    private mutating func satisfies(_ types: TypeSet?, _ value: JSONCursor) -> Bool {
        guard value.kind != .number || spend(value.range.count / 16) else {
            return false
        }
        guard let types else {
            return true
        }
        return types.contains(value) || fail(.type)
    }

    private mutating func satisfiesAssertions(
        _ node: SchemaNode,
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        guard node.candidates.isEmpty || satisfiesCandidates(node, value) else {
            return false
        }
        switch value.kind {
        case .number:
            guard let rules = node.number else {
                return true
            }
            return satisfies(rules, value)
        case .string:
            guard let rules = node.string else {
                return true
            }
            return satisfies(rules, value)
        case .array:
            guard let rules = node.array else {
                return true
            }
            return satisfies(rules, value, &own)
        case .object:
            guard let rules = node.object else {
                return true
            }
            return satisfies(rules, value, &own)
        case .null, .boolean:
            return true
        }
    }

    private mutating func satisfiesApplicators(
        _ node: SchemaNode,
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        for applicator in node.applicators {
            guard satisfies(applicator, value, &own) else {
                return false
            }
        }
        return true
    }

    private mutating func satisfies(_ applicator: Applicator, _ value: JSONCursor, _ own: inout Evaluated?) -> Bool {
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
                return satisfies(then, .then, value, &own)
            }
            return satisfies(otherwise, .else, value, &own)
        case .dependent(let key, let id):
            guard spend(value.count / 16) else {
                return false
            }
            guard value.hasMember(key.bytes) else {
                return true
            }
            return apply(id, to: value, for: .dependentSchemas, into: &own)
        }
    }

    /// A branch of a condition, which need not be there.
    private mutating func satisfies(
        _ branch: Int?,
        _ keyword: SchemaKeyword,
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        guard let branch else {
            return true
        }
        return apply(branch, to: value, for: keyword, into: &own)
    }

    private mutating func satisfiesAny(_ ids: [Int], _ value: JSONCursor, _ own: inout Evaluated?) -> Bool {
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

    private mutating func satisfiesOne(_ ids: [Int], _ value: JSONCursor, _ own: inout Evaluated?) -> Bool {
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
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        if value.kind == .array, let id = node.array?.unevaluated {
            guard spend(value.count / 4) else {
                return false
            }
            var element = value.first
            for position in 0..<value.count {
                guard own?.contains(position) == true || apply(id, to: element, for: .unevaluatedItems) else {
                    return fail(inElement: position)
                }
                element = element.following
            }
            own?.insertAll()
        }
        if value.kind == .object, let id = node.object?.unevaluated {
            guard spend(value.count / 4) else {
                return false
            }
            var key = value.first
            for position in 0..<value.count {
                let member = key.following
                guard own?.contains(position) == true || apply(id, to: member, for: .unevaluatedProperties) else {
                    return fail(inMember: key)
                }
                key = member.following
            }
            own?.insertAll()
        }
        return true
    }
}
