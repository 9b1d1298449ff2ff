import Base
import Cryptography
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import PolicyEngine
import Secrets
import Settings
import Synchronization
import Testing
import Upstreams

@testable import Gateway

/// Keeps decision records in memory.
final class MemorySink: DecisionSink {
    private let text = Guarded<[UInt8]>([])
    private let accepting = Atomic(true)

    func write(_ lines: [UInt8]) {
        text.withLock { $0 += lines }
    }

    var isAccepting: Bool { accepting.load(ordering: .relaxed) }

    func fail() {
        accepting.store(false, ordering: .relaxed)
    }

    var lines: [String] {
        String(decoding: text.withLock { $0 }, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A whole gateway on a port of its own.
final class Harness: Sendable {
    let service: GatewayService
    let port: UInt16
    let token: String
    let otherToken: String
    let sink: MemorySink
    let keys: KeyFile
    /// Kept alive: a scripted upstream stops listening when nobody holds it.
    private let upstreams: [ScriptedUpstream]

    /// What a harness is made of; every part has a default.
    struct Options {
        var policy: String? = #"{"version":"1","default":"allow"}"#
        var workers = 1
        var limits = GatewayLimits()
        var headers: [(String, String)] = []
        var upstreamLimits = UpstreamLimits()
        var keys = KeyFile.generate()
        /// The tokens of an earlier harness, for one that takes its place.
        var tokens: (String, String)?
        var expires: WallTime?
        var bodyLimit: Int?
        var changedTools = ChangedTools.hide
        /// A server of its own behind `second`, which the grant `other` then opens instead of `crm`.
        var second: ScriptedUpstream?
        var secondPolicy = #"{"version":"1","default":"allow"}"#
        var secondHeaders: [(String, String)] = []
        /// What else the definition has.
        var amend: (inout SnapshotDefinition) throws -> Void = { _ in }
        /// What else the test wants of the gateway.
        var configure: (inout GatewayConfiguration) -> Void = { _ in }
    }

    private init(
        service: GatewayService,
        port: UInt16,
        tokens: (String, String),
        sink: MemorySink,
        keys: KeyFile,
        upstreams: [ScriptedUpstream]
    ) {
        self.upstreams = upstreams
        self.service = service
        self.port = port
        token = tokens.0
        otherToken = tokens.1
        self.sink = sink
        self.keys = keys
    }

    static func start(_ upstream: ScriptedUpstream, _ options: Options = Options()) async throws -> Harness {
        var tokens = (GrantToken.generate(), GrantToken.generate())
        if let known = options.tokens {
            tokens = (
                try #require(GrantToken(parsing: Array(known.0.utf8))),
                try #require(GrantToken(parsing: Array(known.1.utf8)))
            )
        }
        var definition = try definition(upstream, options, tokens: tokens)
        try options.amend(&definition)
        let address = try #require(SocketAddress(Array("127.0.0.1:0".utf8)))
        var limits = options.limits
        if let bodyLimit = options.bodyLimit {
            limits.maximumBodyBytes = bodyLimit
        }
        var configuration = GatewayConfiguration(
            server: HTTPServerConfiguration(address: address),
            keys: options.keys
        )
        configuration.limits = limits
        options.configure(&configuration)
        let sink = MemorySink()
        let service = try GatewayService(
            configuration: configuration,
            definition: definition,
            workers: options.workers,
            sink: sink
        )
        let bound = try await service.start()
        return Harness(
            service: service,
            port: bound.port,
            tokens: (
                String(decoding: tokens.0.reveal(), as: UTF8.self), String(decoding: tokens.1.reveal(), as: UTF8.self)
            ),
            sink: sink,
            keys: options.keys,
            upstreams: [upstream] + [options.second].compactMap(\.self)
        )
    }

    /// Two servers: `crm` with the grants `ci` and `other`, and `second` on the same upstream, that no grant opens.
    static func definition(
        _ upstream: ScriptedUpstream,
        _ options: Options,
        tokens: (GrantToken, GrantToken),
        includesFirst: Bool = true
    ) throws -> SnapshotDefinition {
        let first = try configuration("crm", upstream, options.headers, options)
        let second = try configuration("second", options.second ?? upstream, options.secondHeaders, options)
        let digester = options.keys.grantDigester
        var definition = SnapshotDefinition(servers: [
            ServerDefinition(name: "crm", upstream: first, changedTools: options.changedTools),
            ServerDefinition(name: "second", upstream: options.second == nil ? first : second),
        ])
        if let policy = options.policy {
            let (compiled, findings) = CompiledPolicy.load(Array(policy.utf8))
            let usable = try #require(compiled, "\(findings)")
            definition.policies = [PolicyDefinition(name: "p", server: "crm", compiled: usable)]
        }
        if options.second != nil {
            let usable = try #require(CompiledPolicy.load(Array(options.secondPolicy.utf8)).0)
            definition.policies.append(PolicyDefinition(name: "q", server: "second", compiled: usable))
        }
        let policy: ByteString? = options.policy == nil ? nil : "p"
        if includesFirst {
            definition.grants.append(
                GrantDefinition(
                    label: "ci",
                    server: "crm",
                    policy: policy,
                    digest: digester.digest(of: tokens.0).bytes,
                    expires: options.expires
                )
            )
        }
        definition.grants.append(
            GrantDefinition(
                label: "other",
                server: options.second == nil ? "crm" : "second",
                policy: options.second == nil ? policy : "q",
                digest: digester.digest(of: tokens.1).bytes
            )
        )
        return definition
    }

    private static func configuration(
        _ name: String,
        _ upstream: ScriptedUpstream,
        _ headers: [(String, String)],
        _ options: Options
    ) throws -> UpstreamConfiguration {
        try UpstreamConfiguration(
            name: ByteString(name),
            address: UpstreamAddress(Array("http://127.0.0.1:\(upstream.port)/mcp".utf8)),
            headers: headers.map { UpstreamHeader(name: ByteString($0.0), value: Secret(Array($0.1.utf8))) },
            limits: options.upstreamLimits
        )
    }

    /// Reloads with another policy, or without the first grant.
    func reload(_ upstream: ScriptedUpstream, policy: String?, includesFirst: Bool = true) throws {
        var options = Options()
        options.policy = policy
        options.keys = keys
        try reload(upstream, options, includesFirst: includesFirst)
    }

    /// Reloads with other options.
    func reload(_ upstream: ScriptedUpstream, _ options: Options, includesFirst: Bool = true) throws {
        let tokens = (
            try #require(GrantToken(parsing: Array(token.utf8))),
            try #require(GrantToken(parsing: Array(otherToken.utf8)))
        )
        try service.reload(
            Self.definition(upstream, options, tokens: tokens, includesFirst: includesFirst)
        )
    }

    /// The UUID that follows from the first server's name.
    var uuid: String {
        let bytes = SHA256.digest(Array("toolgate server crm".utf8)).prefix(16)
        var text = ""
        for (index, byte) in bytes.enumerated() {
            let value = index == 6 ? byte & 0x0f | 0x80 : index == 8 ? byte & 0x3f | 0x80 : byte
            text += [4, 6, 8, 10].contains(index) ? "-" : ""
            text += String(decoding: TextCoding.hexadecimal([value]), as: UTF8.self)
        }
        return text
    }

    func client(token: String? = nil) throws -> TestClient {
        TestClient(socket: try #require(Socket.connected(to: port)), token: token ?? self.token)
    }

    func stop() async {
        await service.drain(within: .seconds(2))
    }

    /// The records once there are `count`; the sink gets them within 50 ms.
    func records(_ count: Int) async -> [String] {
        for _ in 0..<200 {
            let lines = sink.lines
            if lines.count >= count {
                return lines
            }
            await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        return sink.lines
    }
}

/// A client of the gateway: writes what a test says, byte for byte.
struct TestClient {
    let socket: Socket
    var token: String
    var path = "/mcp/crm"
    var session: String?
    var revision = "2025-11-25"

    /// Sends a request without waiting for its answer.
    func send(_ method: String = "POST", _ body: String, headers: [String] = [], accept: String? = nil) {
        var head = "\(method) \(path) HTTP/1.1\r\nhost: localhost\r\n"
        if !token.isEmpty {
            head += "authorization: Bearer \(token)\r\n"
        }
        if !headers.contains(where: { $0.lowercased().hasPrefix("content-type:") }), method == "POST" {
            head += "content-type: application/json\r\n"
        }
        head += "accept: \(accept ?? "application/json, text/event-stream")\r\n"
        if let session {
            head += "mcp-session-id: \(session)\r\nmcp-protocol-version: \(revision)\r\n"
        }
        for header in headers {
            head += "\(header)\r\n"
        }
        socket.write("\(head)content-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Sends a request and reads the whole answer.
    func request(
        _ method: String = "POST",
        _ body: String,
        headers: [String] = [],
        accept: String? = nil
    ) throws -> PlainMessage {
        send(method, body, headers: headers, accept: accept)
        return try #require(socket.readMessage(), "no answer")
    }

    /// Sends a modern request with its envelope and headers.
    func modern(
        _ method: String,
        _ params: String = "",
        name: String? = nil,
        id: String = "1",
        extra: [String] = []
    )
        throws -> PlainMessage
    {
        sendModern(method, params, name: name, id: id, extra: extra)
        return try #require(socket.readMessage(), "no answer")
    }

    func sendModern(
        _ method: String,
        _ params: String = "",
        name: String? = nil,
        id: String = "1",
        extra: [String] = []
    ) {
        let meta = """
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
            "io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},\
            "io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}
            """
        let body =
            #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(params)\#(params.isEmpty ? "" : ",")\#(meta)}}"#
        var headers = ["mcp-protocol-version: 2026-07-28", "mcp-method: \(method)"] + extra
        if let name {
            headers.append("mcp-name: \(name)")
        }
        send("POST", body, headers: headers)
    }

    /// Opens a legacy session and keeps its id.
    mutating func initialize(_ capabilities: String = "{}", revision: String = "2025-11-25") throws -> PlainMessage {
        let answer = try request(
            "POST",
            """
            {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"\(revision)",\
            "capabilities":\(capabilities),"clientInfo":{"name":"t","version":"1"}}}
            """
        )
        session = answer.field("mcp-session-id")
        self.revision = revision
        return answer
    }

    /// The next event of a stream whose head was read.
    func nextEvent() -> String? {
        while let chunk = socket.readChunk(), !chunk.isEmpty {
            let text = String(decoding: chunk, as: UTF8.self)
            if text.hasPrefix(":") {
                continue
            }
            return text.split(separator: "\n").first { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        }
        return nil
    }
}
