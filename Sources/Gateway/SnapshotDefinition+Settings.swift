internal import Base
public import PolicyEngine
public import Settings
internal import Upstreams

/// What compiling the policies of a configuration came to: the findings of one of them.
public struct PolicyReport: Sendable {
    /// Which policy of the configuration, from 0.
    public let index: Int
    /// Errors and warnings, by position in the policy's document.
    public let findings: [PolicyFinding]

    /// Whether the policy cannot be used.
    public var hasErrors: Bool { findings.contains { $0.severity == .error } }
}

extension SnapshotDefinition {
    /// Makes a definition of a configuration that was read without problems: compiles its policies.
    ///
    /// - Parameters:
    ///   - configuration: what `toolgate.yaml` says.
    ///   - reports: gets what there is to say about the policies, warnings too.
    /// - Throws: every problem at once; those of a policy's own document are in `reports`.
    public init(_ configuration: Configuration, reports: inout [PolicyReport]) throws(SnapshotProblems) {
        var problems: [SnapshotProblem] = []
        self.init()
        for (index, server) in configuration.servers.enumerated() {
            do throws(SnapshotProblem) {
                servers.append(try Self.server(server, index))
            } catch {
                problems.append(error)
            }
        }
        for (index, settings) in configuration.policies.enumerated() {
            let (compiled, findings) = CompiledPolicy.load(settings.document)
            if !findings.isEmpty {
                reports.append(PolicyReport(index: index, findings: findings))
            }
            guard let compiled else {
                problems.append(
                    SnapshotProblem(
                        section: "policies",
                        index: index,
                        message: "the policy `\(settings.name)` has errors: correct them, they are listed with it"
                    )
                )
                continue
            }
            policies.append(PolicyDefinition(name: settings.name, server: settings.server, compiled: compiled))
        }
        grants = configuration.grants.map { grant in
            GrantDefinition(
                label: grant.label,
                id: ByteString(grant.id.text),
                server: grant.server,
                policy: grant.policy,
                digest: grant.digest,
                expires: grant.expires,
                member: grant.member
            )
        }
        guard problems.isEmpty else {
            throw SnapshotProblems(problems: problems)
        }
    }

    private static func server(_ settings: ServerSettings, _ index: Int) throws(SnapshotProblem) -> ServerDefinition {
        let url = settings.upstream.origin.bytes + settings.upstream.target.bytes
        let address: UpstreamAddress
        do throws(UpstreamAddress.Problem) {
            // Whether plain http may leave this machine was asked when the configuration was read.
            address = try UpstreamAddress(url, allowsInsecure: true)
        } catch {
            throw SnapshotProblem(section: "servers", index: index, message: "the upstream's URL: \(error.rawValue)")
        }
        do throws(UpstreamConfiguration.Problem) {
            let upstream = try UpstreamConfiguration(
                name: settings.name,
                address: address,
                headers: settings.headers.map { UpstreamHeader(name: $0.name, value: $0.value) }
            )
            return ServerDefinition(name: settings.name, uuid: ByteString(settings.id.text), upstream: upstream)
        } catch {
            throw SnapshotProblem(section: "servers", index: index, message: Self.sentence(error))
        }
    }

    private static func sentence(_ problem: UpstreamConfiguration.Problem) -> String {
        switch problem {
        case .badName(let name): "the header name `\(name)` is not one HTTP knows: use letters, digits and `-`"
        case .badValue(let name): "the value of the header `\(name)` holds a byte that cannot stand in a header"
        case .reserved(let name): "the header `\(name)` is the gateway's own to write: remove it"
        case .duplicate(let name): "the header `\(name)` stands twice: keep one"
        }
    }
}
