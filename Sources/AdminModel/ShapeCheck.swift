internal import Base
public import JSONText

/// Holds bodies to the shapes of their operations.
public enum BodyCheck {
    /// What is wrong with a body; empty when nothing is.
    public static func errors(in document: JSONDocument, _ shape: Shape) -> [FieldError] {
        ShapeCheck.errors(in: document.root, shape)
    }
}

/// Holds a value to its shape, with every mistake told at once.
struct ShapeCheck {
    /// LIMIT: mistakes that are told; the rest are the same kind of thing.
    static let maximumErrors = 32

    private(set) var errors: [FieldError] = []

    /// What is wrong with a value; empty when nothing is.
    static func errors(in value: JSONValue, _ shape: Shape) -> [FieldError] {
        var check = ShapeCheck()
        check.check(value, shape)
        return check.errors
    }

    /// INVARIANT: as deep as the shape is, never as deep as the value: a document is not walked.
    private mutating func check(_ value: JSONValue, _ shape: Shape) {
        guard errors.count < Self.maximumErrors else {
            return
        }
        switch shape {
        case .document: return
        case .reference(let name): check(value, Components.all[name] ?? .document)
        case .optional(let inner):
            if !value.isNull {
                check(value, inner)
            }
        case .either(let shapes):
            guard shapes.contains(where: { Self.errors(in: value, $0).isEmpty }) else {
                return add(value, "it has none of the forms that are allowed here")
            }
        case .record(let members, let isOpen): check(value, members: members, isOpen: isOpen)
        case .map(let inner):
            guard value.kind == .object else {
                return add(value, "it has to be an object")
            }
            for member in value.members {
                check(member.value, inner)
            }
        case .list(let inner, let count): check(value, listOf: inner, count)
        case .text, .word, .whole, .flag, .time, .number: checkScalar(value, shape)
        }
    }

    private mutating func check(_ value: JSONValue, members: [Shape.Member], isOpen: Bool) {
        guard value.kind == .object else {
            return add(value, "it has to be an object")
        }
        for member in members where member.isRequired && value.member(member.key.utf8) == nil {
            add(value, "the member `\(member.key)` is missing")
        }
        for member in value.members {
            if let known = members.first(where: { member.key.isEqual(to: Array($0.key.utf8)) }) {
                check(member.value, known.shape)
            } else if !isOpen {
                let names = members.map { "`\($0.key)`" }.joined(separator: ", ")
                add(member.value, "there is no such member", remedy: "the members are \(names)")
            }
        }
    }

    private mutating func check(_ value: JSONValue, listOf inner: Shape, _ count: ClosedRange<Int>) {
        guard value.kind == .array else {
            return add(value, "it has to be a list")
        }
        guard count.contains(value.count) else {
            return add(
                value,
                "it has \(value.count) elements: \(count.lowerBound) to \(count.upperBound) are allowed"
            )
        }
        for element in value.elements {
            check(element, inner)
        }
    }

    private mutating func checkScalar(_ value: JSONValue, _ shape: Shape) {
        switch shape {
        case .text(let rule):
            guard let text = value.string else {
                return add(value, "it has to be text")
            }
            if let refusal = rule.refusal(of: text.bytes) {
                add(value, refusal)
            }
        case .word(let words):
            guard let text = value.string, words.contains(text.text) else {
                let list = words.map { "`\($0)`" }.joined(separator: ", ")
                return add(value, "it has to be one of \(list)")
            }
        case .whole(let range):
            guard let number = value.number?.int, range.contains(number) else {
                return add(value, "it has to be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .flag:
            if value.boolean == nil {
                add(value, "it has to be true or false")
            }
        case .time:
            guard let text = value.string, WallTime(rfc3339: text.slice) != nil else {
                return add(value, "it has to be a time as RFC 3339 writes it, for example 2027-01-31T00:00:00Z")
            }
        default:
            if value.number == nil {
                add(value, "it has to be a number")
            }
        }
    }

    private mutating func add(_ value: JSONValue, _ message: String, remedy: String? = nil) {
        guard errors.count < Self.maximumErrors else {
            return
        }
        errors.append(FieldError(pointer: value.pointer, message: message, remedy: remedy))
    }
}
