import Base
import JSONText

/// Checks a policy against a server's tools (policy-language.md, section 2, last paragraph).
///
/// An error where a rule is certainly wrong for every tool it governs, a warning where it may be: for some of them, or
/// where the schema is not enforced.
struct ToolCheck {
    private let document: PolicyDocument
    private let tools: ToolSet
    private var findings: FindingList

    private init(_ policy: CompiledPolicy, _ tools: ToolSet, _ findings: FindingList) {
        document = policy.document
        self.tools = tools
        self.findings = findings
    }

    static func run(_ policy: CompiledPolicy, _ tools: ToolSet, _ findings: inout FindingList) {
        var check = ToolCheck(policy, tools, findings)
        check.run()
        findings = check.findings
    }

    /// The tools an entry governs, and how sure what their schemas say is.
    private struct Governed {
        let tools: [(name: ByteString, reader: ArgumentReader)]
        let isEnforced: Bool
    }

    private mutating func run() {
        var governed: [PolicyPointer: [ToolDefinition]] = [:]
        var reached: [ToolDefinition] = []
        var unmentioned: [ByteString] = []
        for tool in tools.tools where !document.hide.contains(where: { NamePattern($0.value).matches(tool.name.bytes) })
        {
            if tool.hasUnusableSchema {
                let problem = "the schema of `\(tool.name)` cannot be used, so every call of it is denied"
                findings.warning(.impossibleValue, at: place(governing: tool) ?? root, problem)
            }
            if let place = place(governing: tool) {
                governed[place.pointer, default: []].append(tool)
                reached.append(tool)
            } else {
                unmentioned.append(tool.name)
                if document.defaultAction == .allow {
                    reached.append(tool)
                }
            }
        }
        tellUnmentioned(unmentioned)
        for entry in document.tools {
            let own = governed[entry.location.pointer] ?? []
            checkKey(entry, hasTools: !own.isEmpty)
            check(entry.rules, own, entry.arguments)
        }
        for entry in document.classes ?? [] {
            check(entry.rules, governed[entry.location.pointer] ?? [], ArgumentChecks())
        }
        if let rules = document.allTools {
            check(rules, reached, ArgumentChecks())
        }
    }

    private var root: SourceLocation { SourceLocation(pointer: .root, offset: document.source.root.range.lowerBound) }

    /// Where the entry stands that governs a tool; `nil` when nothing covers it.
    private func place(governing tool: ToolDefinition) -> SourceLocation? {
        if let exact = document.tools.first(where: { !$0.isPattern && $0.key == tool.name }) {
            return exact.location
        }
        let pattern = document.tools.filter { $0.isPattern && NamePattern($0.key).matches(tool.name.bytes) }
            .max { NamePattern($0.key).specificity < NamePattern($1.key).specificity }
        if let pattern {
            return pattern.location
        }
        return document.classes?.first { $0.toolClass == tool.toolClass }?.location
    }

    // MARK: Keys

    private mutating func checkKey(_ entry: PolicyEntry, hasTools: Bool) {
        let pattern = NamePattern(entry.key)
        guard !hasTools else {
            return
        }
        let matching = tools.tools.filter { pattern.matches($0.name.bytes) }
        if let first = matching.first {
            // An exact key that is hidden has its own finding at load.
            if entry.isPattern {
                let advice = "more specific keys or `hide` take them all, `\(first.name)` first"
                findings.warning(.neverFires, at: entry.location, "`\(entry.key)` governs none of the tools: \(advice)")
            }
            return
        }
        let names = tools.tools.map(\.name.text)
        let hint =
            NearestName.suggestion(for: entry.key.bytes, among: names).map { "did you mean `\($0)`?" }
            ?? "the server has no such tool"
        if entry.isPattern {
            findings.warning(.unknownTool, at: entry.location, "`\(entry.key)` matches none of the server's tools")
        } else {
            findings.error(.unknownTool, at: entry.location, "`\(entry.key)` names no tool; \(hint)")
        }
    }

    private mutating func tellUnmentioned(_ names: [ByteString]) {
        guard !names.isEmpty else {
            return
        }
        let shown = names.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
        let more = names.count > 5 ? " and \(names.count - 5) more" : ""
        let effect = document.defaultAction == .allow ? "allowed by default" : "denied by default"
        findings.warning(.unmentionedTool, at: root, "no rule mentions \(shown)\(more): \(effect)")
    }

