import Base
import EventLoops
import JSONText
import Secrets
import Settings
import Stores
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
