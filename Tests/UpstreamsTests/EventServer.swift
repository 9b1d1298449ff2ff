import Base
import EventLoops
import HTTPTransport
import MCPModel
import Testing

@testable import Upstreams

/// A server of 2024-11-05: GET opens a stream that names an endpoint, and what is posted there is answered on the stream.
///
/// Loop-confined.
final class EventServer {
    /// What the server does with one posted message.
    struct Answer {
        /// The status of the POST.
        var status = 202
        /// What comes on the stream; `$ID` stands for the request's id.
        var events: [String] = []
        /// Whether the stream ends after that.
        var ends = false
    }

    /// The posted messages, heads and all.
    private(set) var posted: [String] = []
    /// How many streams were opened, and how many of them the client has closed.
    private(set) var opened = 0
    private(set) var closed = 0
    /// Somebody waits here for either.
    let news = WaitPoint()
    private var listener: TCPListener?
    private var streams: [TCPStream] = []
    private var events: TCPStream?
    private let endpoint: (UInt16) -> String
    private let script: (String) -> Answer

    private final class Box {
        weak var server: EventServer?
    }

    init(
        on worker: isolated Worker,
        endpoint: @escaping (UInt16) -> String = { _ in "/messages/?session_id=1" },
        script: @escaping (String) -> Answer = EventServer.usual
    ) throws {
        self.endpoint = endpoint
        self.script = script
        let box = Box()
        listener = try TCPListener(on: worker.loop, address: SocketAddress(.loopbackV4, port: 0)) { stream in
            worker.spawn { await box.server?.serve(stream) }
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

    /// Waits until `condition` holds, looking at every piece of news.
    func wait(until condition: () -> Bool) async {
        while !condition() {
            await news.wait()
        }
    }

    static let initialized =
        #"{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":"2024-11-05","capabilities":{"tools":{}}}}"#

    /// A server with one tool.
    static func usual(_ request: String) -> Answer {
        if request.contains(#""initialize""#) {
            return Answer(events: [initialized])
        }
        if request.contains(#""tools/list""#) {
            return Answer(events: [#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"a"}]}}"#])
        }
        return Answer()
    }

    private func serve(_ stream: TCPStream) async {
        streams.append(stream)
        while let request = await ScriptedUpstream.request(from: stream) {
            if request.hasPrefix("GET ") {
                opened += 1
                events = stream
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
                stream.send(Array("\(head)event: endpoint\r\ndata: \(endpoint(port))\r\n\r\n".utf8))
                while let piece = try? await stream.read(), !piece.isEmpty {}
                closed += 1
                news.wake()
                return
            }
            guard request.hasPrefix("POST /messages/?session_id=1 ") else {
                stream.send(Array("HTTP/1.1 405 X\r\nContent-Length: 0\r\n\r\n".utf8))
                continue
            }
            posted.append(request)
            let answer = script(request)
            stream.send(Array("HTTP/1.1 \(answer.status) X\r\nContent-Length: 0\r\n\r\n".utf8))
            let id = ScriptedUpstream.id(of: request)
            for event in answer.events {
                events?.send(Array("event: message\r\ndata: \(event.replacing("$ID", with: id))\r\n\r\n".utf8))
            }
            if answer.ends {
                events?.close()
            }
            news.wake()
        }
        stream.close()
    }

    func server(on worker: isolated Worker, shared: UpstreamKnowledge = UpstreamKnowledge()) throws -> UpstreamServer {
        UpstreamServer(
            configuration: try UpstreamConfiguration(
                name: "old",
                address: UpstreamAddress("http://127.0.0.1:\(port)/sse".utf8),
                headers: [UpstreamHeader(name: "X-Key", value: .init(Array("k-1".utf8)))]
            ),
            client: HTTPClient(on: worker.loop),
            shared: shared,
            loop: worker.loop
        )
    }
}
