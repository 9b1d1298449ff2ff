import Base
import ConnectorModel
import EventLoops
import Gateway
import PolicyEngine
import Secrets
import ShippedConnectors
import Upstreams

/// What a demonstration shows: servers, each with its policy and a grant of its own, and the calls that go to them.
struct DemoScene {
    /// One server behind the gateway.
    struct Server {
        let name: String
        /// What it is, for people.
        let about: String
        let upstream: UpstreamConfiguration
        let policy: StaticString
        let token = GrantToken.generate(for: .sandbox)

        var policyFile: String { "\(name)-policy.json" }
    }

    let servers: [Server]
    let calls: [DemoCalls.Call]

    func server(of call: DemoCalls.Call) -> Server? {
        servers.first { $0.name == call.server }
    }

    /// The files a demonstration writes for it.
    var policyFiles: [String] { servers.map(\.policyFile) }

    /// The sandbox's CRM.
    static func sandbox(at address: SocketAddress) throws(CommandFailure) -> DemoScene {
        let url = "http://\(address)/mcp"
        let upstream: UpstreamConfiguration
        do {
            upstream = try UpstreamConfiguration(name: "crm", address: try UpstreamAddress(url.utf8))
        } catch {
            throw .refused("the sandbox's own address cannot be used: \(error)")
        }
        let about = "\(url)  (the sandbox: an MCP server with a CRM's tools)"
        return DemoScene(
            servers: [Server(name: "crm", about: about, upstream: upstream, policy: DemoCalls.sandboxPolicy)],
            calls: DemoCalls.sandbox
        )
    }

    /// The connectors that come with Toolgate, in front of APIs that look like Kommo's and Bitrix24's.
    static func connectors(_ invocation: Invocation) throws(CommandFailure) -> DemoScene? {
        let kommo = invocation.value("kommo")
        let bitrix = invocation.value("bitrix24")
        guard kommo != nil || bitrix != nil else {
            return nil
        }
        guard let kommo, let bitrix else {
            throw .usage("`--kommo URL` and `--bitrix24 URL` go together: the calls are of both")
        }
        let environment = invocation.console.environment
        return DemoScene(
            servers: [
                try server("kommo", kommo, environment["KOMMO_TOKEN"], "KOMMO_TOKEN", DemoCalls.kommoPolicy),
                try server(
                    "bitrix24",
                    bitrix,
                    environment["BITRIX24_WEBHOOK"],
                    "BITRIX24_WEBHOOK",
                    DemoCalls.bitrixPolicy
                ),
            ],
            calls: DemoCalls.connectors
        )
    }

    private static func server(
        _ name: String,
        _ base: String,
        _ secret: String?,
        _ variable: String,
        _ policy: StaticString
    ) throws(CommandFailure) -> Server {
        guard let secret, !secret.isEmpty else {
            throw .environment("the variable `\(variable)` is not set: the connector takes its secret from there")
        }
        guard let connector = ShippedConnectors.connector(named: ByteString(name)) else {
            throw .refused("there is no connector `\(name)`")
        }
        let account: ConnectorAccount
        do {
            let instance = try ConnectorInstance(
                connector,
                set: [("base", ByteString(base))],
                secret: Secret(Array(secret.utf8))
            )
            account = try ConnectorAccount(instance)
        } catch {
            throw .usage("`--\(name) \(base)` cannot be used: \(error)")
        }
        return Server(
            name: name,
            about: "\(base)  (a REST API; the connector makes \(connector.tools.count) tools of it)",
            upstream: UpstreamConfiguration(name: ByteString(name), connector: account),
            policy: policy
        )
    }
}
