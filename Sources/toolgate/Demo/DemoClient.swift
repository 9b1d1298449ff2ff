import Base
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import Upstreams

/// A small MCP client of the newest revision, for the demonstration's own calls.
///
/// Loop-confined.
final class DemoClient {
    private let endpoint: String
    private let token: String
    private let client: HTTPClient

    init(endpoint: String, token: String, loop: EventLoop) {
        self.endpoint = endpoint
        self.token = token
        client = HTTPClient(on: loop)
    }

    /// Sends one `tools/call` and answers with the JSON-RPC response.
    func send(_ body: [UInt8], tool: String) async throws(CommandFailure) -> JSONValue {
        let address: UpstreamAddress
        do throws(UpstreamAddress.Problem) {
            address = try UpstreamAddress(endpoint.utf8)
        } catch {
            throw .environment("the endpoint cannot be used: \(error.rawValue)")
        }
        let request = HTTPClientRequest(method: .post, target: address.target, fields: try fields(tool), body: body)
        do throws(HTTPClientError) {
            let exchange = try await client.send(request, to: address.origin, poolKey: "demo")
            let bytes = try await exchange.body(maximumBytes: 1 << 20)
            return try Self.message(bytes, exchange.head)
        } catch {
            throw .environment("the gateway cannot be reached: \(error)")
        }
    }

    /// Closes its connections.
    func close() {
        client.close()
    }

    private func fields(_ tool: String) throws(CommandFailure) -> HTTPFields {
        var fields = HTTPFields()
        do throws(HTTPSerializerError) {
            fields.append(.contentType, "application/json")
            fields.append(.accept, "application/json, text/event-stream")
            try fields.append(.authorization, Array("Bearer \(token)".utf8))
            fields.append(.mcpProtocolVersion, "2026-07-28")
            fields.append(.mcpMethod, "tools/call")
            try fields.append(.mcpName, Array(tool.utf8))
            return fields
        } catch {
            throw .environment("the request cannot be written: \(error.rawValue)")
        }
    }

    /// The response in a JSON body, or the last event of a stream.
    private static func message(_ bytes: [UInt8], _ head: HTTPResponseHead) throws(HTTPClientError) -> JSONValue {
        var text = bytes
        if head.fields[.contentType]?.hasPrefix("text/event-stream") == true {
            var reader = SSEReader()
            var position = 0
            do throws(SSEError) {
                while let event = try reader.next(bytes.span, &position) {
                    text = event.data.isEmpty ? text : event.data
                }
            } catch {
                throw HTTPClientError(.malformed(.truncated), wroteBytes: true)
            }
        }
        do throws(JSONError) {
            return try JSONDocument(text).root
        } catch {
            throw HTTPClientError(.malformed(.truncated), wroteBytes: true)
        }
    }
}
