import Base
import Settings
import YAMLText

/// Reads `source.errors`.
enum ErrorRulesReader {
    static func read(_ source: Fields, _ context: inout ReadingContext) -> ErrorRules {
        var rules = ErrorRules()
        guard
            let node = source.required(
                "errors",
                remedy: "say what the API's statuses mean",
                problems: &context.problems
            ),
            let fields = Fields(
                node,
                what: "`errors`",
                known: ["code", "text", "details", "in_success", "reset", "say", "rules"],
                problems: &context.problems
            )
        else {
            return rules
        }
        rules.code = fields["code"].map { TemplateReader.pointer($0.value, &context) }
        rules.text = fields["text"].map { TemplateReader.pointer($0.value, &context) }
        rules.inSuccess = fields["in_success"].map { TemplateReader.pointer($0.value, &context) }
        rules.reset = fields["reset"].map { TemplateReader.pointer($0.value, &context) }
        for entry in fields["details"]?.value.entries ?? [] {
            rules.details.append((ByteString(entry.key), TemplateReader.pointer(entry.value, &context)))
        }
        for entry in fields["say"]?.value.entries ?? [] {
            let name = YAMLNode(content: .scalar(entry.key, isPlain: true), position: entry.keyPosition)
            if let kind = kind(name, &context) {
                rules.sentences[kind] = ByteString(entry.value.scalar ?? [])
            }
        }
        rules.rules = fields.list("rules", problems: &context.problems).compactMap { rule($0, &context) }
        return rules
    }

    /// One of the kinds.
    static func kind(_ node: YAMLNode, _ context: inout ReadingContext) -> ConnectorFailureKind? {
        let kinds = ConnectorFailureKind.allCases
        if let text = node.scalar, let kind = kinds.first(where: { Array($0.rawValue.utf8) == text }) {
            return kind
        }
        let list = kinds.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        context.add(.badValue, at: node.position, "no kind of failure", remedy: "known: \(list)")
        return nil
    }

    private static func rule(_ node: YAMLNode, _ context: inout ReadingContext) -> ErrorRules.Rule? {
        let known: [StaticString] = ["status", "type", "code", "text", "kind", "retry", "wait"]
        guard let fields = Fields(node, what: "a rule", known: known, problems: &context.problems),
            let kindNode = fields.required("kind", remedy: "say what it is", problems: &context.problems),
            let kind = kind(kindNode, &context)
        else {
            return nil
        }
        var rule = ErrorRules.Rule(kind: kind)
        for word in words(fields, "status", &context) {
            guard let range = StatusRange(word) else {
                context.add(.badValue, at: node.position, "`\(word.bytes.shown)` is no status", remedy: "`404`, `5xx`")
                continue
            }
            rule.statuses.append(range)
        }
        rule.contentType = words(fields, "type", &context).first.map { ErrorRules.lowered($0) }
        rule.codes = words(fields, "code", &context)
        rule.texts = words(fields, "text", &context)
        rule.mayRetry = fields["retry"] == nil || fields.flag("retry", problems: &context.problems)
        let wait = fields["wait"]?.value.scalar
        rule.waitsForReset = wait?.isEqual(to: "reset") == true
        if wait != nil, !rule.waitsForReset {
            context.add(.badValue, at: node.position, "`wait` can only be `reset`")
        }
        return rule
    }

    /// One word or a list of them.
    private static func words(
        _ fields: Fields,
        _ key: StaticString,
        _ context: inout ReadingContext
    ) -> [ByteString] {
        guard let node = fields[key]?.value else {
            return []
        }
        return (node.elements ?? [node]).map { TemplateReader.word($0, of: "`\(key)`", allowed: nil, &context) }
    }
}
