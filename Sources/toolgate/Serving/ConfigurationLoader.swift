import Base
import Gateway
import PolicyEngine
import Settings
import Synchronization
import YAMLText

/// What reading a configuration came to, whichever way it was given.
struct LoadedConfiguration: Sendable {
    /// What to serve; `nil` when anything is wrong.
    let definition: SnapshotDefinition?
    /// Everything that is wrong, one line each, ready to be said.
    let problems: [String]
    /// What loads and may not mean what its author thinks.
    let warnings: [String]
    /// The files it was read from, as they were just before they were read.
    let sources: [String: FileAccess.Stamp?]
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
}

/// One server, one policy file and one grant.
struct QuickConfiguration: Sendable {
    let server: ServerDefinition
    let policyFile: String
    let grant: GrantDefinition

    func load() -> LoadedConfiguration {
        let stamp = FileAccess.stamp(policyFile)
        let sources = [policyFile: stamp]
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try FileAccess.read(policyFile)
        } catch {
            return LoadedConfiguration(definition: nil, problems: [error.message], warnings: [], sources: sources)
        }
        let (policy, findings) = CompiledPolicy.load(bytes)
        let lines = findings.map { PolicyFiles.line($0, in: policyFile) }
        guard let policy else {
            return LoadedConfiguration(definition: nil, problems: lines, warnings: [], sources: sources)
        }
        let definition = SnapshotDefinition(
            servers: [server],
            policies: [PolicyDefinition(name: "policy", server: server.name, compiled: policy)],
            grants: [grant]
        )
        return LoadedConfiguration(definition: definition, problems: [], warnings: lines, sources: sources)
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
            let problem = FileAccess.problem(path)
            return LoadedConfiguration(definition: nil, problems: [problem], warnings: [], sources: seen.stamps)
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
            return LoadedConfiguration(definition: nil, problems: problems, warnings: [], sources: seen.stamps)
        }
        return convert(configuration, sources: seen.stamps)
    }

    private func convert(
        _ configuration: Configuration,
        sources: [String: FileAccess.Stamp?]
    ) -> LoadedConfiguration {
        var reports: [PolicyReport] = []
        let definition: SnapshotDefinition?
        var problems: [String] = []
        do throws(SnapshotProblems) {
            definition = try SnapshotDefinition(configuration, reports: &reports)
        } catch {
            definition = nil
            problems = error.problems.map { problem in
                let place = Self.position(of: problem, in: configuration).map { ":\($0.line):\($0.column)" } ?? ""
                return "\(path)\(place): \(problem.message)"
            }
        }
        let findings = reports.flatMap { report in
            report.findings.map { line($0, of: configuration.policies[report.index]) }
        }
        return LoadedConfiguration(
            definition: definition,
            problems: definition == nil ? findings + problems : [],
            warnings: definition == nil ? [] : findings,
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

    private static func position(of problem: SnapshotProblem, in configuration: Configuration) -> YAMLPosition? {
        switch problem.section {
        case "servers" where configuration.servers.indices.contains(problem.index):
            configuration.servers[problem.index].position
        case "policies" where configuration.policies.indices.contains(problem.index):
            configuration.policies[problem.index].position
        case "grants" where configuration.grants.indices.contains(problem.index):
            configuration.grants[problem.index].position
        default:
            nil
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
