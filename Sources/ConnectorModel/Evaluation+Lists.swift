import Base

/// Going through lists.
extension Evaluation {
    mutating func list(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        let elements = try self.elements(operation, in: scope)
        try spend(elements.count)
        switch operation.kind {
        case .each:
            let kept = try kept(elements, by: operation.values[.where])
            return .list(try mapped(kept, by: operation.values[.as]))
        case .filter: return .list(try kept(elements, by: operation.values[.where]))
        case .count: return ConnectorValue(elements.count)
        case .sum:
            var total = ExactDecimal.zero
            for value in try mapped(elements, by: operation.values[.of]) where !value.isNull {
                guard let number = value.decimal else {
                    throw .type(operator: operation.kind.rawValue)
                }
                total = total + number
            }
            return ConnectorValue(total)
        case .group: return .list(try grouped(elements, operation))
        case .sort: return .list(try sorted(elements, operation))
        case .take:
            let count = try operation.values[.count].flatMap { template throws(EvaluationFailure) in
                try integer(template, in: scope, of: operation)
            }
            return .list(Array(elements.prefix(max(count ?? 0, 0))))
        default: return try found(elements, operation, in: scope)
        }
    }

    /// The elements the operator works on; what is absent or `null` has none.
    private mutating func elements(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> [ConnectorValue] {
        guard let value = try optional(operation.operands.first, in: scope), !value.isNull else {
            return []
        }
        guard let elements = value.elements else {
            throw .type(operator: operation.kind.rawValue)
        }
        return elements
    }

    private mutating func kept(
        _ elements: [ConnectorValue],
        by condition: Template?
    ) throws(EvaluationFailure) -> [ConnectorValue] {
        guard let condition else {
            return elements
        }
        var kept: [ConnectorValue] = []
        for element in elements where try holds(condition, in: element) {
            kept.append(element)
        }
        return kept
    }

    private mutating func mapped(
        _ elements: [ConnectorValue],
        by template: Template?
    ) throws(EvaluationFailure) -> [ConnectorValue] {
        guard let template else {
            return elements
        }
        var mapped: [ConnectorValue] = []
        for element in elements {
            if let value = try value(template, in: element) {
                mapped.append(value)
            }
        }
        return mapped
    }

    /// Groups in the order their first elements have; `as` sees `{key, items}`.
    private mutating func grouped(
        _ elements: [ConnectorValue],
        _ operation: Operation
    ) throws(EvaluationFailure) -> [ConnectorValue] {
        guard let key = operation.values[.by] else {
            return []
        }
        var order: [ConnectorValue] = []
        var places: [ByteString: Int] = [:]
        var groups: [[ConnectorValue]] = []
        for element in elements {
            let found = try value(key, in: element) ?? .null
            let identity = ByteString(found.json)
            if let place = places[identity] {
                groups[place].append(element)
            } else {
                places[identity] = groups.count
                order.append(found)
                groups.append([element])
            }
        }
        let scopes = zip(order, groups).map { key, items in
            ConnectorValue.object([ConnectorMember("key", key), ConnectorMember("items", .list(items))])
        }
        return try mapped(scopes, by: operation.values[.as])
    }

    /// Stable; what has no key comes last.
    private mutating func sorted(
        _ elements: [ConnectorValue],
        _ operation: Operation
    ) throws(EvaluationFailure) -> [ConnectorValue] {
        guard let by = operation.values[.by] else {
            return elements
        }
        var keyed: [(key: ConnectorValue, element: ConnectorValue, place: Int)] = []
        var kind: ValueType?
        for (place, element) in elements.enumerated() {
            let key = try value(by, in: element) ?? .null
            if !key.isNull {
                let own = ValueType(of: key)
                guard own == .number || own == .text, kind == nil || kind == own else {
                    throw .type(operator: operation.kind.rawValue)
                }
                kind = own
            }
            keyed.append((key, element, place))
        }
        let sign = operation.labels[.order] == "descending" ? -1 : 1
        return keyed.sorted { left, right in
            let order = Self.rank(left.key, right.key, sign: sign)
            return order == 0 ? left.place < right.place : order < 0
        }.map(\.element)
    }

    private static func rank(_ left: ConnectorValue, _ right: ConnectorValue, sign: Int) -> Int {
        switch (left.isNull, right.isNull) {
        case (true, true): return 0
        case (true, false): return 1
        case (false, true): return -1
        case (false, false): break
        }
        if let first = left.decimal, let second = right.decimal {
            return (first < second ? -1 : second < first ? 1 : 0) * sign
        }
        let (first, second) = (left.text ?? "", right.text ?? "")
        return (first < second ? -1 : second < first ? 1 : 0) * sign
    }

    /// The first element whose value at `key` equals, and of it the value at `value`.
    private mutating func found(
        _ elements: [ConnectorValue],
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        let key = operation.tokens[.key] ?? []
        if let wanted = try optional(operation.values[.equals], in: scope) {
            let element = elements.first { $0.at(key)?.isEqual(to: wanted) == true }
            if let found = element?.at(operation.tokens[.value] ?? []) {
                return found
            }
        }
        return try optional(operation.values[.else], in: scope)
    }
}
