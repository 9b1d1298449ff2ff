import Base
import JSONText
import PolicyEngine
import YAMLText

/// Rewrites Intercept's YAML as a policy (policy-language.md, section 1): its conditions say when a call is allowed and
/// become `require`, its counters are one server's and turn with the calendar in UTC.
///
/// Whatever has no exact counterpart is a problem with its place; where the two engines differ on values of a wrong
/// type, the policy is the stricter one.
struct InterceptConverter {
    private var problems: [ConversionProblem] = []

    /// What a conversion came to.
    struct Result {
        /// The policy in canonical form; `nil` when there are errors.
        let policy: [UInt8]?
        /// By position.
        let problems: [ConversionProblem]
    }

    /// Converts a document.
    static func convert(_ root: YAMLNode) -> Result {
        var converter = InterceptConverter()
        let (json, places) = converter.document(root)
        var result: [UInt8]?
        if converter.problems.isEmpty {
            let (policy, findings) = CompiledPolicy.load(json)
            result = policy.map { PolicyFormat.canonical($0.document) }
            for finding in findings {
                let position = place(of: finding.pointer, in: places) ?? root.position
                converter.problems.append(
                    ConversionProblem(severity: finding.severity, position: position, message: finding.message)
                )
            }
        }
        return Result(policy: result, problems: converter.problems.sorted { $0.position < $1.position })
    }

    /// Where the closest value around a pointer comes from.
    private static func place(of pointer: String, in places: [String: YAMLPosition]) -> YAMLPosition? {
        var rest = pointer[...]
        while !rest.isEmpty {
            if let position = places[String(rest)] {
                return position
            }
            rest = rest[..<(rest.lastIndex(of: "/") ?? rest.startIndex)]
        }
        return nil
    }

    mutating func problem(_ position: YAMLPosition, _ message: String) {
        problems.append(ConversionProblem(severity: .error, position: position, message: message))
    }

    // MARK: The document

    private mutating func document(_ root: YAMLNode) -> (json: [UInt8], places: [String: YAMLPosition]) {
        let known = ["version", "description", "default", "hide", "tools"]
        let fields = mapping(root, known: known, what: "the document") { key in
            key == "approvals" ? "who is told of approvals is the server's setting, not the policy's" : nil
        }
        if let version = fields["version"] {
            if text(version, "`version`") != "1" {
                problem(version.position, "only version `\"1\"` is known")
            }
        } else {
            problem(root.position, "`version` is missing: add `version: \"1\"`")
        }
        let standard = fields["default"].flatMap { choice($0, "`default`", of: ["allow", "deny"]) } ?? "allow"
        let hidden = (fields["hide"].map { elements($0, "`hide`") } ?? []).compactMap { hiddenName($0) }
        var tools: [(name: [UInt8], rules: ConvertedRules, position: YAMLPosition)] = []
        var shared: ConvertedRules?
        for entry in fields["tools"].map({ entries($0, "`tools`") }) ?? [] {
            let isShared = entry.key == [UInt8(ascii: "*")]
            if !isShared, entry.key.contains(UInt8(ascii: "*")) {
                problem(entry.keyPosition, "a `*` inside a name would be a pattern here: name the tool another way")
            }
            let scope = isShared ? "_global" : String(decoding: entry.key, as: UTF8.self)
            let rules = rules(entry.value, scope: scope)
            if isShared {
                shared = rules
            } else {
                tools.append((entry.key, rules, entry.keyPosition))
            }
        }
        var places: [String: YAMLPosition] = [:]
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        writer.key("version")
        writer.string("1")
        writer.key("default")
        writer.string(standard)
        writeList("hide", hidden, to: &writer)
        if let shared {
            writer.key("all_tools")
            shared.write(to: &writer, at: PolicyPointer.root.appending("all_tools"), places: &places)
        }
        writer.key("tools")
        writer.beginObject()
        for tool in tools {
            let pointer = PolicyPointer.root.appending("tools").appending(tool.name)
            places[pointer.description] = tool.position
            writer.key(tool.name)
            tool.rules.write(to: &writer, at: pointer, places: &places)
        }
        writer.endObject()
        writer.endObject()
        return (writer.output, places)
    }

    func writeList(_ name: StaticString, _ names: [[UInt8]], to writer: inout JSONWriter) {
        guard !names.isEmpty else {
            return
        }
        writer.key(name)
        writer.beginArray()
        for name in names {
            writer.string(name)
        }
        writer.endArray()
    }

    mutating func hiddenName(_ node: YAMLNode) -> [UInt8]? {
        guard let name = text(node, "a hidden name") else {
            return nil
        }
        if name.isEmpty || (name != "*" && name.utf8.contains(UInt8(ascii: "*"))) {
            problem(node.position, "a hidden name is exact here, or `*` alone for all")
        }
        return Array(name.utf8)
    }

    // MARK: Rules

    mutating func rules(_ node: YAMLNode, scope: String) -> ConvertedRules {
        var rules = ConvertedRules()
        guard !isNothing(node) else {
            return rules
        }
        let fields = mapping(node, known: ["rules"], what: "a tool")
        for rule in fields["rules"].map({ elements($0, "`rules`") }) ?? [] {
            convertRule(rule, scope: scope, into: &rules)
        }
        return rules
    }

