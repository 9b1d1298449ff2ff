import Base
import EventLoops
import HTTPTransport
import JSONText
import MCPModel
import Upstreams

/// A client that speaks only over standard streams, joined to an endpoint over Streamable HTTP.
///
/// Loop-confined.
///
/// Messages pass as they are, one a line; what HTTP wants besides (headers, sessions, streams) is made here. Both eras: a
/// request with an envelope goes out as a modern one, everything else belongs to the one session there is.
final class StdioBridge {
    // LIMIT: a line of the client; the gateway takes no larger message.
    private static let maximumLine = 16 << 20
    // LIMIT: requests of the client that wait for their answers.
    private static let maximumOpen = 1_024
    private static let longestPause = Duration.seconds(30)

    private let worker: Worker
    private let server: UpstreamServer
    private let write: ([UInt8]) -> Void
    private let finished: () -> Void
    private var lines = LineSplitter(maximumBytes: StdioBridge.maximumLine)
    private var session: ByteString?
    private var revision = Revision.newestLegacy
    private var open: [RequestID: CancellationPoint] = [:]
    private var sessionStream: CancellationPoint?
    /// The headers tools want their arguments mirrored in, as lists that passed by showed them.
    private var tools: [ByteString: ParameterHeaders] = [:]
    private var isOver = false

    /// A bridge to the endpoint `server` stands for.
    ///
    /// - Parameters:
    ///   - worker: whose loop everything happens on.
    ///   - server: the endpoint, the grant's token among its headers.
    ///   - write: takes whole lines for the client.
    ///   - finished: called once, when the client is gone and its session is ended.
    init(
        on worker: Worker,
        to server: UpstreamServer,
        write: @escaping ([UInt8]) -> Void,
        finished: @escaping () -> Void
    ) {
        self.worker = worker
        self.server = server
        self.write = write
        self.finished = finished
    }

    // MARK: - From the client

    /// Takes what the client wrote.
    func take(_ bytes: Span<UInt8>) {
        lines.take(bytes) { event in
            switch event {
            case .line(let line):
                take(line)
            case .tooLong:
                refuse(nil, -32_600, "the message is longer than \(Self.maximumLine) bytes")
                end()
            }
            return !isOver
        }
    }

