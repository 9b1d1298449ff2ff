public import Base
import JSONText

/// What `tools`, `classes` and `default` say of a tool.
enum Coverage {
    case entry(CompiledEntry)
    /// Nothing covers it and `default: allow`.
    case byDefault(CompiledEntry)
    /// Nothing covers it and `default: deny`.
    case denied
    /// The policy has classes, no key governs the tool and nobody accepted a class for it.
    case unclassified
}

extension CompiledPolicy {
    /// Decides a call in the order of policy-language.md, section 3, steps 3 to 9.
    ///
    /// Pure: the same policy, call and time give the same verdict. `trace` collects every rule asked.
    public func decide(_ call: PolicyCall, trace: Bool = false) -> Verdict {
        var run = DecisionRun(storage: storage, call: call, traces: trace)
        return run.decide()
    }

    /// Whether a tool stands in `tools/list`.
    public func shows(_ tool: ToolDefinition) -> Bool {
        !storage.isHidden(tool.name, storage.coverage(of: tool.name, toolClass: tool.toolClass))
    }

    /// Whether a tool of this name is hidden whatever it is.
    public func hides(name: ByteString) -> Bool {
        storage.hidden.contains(name)
    }

    /// Whether a resource may be read, listed and subscribed to.
    ///
    /// Where there are rules, an address that a server may take for another one is none (``ResourceAddress``).
    public func allowsResource(_ uri: ByteString) -> Bool {
        guard !storage.resources.hasRules || ResourceAddress.isPlain(uri) else {
            return false
        }
        return storage.resources.allows(uri, byDefault: storage.defaultAllows)
    }

    /// Whether resources may be hidden: then one that does not exist must look as those do (security.md, D12).
    public var hidesResources: Bool { storage.resources.hidesAny(byDefault: storage.defaultAllows) }

    /// Whether prompts may be hidden: then one that does not exist must look as those do (security.md, D12).
    public var hidesPrompts: Bool { storage.prompts.hidesAny(byDefault: storage.defaultAllows) }

    /// Whether a prompt may be listed and fetched.
    public func allowsPrompt(_ name: ByteString) -> Bool {
        storage.prompts.allows(name, byDefault: storage.defaultAllows)
    }

    /// Whether an upstream may ask this of the client.
    ///
    /// Missing entries follow `default`, except elicitation, which is allowed.
    public func allows(_ request: ClientRequestKind) -> Bool {
        if let answer = storage.document.clientRequests[request] {
            return answer == .allow
        }
        return request == .elicitation || storage.defaultAllows
    }

    /// The verdict on every call of a grant without a policy (section 3, step 2).
    public static let withoutPolicy = Verdict(
        Verdict.Reason(
            .deny,
            rule: "(no policy)",
            message: "No policy is attached to this access. Ask whoever runs the gateway to attach one."
        )
    )
}

extension CompiledStorage {
    func coverage(of name: ByteString, toolClass: ToolClass?) -> Coverage {
        if let entry = key(governing: name) {
            return .entry(entry)
        }
        if let classEntries {
            guard let toolClass else {
                return .unclassified
            }
            if let entry = classEntries[toolClass] {
                return .entry(entry)
            }
        }
        return defaultAllows ? .byDefault(defaultEntry) : .denied
    }

    /// Step 3, the first half.
    func isHidden(_ name: ByteString, _ coverage: Coverage) -> Bool {
        if hidden.contains(name) {
            return true
        }
        switch coverage {
        case .entry(let entry): return entry.isHidden
        case .byDefault: return false
        case .denied, .unclassified: return !showsDenied
        }
    }
}

/// One decision under way.
struct DecisionRun: ~Copyable {
    private let judge: ConditionJudge
    private let traces: Bool
    /// Whose limits are to be reserved, when the call is allowed by rules.
    private(set) var rulesToReserve: CompiledRules?
    private var shadow: Verdict.Reason?
    private var steps: [DecisionStep] = []

    init(storage: CompiledStorage, call: PolicyCall, traces: Bool) {
        judge = ConditionJudge(call: call, storage: storage)
        self.traces = traces
    }

    private var storage: CompiledStorage { judge.storage }

    mutating func decide() -> Verdict {
        let coverage = storage.coverage(of: judge.call.tool, toolClass: judge.call.definition?.toolClass)
        if storage.isHidden(judge.call.tool, coverage) {
            return hidden("(hidden)")
        }
        guard judge.call.isListed else {
            return hidden("(unknown)")
        }
        let entry: CompiledEntry
        switch coverage {
        case .entry(let governing): entry = governing
        case .byDefault(let standard): entry = standard
        case .denied: return changed() ?? refuse("(default deny)", Sentences.defaultDeny)
        case .unclassified: return changed() ?? refuse("(unclassified)", Sentences.unclassified)
        }
        if let verdict = changed() {
            return verdict
        }
        if case .entry = coverage, !entry.isExact, judge.call.definition?.standing == .new {
            return refuse("(new)", Sentences.new)
        }
        if let message = argumentProblem(entry) {
            return refuse("(schema)", message)
        }
        return judgeRules(entry.rules) ?? allow(entry.rules)
    }

    /// The verdict of the first rule that refuses.
    private mutating func judgeRules(_ rules: CompiledRules) -> Verdict? {
        let shared = storage.allTools
        return judge.arguments.withCursor { cursor in
            let own = LocatedArguments(cursor, rules.keys)
            let common = LocatedArguments(cursor, shared.keys)
            if let verdict = judgeRequire(rules.require, own) {
                return verdict
            }
            if let verdict = judgeRequire(shared.require, common) {
                return verdict
            }
            if let verdict = judgeDenyIf(rules.denyIf, own) {
                return verdict
            }
            if let verdict = judgeDenyIf(shared.denyIf, common) {
                return verdict
            }
            return judgeApproval(rules.requireApproval, own, shared.requireApproval, common)
        }
    }

