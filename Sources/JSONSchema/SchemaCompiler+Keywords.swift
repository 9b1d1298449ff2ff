import Base
import JSONText

extension SchemaCompiler {
    mutating func compileReferences(of value: JSONValue, into parts: inout SchemaParts) throws(SchemaError) {
        let version = index.resources[parts.resource].dialect.version
        if let text = value["$ref"] {
            let target = try index.resolve(text, .reference, from: parts.resource)
            parts.applicators.append(.reference(try number(of: target.value, in: target.resource)))
        }
        if version == .draft202012, let text = value["$dynamicRef"] {
            let target = try index.resolve(text, .dynamicReference, from: parts.resource)
            try addDynamic(target, named: target.anchor, to: &parts)
        }
        if version == .draft201909, let text = value["$recursiveRef"] {
            guard text.string?.isEqual(to: "#") == true else {
                throw SchemaError(text.pointer, .invalidKeyword("$recursiveRef"))
            }
            let target = try index.resolve(text, .recursiveReference, from: parts.resource)
            try addDynamic(target, named: "", to: &parts)
        }
    }

    /// A reference that the dynamic scope may lead elsewhere, if where it leads at first allows that.
    private mutating func addDynamic(
        _ target: SchemaIndex.Target,
        named name: ByteString?,
        to parts: inout SchemaParts
    ) throws(SchemaError) {
        let fallback = try number(of: target.value, in: target.resource)
        if let name, let anchored = index.dynamicAnchors[name]?[target.resource],
            SchemaLocation(anchored) == SchemaLocation(target.value)
        {
            parts.applicators.append(.dynamicReference(name: dynamicName(name), fallback: fallback))
        } else {
            parts.applicators.append(.reference(fallback))
        }
    }

    mutating func compileApplicators(
        of value: JSONValue,
        _ dialect: Dialect,
        into parts: inout SchemaParts
    ) throws(SchemaError) {
        guard dialect.hasApplicators else {
            return
        }
        let resource = parts.resource
        if let list = try schemas(value["allOf"], .allOf, in: resource) {
            parts.applicators.append(.allOf(list))
        }
        if let list = try schemas(value["anyOf"], .anyOf, in: resource) {
            parts.applicators.append(.anyOf(list))
        }
        if let list = try schemas(value["oneOf"], .oneOf, in: resource) {
            parts.applicators.append(.oneOf(list))
        }
        if let schema = value["not"] {
            parts.applicators.append(.not(try number(of: schema, in: resource)))
        }
        if let test = try schema(value["if"], in: resource) {
            let then = try schema(value["then"], in: resource)
            let otherwise = try schema(value["else"], in: resource)
            parts.applicators.append(.condition(test, then: then, otherwise: otherwise))
        }
        if dialect.version >= .draft201909, let map = value["dependentSchemas"] {
            for member in try members(of: map, .dependentSchemas) {
                let node = try number(of: member.value, in: resource)
                parts.applicators.append(.dependent(ByteString(member.key.slice), node))
            }
        }
        // Deprecated since 2019-09 but still described there: asserting it can only refuse more.
        if let map = value["dependencies"] {
            for member in try members(of: map, .dependencies) where member.value.kind != .array {
                let node = try number(of: member.value, in: resource)
                parts.applicators.append(.dependent(ByteString(member.key.slice), node))
            }
        }
    }

    mutating func compileTypes(of value: JSONValue, into parts: inout SchemaParts) throws(SchemaError) {
        if let type = value["type"] {
            var types = TypeSet()
            let names = type.kind == .array ? Array(type.elements) : [type]
            guard !names.isEmpty, names.allSatisfy({ $0.string.map { types.insert($0) } ?? false }) else {
                throw SchemaError(type.pointer, .invalidKeyword("type"))
            }
            parts.types = types
        }
        if let value = value["const"] {
            parts.candidates.append((.const, [value]))
        }
        if let list = value["enum"] {
            guard list.kind == .array else {
                throw SchemaError(list.pointer, .invalidKeyword("enum"))
            }
            parts.candidates.append((.enum, Array(list.elements)))
        }
    }

    func numberRules(of value: JSONValue) throws(SchemaError) -> NumberRules? {
        var rules = NumberRules()
        if let source = value["multipleOf"], let divisor = try number(source, .multipleOf) {
            guard divisor > .zero else {
                throw SchemaError(source.pointer, .invalidKeyword("multipleOf"))
            }
            rules.divisor = divisor
            rules.divisorDigits = source.range.count
        }
        for keyword in [SchemaKeyword.maximum, .exclusiveMaximum, .minimum, .exclusiveMinimum] {
            if let limit = try number(value.member(Array(keyword.rawValue.utf8)), keyword) {
                rules.bounds.append((keyword, limit))
            }
        }
        return rules.divisor == nil && rules.bounds.isEmpty ? nil : rules
    }

    mutating func stringRules(of value: JSONValue) throws(SchemaError) -> StringRules? {
        var rules = StringRules()
        rules.minimum = try count(value["minLength"], .minLength) ?? 0
        rules.maximum = try count(value["maxLength"], .maxLength) ?? .max
        if let source = value["pattern"] {
            guard let text = source.string else {
                throw SchemaError(source.pointer, .invalidKeyword("pattern"))
            }
            rules.pattern = try pattern(text, at: source)
        }
        return rules.minimum == 0 && rules.maximum == .max && rules.pattern == nil ? nil : rules
    }
}

// MARK: - values of keywords

extension SchemaCompiler {
    mutating func schema(_ value: JSONValue?, in resource: Int) throws(SchemaError) -> Int? {
        guard let value else {
            return nil
        }
        return try number(of: value, in: resource)
    }

    /// A list of schemas, which must not be empty.
    mutating func schemas(
        _ value: JSONValue?,
        _ keyword: SchemaKeyword,
        in resource: Int
    ) throws(SchemaError) -> [Int]? {
        guard let value else {
            return nil
        }
        guard value.kind == .array, value.count > 0 else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        var nodes: [Int] = []
        for element in value.elements {
            nodes.append(try number(of: element, in: resource))
        }
        return nodes
    }

    func members(of value: JSONValue, _ keyword: SchemaKeyword) throws(SchemaError) -> [JSONMember] {
        guard value.kind == .object else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return Array(value.members)
    }

    func number(_ value: JSONValue?, _ keyword: SchemaKeyword) throws(SchemaError) -> ExactDecimal? {
        guard let value else {
            return nil
        }
        guard let number = value.number else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return number.decimal
    }

    /// A whole number from 0; what no count can reach is the greatest there is.
    func count(_ value: JSONValue?, _ keyword: SchemaKeyword) throws(SchemaError) -> Int? {
        guard let value, let number = try number(value, keyword) else {
            return nil
        }
        guard number.isInteger, !number.isNegative else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return number.int ?? .max
    }

    /// A list of texts.
    func names(_ value: JSONValue, _ keyword: SchemaKeyword) throws(SchemaError) -> [ByteString] {
        let names = value.elements.compactMap { $0.string.map { ByteString($0.slice) } }
        guard value.kind == .array, names.count == value.count else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return names
    }

    func boolean(_ value: JSONValue?, _ keyword: SchemaKeyword) throws(SchemaError) -> Bool? {
        guard let value else {
            return nil
        }
        guard let boolean = value.boolean else {
            throw SchemaError(value.pointer, .invalidKeyword(keyword.rawValue))
        }
        return boolean
    }
}
