import Base
import EventLoops
import Gateway
import HTTPTransport
import Secrets

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

    /// A gateway for a definition, listening.
    func start(_ definition: SnapshotDefinition) async throws(CommandFailure) -> (GatewayService, SocketAddress) {
        var configuration = GatewayConfiguration(
            server: HTTPServerConfiguration(address: listen, tls: identity),
            client: HTTPClientConfiguration(trust: trust),
            keys: keys
        )
        configuration.allowedHosts = allowedHosts
        configuration.allowedOrigins = allowedOrigins
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
        do throws(StreamError) {
            return (service, try await service.start())
        } catch {
            throw .environment("cannot listen on \(listen): \(error); choose another address with `--listen`")
        }
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

/// Puts a changed configuration in force, or says why not.
///
/// Confined to the control loop.
final class ConfigurationWatch {
    /// How often the files are looked at: a change is in force within this.
    private static let interval = Duration.milliseconds(250)

    private let origin: ConfigurationOrigin
    private let service: GatewayService
    private let console: Console
    private var sources: [String: FileAccess.Stamp?]
    private var timer: LoopTimer?

    init(
        _ origin: ConfigurationOrigin,
        service: GatewayService,
        loaded: LoadedConfiguration,
        console: Console,
        loop: EventLoop
    ) {
        self.origin = origin
        self.service = service
        self.console = console
        sources = loaded.sources
        timer = LoopTimer(on: loop) { [weak self] in self?.look() }
        timer?.set(after: Self.interval)
    }

    /// Looks no more.
    func cancel() {
        timer?.cancel()
        timer = nil
    }

    private func look() {
        if sources.contains(where: { FileAccess.stamp($0.key) != $0.value }) {
            reload()
        }
        timer?.set(after: Self.interval)
    }

    /// Reads everything anew; what is in force stays when anything is wrong.
    func reload() {
        let loaded = origin.load(environment: console.environment)
        sources = loaded.sources
        for warning in loaded.warnings {
            console.say(warning)
        }
        guard let definition = loaded.definition else {
            return refuse(loaded.problems)
        }
        do throws(SnapshotProblems) {
            try service.reload(definition)
            console.say("toolgate: the new configuration is in force")
        } catch {
            refuse(error.problems.map { "\($0.section)[\($0.index)]: \($0.message)" })
        }
    }

    private func refuse(_ problems: [String]) {
        for problem in problems {
            console.say(problem)
        }
        console.say("toolgate: the new configuration is refused; the one before stays in force")
    }
}
