import Base
import JSONText
import RateLimits

/// Compares the rules of one entry before and after.
struct RulesComparison {
    let subject: String
    let tools: [ByteString]
    /// Where the entry stands, for what is about all of it.
    let pointer: String
    private(set) var changes: [PolicyChange] = []

    init(subject: String, tools: [ByteString], pointer: String) {
        self.subject = subject
        self.tools = tools
        self.pointer = pointer
    }

    mutating func compare(_ before: PolicyRules?, _ after: PolicyRules?) {
        compare(before?.require ?? [], after?.require ?? [], kind: .require)
        compare(before?.denyIf ?? [], after?.denyIf ?? [], kind: .denyIf)
        compare(before?.requireApproval ?? [], after?.requireApproval ?? [], kind: .requireApproval)
        compareLimits(before?.limits ?? [], after?.limits ?? [])
        compareConcurrency(before?.concurrency, after?.concurrency)
    }

    private mutating func add(_ effect: PolicyChange.Effect, _ location: SourceLocation?, _ sentence: String) {
        changes.append(
            PolicyChange(
                effect: effect,
                pointer: location?.pointer.description ?? pointer,
                tools: tools,
                sentence: "\(subject): \(sentence)"
            )
        )
    }

    // MARK: Blocks

    private mutating func compare(_ before: [PolicyBlock], _ after: [PolicyBlock], kind: BlockKind) {
        var gone = before
        var added: [PolicyBlock] = []
        for block in after {
            let identity = RuleText.identity(block)
            guard let place = gone.firstIndex(where: { RuleText.identity($0) == identity }) else {
                added.append(block)
                continue
            }
            let old = gone.remove(at: place)
            if old.message != block.message || old.name != block.name {
                add(.wording, block.location, "the text or label of \(RuleText.conditions(block)) is another")
            }
        }
        for block in added {
            // What was rewritten: the same label, else the same first question.
            guard let place = gone.firstIndex(where: { Self.isSameRule($0, block) }) else {
                tellAdded(block, kind)
                continue
            }
            tellChanged(from: gone.remove(at: place), to: block, kind)
        }
        for block in gone {
            tellRemoved(block, kind)
        }
    }

    private static func isSameRule(_ left: PolicyBlock, _ right: PolicyBlock) -> Bool {
        if left.name != nil || right.name != nil {
            return left.name == right.name
        }
        guard let first = left.conditions.first, let second = right.conditions.first else {
            return left.conditions.isEmpty && right.conditions.isEmpty
        }
        return first.path.isEquivalent(to: second.path) && first.op == second.op
    }

    private mutating func tellAdded(_ block: PolicyBlock, _ kind: BlockKind) {
        let conditions = RuleText.conditions(block)
        guard !block.isShadow else {
            add(.wording, block.location, "newly recorded, not enforced: \(conditions)")
            return
        }
        switch kind {
        case .require: add(.newlyDenied, block.location, "newly denied unless \(conditions)")
        case .denyIf: add(.newlyDenied, block.location, "newly denied if \(conditions)")
        case .requireApproval: add(.newlyApproved, block.location, "newly needs approval if \(conditions)")
        }
    }

    private mutating func tellRemoved(_ block: PolicyBlock, _ kind: BlockKind) {
        let conditions = RuleText.conditions(block)
        guard !block.isShadow else {
            add(.wording, block.location, "no longer recorded: \(conditions)")
            return
        }
        switch kind {
        case .require: add(.newlyAllowed, block.location, "newly allowed also when not \(conditions)")
        case .denyIf: add(.newlyAllowed, block.location, "newly allowed also if \(conditions)")
        case .requireApproval: add(.lessApproved, block.location, "no longer needs approval if \(conditions)")
        }
    }