    // MARK: Rules

    private mutating func check(_ rules: PolicyRules, _ tools: [ToolDefinition], _ checks: ArgumentChecks) {
        guard !tools.isEmpty else {
            return
        }
        let isEnforced = checks.validate ?? document.arguments.validate ?? true
        let isClosed = checks.closed ?? document.arguments.closed ?? false
        let governed = Governed(
            tools: tools.map { ($0.name, ArgumentReader($0, isClosed: isClosed)) },
            isEnforced: isEnforced
        )
        for (kind, blocks) in [
            (BlockKind.require, rules.require), (.denyIf, rules.denyIf), (.requireApproval, rules.requireApproval),
        ] {
            for block in blocks {
                for condition in block.conditions {
                    check(condition, kind, isAlone: block.conditions.count == 1, governed)
                }
            }
        }
        for limit in rules.limits {
            check(limit, governed)
        }
    }

    private mutating func check(
        _ condition: PolicyCondition,
        _ kind: BlockKind,
        isAlone: Bool,
        _ governed: Governed
    ) {
        guard condition.path.root == .arguments else {
            return
        }
        var byProblem: [ConditionProblem: [ByteString]] = [:]
        for tool in governed.tools {
            if let problem = ConditionCheck.problem(condition, tool.reader.knowledge(of: condition.path)) {
                byProblem[problem, default: []].append(tool.name)
            }
        }
        for (problem, names) in byProblem.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            let isEverywhere = names.count == governed.tools.count
            let verdict = ConditionVerdict(problem, condition, kind, isAlone: isAlone)
            // A rule for many tools may ask for what only some of them have, unless that refuses their calls.
            guard isEverywhere || (verdict.refusesCalls && !names.isEmpty) else {
                continue
            }
            let tools = isEverywhere ? "" : " for \(Self.shown(names))"
            let place = location(of: verdict.member, in: condition)
            if verdict.isCertain, isEverywhere, governed.isEnforced {
                findings.error(verdict.code, at: place, verdict.message + tools)
            } else {
                findings.warning(verdict.code, at: place, verdict.message + tools)
            }
        }
    }

    private static func shown(_ names: [ByteString]) -> String {
        let shown = names.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }

    /// `path` or `value` of a condition.
    private func location(of member: StaticString, in condition: PolicyCondition) -> SourceLocation {
        guard member.utf8CodeUnitCount == 4 else {
            return condition.value.location
        }
        return SourceLocation(
            pointer: condition.location.pointer.appending(member),
            offset: condition.location.offset
        )
    }

    // MARK: Limits

    private mutating func check(_ limit: PolicyLimit, _ governed: Governed) {
        if let path = limit.increment {
            check(path, at: limit.location.pointer.appending("increment"), limit, takes: .number, governed)
        }
        if let path = limit.key {
            let takes: TypeSet = [.text, .number, .boolean]
            check(path, at: limit.location.pointer.appending("key"), limit, takes: takes, governed)
        }
    }

    private mutating func check(
        _ path: PolicyPath,
        at pointer: PolicyPointer,
        _ limit: PolicyLimit,
        takes: TypeSet,
        _ governed: Governed
    ) {
        let location = SourceLocation(pointer: pointer, offset: limit.location.offset)
        var refused: [ByteString] = []
        var isCertain = true
        for tool in governed.tools {
            let known = tool.reader.knowledge(of: path)
            switch known.presence {
            case .impossible: refused.append(tool.name)
            case .undeclared:
                refused.append(tool.name)
                isCertain = false
            case .possible where known.types.isDisjoint(with: takes): refused.append(tool.name)
            case .possible: break
            }
        }
        guard !refused.isEmpty else {
            return
        }
        let message =
            "calls without a usable `\(path.text)` are denied, which the schema of \(Self.shown(refused)) "
            + "leaves no other: name another argument"
        if isCertain, governed.isEnforced, refused.count == governed.tools.count {
            findings.error(.impossiblePath, at: location, message)
        } else {
            findings.warning(.impossiblePath, at: location, message)
        }
    }
}
