import Base
import JSONText
import UnicodeText

/// Walks from a value along a path's steps and judges what it meets (policy-language.md, section 2).
///
/// The recursion is as deep as the path has steps, and below `.**` as the document is nested; both are bounded.
struct ArgumentWalk {
    let steps: [CompiledStep]
    /// The pinned schema, for defaults and declared names; looked at only when a member is missing or nearly there.
    let inputSchema: JSONValue?

    private var endsInDescendants: Bool {
        guard case .descendants = steps.last else {
            return false
        }
        return true
    }

    /// What the walk came to at one end.
    enum End {
        case missing
        case value(JSONValue)
        case safeSide(SafeSide)
    }

    /// Calls `visit` with every end, in order, until it returns `false`.
    ///
    /// `taken` filters what `.**` stands for.
    func forEachEnd(from value: JSONValue?, taken: TypeSet, _ visit: (End) -> Bool) {
        guard let value else {
            visitEmptyObject(visit, taken: taken)
            return
        }
        _ = walk(value, step: 0, taken: taken, visit)
    }

    /// No arguments at all are `{}`.
    private func visitEmptyObject(_ visit: (End) -> Bool, taken: TypeSet) {
        switch steps.first {
        case .key: _ = walkMissing(step: 0, taken: taken, visit)
        case .descendants, nil: _ = visit(.missing)
        case .index, .elements: _ = visit(.safeSide(.wrongType))
        }
    }

    private func walk(_ value: JSONValue, step: Int, taken: TypeSet, _ visit: (End) -> Bool) -> Bool {
        guard step < steps.count else {
            return visit(.value(value))
        }
        if case .descendants = steps[step] {
            return walkDescendants(of: value, taken: taken, visit)
        }
        guard value.kind != .null else {
            return visit(.missing)
        }
        switch steps[step] {
        case .key(let key):
            return walkMember(key, of: value, step: step, taken: taken, visit)
        case .index(let index):
            guard value.kind == .array else {
                return visit(.safeSide(.wrongType))
            }
            guard let element = value.element(at: index) else {
                return visit(.missing)
            }
            return walk(element, step: step + 1, taken: taken, visit)
        case .elements, .descendants:
            return walkElements(of: value, step: step, taken: taken, visit)
        }
    }

    private func walkMember(
        _ key: CompiledKey,
        of value: JSONValue,
        step: Int,
        taken: TypeSet,
        _ visit: (End) -> Bool
    ) -> Bool {
        guard value.kind == .object else {
            return visit(.safeSide(.wrongType))
        }
        let search = value.search(key.bytes, folded: key.foldsToASCII ? key.folded : []) { other in
            key.isNearly(other) && !areBothDeclared(key, other, at: step)
        }
        switch search {
        case nil: return visit(.safeSide(.ambiguous))
        case .missing: return walkMissing(step: step, taken: taken, visit)
        case .found(let member): return walk(member, step: step + 1, taken: taken, visit)
        }
    }

    private func walkElements(of value: JSONValue, step: Int, taken: TypeSet, _ visit: (End) -> Bool) -> Bool {
        guard value.kind == .array else {
            return visit(.safeSide(.wrongType))
        }
        guard value.count > 0 else {
            return visit(.missing)
        }
        for element in value.elements {
            guard walk(element, step: step + 1, taken: taken, visit) else {
                return false
            }
        }
        return true
    }

    /// An object lacks the member of this step: the schema's default, if it has one, stands in; not for `**`.
    private func walkMissing(step: Int, taken: TypeSet, _ visit: (End) -> Bool) -> Bool {
        guard inputSchema != nil, !endsInDescendants else {
            return visit(.missing)
        }
        let schemas = SchemaWalk(inputSchema)
        guard let value = schemas.defaultValue(of: schemas.schema(at: steps[...step])) else {
            return visit(.missing)
        }
        return walk(value, step: step + 1, taken: taken, visit)
    }

    /// Every scalar at any depth that the operator takes; none is one missing value.
    private func walkDescendants(of value: JSONValue, taken: TypeSet, _ visit: (End) -> Bool) -> Bool {
        var found = false
        guard visitScalars(of: value, taken: taken, &found, visit) else {
            return false
        }
        return found || visit(.missing)
    }

    private func visitScalars(of value: JSONValue, taken: TypeSet, _ found: inout Bool, _ visit: (End) -> Bool) -> Bool
    {
        switch value.kind {
        case .array:
            for element in value.elements {
                guard visitScalars(of: element, taken: taken, &found, visit) else {
                    return false
                }
            }
            return true
        case .object:
            for member in value.members {
                guard visitScalars(of: member.value, taken: taken, &found, visit) else {
                    return false
                }
            }
            return true
        case .null, .boolean, .number, .string:
            guard taken.contains(TypeSet(value.kind)) else {
                return true
            }
            found = true
            return visit(.value(value))
        }
    }

    /// Whether the schema's object at this step declares the named key and the other one: then they are two arguments.
    private func areBothDeclared(_ key: CompiledKey, _ other: JSONString, at step: Int) -> Bool {
        guard inputSchema != nil else {
            return false
        }
        let schemas = SchemaWalk(inputSchema)
        let object = schemas.schema(at: steps[..<step])
        return schemas.property(other.bytes, of: object) != nil && schemas.property(key.bytes, of: object) != nil
    }
}

extension CompiledKey {
    /// Whether another key folds to the same text; `other` is known not to be the key itself.
    func isNearly(_ other: JSONString) -> Bool {
        let text = other.slice
        guard text.contains(where: { $0 >= 0x80 }) else {
            return foldsToASCII && text.count == folded.count && text.elementsEqual(folded) { $0.lowercasedASCII == $1 }
        }
        return CaseFolding.folded(Array(text)) == folded
    }
}

extension UInt8 {
    /// The small letter of a capital one of ASCII; every other byte as it is.
    fileprivate var lowercasedASCII: UInt8 {
        self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
    }
}
