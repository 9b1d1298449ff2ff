import JSONText

/// A set of JSON types.
struct TypeSet: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let null = TypeSet(rawValue: 1)
    static let boolean = TypeSet(rawValue: 2)
    static let number = TypeSet(rawValue: 4)
    static let text = TypeSet(rawValue: 8)
    static let array = TypeSet(rawValue: 16)
    static let object = TypeSet(rawValue: 32)
    static let any: TypeSet = [.null, .boolean, .number, .text, .array, .object]

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ kind: JSONKind) {
        switch kind {
        case .null: self = .null
        case .boolean: self = .boolean
        case .number: self = .number
        case .string: self = .text
        case .array: self = .array
        case .object: self = .object
        }
    }
}
