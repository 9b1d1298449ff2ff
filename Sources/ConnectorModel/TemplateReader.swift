import Base
import JSONText
import Settings
import YAMLText

/// Reads templates from YAML and reports every mistake in them; recursion is as deep as the YAML reader lets nodes be.
enum TemplateReader {
    /// A template; a mapping whose one `$` key is an operator is an operation, everything else stands for itself.
    static func read(_ node: YAMLNode, _ context: inout ReadingContext) -> Template {
        switch node.content {
        case .scalar:
            return .constant(constant(node, &context))
        case .sequence(let elements):
            return folded(list: elements.map { read($0, &context) })
        case .mapping(let entries):
            let operators = entries.filter { $0.key.first == UInt8(ascii: "$") }
            guard let first = operators.first else {
                let members = entries.map { TemplateMember(key: ByteString($0.key), value: read($0.value, &context)) }
                return folded(object: members)
            }
            guard operators.count == 1 else {
                context.add(
                    .conflict,
                    at: operators[1].keyPosition,
                    "two operators in one mapping",
                    remedy: "put one inside the other"
                )
                return .constant(.null)
            }
            return operation(first, beside: entries, &context) ?? .constant(.null)
        }
    }

    /// A constant, JSON's own spellings of numbers, truth values and `null` meaning those.
    static func constant(_ node: YAMLNode, _ context: inout ReadingContext) -> ConnectorValue {
        let json = InlineDocument.json(node, problems: &context.problems)
        do throws(JSONError) {
            return ConnectorValue(try JSONDocument(json).root)
        } catch {
            context.add(.badValue, at: node.position, "not a value: \(error.reason)")
            return .null
        }
    }

    private static func folded(list: [Template]) -> Template {
        let constants = list.compactMap(\.constant)
        return constants.count == list.count ? .constant(.list(constants)) : .list(list)
    }

    private static func folded(object: [TemplateMember]) -> Template {
        let constants = object.compactMap { member in
            member.value.constant.map { ConnectorMember(member.key, $0) }
        }
        return constants.count == object.count ? .constant(.object(constants)) : .object(object)
    }

    // MARK: - Operators

    private static func operation(
        _ entry: YAMLEntry,
        beside entries: [YAMLEntry],
        _ context: inout ReadingContext
    ) -> Template? {
        let name = Array(entry.key.dropFirst())
        guard let kind = Operator.allCases.first(where: { Array($0.rawValue.utf8) == name }) else {
            let nearest = NearestName.of(name, among: Operator.allCases.map { Array($0.rawValue.utf8) })
            context.add(
                .unknownKey,
                at: entry.keyPosition,
                "`\(entry.key.shown)` is no operator",
                remedy: nearest.map { "did you mean `$\($0.shown)`?" } ?? "docs/connectors.md lists them"
            )
            return nil
        }
        var operation = Operation(kind: kind, position: entry.keyPosition)
        readOperand(entry.value, into: &operation, &context)
        for other in entries where other.key != entry.key {
            readModifier(other, into: &operation, &context)
        }
        let present = Set(operation.values.keys).union(operation.labels.keys).union(operation.tokens.keys)
        for modifier in kind.specification.required where !present.contains(modifier) {
            context.add(.missingKey, at: entry.keyPosition, "`$\(kind.rawValue)` has no `\(modifier.rawValue)`")
        }
        note(operation, &context)
        return .operation(operation)
    }

    private static func readOperand(
        _ node: YAMLNode,
        into operation: inout Operation,
        _ context: inout ReadingContext
    ) {
        let specification = operation.kind.specification
        let name = "`$\(operation.kind.rawValue)`"
        switch specification.shape {
        case .nothing:
            if node.scalar?.isEqual(to: "true") != true {
                context.add(.wrongType, at: node.position, "\(name) is written `\(name.dropFirst().dropLast()): true`")
            }
        case .value:
            operation.operands = [checked(node, specification.takes, of: name, &context)]
        case .values, .pair:
            guard let elements = node.elements, specification.shape == .values || elements.count == 2 else {
                let wanted = specification.shape == .pair ? "a list of two values" : "a list of values"
                context.add(.wrongType, at: node.position, "\(name) takes \(wanted)")
                return
            }
            operation.operands = elements.map { checked($0, specification.takes, of: name, &context) }
        case .word:
            operation.word = word(node, of: name, allowed: operation.kind.allowedWords(for: nil), &context)
        case .words: operation.words = words(node, of: name, &context)
        case .pointer: operation.words = pointer(node, &context)
        case .statuses:
            let nodes = node.elements ?? [node]
            operation.words = nodes.map { word($0, of: name, allowed: nil, &context) }
            for (status, node) in zip(operation.words, nodes) where !StatusRange.isStatus(status) {
                context.add(.badValue, at: node.position, "\(name) takes HTTP statuses")
            }
        case .cases: readCases(node, into: &operation, &context)
        case .picks: operation.operands = [picks(node, &context)]
        }
    }

    private static func readModifier(
        _ entry: YAMLEntry,
        into operation: inout Operation,
        _ context: inout ReadingContext
    ) {
        let known = operation.kind.specification.modifiers
        guard let modifier = Modifier.allCases.first(where: { Array($0.rawValue.utf8) == entry.key }),
            let shape = known[modifier]
        else {
            let names = known.keys.map { "`\($0.rawValue)`" }.sorted().joined(separator: ", ")
            context.add(
                .unknownKey,
                at: entry.keyPosition,
                "`\(entry.key.shown)` does not go with `$\(operation.kind.rawValue)`",
                remedy: names.isEmpty ? "nothing stands beside it" : "known: \(names)"
            )
            return
        }
        let name = "`\(modifier.rawValue)`"
        switch shape {
        case .value: operation.values[modifier] = read(entry.value, &context)
        case .word:
            let allowed = operation.kind.allowedWords(for: modifier)
            operation.labels[modifier] = word(entry.value, of: name, allowed: allowed, &context)
        case .words: operation.tokens[modifier] = words(entry.value, of: name, &context)
        case .pointer: operation.tokens[modifier] = pointer(entry.value, &context)
        }
    }

    /// Notes what the operation refers to.
    private static func note(_ operation: Operation, _ context: inout ReadingContext) {
        switch operation.kind {
        case .arg where !context.isOpen || context.arguments.contains(operation.word):
            context.use(argument: operation.word, at: operation.position)
        case .rest:
            context.usesRest = true
        case .config: context.use(setting: operation.word, at: operation.position)
        case .var: context.use(variable: operation.word, at: operation.position)
        case .elapsed, .failed, .failure, .cached, .truncated:
            context.use(step: operation.word, at: operation.position)
        default: break
        }
        if let step = operation.labels[.from] {
            context.use(step: step, at: operation.position)
        }
    }
}

extension Template {
    /// The value of a constant.
    var constant: ConnectorValue? {
        if case .constant(let value) = self { value } else { nil }
    }
}
