import AdminAPI
import Base
import EventLoops
import Secrets

/// Where the console and the admin API are, as `up` was asked for.
struct AdminOptions: Sendable {
    static let options = [
        CommandOption(
            "admin",
            "ADDR:PORT|off",
            "where the console and the admin API listen (default 127.0.0.1:8788)",
            environment: "TOOLGATE_ADMIN"
        ),
        CommandOption(
            "admin-url",
            "ORIGIN",
            "the origin people reach them at, when something stands in front",
            environment: "TOOLGATE_ADMIN_URL"
        ),
    ]

    private static let standardAddress = "127.0.0.1:8788"

    let address: SocketAddress
    /// Whether somebody named the address: then it must be had.
    let isNamed: Bool
    /// As browsers send it; `nil`: the address itself.
    let origin: String?

    /// Reads the options; `nil` when there is to be no admin listener.
    ///
    /// What is served and ends with the process (`isPassing`) is administered only when that was asked for.
    init?(_ invocation: Invocation, isPassing: Bool) throws(CommandFailure) {
        let written = invocation.value("admin")
        guard written != "off", written != nil || !isPassing else {
            return nil
        }
        address = try ListenAddress.parse(written ?? Self.standardAddress, option: "--admin")
        isNamed = written != nil
        origin = try invocation.value("admin-url").map { text throws(CommandFailure) in
            guard AllowedNames.isOrigin(text) else {
                throw .usage(
                    "`--admin-url \(text)` is no origin: write it as browsers send it, such as https://toolgate.example.com"
                )
            }
            return text
        }
    }

    /// Starts the listener; `nil`, and said why, when nobody named an address and the usual one is taken.
    ///
    /// - Parameters:
    ///   - served: the store.
    ///   - keyPath: where the keys are, which are read for each use: they may be rotated.
    ///   - endpoint: where clients reach a server, by its name.
    ///   - console: for what is to be said.
    /// - Returns: the listener.
    /// - Throws: a failure when the address that was named cannot be had.
    func start(
        _ served: ServedStore,
        keyPath: String,
        endpoint: @escaping @Sendable (String) -> String,
        console: Console
    ) async throws(CommandFailure) -> AdminServer? {
        var configuration = AdminConfiguration(
            address: address,
            store: served.store,
            storePath: served.path,
            gate: ClosedGate(),
            keys: { () throws(KeyFileError) in try KeyFile.load(path: keyPath) }
        )
        configuration.origin = origin
        configuration.endpoint = endpoint
        configuration.connectorProblem = { ConnectorFit.problem($0) }
        do throws(StreamError) {
            return try await AdminServer(configuration)
        } catch {
            let sentence = "the console and the admin API cannot listen on \(address): \(error)"
            guard isNamed else {
                console.say("toolgate: warning: \(sentence); `--admin ADDR:PORT` names another address")
                return nil
            }
            throw .environment("\(sentence); choose another address with `--admin`")
        }
    }

    /// Where people reach it.
    func origin(of server: AdminServer) -> String {
        origin ?? "http://\(server.address.ip.isUnspecified ? "127.0.0.1:\(server.address.port)" : "\(server.address)")"
    }
}
