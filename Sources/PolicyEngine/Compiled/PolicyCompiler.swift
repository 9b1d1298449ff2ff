import Base
import JSONText
import RateLimits
import UnicodeText

/// Compiles a document, collecting what only shows when its values are used: patterns, zones, paths, hosts, and what
/// two rules say together.
struct PolicyCompiler {
    private let document: PolicyDocument
    private var findings: FindingList
    private var reportedIncrements: Set<PolicyPointer> = []

    private init(document: PolicyDocument, findings: FindingList) {
        self.document = document
        self.findings = findings
    }

    /// A policy fit for use unless `findings` has errors afterwards.
    static func compile(_ document: PolicyDocument, _ findings: inout FindingList) -> CompiledPolicy {
        var compiler = PolicyCompiler(document: document, findings: findings)
        let policy = compiler.compile()
        findings = compiler.findings
        return policy
    }

    private mutating func compile() -> CompiledPolicy {
        let emptyRules = PolicyRules(location: SourceLocation(pointer: .root, offset: 0))
        let allTools = rules(document.allTools ?? emptyRules)
        let unruled = rules(emptyRules)
        let checks = document.arguments
        var parts = CompiledStorage.Parts(
            document: document,
            zone: zone(),
            defaultEntry: CompiledEntry(
                isExact: false,
                isHidden: false,
                validates: checks.validate ?? true,
                isClosed: checks.closed ?? false,
                rules: unruled
            ),
            allTools: allTools
        )
        for entry in document.tools {
            let compiled = CompiledEntry(
                isExact: !entry.isPattern,
                isHidden: entry.isHidden,
                validates: entry.arguments.validate ?? checks.validate ?? true,
                isClosed: entry.arguments.closed ?? checks.closed ?? false,
                rules: rules(entry.rules)
            )
            if entry.isPattern {
                parts.patternEntries.append((NamePattern(entry.key), compiled))
            } else {
                parts.exactEntries.append((entry.key, compiled))
            }
        }
        // Swift's sort is stable; the order among equals cannot matter: no name matches two of them.
        parts.patternEntries.sort { $0.pattern.specificity > $1.pattern.specificity }
        parts.classEntries = classEntries()
        checkPatterns()
        checkHiddenKeys()
        checkIncrements()
        return CompiledPolicy(storage: CompiledStorage(parts))
    }

    private mutating func classEntries() -> [ToolClass: CompiledEntry]? {
        guard let classes = document.classes else {
            return nil
        }
        var entries: [ToolClass: CompiledEntry] = [:]
        for entry in classes {
            entries[entry.toolClass] = CompiledEntry(
                isExact: false,
                isHidden: entry.isHidden,
                validates: document.arguments.validate ?? true,
                isClosed: document.arguments.closed ?? false,
                rules: rules(entry.rules)
            )
        }
        return entries
    }

    private mutating func zone() -> TimeZoneRules {
        guard let name = document.timezone else {
            return .utc
        }
        guard let zone = TimeZoneRules(iana: name.value) else {
            let wanted = "an IANA name such as `Europe/Lisbon` or `UTC` is wanted"
            findings.error(.badValue, at: name.location, "`\(name.value)` is no time zone; \(wanted)")
            return .utc
        }
        return zone
    }

    // MARK: Rules

    private mutating func rules(_ rules: PolicyRules) -> CompiledRules {
        let pointer = rules.location.pointer
        var keys = ArgumentNumbering()
        let require = blocks(rules.require, kind: .require, list: pointer.appending("require"), &keys)
        let denyIf = blocks(rules.denyIf, kind: .denyIf, list: pointer.appending("deny_if"), &keys)
        let approval = pointer.appending("require_approval")
        let requireApproval = blocks(rules.requireApproval, kind: .requireApproval, list: approval, &keys)
        var names = RuleNames(list: pointer.appending("limits"))
        let limits = rules.limits.map { limit in
            CompiledLimit(
                rule: names.rule(segment: limit.counter.text),
                limit: limit,
                increment: limit.increment.map { Self.steps($0) },
                key: limit.key.map { Self.steps($0) }
            )
        }
        let concurrency = rules.concurrency.map { bound in
            CompiledConcurrency(rule: pointer.appending("concurrency").description, maximum: bound.value)
        }
        return CompiledRules(
            keys: ArgumentKeys(keys),
            require: require,
            denyIf: denyIf,
            requireApproval: requireApproval,
            limits: limits,
            concurrency: concurrency
        )
    }

