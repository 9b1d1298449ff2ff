import Base
import JSONText

/// Says of two lists of conditions which holds more often, where that is certain.
enum ConditionComparison {
    /// `true`: whenever the old ones held, the new ones do; `false`: the other way round; `nil`: neither is certain.
    ///
    /// Only one condition may be different, or conditions only added or only taken away.
    static func holdsMoreOften(_ old: [PolicyCondition], _ new: [PolicyCondition]) -> Bool? {
        var gone = old
        let added = new.filter { condition in
            guard let place = gone.firstIndex(where: { isSame($0, condition) }) else {
                return true
            }
            gone.remove(at: place)
            return false
        }
        if gone.isEmpty, !added.isEmpty {
            return false
        }
        if added.isEmpty, !gone.isEmpty {
            return true
        }
        guard added.count == 1, gone.count == 1, gone[0].path.isEquivalent(to: added[0].path),
            gone[0].op == added[0].op, gone[0].matchesMissing == added[0].matchesMissing,
            gone[0].ignoresCase?.value == added[0].ignoresCase?.value
        else {
            return nil
        }
        return holdsMoreOften(gone[0], added[0])
    }

    /// Whether two lists ask the same in the same order.
    static func isSame(_ left: [PolicyCondition], _ right: [PolicyCondition]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
    }

    private static func isSame(_ left: PolicyCondition, _ right: PolicyCondition) -> Bool {
        left.path.isEquivalent(to: right.path) && left.op == right.op && left.matchesMissing == right.matchesMissing
            && (left.ignoresCase?.value == true) == (right.ignoresCase?.value == true)
            && left.value.value.isEqual(to: right.value.value)
    }

    private static func holdsMoreOften(_ old: PolicyCondition, _ new: PolicyCondition) -> Bool? {
        let (before, after) = (old.value.value, new.value.value)
        switch new.op {
        case .gt, .gte: return compare(before, after).map { $0 > 0 }
        case .lt, .lte: return compare(before, after).map { $0 < 0 }
        case .lengthLTE: return compare(before, after).map { $0 < 0 }
        case .lengthGTE: return compare(before, after).map { $0 > 0 }
        case .urlHostIn, .pathWithin: return grows(before, after)
        case .in: return sameTypes(before, after) ? grows(before, after) : nil
        case .notIn: return sameTypes(before, after) ? grows(after, before) : nil
        default: return nil
        }
    }

    /// Of two numbers: above 0 when the first is larger.
    private static func compare(_ left: JSONValue, _ right: JSONValue) -> Int? {
        guard let left = left.number?.decimal, let right = right.number?.decimal, left != right else {
            return nil
        }
        return left < right ? -1 : 1
    }

    /// `true` when the second list has every element of the first, `false` the other way round.
    private static func grows(_ before: JSONValue, _ after: JSONValue) -> Bool? {
        let (old, new) = (Array(before.elements), Array(after.elements))
        // LIMIT: long lists are compared by people.
        guard old.count <= 1_000, new.count <= 1_000 else {
            return nil
        }
        if old.allSatisfy({ element in new.contains { $0.isEqual(to: element) } }) {
            return true
        }
        return new.allSatisfy({ element in old.contains { $0.isEqual(to: element) } }) ? false : nil
    }

    /// A type more or less changes what is a wrong type, which holds on the safe side.
    private static func sameTypes(_ left: JSONValue, _ right: JSONValue) -> Bool {
        types(left) == types(right) && !types(left).isEmpty
    }

    private static func types(_ list: JSONValue) -> TypeSet {
        list.elements.reduce(into: TypeSet()) { $0.insert(TypeSet($1.kind)) }
    }
}
