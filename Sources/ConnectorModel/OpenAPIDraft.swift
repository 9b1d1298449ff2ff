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

    /// Why there is no draft.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, where it is known.
        public let description: String
    }

    private let root: JSONValue
    private let references: OpenAPIReferences
    private var surplus = 0
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
        references = OpenAPIReferences(root: root)
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
        let isUsable = server.hasPrefix("https://") && !server.contains(where: { "{?#@".contains($0) })
        let (authentication, doubt) = authentication
        lines += [
            "# A draft from an OpenAPI document. Before it is used: throw out what agents do not need, say in each",
            "# description what a tool is for, check each class and limit, and shape the results (docs/connectors.md).",
            "connector: {id: \(Self.identifier(title)), version: \"1\", title: \(Self.quoted(title)), language: en}",
            "secret: {about: \"the API's token\"}",
            "source:",
        ]
        if !isUsable {
            lines.append("  # left out: the address `\(Self.comment(server))`: write the API's https URL here")
        }
        lines.append("  base: \(Self.quoted(isUsable ? server : "https://api.example.com"))")
        if let doubt {
            lines.append("  # left out: \(Self.comment(doubt))")
        }
        lines += [
            "  auth: \(authentication)",
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
        if surplus > 0 {
            lines += [
                "", "  # left out: \(surplus) more operations: a connector has at most \(Self.maximumOperations) here",
            ]
        }
        guard count > 0 else {
            throw Problem(description: "no operation of the document can be drafted")
        }
    }

    /// How the API knows its callers, and what of that is not drafted.
    private var authentication: (String, String?) {
        let schemes = root["components"]?["securitySchemes"].map { Array($0.members) } ?? []
        let asked = root["security"]?.element(at: 0).flatMap { Array($0.members).first?.key.text }
        guard
            let (name, scheme) = schemes.first(where: { asked == nil || $0.key.text == asked })
                .flatMap({ member in references.resolved(member.value).map { (member.key.text, $0) } })
        else {
            return ("bearer", schemes.isEmpty ? "the document does not say how callers are known" : nil)
        }
        let header = scheme["name"]?.string?.bytes ?? []
        switch (scheme["type"]?.string?.text, scheme["scheme"]?.string?.text.lowercased(), scheme["in"]?.string?.text) {
        case ("http", "bearer", _): return ("bearer", nil)
        case ("apiKey", _, "header") where HeaderName.isAllowed(header):
            return ("{header: \(Self.quoted(String(decoding: header, as: UTF8.self)))}", nil)
        case ("oauth2", _, _), ("openIdConnect", _, _):
            return ("bearer", "how a token for `\(name)` is had")
        default: return ("bearer", "the security scheme `\(name)`: only tokens in a header are sent")
        }
    }

    private mutating func add(_ operation: JSONValue, verb: String, path: String, shared: JSONValue?) {
        let place = Self.comment("\(verb.uppercased()) \(path)")
        guard count < Self.maximumOperations else {
            surplus += 1
            return
        }
        guard path.utf8.first == UInt8(ascii: "/"), Self.isDraftable(path) else {
            lines.append("  # left out: \(place): its path is not made of whole segments")
            return
        }
        let parts = OpenAPIOperation(operation, verb: verb, path: path, shared: shared, in: references)
        if let obstacle = parts.obstacle {
            lines.append("  # left out: \(place): \(Self.comment(obstacle))")
            return
        }
        count += 1
        write(name(operation, verb: verb, path: path), operation, verb, path, parts)
    }

    private mutating func write(
        _ name: String,
        _ operation: JSONValue,
        _ verb: String,
        _ path: String,
        _ parts: OpenAPIOperation
    ) {
        let risk = verb == "get" ? "read" : verb == "delete" ? "destructive" : "write"
        let about = operation["summary"]?.string?.text ?? operation["description"]?.string?.text ?? ""
        lines += ["", "  \(name):"]
        lines += parts.left.map { "    # left out: \(Self.comment($0))" }
        if !about.isEmpty {
            lines.append("    description: \(Self.quoted(about))")
        }
        lines.append("    class: \(risk)")
        if risk != "read" {
            lines.append("    limit: {max: \(risk == "write" ? 30 : 10), window: minute}")
        }
        lines += ["    input:", "      type: object"]
        if !parts.arguments.isEmpty {
            lines.append("      properties:")
            lines += parts.arguments.map { "        \(Self.quoted($0.name)): \($0.schema)" }
        }
        let required = parts.arguments.filter(\.isRequired).map { Self.quoted($0.name) }
        if !required.isEmpty {
            lines.append("      required: [\(required.joined(separator: ", "))]")
        }
        lines += ["      additionalProperties: false", "    request:", "      \(verb): \(Self.quoted(path))"]
        for (key, names) in [("query", parts.query), ("body", parts.body)] where !names.isEmpty {
            lines.append("      \(key):")
            lines += names.map { "        \(Self.quoted($0)): {$arg: \(Self.quoted($0))}" }
        }
    }

    // MARK: - Pieces

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
    static func quoted(_ text: String) -> String {
        let line = String(text.prefix(300)).replacing("\n", with: " ").replacing("\r", with: " ")
        return String(decoding: ConnectorValue(line).json, as: UTF8.self)
    }

    private static func comment(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200).map(Character.init))
    }
}
