import Base
import EventLoops
import HTTPTransport
import JSONText
import MCPModel
import Synchronization
import TestSupport

@testable import Upstreams

/// A server that is a process: a few lines of Python that do what their tools' names say.
final class ScriptedProcess: Sendable {
    let host: ProcessHost

    init(grace: Duration = .milliseconds(300)) {
        let news = Shared(news: Guarded([]))
        var configuration = ProcessHostConfiguration(
            supervisor: [ByteString(ToolgateProgram.path), "internal", "supervise"],
            environment: [ProcessVariable(name: "PATH", value: Secret(Array("/usr/bin:/bin".utf8)), isSecret: false)]
        ) { name, event in
            switch event {
            case .said(let line): news.add("said \(String(decoding: line, as: UTF8.self))")
            case .happened(let sentence): news.add(sentence)
            case .stands(let standing): news.add("stands \(standing.state.rawValue) \(standing.running)")
            }
        }
        configuration.grace = grace
        configuration.masking = { secrets in
            let mask = CredentialMask(secrets)
            return { mask.masking($0) }
        }
        host = ProcessHost(configuration)
        shared = news
    }

    private let shared: Shared

    private final class Shared: Sendable {
        let news: Guarded<[String]>

        init(news: consuming Guarded<[String]>) {
            self.news = news
        }

        func add(_ line: String) {
            news.withLock { $0.append(line) }
        }
    }

    /// Everything that was told so far.
    var told: [String] { shared.news.withLock { $0 } }

    func command(
        _ mode: String,
        sharing: ProcessSharing = .shared,
        environment: [ProcessVariable] = []
    ) -> ProcessCommand {
        ProcessCommand(
            program: "python3",
            arguments: ["-S", "-E", "-c", ByteString(Self.script), ByteString(mode)],
            environment: environment,
            sharing: sharing
        )
    }

    /// The server as one worker talks to it.
    func server(
        _ mode: String,
        on worker: isolated Worker,
        sharing: ProcessSharing = .shared,
        shared: UpstreamKnowledge = UpstreamKnowledge(),
        limits: UpstreamLimits = UpstreamLimits(),
        environment: [ProcessVariable] = []
    ) -> UpstreamServer {
        UpstreamServer(
            configuration: UpstreamConfiguration(
                name: "scripted",
                process: command(mode, sharing: sharing, environment: environment),
                limits: limits
            ),
            client: HTTPClient(on: worker.loop),
            shared: shared,
            loop: worker.loop,
            processes: host
        )
    }

