import Base
import EventLoops
import Glibc
import HTTPTransport
import PolicyEngine
import Secrets
import Synchronization
import Testing
import Upstreams

@testable import Gateway

@Suite("Service", .serialized)
struct ServiceTests {
    private static let params = #""name":"create_lead","arguments":{}"#

    @Test("a reload is seen by the next request, on a connection that is already open")
    func reload() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        #expect(try client.modern("tools/call", Self.params, name: "create_lead").text.contains("ran create_lead"))
        try gateway.reload(upstream, policy: #"{"version":"1","default":"deny"}"#)
        #expect(try client.modern("tools/call", Self.params, name: "create_lead").text.contains("(default deny)"))
        await gateway.stop()
    }

    @Test("limits keep what was used of them over a reload")
    func limitsOutlive() async throws {
        let policy =
            #"{"version":"1","default":"deny","tools":{"create_lead":{"limits":[{"counter":"n","window":"hour","max":1}]}}}"#
        var options = Harness.Options()
        options.policy = policy
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        #expect(try client.modern("tools/call", Self.params, name: "create_lead").text.contains("ran"))
        try gateway.reload(upstream, policy: policy.replacing(#""max":1"#, with: #""max":1,"on_deny":"later""#))
        #expect(try client.modern("tools/call", Self.params, name: "create_lead").text.contains("later"))
        await gateway.stop()
    }

    @Test("a drain lets calls under way finish, refuses new ones, and hands over every record")
    func drain() async throws {
        let upstream = Upstreams.modern { sent in
            guard sent.method == "tools/call" else {
                return nil
            }
            return .custom { socket, message in
                usleep(300_000)
                let body = SentMessage(message).result(Upstreams.text("finished"))
                socket.write(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        client.sendModern("tools/call", Self.params, name: "create_lead")
        while upstream.bodies(containing: "tools/call").isEmpty {
            usleep(5_000)
        }
        let service = gateway.service
        let drained = Task.detached { await service.drain(within: .seconds(5)) }
        #expect(client.socket.readMessage()?.text.contains("finished") == true)
        await drained.value
        #expect(gateway.sink.lines.contains { $0.contains("create_lead") })
        #expect(Socket.connected(to: gateway.port) == nil)
    }

    @Test("an address another gateway listens at is refused, though workers share theirs")
    func occupied() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        let address = try #require(SocketAddress(Array("127.0.0.1:\(gateway.port)".utf8)))
        let second = try GatewayService(
            configuration: GatewayConfiguration(
                server: HTTPServerConfiguration(address: address),
                keys: KeyFile.generate()
            ),
            definition: SnapshotDefinition(servers: []),
            workers: 1,
            sink: MemorySink()
        )
        await #expect(throws: StartFailure.self) { try await second.start() }
        let tools = try gateway.client().modern("tools/list")
        #expect(tools.status == 200, "the first one goes on")
        await gateway.stop()
    }

    @Test("E2: a server keeps its pins when its credential changes, and when it was taken out for a while")
    func pinsOutlive() {
        let state = SharedState(limits: GatewayLimits())
        let old = ServerKey(identity: "crm", access: "a")
        let new = ServerKey(identity: "crm", access: "b")
        let first = state.take(servers: [old], grants: []).servers[old]
        let rotated = state.take(servers: [new], grants: []).servers[new]
        #expect(first?.inventory === rotated?.inventory)
        #expect(first?.knowledge !== rotated?.knowledge)
        _ = state.take(servers: [], grants: [])
        #expect(state.take(servers: [old], grants: []).servers[old]?.inventory === first?.inventory)
        let other = ServerKey(identity: "second", access: "a")
        #expect(state.take(servers: [other], grants: []).servers[other]?.inventory !== first?.inventory)
    }

    @Test("a definition with mistakes is refused whole, with every one of them, and the old one stays in force")
    func problems() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        let configuration = try UpstreamConfiguration(
            name: "a/b",
            address: UpstreamAddress(Array("http://127.0.0.1:1/".utf8))
        )
        let server = ServerDefinition(name: "a/b", uuid: "nonsense", upstream: configuration)
        let definition = SnapshotDefinition(
            servers: [server, ServerDefinition(name: "c", upstream: configuration)],
            grants: [
                GrantDefinition(label: "g", server: "absent", policy: "none", digest: [1]),
                GrantDefinition(label: "h", server: "c", digest: Array(repeating: 1, count: 32)),
                GrantDefinition(label: "i", server: "c", digest: Array(repeating: 1, count: 32)),
            ]
        )
        do throws(SnapshotProblems) {
            try gateway.service.reload(definition)
            Issue.record("it was taken")
        } catch {
            #expect(error.problems.count == 6, "\(error.problems.map(\.message))")
        }
        #expect(try gateway.client().modern("tools/call", Self.params, name: "create_lead").status == 200)
        await gateway.stop()
    }

    @Test("the gateway lists a server once, however many come at once")
    func oneListing() async throws {
        let upstream = Upstreams.modern { sent in
            if sent.method == "tools/list" {
                usleep(100_000)
            }
            return nil
        }
        var options = Harness.Options()
        options.workers = 2
        let gateway = try await Harness.start(upstream, options)
        let clients = try (0..<20).map { _ in try gateway.client() }
        for client in clients {
            client.sendModern("tools/call", Self.params, name: "create_lead")
        }
        for client in clients {
            #expect(client.socket.readMessage()?.text.contains("ran create_lead") == true)
        }
        #expect(upstream.bodies(containing: "tools/list").count == 1)
        await gateway.stop()
    }

    @Test("a server that is down is asked again by the next call, and harms nothing else")
    func comesUp() async throws {
        let isUp = Shared(false)
        let upstream = Upstreams.modern { _ in isUp.value ? nil : .hangUp }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        let down = try client.modern("tools/call", Self.params, name: "create_lead")
        #expect(down.status == 200 && down.text.contains("upstream unavailable"), "\(down.text)")
        let list = try client.modern("tools/list")
        #expect(list.text.contains("-32603"), "\(list.text)")
        isUp.value = true
        #expect(try client.modern("tools/call", Self.params, name: "create_lead").text.contains("ran create_lead"))
        await gateway.stop()
    }
}
