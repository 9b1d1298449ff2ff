import Base
import YAMLText

extension InterceptConverter {
    func isNothing(_ node: YAMLNode) -> Bool {
        guard case .scalar(let bytes, isPlain: true) = node.content else {
            return false
        }
        return InterceptScalar.json(bytes, isPlain: true) == Array("null".utf8)
    }

    mutating func entries(_ node: YAMLNode, _ what: String) -> [YAMLEntry] {
        if let entries = node.entries {
            return entries
        }
        if !isNothing(node) {
            problem(node.position, "\(what) is a mapping")
        }
        return []
    }

    mutating func elements(_ node: YAMLNode, _ what: String) -> [YAMLNode] {
        if let elements = node.elements {
            return elements
        }
        if !isNothing(node) {
            problem(node.position, "\(what) is a list")
        }
        return []
    }

    /// The members of a mapping; unknown ones are problems at their keys, with `reason` for those we know elsewhere.
    mutating func mapping(
        _ node: YAMLNode,
        known: [String],
        what: String,
        reason: (String) -> String? = { _ in nil }
    ) -> [String: YAMLNode] {
        var fields: [String: YAMLNode] = [:]
        for entry in entries(node, what) {
            let key = String(decoding: entry.key, as: UTF8.self)
            if known.contains(key) {
                fields[key] = entry.value
            } else {
                let list = known.map { "`\($0)`" }.joined(separator: ", ")
                let advice = reason(key) ?? NearestName.of(key, in: known).map { "did you mean `\($0)`?" }
                problem(entry.keyPosition, "\(what) has no `\(key)` here: \(advice ?? "known are \(list)")")
            }
        }
        return fields
    }

    mutating func text(_ node: YAMLNode, _ what: String) -> String? {
        guard let scalar = node.scalar else {
            problem(node.position, "\(what) is text")
            return nil
        }
        return String(decoding: scalar, as: UTF8.self)
    }

    mutating func choice(_ node: YAMLNode, _ what: String, of choices: [String]) -> String? {
        guard let text = text(node, what) else {
            return nil
        }
        guard choices.contains(text) else {
            let list = choices.map { "`\($0)`" }.joined(separator: ", ")
            problem(node.position, "\(what) cannot be `\(text)`: it is one of \(list)")
            return nil
        }
        return text
    }

    mutating func wholeNumber(_ node: YAMLNode, _ what: String) -> Int? {
        guard let scalar = node.scalar, let number = ExactDecimal(lexeme: scalar.span)?.int else {
            problem(node.position, "\(what) is a whole number")
            return nil
        }
        return number
    }

    /// A value for a condition; depth is bounded by the reader.
    mutating func json(_ node: YAMLNode) -> [UInt8]? {
        switch node.content {
        case .scalar(let bytes, let isPlain):
            guard let value = InterceptScalar.json(bytes, isPlain: isPlain) else {
                let text = String(decoding: bytes, as: UTF8.self)
                let advice = "quote it if it is text, else write it as JSON does"
                problem(node.position, "readers of YAML do not agree on what `\(text)` is: \(advice)")
                return nil
            }
            return value
        case .sequence(let nodes):
            let values = nodes.compactMap { json($0) }
            return [UInt8(ascii: "[")] + values.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
        case .mapping(let entries):
            let values = entries.compactMap { entry in
                json(entry.value).map { InterceptScalar.quoted(entry.key) + [UInt8(ascii: ":")] + $0 }
            }
            return [UInt8(ascii: "{")] + values.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")]
        }
    }
}