    static let script = #"""
        import json, os, signal, sys, time
        mode = sys.argv[1]
        held = []
        out = sys.stdout
        def send(m):
            out.write(json.dumps(m) + "\n"); out.flush()
        def reply(id, result): send({"jsonrpc": "2.0", "id": id, "result": result})
        def fail(id, code, text): send({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}})
        def text(id, t): reply(id, {"content": [{"type": "text", "text": t}], "resultType": "complete"})
        if mode == "banner": print("Welcome!"); print("{not json"); sys.stdout.flush()
        if mode == "ignores-term": signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if mode == "exits": sys.stderr.write("no key\n"); sys.exit(9)
        if mode == "silent":
            time.sleep(1000)
        if mode == "stderr":
            if os.fork() == 0:
                while True: os.write(2, b"noise and more noise\n" * 1000)
        for line in sys.stdin:
            m = json.loads(line)
            method, id, params = m.get("method"), m.get("id"), m.get("params", {})
            if method == "server/discover":
                if mode == "exits-on-probe": sys.exit(1)
                if mode in ("modern", "both"):
                    reply(id, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "resultType": "complete"})
                else: fail(id, -32602, "bad request")
            elif method == "initialize":
                if mode == "modern": fail(id, -32600, "modern only")
                else: reply(id, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                    "serverInfo": {"name": json.dumps(params["capabilities"]), "version": "1"}})
            elif method == "tools/list":
                reply(id, {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}], "resultType": "complete"})
            elif method == "notifications/cancelled":
                sys.stderr.write("cancelled %s\n" % json.dumps(params["requestId"])); sys.stderr.flush()
            elif method == "tools/call":
                name, args = params["name"], params.get("arguments", {})
                if name == "echo": text(id, json.dumps(args))
                elif name == "pid": text(id, str(os.getpid()))
                elif name == "env": text(id, json.dumps(dict(os.environ), sort_keys=True))
                elif name == "hold": held.append(id)
                elif name == "release":
                    for h in reversed(held): text(h, "held")
                    held = []; text(id, "done")
                elif name == "progress":
                    for i in range(3): send({"jsonrpc": "2.0", "method": "notifications/progress",
                        "params": {"progressToken": id, "progress": i}})
                    text(id, "done")
                elif name == "log":
                    send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "private"}})
                    text(id, "done")
                elif name == "changed":
                    send({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}); text(id, "done")
                elif name == "asks":
                    held.append(id)
                    send({"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {"message": "who?"}})
                elif name == "pings":
                    held.append(id)
                    send({"jsonrpc": "2.0", "id": 1, "method": "ping"})
                elif name == "crash": sys.stderr.write("out of luck\n"); sys.stderr.flush(); os._exit(3)
                elif name == "dump":
                    text = b"debug: ".ljust(args["before"], b"y") + os.environ["KEY"].encode()
                    os.write(args["to"], text + b"z" * args["behind"] + b"\nwhole\n"); os._exit(3)
                elif name == "flood":
                    while True: os.write(1, b"x" * 65536)
                elif name == "garbage":
                    while True: os.write(1, b"nonsense\n" * 1000)
                elif name == "long": os.write(1, b'"' + b"x" * (50 << 20) + b'"\n'); held.append(id)
                elif name == "close": os.close(1); time.sleep(1000)
                elif name == "daemon":
                    if os.fork() == 0:
                        os.setsid()
                        if os.fork() == 0: time.sleep(1000)
                        os._exit(0)
                    os._exit(0)
                elif name == "strangers":
                    for i in list(range(1, 40)) + ["toolgate-opening"]: text(i, "stolen")
                    text(id, "mine")
                elif name == "deaf":
                    text(id, "done")
                    time.sleep(1000)
                else: fail(id, -32602, "no such tool")
            elif id is not None and method is None:
                for h in held: text(h, json.dumps(m.get("result", m.get("error"))))
                held = []
            elif id is not None: fail(id, -32601, "no such method")
        if mode == "ignores-term":
            while True: time.sleep(1)
        """#
}

/// Runs a body with a host of processes on a worker, and ends both.
func withProcesses(
    grace: Duration = .milliseconds(300),
    _ body: @escaping @Sendable (isolated Worker, ScriptedProcess) async throws -> Void
) async throws {
    let scripted = ScriptedProcess(grace: grace)
    let outcome = await Task {
        try await onWorker { worker in try await body(worker, scripted) }
    }.result
    await scripted.host.stop()
    try outcome.get()
}

func processOpening(
    _ id: Int,
    _ revision: Revision,
    capabilities: String = "{}",
    grant: ByteString = "g"
) -> UpstreamMessage {
    var message = UpstreamMessage(
        posting: Array(
            (#"{"jsonrpc":"2.0","id":\#(id),"method":"initialize","params":{"protocolVersion":"\#(revision.text)","#
                + #""capabilities":\#(capabilities),"clientInfo":{"name":"t","version":"1"}}}"#).utf8
        ),
        requestID: RequestID(id),
        method: .initialize,
        revision: revision
    )
    message.grant = grant
    return message
}

/// A call of a tool.
func processCall(
    _ tool: String,
    _ id: Int,
    revision: Revision = .november2025,
    arguments: String = "{}",
    session: ByteString? = nil,
    grant: ByteString? = "g"
) -> UpstreamMessage {
    var message = UpstreamMessage(
        posting: Array(
            #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)}}"#
                .utf8
        ),
        requestID: RequestID(id),
        method: .toolsCall,
        revision: revision,
        name: ByteString(tool),
        sessionID: session
    )
    message.grant = grant
    return message
}

extension UpstreamServer {
    /// The text a call of a tool is answered with, and the events before it.
    func text(_ message: UpstreamMessage, cancellation: CancellationPoint? = nil) async throws -> (String, [String]) {
        switch try await send(message, cancellation: cancellation) {
        case .message(let document, _, _):
            return (Self.text(document), [])
        case .stream(let stream, _):
            var events: [String] = []
            while let event = try await stream.next() {
                guard let document = event.message else {
                    continue
                }
                if event.kind == .response {
                    return (Self.text(document), events)
                }
                events.append(document.root["method"]?.string.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "?")
            }
            return ("(no response)", events)
        case .accepted: return ("(accepted)", [])
        case .status(let status, _): return ("(status \(status))", [])
        }
    }

    private static func text(_ document: JSONDocument) -> String {
        let content = document.root["result"]?["content"]?.elements.first { _ in true }
        return content?["text"]?.string.map { String(decoding: $0.bytes, as: UTF8.self) }
            ?? String(decoding: document.bytes, as: UTF8.self)
    }
}
