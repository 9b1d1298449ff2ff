import Base
import JSONSchema
import JSONText
import Settings
import YAMLText

/// Reads one tool.
enum ToolReader {
    private static let known: [StaticString] = [
        "title", "description", "class", "limit", "idempotent", "overwrites", "input", "output", "require", "let",
        "request", "steps", "result",
    ]

    static func read(_ entry: YAMLEntry, _ context: inout ReadingContext) -> ConnectorTool? {
        checkName(entry, &context)
        let what = "the tool `\(entry.key.shown)`"
        guard let fields = Fields(entry.value, what: what, known: known, problems: &context.problems) else {
            return nil
        }
        if fields["class"] == nil {
            context.add(
                .missingKey,
                at: entry.keyPosition,
                "\(what) has no `class`",
                remedy: "one of " + ConnectorRisk.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            )
        }
        let risk: ConnectorRisk? = fields.word("class", problems: &context.problems)
        let schema = document(fields, "input", &context)
        let input = arguments(schema, at: fields["input"]?.keyPosition ?? entry.keyPosition, &context)
        enter(input, &context)
        let reader = StepReader.self
        let requirements = reader.requirements(fields, &context)
        let (steps, variables) = reader.stepsAndVariables(fields, what: what, &context)
        let result = fields["result"].map { TemplateReader.read($0.value, &context) }
        leave(entry, fields, variables, &context)
        guard let risk, let schema, let input else {
            return nil
        }
        return ConnectorTool(
            name: ByteString(entry.key),
            title: ByteString(fields["title"]?.value.scalar ?? []),
            description: ByteString(fields["description"]?.value.scalar ?? []),
            risk: risk,
            limit: limit(fields, &context),
            inputSchema: schema,
            outputSchema: document(fields, "output", &context),
            isIdempotent: fields.flag("idempotent", problems: &context.problems) || risk == .read,
            isDestructive: fields.flag("overwrites", problems: &context.problems) || risk == .destructive,
            input: input,
            requirements: requirements,
            variables: variables,
            steps: steps,
            result: result ?? .operation(Operation(kind: .at, position: entry.keyPosition))
        )
    }

    /// MCP names: 1 to 64 of letters, digits, `_`, `-` and `.`.
    private static func checkName(_ entry: YAMLEntry, _ context: inout ReadingContext) {
        let isValid =
            (1...64).contains(entry.key.count)
            && entry.key.allSatisfy { byte in
                byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
        if !isValid {
            context.add(
                .badValue,
                at: entry.keyPosition,
                "`\(entry.key.shown)` is no name of a tool",
                remedy: "1 to 64 letters, digits, `_`, `-` or `.`"
            )
        }
    }

    private static func enter(_ input: ArgumentSchema?, _ context: inout ReadingContext) {
        context.arguments = Set(input?.properties.map(\.name) ?? [])
        context.isOpen = input?.isOpen ?? true
        context.variables = []
        context.steps = []
        context.usedArguments = []
        context.usedVariables = []
        context.usesRest = false
    }

    /// What was declared and is used nowhere.
    private static func leave(
        _ entry: YAMLEntry,
        _ fields: Fields,
        _ variables: [ByteString: Template],
        _ context: inout ReadingContext
    ) {
        let properties = fields["input"]?.value.entries?.first { $0.key.isEqual(to: "properties") }?.value.entries ?? []
        for property in properties
        where !context.usesRest && !context.usedArguments.contains(ByteString(property.key)) {
            context.add(
                .conflict,
                at: property.keyPosition,
                "the argument `\(property.key.shown)` is used nowhere",
                remedy: "use it in a request, or take it out of `input`"
            )
        }
        for variable in fields["let"]?.value.entries ?? []
        where !context.usedVariables.contains(ByteString(variable.key)) {
            context.add(.conflict, at: variable.keyPosition, "`\(variable.key.shown)` of `let` is used nowhere")
        }
    }

    private static func limit(_ fields: Fields, _ context: inout ReadingContext) -> ConnectorToolLimit? {
        guard let node = fields["limit"]?.value,
            let own = Fields(node, what: "`limit`", known: ["max", "window"], problems: &context.problems)
        else {
            return nil
        }
        let window: ConnectorToolLimit.Window? = own.word("window", problems: &context.problems)
        guard let window, own["max"] != nil else {
            context.add(.missingKey, at: node.position, "`limit` has `max` and `window`")
            return nil
        }
        let maximum = SourceReader.number(own, "max", else: 1, 1...1_000_000, &context)
        return ConnectorToolLimit(maximum: maximum, window: window)
    }

    // MARK: - Schemas

    private static func document(
        _ fields: Fields,
        _ key: StaticString,
        _ context: inout ReadingContext
    ) -> JSONDocument? {
        guard let entry = fields[key] else {
            if key.description == "input" {
                context.add(
                    .missingKey,
                    at: fields.position,
                    "\(fields.what) has no `input`",
                    remedy: "without arguments: `{type: object, additionalProperties: false}`"
                )
            }
            return nil
        }
        let json = InlineDocument.json(entry.value, problems: &context.problems)
        do throws(JSONError) {
            return try JSONDocument(json)
        } catch {
            context.add(.badValue, at: entry.value.position, "`\(key)` is no JSON: \(error.reason)")
            return nil
        }
    }

    private static func arguments(
        _ document: JSONDocument?,
        at position: YAMLPosition,
        _ context: inout ReadingContext
    ) -> ArgumentSchema? {
        guard let document else {
            return nil
        }
        let root = document.root
        guard root["type"]?.string?.isEqual(to: "object") == true else {
            context.add(.badValue, at: position, "`input` must be a schema of `type: object`")
            return nil
        }
        let schema: Schema
        do throws(SchemaError) {
            schema = try Schema(root)
        } catch {
            context.add(.badValue, at: position, "`input` is no JSON Schema: \(error)")
            return nil
        }
        let properties = root["properties"].map { Array($0.members) } ?? []
        return ArgumentSchema(
            schema: schema,
            properties: properties.map { member in
                ArgumentSchema.Property(
                    name: ByteString(member.key.bytes),
                    type: ByteString(member.value["type"]?.string?.bytes ?? []),
                    choices: member.value["enum"]?.elements.compactMap { $0.string.map { ByteString($0.bytes) } } ?? []
                )
            },
            required: root["required"]?.elements.compactMap { $0.string.map { ByteString($0.bytes) } } ?? [],
            isOpen: root["additionalProperties"]?.boolean != false
        )
    }
}
