import Base
import JSONSchema
import JSONText
public import Settings
import YAMLText

/// What reading a connector came to: either a whole connector, or everything that is wrong with its file.
public struct ConnectorReading: Sendable {
    /// `nil` when there is a single problem.
    public let connector: Connector?
    /// In the order of the file, at most 100.
    public let problems: [SettingsProblem]
}

/// Reads a connector's file; a file with a mistake is refused whole, with every problem found at once.
public enum ConnectorReader {
    // LIMIT: more problems than this help nobody.
    private static let maximumProblems = 100
    // LIMIT: tools of one connector.
    private static let maximumTools = 500

    /// Reads the text of a connector's file; O(bytes).
    public static func read(_ text: [UInt8]) -> ConnectorReading {
        var context = ReadingContext(problems: Problems())
        var connector: Connector?
        do throws(YAMLError) {
            connector = read(try YAMLDocument.parse(text), &context)
        } catch {
            context.add(.syntax, at: error.position, "\(error.reason)")
        }
        let sorted = context.problems.all.enumerated().sorted { left, right in
            (left.element.position, left.offset) < (right.element.position, right.offset)
        }
        return ConnectorReading(
            connector: sorted.isEmpty ? connector : nil,
            problems: sorted.prefix(maximumProblems).map(\.element)
        )
    }

    private static func read(_ root: YAMLNode, _ context: inout ReadingContext) -> Connector? {
        let known: [StaticString] = ["connector", "settings", "secret", "source", "tools"]
        guard let fields = Fields(root, what: "a connector file", known: known, problems: &context.problems),
            let head = fields.required("connector", remedy: "say what it is", problems: &context.problems),
            let identity = Fields(
                head,
                what: "`connector`",
                known: ["id", "version", "title", "language"],
                problems: &context.problems
            )
        else {
            return nil
        }
        let id = identity.requiredText("id", remedy: EntityName.rule, problems: &context.problems) ?? []
        if !EntityName.isValid(ByteString(id)), !id.isEmpty {
            context.add(.badValue, at: head.position, "`\(id.shown)` is no name", remedy: EntityName.rule)
        }
        let settings = settings(fields, &context)
        context.settings = Set(settings.map(\.name))
        let secret = secret(fields, &context)
        let source = fields.required("source", remedy: "say where the API is", problems: &context.problems).flatMap {
            SourceReader.read($0, &context)
        }
        let tools = tools(fields, &context)
        guard let source else {
            return nil
        }
        return Connector(
            id: ByteString(id),
            version: ByteString(identity.text("version", problems: &context.problems) ?? []),
            title: ByteString(identity.text("title", problems: &context.problems) ?? id),
            language: ByteString(identity.text("language", problems: &context.problems) ?? Array("en".utf8)),
            settings: settings,
            secretDescription: secret,
            tools: tools,
            source: source
        )
    }

    private static func secret(_ fields: Fields, _ context: inout ReadingContext) -> ByteString {
        guard let node = fields.required("secret", remedy: "say what it is: `{about: …}`", problems: &context.problems)
        else {
            return ""
        }
        let own = Fields(node, what: "`secret`", known: ["about"], problems: &context.problems)
        return ByteString(own?.text("about", problems: &context.problems) ?? [])
    }

    private static func settings(_ fields: Fields, _ context: inout ReadingContext) -> [ConnectorSetting] {
        (fields["settings"]?.value.entries ?? []).compactMap { entry in
            let own = Fields(
                entry.value,
                what: "a setting",
                known: ["type", "about", "else"],
                problems: &context.problems
            )
            guard let own, let kind: ConnectorSetting.Kind = own.word("type", problems: &context.problems) else {
                context.add(.missingKey, at: entry.keyPosition, "the setting `\(entry.key.shown)` has no `type`")
                return nil
            }
            let fallback = own["else"].map { TemplateReader.constant($0.value, &context) }
            return ConnectorSetting(
                name: ByteString(entry.key),
                kind: kind,
                description: ByteString(own.text("about", problems: &context.problems) ?? []),
                fallback: fallback
            )
        }
    }

    private static func tools(_ fields: Fields, _ context: inout ReadingContext) -> [ConnectorTool] {
        guard let node = fields.required("tools", remedy: "add one", problems: &context.problems) else {
            return []
        }
        guard let entries = node.entries, !entries.isEmpty, entries.count <= maximumTools else {
            context.add(.wrongType, at: node.position, "`tools` is a mapping of 1 to \(maximumTools) names to tools")
            return []
        }
        return entries.compactMap { ToolReader.read($0, &context) }
    }
}
