internal import Base
internal import YAMLText

/// Where a configuration takes files and variables from: the file system in the product, a table in tests.
public struct SettingsSources: Sendable {
    /// The bytes of a file by the path as written, relative to the configuration file; or why not, in a few words.
    public let file: @Sendable (String) -> Result<[UInt8], SourceFailure>
    /// The bytes of an environment variable; `nil` when it is not set.
    public let variable: @Sendable (String) -> [UInt8]?

    /// Sources from two functions.
    public init(
        file: @escaping @Sendable (String) -> Result<[UInt8], SourceFailure>,
        variable: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.file = file
        self.variable = variable
    }
}

/// Why a file cannot be read, in the system's words (`no such file`).
public struct SourceFailure: Error, Hashable, Sendable {
    /// The words.
    public let reason: String

    /// A failure for a reason.
    public init(_ reason: String) {
        self.reason = reason
    }
}

/// What reading a configuration came to: either a whole configuration, or everything that is wrong with it.
public struct SettingsResult: Sendable {
    /// `nil` when there is a single problem.
    public let configuration: Configuration?
    /// In the order of the file, at most 100.
    public let problems: [SettingsProblem]
    /// How many more there were.
    public let omittedProblems: Int
    /// The policies whose documents were found, also when there is a problem elsewhere: so that the mistakes in them can
    /// be told in the same go.
    public let policies: [PolicySettings]
}

/// Reads `toolgate.yaml`, version 1 (interfaces.md, "toolgate.yaml").
///
/// A pure function but for `sources`; a file with a mistake is refused whole, with every problem found at once.
public enum SettingsReader {
    // LIMIT: more problems than this help nobody.
    private static let maximumProblems = 100

    /// Reads the text of a configuration file.
    public static func read(_ text: [UInt8], sources: SettingsSources) -> SettingsResult {
        var problems = Problems()
        let configuration: Configuration?
        do throws(YAMLError) {
            let root = try YAMLDocument.parse(text)
            configuration = read(root, sources: sources, problems: &problems)
        } catch {
            problems.add(.syntax, at: error.position, "\(error.reason)")
            configuration = nil
        }
        let sorted = problems.all.enumerated().sorted { left, right in
            (left.element.position, left.offset) < (right.element.position, right.offset)
        }
        return SettingsResult(
            configuration: sorted.isEmpty ? configuration : nil,
            problems: sorted.prefix(maximumProblems).map(\.element),
            omittedProblems: max(sorted.count - maximumProblems, 0),
            policies: configuration?.policies ?? []
        )
    }

    private static func read(
        _ root: YAMLNode,
        sources: SettingsSources,
        problems: inout Problems
    ) -> Configuration? {
        let known: [StaticString] = ["version", "servers", "policies", "bundles", "grants"]
        guard let fields = Fields(root, what: "the configuration", known: known, problems: &problems) else {
            return nil
        }
        checkVersion(fields, problems: &problems)
        let servers = ServerReader.read(fields, sources: sources, problems: &problems)
        let policies = PolicyReader.read(fields, servers: servers.names, sources: sources, problems: &problems)
        let bundles = BundleReader.read(
            fields,
            servers: servers.names,
            policies: policies.servers,
            problems: &problems
        )
        let grants = GrantReader.read(
            fields,
            servers: servers.names,
            bundles: bundles.names,
            policies: policies.servers,
            problems: &problems
        )
        return Configuration(
            servers: servers.settings,
            policies: policies.settings,
            bundles: bundles.settings,
            grants: grants
        )
    }

    private static func checkVersion(_ fields: Fields, problems: inout Problems) {
        guard let node = fields.required("version", remedy: "write `version: 1`", problems: &problems) else {
            return
        }
        guard case .scalar(let bytes, isPlain: true) = node.content, bytes.isEqual(to: "1") else {
            problems.add(.badValue, at: node.position, "this version reads `version: 1` only")
            return
        }
    }
}

/// Finds the second of two entries with the same name, identity or digest.
struct Uniqueness<Key: Hashable> {
    private var seen: [Key: YAMLPosition] = [:]

    /// Adds a problem when `key` was seen before; whether it was not.
    @discardableResult
    mutating func check(_ key: Key, what: String, at position: YAMLPosition, problems: inout Problems) -> Bool {
        guard let first = seen[key] else {
            seen[key] = position
            return true
        }
        problems.add(.duplicate, at: position, "\(what) is taken", remedy: "the first one is in line \(first.line)")
        return false
    }
}
