import Base
import JSONText
import Patterns
import UnicodeText

/// Turns a condition's operator and value into an ``Operation``, or says why that cannot be.
struct OperationCompiler {
    let condition: PolicyCondition
    let kind: BlockKind

    private var value: JSONValue { condition.value.value }
    private var location: SourceLocation { condition.value.location }
    private var isFolded: Bool { condition.ignoresCase?.value == true }

    /// `nil` with a finding when the value does not suit the operator.
    func compile(_ findings: inout FindingList) -> Operation? {
        if let flag = condition.ignoresCase, condition.op.canIgnoreCase, !Self.hasText(value) {
            findings.error(.badValue, at: flag.location, "`ignore_case` needs a value that is or contains text")
        }
        switch condition.op {
        case .eq, .neq, .in, .notIn: return membership(&findings)
        case .lt, .lte, .gt, .gte, .between: return ordering(&findings)
        case .exists: return boolean(&findings).map { .exists($0) }
        case .regex, .notRegex: return pattern(&findings)
        case .contains, .notContains: return containment(&findings)
        case .startsWith: return text(&findings).map { .startsWith(folded($0), folded: isFolded) }
        case .endsWith: return text(&findings).map { .endsWith(folded($0), folded: isFolded) }
        case .lengthLTE: return length(&findings).map { .lengthAtMost($0) }
        case .lengthGTE: return length(&findings).map { .lengthAtLeast($0) }
        case .pathWithin: return directories(&findings)
        case .urlHostIn: return hosts(&findings)
        case .urlPrivate: return boolean(&findings).map { .urlPrivate($0) }
        }
    }

    private func folded(_ text: [UInt8]) -> [UInt8] {
        isFolded ? CaseFolding.folded(text) : text
    }

    // MARK: Equality

    private func membership(_ findings: inout FindingList) -> Operation? {
        guard !isAmbiguous(value, &findings) else {
            return nil
        }
        switch condition.op {
        case .eq: return .among(candidates([value]))
        case .neq: return .notAmong(candidates([value]))
        default: break
        }
        guard value.kind == .array else {
            let advice = "`eq` compares with one value"
            findings.error(
                .wrongType,
                at: location,
                "`\(condition.op.rawValue)` takes a list, not \(value.kind.words); \(advice)"
            )
            return nil
        }
        if value.count == 0 {
            let effect = condition.op == .in ? "never holds" : "always holds"
            findings.warning(.emptyList, at: location, "`\(condition.op.rawValue)` with an empty list \(effect)")
        }
        let list = candidates(Array(value.elements), takesAll: value.count == 0)
        return condition.op == .in ? .among(list) : .notAmong(list)
    }

    /// What to compare with.
    ///
    /// A single `null` of `eq` takes any type; in a list it adds only its own, which is always taken.
    private func candidates(_ values: [JSONValue], takesAll: Bool = false) -> Candidates {
        let isSingle = condition.op == .eq || condition.op == .neq
        let takesAny = takesAll || (isSingle && value.isNull)
        let takes = values.reduce(into: TypeSet.null) { $0.insert(TypeSet($1.kind)) }
        return Candidates(values, takes: takesAny ? .any : takes, isFolded: isFolded, reachesElements: isSingle)
    }

    private func containment(_ findings: inout FindingList) -> Operation? {
        guard !isAmbiguous(value, &findings) else {
            return nil
        }
        let needle = value.string.map { Needle(folded($0.bytes)) }
        let contained = ContainedValue(element: candidates([value]), needle: needle)
        return condition.op == .contains ? .contains(contained) : .notContains(contained)
    }

    // MARK: Order

    private func ordering(_ findings: inout FindingList) -> Operation? {
        condition.path.root == .timeDate ? dates(&findings) : numbers(&findings)
    }

    private func bounds<Value>(_ ends: [Value]) -> Bounds<Value>? {
        guard let first = ends.first, let last = ends.last else {
            return nil
        }
        switch condition.op {
        case .lt: return .below(first, included: false)
        case .lte: return .below(first, included: true)
        case .gt: return .above(first, included: false)
        case .gte: return .above(first, included: true)
        default: return .between(first, last)
        }
    }

