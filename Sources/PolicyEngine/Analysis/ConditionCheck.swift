import Base
import JSONText

/// What a condition comes to, given what a tool's schema says of its argument.
enum ConditionProblem: Hashable {
    /// No call can have the argument.
    case impossiblePath(near: String?)
    /// The schema does not declare it.
    case undeclaredPath(near: String?)
    /// The argument never has a type the operator takes.
    case wrongType
    /// The value can never be met.
    case neverMet
    /// Elements of the list can never be met; others can.
    case partlyNeverMet
    /// The comparison holds for every value the schema lets through.
    case alwaysHolds
    /// The comparison holds for none of them.
    case neverHolds
}

/// Judges conditions against a schema, without any call.
enum ConditionCheck {
    static func problem(_ condition: PolicyCondition, _ known: ArgumentKnowledge) -> ConditionProblem? {
        switch known.presence {
        case .impossible(let near): return .impossiblePath(near: near)
        case .undeclared(let near): return .undeclaredPath(near: near)
        case .possible: break
        }
        let takes = takes(condition).subtracting(.null)
        let types = known.types.subtracting(.null)
        if !types.isEmpty, types.isDisjoint(with: takes), !isOnlyNull(condition) {
            return .wrongType
        }
        if let problem = membership(condition, known) {
            return problem
        }
        if condition.op == .exists, known.isRequired, !known.types.contains(.null) {
            return condition.value.value.boolean == true ? .alwaysHolds : .neverHolds
        }
        return order(condition, known)
    }

    /// The types an operator takes with this value; others are the wrong type.
    static func takes(_ condition: PolicyCondition) -> TypeSet {
        let value = condition.value.value
        switch condition.op {
        case .eq, .neq: return value.isNull ? .any : TypeSet(value.kind)
        case .in, .notIn:
            return value.count == 0 ? .any : value.elements.reduce(into: TypeSet()) { $0.insert(TypeSet($1.kind)) }
        case .lt, .lte, .gt, .gte, .between: return .number
        case .exists: return .any
        case .contains, .notContains: return value.kind == .string ? [.text, .array] : .array
        case .lengthLTE, .lengthGTE: return [.text, .array]
        case .regex, .notRegex, .startsWith, .endsWith, .pathWithin, .urlHostIn, .urlPrivate: return .text
        }
    }

    private static func isOnlyNull(_ condition: PolicyCondition) -> Bool {
        let value = condition.value.value
        return value.isNull || (value.count > 0 && value.kind == .array && value.elements.allSatisfy { $0.isNull })
    }

    // MARK: Equality

    private static func membership(_ condition: PolicyCondition, _ known: ArgumentKnowledge) -> ConditionProblem? {
        guard let choices = known.choices, condition.ignoresCase?.value != true else {
            return nil
        }
        let value = condition.value.value
        let wanted: [JSONValue]
        switch condition.op {
        case .eq, .neq: wanted = [value]
        case .in, .notIn: wanted = Array(value.elements)
        default: return nil
        }
        let impossible = wanted.filter { candidate in
            !candidate.isNull && !choices.contains { $0.isEqual(to: candidate) }
        }
        if impossible.isEmpty {
            return nil
        }
        return impossible.count == wanted.count ? .neverMet : .partlyNeverMet
    }

    // MARK: Order

    /// Of every number between the schema's ends, where it has both or the one that matters.
    private static func order(_ condition: PolicyCondition, _ known: ArgumentKnowledge) -> ConditionProblem? {
        guard known.types == .number, let bound = condition.value.value.number?.decimal else {
            return nil
        }
        let (least, most) = (known.minimum, known.maximum)
        switch condition.op {
        case .gt:
            return result(always: least.map { bound < $0 }, never: most.map { $0 <= bound }, known)
        case .gte:
            return result(always: least.map { bound <= $0 }, never: most.map { $0 < bound }, known)
        case .lt:
            return result(always: most.map { $0 < bound }, never: least.map { bound <= $0 }, known)
        case .lte:
            return result(always: most.map { $0 <= bound }, never: least.map { bound < $0 }, known)
        default: return nil
        }
    }

    private static func result(always: Bool?, never: Bool?, _ known: ArgumentKnowledge) -> ConditionProblem? {
        if never == true {
            return .neverHolds
        }
        return always == true && known.isRequired ? .alwaysHolds : nil
    }
}
