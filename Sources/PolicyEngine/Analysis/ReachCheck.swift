import Base
import JSONText

/// Finds rules that can never decide anything, and keys that let more through than they seem to (security.md, B10).
///
/// Everything here is a warning: such a policy does what it says, only less or more than its author may think.
struct ReachCheck {
    private let document: PolicyDocument
    private var findings: FindingList

    private init(_ document: PolicyDocument, _ findings: FindingList) {
        self.document = document
        self.findings = findings
    }

    static func run(_ document: PolicyDocument, _ findings: inout FindingList) {
        var check = ReachCheck(document, findings)
        check.run()
        findings = check.findings
    }

    private mutating func run() {
        let shared = document.allTools?.denyIf.first { Self.isUnconditional($0) }
        if let shared {
            findings.warning(.alwaysFires, at: shared.location, "this denies every call of every tool")
        }
        for entry in document.tools {
            check(entry.rules)
            checkWider(entry)
        }
        for entry in document.classes ?? [] {
            check(entry.rules)
        }
        if let rules = document.allTools {
            check(rules)
        }
        checkWholePattern()
    }

    private static func isUnconditional(_ block: PolicyBlock) -> Bool {
        block.conditions.isEmpty && !block.isShadow
    }

    // MARK: Within one entry

    private mutating func check(_ rules: PolicyRules) {
        checkOrder(rules.denyIf) { earlier, later in
            Self.implies(later.conditions, earlier.conditions)
        }
        checkOrder(rules.require) { earlier, later in
            Self.implies(earlier.conditions, later.conditions)
        }
        guard let wall = rules.denyIf.first(where: { Self.isUnconditional($0) }) else {
            return
        }
        let line = wall.location.pointer.description
        for location in rules.requireApproval.map(\.location) + rules.limits.map(\.location) {
            findings.warning(.neverFires, at: location, "this is never reached: `\(line)` denies every call before it")
        }
    }

    /// Blocks that an earlier one of the same list always decides before them.
    private mutating func checkOrder(_ blocks: [PolicyBlock], isCovered: (PolicyBlock, PolicyBlock) -> Bool) {
        // LIMIT: long lists are compared with their first blocks only, which keeps the check linear.
        let earliest = blocks.prefix(64).enumerated().filter { !$0.element.isShadow }
        for (index, block) in blocks.enumerated() where !block.isShadow {
            guard
                let earlier = earliest.first(where: { place, earlier in
                    place < index && isCovered(earlier, block)
                })
            else {
                continue
            }
            let line = earlier.element.location.pointer.description
            let advice = "`\(line)` decides first whenever it would; take it out or put it before"
            findings.warning(.neverFires, at: block.location, "this never fires: \(advice)")
        }
    }

    /// Whether whenever `narrow` holds, `wide` does too, as far as can be told.
    private static func implies(_ narrow: [PolicyCondition], _ wide: [PolicyCondition]) -> Bool {
        ConditionComparison.isSame(narrow, wide) || ConditionComparison.holdsMoreOften(narrow, wide) == true
    }

    // MARK: Between keys

    /// A key without rules that takes its tools away from a pattern with rules.
    private mutating func checkWider(_ entry: PolicyEntry) {
        guard !entry.isHidden, !Self.hasRules(entry.rules), !document.hide.contains(where: { $0.value == entry.key })
        else {
            return
        }
        let own = NamePattern(entry.key)
        let wider = document.tools.first { other in
            guard other.isPattern, other.key != entry.key, Self.hasRules(other.rules) || other.isHidden else {
                return false
            }
            let pattern = NamePattern(other.key)
            return pattern.matches(entry.key.bytes) && (!own.isPattern || pattern.specificity < own.specificity)
        }
        guard let wider else {
            return
        }
        let advice = "one key governs a call; repeat the rules here if they are meant to hold"
        findings.warning(
            .wideAllow,
            at: entry.location,
            "`\(entry.key)` has no rules, and those of `\(wider.key)` do not apply to it: \(advice)"
        )
    }

    private static func hasRules(_ rules: PolicyRules) -> Bool {
        !rules.require.isEmpty || !rules.denyIf.isEmpty || !rules.requireApproval.isEmpty || !rules.limits.isEmpty
            || rules.concurrency != nil
    }

    /// A key `*` covers every tool, so neither `default` nor a class ever decides.
    private mutating func checkWholePattern() {
        guard let whole = document.tools.first(where: { $0.key.bytes.allSatisfy { $0 == UInt8(ascii: "*") } }) else {
            return
        }
        if document.defaultAction == .deny, !whole.isHidden,
            !whole.rules.denyIf.contains(where: { Self.isUnconditional($0) })
        {
            findings.warning(
                .wideAllow,
                at: whole.location,
                "`\(whole.key)` covers every tool: `default: deny` refuses none any more"
            )
        }
        for entry in document.classes ?? [] {
            findings.warning(
                .neverFires,
                at: entry.location,
                "no tool is left for this class: `\(whole.key)` takes all"
            )
        }
    }
}
