import Base

extension JSONValue {
    /// Whether both are the same value: numbers by exact decimal value, strings by scalars, arrays in order, objects by
    /// key in any order.
    ///
    /// O(n log n) in the values of both. Recursion ends at the documents' depth limit.
    public func isEqual(to other: JSONValue) -> Bool {
        let (left, right) = (node, other.node)
        guard left.kind == right.kind else {
            return false
        }
        switch left.kind {
        case .null:
            return true
        case .boolean:
            return boolean == other.boolean
        case .number:
            return hasEqualNumber(to: other)
        case .string:
            return JSONString(document: document, index: index)
                .isEqual(to: JSONString(document: other.document, index: other.index))
        case .array:
            return left.count == right.count
                && zip(elements, other.elements).allSatisfy { $0.isEqual(to: $1) }
        case .object:
            return left.count == right.count && hasEqualMembers(to: other)
        }
    }

    private func hasEqualNumber(to other: JSONValue) -> Bool {
        guard let left = number, let right = other.number else {
            return false
        }
        return left.lexeme == right.lexeme || left.decimal == right.decimal
    }

    private func hasEqualMembers(to other: JSONValue) -> Bool {
        guard count > 8 else {
            return members.allSatisfy { member in
                // Keys are unique on both sides, and the counts are equal: one direction suffices.
                other.member(member.key.slice).map { member.value.isEqual(to: $0) } ?? false
            }
        }
        let (left, right) = (membersSortedByKey, other.membersSortedByKey)
        return zip(left, right).allSatisfy { first, second in
            first.key == second.key && first.value.isEqual(to: second.value)
        }
    }

    private var membersSortedByKey: [(key: ArraySlice<UInt8>, value: JSONValue)] {
        members.map { (key: $0.key.slice, value: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
}
