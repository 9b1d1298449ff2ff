import Base
import JSONText
import Patterns
import UnicodeText

extension Operation {
    /// Judges a value that is there: its type first, then its numbers, then the question itself.
    func judge(_ operand: Operand, takes: TypeSet) -> Judgement {
        guard takes.contains(operand.type) else {
            return .safeSide(.wrongType)
        }
        switch self {
        case .among(let candidates): return Self.judge(operand, among: candidates, isNegated: false)
        case .notAmong(let candidates): return Self.judge(operand, among: candidates, isNegated: true)
        case .numberWithin(let bounds):
            let number = operand.number
            return number.isAmbiguous ? .safeSide(.ambiguous) : Judgement(bounds.contains(number))
        case .dateWithin(let bounds): return Judgement(bounds.contains(ByteString(operand.text)))
        case .exists(let wanted): return Judgement((operand.type != .null) == wanted)
        case .regex(let pattern): return Judgement(Self.matches(pattern, operand.text))
        case .notRegex(let pattern): return Judgement(!Self.matches(pattern, operand.text))
        case .contains(let value): return Self.judge(operand, contains: value, isNegated: false)
        case .notContains(let value): return Self.judge(operand, contains: value, isNegated: true)
        case .startsWith(let text, let folded):
            return Judgement(Self.text(operand, folded: folded).starts(with: text))
        case .endsWith(let text, let folded):
            return Judgement(Self.text(operand, folded: folded).suffix(text.count).elementsEqual(text))
        case .lengthAtMost(let length): return Judgement(operand.length <= length)
        case .lengthAtLeast(let length): return Judgement(operand.length >= length)
        case .pathWithin(let directories):
            return Self.placed(PathPlacement(Array(operand.text)).map { $0.isWithin(directories) })
        case .urlHostIn(let hosts):
            return Self.placed(Self.host(operand).map { host in hosts.contains { host.matches(entry: $0) } })
        case .urlPrivate(let wanted):
            return Self.placed(Self.host(operand).map { $0.isPrivate == wanted })
        }
    }

    private static func host(_ operand: Operand) -> ParsedHost? {
        URLHost.parse(Array(operand.text))
    }

    private static func placed(_ answer: Bool?) -> Judgement {
        answer.map { Judgement($0) } ?? .safeSide(.wrongType)
    }

    private static func text(_ operand: Operand, folded: Bool) -> ArraySlice<UInt8> {
        folded ? CaseFolding.folded(Array(operand.text))[...] : operand.text
    }

    private static func matches(_ pattern: Pattern, _ text: ArraySlice<UInt8>) -> Bool {
        pattern.matches(text.span)
    }

    private static func judge(_ operand: Operand, among candidates: Candidates, isNegated: Bool) -> Judgement {
        switch operand {
        case .argument(let value):
            guard !NumberAmbiguity.isAnywhere(in: value) else {
                return .safeSide(.ambiguous)
            }
            return Judgement(candidates.contains(value) != isNegated)
        case .text(let text): return Judgement(candidates.contains(text: text.bytes[...]) != isNegated)
        case .whole(let number): return Judgement(candidates.numbers.contains(ExactDecimal(number)) != isNegated)
        }
    }

    private static func judge(_ operand: Operand, contains value: ContainedValue, isNegated: Bool) -> Judgement {
        guard let argument = operand.argument, argument.kind == .array else {
            let text = text(operand, folded: value.element.isFolded)
            return Judgement((value.needle?.isFound(in: text) ?? false) != isNegated)
        }
        guard !NumberAmbiguity.isAnywhere(in: argument) else {
            return .safeSide(.ambiguous)
        }
        return Judgement(argument.elements.contains { value.element.contains($0) } != isNegated)
    }
}

extension Candidates {
    /// Whether the value is one of these.
    ///
    /// Its numbers are known not to be ambiguous.
    func contains(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .null: hasNull
        case .boolean: value.boolean == true ? hasTrue : hasFalse
        case .number: !numbers.isEmpty && numbers.contains(value.number?.decimal ?? .zero)
        case .string: contains(text: value.string?.slice ?? [])
        case .array, .object: composites.contains { isEqual($0, value) }
        }
    }

    /// Whether the text is one of these; O(log of their number), no allocation without `ignore_case`.
    func contains(text: ArraySlice<UInt8>) -> Bool {
        guard !texts.isEmpty else {
            return false
        }
        guard !isFolded else {
            return containsExactly(CaseFolding.folded(Array(text))[...])
        }
        return containsExactly(text)
    }

    private func containsExactly(_ text: ArraySlice<UInt8>) -> Bool {
        guard texts.count > 1 else {
            return texts[0].bytes.count == text.count && texts[0].bytes.elementsEqual(text)
        }
        var low = 0
        var high = texts.count
        while low < high {
            let middle = (low + high) / 2
            if texts[middle].bytes.lexicographicallyPrecedes(text) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < texts.count && texts[low].bytes.elementsEqual(text)
    }

    /// Deep equality; `ignore_case` reaches the elements of a list that is compared as a whole by `eq`, not deeper.
    private func isEqual(_ candidate: JSONValue, _ value: JSONValue) -> Bool {
        guard isFolded, reachesElements, candidate.kind == .array, value.kind == .array,
            candidate.count == value.count
        else {
            return candidate.isEqual(to: value)
        }
        return zip(candidate.elements, value.elements).allSatisfy { left, right in
            guard let leftText = left.string, let rightText = right.string else {
                return left.isEqual(to: right)
            }
            return CaseFolding.areEqual(leftText.bytes, rightText.bytes)
        }
    }
}
