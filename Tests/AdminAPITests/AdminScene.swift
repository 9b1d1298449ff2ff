import Base
import EventLoops
import JSONText
import Secrets
import Settings
import Stores
import Synchronization
import Testing

@testable import AdminAPI
@testable import AdminModel

/// Lets in whoever brings the name of a role, as cookie or token.
struct RoleGate: AdminGate {
    let organisation: EntityID
    let members: [MemberRole: EntityID]

    func principal(session: [UInt8]?, token: [UInt8]?, now: WallTime) throws(StoreError) -> Principal? {
        guard let role = MemberRole(rawValue: String(decoding: session ?? token ?? [], as: UTF8.self)) else {
            return nil
        }
        return Principal(
            organisation: organisation,
            member: members[role],
            label: ByteString(role.rawValue),
            role: role,
            way: session == nil ? .token(organisation) : .session(organisation)
        )
    }

    func needsSetup() throws(StoreError) -> Bool { false }
}

/// A journal that has what a test put into it.
final class FakeJournal: AdminJournal, DecisionFollower {
    private struct State {
        var rows: [Decision] = []
        var shown = 0
    }

    private let state = Guarded(State())

    /// Adds decisions, each a call of the tool with that name.
    func decide(_ tools: [String], outcome: String = "allow") {
        state.withLock { state in
            for tool in tools {
                let sequence = Int64(state.rows.count + 1)
                let json =
                    #"{"stream":"worker-0","seq":\#(sequence),"time":"2026-11-22T09:00:00.000Z","grant":"ci runner","#
                    + #""server":"crm","tool":"\#(tool)","outcome":"\#(outcome)","rule":"","end":{"duration_us":\#(sequence)}}"#
                let place = DecisionPlace(
                    time: WallTime(milliseconds: SystemTime().wallTime.milliseconds),
                    stream: "worker-0",
                    sequence: sequence
                )
                state.rows.append(Decision(place: place, json: Array(json.utf8)))
            }
        }
    }

    func decisions(
        _ filter: DecisionFilter,
        behind place: DecisionPlace?,
        count: Int
    ) throws(StoreError) -> [Decision] {
        state.withLock { state in
            let rows = state.rows.reversed().filter { row in
                filter.admits(row) && (place.map { row.place.isBefore($0) } ?? true)
            }
            return Array(rows.prefix(count))
        }
    }

    /// The name of the first decision.
    var first: String { state.withLock { $0.rows.first?.place.id } ?? "none" }

    func heads() throws(StoreError) -> [String] { ["head"] }