    /// One end, or for `between` two; `nil` with a finding when there are not exactly as many.
    private func ends(_ findings: inout FindingList, what: String) -> [Located<JSONValue>]? {
        guard condition.op == .between else {
            return [condition.value]
        }
        guard value.kind == .array, value.count == 2 else {
            findings.error(.wrongType, at: location, "`between` takes two \(what), `[low, high]`")
            return nil
        }
        return value.elements.enumerated().map { index, element in
            let pointer = location.pointer.appending(index)
            return Located(element, at: SourceLocation(pointer: pointer, offset: element.range.lowerBound))
        }
    }

    private func numbers(_ findings: inout FindingList) -> Operation? {
        guard let ends = ends(&findings, what: "numbers") else {
            return nil
        }
        var numbers: [ExactDecimal] = []
        for end in ends {
            guard let number = end.value.number else {
                let found = end.value.kind.words
                findings.error(
                    .wrongType,
                    at: end.location,
                    "`\(condition.op.rawValue)` compares with numbers, not \(found)"
                )
                return nil
            }
            guard !isAmbiguous(end.value, at: end.location, &findings) else {
                return nil
            }
            numbers.append(number.decimal)
        }
        guard isOrdered(numbers, &findings) else {
            return nil
        }
        return bounds(numbers).map { .numberWithin($0) }
    }

    private func dates(_ findings: inout FindingList) -> Operation? {
        guard let ends = ends(&findings, what: "dates") else {
            return nil
        }
        var dates: [ByteString] = []
        for end in ends {
            guard let text = end.value.string, Self.isDate(text.bytes) else {
                findings.error(
                    .wrongType,
                    at: end.location,
                    "`time.date` is compared with dates such as `\"2026-11-21\"`"
                )
                return nil
            }
            dates.append(ByteString(text.bytes))
        }
        guard isOrdered(dates, &findings) else {
            return nil
        }
        return bounds(dates).map { .dateWithin($0) }
    }

    private func isOrdered<Value: Comparable>(_ ends: [Value], _ findings: inout FindingList) -> Bool {
        guard let first = ends.first, let last = ends.last, last < first else {
            return true
        }
        findings.error(.badValue, at: location, "`between` takes the lower end first")
        return false
    }

    /// A day that exists, as `YYYY-MM-DD`.
    private static func isDate(_ text: [UInt8]) -> Bool {
        WallTime(rfc3339: text + Array("T00:00:00Z".utf8)) != nil && text.count == 10
    }

    // MARK: Others

    private func boolean(_ findings: inout FindingList) -> Bool? {
        guard let boolean = value.boolean else {
            let found = value.kind.words
            findings.error(.wrongType, at: location, "`\(condition.op.rawValue)` takes `true` or `false`, not \(found)")
            return nil
        }
        return boolean
    }

    private func text(_ findings: inout FindingList) -> [UInt8]? {
        guard let text = value.string else {
            findings.error(.wrongType, at: location, "`\(condition.op.rawValue)` takes text, not \(value.kind.words)")
            return nil
        }
        return text.bytes
    }

    private func length(_ findings: inout FindingList) -> Int? {
        guard let number = value.number, let length = number.int, length >= 0, !number.decimal.isAmbiguous else {
            findings.error(.wrongType, at: location, "`\(condition.op.rawValue)` takes a whole number from 0")
            return nil
        }
        return length
    }

    private func pattern(_ findings: inout FindingList) -> Operation? {
        guard let source = text(&findings) else {
            return nil
        }
        if condition.op == .regex, kind == .require, !PatternAnchors.areComplete(in: source) {
            let advice = "write `^…$` to match the whole text"
            findings.warning(
                .searchNotMatch,
                at: location,
                "this pattern is searched for anywhere in the text; \(advice)"
            )
        }
        do throws(PatternError) {
            let pattern = try Pattern(source, ignoreCase: isFolded)
            return condition.op == .regex ? .regex(pattern) : .notRegex(pattern)
        } catch {
            findings.error(.badValue, at: location, "the pattern cannot be used: \(error)")
            return nil
        }
    }

