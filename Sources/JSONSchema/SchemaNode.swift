import Base
import JSONText
import Patterns

/// One compiled subschema.
///
/// Other subschemas are named by their number in the program.
final class SchemaNode: Sendable {
    /// What a boolean schema says; `nil` for all others.
    let verdict: Bool?
    let resource: Int
    let types: TypeSet?
    let applicators: [Applicator]
    let number: NumberRules?
    let string: StringRules?
    let array: ArrayRules?
    let object: ObjectRules?
    /// The candidates of `const` and `enum`.
    let candidates: [(keyword: SchemaKeyword, values: [JSONValue])]

    /// Whether `type` is all there is: what most properties of most tools say.
    let asksTypeOnly: Bool

    init(_ parts: SchemaParts) {
        let hasRules = parts.number != nil || parts.string != nil || parts.array != nil || parts.object != nil
        asksTypeOnly = parts.verdict == nil && parts.applicators.isEmpty && parts.candidates.isEmpty && !hasRules
        verdict = parts.verdict
        resource = parts.resource
        types = parts.types
        applicators = parts.applicators
        candidates = parts.candidates
        number = parts.number
        string = parts.string
        array = parts.array
        object = parts.object
    }
}

/// A node while it is being compiled.
struct SchemaParts {
    var verdict: Bool?
    var resource: Int
    var types: TypeSet?
    var applicators: [Applicator] = []
    var candidates: [(keyword: SchemaKeyword, values: [JSONValue])] = []
    var number: NumberRules?
    var string: StringRules?
    var array: ArrayRules?
    var object: ObjectRules?
}

/// What judges the same value by other subschemas.
enum Applicator: Sendable {
    case reference(Int)
    /// The number of a name in the program's table, and where the reference leads when no scope has that name.
    case dynamicReference(name: Int, fallback: Int)
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int])
    case not(Int)
    case condition(Int, then: Int?, otherwise: Int?)
    /// When the object has the member.
    case dependent(ByteString, Int)

    /// The subschemas that may judge the very same value.
    var inPlace: [Int] {
        switch self {
        case .reference(let node), .dynamicReference(_, let node), .not(let node), .dependent(_, let node): [node]
        case .allOf(let nodes), .anyOf(let nodes), .oneOf(let nodes): nodes
        case .condition(let test, let then, let otherwise): [test] + [then, otherwise].compactMap { $0 }
        }
    }
}

/// The values of `type`.
struct TypeSet: Sendable {
    private var kinds: UInt8 = 0
    private var takesIntegers = false

    /// Every type.
    static let any: TypeSet = {
        var types = TypeSet()
        types.kinds = .max
        return types
    }()

    /// Adds a type by name; false when there is no such type.
    mutating func insert(_ name: JSONString) -> Bool {
        let names: [(StaticString, JSONKind)] = [
            ("null", .null), ("boolean", .boolean), ("number", .number), ("string", .string), ("array", .array),
            ("object", .object),
        ]
        if name.isEqual(to: "integer") {
            takesIntegers = true
            return true
        }
        guard let kind = names.first(where: { name.isEqual(to: $0.0) })?.1 else {
            return false
        }
        kinds |= 1 << kind.rawValue
        return true
    }

    @inline(__always)
    func contains(_ value: JSONCursor) -> Bool {
        let kind = value.kind
        if kinds & (1 &<< kind.rawValue) != 0 {
            return true
        }
        return takesIntegers && kind == .number && value.decimal.isInteger
    }
}

/// The keywords for numbers.
struct NumberRules: Sendable {
    var divisor: ExactDecimal?
    /// At most; dividing by many takes long.
    var divisorDigits = 0
    /// Upper and lower bounds with the keyword that set them.
    var bounds: [(keyword: SchemaKeyword, limit: ExactDecimal)] = []
}

/// The keywords for strings.
struct StringRules: Sendable {
    var minimum = 0
    var maximum = Int.max
    var pattern: Pattern?
}

/// The keywords for arrays.
struct ArrayRules: Sendable {
    var minimum = 0
    var maximum = Int.max
    var isUnique = false
    /// The subschemas of the first elements.
    var prefix: [Int] = []
    var prefixKeyword = SchemaKeyword.prefixItems
    /// The subschema of all others.
    var rest: Int?
    var restKeyword = SchemaKeyword.items
    var contains: Int?
    var minimumContains = 1
    var maximumContains = Int.max
    /// From 2020-12 on, elements that `contains` accepts count as evaluated.
    var containsEvaluates = false
    var unevaluated: Int?
}

/// The keywords for objects.
struct ObjectRules: Sendable {
    var minimum = 0
    var maximum = Int.max
    var members = MemberRules()
    var patterns: [(pattern: Pattern, node: Int)] = []
    var additional: Int?
    var names: Int?
    var dependentRequired: [(trigger: ByteString, names: [ByteString])] = []
    var unevaluated: Int?

    /// Whether members have to be looked at one by one.
    var judgesMembers: Bool {
        !members.isEmpty || !patterns.isEmpty || additional != nil || names != nil
    }
}

/// `properties` and `required`, in one table: a member is looked up once.
struct MemberRules: Sendable {
    private var keys = KeyTable([])
    private var rules: [(node: Int?, isRequired: Bool)] = []
    private(set) var requiredCount = 0

    init() {}

    init(properties: [(key: ByteString, node: Int)], required: Set<ByteString>) {
        let declared = Set(properties.map(\.key))
        let others = required.filter { !declared.contains($0) }
        keys = KeyTable(properties.map(\.key.bytes) + others.map(\.bytes))
        rules = properties.map { ($0.node, required.contains($0.key)) } + others.map { _ in (nil, true) }
        requiredCount = required.count
    }

    var isEmpty: Bool { rules.isEmpty }

    /// What the keywords say of a member with this key.
    func rule(of key: Span<UInt8>) -> (node: Int?, isRequired: Bool)? {
        guard case .found(let number) = keys.find(key, 0..<key.count) else {
            return nil
        }
        return rules[number]
    }
}
