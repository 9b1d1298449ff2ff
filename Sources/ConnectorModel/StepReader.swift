import Base
import Settings
import YAMLText

/// Reads what a tool does: its requests, one or several.
enum StepReader {
    /// LIMIT: requests a tool may be written with.
    private static let maximumSteps = 20

    private static let known: [StaticString] = [
        "name", "get", "post", "put", "patch", "delete", "query", "body", "when", "require", "safe", "empty", "found",
        "answer", "on_failure", "cache", "pages", "batch",
    ]

    /// The steps and the values of `let`: those may use what every step gives, and steps may use them.
    static func stepsAndVariables(
        _ fields: Fields,
        what: String,
        _ context: inout ReadingContext
    ) -> ([ConnectorStep], [ByteString: Template]) {
        let nodes: [YAMLNode]
        if let list = fields["steps"]?.value.elements, fields["request"] == nil {
            nodes = list
        } else if let node = fields["request"]?.value, fields["steps"] == nil {
            nodes = [node]
        } else {
            context.add(
                .missingKey,
                at: fields.position,
                "\(what) has neither one `request` nor a list of `steps`"
            )
            return ([], [:])
        }
        if nodes.count > maximumSteps {
            context.add(.badValue, at: fields.position, "\(what) has more than \(maximumSteps) steps")
        }
        let names = nodes.enumerated().map { name(of: $0.element, at: $0.offset) }
        context.steps = Set(names).union(nodes.flatMap(commandNames))
        let variables = variables(fields, &context)
        context.steps = []
        var steps: [ConnectorStep] = []
        for (node, name) in zip(nodes, names) {
            if context.steps.contains(name) {
                context.add(.duplicate, at: node.position, "the step `\(name)` stands there already")
            }
            if let step = step(node, name: name, &context) {
                steps.append(step)
                context.steps.formUnion(step.batch.map(\.name))
            }
            context.steps.insert(name)
        }
        return (steps, variables)
    }

    private static func name(of node: YAMLNode, at index: Int) -> ByteString {
        let written = node.entries?.first { $0.key.isEqual(to: "name") }?.value.scalar
        return ByteString(written ?? Array("step\(index + 1)".utf8))
    }

    private static func commandNames(of node: YAMLNode) -> [ByteString] {
        let batch = node.entries?.first { $0.key.isEqual(to: "batch") }
        return batch?.value.entries?.map { ByteString($0.key) } ?? []
    }

    private static func variables(_ fields: Fields, _ context: inout ReadingContext) -> [ByteString: Template] {
        var variables: [ByteString: Template] = [:]
        for entry in fields["let"]?.value.entries ?? [] {
            variables[ByteString(entry.key)] = TemplateReader.read(entry.value, &context)
            context.variables.insert(ByteString(entry.key))
        }
        return variables
    }

    /// Conditions with what is said when they do not hold.
    static func requirements(_ fields: Fields, _ context: inout ReadingContext) -> [Requirement] {
        fields.list("require", problems: &context.problems).compactMap { node in
            let own = Fields(node, what: "a requirement", known: ["that", "say"], problems: &context.problems)
            guard let own, let condition = own["that"]?.value,
                let message = own.requiredText("say", remedy: "tell the agent", problems: &context.problems)
            else {
                context.add(.missingKey, at: node.position, "a requirement has `that` and `say`")
                return nil
            }
            return Requirement(condition: TemplateReader.read(condition, &context), message: ByteString(message))
        }
    }

    private static func step(
        _ node: YAMLNode,
        name: ByteString,
        _ context: inout ReadingContext
    ) -> ConnectorStep? {
        guard let fields = Fields(node, what: "a request", known: known, problems: &context.problems) else {
            return nil
        }
        let condition = fields["when"].map { TemplateReader.read($0.value, &context) }
        let requirements = requirements(fields, &context)
        let batch = BatchReader.commands(fields, &context)
        let request = RequestReader.read(fields, isBatch: !batch.isEmpty, &context)
        let empty = empty(fields, &context)
        // `found` looks at the step's own answer.
        context.steps.insert(name)
        let found = fields["found"].map { TemplateReader.read($0.value, &context) }
        let answer = fields["answer"]?.value.scalar
        let failure = fields["on_failure"]?.value.scalar
        if let answer, !answer.isEqual(to: "json"), !answer.isEqual(to: "none") {
            context.add(.badValue, at: node.position, "`answer` is `json` or `none`")
        }
        if let failure, !failure.isEqual(to: "fail"), !failure.isEqual(to: "keep") {
            context.add(.badValue, at: node.position, "`on_failure` is `fail` or `keep`")
        }
        guard let request else {
            return nil
        }
        let isFlagged = fields.flag("safe", problems: &context.problems)
        return ConnectorStep(
            name: name,
            request: request,
            condition: condition,
            requirements: requirements,
            isSafe: request.method == .get || isFlagged,
            empty: empty,
            found: found,
            readsBody: answer?.isEqual(to: "none") != true,
            keepsFailure: failure?.isEqual(to: "keep") == true,
            cacheSeconds: SourceReader.number(fields, "cache", else: 0, 1...86_400, &context),
            paging: paging(fields, &context),
            batch: batch
        )
    }

