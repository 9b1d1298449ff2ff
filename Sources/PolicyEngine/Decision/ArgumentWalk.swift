import Base
import JSONText
import UnicodeText

/// What a walk came to at one end.
enum WalkEnd {
    case missing
    case value(JSONValue)
    case safeSide(SafeSide)
}

/// Takes the ends of a walk; a type and not a closure, so that the walk is specialised for it and captures nothing.
protocol WalkVisitor {
    /// Takes one end; `false` ends the walk.
    mutating func meet(_ end: WalkEnd) -> Bool
}

/// Walks from a value along a path's steps and hands what it meets to a visitor (policy-language.md, section 2).
///
/// The recursion is as deep as the path has steps, and below `.**` as the document is nested; both are bounded.
struct ArgumentWalk<Visitor: WalkVisitor> {
    let steps: [CompiledStep]
    /// The pinned schema, for defaults and declared names; looked at only when a member is missing or nearly there.
    let schema: SchemaWalk?
    /// The types that `.**` stands for; others are passed over.
    let taken: TypeSet
    var visitor: Visitor

    private var endsInDescendants: Bool {
        guard case .descendants = steps.last else {
            return false
        }
        return true
    }

    /// Hands every end to the visitor, in order, until it has enough.
    mutating func walk(from value: JSONValue?) {
        guard let value else {
            walkEmptyObject()
            return
        }
        _ = walk(value, step: 0)
    }

    /// No arguments at all are `{}`.
    private mutating func walkEmptyObject() {
        switch steps.first {
        case .key: _ = walkMissing(step: 0)
        case .descendants, nil: _ = visitor.meet(.missing)
        case .index, .elements: _ = visitor.meet(.safeSide(.wrongType))
        }
    }

    private mutating func walk(_ value: JSONValue, step: Int) -> Bool {
        guard step < steps.count else {
            return visitor.meet(.value(value))
        }
        if case .descendants = steps[step] {
            return walkDescendants(of: value)
        }
        guard value.kind != .null else {
            return visitor.meet(.missing)
        }
        switch steps[step] {
        case .key(let key):
            return walkMember(key, of: value, step: step)
        case .index(let index):
            guard value.kind == .array else {
                return visitor.meet(.safeSide(.wrongType))
            }
            guard let element = value.element(at: index) else {
                return visitor.meet(.missing)
            }
            return walk(element, step: step + 1)
        case .elements, .descendants:
            return walkElements(of: value, step: step)
        }
    }

    private mutating func walkMember(
        _ key: CompiledKey,
        of value: JSONValue,
        step: Int
    ) -> Bool {
        guard value.kind == .object else {
            return visitor.meet(.safeSide(.wrongType))
        }
        let search = value.search(key.bytes, folded: key.foldsToASCII ? key.folded : []) { other in
            let name = other.slice
            return key.isNearly(name) && !areBothDeclared(key, name, at: step)
        }
        switch search {
        case nil: return visitor.meet(.safeSide(.ambiguous))
        case .missing: return walkMissing(step: step)
        case .found(let member): return walk(member, step: step + 1)
        }
    }

    private mutating func walkElements(of value: JSONValue, step: Int) -> Bool {
        guard value.kind == .array else {
            return visitor.meet(.safeSide(.wrongType))
        }
        guard value.count > 0 else {
            return visitor.meet(.missing)
        }
        for element in value.elements {
            guard walk(element, step: step + 1) else {
                return false
            }
        }
        return true
    }

    /// An object lacks the member of this step: the schema's default, if it has one, stands in; not for `**`.
    private mutating func walkMissing(step: Int) -> Bool {
        guard let schema, schema.mentionsDefaults, !endsInDescendants,
            let value = schema.defaultValue(of: schema.schema(at: steps[...step]))
        else {
            return visitor.meet(.missing)
        }
        return walk(value, step: step + 1)
    }

    /// Every scalar at any depth that the operator takes; none is one missing value.
    private mutating func walkDescendants(of value: JSONValue) -> Bool {
        var found = false
        guard visitScalars(of: value, &found) else {
            return false
        }
        return found || visitor.meet(.missing)
    }

    private mutating func visitScalars(of value: JSONValue, _ found: inout Bool) -> Bool {
        switch value.kind {
        case .array:
            for element in value.elements {
                guard visitScalars(of: element, &found) else {
                    return false
                }
            }
            return true
        case .object:
            for member in value.members {
                guard visitScalars(of: member.value, &found) else {
                    return false
                }
            }
            return true
        case .null, .boolean, .number, .string:
            guard taken.contains(TypeSet(value.kind)) else {
                return true
            }
            found = true
            return visitor.meet(.value(value))
        }
    }

    /// Whether the schema's object at this step declares the named key and the other one: then they are two arguments.
    private func areBothDeclared(_ key: CompiledKey, _ other: ArraySlice<UInt8>, at step: Int) -> Bool {
        guard let schema else {
            return false
        }
        let object = schema.schema(at: steps[..<step])
        return schema.property(other, of: object) != nil && schema.property(key.bytes, of: object) != nil
    }
}

extension CompiledKey {
    /// Whether another key, which is known not to be this one, folds to the same text.
    func isNearly(_ text: ArraySlice<UInt8>) -> Bool {
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
