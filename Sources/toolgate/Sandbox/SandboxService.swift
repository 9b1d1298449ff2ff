import Base
import Cryptography
import EventLoops
import HTTPTransport
import HTTPWire

/// Serves a ``SandboxEndpoint`` over HTTP on one worker.
///
/// Loop-confined.
final class SandboxService {
    /// LIMIT: bytes of a request; the arguments of a CRM's tools are small.
    private static let maximumBodyBytes = 1 << 20

    private var endpoint: SandboxEndpoint
    private let time: any TimeSource

    private init(endpoint: SandboxEndpoint, time: any TimeSource) {
        self.endpoint = endpoint
        self.time = time
    }

    /// Listens and serves until the returned server is drained.
    static func start(
        on worker: isolated Worker,
        address: SocketAddress,
        pageSize: Int,
        time: any TimeSource = SystemTime()
    ) throws(StreamError) -> HTTPServer {
        let endpoint = SandboxEndpoint(now: time.wallTime, pageSize: pageSize) {
            TextCoding.base64URL(Random.bytes(24))
        }
        let service = SandboxService(endpoint: endpoint, time: time)
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
            let request = Self.read(exchange.head, body: try await exchange.body(maximumBytes: Self.maximumBodyBytes))
            let response = endpoint.answer(request, now: time.wallTime)
            try await exchange.respond(response.status, try Self.fields(response), body: response.body)
        } catch {
            // The transport answers for us, or the client is gone.
        }
    }

    private static func read(_ head: HTTPRequestHead, body: [UInt8]) -> SandboxRequest {
        var request = SandboxRequest()
        switch head.method {
        case .post: request.method = .post
        case .get: request.method = .get
        case .delete: request.method = .delete
        default: request.method = .other
        }
        request.path = Array(head.path)
        request.contentType = head.fields[.contentType].map { Array($0) }
        request.origin = head.fields[.origin].map { Array($0) }
        request.protocolVersion = head.fields[.mcpProtocolVersion].map { Array($0) }
        request.mcpMethod = head.fields[.mcpMethod].map { Array($0) }
        request.mcpName = head.fields[.mcpName].map { Array($0) }
        request.sessionID = head.fields[.mcpSessionID].map { Array($0) }
        request.body = body
        return request
    }

    private static func fields(_ response: SandboxResponse) throws(HTTPServerError) -> HTTPFields {
        var fields = HTTPFields()
        do throws(HTTPSerializerError) {
            if !response.body.isEmpty {
                fields.append(.contentType, "application/json")
            }
            if let session = response.sessionID {
                try fields.append(.mcpSessionID, session)
            }
            if let allow = response.allow {
                fields.append(.allow, allow)
            }
        } catch {
            throw .unwritable(error)
        }
        return fields
    }
}