    private static func empty(_ fields: Fields, _ context: inout ReadingContext) -> EmptyAnswer {
        guard let node = fields["empty"]?.value else {
            return .nothing
        }
        if node.scalar?.isEqual(to: "not_found") == true {
            return .notFound
        }
        return .value(TemplateReader.read(node, &context))
    }

    private static func paging(_ fields: Fields, _ context: inout ReadingContext) -> PagingRules? {
        guard let node = fields["pages"]?.value,
            let own = Fields(
                node,
                what: "`pages`",
                known: ["kind", "items", "next", "query", "body", "max", "size"],
                problems: &context.problems
            )
        else {
            return nil
        }
        let kind: PagingRules.Kind? = own.word("kind", problems: &context.problems)
        let key = own["query"]?.value.scalar ?? own["body"]?.value.scalar
        guard let kind, let items = own["items"]?.value, let next = own["next"]?.value, let key else {
            context.add(
                .missingKey,
                at: node.position,
                "`pages` has `kind`, `items`, `next` and the key of the place in `query` or `body`"
            )
            return nil
        }
        return PagingRules(
            kind: kind,
            items: TemplateReader.pointer(items, &context),
            next: TemplateReader.pointer(next, &context),
            key: ByteString(key),
            isInQuery: own["query"] != nil,
            maximumPages: SourceReader.number(own, "max", else: 20, 1...200, &context),
            size: SourceReader.number(own, "size", else: 50, 1...10_000, &context)
        )
    }
}

/// Reads the request itself.
enum RequestReader {
    static func read(_ fields: Fields, isBatch: Bool, _ context: inout ReadingContext) -> RequestTemplate? {
        let verbs: [(StaticString, ConnectorMethod)] = [
            ("get", .get), ("post", .post), ("put", .put), ("patch", .patch), ("delete", .delete),
        ]
        let written = verbs.filter { fields[$0.0] != nil }
        guard written.count == 1, let (key, method) = written.first, let node = fields[key]?.value else {
            context.add(
                .missingKey,
                at: fields.position,
                "a request has one of `get`, `post`, `put`, `patch` and `delete`"
            )
            return nil
        }
        let body = fields["body"].map { TemplateReader.read($0.value, &context) }
        if body != nil, method == .get || isBatch {
            context.add(.conflict, at: fields["body"]?.keyPosition ?? fields.position, "this request has no `body`")
        }
        return RequestTemplate(
            method: method,
            path: path(node, &context),
            query: query(fields["query"]?.value, &context),
            body: body
        )
    }

    /// `/leads/{id}`: each segment is a constant or one argument.
    private static func path(_ node: YAMLNode, _ context: inout ReadingContext) -> [RequestTemplate.Segment] {
        guard let text = node.scalar, text.first == UInt8(ascii: "/") else {
            context.add(.badValue, at: node.position, "a path begins with `/`")
            return []
        }
        return text.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { segment in
            if segment.first == UInt8(ascii: "{"), segment.last == UInt8(ascii: "}"), segment.count > 2 {
                let name = ByteString(Array(segment.dropFirst().dropLast()))
                context.usedArguments.insert(name)
                if !context.arguments.contains(name) {
                    context.add(
                        .unresolved,
                        at: node.position,
                        "the path takes `\(name.bytes.shown)`, which is no argument of this tool"
                    )
                }
                return .argument(name)
            }
            let isPlain = !segment.isEmpty && segment.allSatisfy(PercentEncoding.isUnreserved)
            if !isPlain || segment.isEqual(to: ".") || segment.isEqual(to: "..") {
                context.add(
                    .badValue,
                    at: node.position,
                    "`\(Array(segment).shown)` is no segment of a path",
                    remedy: "letters, digits and `-._~`, or one argument in braces"
                )
            }
            return .literal(ByteString(Array(segment)))
        }
    }

    static func query(_ node: YAMLNode?, _ context: inout ReadingContext) -> [TemplateMember] {
        guard let node else {
            return []
        }
        guard let entries = node.entries else {
            context.add(.wrongType, at: node.position, "`query` is a mapping")
            return []
        }
        return entries.map { TemplateMember(key: ByteString($0.key), value: TemplateReader.read($0.value, &context)) }
    }
}

/// Reads the commands of a batch.
enum BatchReader {
    /// LIMIT: commands of one batch, Bitrix24's own.
    private static let maximumCommands = 50

    static func commands(_ fields: Fields, _ context: inout ReadingContext) -> [BatchCommand] {
        guard let node = fields["batch"]?.value else {
            return []
        }
        guard let entries = node.entries, (1...maximumCommands).contains(entries.count) else {
            context.add(.wrongType, at: node.position, "`batch` is a mapping of 1 to \(maximumCommands) commands")
            return []
        }
        return entries.compactMap { entry in
            let own = Fields(
                entry.value,
                what: "a command",
                known: ["method", "query"],
                problems: &context.problems
            )
            guard let own,
                let method = own.requiredText("method", remedy: "name it", problems: &context.problems)
            else {
                return nil
            }
            return BatchCommand(
                name: ByteString(entry.key),
                method: ByteString(method),
                query: RequestReader.query(own["query"]?.value, &context)
            )
        }
    }
}
