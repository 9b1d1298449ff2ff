import Base
import PolicyEngine
import Secrets
import Settings
import Synchronization
import YAMLText

/// What reading a configuration came to, whichever way it was given.
struct LoadedConfiguration: Sendable {
    /// What the store is to hold; `nil` when anything is wrong.
    let configuration: Configuration?
    /// Of each policy's document, by the policy's name.
    let digests: [ByteString: [UInt8]]
    /// Everything that is wrong, one line each, ready to be said.
    let problems: [String]
    /// What loads and may not mean what its author thinks.
    let warnings: [String]
    /// The files it was read from, as they were just before they were read.
    let sources: [String: FileAccess.Stamp?]

    init(
        configuration: Configuration? = nil,
        digests: [ByteString: [UInt8]] = [:],
        problems: [String] = [],
        warnings: [String] = [],
        sources: [String: FileAccess.Stamp?]
    ) {
        self.configuration = configuration
        self.digests = digests
        self.problems = problems
        self.warnings = warnings
        self.sources = sources
    }
}

/// Where a configuration comes from.
enum ConfigurationOrigin: Sendable {
    /// `--config FILE`.
    case file(String)
    /// `--upstream URL --policy FILE`, with the grant that was minted for it.
    case quick(QuickConfiguration)

    /// Reads it anew.
    func load(environment: [String: String]) -> LoadedConfiguration {
        switch self {
        case .file(let path): ConfigurationFile(path: path, environment: environment).load()
        case .quick(let quick): quick.load()
        }
    }

    /// A path as it is written, from the current folder or the root.
    func path(_ written: ByteString) -> ByteString {
        switch self {
        case .file(let file): ByteString(FileAccess.absolute(FileAccess.resolve(written.text, besideFile: file)))
        case .quick: written
        }
    }
}

/// One server, one policy file and one grant.
struct QuickConfiguration: Sendable {
    let server: ServerSettings
    let policyFile: String
    let digest: GrantDigest

    func load() -> LoadedConfiguration {
        let stamp = FileAccess.stamp(policyFile)
        let sources = [policyFile: stamp]
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try FileAccess.read(policyFile)
        } catch {
            return LoadedConfiguration(problems: [error.message], sources: sources)
        }
        let (policy, findings) = CompiledPolicy.load(bytes)
        let lines = findings.map { PolicyFiles.line($0, in: policyFile) }
        guard let policy else {
            return LoadedConfiguration(problems: lines, sources: sources)
        }
        let name: ByteString = "policy"
        let settings = PolicySettings(
            name: name,
            server: server.name,
            document: bytes,
            source: .file(policyFile),
            position: server.position
        )
        let label: ByteString = "quick"
        let grant = GrantSettings(
            label: label,
            id: EntityID(kind: "grant", name: label),
            server: server.name,
            policy: name,
            digest: digest.bytes,
            expires: nil,
            member: nil,
            position: server.position
        )
        return LoadedConfiguration(
            configuration: Configuration(servers: [server], policies: [settings], grants: [grant]),
            digests: [name: policy.digest],
            warnings: lines,
            sources: sources
        )
    }
}

/// `toolgate.yaml` with the files it names.
struct ConfigurationFile: Sendable {
    let path: String
    let environment: [String: String]

    /// Reads everything and reports every mistake of every file at once.
    func load() -> LoadedConfiguration {
        let seen = SourceFiles()
        guard let text = seen.read(path) else {
            return LoadedConfiguration(problems: [FileAccess.problem(path)], sources: seen.stamps)
        }
        let base = path
        let variables = environment
        let sources = SettingsSources(
            file: { name in
                let resolved = FileAccess.resolve(name, besideFile: base)
                guard let bytes = seen.read(resolved) else {
                    return .failure(SourceFailure(FileAccess.problem(resolved)))
                }
                return .success(bytes)
            },
            variable: { name in variables[name].map { Array($0.utf8) } }
        )
        let result = SettingsReader.read(text, sources: sources)
        guard let configuration = result.configuration else {
            var problems = result.problems.map { "\(path):\($0)" }
            if result.omittedProblems > 0 {
                problems.append("\(path): and \(result.omittedProblems) more")
            }
            // What is wrong in the documents is told in the same go.
            problems +=
                compile(Configuration(servers: [], policies: result.policies, grants: []), sources: [:]).problems
            return LoadedConfiguration(problems: problems, sources: seen.stamps)
        }
        return compile(configuration, sources: seen.stamps)
    }

    private func compile(
        _ configuration: Configuration,
        sources: [String: FileAccess.Stamp?]
    ) -> LoadedConfiguration {
        var digests: [ByteString: [UInt8]] = [:]
        var lines: [String] = []
        var hasErrors = false
        for server in configuration.servers {
            if case .connector(let settings) = server.upstream, let problem = ConnectorFit.problem(settings) {
                hasErrors = true
                lines.append(
                    "\(path):\(server.position.line):\(server.position.column): server `\(server.name)`: \(problem)"
                )
            }
        }
        for settings in configuration.policies {
            let (policy, findings) = CompiledPolicy.load(settings.document)
            digests[settings.name] = policy?.digest
            hasErrors = hasErrors || policy == nil
            lines += findings.map { line($0, of: settings) }
        }
        return LoadedConfiguration(
            configuration: hasErrors ? nil : configuration,
            digests: digests,
            problems: hasErrors ? lines : [],
            warnings: hasErrors ? [] : lines,
            sources: sources
        )
    }

    private func line(_ finding: PolicyFinding, of policy: PolicySettings) -> String {
        switch policy.source {
        case .file(let name):
            return PolicyFiles.line(finding, in: FileAccess.resolve(name, besideFile: path))
        case .inline:
            let position = policy.position(ofPointer: finding.pointer) ?? policy.position
            return
                "\(path):\(position.line):\(position.column): \(finding.severity.rawValue): policy `\(policy.name)`: "
                + "\(finding.message) [\(finding.code.rawValue)]"
        }
    }
}

/// Reads files and remembers what they were like just before, so that a change in between is never missed.
private final class SourceFiles: Sendable {
    private let seen = Guarded<[String: FileAccess.Stamp?]>([:])

    var stamps: [String: FileAccess.Stamp?] { seen.withLock { $0 } }

    func read(_ path: String) -> [UInt8]? {
        let stamp = FileAccess.stamp(path)
        seen.withLock { $0[path] = .some(stamp) }
        do throws(FileProblem) {
            return try FileAccess.read(path)
        } catch {
            return nil
        }
    }
}

extension FileAccess {
    /// Why a file cannot be read, for saying so; reads it again to find out.
    fileprivate static func problem(_ path: String) -> String {
        do throws(FileProblem) {
            _ = try read(path)
            return "cannot use `\(path)`: it changed while it was read"
        } catch {
            return error.message
        }
    }
}
