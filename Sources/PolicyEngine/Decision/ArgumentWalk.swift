import Base
import JSONText
import UnicodeText

/// Takes the ends of a walk; a type and not a closure, so that the walk is specialised for it and captures nothing.
///
/// Each method takes one end; `false` ends the walk.
protocol WalkVisitor {
    /// There is no value.
    mutating func meetMissing() -> Bool
    /// A value, and the document it stands in.
    mutating func meet(_ value: JSONCursor, in document: JSONDocument) -> Bool
    /// What there is cannot be judged.
    mutating func meet(_ side: SafeSide) -> Bool
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

    /// Hands every end to the visitor, in order, until it has enough; `value` is where `step` steps led already.
    mutating func walk(from value: JSONCursor, in document: JSONDocument, step: Int = 0) {
        _ = walk(value, in: document, step: step)
    }

    private mutating func walk(_ value: JSONCursor, in document: JSONDocument, step: Int) -> Bool {
        guard step < steps.count else {
            return visitor.meet(value, in: document)
        }
        if case .key(let key) = steps[step], value.kind == .object {
            return walkMember(key, of: value, in: document, step: step)
        }
        if case .descendants = steps[step] {
            return walkDescendants(of: value, in: document)
        }
        guard value.kind != .null else {
            return visitor.meetMissing()
        }
        switch steps[step] {
        case .key:
            return visitor.meet(.wrongType)
        case .index(let index):
            guard value.kind == .array else {
                return visitor.meet(.wrongType)
            }
            guard let element = value.element(at: index) else {
                return visitor.meetMissing()
            }
            return walk(element, in: document, step: step + 1)
        case .elements, .descendants:
            return walkElements(of: value, in: document, step: step)
        }
    }

    private mutating func walkMember(
        _ key: CompiledKey,
        of value: JSONCursor,
        in document: JSONDocument,
        step: Int
    ) -> Bool {
        let (bytes, folded) = (key.bytes, key.foldedASCII)
        var tried = 0
        let search = value.search(bytes.span, folded: folded.span) { name in
            tried += 1
            return (tried > CompiledKey.maximumFoldedKeys || key.isNearly(name))
                && !areBothDeclared(key, name, at: step)
        }
        switch search {
        case .ambiguous: return visitor.meet(.ambiguous)
        case .missing: return walkMissing(step: step)
        case .found(let member): return walk(member, in: document, step: step + 1)
        }
    }

    private mutating func walkElements(of value: JSONCursor, in document: JSONDocument, step: Int) -> Bool {
        guard value.kind == .array else {
            return visitor.meet(.wrongType)
        }
        guard value.count > 0 else {
            return visitor.meetMissing()
        }
        var element = value.first
        for _ in 0..<value.count {
            guard walk(element, in: document, step: step + 1) else {
                return false
            }
            element = element.following
        }
        return true
    }

    /// An object lacks the member of this step: the schema's default, if it has one, stands in; not for `**`.
    private mutating func walkMissing(step: Int) -> Bool {
        guard let schema, schema.mentionsDefaults, !endsInDescendants,
            let value = schema.defaultValue(of: schema.schema(at: steps[...step]))
        else {
            return visitor.meetMissing()
        }
        return value.withCursor { walk($0, in: value.document, step: step + 1) }
    }

    /// Every scalar at any depth that the operator takes; none is one missing value.
    private mutating func walkDescendants(of value: JSONCursor, in document: JSONDocument) -> Bool {
        var found = false
        guard visitScalars(of: value, in: document, &found) else {
            return false
        }
        return found || visitor.meetMissing()
    }

    private mutating func visitScalars(
        of value: JSONCursor,
        in document: JSONDocument,
        _ found: inout Bool
    ) -> Bool {
        switch value.kind {
        case .array, .object:
            let isObject = value.kind == .object
            var child = value.first
            for _ in 0..<value.count {
                let scalars = isObject ? child.following : child
                guard visitScalars(of: scalars, in: document, &found) else {
                    return false
                }
                child = scalars.following
            }
            return true
        case .null, .boolean, .number, .string:
            guard taken.contains(TypeSet(value.kind)) else {
                return true
            }
            found = true
            return visitor.meet(value, in: document)
        }
    }

    /// Whether the schema's object at this step declares the named key and the other one: then they are two arguments.
    private func areBothDeclared(_ key: CompiledKey, _ other: JSONCursor, at step: Int) -> Bool {
        guard let schema else {
            return false
        }
        let object = schema.schema(at: steps[..<step])
        return schema.property(other.text, of: object) != nil && schema.property(key.bytes, of: object) != nil
    }
}

extension CompiledKey {
    // LIMIT: keys of one object that are folded for one rule, and the bytes of one: folding is hundreds of times dearer than
    // reading, so beyond this nobody finds out whether a key is nearly another one, and it counts as if it were.
    fileprivate static let maximumFoldedKeys = 128
    private static let maximumFoldedBytes = 512

    /// Whether another key, which is known not to be this one, folds to the same text.
    fileprivate func isNearly(_ name: JSONCursor) -> Bool {
        guard name.rawText.count <= Self.maximumFoldedBytes else {
            return true
        }
        return CaseFolding.folded(name.text) == folded
    }
}

extension JSONCursor {
    /// The text of a string or key; copies.
    var text: [UInt8] { hasEscapes ? resolvedText : [UInt8](rawText) }
}
