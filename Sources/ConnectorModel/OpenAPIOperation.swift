import JSONText

/// One operation of an OpenAPI document, as far as a tool can be drafted from it, and what of it cannot.
struct OpenAPIOperation {
    /// Something an agent says.
    struct Argument {
        let name: String
        /// YAML.
        let schema: String
        var isRequired: Bool
    }

    private(set) var arguments: [Argument] = []
    /// Names of arguments that go into the query.
    private(set) var query: [String] = []
    /// Names of arguments that become members of the body.
    private(set) var body: [String] = []
    /// What was left out of it, for the person who curates.
    private(set) var left: [String] = []
    /// Why there can be no tool at all.
    private(set) var obstacle: String?

    private let document: OpenAPIReferences

    /// LIMIT: schemas of an `allOf` that are joined.
    private static let maximumJoined = 32

    init(_ operation: JSONValue, verb: String, path: String, shared: JSONValue?, in document: OpenAPIReferences) {
        self.document = document
        // An operation's own parameters take the place of its path's (OpenAPI 3.1, section 4.8.10.1).
        let own = operation["parameters"].map { Array($0.elements) } ?? []
        takeParameters(own + (shared.map { Array($0.elements) } ?? []))
        for segment in path.split(separator: "/") where segment.hasPrefix("{") {
            let name = String(segment.dropFirst().dropLast())
            if !has(name) {
                arguments.append(Argument(name: name, schema: "{type: string}", isRequired: true))
            }
        }
        if let given = operation["requestBody"] {
            takeBody(given, verb: verb)
        }
    }

    private func has(_ name: String) -> Bool { arguments.contains { $0.name == name } }

    /// Whether a name can be an argument and a key of a template; what it cannot be is noted.
    private mutating func isUsable(_ name: String, _ what: String) -> Bool {
        if name.isEmpty || name.hasPrefix("$") {
            left.append("\(what) `\(name)`: keys with `$` are operators here")
            return false
        }
        return true
    }

    private mutating func takeParameters(_ parameters: [JSONValue]) {
        var taken: Set<[String]> = []
        for parameter in parameters {
            guard let parameter = document.resolved(parameter), let name = parameter["name"]?.string?.text,
                let place = parameter["in"]?.string?.text
            else {
                left.append("a parameter whose reference leads nowhere")
                continue
            }
            guard taken.insert([name, place]).inserted else {
                continue
            }
            let isRequired = parameter["required"]?.boolean == true || place == "path"
            guard place == "path" || place == "query" else {
                let kind = isRequired ? "required \(place)" : place
                left.append("the \(kind) parameter `\(name)`: write it under `headers`")
                continue
            }
            guard isUsable(name, "the \(place) parameter") else {
                continue
            }
            guard !has(name) else {
                left.append("the \(place) parameter `\(name)`: another argument has its name")
                continue
            }
            let schema = document.schema(parameter["schema"], about: parameter["description"])
            arguments.append(Argument(name: name, schema: schema, isRequired: isRequired))
            if place == "query" {
                query.append(name)
            }
        }
    }

    // MARK: - The body

    private mutating func takeBody(_ given: JSONValue, verb: String) {
        guard let request = document.resolved(given) else {
            return leave(body: "its reference leads nowhere", isRequired: true)
        }
        let isRequired = request["required"]?.boolean == true
        guard verb != "get" else {
            return leave(body: "a GET has none", isRequired: isRequired)
        }
        let content = request["content"]
        guard let json = content?.member(Array("application/json".utf8)) else {
            let kinds = content?.members.prefix(4).map { "`\($0.key.text)`" }.joined(separator: ", ") ?? "nothing"
            return leave(body: "it is \(kinds), and only JSON is drafted", isRequired: isRequired)
        }
        var members: [(name: String, schema: JSONValue)] = []
        var needed: Set<String> = []
        var budget = Self.maximumJoined
        if let obstacle = collect(json["schema"], &members, &needed, &budget) {
            return leave(body: obstacle, isRequired: isRequired)
        }
        for (name, schema) in members where isUsable(name, "the body's member") {
            guard !has(name) else {
                left.append("the body's member `\(name)`: another argument has its name")
                continue
            }
            arguments.append(
                Argument(name: name, schema: document.schema(schema, about: nil), isRequired: needed.contains(name))
            )
            body.append(name)
        }
    }

    private mutating func leave(body reason: String, isRequired: Bool) {
        if isRequired {
            obstacle = "its body cannot be drafted: \(reason)"
        } else {
            left.append("its body: \(reason)")
        }
    }

    /// The members of an object schema and of everything it is made of; why there are none, if so.
    private func collect(
        _ value: JSONValue?,
        _ members: inout [(name: String, schema: JSONValue)],
        _ needed: inout Set<String>,
        _ budget: inout Int
    ) -> String? {
        budget -= 1
        guard budget >= 0, let schema = value.flatMap(document.resolved) else {
            return "its schema is missing, or refers to itself"
        }
        for key: StaticString in ["oneOf", "anyOf"] where schema[key] != nil {
            return "it is one of several shapes (`\(key)`)"
        }
        if let type = schema["type"]?.string?.text, type != "object" {
            return "it is no object but `\(type)`"
        }
        for part in schema["allOf"].map({ Array($0.elements) }) ?? [] {
            if let obstacle = collect(part, &members, &needed, &budget) {
                return obstacle
            }
        }
        let known = Set(members.map { $0.name })
        for member in schema["properties"].map({ Array($0.members) }) ?? [] where !known.contains(member.key.text) {
            members.append((member.key.text, member.value))
        }
        needed.formUnion(schema["required"]?.elements.compactMap { $0.string?.text } ?? [])
        return members.isEmpty && schema["allOf"] == nil ? "it has no named members" : nil
    }
}

/// The references of an OpenAPI document, which lead nowhere but into it.
struct OpenAPIReferences {
    /// LIMIT: references behind each other.
    private static let maximumReferences = 8

    let root: JSONValue

    /// What a value is when its references are followed; `nil` where they lead nowhere.
    func resolved(_ value: JSONValue) -> JSONValue? {
        var value = value
        for _ in 0..<Self.maximumReferences {
            guard let reference = value["$ref"]?.string?.text else {
                return value
            }
            guard reference.hasPrefix("#/"),
                let tokens = JSONPointer.tokens(of: Array(reference.dropFirst().utf8))
            else {
                return nil
            }
            var target: JSONValue? = root
            for token in tokens {
                target = target?.child(token)
            }
            guard let target else {
                return nil
            }
            value = target
        }
        return nil
    }

    /// Type, choices and a description: what agents need; the rest is for whoever curates.
    func schema(_ value: JSONValue?, about: JSONValue?) -> String {
        let schema = value.flatMap(resolved)
        var parts: [String] = []
        let types = ["string", "number", "integer", "boolean", "array", "object"]
        if let type = schema?["type"]?.string?.text, types.contains(type) {
            parts.append("type: \(type)")
        }
        if let choices = schema?["enum"]?.elements.compactMap({ $0.string?.text }), !choices.isEmpty {
            parts.append("enum: [\(choices.prefix(100).map(OpenAPIDraft.quoted).joined(separator: ", "))]")
        }
        if let text = (about ?? schema?["description"])?.string?.text, !text.isEmpty {
            parts.append("description: \(OpenAPIDraft.quoted(text))")
        }
        return "{\(parts.joined(separator: ", "))}"
    }
}
