import Base
import JSONText

/// The keywords that mean something here; all others are annotations and ignored.
enum SchemaKeyword: String, CaseIterable {
    case schema = "$schema"
    case id = "$id"
    case anchor = "$anchor"
    case dynamicAnchor = "$dynamicAnchor"
    case recursiveAnchor = "$recursiveAnchor"
    case reference = "$ref"
    case dynamicReference = "$dynamicRef"
    case recursiveReference = "$recursiveRef"
    case defs = "$defs"
    case definitions
    case type
    case const
    case `enum`
    case multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum
    case maxLength, minLength, pattern
    case prefixItems, items, additionalItems, contains, minContains, maxContains
    case maxItems, minItems, uniqueItems, unevaluatedItems
    case properties, patternProperties, additionalProperties, propertyNames, unevaluatedProperties
    case maxProperties, minProperties, required, dependentRequired, dependentSchemas, dependencies
    case allOf, anyOf, oneOf, not
    case `if`
    case then
    case `else`
    case contentSchema
    /// The schema that refuses everything.
    case refusal = "false"
    /// Judging would take too long.
    case limit = "(limit)"

    private static let byName: [ByteString: SchemaKeyword] = Dictionary(
        uniqueKeysWithValues: allCases.filter { $0 != .refusal && $0 != .limit }.map { (ByteString($0.rawValue), $0) }
    )

    /// The keyword with exactly this name.
    init?(_ key: JSONString) {
        guard let keyword = Self.byName[ByteString(key.slice)] else {
            return nil
        }
        self = keyword
    }
}

/// How subschemas hang on a keyword.
enum SubschemaShape {
    case single
    case list
    case map
    /// `items` before 2020-12: a schema or a list of them.
    case singleOrList
    /// `dependencies`: a map whose values are schemas or lists of names.
    case mapOrNames
}

extension Dialect {
    /// Where subschemas stand in an object; `nil` for keywords that hold none in this dialect.
    func shape(of keyword: SchemaKeyword) -> SubschemaShape? {
        switch keyword {
        case .additionalProperties, .propertyNames, .not, .if, .then, .else, .contains: .single
        case .allOf, .anyOf, .oneOf: .list
        case .properties, .patternProperties, .definitions: .map
        case .dependencies: .mapOrNames
        case .items: version == .draft202012 ? .single : .singleOrList
        case .additionalItems: version == .draft202012 ? nil : .single
        case .prefixItems: version == .draft202012 ? .list : nil
        case .defs, .dependentSchemas: version == .draft7 ? nil : .map
        case .unevaluatedItems, .unevaluatedProperties, .contentSchema: version == .draft7 ? nil : .single
        default: nil
        }
    }

    /// Visits every value of `object` that stands where a subschema does, in the order of the text.
    func forEachSubschema(of object: JSONValue, _ visit: (JSONValue) -> Void) {
        for member in object.members {
            guard let keyword = SchemaKeyword(member.key), let shape = shape(of: keyword) else {
                continue
            }
            switch shape {
            case .single:
                visit(member.value)
            case .list:
                member.value.elements.forEach(visit)
            case .map:
                member.value.members.forEach { visit($0.value) }
            case .singleOrList where member.value.kind == .array:
                member.value.elements.forEach(visit)
            case .singleOrList:
                visit(member.value)
            case .mapOrNames:
                member.value.members.forEach { dependency in
                    if dependency.value.kind != .array {
                        visit(dependency.value)
                    }
                }
            }
        }
    }
}