    private mutating func blocks(
        _ blocks: [PolicyBlock],
        kind: BlockKind,
        list: PolicyPointer,
        _ keys: inout ArgumentNumbering
    ) -> [CompiledBlock] {
        var names = RuleNames(list: list)
        return blocks.map { block in
            let conditions = block.conditions.compactMap { condition -> CompiledCondition? in
                let compiler = OperationCompiler(condition: condition, kind: kind)
                guard let operation = compiler.compile(&findings) else {
                    return nil
                }
                return CompiledCondition(
                    condition,
                    operation: operation,
                    steps: Self.steps(condition.path),
                    key: keys.number(of: condition.path)
                )
            }
            return CompiledBlock(rule: names.rule(for: block), conditions: conditions, block: block)
        }
    }

    private static func steps(_ path: PolicyPath) -> [CompiledStep] {
        path.steps.map { step in
            switch step {
            case .key(let key): return .key(CompiledKey(key.bytes))
            case .index(let index): return .index(index)
            case .elements: return .elements
            case .descendants: return .descendants
            }
        }
    }

    // MARK: What rules say together

    /// Two equally specific patterns that some name could match.
    private mutating func checkPatterns() {
        let patterns = document.tools.filter(\.isPattern).map { (entry: $0, pattern: NamePattern($0.key)) }
        let groups = Dictionary(grouping: patterns.indices) { patterns[$0].pattern.specificity }
        for group in groups.values {
            for (place, later) in group.enumerated() {
                guard
                    let earlier = group[..<place].first(where: {
                        patterns[$0].pattern.intersects(patterns[later].pattern)
                    })
                else {
                    continue
                }
                let advice = "make one of them more specific, or name the tools exactly"
                findings.error(
                    .ambiguousPattern,
                    at: patterns[later].entry.location,
                    "`\(patterns[later].entry.key)` and `\(patterns[earlier].entry.key)` are equally specific "
                        + "and could match the same name; \(advice)"
                )
            }
        }
    }

    /// Exact keys that a pattern of `hide` makes pointless.
    private mutating func checkHiddenKeys() {
        let patterns = document.hide.map { NamePattern($0.value) }.filter(\.isPattern)
        guard !patterns.isEmpty else {
            return
        }
        for entry in document.tools where !entry.isPattern {
            guard let pattern = patterns.first(where: { $0.matches(entry.key.bytes) }) else {
                continue
            }
            let advice = "no key brings a hidden name back"
            findings.warning(
                .hiddenKey,
                at: entry.location,
                "`\(entry.key)` is hidden by `\(pattern.source)`; \(advice)"
            )
        }
    }

    /// Two increments that one call can meet on one counter: in one entry, or in an entry and `all_tools`.
    private mutating func checkIncrements() {
        let shared = document.allTools?.limits ?? []
        checkIncrements(among: shared, startingAt: 0)
        let lists = document.tools.map(\.rules.limits) + (document.classes ?? []).map(\.rules.limits)
        for limits in lists {
            checkIncrements(among: limits, startingAt: 0)
            checkIncrements(among: limits + shared, startingAt: limits.count)
        }
    }

    private mutating func checkIncrements(among limits: [PolicyLimit], startingAt start: Int) {
        var first: [CounterIdentity: Int] = [:]
        for (index, limit) in limits.enumerated() {
            guard let earlier = first[limit.identity] else {
                first[limit.identity] = index
                continue
            }
            // Pairs within the later list alone are its own check's business.
            guard index >= start, start == 0 || earlier < start else {
                continue
            }
            let same = limits[earlier].increment.map(\.steps) == limit.increment.map(\.steps)
            guard !same else {
                continue
            }
            reportIncrement(limit)
            if start > 0 {
                reportIncrement(limits[earlier])
            }
        }
    }

    private mutating func reportIncrement(_ limit: PolicyLimit) {
        let pointer = limit.location.pointer.appending("increment")
        guard reportedIncrements.insert(pointer).inserted else {
            return
        }
        let problem = "a call would meet the counter `\(limit.counter)` with two different increments"
        findings.error(
            .conflictingIncrement,
            at: SourceLocation(pointer: pointer, offset: limit.location.offset),
            "\(problem); give one of the limits another counter or the same increment"
        )
    }
}
