import JSONText

/// What a problem of a condition means where the condition stands, in words.
struct ConditionVerdict {
    let code: PolicyFinding.Code
    /// Whether the rule cannot do what it says, whatever the call.
    let isCertain: Bool
    /// Whether calls are refused that the author hardly meant.
    let refusesCalls: Bool
    /// Which member of the condition is the cause.
    let member: StaticString
    let message: String

    init(_ problem: ConditionProblem, _ condition: PolicyCondition, _ kind: BlockKind, isAlone: Bool) {
        let isRequired = kind == .require
        let path = condition.path.text
        let effect = isRequired ? "this denies every call" : "this never fires"
        switch problem {
        case .impossiblePath(let near), .undeclaredPath(let near):
            let isForbidden = problem == .impossiblePath(near: near)
            // To ask that something is absent which never is there: idle, not wrong.
            let isIdle = condition.op == .exists && condition.value.value.boolean == false
            let hint = near.map { "did you mean `\($0)`?" } ?? (isIdle ? "take it out" : effect)
            let fact = isForbidden ? "no call can have `\(path)`" : "the schema does not declare `\(path)`"
            self.init(.impossiblePath, isForbidden && !isIdle, isRequired && !isIdle, "path", "\(fact): \(hint)")
        case .wrongType:
            let consequence = isRequired ? effect : "this holds, on the safe side, whenever the argument is there"
            let fact = "`\(path)` never has a type that `\(condition.op.rawValue)` takes with this value"
            self.init(.impossibleValue, true, true, "value", "\(fact): \(consequence)")
        case .neverMet where condition.op.isNegative:
            let consequence = isRequired ? "this never fires" : "this holds for every call"
            let fact = "`\(path)` never has this value, going by its `enum`"
            self.init(.impossibleValue, !isRequired, !isRequired, "value", "\(fact): \(consequence)")
        case .neverMet:
            self.init(
                .impossibleValue,
                true,
                isRequired,
                "value",
                "`\(path)` never has this value, going by its `enum`: \(effect)"
            )
        case .partlyNeverMet:
            let fact = "`\(path)` never has some of these values, going by its `enum`"
            self.init(.impossibleValue, false, false, "value", fact)
        case .alwaysHolds:
            let consequence = isRequired ? "this part never fires" : "this part holds for every call"
            self.init(
                isRequired ? .neverFires : .alwaysFires,
                !isRequired && isAlone && kind == .denyIf,
                !isRequired && isAlone,
                "value",
                "the schema lets nothing else through: \(consequence)"
            )
        case .neverHolds:
            self.init(
                isRequired ? .alwaysFires : .neverFires,
                isRequired,
                isRequired,
                "value",
                "the schema lets no such value through: \(effect)"
            )
        }
    }

    private init(
        _ code: PolicyFinding.Code,
        _ isCertain: Bool,
        _ refusesCalls: Bool,
        _ member: StaticString,
        _ message: String
    ) {
        self.code = code
        self.isCertain = isCertain
        self.refusesCalls = refusesCalls
        self.member = member
        self.message = message
    }
}
