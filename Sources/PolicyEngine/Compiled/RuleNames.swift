/// Names the rules of one list: the label or what the first condition says, then `.2`, `.3` where names repeat
/// (policy-language.md, section 3).
struct RuleNames {
    private let list: PolicyPointer
    private var seen: [String: Int] = [:]

    /// Names for the rules below a list.
    init(list: PolicyPointer) {
        self.list = list
    }

    mutating func rule(for block: PolicyBlock) -> String {
        if let name = block.name {
            return rule(segment: name)
        }
        guard let first = block.conditions.first else {
            return rule(segment: "always")
        }
        return rule(segment: "\(first.path.text)-\(first.op.rawValue)")
    }

    mutating func rule(segment: String) -> String {
        let escaped = PolicyPointer.escaped(segment.utf8)
        // Keyed by scalars: two labels that differ only in canonical form are two labels.
        let key = escaped.unicodeScalars.reduce(into: "") { $0 += "\($1.value)." }
        let count = seen[key, default: 0] + 1
        seen[key] = count
        return list.description + "/" + escaped + (count > 1 ? ".\(count)" : "")
    }
}
