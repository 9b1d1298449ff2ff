import Base
import JSONText
import RateLimits

/// Says rules in words, and compares them by what they do.
enum RuleText {
    /// `args.amount gt 1000 and args.currency in ["EUR"]`; a block without conditions is `always`.
    static func conditions(_ block: PolicyBlock) -> String {
        guard !block.conditions.isEmpty else {
            return "always"
        }
        return block.conditions.map { condition($0) }.joined(separator: " and ")
    }

    static func condition(_ condition: PolicyCondition) -> String {
        let value = String(decoding: JSONCanonical.exact(condition.value.value), as: UTF8.self)
        var text = "`\(condition.path.text) \(condition.op.rawValue) \(shortened(value))`"
        if condition.ignoresCase?.value == true {
            text += " in any case"
        }
        if condition.matchesMissing {
            text += " or missing"
        }
        return text
    }

    /// Long values are cut: a sentence is for reading.
    private static func shortened(_ text: String) -> String {
        text.utf8.count > 80 ? String(text.prefix(77)) + "…" : text
    }

    /// Equal for two blocks exactly when they judge every call alike.
    static func identity(_ block: PolicyBlock) -> [[UInt8]] {
        let conditions = block.conditions.map { condition in
            var bytes = condition.path.canonical.bytes
            bytes.append(contentsOf: " \(condition.op.rawValue) ".utf8)
            bytes.append(contentsOf: JSONCanonical.exact(condition.value.value))
            bytes.append(contentsOf: " \(condition.ignoresCase?.value == true) \(condition.matchesMissing)".utf8)
            return bytes
        }
        return conditions + [Array("\(block.isShadow) \(block.approval)".utf8)]
    }

    /// `30 a minute for each grant`.
    static func limit(_ limit: PolicyLimit) -> String {
        let amount = limit.increment.map { "a sum of `\($0.text)` of \(limit.maximum)" } ?? "\(limit.maximum)"
        let key = limit.key.map { " and `\($0.text)`" } ?? ""
        return "\(amount) \(window(limit.window)) for each \(scope(limit.scope))\(key)"
    }

    static func window(_ window: PolicyWindow) -> String {
        switch window {
        case .calendar(let unit): return "a calendar \(unit)"
        case .sliding(let seconds):
            if let name = WindowName.allCases.first(where: { $0.seconds == seconds }) {
                return "a \(name.rawValue)"
            }
            return "in \(seconds) seconds"
        }
    }

    private static func scope(_ scope: CounterScope) -> String {
        "\(scope)"
    }
}