    /// The elements of a list of texts.
    private func texts(_ findings: inout FindingList, what: String) -> [Located<[UInt8]>]? {
        guard value.kind == .array else {
            findings.error(
                .wrongType,
                at: location,
                "`\(condition.op.rawValue)` takes a list of \(what), not \(value.kind.words)"
            )
            return nil
        }
        var texts: [Located<[UInt8]>] = []
        for (index, element) in value.elements.enumerated() {
            let place = SourceLocation(pointer: location.pointer.appending(index), offset: element.range.lowerBound)
            guard let text = element.string else {
                findings.error(.wrongType, at: place, "one of the \(what) is \(element.kind.words): write text")
                return nil
            }
            texts.append(Located(text.bytes, at: place))
        }
        return texts
    }

    private func directories(_ findings: inout FindingList) -> Operation? {
        guard let texts = texts(&findings, what: "absolute directories") else {
            return nil
        }
        if texts.isEmpty {
            findings.warning(.emptyList, at: location, "`path_within` with an empty list never holds")
        }
        var directories: [PathPlacement] = []
        for text in texts {
            guard let directory = PathPlacement(text.value) else {
                findings.error(.badValue, at: text.location, "an absolute directory is wanted, such as `/srv/data`")
                continue
            }
            directories.append(directory)
        }
        return .pathWithin(directories)
    }

    private func hosts(_ findings: inout FindingList) -> Operation? {
        guard let texts = texts(&findings, what: "hosts") else {
            return nil
        }
        if texts.isEmpty {
            findings.warning(.emptyList, at: location, "`url_host_in` with an empty list never holds")
        }
        var hosts: [HostEntry] = []
        for text in texts {
            guard let host = HostEntry(parsing: text.value) else {
                let wanted = "a host such as `example.com` or `*.example.com`, without scheme, port or path, is wanted"
                findings.error(.badValue, at: text.location, wanted)
                continue
            }
            hosts.append(host)
        }
        return .urlHostIn(hosts)
    }

    // MARK: Ambiguity and text

    private func isAmbiguous(_ value: JSONValue, _ findings: inout FindingList) -> Bool {
        isAmbiguous(value, at: location, &findings)
    }

    private func isAmbiguous(_ value: JSONValue, at place: SourceLocation, _ findings: inout FindingList) -> Bool {
        guard NumberAmbiguity.isAnywhere(in: value) else {
            return false
        }
        findings.error(.ambiguousValue, at: place, PolicyReader.ambiguousNumber)
        return true
    }

    /// Whether the value is text or has text in it, keys aside.
    private static func hasText(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .string: true
        case .array: value.elements.contains { hasText($0) }
        case .object: value.members.contains { hasText($0.value) }
        case .null, .boolean, .number: false
        }
    }
}

extension [UInt8] {
    /// Whether the bytes end with the UTF-8 of `text`.
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        suffix(text.utf8CodeUnitCount).isEqual(to: text)
    }
}

/// Finds numbers that two readers could take for different ones (policy-language.md, section 2).
enum NumberAmbiguity {
    /// In the value itself or anywhere inside.
    static func isAnywhere(in value: JSONValue) -> Bool {
        value.withCursor { isAnywhere(in: $0) }
    }

    /// In the value itself or anywhere inside.
    ///
    /// The depth is the document's, which is bounded.
    static func isAnywhere(in value: JSONCursor) -> Bool {
        switch value.kind {
        case .number:
            return value.decimal.isAmbiguous
        case .array, .object:
            let isObject = value.kind == .object
            var child = value.first
            for _ in 0..<value.count {
                let inside = isObject ? child.following : child
                guard !isAnywhere(in: inside) else {
                    return true
                }
                child = inside.following
            }
            return false
        case .null, .boolean, .string:
            return false
        }
    }
}