    private mutating func allow(_ rules: CompiledRules) -> Verdict {
        rulesToReserve = rules
        return Verdict(nil, shadow: shadow, steps: steps)
    }

    // MARK: Steps 3 and 4

    private mutating func hidden(_ rule: String) -> Verdict {
        note(rule, .held)
        let message = Sentences.unknownTool(judge.call.tool)
        return Verdict(Verdict.Reason(.hidden, rule: rule, message: message), steps: steps)
    }

    private mutating func changed() -> Verdict? {
        guard judge.call.definition?.standing == .changed else {
            return nil
        }
        return refuse("(changed)", Sentences.changed)
    }

    // MARK: Step 6

    /// What is wrong with the arguments by the pinned schema; `nil` when nothing is.
    private func argumentProblem(_ entry: CompiledEntry) -> String? {
        guard let definition = judge.call.definition else {
            return nil
        }
        if entry.validates, let problem = definition.schema.problem(of: judge.call.arguments) {
            return problem
        }
        guard entry.isClosed, let arguments = judge.call.arguments else {
            return nil
        }
        return definition.declaredArguments.firstUndeclared(of: arguments).map { Sentences.undeclared($0.bytes) }
    }

    // MARK: Steps 7 to 9

    private mutating func judgeRequire(_ blocks: [CompiledBlock], _ arguments: borrowing LocatedArguments) -> Verdict? {
        for block in blocks {
            let result = judge.judge(block, arguments, .require)
            guard !result.isSatisfied else {
                note(block.rule, .held)
                continue
            }
            let rule = block.rule + (result.ground?.rawValue ?? "")
            note(rule, block.isShadow ? .shadow : .failed)
            guard block.isShadow else {
                return refuse(rule, block.message ?? Sentences.require(block, judge), isNoted: true)
            }
            record(.deny, rule)
        }
        return nil
    }

    private mutating func judgeDenyIf(_ blocks: [CompiledBlock], _ arguments: borrowing LocatedArguments) -> Verdict? {
        for block in blocks {
            let result = judge.judge(block, arguments, .other)
            guard result.isSatisfied else {
                note(block.rule, .failed)
                continue
            }
            let rule = block.rule + (result.ground?.rawValue ?? "")
            note(rule, block.isShadow ? .shadow : .held)
            guard block.isShadow else {
                return refuse(rule, block.message ?? Sentences.denyIf(block, judge), isNoted: true)
            }
            record(.deny, rule)
        }
        return nil
    }

    private mutating func judgeApproval(
        _ own: [CompiledBlock],
        _ ownArguments: borrowing LocatedArguments,
        _ shared: [CompiledBlock],
        _ sharedArguments: borrowing LocatedArguments
    ) -> Verdict? {
        guard !own.isEmpty || !shared.isEmpty else {
            return nil
        }
        guard !judge.call.isApproved else {
            if traces {
                for block in own + shared {
                    note(block.rule, .skipped)
                }
            }
            return nil
        }
        var demanding: [CompiledBlock] = []
        var firstRule = ""
        for (position, block) in (own + shared).enumerated() {
            if block.isShadow, !demanding.isEmpty {
                continue
            }
            let result =
                position < own.count
                ? judge.judge(block, ownArguments, .other) : judge.judge(block, sharedArguments, .other)
            guard result.isSatisfied else {
                note(block.rule, .failed)
                continue
            }
            let rule = block.rule + (result.ground?.rawValue ?? "")
            note(rule, block.isShadow ? .shadow : .held)
            if block.isShadow {
                record(.approvalRequired, rule)
            } else {
                firstRule = demanding.isEmpty ? rule : firstRule
                demanding.append(block)
            }
        }
        guard let first = demanding.first else {
            return nil
        }
        let demand = Verdict.Reason(
            .approvalRequired,
            rule: firstRule,
            message: first.message ?? Sentences.approval,
            approval: Self.demand(of: demanding)
        )
        return refuse(demand)
    }

    private static func demand(of blocks: [CompiledBlock]) -> ApprovalDemand {
        // One block that covers a single call makes the whole approval cover a single call.
        let grants = blocks.map(\.approval.grantsSeconds)
        return ApprovalDemand(
            approvers: blocks.map(\.approval.approvers),
            timeoutSeconds: blocks.compactMap(\.approval.timeoutSeconds).min(),
            grantsSeconds: grants.contains(nil) ? nil : grants.compactMap { $0 }.min()
        )
    }

    // MARK: Outcomes

    private mutating func refuse(_ rule: String, _ message: String, isNoted: Bool = false) -> Verdict {
        if !isNoted {
            note(rule, .held)
        }
        return refuse(Verdict.Reason(.deny, rule: rule, message: message))
    }

    /// A refusal, or in shadow mode its record.
    private mutating func refuse(_ reason: Verdict.Reason) -> Verdict {
        guard storage.isShadow else {
            return Verdict(reason, shadow: shadow, steps: steps)
        }
        shadow = shadow ?? reason
        return Verdict(nil, shadow: shadow, steps: steps)
    }

    private mutating func record(_ outcome: Outcome, _ rule: String) {
        shadow = shadow ?? Verdict.Reason(outcome, rule: rule)
    }

    private mutating func note(_ rule: String, _ result: DecisionStep.Result) {
        if traces {
            steps.append(DecisionStep(rule: rule, result: result))
        }
    }
}
