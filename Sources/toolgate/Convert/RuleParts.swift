import YAMLText

/// What a rule says, before it is known what becomes of it.
struct RuleParts {
    let node: YAMLNode
    let fields: [String: YAMLNode]
    let name: String
    let message: String?
    /// What its counters belong to: the tool's name, or `_global`.
    let scope: String
}

struct ConditionParts {
    let path: String
    let op: String
    let value: [UInt8]
    let position: YAMLPosition
}