    func verify() throws(StoreError) -> [UInt8] { Array(#"{"sound":true}"#.utf8) }

    func follower() throws(StoreError) -> any DecisionFollower {
        state.withLock { $0.shown = $0.rows.count }
        return self
    }

    func look() throws(StoreError) -> (decisions: [Decision], left: Int) {
        state.withLock { state in
            defer { state.shown = state.rows.count }
            return (Array(state.rows[state.shown...]), 0)
        }
    }
}

/// What came back.
struct AdminReply {
    let status: Int
    let fields: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue? { (try? JSONDocument(body))?.root }
    /// The last part of a problem's type.
    var problem: String? { json?["type"]?.string?.text.split(separator: ":").last.map { String($0) } }
    var errors: [String] { json?["errors"]?.elements.compactMap { $0["pointer"]?.string?.text } ?? [] }
}

/// A store with one of everything, served by a real listener.
final class AdminScene: Sendable {
    let store = MemoryStore(time: SystemTime())
    let server: AdminServer

    static let grantToken = GrantToken.generate()
    /// A call that waits for an admin.
    let approval: EntityID
    let keys = KeyFile.generate()
    let journal = FakeJournal()

    init(_ change: (inout AdminConfiguration) -> Void = { _ in }) async throws {
        let keys = keys
        let digester = keys.grantDigester
        let digest = digester.digest(of: Self.grantToken)
        let store = store
        let (organisation, members) = try store.change(by: .gateway) { writer throws(StoreError) in
            var members: [MemberRole: EntityID] = [:]
            for role in MemberRole.allCases.reversed() {
                let member = MemberRecord(label: ByteString(role.rawValue), role: role)
                try writer.save(member)
                members[role] = member.id
            }
            let server = ServerRecord(
                name: "crm",
                upstream: .http(url: "http://127.0.0.1:9/mcp", allowsInsecure: false)
            )
            try writer.save(server)
            let policy = PolicyRecord(server: server.id, name: "crm-sales")
            try writer.save(policy)
            let source = Array(#"{"version":"1","default":"deny","tools":{"get_lead":{}}}"#.utf8)
            try writer.add(version: source, digest: [UInt8](repeating: 1, count: 32), to: policy.id, note: "first")
            try writer.save(
                BundleRecord(
                    name: "office",
                    members: [BundlePart(server: server.id, prefix: "crm_", policy: policy.id)]
                )
            )
            try writer.save(
                GrantRecord(
                    label: "ci runner",
                    target: .server(server.id, policy: policy.id),
                    digest: digest,
                    owner: members[.viewer]
                )
            )
            let definition = Array(
                #"{"description":"<script>alert(1)</script>","inputSchema":{"type":"object"},"name":"get_lead"}"#.utf8
            )
            try writer.save(
                ToolPin(
                    server: server.id,
                    tool: "get_lead",
                    standing: .pinned,
                    definition: PinnedDefinition(
                        digest: [UInt8](repeating: 2, count: 32),
                        canonical: definition,
                        seen: writer.now
                    ),
                    acceptedBy: "gateway:toolgate",
                    accepted: writer.now
                )
            )
            return (try writer.reader.organisation().id, members)
        }
        let question = ApprovalRecord(
            binding: [UInt8](repeating: 3, count: 32),
            grant: "ci runner",
            server: "crm",
            tool: "get_lead",
            rule: "/tools/get_lead/require_approval/always",
            approvers: [nil],
            covers: nil,
            patience: 600_000,
            created: SystemTime().wallTime
        ) { id in
            let context = SealingContext(purpose: .approval, grant: ByteString(id.text), server: "crm")
            let ends = WallTime(milliseconds: SystemTime().wallTime.milliseconds + 600_000)
            return keys.sealingKey?.seal(Array(#"{"id":7}"#.utf8), for: context, expires: ends)
        }
        approval = question.id
        _ = try store.keep(isDurable: true) { ledger throws(StoreError) in
            try ledger.claim(question, now: SystemTime().wallTime)
        }
        var configuration = AdminConfiguration(
            address: SocketAddress(.loopbackV4, port: 0),
            store: store,
            storePath: "memory",
            gate: RoleGate(organisation: organisation, members: members),
            keys: { () throws(KeyFileError) in keys }
        )
        configuration.journal = journal
        change(&configuration)
        server = try await AdminServer(configuration)
    }

    /// Runs a test and ends the listener.
    static func with(
        _ change: (inout AdminConfiguration) -> Void = { _ in },
        _ body: (AdminScene) async throws -> Void
    ) async throws {
        let scene = try await AdminScene(change)
        do {
            try await body(scene)
        } catch {
            await scene.server.stop(within: .seconds(5))
            throw error
        }
        await scene.server.stop(within: .seconds(5))
    }

    /// Asks as a role, by token; `fields` replace what would be sent.
    func ask(
        _ method: String,
        _ path: String,
        as role: MemberRole? = .admin,
        _ fields: [String: String] = [:],
        body: String? = nil
    ) async throws -> AdminReply {
        var all = ["Host": "\(server.address)", "Connection": "close"]
        if let role {
            all["Authorization"] = "Bearer \(role.rawValue)"
        }
        if let body {
            all["Content-Type"] = "application/json"
            all["Content-Length"] = "\(body.utf8.count)"
        }
        all.merge(fields) { $1 }
        let lines = all.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try await send("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")")
    }

    /// Sends exact bytes and reads to the end.
    func send(_ text: String) async throws -> AdminReply {
        let address = server.address
        let loop = try EventLoop()
        let thread = try loop.start()
        defer {
            loop.stop()
            thread.join()
        }
        let bytes = try await Task(executorPreference: loop) {
            try await Worker(loop: loop).exchange(Array(text.utf8), with: address)
        }.value
        return try Self.read(bytes)
    }

    /// Opens a stream as a role, does something, and reads until a text has come.
    func watch(
        _ path: String,
        _ fields: [String: String] = [:],
        until text: String,
        then body: @escaping @Sendable () -> Void = {}
    ) async throws -> String {
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        let head = "GET \(path) HTTP/1.1\r\nHost: \(server.address)\r\nAuthorization: Bearer viewer\r\n\(lines)\r\n"
        let address = server.address
        let loop = try EventLoop()
        let thread = try loop.start()
        defer {
            loop.stop()
            thread.join()
        }
        return try await Task(executorPreference: loop) {
            try await Worker(loop: loop).watch(Array(head.utf8), at: address, until: text, then: body)
        }.value
    }

    private static func read(_ bytes: [UInt8]) throws -> AdminReply {
        let text = String(decoding: bytes, as: UTF8.self)
        let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)), "no answer: \(text)")
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var fields: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = parts.count > 1 ? parts[1].drop { $0 == " " }.description : ""
        }
        let status = try #require(Int(head[0].split(separator: " ")[1]))
        return AdminReply(status: status, fields: fields, body: Array(bytes[end.upperBound...]))
    }
}

extension Worker {
    /// Reads until a text has come; does something once the stream has begun.
    fileprivate func watch(
        _ head: [UInt8],
        at address: SocketAddress,
        until text: String,
        then body: @Sendable () -> Void
    ) async throws -> String {
        let stream = try await TCPStream.connect(to: address, on: loop, timeout: .seconds(20))
        stream.send(head)
        var answer = ""
        var hasBegun = false
        while !answer.contains(text), let piece = try? await stream.read() {
            answer += String(decoding: piece, as: UTF8.self)
            if !hasBegun, answer.contains(": decisions") {
                hasBegun = true
                body()
            }
        }
        stream.close()
        return answer
    }

    /// Opens so many streams, does something while they are open, closes them.
    func hold(_ count: Int, _ head: [UInt8], at address: SocketAddress, _ body: () async throws -> Void) async throws {
        var streams: [TCPStream] = []
        for _ in 0..<count {
            let stream = try await TCPStream.connect(to: address, on: loop, timeout: .seconds(20))
            stream.send(head)
            var answer = ""
            while !answer.contains(": decisions"), let piece = try? await stream.read() {
                answer += String(decoding: piece, as: UTF8.self)
            }
            streams.append(stream)
        }
        try await body()
        for stream in streams {
            stream.close()
        }
    }

    /// Sends, reads until the other side ends, closes.
    fileprivate func exchange(_ bytes: [UInt8], with address: SocketAddress) async throws -> [UInt8] {
        let stream = try await TCPStream.connect(to: address, on: loop, timeout: .seconds(20))
        stream.send(bytes)
        var answer: [UInt8] = []
        while let piece = try? await stream.read() {
            answer += piece
        }
        stream.close()
        return answer
    }
}
