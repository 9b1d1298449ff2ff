import Base
import JSONText
import Patterns
import UnicodeText

extension Operation {
    /// Judges an argument that is there: its type first, then its numbers, then the question itself.
    func judge(_ value: JSONCursor, in document: JSONDocument, takes: TypeSet) -> Judgement {
        let kind = value.kind
        guard takes.contains(TypeSet(kind)) else {
            return .safeSide(.wrongType)
        }
        switch kind {
        case .number:
            return judge(value.decimal)
        case .string:
            guard value.hasEscapes else {
                return judge(value.rawText)
            }
            let text = value.resolvedText
            return judge(text.span)
        case .array, .object, .null, .boolean:
            return judge(other: value, in: document)
        }
    }

    /// Judges a value that is no argument.
    func judge(_ operand: Operand, takes: TypeSet) -> Judgement {
        switch operand {
        case .text(let text):
            guard takes.contains(.text) else {
                return .safeSide(.wrongType)
            }
            return judge(text.bytes.span)
        case .whole(let number):
            return takes.contains(.number) ? judge(ExactDecimal(number)) : .safeSide(.wrongType)
        }
    }

    // LIMIT: bytes of a text that is not ASCII and is folded for one rule: a thousand times dearer than reading it.
    private static let maximumFoldedBytes = 16 << 10

    /// Whether texts are folded before they are judged.
    private var folds: Bool {
        switch self {
        case .startsWith(_, let isFolded), .endsWith(_, let isFolded): isFolded
        case .contains(let value), .notContains(let value): value.element.isFolded
        case .among(let candidates), .notAmong(let candidates): candidates.isFolded
        default: false
        }
    }

    // MARK: By type, of those the operator takes

    private func judge(_ number: ExactDecimal) -> Judgement {
        switch self {
        case .numberWithin(let bounds):
            return number.isAmbiguous ? .safeSide(.ambiguous) : Judgement(bounds.contains(number))
        case .among(let candidates):
            return number.isAmbiguous ? .safeSide(.ambiguous) : Judgement(candidates.contains(number))
        case .notAmong(let candidates):
            return number.isAmbiguous ? .safeSide(.ambiguous) : Judgement(!candidates.contains(number))
        case .exists(let wanted):
            return Judgement(wanted)
        default:
            return .safeSide(.wrongType)
        }
    }

    private func judge(_ text: Span<UInt8>) -> Judgement {
        guard !folds || text.count <= Self.maximumFoldedBytes || text.isASCII else {
            return .safeSide(.ambiguous)
        }
        switch self {
        case .among(let candidates): return Judgement(candidates.contains(text))
        case .notAmong(let candidates): return Judgement(!candidates.contains(text))
        case .numberWithin: return .safeSide(.wrongType)
        case .dateWithin(let bounds): return Judgement(bounds.contains(ByteString([UInt8](text))))
        case .exists(let wanted): return Judgement(wanted)
        case .regex(let pattern): return Judgement(pattern.matches(text))
        case .notRegex(let pattern): return Judgement(!pattern.matches(text))
        case .contains(let value): return Judgement(value.isFound(in: text))
        case .notContains(let value): return Judgement(!value.isFound(in: text))
        case .startsWith(let prefix, let isFolded):
            guard isFolded else {
                return Judgement(text.hasPrefix(prefix))
            }
            let folded = CaseFolding.folded([UInt8](text))
            return Judgement(folded.span.hasPrefix(prefix))
        case .endsWith(let suffix, let isFolded):
            guard isFolded else {
                return Judgement(text.hasSuffix(suffix))
            }
            let folded = CaseFolding.folded([UInt8](text))
            return Judgement(folded.span.hasSuffix(suffix))
        case .lengthAtMost(let length): return Judgement(text.scalarCount <= length)
        case .lengthAtLeast(let length): return Judgement(text.scalarCount >= length)
        case .pathWithin(let directories):
            return Self.placed(PathPlacement([UInt8](text)).map { $0.isWithin(directories) })
        case .urlHostIn(let hosts):
            return Self.placed(URLHost.parse([UInt8](text)).map { host in hosts.contains { host.matches(entry: $0) } })
        case .urlPrivate(let wanted):
            return Self.placed(URLHost.parse([UInt8](text)).map { $0.isPrivate == wanted })
        }
    }