    private mutating func tellChanged(from old: PolicyBlock, to new: PolicyBlock, _ kind: BlockKind) {
        guard old.isShadow == new.isShadow else {
            // Its being enforced or not outweighs whatever else is different.
            if new.isShadow {
                tellRemoved(old, kind)
            } else {
                tellAdded(new, kind)
            }
            return
        }
        let sentence = "was \(RuleText.conditions(old)), is \(RuleText.conditions(new))"
        guard !new.isShadow else {
            add(.wording, new.location, "recorded, not enforced: \(sentence)")
            return
        }
        if kind == .requireApproval, RuleText.conditions(old) == RuleText.conditions(new) {
            add(.mixed, new.location, "who approves, how long it may take or lasts is another, if \(sentence)")
            return
        }
        switch ConditionComparison.holdsMoreOften(old.conditions, new.conditions) {
        case true?: add(Self.effect(kind, holdsMoreOften: true), new.location, "\(Self.list(kind)) \(sentence)")
        case false?: add(Self.effect(kind, holdsMoreOften: false), new.location, "\(Self.list(kind)) \(sentence)")
        case nil: add(.mixed, new.location, "\(Self.list(kind)) \(sentence)")
        }
    }

    private static func effect(_ kind: BlockKind, holdsMoreOften: Bool) -> PolicyChange.Effect {
        switch kind {
        case .require: holdsMoreOften ? .newlyAllowed : .newlyDenied
        case .denyIf: holdsMoreOften ? .newlyDenied : .newlyAllowed
        case .requireApproval: holdsMoreOften ? .newlyApproved : .lessApproved
        }
    }

    private static func list(_ kind: BlockKind) -> String {
        switch kind {
        case .require: "`require`"
        case .denyIf: "`deny_if`"
        case .requireApproval: "`require_approval`"
        }
    }

    // MARK: Limits

    private mutating func compareLimits(_ before: [PolicyLimit], _ after: [PolicyLimit]) {
        var gone = before
        var added: [PolicyLimit] = []
        for limit in after {
            guard let place = gone.firstIndex(where: { Self.isSameCounter($0, limit) }) else {
                added.append(limit)
                continue
            }
            compare(gone.remove(at: place), limit)
        }
        for limit in added {
            guard let place = gone.firstIndex(where: { $0.counter == limit.counter && $0.isShadow == limit.isShadow })
            else {
                tell(limit, isAdded: true)
                continue
            }
            let old = gone.remove(at: place)
            let sentence = "was \(RuleText.limit(old)), is \(RuleText.limit(limit)), counted anew"
            add(limit.isShadow ? .wording : .mixed, limit.location, "the limit `\(limit.counter)` \(sentence)")
        }
        for limit in gone {
            tell(limit, isAdded: false)
        }
    }

    private static func isSameCounter(_ left: PolicyLimit, _ right: PolicyLimit) -> Bool {
        left.identity == right.identity && left.increment?.steps == right.increment?.steps
    }

    private mutating func tell(_ limit: PolicyLimit, isAdded: Bool) {
        let sentence = "`\(limit.counter)`, \(RuleText.limit(limit))"
        guard !limit.isShadow else {
            add(.wording, limit.location, "\(isAdded ? "newly" : "no longer") recorded, not enforced: \(sentence)")
            return
        }
        add(
            isAdded ? .newlyLimited : .lessLimited,
            limit.location,
            "\(isAdded ? "newly limited" : "no longer limited") by \(sentence)"
        )
    }

    private mutating func compare(_ old: PolicyLimit, _ new: PolicyLimit) {
        if old.isShadow != new.isShadow {
            let effect: PolicyChange.Effect = new.isShadow ? .lessLimited : .newlyLimited
            let what = new.isShadow ? "only recorded, no longer enforced" : "enforced, no longer only recorded"
            add(effect, new.location, "the limit `\(new.counter)`, \(RuleText.limit(new)), is \(what)")
        } else if old.maximum != new.maximum {
            let effect: PolicyChange.Effect = new.maximum < old.maximum ? .newlyLimited : .lessLimited
            let sentence = "the limit `\(new.counter)` was \(RuleText.limit(old)), is \(RuleText.limit(new))"
            add(new.isShadow ? .wording : effect, new.location, sentence)
        } else if old.message != new.message {
            add(.wording, new.location, "the text of the limit `\(new.counter)` is another")
        }
    }

    private mutating func compareConcurrency(_ before: Located<Int>?, _ after: Located<Int>?) {
        guard before?.value != after?.value else {
            return
        }
        let was = before.map { "was \($0.value)" } ?? "had no bound"
        let now = after.map { "is \($0.value)" } ?? "has none"
        let isTighter = (after?.value ?? .max) < (before?.value ?? .max)
        add(
            isTighter ? .newlyLimited : .lessLimited,
            (after ?? before)?.location,
            "the number of calls at a time \(was), \(now)"
        )
    }
}
