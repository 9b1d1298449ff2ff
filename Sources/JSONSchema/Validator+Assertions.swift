import Base
import JSONText
import Patterns

extension Validator {
    /// `const` and `enum`.
    mutating func satisfiesCandidates(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        let cost = 1 + value.range.count / 16
        for (keyword, candidates) in node.candidates {
            guard candidates.contains(where: { spend(cost) && $0.isEqual(to: value) }) else {
                return fail(keyword)
            }
        }
        return true
    }

    mutating func satisfies(_ rules: NumberRules, _ value: JSONValue) -> Bool {
        guard let number = value.number else {
            return true
        }
        // Dividing by a number of many digits takes their product.
        let digits = number.lexeme.count
        let division = rules.divisorDigits > 19 ? (digits + rules.divisorDigits) * rules.divisorDigits / 16 : 0
        guard spend(division) else {
            return false
        }
        let decimal = number.decimal
        for (keyword, limit) in rules.bounds {
            let isWithin =
                switch keyword {
                case .maximum: decimal <= limit
                case .exclusiveMaximum: decimal < limit
                case .minimum: decimal >= limit
                default: decimal > limit
                }
            guard isWithin else {
                return fail(keyword)
            }
        }
        return rules.divisor.map { decimal.isMultiple(of: $0) } ?? true || fail(.multipleOf)
    }

    mutating func satisfies(_ rules: StringRules, _ value: JSONValue) -> Bool {
        guard let string = value.string, spend(string.rawRange.count / 16) else {
            return value.string == nil
        }
        if rules.minimum > 0 || rules.maximum < .max {
            let count = string.scalarCount
            guard count >= rules.minimum else {
                return fail(.minLength)
            }
            guard count <= rules.maximum else {
                return fail(.maxLength)
            }
        }
        if let pattern = rules.pattern {
            let text = string.slice
            guard pattern.matches(text.span) else {
                return fail(.pattern)
            }
        }
        return true
    }

    // MARK: - arrays

    mutating func satisfies(_ rules: ArrayRules, _ value: JSONValue, _ own: inout Evaluated?) -> Bool {
        let count = value.count
        guard count >= rules.minimum else {
            return fail(.minItems)
        }
        guard count <= rules.maximum else {
            return fail(.maxItems)
        }
        guard satisfiesElements(rules, value, &own), rules.contains == nil || satisfiesContains(rules, value, &own)
        else {
            return false
        }
        return !rules.isUnique || areDistinct(value) || fail(.uniqueItems)
    }

    private mutating func satisfiesElements(
        _ rules: ArrayRules,
        _ value: JSONValue,
        _ own: inout Evaluated?
    ) -> Bool {
        guard !rules.prefix.isEmpty || rules.rest != nil else {
            return true
        }
        for (position, element) in value.elements.enumerated() {
            let isInPrefix = position < rules.prefix.count
            guard let id = isInPrefix ? rules.prefix[position] : rules.rest else {
                break
            }
            guard apply(id, to: element, for: isInPrefix ? rules.prefixKeyword : rules.restKeyword) else {
                return fail(inElement: position)
            }
        }
        own?.insert(before: rules.rest == nil ? rules.prefix.count : .max)
        return true
    }

    private mutating func satisfiesContains(
        _ rules: ArrayRules,
        _ value: JSONValue,
        _ own: inout Evaluated?
    ) -> Bool {
        guard let id = rules.contains else {
            return true
        }
        var count = 0
        for (position, element) in value.elements.enumerated() {
            var inner: Evaluated?
            guard accepts(id, element, into: &inner) else {
                continue
            }
            count += 1
            if rules.containsEvaluates {
                own?.insert(position)
            }
            if count > rules.maximumContains {
                return fail(.maxContains)
            }
            if count >= rules.minimumContains, rules.maximumContains == .max, own == nil {
                break
            }
        }
        guard count >= rules.minimumContains else {
            return fail(rules.minimumContains == 1 ? .contains : .minContains)
        }
        return true
    }

    /// Whether no two elements are equal: pairwise for a few, else by sorting their canonical texts.
    private mutating func areDistinct(_ value: JSONValue) -> Bool {
        // The canonical texts are about as long as the value.
        guard spend(value.range.count / 2) else {
            return false
        }
        let elements = Array(value.elements)
        guard elements.count > 8 else {
            for (position, element) in elements.enumerated() {
                for other in elements[..<position] where other.isEqual(to: element) {
                    return false
                }
            }
            return true
        }
        let texts = elements.map { JSONCanonical.exact($0) }.sorted { $0.lexicographicallyPrecedes($1) }
        for position in texts.indices.dropFirst() where texts[position] == texts[position - 1] {
            return false
        }
        return true
    }

    // MARK: - objects

    mutating func satisfies(_ rules: ObjectRules, _ value: JSONValue, _ own: inout Evaluated?) -> Bool {
        let count = value.count
        guard count >= rules.minimum else {
            return fail(.minProperties)
        }
        guard count <= rules.maximum else {
            return fail(.maxProperties)
        }
        guard count >= rules.required.count else {
            return fail(.required)
        }
        guard !rules.judgesMembers || satisfiesMembers(rules, value, &own) else {
            return false
        }
        for (trigger, names) in rules.dependentRequired {
            guard spend(count) else {
                return false
            }
            guard value.member(trigger.bytes) != nil else {
                continue
            }
            for name in names {
                guard spend(count), value.member(name.bytes) != nil else {
                    return fail(.dependentRequired)
                }
            }
        }
        return true
    }

    private mutating func satisfiesMembers(
        _ rules: ObjectRules,
        _ value: JSONValue,
        _ own: inout Evaluated?
    ) -> Bool {
        // Keys are unique: counting the required ones that are there is enough, in one pass.
        var missing = rules.required.count
        for (position, member) in value.members.enumerated() {
            let key = member.key.slice
            guard spend(1 + key.count / 16) else {
                return false
            }
            if missing > 0, rules.required.value(of: key) != nil {
                missing -= 1
            }
            if let names = rules.names, !accepts(names, key: member) {
                _ = fail(.propertyNames)
                return fail(inMember: member.key)
            }
            guard let isEvaluated = judge(member, key, by: rules) else {
                return fail(inMember: member.key)
            }
            if isEvaluated {
                own?.insert(position)
            }
        }
        return missing == 0 || fail(.required)
    }

    private mutating func accepts(_ names: Int, key member: JSONMember) -> Bool {
        var inner: Evaluated?
        return accepts(names, member.key.value, into: &inner)
    }

    /// Whether some keyword applied to a member; `nil` when one was violated.
    private mutating func judge(_ member: JSONMember, _ key: ArraySlice<UInt8>, by rules: ObjectRules) -> Bool? {
        var isJudged = false
        if let id = rules.properties.value(of: key) {
            isJudged = true
            guard apply(id, to: member.value, for: .properties) else {
                return nil
            }
        }
        for (pattern, id) in rules.patterns {
            guard spend(1 + key.count / 16) else {
                return nil
            }
            guard pattern.matches(key.span) else {
                continue
            }
            isJudged = true
            guard apply(id, to: member.value, for: .patternProperties) else {
                return nil
            }
        }
        if !isJudged, let id = rules.additional {
            isJudged = true
            guard apply(id, to: member.value, for: .additionalProperties) else {
                return nil
            }
        }
        return isJudged
    }
}
