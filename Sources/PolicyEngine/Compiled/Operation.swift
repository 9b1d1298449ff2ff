import Base
import JSONText
import Patterns
import UnicodeText

/// What a condition asks of one value, with everything that does not depend on the call worked out.
enum Operation: Sendable {
    /// `eq` (one candidate), `in`.
    case among(Candidates)
    /// `neq`, `not_in`.
    case notAmong(Candidates)
    /// `lt lte gt gte between` on numbers.
    indirect case numberWithin(Bounds<ExactDecimal>)
    /// The same on `time.date`, whose text orders as its dates do.
    indirect case dateWithin(Bounds<ByteString>)
    case exists(Bool)
    case regex(Pattern)
    case notRegex(Pattern)
    case contains(ContainedValue)
    case notContains(ContainedValue)
    case startsWith([UInt8], folded: Bool)
    case endsWith([UInt8], folded: Bool)
    case lengthAtMost(Int)
    case lengthAtLeast(Int)
    case pathWithin([PathPlacement])
    case urlHostIn([HostEntry])
    case urlPrivate(Bool)

    /// The types it can judge; others are the wrong type.
    ///
    /// `null` is among them where a `null` can be judged.
    var takes: TypeSet {
        switch self {
        case .among(let candidates), .notAmong(let candidates): candidates.takes
        case .numberWithin: .number
        case .exists: .any
        case .contains(let value), .notContains(let value): value.takes
        case .lengthAtMost, .lengthAtLeast: [.text, .array]
        case .dateWithin, .regex, .notRegex, .startsWith, .endsWith, .pathWithin, .urlHostIn, .urlPrivate: .text
        }
    }

    /// Whether it holds for a value that is not there, outside `require` and without `if_missing`.
    var holdsForMissing: Bool {
        switch self {
        case .notAmong, .notContains, .notRegex: true
        case .exists(let wanted): !wanted
        default: false
        }
    }

    /// Whether it holds for a value that is not there, in `require`.
    var satisfiesMissing: Bool {
        guard case .exists(false) = self else {
            return false
        }
        return true
    }
}

/// An interval whose ends may be open or included.
struct Bounds<Value: Comparable & Sendable>: Sendable {
    let low: Value?
    let includesLow: Bool
    let high: Value?
    let includesHigh: Bool

    static func below(_ value: Value, included: Bool) -> Bounds {
        Bounds(low: nil, includesLow: false, high: value, includesHigh: included)
    }

    static func above(_ value: Value, included: Bool) -> Bounds {
        Bounds(low: value, includesLow: included, high: nil, includesHigh: false)
    }

    static func between(_ low: Value, _ high: Value) -> Bounds {
        Bounds(low: low, includesLow: true, high: high, includesHigh: true)
    }

    func contains(_ value: Value) -> Bool {
        if let low, value < low || (!includesLow && value == low) {
            return false
        }
        if let high, high < value || (!includesHigh && value == high) {
            return false
        }
        return true
    }
}

/// The values `eq`, `neq`, `in` and `not_in` compare with, by type.
///
/// A class, so that taking an operation out of its condition counts one reference and not one per list.
final class Candidates: Sendable {
    /// The JSON types of the candidates; `null` can always be compared, and is equal only to `null`.
    let takes: TypeSet
    /// Sorted by bytes; folded when `isFolded`.
    let texts: [ByteString]
    let numbers: [ExactDecimal]
    let hasTrue: Bool
    let hasFalse: Bool
    let hasNull: Bool
    /// Arrays and objects.
    let composites: [JSONValue]
    /// `ignore_case`.
    let isFolded: Bool
    /// Whether `ignore_case` reaches the elements of a candidate that is a list: for `eq` and `neq`, whose value is
    /// that list.
    ///
    /// A list inside a list is deeper than it reaches.
    let reachesElements: Bool

    init(_ values: [JSONValue], takes: TypeSet, isFolded: Bool, reachesElements: Bool) {
        var texts: [ByteString] = []
        var numbers: [ExactDecimal] = []
        var composites: [JSONValue] = []
        for value in values {
            switch value.kind {
            case .string:
                let text = value.string?.bytes ?? []
                texts.append(ByteString(isFolded ? CaseFolding.folded(text) : text))
            case .number: numbers.append(value.number?.decimal ?? .zero)
            case .array, .object: composites.append(value)
            case .null, .boolean: break
            }
        }
        self.takes = takes
        self.texts = texts.sorted()
        self.numbers = numbers
        self.composites = composites
        hasTrue = values.contains { $0.boolean == true }
        hasFalse = values.contains { $0.boolean == false }
        hasNull = values.contains { $0.isNull }
        self.isFolded = isFolded
        self.reachesElements = reachesElements
    }
}

/// What `contains` and `not_contains` look for.
final class ContainedValue: Sendable {
    /// The element to find in an array.
    let element: Candidates
    /// The text to find in a text.
    let needle: Needle?

    init(element: Candidates, needle: Needle?) {
        self.element = element
        self.needle = needle
    }

    var takes: TypeSet { needle == nil ? .array : [.text, .array] }
}
