import Base
import Glibc
import JSONText
import Testing

@testable import Gateway

@Suite("Shared streams of changes", .serialized)
struct ChangeFeedTests {
    private static let tools = #""notifications":{"toolsListChanged":true}"#

    /// A server that acknowledges every subscription as asked for, then does what `script` does with the connection; the
    /// number says which subscription it is, from 1.
    private static func listening(
        _ rounds: Counter = Counter(),
        _ script: @escaping @Sendable (Socket, String, Int) -> Void
    ) -> ScriptedUpstream {
        Upstreams.modern { sent in
            guard sent.method == "subscriptions/listen" else {
                return nil
            }
            rounds.add()
            let round = rounds.count
            let wanted = sent.root?["params"]?["notifications"]
            let asked = wanted.map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "{}"
            return .custom { socket, message in
                let id = SentMessage(message).id
                socket.startEvents()
                socket.sendEvent(notification("subscriptions/acknowledged", id, #""notifications":\#(asked),"#))
                script(socket, id, round)
            }
        }
    }

    private static func notification(_ method: String, _ id: String, _ params: String = "") -> String {
        #"{"jsonrpc":"2.0","method":"notifications/\#(method)","params":{\#(params)"_meta":{"io.modelcontextprotocol/subscriptionId":\#(id)}}}"#
    }

    private static func listener(
        _ gateway: Harness,
        _ id: String,
        token: String? = nil,
        wanted: String = tools
    ) throws -> TestClient {
        let client = try gateway.client(token: token)
        client.sendModern("subscriptions/listen", wanted, id: id)
        #expect(client.socket.readHead()?.status == 200)
        return client
    }

    private static func wait(_ isDone: () -> Bool) {
        for _ in 0..<1_000 where !isDone() {
            usleep(5_000)
        }
        #expect(isDone())
    }

    @Test("listeners that want the same share one stream of the server, each under its own id")
    func shared() async throws {
        let go = Shared(false)
        let closed = Shared(false)
        let rounds = Counter()
        let upstream = Self.listening(rounds) { socket, id, _ in
            Self.wait { go.value }
            socket.sendEvent(Self.notification("tools/list_changed", id))
            closed.value = socket.isEnded()
        }
        let gateway = try await Harness.start(upstream)
        let first = try Self.listener(gateway, #""a""#)
        let second = try Self.listener(gateway, "7", token: gateway.otherToken)
        for (client, id) in [(first, #":"a""#), (second, ":7")] {
            let acknowledged = try #require(client.nextEvent())
            #expect(acknowledged.contains("toolsListChanged") && acknowledged.contains(id), "\(acknowledged)")
        }
        go.value = true
        for (client, id) in [(first, #":"a""#), (second, ":7")] {
            let change = try #require(client.nextEvent())
            #expect(change.contains("tools/list_changed") && change.contains(id), "\(change)")
        }
        #expect(rounds.count == 1)
        first.socket.end()
        second.socket.end()
        Self.wait { closed.value }
        await gateway.stop()
    }

    @Test("listeners that want different things have streams of their own")
    func different() async throws {
        let rounds = Counter()
        let upstream = Self.listening(rounds) { socket, _, _ in _ = socket.isEnded() }
        let gateway = try await Harness.start(upstream)
        let first = try Self.listener(gateway, "1")
        let second = try Self.listener(gateway, "2", wanted: #""notifications":{"promptsListChanged":true}"#)
        #expect(first.nextEvent()?.contains("toolsListChanged") == true)
        #expect(second.nextEvent()?.contains("promptsListChanged") == true)
        #expect(rounds.count == 2)
        await gateway.stop()
    }

    @Test("when the server ends a subscription, everybody who shares it is told under the own id")
    func over() async throws {
        let go = Shared(false)
        let upstream = Self.listening { socket, id, _ in
            Self.wait { go.value }
            socket.sendEvent(#"{"jsonrpc":"2.0","id":\#(id),"result":{"resultType":"complete"}}"#)
            socket.endEvents()
        }
        let gateway = try await Harness.start(upstream)
        let clients = try [31, 32].map { try Self.listener(gateway, "\($0)") }
        for client in clients {
            #expect(client.nextEvent() != nil)
        }
        go.value = true
        for (client, id) in zip(clients, [31, 32]) {
            let last = try #require(client.nextEvent())
            #expect(last.contains(#""id":\#(id),"#) && last.contains(#""resultType":"complete""#), "\(last)")
            #expect(client.nextEvent() == nil)
        }
        await gateway.stop()
    }

    @Test("who comes while the server's stream is broken is promised nothing that was promised to others")
    func newcomer() async throws {
        let go = Shared(false)
        let hasEnded = Shared(false)
        let rounds = Counter()
        let upstream = Upstreams.modern { sent in
            guard sent.method == "subscriptions/listen" else {
                return nil
            }
            rounds.add()
            guard rounds.count != 2 else {
                return .json(sent.error(-32603))
            }
            let isFirst = rounds.count == 1
            return .custom { socket, message in
                socket.startEvents()
                let id = SentMessage(message).id
                socket.sendEvent(Self.notification("subscriptions/acknowledged", id, Self.tools + ","))
                if isFirst {
                    Self.wait { go.value }
                    socket.end()
                    hasEnded.value = true
                } else {
                    _ = socket.isEnded()
                }
            }
        }
        let gateway = try await Harness.start(upstream)
        let first = try Self.listener(gateway, "1")
        #expect(first.nextEvent()?.contains("toolsListChanged") == true)
        go.value = true
        let second = try gateway.client()
        // The answer to a later question shows that the end of the stream has been seen.
        Self.wait { hasEnded.value }
        for _ in 0..<2 {
            #expect(try second.modern("server/discover").status == 200)
        }
        second.sendModern("subscriptions/listen", Self.tools, id: "2")
        #expect(second.socket.readHead()?.status == 200)
        let acknowledged = try #require(second.nextEvent())
        #expect(acknowledged.contains(#""notifications":{}"#), "\(acknowledged)")
        #expect(first.nextEvent()?.contains("tools/list_changed") == true)
        #expect(rounds.count == 3)
        await gateway.stop()
    }

    @Test("D9: what a reload hides from a listener stays hidden, though others share its stream")
    func hidden() async throws {
        let go = Shared(false)
        let upstream = Self.listening { socket, id, _ in
            Self.wait { go.value }
            for uri in ["docs://a", "docs://b"] {
                socket.sendEvent(Self.notification("resources/updated", id, #""uri":"\#(uri)","#))
            }
            _ = socket.isEnded()
        }
        let gateway = try await Harness.start(upstream)
        let wanted = #""notifications":{"resourceSubscriptions":["docs://a","docs://b"]}"#
        let client = try Self.listener(gateway, "1", wanted: wanted)
        #expect(client.nextEvent()?.contains("docs://a") == true)
        try gateway.reload(upstream, policy: #"{"version":"1","default":"deny","resources":{"allow":["docs://b"]}}"#)
        go.value = true
        let change = try #require(client.nextEvent())
        #expect(change.contains("docs://b"), "\(change)")
        await gateway.stop()
    }

    @Test("a reload that changes the server's credential closes the stream that had the old one, and loses no listener")
    func moved() async throws {
        let closed = Shared(0)
        let rounds = Counter()
        let upstream = Self.listening(rounds) { socket, _, round in
            if socket.isEnded(), round == 1 {
                closed.value = round
            }
        }
        var options = Harness.Options()
        options.headers = [("x-key", "old")]
        let gateway = try await Harness.start(upstream, options)
        let client = try Self.listener(gateway, "1")
        #expect(client.nextEvent()?.contains("toolsListChanged") == true)
        try gateway.reload(upstream, policy: #"{"version":"1","default":"allow"}"#)
        #expect(client.nextEvent()?.contains("tools/list_changed") == true)
        Self.wait { closed.value == 1 }
        let asked = upstream.received.filter { $0.message.text.contains("subscriptions/listen") }
        #expect(asked.map { $0.message.field("x-key") } == ["old", nil])
        await gateway.stop()
    }

    @Test("H5: a listener that does not read is cut, and nobody who shares its stream waits for it")
    func slow() async throws {
        let bursts = Counter()
        let uri = "docs://" + String(repeating: "x", count: 1_900)
        let upstream = Self.listening { socket, id, _ in
            for burst in 0..<1_000 {
                Self.wait { bursts.count > burst }
                for _ in 0..<Self.changesPerBurst {
                    socket.sendEvent(Self.notification("resources/updated", id, #""uri":"\#(uri)","#))
                }
            }
        }
        let gateway = try await Harness.start(upstream)
        let wanted = #""notifications":{"resourceSubscriptions":["\#(uri)"]}"#
        let sleeper = try Self.listener(gateway, #""sleeper""#, wanted: wanted)
        var small: Int32 = 4_096
        setsockopt(sleeper.socket.descriptor, SOL_SOCKET, SO_RCVBUF, &small, socklen_t(MemoryLayout<Int32>.size))
        let reader = try Self.listener(gateway, #""reader""#, wanted: wanted)
        #expect(reader.nextEvent()?.contains("acknowledged") == true)
        // The system's own buffers take some megabytes before the gateway's are used.
        while bursts.count < 900, gateway.sink.lines.isEmpty {
            bursts.add()
            for _ in 0..<Self.changesPerBurst {
                #expect(reader.nextEvent()?.contains("resources/updated") == true)
            }
        }
        #expect(await gateway.records(1).count == 1, "one of the two was cut, after \(bursts.count) bursts")
        bursts.add()
        #expect(reader.nextEvent()?.contains("resources/updated") == true)
        var last: String?
        while let event = sleeper.nextEvent() {
            last = event
        }
        #expect(last?.contains("resultType") == false, "its stream was broken off, not ended")
        for _ in 0..<1_000 {
            bursts.add()
        }
        await gateway.stop()
    }

    /// So few that a reader who is there for all of them is never behind by more than a gateway keeps.
    private static let changesPerBurst = 20
}
