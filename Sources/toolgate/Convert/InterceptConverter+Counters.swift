import Base
import JSONText
import YAMLText

extension InterceptConverter {
    /// `5/hour`.
    mutating func rateLimit(_ node: YAMLNode, _ rule: RuleParts) -> ConvertedRule? {
        guard let text = text(node, "`rate_limit`") else {
            return nil
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let maximum = Int(parts[0]), maximum > 0, Self.windows.contains(String(parts[1])) else {
            problem(node.position, "`rate_limit` is a whole number and a window, as in `5/hour`: not `\(text)`")
            return nil
        }
        let window = String(parts[1])
        return limit(rule, counter: "_rate_\(window)", window: window, maximum: maximum, from: nil, at: node.position)
    }

    static let windows = ["minute", "hour", "day"]

    /// The limits that a `state` block and the conditions on its counter say together.
    mutating func limits(_ rule: RuleParts, _ conditions: [ConditionParts]) -> [ConvertedRule] {
        guard let state = rule.fields["state"] else {
            for condition in conditions {
                problem(condition.position, "`\(condition.path)` has no `state` in this rule: put both into one")
            }
            return []
        }
        let fields = mapping(state, known: ["counter", "window", "increment", "increment_from"], what: "`state`")
        guard let counter = fields["counter"].flatMap({ text($0, "`counter`") }), !counter.isEmpty,
            let window = fields["window"].flatMap({ choice($0, "`window`", of: Self.windows) })
        else {
            problem(state.position, "`state` needs a `counter` and a `window`")
            return []
        }
        guard !conditions.isEmpty else {
            problem(state.position, "no condition asks for `\(counter)`, so it would count nothing: take `state` out")
            return []
        }
        let step = fields["increment"].map { wholeNumber($0, "`increment`") } ?? 1
        let from = fields["increment_from"]
        let source = from.flatMap { text($0, "`increment_from`") }
        if let from, fields["increment"] != nil || source?.hasPrefix("args.") != true {
            problem(
                from.position,
                "`increment_from` is a path that begins with `args.`, and stands without `increment`"
            )
            return []
        }
        let path = from.flatMap { from in source.map { self.path($0, at: from.position) } }
        return conditions.compactMap { condition in
            guard condition.path == "state.\(rule.scope).\(counter)" else {
                problem(condition.position, "`\(condition.path)` is not this rule's counter, which is all it can ask")
                return nil
            }
            guard let maximum = Self.maximum(condition), let step, step > 0, maximum >= 0 else {
                let wanted = "`lte` or `lt` with a whole number, and an increment of at least 1"
                problem(condition.position, "a counter is asked with \(wanted)")
                return nil
            }
            // So many calls of `step` fit.
            return limit(
                rule,
                counter: counter,
                window: window,
                maximum: maximum / step,
                from: path,
                at: condition.position
            )
        }
    }

    static func maximum(_ condition: ConditionParts) -> Int? {
        guard let number = ExactDecimal(lexeme: condition.value.span)?.int else {
            return nil
        }
        switch condition.op {
        case "lte": return number
        case "lt": return number.subtractingReportingOverflow(1).partialValue
        default: return nil
        }
    }

    func limit(
        _ rule: RuleParts,
        counter: String,
        window: String,
        maximum: Int,
        from: [UInt8]?,
        at position: YAMLPosition
    ) -> ConvertedRule {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("counter")
        writer.string("\(rule.scope).\(counter)")
        writer.key("window")
        writer.string(window)
        writer.key("align")
        writer.string("calendar")
        writer.key("max")
        writer.number(maximum)
        writer.key("scope")
        writer.string("server")
        if let from {
            writer.key("increment")
            writer.beginObject()
            writer.key("from")
            writer.string(from)
            writer.endObject()
        }
        if let message = rule.message {
            writer.key("on_deny")
            writer.string(message)
        }
        writer.endObject()
        return ConvertedRule(json: writer.output, position: position)
    }
}