    /// Arrays, objects, booleans and `null`.
    private func judge(other value: JSONCursor, in document: JSONDocument) -> Judgement {
        switch self {
        case .exists(let wanted): return Judgement((value.kind != .null) == wanted)
        case .lengthAtMost(let length): return Judgement(value.count <= length)
        case .lengthAtLeast(let length): return Judgement(value.count >= length)
        case .among, .notAmong, .contains, .notContains: break
        default: return .safeSide(.wrongType)
        }
        guard !NumberAmbiguity.isAnywhere(in: value) else {
            return .safeSide(.ambiguous)
        }
        switch self {
        case .among(let candidates): return Judgement(candidates.contains(value, in: document))
        case .notAmong(let candidates): return Judgement(!candidates.contains(value, in: document))
        case .contains(let wanted): return Judgement(wanted.isFound(in: value, of: document))
        case .notContains(let wanted): return Judgement(!wanted.isFound(in: value, of: document))
        default: return .safeSide(.wrongType)
        }
    }

    private static func placed(_ answer: Bool?) -> Judgement {
        answer.map { Judgement($0) } ?? .safeSide(.wrongType)
    }
}

extension ContainedValue {
    /// Whether the text has the needle in it.
    fileprivate func isFound(in text: Span<UInt8>) -> Bool {
        guard let needle else {
            return false
        }
        guard element.isFolded else {
            return needle.isFound(in: text)
        }
        let folded = CaseFolding.folded([UInt8](text))
        return needle.isFound(in: folded.span)
    }

    /// Whether the array has the element.
    ///
    /// Its numbers are known not to be ambiguous.
    fileprivate func isFound(in array: JSONCursor, of document: JSONDocument) -> Bool {
        var candidate = array.first
        for _ in 0..<array.count {
            if element.contains(candidate, in: document) {
                return true
            }
            candidate = candidate.following
        }
        return false
    }
}

extension Candidates {
    /// Whether the value is one of these.
    ///
    /// Its numbers are known not to be ambiguous.
    fileprivate func contains(_ value: JSONCursor, in document: JSONDocument) -> Bool {
        switch value.kind {
        case .null:
            return hasNull
        case .boolean:
            return value.isTrue ? hasTrue : hasFalse
        case .number:
            return contains(value.decimal)
        case .string:
            guard value.hasEscapes else {
                return contains(value.rawText)
            }
            let text = value.resolvedText
            return contains(text.span)
        case .array, .object:
            guard !composites.isEmpty else {
                return false
            }
            let value = value.value(in: document)
            return composites.contains { isEqual($0, value) }
        }
    }

    fileprivate func contains(_ number: ExactDecimal) -> Bool {
        !numbers.isEmpty && numbers.contains(number)
    }

    /// Whether the text is one of these; O(log of their number), no allocation without `ignore_case`.
    fileprivate func contains(_ text: Span<UInt8>) -> Bool {
        guard !texts.isEmpty else {
            return false
        }
        guard isFolded else {
            return containsExactly(text)
        }
        let folded = CaseFolding.folded([UInt8](text))
        return containsExactly(folded.span)
    }

    private func containsExactly(_ text: Span<UInt8>) -> Bool {
        var low = 0
        var high = texts.count
        while low < high {
            let middle = (low + high) / 2
            let candidate = texts[middle].bytes
            let order = text.order(to: candidate.span)
            if order == 0 {
                return true
            }
            if order < 0 {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return false
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

extension Span<UInt8> {
    fileprivate func hasPrefix(_ prefix: [UInt8]) -> Bool {
        count >= prefix.count && extracting(first: prefix.count).order(to: prefix.span) == 0
    }

    fileprivate func hasSuffix(_ suffix: [UInt8]) -> Bool {
        count >= suffix.count && extracting(last: suffix.count).order(to: suffix.span) == 0
    }

    /// How many Unicode scalars the UTF-8 has.
    fileprivate var scalarCount: Int {
        var scalars = 0
        for index in 0..<count where self[index] & 0xC0 != 0x80 {
            scalars += 1
        }
        return scalars
    }
}

extension Span<UInt8> {
    fileprivate var isASCII: Bool {
        for index in 0..<count where self[index] >= 0x80 {
            return false
        }
        return true
    }
}
