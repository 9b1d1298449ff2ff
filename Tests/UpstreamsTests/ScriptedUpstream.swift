import Base
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import MCPModel
import Testing

@testable import Upstreams

/// A server that answers each request with the very bytes a test wants.
///
/// Loop-confined.
final class ScriptedUpstream {
    /// What to do with a request.
    enum Answer {
        /// A whole response; `$ID` stands for the request's JSON-RPC id.
        case raw(String)
        /// 200 with a JSON body and its length.
        case json(String)
        /// 200 with a JSON body and a session id.
        case session(String, body: String)
        /// A status with a JSON body.
        case status(Int, String)
        /// 200 with a body of events, closed by its end.
        case events(String)
        /// Bytes, one after the other, each after a pause; then silence until the client goes.
        case slow(String, Duration)
        /// The end of the connection.
        case hangUp
    }

    private(set) var requests: [String] = []
    private(set) var connectionCount = 0
    private var listener: TCPListener?
    private var streams: [TCPStream] = []

    private final class Box {
        weak var server: ScriptedUpstream?
    }

    /// Answers request `number` (from 0, over all connections) as `script` says.
    init(on worker: isolated Worker, _ script: @escaping (_ number: Int, _ request: String) -> Answer) throws {
        let box = Box()
        listener = try TCPListener(on: worker.loop, address: SocketAddress(.loopbackV4, port: 0)) { stream in
            worker.spawn { await box.server?.serve(stream, script) }
        }
        box.server = self
    }

    var port: UInt16 { listener?.address.port ?? 0 }

    func close() {
        listener?.close()
        for stream in streams {
            stream.close()
        }
    }

    private func serve(_ stream: TCPStream, _ script: (Int, String) -> Answer) async {
        connectionCount += 1
        streams.append(stream)
        while let request = await Self.request(from: stream) {
            let number = requests.count
            requests.append(request)
            let id = Self.id(of: request)
            switch script(number, request) {
            case .raw(let text):
                stream.send(Array(text.replacing("$ID", with: id).utf8))
            case .json(let text):
                stream.send(Self.response(200, "application/json", text.replacing("$ID", with: id)))
            case .session(let session, let text):
                let body = text.replacing("$ID", with: id)
                stream.send(Self.response(200, "application/json\r\nMcp-Session-Id: \(session)", body))
            case .status(let status, let text):
                stream.send(Self.response(status, "application/json", text.replacing("$ID", with: id)))
            case .events(let text):
                stream.send(Self.response(200, "text/event-stream", text.replacing("$ID", with: id)))
            case .slow(let text, let pause):
                for byte in text.replacing("$ID", with: id).utf8 where stream.fault == nil && !stream.isInputEnded {
                    stream.send([byte])
                    await stream.loop.sleep(for: pause)
                }
            case .hangUp:
                stream.close()
                return
            }
        }
        stream.close()
    }

    private static func response(_ status: Int, _ type: String, _ body: String) -> [UInt8] {
        Array(
            "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8
        )
    }

    static func request(from stream: TCPStream) async -> String? {
        var machine = HTTPRequestMachine()
        var text: [UInt8] = []
        while let piece = try? await stream.read() {
            text += piece
            var position = 0
            while let event = try? machine.next(piece.span, &position) {
                if case .end = event {
                    return String(decoding: text, as: UTF8.self)
                }
            }
        }
        return nil
    }

    static func id(of request: String) -> String {
        let body = request.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
        let id = try? JSONDocument(Array(body.utf8)).root["id"]
        return id.map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "null"
    }
}

extension ScriptedUpstream {
    /// A server object for this script.
    func server(
        on worker: isolated Worker,
        client: HTTPClient? = nil,
        shared: UpstreamKnowledge = UpstreamKnowledge(),
        headers: [UpstreamHeader] = [],
        limits: UpstreamLimits = UpstreamLimits(),
        space: AnswerSpace? = nil
    ) throws -> UpstreamServer {
        UpstreamServer(
            configuration: try UpstreamConfiguration(
                name: "scripted",
                address: UpstreamAddress("http://127.0.0.1:\(port)/mcp".utf8),
                headers: headers,
                limits: limits
            ),
            client: client ?? HTTPClient(on: worker.loop),
            shared: shared,
            loop: worker.loop,
            space: space
        )
    }
}

/// Runs `body` confined to a worker on a loop and thread of its own, and ends both.
func onWorker<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Worker) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop()
    let thread = try loop.start()
    let worker = Worker(loop: loop)
    let outcome = await Task(executorPreference: loop) { try await body(worker) }.result
    loop.stop()
    thread.join()
    return try outcome.get()
}

/// A modern tool call with id 7.
func toolCall(_ id: Int = 7, revision: Revision = .july2026) -> UpstreamMessage {
    UpstreamMessage(
        posting: Array(#"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"a"}}"#.utf8),
        requestID: RequestID(id),
        method: .toolsCall,
        revision: revision,
        name: "a"
    )
}

extension UpstreamServer {
    /// The failure of a message that must fail, stream and all; `nil` when it did not.
    func failure(_ message: UpstreamMessage) async -> UpstreamFailure? {
        do throws(UpstreamFailure) {
            if case .stream(let stream, _) = try await send(message) {
                while try await stream.next() != nil {}
            }
            return nil
        } catch {
            return error
        }
    }
}
