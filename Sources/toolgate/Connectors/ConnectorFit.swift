import Base
import ConnectorModel
import Settings
import ShippedConnectors
import Upstreams

/// Whether a server that is a connector could be served, as far as can be told without its secret.
enum ConnectorFit {
    /// Why it could not; `nil` when it could.
    static func problem(_ settings: ConnectorSettings) -> String? {
        guard let connector = ShippedConnectors.connector(named: settings.connector) else {
            let known = ShippedConnectors.names.map { "`\($0)`" }.joined(separator: ", ")
            return "there is no connector `\(settings.connector)`: there are \(known)"
        }
        let instance: ConnectorInstance
        do throws(ConnectorSettingProblem) {
            // The secret itself is looked at when the server is served.
            let secret = Secret(Array("1/placeholder".utf8))
            instance = try ConnectorInstance(connector, set: settings.set.map { ($0.name, $0.value) }, secret: secret)
        } catch {
            return error.description
        }
        do throws(UpstreamAddress.Problem) {
            _ = try ConnectorAccount(instance)
            return nil
        } catch {
            return "`\(instance.origin)` cannot be used: \(error.rawValue)"
        }
    }
}
