import Base
import Glibc
import Synchronization
import Testing

@testable import Gateway

@Suite("Listening", .serialized)
struct ListenTests {
    private static func listening(_ script: @escaping @Sendable (Socket, SentMessage) -> Void) -> ScriptedUpstream {
        Upstreams.modern { sent in
            guard sent.method == "subscriptions/listen" else {
                return nil
            }
            return .custom { socket, message in script(socket, SentMessage(message)) }
        }
    }

    private static func notification(_ method: String, _ id: String, _ params: String = "") -> String {
        #"{"jsonrpc":"2.0","method":"notifications/\#(method)","params":{\#(params)"_meta":{"io.modelcontextprotocol/subscriptionId":\#(id)}}}"#
    }

    private static let wanted =
        #""notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["docs://a","file:///b"]}"#

    @Test(
        "a subscription is acknowledged with what server and policy allow, and carries only that, under the client's id"
    )
    func subset() async throws {
        let upstream = Self.listening { socket, sent in
            socket.startEvents()
            let honoured =
                #""notifications":{"toolsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["docs://a","file:///b"]},"#
            socket.sendEvent(Self.notification("subscriptions/acknowledged", sent.id, honoured))
            socket.sendEvent(Self.notification("prompts/list_changed", sent.id))
            socket.sendEvent(Self.notification("resources/updated", sent.id, #""uri":"file:///b","#))
            socket.sendEvent(Self.notification("resources/updated", sent.id, #""uri":"docs://a","#))
            socket.sendEvent(Self.notification("tools/list_changed", sent.id))
            _ = socket.isEnded()
        }
        var options = Harness.Options()
        options.policy =
            #"{"version":"1","default":"deny","tools":{"create_lead":{}},"resources":{"allow":["docs://*"]}}"#
        let gateway = try await Harness.start(upstream, options)
        let client = try gateway.client()
        client.sendModern("subscriptions/listen", Self.wanted, id: #""mine""#)
        #expect(client.socket.readHead()?.status == 200)
        let acknowledged = try #require(client.nextEvent())
        #expect(acknowledged.contains("subscriptions/acknowledged") && acknowledged.contains(#""mine""#))
        #expect(acknowledged.contains("toolsListChanged") && acknowledged.contains("docs://a"))
        #expect(!acknowledged.contains("promptsListChanged") && !acknowledged.contains("file:///b"), "\(acknowledged)")
        let update = try #require(client.nextEvent())
        #expect(update.contains("docs://a") && update.contains(#""mine""#), "\(update)")
        #expect(client.nextEvent()?.contains("tools/list_changed") == true)
        #expect(!upstream.bodies(containing: "subscriptions/listen").contains { $0.contains("file:///b") })
        await gateway.stop()
    }

    @Test("a subscription the server refuses is still acknowledged, with nothing in it, and ends with the gateway")
    func refused() async throws {
        let gateway = try await Harness.start(Upstreams.modern())
        let client = try gateway.client()
        client.sendModern("subscriptions/listen", Self.wanted)
        #expect(client.socket.readHead()?.status == 200)
        let acknowledged = try #require(client.nextEvent())
        #expect(acknowledged.contains(#""notifications":{}"#), "\(acknowledged)")
        // Read on a thread of its own: the pool's may all be waiting in other tests.
        let events = Guarded<[String?]>([])
        let read = Counter()
        onThread {
            events.withLock { $0 = [client.nextEvent(), client.nextEvent()] }
            read.add()
        }
        await gateway.service.drain(within: .seconds(2))
        while read.count == 0 {
            usleep(1_000)
        }
        let (last, end) = events.withLock { ($0[0], $0[1]) }
        #expect(last?.contains(#""resultType":"complete""#) == true, "\(last ?? "nothing")")
        #expect(last?.contains(#""id":1"#) == true && end == nil, "\(last ?? "nothing")")
    }

    @Test("D9: a subscription of a revoked grant is cut within a second")
    func revoked() async throws {
        let upstream = Upstreams.modern()
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        client.sendModern("subscriptions/listen", Self.wanted)
        #expect(client.socket.readHead()?.status == 200)
        #expect(client.nextEvent() != nil)
        let clock = ContinuousClock()
        let began = clock.now
        try gateway.reload(upstream, policy: #"{"version":"1","default":"allow"}"#, includesFirst: false)
        #expect(client.nextEvent() == nil)
        #expect(clock.now - began < .seconds(1))
        await gateway.stop()
    }

    @Test("a client that hangs up ends the server's stream too")
    func hangsUp() async throws {
        let closed = Shared(false)
        let upstream = Self.listening { socket, sent in
            socket.startEvents()
            socket.sendEvent(
                Self.notification("subscriptions/acknowledged", sent.id, #""notifications":{"toolsListChanged":true},"#)
            )
            closed.value = socket.isEnded()
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        client.sendModern("subscriptions/listen", Self.wanted)
        #expect(client.socket.readHead()?.status == 200)
        #expect(client.nextEvent() != nil)
        client.socket.end()
        for _ in 0..<200 where !closed.value {
            usleep(10_000)
        }
        #expect(closed.value)
        await gateway.stop()
    }

    @Test("a server's stream that breaks is opened again, and the client told that things may have changed")
    func reopened() async throws {
        let rounds = Counter()
        let upstream = Self.listening { socket, sent in
            rounds.add()
            socket.startEvents()
            socket.sendEvent(
                Self.notification("subscriptions/acknowledged", sent.id, #""notifications":{"toolsListChanged":true},"#)
            )
            if rounds.count > 1 {
                _ = socket.isEnded()
            }
        }
        let gateway = try await Harness.start(upstream)
        let client = try gateway.client()
        client.sendModern("subscriptions/listen", Self.wanted)
        #expect(client.socket.readHead()?.status == 200)
        #expect(client.nextEvent()?.contains("acknowledged") == true)
        #expect(client.nextEvent()?.contains("tools/list_changed") == true)
        #expect(rounds.count == 2)
        await gateway.stop()
    }
}
