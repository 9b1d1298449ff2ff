import Base
import ConnectorModel
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import Upstreams

/// Serves one connector as an MCP server on loopback, for a gateway on the same machine.
///
/// Loop-confined.
final class ConnectorService {
    /// LIMIT: bytes of a message.
    private static let maximumBodyBytes = 4 << 20
    private static let timeout = Duration.seconds(300)

    private let account: ConnectorAccount
    private let runner: ConnectorRunner

    private init(_ account: ConnectorAccount, on loop: EventLoop) {
        self.account = account
        runner = ConnectorRunner(account, client: HTTPClient(on: loop), poolKey: "connector", loop: loop)
    }

    /// Listens and serves until the returned server is drained.
    static func start(
        _ account: ConnectorAccount,
        on worker: isolated Worker,
        address: SocketAddress
    ) throws(StreamError) -> HTTPServer {
        let service = ConnectorService(account, on: worker.loop)
        let configuration = HTTPServerConfiguration(
            address: address,
            limits: HTTPLimits(maximumBodyBytes: maximumBodyBytes)
        )
        return try HTTPServer(on: worker, configuration: configuration) { exchange in
            await service.answer(exchange)
        }
    }

    private func answer(_ exchange: HTTPServerExchange) async {
        do throws(HTTPServerError) {
            let body = try await exchange.body(maximumBytes: Self.maximumBodyBytes)
            let (status, bytes) = await answer(exchange.head, body)
            var fields = HTTPFields()
            if !bytes.isEmpty {
                fields.append(.contentType, "application/json")
            }
            try await exchange.respond(status, fields, body: bytes)
        } catch {
            // The transport answers for us, or the client is gone.
        }
    }

    /// Nobody but a program of this machine that is no browser: there is no token here, the gateway has those.
    private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) async -> (status: Int, body: [UInt8]) {
        guard Array(head.path).isEqual(to: "/mcp") else {
            return (404, [])
        }
        guard head.fields[.origin] == nil else {
            return (403, [])
        }
        guard head.method == .post else {
            return (405, [])
        }
        guard let type = head.fields[.contentType], HTTPMediaType.isJSON(type) else {
            return (415, [])
        }
        let message: JSONDocument
        do throws(JSONError) {
            message = try JSONDocument(body)
        } catch {
            return (400, [])
        }
        let isModern = head.fields[.mcpProtocolVersion]?.isEqual(to: "2026-07-28") == true
        switch account.face.read(message.root, isModern: isModern) {
        case .answered(let bytes): return (200, bytes)
        case .nothing: return (202, [])
        case .call(let tool, let arguments, let id):
            guard let result = await runner.call(tool, arguments: arguments, timeout: Self.timeout) else {
                return (500, [])
            }
            return (200, account.face.answer(result, to: id, isModern: isModern))
        }
    }
}
