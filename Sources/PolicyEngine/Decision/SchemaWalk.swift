import Base
import JSONText

/// Follows a path through a pinned schema as far as `properties`, `items` and local `$ref` lead
/// (policy-language.md, section 2, defaults and folding).
///
/// Made once per definition; a class, so that a walk counts one reference.
final class SchemaWalk: Sendable {
    private let root: JSONValue?
    /// Whether `default` stands anywhere in the schema: without, no member that is missing has to be looked for.
    let mentionsDefaults: Bool

    /// LIMIT: a chain of `$ref` is followed this far; schemas that need more give no defaults.
    private static let maximumReferences = 32

    init(_ root: JSONValue?) {
        self.root = root
        mentionsDefaults = root.map { Self.mentionsDefaults($0) } ?? false
    }

    /// The depth is the document's, which is bounded.
    private static func mentionsDefaults(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .object: value["default"] != nil || value.members.contains { mentionsDefaults($0.value) }
        case .array: value.elements.contains { mentionsDefaults($0) }
        case .null, .boolean, .number, .string: false
        }
    }

    /// A schema and what its `$ref`s lead to, nearest first.
    ///
    /// Cycles end with the bound.
    func views(of schema: JSONValue?) -> [JSONValue] {
        var views: [JSONValue] = []
        _ = first(of: schema) { view -> Void? in
            views.append(view)
            return nil
        }
        return views
    }

    /// What `answer` makes of a schema or else of what its `$ref`s lead to, nearest first.
    private func first<Answer>(of schema: JSONValue?, _ answer: (JSONValue) -> Answer?) -> Answer? {
        var next = schema
        for _ in 0..<Self.maximumReferences {
            guard let view = next, view.kind == .object else {
                return nil
            }
            if let answer = answer(view) {
                return answer
            }
            next = view["$ref"]?.string.flatMap { target(of: $0) }
        }
        return nil
    }

    /// The schema that `steps` lead to from the root; `nil` where nothing is said.
    func schema(at steps: ArraySlice<CompiledStep>) -> JSONValue? {
        var current = root
        for step in steps {
            guard current != nil else {
                return nil
            }
            switch step {
            case .key(let key): current = property(key.bytes, of: current)
            case .index, .elements: current = items(of: current)
            case .descendants: return nil
            }
        }
        return current
    }

    /// The schema of one member.
    func property(_ name: some Collection<UInt8>, of schema: JSONValue?) -> JSONValue? {
        first(of: schema) { $0["properties"]?.member(name) }
    }

    /// The schema's default.
    func defaultValue(of schema: JSONValue?) -> JSONValue? {
        first(of: schema) { $0["default"] }
    }

    /// The schema of every element; `nil` when elements differ by their place.
    private func items(of schema: JSONValue?) -> JSONValue? {
        for view in views(of: schema) {
            guard view["prefixItems"] == nil else {
                return nil
            }
            if let items = view["items"] {
                return items.kind == .object ? items : nil
            }
        }
        return nil
    }

    /// What `#` or `#/…` points at; `nil` for every other reference.
    private func target(of reference: JSONString) -> JSONValue? {
        let text = reference.bytes
        guard text.first == UInt8(ascii: "#") else {
            return nil
        }
        guard text.count > 1 else {
            return root
        }
        guard text[1] == UInt8(ascii: "/") else {
            return nil
        }
        var current = root
        for token in text[2...].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let value = current, let name = Self.unescaped(token) else {
                return nil
            }
            current = value.kind == .array ? Self.element(name, of: value) : value.member(name)
        }
        return current
    }

    private static func element(_ name: [UInt8], of array: JSONValue) -> JSONValue? {
        guard name.count <= 9, !name.isEmpty else {
            return nil
        }
        var index = 0
        for byte in name {
            guard let digit = byte.decimalDigit else {
                return nil
            }
            index = index * 10 + digit
        }
        return array.element(at: index)
    }

    /// A reference token of a fragment: percent escapes (RFC 6901, section 6), then `~1` and `~0`.
    private static func unescaped(_ token: ArraySlice<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        var position = token.startIndex
        while position < token.endIndex {
            guard token[position] == UInt8(ascii: "%") else {
                decoded.append(token[position])
                position += 1
                continue
            }
            guard position + 2 < token.endIndex, let high = token[position + 1].hexadecimalDigit,
                let low = token[position + 2].hexadecimalDigit
            else {
                return nil
            }
            decoded.append(high << 4 | low)
            position += 3
        }
        var output: [UInt8] = []
        position = 0
        while position < decoded.count {
            let isEscape = decoded[position] == UInt8(ascii: "~") && position + 1 < decoded.count
            if isEscape, decoded[position + 1] == UInt8(ascii: "1") || decoded[position + 1] == UInt8(ascii: "0") {
                output.append(decoded[position + 1] == UInt8(ascii: "1") ? UInt8(ascii: "/") : UInt8(ascii: "~"))
                position += 2
            } else {
                output.append(decoded[position])
                position += 1
            }
        }
        return output
    }
}
