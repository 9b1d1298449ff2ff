import Base
import JSONText
import Patterns

extension Validator {
    /// `const` and `enum`.
    mutating func satisfiesCandidates(_ node: SchemaNode, _ value: JSONCursor) -> Bool {
        let cost = 1 + value.range.count / 16
        let value = value.value(in: document)
        for (keyword, candidates) in node.candidates {
            guard candidates.contains(where: { spend(cost) && $0.isEqual(to: value) }) else {
                return fail(keyword)
            }
        }
        return true
    }

    mutating func satisfies(_ rules: NumberRules, _ value: JSONCursor) -> Bool {
        // Dividing by a number of many digits takes their product.
        let digits = value.range.count
        let division = rules.divisorDigits > 19 ? (digits + rules.divisorDigits) * rules.divisorDigits / 16 : 0
        guard spend(division) else {
            return false
        }
        let decimal = value.decimal
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

    mutating func satisfies(_ rules: StringRules, _ value: JSONCursor) -> Bool {
        guard spend(value.range.count / 16) else {
            return false
        }
        if rules.minimum > 0 || rules.maximum < .max {
            let count = value.scalarCount
            guard count >= rules.minimum else {
                return fail(.minLength)
            }
            guard count <= rules.maximum else {
                return fail(.maxLength)
            }
        }
        if let pattern = rules.pattern {
            guard value.matches(pattern) else {
                return fail(.pattern)
            }
        }
        return true
    }

    // MARK: - arrays

    mutating func satisfies(_ rules: ArrayRules, _ value: JSONCursor, _ own: inout Evaluated?) -> Bool {
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
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        guard !rules.prefix.isEmpty || rules.rest != nil else {
            return true
        }
        var element = value.first
        for position in 0..<value.count {
            let isInPrefix = position < rules.prefix.count
            guard let id = isInPrefix ? rules.prefix[position] : rules.rest else {
                break
            }
            guard apply(id, to: element, for: isInPrefix ? rules.prefixKeyword : rules.restKeyword) else {
                return fail(inElement: position)
            }
            element = element.following
        }
        own?.insert(before: rules.rest == nil ? rules.prefix.count : .max)
        return true
    }

    private mutating func satisfiesContains(
        _ rules: ArrayRules,
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        guard let id = rules.contains else {
            return true
        }
        var count = 0
        var next = value.first
        for position in 0..<value.count {
            let element = next
            next = element.following
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
    private mutating func areDistinct(_ value: JSONCursor) -> Bool {
        // The canonical texts are about as long as the value.
        guard spend(value.range.count / 2) else {
            return false
        }
        let elements = Array(value.value(in: document).elements)
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

    mutating func satisfies(_ rules: ObjectRules, _ value: JSONCursor, _ own: inout Evaluated?) -> Bool {
        let count = value.count
        guard count >= rules.minimum else {
            return fail(.minProperties)
        }
        guard count <= rules.maximum else {
            return fail(.maxProperties)
        }
        guard count >= rules.members.requiredCount else {
            return fail(.required)
        }
        guard !rules.judgesMembers || satisfiesMembers(rules, value, &own) else {
            return false
        }
        for (trigger, names) in rules.dependentRequired {
            guard spend(count) else {
                return false
            }
            guard value.hasMember(trigger.bytes) else {
                continue
            }
            for name in names {
                guard spend(count), value.hasMember(name.bytes) else {
                    return fail(.dependentRequired)
                }
            }
        }
        return true
    }

    private mutating func satisfiesMembers(
        _ rules: ObjectRules,
        _ value: JSONCursor,
        _ own: inout Evaluated?
    ) -> Bool {
        // Keys are unique: counting the required ones that are there is enough, in one pass.
        var missing = rules.members.requiredCount
        var key = value.first
        for position in 0..<value.count {
            let member = key.following
            guard spend(1 + key.range.count / 16) else {
                return false
            }
            if let names = rules.names, !accepts(names, key: key) {
                _ = fail(.propertyNames)
                return fail(inMember: key)
            }
            let rule = key.withText { rules.members.rule(of: $0) }
            if rule?.isRequired == true {
                missing -= 1
            }
            guard let isEvaluated = judge(key, member, by: rules, property: rule?.node) else {
                return fail(inMember: key)
            }
            if isEvaluated {
                own?.insert(position)
            }
            key = member.following
        }
        return missing == 0 || fail(.required)
    }

    private mutating func accepts(_ names: Int, key: JSONCursor) -> Bool {
        var inner: Evaluated?
        return accepts(names, key, into: &inner)
    }

    /// Whether some keyword applied to a member; `nil` when one was violated.
    private mutating func judge(
        _ key: JSONCursor,
        _ member: JSONCursor,
        by rules: ObjectRules,
        property: Int?
    ) -> Bool? {
        var isJudged = false
        if let property {
            isJudged = true
            guard apply(property, to: member, for: .properties) else {
                return nil
            }
        }
        for (pattern, id) in rules.patterns {
            guard spend(1 + key.range.count / 16) else {
                return nil
            }
            guard key.matches(pattern) else {
                continue
            }
            isJudged = true
            guard apply(id, to: member, for: .patternProperties) else {
                return nil
            }
        }
        if !isJudged, let id = rules.additional {
            isJudged = true
            guard apply(id, to: member, for: .additionalProperties) else {
                return nil
            }
        }
        return isJudged
    }
}

extension JSONCursor {
    /// Runs `body` with the text of a string or key, escapes resolved.
    @inline(__always)
    fileprivate func withText<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        guard hasEscapes else {
            return body(rawText)
        }
        let text = resolvedText
        return body(text.span)
    }

    fileprivate func matches(_ pattern: Pattern) -> Bool {
        withText { pattern.matches($0) }
    }

    /// Whether an object has a member with this key.
    func hasMember(_ key: [UInt8]) -> Bool {
        member(key.span) != nil
    }
}
