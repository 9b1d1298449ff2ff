import Base

/// Choosing, building and asking whether.
extension Evaluation {
    mutating func building(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        switch operation.kind {
        case .if:
            let branch =
                try holds(operation.operands.first, in: scope)
                ? operation.values[.then] : operation.values[.else]
            return try optional(branch, in: scope)
        case .choose: return try chosen(operation, in: scope)
        case .coalesce:
            for template in operation.operands {
                if let value = try value(template, in: scope), !value.isBlank {
                    return value
                }
            }
            return try optional(operation.values[.else], in: scope)
        case .compact:
            let value = try optional(operation.operands.first, in: scope)
            return value?.members?.isEmpty == true ? nil : value
        case .merge: return try merged(operation, in: scope)
        case .pick: return try optional(operation.operands.first, in: scope)
        default:
            let members = (scope ?? steps[latest]?.body)?.members ?? []
            return .object(members.filter { $0.key.bytes.starts(with: operation.word.bytes) })
        }
    }

    mutating func optional(
        _ template: Template?,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        guard let template else {
            return nil
        }
        return try value(template, in: scope)
    }

    private mutating func chosen(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        for index in stride(from: 0, to: operation.operands.count - 1, by: 2)
        where try holds(operation.operands[index], in: scope) {
            return try value(operation.operands[index + 1], in: scope)
        }
        return try optional(operation.values[.else], in: scope)
    }

    /// Members of all; of two with the same key the later one's value stands in the earlier one's place.
    private mutating func merged(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue {
        var all: [ConnectorMember] = []
        var places: [ByteString: Int] = [:]
        for value in try values(operation.operands, in: scope) {
            guard let members = value.members else {
                throw .type(operator: operation.kind.rawValue)
            }
            try spend(members.count)
            for member in members {
                if let place = places[member.key] {
                    all[place] = member
                } else {
                    places[member.key] = all.count
                    all.append(member)
                }
            }
        }
        return .object(all)
    }

    mutating func truth(_ operation: Operation, in scope: ConnectorValue?) throws(EvaluationFailure) -> Bool {
        switch operation.kind {
        case .and:
            for template in operation.operands where !(try holds(template, in: scope)) {
                return false
            }
            return true
        case .or:
            for template in operation.operands where try holds(template, in: scope) {
                return true
            }
            return false
        case .not: return !(try holds(operation.operands.first, in: scope))
        case .present:
            let value = try optional(operation.operands.first, in: scope)
            return value.map { !$0.isBlank } ?? false
        default: return try comparison(operation, in: scope)
        }
    }

    private mutating func comparison(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> Bool {
        guard let left = try optional(operation.operands.first, in: scope),
            let right = try optional(operation.operands.last, in: scope)
        else {
            return false
        }
        switch operation.kind {
        case .equal: return left.isEqual(to: right)
        case .in:
            guard let elements = right.elements else {
                throw .type(operator: operation.kind.rawValue)
            }
            try spend(elements.count)
            return elements.contains { $0.isEqual(to: left) }
        case .less: return try Self.order(left, right).map { $0 < 0 } ?? false
        default: return try Self.order(left, right).map { $0 <= 0 } ?? false
        }
    }

    /// Below zero when `left` comes first; numbers by value, text by bytes; `nil` when one is `null`.
    static func order(_ left: ConnectorValue, _ right: ConnectorValue) throws(EvaluationFailure) -> Int? {
        if left.isNull || right.isNull {
            return nil
        }
        if let first = left.decimal, let second = right.decimal {
            return first < second ? -1 : second < first ? 1 : 0
        }
        if let first = left.text, let second = right.text {
            return first < second ? -1 : second < first ? 1 : 0
        }
        throw .type(operator: Operator.less.rawValue)
    }
}
