import Base
import JSONText
import Settings
import YAMLText

/// Drafts a connector from an OpenAPI 3 document, for a person to curate: mirrored endpoints serve agents badly.
///
/// Only what is in the document is looked at; references lead nowhere else. What cannot be drafted is said in a comment.
public struct OpenAPIDraft: Sendable {
    /// LIMIT: operations that are drafted.
    private static let maximumOperations = 200
    /// LIMIT: references behind each other.
    private static let maximumReferences = 8

    /// Why there is no draft.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, where it is known.
        public let description: String
    }

    private let root: JSONValue
    private var lines: [String] = []
    private var names: Set<String> = []
    private var count = 0

    /// The draft as YAML; `text` is OpenAPI 3 in JSON or YAML.
    public static func draft(_ text: [UInt8]) throws(Problem) -> [UInt8] {
        var draft = OpenAPIDraft(root: try read(text))
        try draft.write()
        return Array((draft.lines.joined(separator: "\n") + "\n").utf8)
    }

    private init(root: JSONValue) {
        self.root = root
    }

    private static func read(_ text: [UInt8]) throws(Problem) -> JSONValue {
        var json = text
        if text.first(where: { $0 > 0x20 }) != UInt8(ascii: "{") {
            do throws(YAMLError) {
                var problems = Problems()
                // Ambiguous scalars are taken as text: the draft is read by a person anyway.
                json = InlineDocument.json(try YAMLDocument.parse(text), problems: &problems)
            } catch {
                throw Problem(description: "not YAML: \(error)")
            }
        }
        do throws(JSONError) {
            return try JSONDocument(json).root
        } catch {
            throw Problem(description: "not JSON: \(error)")
        }
    }

    // MARK: - The file

    private mutating func write() throws(Problem) {
        guard root["openapi"]?.string?.text.hasPrefix("3.") == true, let paths = root["paths"] else {
            throw Problem(description: "not an OpenAPI 3 document: `openapi: 3.…` and `paths` are needed")
        }
        let title = root["info"]?["title"]?.string?.text ?? "API"
        let server = root["servers"]?.element(at: 0)?["url"]?.string?.text ?? ""
        let isUsable = server.hasPrefix("https://") && !server.contains("{")
        lines += [
            "# A draft from an OpenAPI document. Before it is used: throw out what agents do not need, say in each",
            "# description what a tool is for, check each class and limit, and shape the results (docs/connectors.md).",
            "connector: {id: \(Self.identifier(title)), version: \"1\", title: \(Self.quoted(title)), language: en}",
            "secret: {about: \"the API's token\"}",
            "source:",
            "  base: \(Self.quoted(isUsable ? server : "https://api.example.com"))",
            "  auth: bearer",
            "  errors:",
            "    say: {failed: \"the API could not do it\", not_found: \"there is no such thing\"}",
            "    rules:",
            "      - {status: 401, kind: auth}",
            "      - {status: 403, kind: forbidden}",
            "      - {status: 404, kind: not_found}",
            "      - {status: 429, kind: rate_limited}",
            "      - {status: [502, 503, 504], kind: unavailable}",
            "      - {status: [4xx, 5xx], kind: failed}",
            "tools:",
        ]
        for path in paths.members {
            for verb in ["get", "post", "put", "patch", "delete"] {
                if let operation = path.value.member(Array(verb.utf8)) {
                    add(operation, verb: verb, path: path.key.text, shared: path.value["parameters"])
                }
            }
        }
        guard count > 0 else {
            throw Problem(description: "no operation of the document can be drafted")
        }
    }

    private mutating func add(_ operation: JSONValue, verb: String, path: String, shared: JSONValue?) {
        guard count < Self.maximumOperations else {
            return
        }
        let place = "\(verb.uppercased()) \(path)"
        guard path.utf8.first == UInt8(ascii: "/"), Self.isDraftable(path) else {
            lines.append("  # left out: \(Self.comment(place)): its path is not made of whole segments")
            return
        }
        let name = self.name(operation, verb: verb, path: path)
        var properties: [(name: String, schema: String)] = []
        var required: [String] = []
        var query: [String] = []
        let all = (shared.map { Array($0.elements) } ?? []) + (operation["parameters"].map { Array($0.elements) } ?? [])
        for parameter in all.compactMap(resolved) {
            guard let own = parameter["name"]?.string?.text, let place = parameter["in"]?.string?.text,
                place == "path" || place == "query", !properties.contains(where: { $0.name == own })
            else {
                continue
            }
            properties.append((own, schema(parameter["schema"], about: parameter["description"])))
            if parameter["required"]?.boolean == true || place == "path" {
                required.append(own)
            }
            if place == "query" {
                query.append(own)
            }
        }
        let segments = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
        for segment in segments where !properties.contains(where: { $0.name == segment }) {
            properties.append((segment, "{type: string}"))
            required.append(segment)
        }
        let body = bodyProperties(operation, &properties, &required)
        count += 1
        write(name, operation, verb, path, properties, required, query, body)
    }

    /// The members of a JSON body, which become arguments; those whose name is taken are left out.
    private func bodyProperties(
        _ operation: JSONValue,
        _ properties: inout [(name: String, schema: String)],
        _ required: inout [String]
    ) -> [String] {
        let content = operation["requestBody"].flatMap(resolved)?["content"]
        guard let schema = content?.member(Array("application/json".utf8))?["schema"].flatMap(resolved),
            let members = schema["properties"]
        else {
            return []
        }
        let needed = schema["required"].map { $0.elements.compactMap { $0.string?.text } } ?? []
        var body: [String] = []
        for member in members.members where !properties.contains(where: { $0.name == member.key.text }) {
            let name = member.key.text
            properties.append((name, self.schema(member.value, about: nil)))
            body.append(name)
            if needed.contains(name) {
                required.append(name)
            }
        }
        return body
    }

    private mutating func write(
        _ name: String,
        _ operation: JSONValue,
        _ verb: String,
        _ path: String,
        _ properties: [(name: String, schema: String)],
        _ required: [String],
        _ query: [String],
        _ body: [String]
    ) {
        let risk = verb == "get" ? "read" : verb == "delete" ? "destructive" : "write"
        let about = operation["summary"]?.string?.text ?? operation["description"]?.string?.text ?? ""
        lines += ["", "  \(name):"]
        if !about.isEmpty {
            lines.append("    description: \(Self.quoted(about))")
        }
        lines.append("    class: \(risk)")
        if risk != "read" {
            lines.append("    limit: {max: \(risk == "write" ? 30 : 10), window: minute}")
        }
        lines += ["    input:", "      type: object"]
        if !properties.isEmpty {
            lines.append("      properties:")
            lines += properties.map { "        \(Self.quoted($0.name)): \($0.schema)" }
        }
        if !required.isEmpty {
            lines.append("      required: [\(required.map(Self.quoted).joined(separator: ", "))]")
        }
        lines += ["      additionalProperties: false", "    request:", "      \(verb): \(Self.quoted(path))"]
        if !query.isEmpty {
            lines.append("      query:")
            lines += query.map { "        \(Self.quoted($0)): {$arg: \(Self.quoted($0))}" }
        }
        if !body.isEmpty {
            lines.append("      body:")
            lines += body.map { "        \(Self.quoted($0)): {$arg: \(Self.quoted($0))}" }
        }
    }

    // MARK: - Pieces

    /// Follows references within the document.
    private func resolved(_ value: JSONValue) -> JSONValue? {
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
    private func schema(_ value: JSONValue?, about: JSONValue?) -> String {
        let schema = value.flatMap(resolved)
        var parts: [String] = []
        let types = ["string", "number", "integer", "boolean", "array", "object"]
        if let type = schema?["type"]?.string?.text, types.contains(type) {
            parts.append("type: \(type)")
        }
        if let choices = schema?["enum"]?.elements.compactMap({ $0.string?.text }), !choices.isEmpty {
            parts.append("enum: [\(choices.prefix(100).map(Self.quoted).joined(separator: ", "))]")
        }
        if let text = (about ?? schema?["description"])?.string?.text, !text.isEmpty {
            parts.append("description: \(Self.quoted(text))")
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    private mutating func name(_ operation: JSONValue, verb: String, path: String) -> String {
        let wanted = operation["operationId"]?.string?.text ?? "\(verb)_\(path)"
        var name = ""
        for scalar in wanted.unicodeScalars {
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            if isPlain {
                name.unicodeScalars.append(scalar)
            } else if !name.hasSuffix("_"), !name.isEmpty {
                name += "_"
            }
        }
        name = String(name.prefix(56))
        while name.hasSuffix("_") {
            name.removeLast()
        }
        name = name.isEmpty ? "tool" : name
        var unique = name
        var number = 2
        while !names.insert(unique).inserted {
            unique = "\(name)_\(number)"
            number += 1
        }
        return unique
    }

    private static func isDraftable(_ path: String) -> Bool {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
            let inner = segment.hasPrefix("{") && segment.hasSuffix("}") ? segment.dropFirst().dropLast() : segment
            return !inner.isEmpty && inner != "." && inner != ".."
                && inner.utf8.allSatisfy(PercentEncoding.isUnreserved)
        }
    }

    private static func identifier(_ title: String) -> String {
        var text = ""
        for byte in title.lowercased().utf8 {
            let isPlain = byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else if !text.hasSuffix("-"), !text.isEmpty {
                text += "-"
            }
        }
        text = String(text.prefix(40))
        while text.hasSuffix("-") {
            text.removeLast()
        }
        return text.isEmpty ? "api" : text
    }

    /// JSON's quoting is YAML's too; long texts are cut, they are drafts.
    private static func quoted(_ text: String) -> String {
        let line = String(text.prefix(300)).replacing("\n", with: " ").replacing("\r", with: " ")
        return String(decoding: ConnectorValue(line).json, as: UTF8.self)
    }

    private static func comment(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200).map(Character.init))
    }
}
