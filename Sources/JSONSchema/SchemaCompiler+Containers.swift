import Base
import JSONText

extension SchemaCompiler {
    mutating func arrayRules(
        of value: JSONValue,
        _ dialect: Dialect,
        _ resource: Int
    ) throws(SchemaError) -> ArrayRules? {
        var rules = ArrayRules()
        var isNeeded = false
        if dialect.hasValidation {
            rules.minimum = try count(value["minItems"], .minItems) ?? 0
            rules.maximum = try count(value["maxItems"], .maxItems) ?? .max
            rules.isUnique = try boolean(value["uniqueItems"], .uniqueItems) ?? false
            isNeeded = rules.minimum > 0 || rules.maximum < .max || rules.isUnique
        }
        if dialect.hasApplicators {
            try addItems(of: value, dialect, resource, to: &rules)
            try addContains(of: value, dialect, resource, to: &rules)
            isNeeded = isNeeded || !rules.prefix.isEmpty || rules.rest != nil || rules.contains != nil
        }
        if dialect.hasUnevaluated, dialect.version >= .draft201909 {
            rules.unevaluated = try schema(value["unevaluatedItems"], in: resource)
            isNeeded = isNeeded || rules.unevaluated != nil
        }
        return isNeeded ? rules : nil
    }

    private mutating func addItems(
        of value: JSONValue,
        _ dialect: Dialect,
        _ resource: Int,
        to rules: inout ArrayRules
    ) throws(SchemaError) {
        if dialect.version == .draft202012 {
            rules.prefix = try schemas(value["prefixItems"], .prefixItems, in: resource) ?? []
            rules.rest = try schema(value["items"], in: resource)
            return
        }
        guard let items = value["items"] else {
            return
        }
        guard items.kind == .array else {
            rules.rest = try number(of: items, in: resource)
            return
        }
        rules.prefixKeyword = .items
        rules.restKeyword = .additionalItems
        // An empty list was allowed before 2020-12.
        rules.prefix = items.count == 0 ? [] : try schemas(items, .items, in: resource) ?? []
        rules.rest = try schema(value["additionalItems"], in: resource)
    }

    private mutating func addContains(
        of value: JSONValue,
        _ dialect: Dialect,
        _ resource: Int,
        to rules: inout ArrayRules
    ) throws(SchemaError) {
        rules.contains = try schema(value["contains"], in: resource)
        rules.containsEvaluates = dialect.version == .draft202012
        if dialect.version >= .draft201909, dialect.hasValidation {
            rules.minimumContains = try count(value["minContains"], .minContains) ?? 1
            rules.maximumContains = try count(value["maxContains"], .maxContains) ?? .max
        }
    }

    mutating func objectRules(
        of value: JSONValue,
        _ dialect: Dialect,
        _ resource: Int
    ) throws(SchemaError) -> ObjectRules? {
        var rules = ObjectRules()
        var isNeeded = false
        var required: Set<ByteString> = []
        if dialect.hasValidation {
            rules.minimum = try count(value["minProperties"], .minProperties) ?? 0
            rules.maximum = try count(value["maxProperties"], .maxProperties) ?? .max
            required = Set(try value["required"].map { list throws(SchemaError) in try names(list, .required) } ?? [])
            try addDependentNames(of: value, dialect, to: &rules)
            isNeeded = rules.minimum > 0 || rules.maximum < .max || !rules.dependentRequired.isEmpty
        }
        var properties: [(key: ByteString, node: Int)] = []
        if dialect.hasApplicators {
            properties = try addProperties(of: value, resource, to: &rules)
        }
        rules.members = MemberRules(properties: properties, required: required)
        if dialect.hasUnevaluated, dialect.version >= .draft201909 {
            rules.unevaluated = try schema(value["unevaluatedProperties"], in: resource)
        }
        return isNeeded || rules.judgesMembers || rules.unevaluated != nil ? rules : nil
    }

    /// Adds what judges members by their names; gives those of `properties`.
    private mutating func addProperties(
        of value: JSONValue,
        _ resource: Int,
        to rules: inout ObjectRules
    ) throws(SchemaError) -> [(key: ByteString, node: Int)] {
        var properties: [(key: ByteString, node: Int)] = []
        if let map = value["properties"] {
            for member in try members(of: map, .properties) {
                properties.append((ByteString(member.key.slice), try number(of: member.value, in: resource)))
            }
        }
        if let map = value["patternProperties"] {
            for member in try members(of: map, .patternProperties) {
                let pattern = try pattern(member.key, at: member.value)
                rules.patterns.append((pattern, try number(of: member.value, in: resource)))
            }
        }
        rules.additional = try schema(value["additionalProperties"], in: resource)
        rules.names = try schema(value["propertyNames"], in: resource)
        return properties
    }

    private func addDependentNames(
        of value: JSONValue,
        _ dialect: Dialect,
        to rules: inout ObjectRules
    ) throws(SchemaError) {
        if dialect.version >= .draft201909, let map = value["dependentRequired"] {
            for member in try members(of: map, .dependentRequired) {
                let names = try names(member.value, .dependentRequired)
                rules.dependentRequired.append((ByteString(member.key.slice), names))
            }
        }
        if let map = value["dependencies"] {
            for member in try members(of: map, .dependencies) where member.value.kind == .array {
                let names = try names(member.value, .dependencies)
                rules.dependentRequired.append((ByteString(member.key.slice), names))
            }
        }
    }
}
