import Base
import JSONText

extension PolicyReader {
    /// The member `name` of an object, with its place.
    func member(_ object: Located<JSONValue>, _ name: StaticString) -> Located<JSONValue>? {
        object.value[name].map { value in
            let pointer = object.location.pointer.appending(name)
            return Located(value, at: SourceLocation(pointer: pointer, offset: value.range.lowerBound))
        }
    }

    /// The member `name` of an object, with its place.
    func member(_ object: Located<JSONValue>, _ name: String) -> Located<JSONValue>? {
        let key = Array(name.utf8)
        return object.value.member(key).map { value in
            let pointer = object.location.pointer.appending(key)
            return Located(value, at: SourceLocation(pointer: pointer, offset: value.range.lowerBound))
        }
    }

    /// The value itself when it is an object; members that are not known are errors at their keys.
    mutating func readObject(_ value: Located<JSONValue>, known: [String], what: String) -> Located<JSONValue>? {
        guard value.value.kind == .object else {
            findings.error(.wrongType, at: value.location, "\(what) is an object, not \(value.value.kind.words)")
            return nil
        }
        for member in value.value.members where !known.contains(where: { member.key.isEqual(to: $0.utf8) }) {
            let key = member.key.bytes
            let location = SourceLocation(
                pointer: value.location.pointer.appending(key),
                offset: max(0, member.key.rawRange.lowerBound - 1)
            )
            let hint =
                NearestName.suggestion(for: key, among: known).map { "did you mean `\($0)`?" }
                ?? "known here: \(known.map { "`\($0)`" }.joined(separator: ", "))"
            findings.error(.unknownKey, at: location, "\(what) has no key `\(shown(key))`; \(hint)")
        }
        return value
    }

    /// The elements when it is an array.
    mutating func readArray(_ value: Located<JSONValue>, what: String) -> [Located<JSONValue>]? {
        guard value.value.kind == .array else {
            findings.error(.wrongType, at: value.location, "\(what) is a list, not \(value.value.kind.words)")
            return nil
        }
        return value.value.elements.enumerated().map { index, element in
            let pointer = value.location.pointer.appending(index)
            return Located(element, at: SourceLocation(pointer: pointer, offset: element.range.lowerBound))
        }
    }

    mutating func readText(_ value: Located<JSONValue>) -> ByteString? {
        guard let text = value.value.string else {
            findings.error(.wrongType, at: value.location, "text is wanted here, not \(value.value.kind.words)")
            return nil
        }
        return ByteString(text.bytes)
    }

    mutating func readText(_ object: Located<JSONValue>, _ name: StaticString) -> Located<ByteString>? {
        guard let value = member(object, name), let text = readText(value) else {
            return nil
        }
        return Located(text, at: value.location)
    }

    mutating func readBoolean(_ object: Located<JSONValue>, _ name: StaticString) -> Bool? {
        guard let value = member(object, name) else {
            return nil
        }
        guard let boolean = value.value.boolean else {
            let found = value.value.kind.words
            findings.error(.wrongType, at: value.location, "`\(name)` is `true` or `false`, not \(found)")
            return nil
        }
        return boolean
    }

    /// One of the names of a closed list.
    mutating func readChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ value: Located<JSONValue>,
        _: Choice.Type
    ) -> Choice? {
        let names = Choice.allCases.map(\.rawValue)
        guard let text = value.value.string else {
            let list = names.map { "`\($0)`" }.joined(separator: ", ")
            findings.error(.wrongType, at: value.location, "one of \(list) is wanted, not \(value.value.kind.words)")
            return nil
        }
        guard let choice = Choice.allCases.first(where: { text.isEqual(to: $0.rawValue.utf8) }) else {
            findings.error(.badValue, at: value.location, unknownName(text.bytes, among: names))
            return nil
        }
        return choice
    }

    mutating func readChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ object: Located<JSONValue>,
        _ name: StaticString,
        _ type: Choice.Type,
        isRequired: Bool = false
    ) -> Choice? {
        guard let value = member(object, name) else {
            if isRequired {
                let list = type.allCases.map { "`\($0.rawValue)`" }.joined(separator: " or ")
                findings.error(.missingKey, at: object.location, "`\(name)` is missing: add it with \(list)")
            }
            return nil
        }
        return readChoice(value, type)
    }

    func unknownName(_ name: [UInt8], among known: [String]) -> String {
        let hint =
            NearestName.suggestion(for: name, among: known).map { "did you mean `\($0)`?" }
            ?? "known: \(known.map { "`\($0)`" }.joined(separator: ", "))"
        return "`\(shown(name))` is not known here; \(hint)"
    }

    /// A whole number of at least `minimum`, in any spelling.
    mutating func readWhole(_ value: Located<JSONValue>, atLeast minimum: Int, what: String) -> Int? {
        guard let number = value.value.number else {
            findings.error(.wrongType, at: value.location, "\(what) is a number, not \(value.value.kind.words)")
            return nil
        }
        guard let whole = number.int, whole >= minimum, !number.decimal.isAmbiguous else {
            findings.error(.badValue, at: value.location, "\(what) is a whole number of at least \(minimum)")
            return nil
        }
        return whole
    }

    /// Text of the document as it may be shown: cut when long.
    func shown(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(64), as: UTF8.self)
        return bytes.count > 64 ? text + "…" : text
    }
}

extension JSONKind {
    /// With its article, for messages.
    var words: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
