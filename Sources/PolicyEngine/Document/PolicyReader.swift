import Base
import JSONText

/// Reads a policy's text into a ``PolicyDocument``, collecting everything that is wrong with its form.
struct PolicyReader {
    var findings = FindingList()
    var counts = PolicyCounts()

    /// The whole document.
    ///
    /// What could not be read is left out; `findings` says so.
    mutating func read(_ source: JSONDocument) -> PolicyDocument {
        var document = PolicyDocument(source: source)
        let root = Located(source.root, at: SourceLocation(pointer: .root, offset: source.root.range.lowerBound))
        let known = [
            "version", "default", "mode", "timezone", "arguments", "hide", "show_denied", "all_tools", "classes",
            "tools", "resources", "prompts", "client_requests",
        ]
        guard let object = readObject(root, known: known, what: "a policy") else {
            return document
        }
        readVersion(object)
        if let action = readChoice(object, "default", PolicyDocument.Default.self, isRequired: true) {
            document.defaultAction = action
        }
        document.mode = readChoice(object, "mode", PolicyDocument.Mode.self) ?? .enforce
        document.timezone = readText(object, "timezone")
        document.arguments = readArgumentChecks(object)
        document.showsDenied = readBoolean(object, "show_denied") ?? true
        document.hide = readPatterns(object, "hide")
        if let rules = member(object, "all_tools") {
            document.allTools = readAllTools(rules)
        }
        if let classes = member(object, "classes") {
            document.classes = readClasses(classes)
        }
        if let tools = member(object, "tools") {
            readTools(tools, into: &document)
        }
        document.resources = readAccessList(object, "resources")
        document.prompts = readAccessList(object, "prompts")
        document.clientRequests = readClientRequests(object)
        counts.report(at: root.location, to: &findings)
        return document
    }

    private mutating func readVersion(_ object: Located<JSONValue>) {
        guard let version = member(object, "version") else {
            findings.error(.missingKey, at: object.location, "`version` is missing: add `\"version\": \"1\"`")
            return
        }
        guard version.value.string?.isEqual(to: "1") == true else {
            findings.error(.badValue, at: version.location, "only version `\"1\"` is known, as text")
            return
        }
    }

    private mutating func readAccessList(_ object: Located<JSONValue>, _ name: StaticString) -> AccessList {
        guard let value = member(object, name),
            let list = readObject(value, known: ["allow", "deny"], what: "`\(name)`")
        else {
            return AccessList()
        }
        return AccessList(allow: readPatterns(list, "allow"), deny: readPatterns(list, "deny"))
    }

    private mutating func readClientRequests(
        _ object: Located<JSONValue>
    ) -> [ClientRequestKind: PolicyDocument.Default] {
        let known = ClientRequestKind.allCases.map(\.rawValue)
        guard let value = member(object, "client_requests"),
            let requests = readObject(value, known: known, what: "`client_requests`")
        else {
            return [:]
        }
        var answers: [ClientRequestKind: PolicyDocument.Default] = [:]
        for kind in ClientRequestKind.allCases {
            if let answer = member(requests, kind.rawValue) {
                answers[kind] = readChoice(answer, PolicyDocument.Default.self)
            }
        }
        return answers
    }

    mutating func readArgumentChecks(_ object: Located<JSONValue>) -> ArgumentChecks {
        guard let value = member(object, "arguments"),
            let checks = readObject(value, known: ["validate", "closed"], what: "`arguments`")
        else {
            return ArgumentChecks()
        }
        return ArgumentChecks(validate: readBoolean(checks, "validate"), closed: readBoolean(checks, "closed"))
    }

    /// A list of names or patterns.
    mutating func readPatterns(_ object: Located<JSONValue>, _ name: StaticString) -> [Located<ByteString>] {
        guard let list = member(object, name), let elements = readArray(list, what: "`\(name)`") else {
            return []
        }
        return elements.compactMap { element in
            guard let text = readText(element) else {
                return nil
            }
            guard isUsablePattern(text, at: element.location) else {
                return nil
            }
            return Located(text, at: element.location)
        }
    }

    /// Whether a name or pattern can match anything and is not absurdly long.
    mutating func isUsablePattern(_ text: ByteString, at location: SourceLocation) -> Bool {
        counts.patterns += 1
        if text.isEmpty {
            findings.error(.badValue, at: location, "an empty name matches nothing: write a name or a pattern with `*`")
            return false
        }
        if text.count > PolicyCounts.maximumPatternBytes {
            let limit = PolicyCounts.maximumPatternBytes
            findings.error(.tooLarge, at: location, "a name or pattern has at most \(limit) bytes")
            return false
        }
        return true
    }
}

/// How much a policy may hold; counted while reading.
struct PolicyCounts {
    static let maximumBytes = 4 << 20
    static let maximumPatterns = 10_000
    /// LIMIT: blocks and limits together; 5,000 tools with ten blocks and a limit each are 55,000.
    ///
    /// Measured: 24,000 of them in 4,000 tools load in 0.85 s and take 38 MB at the peak, and both grow in proportion.
    static let maximumBlocks = 100_000
    static let maximumPatternBytes = 1_024
    static let maximumRulesPerList = 1_000

    var patterns = 0
    var blocks = 0

    func report(at location: SourceLocation, to findings: inout FindingList) {
        if patterns > Self.maximumPatterns {
            findings.error(.tooLarge, at: location, "\(patterns) names and patterns: at most \(Self.maximumPatterns)")
        }
        if blocks > Self.maximumBlocks {
            findings.error(.tooLarge, at: location, "\(blocks) blocks and limits: at most \(Self.maximumBlocks)")
        }
    }
}