    private func take(_ line: [UInt8]) {
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
            return
        }
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(line, limits: JSONLimits(maximumBytes: Self.maximumLine)).root
        } catch {
            refuse(nil, -32_700, "the line is no JSON: \(error.reason)")
            return
        }
        guard root.kind == .object else {
            refuse(nil, -32_600, "the line is no JSON-RPC message")
            return
        }
        let id = root["id"].flatMap { RequestID($0) }
        guard let name = root["method"]?.string else {
            send(UpstreamMessage(posting: line, requestID: nil, method: nil, revision: revision, sessionID: session))
            return
        }
        guard let method = MCPMethod(name) else {
            if let id {
                refuse(id, -32_601, "there is no method `\(ByteString(name.bytes))`")
            }
            return
        }
        take(line, root, method, id)
    }

    private func take(_ line: [UInt8], _ root: JSONValue, _ method: MCPMethod, _ id: RequestID?) {
        let params = root["params"]
        let modern = params?["_meta"]?["io.modelcontextprotocol/protocolVersion"]?.string.flatMap { Revision($0.slice) }
        var message = UpstreamMessage(
            posting: line,
            requestID: id,
            method: method,
            revision: modern ?? (method == .initialize ? .newestLegacy : revision),
            sessionID: modern == nil && method != .initialize ? session : nil
        )
        guard let id else {
            if method == .cancelled, session == nil || modern != nil,
                let given = params?["requestId"].flatMap({ RequestID($0) })
            {
                // Modern requests are given up by closing their stream (MS-10).
                open[given]?.cancel()
                return
            }
            send(message)
            return
        }
        guard open[id] == nil, open.count < Self.maximumOpen else {
            refuse(id, -32_600, open[id] == nil ? "too many requests are open" : "a request with this id is open")
            return
        }
        if modern != nil {
            message.name = Self.name(of: method, params)
            message.parameters = parameters(method, message.name, params)
        }
        ask(message, id)
    }

    /// What `Mcp-Name` says of a request (MC-02).
    private static func name(of method: MCPMethod, _ params: JSONValue?) -> ByteString? {
        switch method {
        case .toolsCall, .promptsGet: params?["name"]?.string.map { ByteString($0.bytes) }
        case .resourcesRead: params?["uri"]?.string.map { ByteString($0.bytes) }
        default: nil
        }
    }

    private func parameters(_ method: MCPMethod, _ name: ByteString?, _ params: JSONValue?) -> [OutgoingHeader] {
        guard method == .toolsCall, let name, let headers = tools[name] else {
            return []
        }
        do throws(HeaderFault) {
            return try headers.fields(for: params?["arguments"])
        } catch {
            // The endpoint refuses the call for the header it misses, in its own words.
            return []
        }
    }

    // MARK: - To the endpoint

    /// Sends a message that gets no answer.
    private func send(_ message: UpstreamMessage) {
        spawn { [self] in
            do throws(UpstreamFailure) {
                if case .stream(let stream, _) = try await server.send(message) {
                    stream.cancel()
                }
            } catch {
                // Nobody waits for anything.
            }
            if message.method == .initialized {
                follow()
            }
        }
    }

    private func ask(_ message: UpstreamMessage, _ id: RequestID) {
        let point = CancellationPoint()
        open[id] = point
        spawn { [self] in
            let answer = await answer(to: message, point)
            open[id] = nil
            switch answer {
            case .line(let line): put(line)
            case .failure(let code, let text) where !point.isCancelled: refuse(id, code, text)
            case .failure: break
            }
        }
    }

    private enum Answer {
        case line([UInt8])
        case failure(Int, String)
    }

    private func answer(to message: UpstreamMessage, _ point: CancellationPoint) async -> Answer {
        do throws(UpstreamFailure) {
            switch try await server.send(message, cancellation: point) {
            case .message(let document, _, let session):
                note(document, message, session)
                return .line(document.bytes)
            case .stream(let stream, let session):
                point.onCancel { stream.cancel() }
                while let event = try await stream.next() {
                    guard let document = event.message else {
                        continue
                    }
                    if event.kind == .response {
                        note(document, message, session)
                        _ = try await stream.next()
                        return .line(document.bytes)
                    }
                    put(document.bytes)
                }
                return .failure(-32_603, "the endpoint ended the stream without an answer")
            case .accepted:
                return .failure(-32_603, "the endpoint did not answer")
            case .status(let status, _):
                return .failure(-32_603, Self.sentence(status))
            }
        } catch {
            return .failure(-32_603, "the endpoint: \(error)")
        }
    }

    private static func sentence(_ status: Int) -> String {
        switch status {
        case 401: "the endpoint does not know the grant token (401): give the token of a grant for it"
        case 404: "the endpoint knows no such server or session (404): check its path, or begin anew"
        case 429, 503: "the endpoint is busy (\(status)): try again in a moment"
        default: "the endpoint answered with status \(status)"
        }
    }

    /// Takes out of an answer what later requests need.
    private func note(_ document: JSONDocument, _ message: UpstreamMessage, _ session: ByteString?) {
        guard let result = document.root["result"] else {
            return
        }
        if message.method == .initialize {
            self.session = session
            revision = result["protocolVersion"]?.string.flatMap { Revision($0.slice) } ?? revision
        }
        if message.method == .toolsList, let list = result["tools"] {
            // LIMIT: tools whose headers are remembered.
            for tool in list.elements where tools.count < 20_000 {
                guard let name = tool["name"]?.string, let schema = tool["inputSchema"] else {
                    continue
                }
                do throws(AnnotationFault) {
                    let headers = try ParameterHeaders(inputSchema: schema)
                    tools[ByteString(name.bytes)] = headers.isEmpty ? nil : headers
                } catch {
                    tools[ByteString(name.bytes)] = nil
                }
            }
        }
    }

    // MARK: - The session's stream

    /// Follows what the endpoint says outside of answers, as long as the session lasts.
    private func follow() {
        guard session != nil, sessionStream == nil, !isOver else {
            return
        }
        let point = CancellationPoint()
        sessionStream = point
        spawn { [self] in
            var pause = Duration.seconds(1)
            while !isOver, !point.isCancelled {
                let opened = await followOnce(point)
                guard let opened else {
                    return
                }
                pause = opened ? .seconds(1) : min(pause * 2, Self.longestPause)
                await sleep(pause, point)
            }
        }
    }

    /// Whether there was a stream; `nil` when the endpoint has none to offer.
    private func followOnce(_ point: CancellationPoint) async -> Bool? {
        let message = UpstreamMessage(.get, sessionID: session, revision: revision)
        do throws(UpstreamFailure) {
            switch try await server.send(message, cancellation: point) {
            case .stream(let stream, _):
                point.onCancel { stream.cancel() }
                while let event = try await stream.next() {
                    if let document = event.message {
                        put(document.bytes)
                    }
                }
                return true
            case .status(let status, _): return status == 405 || status == 404 || status == 401 ? nil : false
            case .accepted, .message: return nil
            }
        } catch {
            return false
        }
    }

    private func sleep(_ duration: Duration, _ point: CancellationPoint) async {
        let wait = WaitPoint()
        let timer = worker.loop.schedule(after: duration) { wait.wake() }
        point.onCancel { wait.wake() }
        guard !point.isCancelled else {
            return
        }
        await wait.wait()
        timer.cancel()
    }

    // MARK: - To the client

    /// One message, one line (ST-01).
    private func put(_ message: [UInt8]) {
        guard !isOver else {
            return
        }
        var line = message
        for index in line.indices where line[index] == UInt8(ascii: "\n") || line[index] == UInt8(ascii: "\r") {
            line[index] = UInt8(ascii: " ")
        }
        line.append(UInt8(ascii: "\n"))
        write(line)
    }

    private func refuse(_ id: RequestID?, _ code: Int, _ text: String) {
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id?.json ?? Array("null".utf8))
        writer.key("error")
        writer.beginObject()
        writer.key("code")
        writer.number(code)
        writer.key("message")
        writer.string(text)
        writer.endObject()
        writer.endObject()
        put(writer.output)
    }

    // MARK: - The end

    /// The client is gone: gives up what is open and ends the session.
    func end() {
        guard !isOver else {
            return
        }
        isOver = true
        sessionStream?.cancel()
        for point in open.values {
            point.cancel()
        }
        let (session, revision) = (session, revision)
        spawn { [self] in
            if let session {
                var message = UpstreamMessage(.delete, sessionID: session, revision: revision)
                message.totalTimeout = .seconds(2)
                do throws(UpstreamFailure) {
                    _ = try await server.send(message)
                } catch {
                    // The endpoint lets go of it by itself.
                }
            }
            finished()
        }
    }

    private func spawn(_ body: @escaping () async -> Void) {
        worker.spawn(body)
    }
}
