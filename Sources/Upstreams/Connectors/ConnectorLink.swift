import Base
import ConnectorModel
import EventLoops
import HTTPTransport
import JSONText
import MCPModel

/// The way of one worker to a REST API that is served as tools: the server is a value, and what it calls is the API.
///
/// Loop-confined.
final class ConnectorLink {
    private let account: ConnectorAccount
    private let runner: ConnectorRunner
    private let limits: UpstreamLimits

    init(
        _ account: ConnectorAccount,
        client: HTTPClient,
        poolKey: ByteString,
        limits: UpstreamLimits,
        loop: EventLoop
    ) {
        self.account = account
        self.limits = limits
        runner = ConnectorRunner(account, client: client, poolKey: poolKey, loop: loop)
    }

    /// Answers one message; a call of a tool is answered once the API has.
    func send(
        _ message: UpstreamMessage,
        cancellation: CancellationPoint?
    ) async throws(UpstreamFailure) -> UpstreamReply {
        switch message.verb {
        case .get: return .status(405, body: [])
        case .delete: return .accepted(status: 200)
        case .post: break
        }
        let isModern = message.revision.era == .modern
        let document = try Self.document(message.body)
        switch account.face.read(document.root, isModern: isModern) {
        case .nothing:
            return .accepted(status: 202)
        case .answered(let bytes):
            return .message(try Self.document(bytes), status: 200, sessionID: nil)
        case .call(let tool, let arguments, let id):
            let result = await runner.call(
                tool,
                arguments: arguments,
                timeout: message.totalTimeout ?? limits.totalTimeout,
                cancellation: cancellation
            )
            guard let result else {
                throw UpstreamFailure(.cancelled, wroteBytes: true)
            }
            let bytes = account.face.answer(result, to: id, isModern: isModern)
            return .message(try Self.document(bytes), status: 200, sessionID: nil)
        }
    }

    /// Both sides of this are the gateway's own writing: what cannot be read is our mistake.
    private static func document(_ bytes: [UInt8]) throws(UpstreamFailure) -> JSONDocument {
        do throws(JSONError) {
            return try JSONDocument(
                bytes,
                limits: JSONLimits(maximumBytes: 256 << 20, maximumStringBytes: 256 << 20, maximumNodes: 8_000_000)
            )
        } catch {
            throw UpstreamFailure(.unwritable, wroteBytes: true, detail: "\(error.reason)")
        }
    }
}