    mutating func convertRule(_ node: YAMLNode, scope: String, into rules: inout ConvertedRules) {
        let known = ["name", "action", "conditions", "rate_limit", "on_deny", "state", "approval_timeout"]
        let fields = mapping(node, known: known, what: "a rule") { key in
            key == "spend" ? "prices of paid tools are not known here: write a limit on an argument instead" : nil
        }
        let name = fields["name"].flatMap { text($0, "`name`") } ?? ""
        if name.isEmpty {
            problem(node.position, "a rule needs a `name`")
        }
        let message = fields["on_deny"].flatMap { text($0, "`on_deny`") }
        let rule = RuleParts(node: node, fields: fields, name: name, message: message, scope: scope)
        let action = fields["action"].flatMap { choice($0, "`action`", of: ["evaluate", "deny", "require_approval"]) }
        if action != "require_approval", let timeout = fields["approval_timeout"] {
            problem(timeout.position, "`approval_timeout` goes with the action `require_approval`")
        }
        switch action ?? "evaluate" {
        case "deny":
            refuse(["conditions", "rate_limit", "state"], of: rule, because: "a rule that denies has no conditions")
            rules.denyIf.append(block(rule, conditions: [], message: "on_deny"))
        case "require_approval":
            refuse(["rate_limit", "state"], of: rule, because: "a rule that asks for approval counts nothing")
            rules.requireApproval.append(block(rule, conditions: conditions(rule), message: "on_pending"))
        default:
            evaluate(rule, into: &rules)
        }
    }

    mutating func refuse(_ keys: [String], of rule: RuleParts, because reason: String) {
        for key in keys {
            if let node = rule.fields[key] {
                problem(node.position, "`\(key)` does not stand here: \(reason)")
            }
        }
    }

    mutating func evaluate(_ rule: RuleParts, into rules: inout ConvertedRules) {
        if let rate = rule.fields["rate_limit"] {
            refuse(["conditions", "state"], of: rule, because: "`rate_limit` stands alone")
            if let limit = rateLimit(rate, rule) {
                rules.limits.append(limit)
            }
            return
        }
        let all = conditions(rule)
        if all.isEmpty, rule.fields["conditions"]?.elements?.isEmpty ?? true {
            problem(rule.node.position, "a rule that evaluates needs `conditions` or a `rate_limit`")
        }
        let counted = all.filter { $0.path.hasPrefix("state.") }
        let judged = all.filter { !$0.path.hasPrefix("state.") }
        if !judged.isEmpty {
            rules.require.append(block(rule, conditions: judged, message: "on_deny"))
        }
        rules.limits += limits(rule, counted)
    }

    /// A block of conditions; of those that count nothing.
    mutating func block(
        _ rule: RuleParts,
        conditions: [ConditionParts],
        message: StaticString
    ) -> ConvertedRule {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(rule.name)
        writer.key("conditions")
        writer.beginArray()
        for condition in conditions {
            writer.beginObject()
            writer.key("path")
            writer.string(path(condition.path, at: condition.position))
            writer.key("op")
            writer.string(condition.op)
            writer.key("value")
            writer.raw(condition.value)
            writer.endObject()
        }
        writer.endArray()
        if let text = rule.message {
            writer.key(message)
            writer.string(text)
        }
        if let timeout = rule.fields["approval_timeout"], let text = text(timeout, "`approval_timeout`") {
            writer.key("timeout")
            writer.string(text)
        }
        writer.endObject()
        return ConvertedRule(
            json: writer.output,
            position: rule.node.position,
            conditions: conditions.map(\.position)
        )
    }

    mutating func conditions(_ rule: RuleParts) -> [ConditionParts] {
        (rule.fields["conditions"].map { elements($0, "`conditions`") } ?? []).compactMap { node in
            let fields = mapping(node, known: ["path", "op", "value"], what: "a condition")
            for key in ["path", "op", "value"] where fields[key] == nil {
                problem(node.position, "a condition needs `path`, `op` and `value`: `\(key)` is missing")
            }
            guard let path = fields["path"].flatMap({ text($0, "`path`") }),
                let op = fields["op"].flatMap({ choice($0, "`op`", of: Self.operators) }),
                let value = fields["value"].flatMap({ json($0) })
            else {
                return nil
            }
            guard path.hasPrefix("args.") || path.hasPrefix("state.") else {
                problem(node.position, "a path begins with `args.` or `state.`, not `\(path)`")
                return nil
            }
            return ConditionParts(path: path, op: op, value: value, position: node.position)
        }
    }

    /// The eleven Intercept has.
    static let operators = [
        "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains", "exists",
    ]

    /// A path whose steps are keys and nothing else, as they are there.
    mutating func path(_ written: String, at position: YAMLPosition) -> [UInt8] {
        guard written.hasPrefix("args.") else {
            problem(position, "a counter cannot be asked here: `\(written)`")
            return Array("args.x".utf8)
        }
        var output = Array("args".utf8)
        for step in Array(written.utf8).dropFirst("args.".utf8.count)
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            if step.isEmpty {
                problem(position, "the path `\(written)` has an empty step")
            }
            if step.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"[]\"*".utf8.contains($0) }) {
                output.append(".")
                output.append(contentsOf: step)
            } else {
                output.append("[")
                output.append(contentsOf: InterceptScalar.quoted(Array(step)))
                output.append("]")
            }
        }
        return output
    }
}
