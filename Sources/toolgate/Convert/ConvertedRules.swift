import JSONText
import PolicyEngine
import YAMLText

/// A block or limit in JSON, and where it comes from.
struct ConvertedRule {
    let json: [UInt8]
    let position: YAMLPosition
    /// Of each condition, for a block.
    var conditions: [YAMLPosition] = []
}

/// The rules of one tool, or of all.
struct ConvertedRules {
    var require: [ConvertedRule] = []
    var denyIf: [ConvertedRule] = []
    var requireApproval: [ConvertedRule] = []
    var limits: [ConvertedRule] = []

    /// The lists that are not empty, by their names.
    private var lists: [(name: StaticString, rules: [ConvertedRule])] {
        let all: [(name: StaticString, rules: [ConvertedRule])] = [
            ("require", require), ("deny_if", denyIf), ("require_approval", requireApproval), ("limits", limits),
        ]
        return all.filter { !$0.rules.isEmpty }
    }

    /// Writes the rules as one object, and remembers where each comes from.
    func write(to writer: inout JSONWriter, at pointer: PolicyPointer, places: inout [String: YAMLPosition]) {
        writer.beginObject()
        for (name, rules) in lists {
            writer.key(name)
            writer.beginArray()
            for (index, rule) in rules.enumerated() {
                let place = pointer.appending(name).appending(index)
                places[place.description] = rule.position
                for (number, condition) in rule.conditions.enumerated() {
                    places[place.appending("conditions").appending(number).description] = condition
                }
                writer.raw(rule.json)
            }
            writer.endArray()
        }
        writer.endObject()
    }
}

/// Something a person should know about a conversion.
struct ConversionProblem: Equatable {
    let severity: PolicyFinding.Severity
    let position: YAMLPosition
    let message: String
}
