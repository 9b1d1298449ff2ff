internal import Base
internal import JSONText

/// The OpenAPI 3.1 document of the admin API, made of the table of operations.
public enum OpenAPI {
    /// The document, with the version of the program that serves it.
    public static func document(version: String, operations: [Operation] = Operations.all) -> [UInt8] {
        var writer = JSONWriter(reserving: 64 << 10)
        writer.beginObject()
        writer.key("openapi")
        writer.string("3.1.0")
        writer.key("info")
        writer.beginObject()
        writer.key("title")
        writer.string("Toolgate admin API")
        writer.key("version")
        writer.string(version)
        writer.endObject()
        writer.key("servers")
        writer.beginArray()
        writer.beginObject()
        writer.key("url")
        writer.string(Target.root)
        writer.endObject()
        writer.endArray()
        writePaths(operations, to: &writer)
        writeComponents(to: &writer)
        writer.endObject()
        return writer.output
    }

    private static func writePaths(_ operations: [Operation], to writer: inout JSONWriter) {
        writer.key("paths")
        writer.beginObject()
        var templates: [String] = []
        for operation in operations where !templates.contains(operation.template) {
            templates.append(operation.template)
        }
        for template in templates {
            writer.key(template.utf8)
            writer.beginObject()
            for operation in operations where operation.template == template {
                writer.key(operation.method.rawValue.lowercased().utf8)
                write(operation, to: &writer)
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func write(_ operation: Operation, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("operationId")
        writer.string(operation.id.rawValue)
        writer.key("summary")
        writer.string(operation.summary)
        writer.key("tags")
        writer.beginArray()
        writer.string(operation.subject)
        writer.endArray()
        writer.key("x-access")
        writer.string(operation.access.word)
        writer.key("security")
        writer.beginArray()
        for scheme in operation.access == .open ? [] : ["session", "token"] {
            writer.beginObject()
            writer.key(scheme.utf8)
            writer.beginArray()
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writeParameters(of: operation, to: &writer)
        if let body = operation.body {
            writer.key("requestBody")
            writer.beginObject()
            writer.key("required")
            writer.boolean(true)
            writeContent("application/json", body, to: &writer)
            writer.endObject()
        }
        writeResponses(of: operation, to: &writer)
        writer.endObject()
    }

    private static func writeParameters(of operation: Operation, to writer: inout JSONWriter) {
        var headers: [(String, String, Bool)] = []
        switch operation.basis {
        case .none: break
        case .tag: headers = [("If-Match", "the `ETag` of what the edit is based on", true)]
        case .freeTag: headers = [("If-Match", "the `ETag` of what the edit is based on", false)]
        case .tagOrAbsence:
            headers = [
                ("If-Match", "the `ETag` of what the edit is based on", false),
                ("If-None-Match", "`*` to make what is not there yet", false),
            ]
        }
        if operation.takesKey {
            headers.append(("Idempotency-Key", "the same key and body within 24 hours do nothing twice", false))
        }
        guard !operation.pathParameters.isEmpty || !operation.query.isEmpty || !headers.isEmpty else {
            return
        }
        writer.key("parameters")
        writer.beginArray()
        for parameter in operation.pathParameters {
            write(parameter.name, in: "path", parameter.about, true, parameter.shape, to: &writer)
        }
        for parameter in operation.query {
            write(parameter.name, in: "query", parameter.about, false, parameter.shape, to: &writer)
        }
        for (name, about, isRequired) in headers {
            write(name, in: "header", about, isRequired, .text(1...256), to: &writer)
        }
        writer.endArray()
    }

    private static func write(
        _ name: String,
        in place: String,
        _ about: String,
        _ isRequired: Bool,
        _ shape: Shape,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("in")
        writer.string(place)
        writer.key("description")
        writer.string(about)
        if isRequired {
            writer.key("required")
            writer.boolean(true)
        }
        writer.key("schema")
        ShapeWriter.write(shape, to: &writer)
        writer.endObject()
    }

    private static func writeResponses(of operation: Operation, to writer: inout JSONWriter) {
        writer.key("responses")
        writer.beginObject()
        switch operation.answer {
        case .json(let status, let shape):
            writer.key("\(status)".utf8)
            writer.beginObject()
            writer.key("description")
            writer.string("done")
            writeContent("application/json", shape, to: &writer)
            writer.endObject()
        case .nothing:
            writer.key("204")
            writer.beginObject()
            writer.key("description")
            writer.string("done")
            writer.endObject()
        case .events:
            writer.key("200")
            writer.beginObject()
            writer.key("description")
            writer.string("a stream of events that does not end")
            writeContent("text/event-stream", .text(), to: &writer)
            writer.endObject()
        }
        writer.key("default")
        writer.beginObject()
        writer.key("description")
        writer.string("why it was not done (RFC 9457)")
        // What is no HTTP that is accepted gets no further than the transport, which answers in its own words.
        writeContent(
            [
                ("application/problem+json", .reference("Problem")),
                ("application/json", .record(.needed("error", .text()), .needed("message", .text()))),
            ],
            to: &writer
        )
        writer.endObject()
        writer.endObject()
    }

    private static func writeContent(_ type: String, _ shape: Shape, to writer: inout JSONWriter) {
        writeContent([(type, shape)], to: &writer)
    }

    private static func writeContent(_ types: [(String, Shape)], to writer: inout JSONWriter) {
        writer.key("content")
        writer.beginObject()
        for (type, shape) in types {
            writer.key(type.utf8)
            writer.beginObject()
            writer.key("schema")
            ShapeWriter.write(shape, to: &writer)
            writer.endObject()
        }
        writer.endObject()
    }

    private static func writeComponents(to writer: inout JSONWriter) {
        writer.key("components")
        writer.beginObject()
        writer.key("schemas")
        writer.beginObject()
        for (name, shape) in Components.all.sorted(by: { $0.key < $1.key }) {
            writer.key(name.utf8)
            ShapeWriter.write(shape, to: &writer)
        }
        writer.endObject()
        writer.key("securitySchemes")
        writer.raw(
            #"{"session":{"type":"apiKey","in":"cookie","name":"toolgate"},"token":{"type":"http","scheme":"bearer"}}"#
                .utf8
        )
        writer.endObject()
    }
}

/// Writes shapes as JSON Schema (2020-12).
enum ShapeWriter {
    static func write(_ shape: Shape, to writer: inout JSONWriter) {
        writer.beginObject()
        writeMembers(shape, to: &writer)
        writer.endObject()
    }

    private static func writeMembers(_ shape: Shape, to writer: inout JSONWriter) {
        switch shape {
        case .text(let rule): write(rule, to: &writer)
        case .word(let words):
            write(type: "string", to: &writer)
            writer.key("enum")
            write(texts: words, to: &writer)
        case .whole(let range):
            write(type: "integer", to: &writer)
            writer.key("minimum")
            writer.number(range.lowerBound)
            writer.key("maximum")
            writer.number(range.upperBound)
        case .number: write(type: "number", to: &writer)
        case .flag: write(type: "boolean", to: &writer)
        case .time:
            write(type: "string", to: &writer)
            writer.key("format")
            writer.string("date-time")
        case .document: break
        case .list(let inner, let count):
            write(type: "array", to: &writer)
            writer.key("items")
            write(inner, to: &writer)
            if count.lowerBound > 0 {
                writer.key("minItems")
                writer.number(count.lowerBound)
            }
            writer.key("maxItems")
            writer.number(count.upperBound)
        case .map(let inner):
            write(type: "object", to: &writer)
            writer.key("additionalProperties")
            write(inner, to: &writer)
        case .optional(let inner): write(choices: [inner], orNull: true, to: &writer)
        case .either(let shapes): write(choices: shapes, orNull: false, to: &writer)
        case .reference(let name):
            writer.key("$ref")
            writer.string("#/components/schemas/\(name)")
        case .record(let members, let isOpen): write(members, isOpen: isOpen, to: &writer)
        }
    }

    private static func write(type: String, to writer: inout JSONWriter) {
        writer.key("type")
        writer.string(type)
    }

    private static func write(texts: [String], to writer: inout JSONWriter) {
        writer.beginArray()
        for text in texts {
            writer.string(text)
        }
        writer.endArray()
    }

    private static func write(_ rule: TextRule, to writer: inout JSONWriter) {
        write(type: "string", to: &writer)
        if rule.length.lowerBound > 0 {
            writer.key("minLength")
            writer.number(rule.length.lowerBound)
        }
        writer.key("maxLength")
        writer.number(rule.length.upperBound)
        if let pattern = rule.pattern {
            writer.key("pattern")
            writer.string(pattern)
        }
    }

    private static func write(choices: [Shape], orNull: Bool, to writer: inout JSONWriter) {
        writer.key("anyOf")
        writer.beginArray()
        for choice in choices {
            write(choice, to: &writer)
        }
        if orNull {
            writer.raw(#"{"type":"null"}"#.utf8)
        }
        writer.endArray()
    }

    private static func write(_ members: [Shape.Member], isOpen: Bool, to writer: inout JSONWriter) {
        write(type: "object", to: &writer)
        writer.key("properties")
        writer.beginObject()
        for member in members {
            writer.key(member.key.utf8)
            writer.beginObject()
            writeMembers(member.shape, to: &writer)
            if !member.about.isEmpty {
                writer.key("description")
                writer.string(member.about)
            }
            writer.endObject()
        }
        writer.endObject()
        let required = members.filter(\.isRequired).map(\.key)
        if !required.isEmpty {
            writer.key("required")
            write(texts: required, to: &writer)
        }
        if !isOpen {
            writer.key("additionalProperties")
            writer.boolean(false)
        }
    }
}
