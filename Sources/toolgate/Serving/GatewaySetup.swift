import AuditJournal
import AuditModel
import Base
import EventLoops
import Gateway
import HTTPTransport
import Secrets
import Upstreams

/// Everything a gateway needs before it can be told what to serve.
struct GatewaySetup: Sendable {
    var listen: SocketAddress
    var workers: Int
    var keys: KeyFile
    var log: DecisionLogWriter
    var identity: TLSServerIdentity?
    var trust: TLSTrust?
    var allowedHosts: [String] = []
    var allowedOrigins: [String] = []
    /// Whether a store keeps the counters of limits.
    var keepsCounters = false
    /// Where every call is noted before it goes on; `nil`: nowhere.
    var journal: AuditJournal?
    /// Makes what counters keep of argument values.
    var counterDigester: ArgumentDigester?
    /// Makes what the journal keeps of argument values; `nil`: nothing.
    var argumentDigester: ArgumentDigester?
    /// How servers that are processes are started; `nil`: they are not.
    var processes: ProcessHostConfiguration?
    /// Who keeps approvals; `nil`: nobody.
    var approvals: (any ApprovalDesk)?

    /// A gateway for a definition, listening; `prepare` is given it before it does.
    func start(
        _ definition: SnapshotDefinition,
        prepare: (GatewayService) throws(CommandFailure) -> Void = { _ in }
    ) async throws(CommandFailure) -> (GatewayService, SocketAddress) {
        var configuration = GatewayConfiguration(
            server: HTTPServerConfiguration(address: listen, tls: identity),
            client: HTTPClientConfiguration(trust: trust),
            keys: keys
        )
        configuration.allowedHosts = allowedHosts
        configuration.allowedOrigins = allowedOrigins
        configuration.keepsCounters = keepsCounters
        configuration.journal = journal
        configuration.counterDigester = counterDigester
        configuration.argumentDigester = argumentDigester
        configuration.processes = processes
        configuration.approvals = approvals
        let service: GatewayService
        do throws(SnapshotProblems) {
            service = try GatewayService(
                configuration: configuration,
                definition: definition,
                workers: workers,
                sink: log
            )
        } catch {
            throw .refused(error.problems.map { "\($0.section)[\($0.index)]: \($0.message)" }.joined(separator: "\n"))
        }
        try prepare(service)
        do throws(StartFailure) {
            return (service, try await service.start())
        } catch {
            switch error {
            case .listening(let problem):
                throw .environment("cannot listen on \(listen): \(problem); choose another address with `--listen`")
            case .journal(let problem):
                throw .environment("cannot keep the audit journal: \(problem)")
            }
        }
    }

    /// What of the gateway's own environment every process gets: what programs need to find their way, and no secret.
    private static let inherited = ["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"]

    /// Processes that this very program supervises, their news kept in the data directory.
    static func processes(environment: [String: String], dataDirectory: String) -> ProcessHostConfiguration {
        let logs = ServerLogs(folder: ServerLogs.folder(of: dataDirectory))
        return processes(environment: environment) { server, news in logs.take(server, news) }
    }

    /// The same with their news going elsewhere.
    static func processes(
        environment: [String: String],
        report: @escaping @Sendable (ByteString, ProcessNews) -> Void
    ) -> ProcessHostConfiguration {
        ProcessHostConfiguration(
            // The program that runs, also when its file was replaced since.
            supervisor: ["/proc/self/exe", "internal", "supervise"],
            environment: inherited.compactMap { name in
                environment[name].map { value in
                    ProcessVariable(name: ByteString(name), value: Secret(Array(value.utf8)), isSecret: false)
                }
            },
            report: report
        )
    }

    /// Where clients reach a server, as they write it.
    func endpoint(_ address: SocketAddress, server: String) -> String {
        let scheme = identity == nil ? "http" : "https"
        // A certificate is for a name; an unspecified address is no place to connect to.
        if identity != nil, let name = allowedHosts.first {
            return "\(scheme)://\(name):\(address.port)/mcp/\(server)"
        }
        let host = address.ip.isUnspecified ? "127.0.0.1:\(address.port)" : "\(address)"
        return "\(scheme)://\(host)/mcp/\(server)"
    }
}
