import Base
import EventLoops
import HTTPTransport
import HTTPWire
import JSONText
import Secrets
import Settings
import StoreSQLite
import Stores
import Synchronization
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// A clock that goes on by more than the longest pause whenever it is looked at: whatever is to be tried again is due.
private final class LeapingTime: TimeSource {
    static let leap: Int64 = 13 * 3_600_000
    private let milliseconds = Guarded<Int64>(SystemTime().wallTime.milliseconds)

    var now: Instant { Instant(nanoseconds: 0) }
    var wallTime: WallTime {
        WallTime(
            milliseconds: milliseconds.withLock { time in
                time += Self.leap
                return time
            }
        )
    }
}

/// What a receiver got.
private struct Received: Sendable {
    let id: String
    let event: String
    let signature: [UInt8]
    let body: [UInt8]
}

/// What a receiver answers, one after the other, the last for good.
private final class Answers: Sendable {
    private let statuses: Guarded<[Int]>

    init(_ statuses: [Int]) {
        self.statuses = Guarded(statuses)
    }

    func next() -> Int {
        statuses.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }
}

/// A receiver on this machine, which answers what it is told to.
private final class Receiver: Sendable {
    let pool: WorkerPool
    let port: Int
    let arrivals: AsyncStream<Received>
    private let ending: AsyncStream<Void>.Continuation

    init(answering statuses: [Int]) async throws {
        pool = try WorkerPool(count: 1)
        let (stream, continuation) = AsyncStream<Received>.makeStream()
        arrivals = stream
        let answers = Answers(statuses)
        let (listening, listens) = AsyncStream<Int>.makeStream()
        let (ended, ending) = AsyncStream<Void>.makeStream()
        self.ending = ending
        _ = pool.workers[0].start { worker in
            do {
                let address = SocketAddress(.loopbackV4, port: 0)
                let configuration = HTTPServerConfiguration(address: address)
                let server = try HTTPServer(on: worker, configuration: configuration) { exchange in
                    do {
                        let body = try await exchange.body(maximumBytes: 1 << 16)
                        let received = Received(
                            id: Self.text(exchange.head.fields.value(named: "toolgate-delivery")),
                            event: Self.text(exchange.head.fields.value(named: "toolgate-event")),
                            signature: exchange.head.fields.value(named: "toolgate-signature").map { Array($0) } ?? [],
                            body: body
                        )
                        var fields = HTTPFields()
                        try fields.append(name: Array("Location".utf8), value: Array("http://127.0.0.1:9/".utf8))
                        try await exchange.respond(answers.next(), fields, body: [])
                        continuation.yield(received)
                    } catch {
                        return
                    }
                }
                listens.yield(Int(server.address.port))
                // It listens as long as somebody holds it.
                for await _ in ended {}
                await server.drain(within: .zero)
            } catch {
                Issue.record(error)
                listens.finish()
            }
        }
        var found = listening.makeAsyncIterator()
        port = try #require(await found.next())
    }

    func stop() {
        ending.finish()
        pool.stop()
    }

    private static func text(_ bytes: ArraySlice<UInt8>?) -> String {
        String(decoding: bytes ?? [], as: UTF8.self)
    }
}

@Suite("webhooks of a running gateway", .timeLimit(.minutes(5)))
struct WebhookTests {
    /// A store with a webhook at a receiver; its secret.
    private static func add(_ scene: StoreScene, at port: Int) throws -> Secret<[UInt8]> {
        scene.run("member", "add", "ana")
        let made = try scene.json("webhook", "add", "chat", "--url", "http://127.0.0.1:\(port)/hook")
        let secret = try #require(made["secret"]?.string)
        return Secret(Array(secret.bytes))
    }

    private static func sender(_ scene: StoreScene, _ time: LeapingTime) throws -> WebhookSender {
        let path = "\(scene.folder)/keys.json"
        return try WebhookSender(
            try SQLiteStore(opening: "\(scene.folder)/store.sqlite", time: time),
            trust: nil,
            keys: try KeyFile.loadOrCreate(path: path).keys,
            path: path,
            time: time
        )
    }

    @Test("an event is told signed, tried again after a failure with the same id and bytes, and then no more")
    func telling() async throws {
        let scene = try StoreScene()
        let receiver = try await Receiver(answering: [500, 302, 204])
        defer { receiver.stop() }
        let secret = try Self.add(scene, at: receiver.port)
        let time = LeapingTime()
        let sender = try Self.sender(scene, time)
        defer { sender.stop() }
        scene.run("webhook", "test", "chat")
        var arrivals = receiver.arrivals.makeAsyncIterator()
        let first = try #require(await arrivals.next())
        #expect(first.event == "test")
        let isGood = WebhookSignature.isGood(
            first.signature,
            body: first.body,
            secret: secret,
            now: time.wallTime,
            tolerance: 100 * LeapingTime.leap
        )
        #expect(isGood)
        let again = [try #require(await arrivals.next()), try #require(await arrivals.next())]
        #expect(again.map(\.id) == [first.id, first.id] && again.allSatisfy { $0.body == first.body })
        // What comes after it is told when the end of it is kept: one at a time.
        scene.run("webhook", "test", "chat")
        #expect(try #require(await arrivals.next()).id != first.id)
        let kept = try scene.read { reader throws(StoreError) in
            try reader.deliveries(of: reader.webhooks()[0].id).last
        }
        #expect(kept?.standing == .delivered && kept?.attempts == 3 && kept?.status == 204)
    }

    @Test("K1: an event of a process that was killed at once is told by the next one")
    func killed() async throws {
        let scene = try StoreScene()
        let receiver = try await Receiver(answering: [200])
        defer { receiver.stop() }
        _ = try Self.add(scene, at: receiver.port)
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = scene.folder as String] in
            let store = try SQLiteStore(opening: "\(folder)/store.sqlite", time: SystemTime())
            let now = SystemTime().wallTime
            let question = ApprovalRecord(
                binding: [UInt8](repeating: 1, count: 32),
                grant: "ci",
                server: "crm",
                tool: "pay",
                rule: "/tools/pay/require_approval/0",
                approvers: [nil],
                covers: nil,
                patience: 60_000,
                created: now
            ) { _ in nil }
            _ = try store.keep(isDurable: true) { ledger throws(StoreError) in try ledger.claim(question, now: now) }
            kill(getpid(), SIGKILL)
        }
        let sender = try Self.sender(scene, LeapingTime())
        defer { sender.stop() }
        var arrivals = receiver.arrivals.makeAsyncIterator()
        let told = try #require(await arrivals.next())
        #expect(told.event == "approval.requested")
        let body = try JSONDocument(told.body).root
        #expect(body["id"]?.string.map { String(decoding: $0.bytes, as: UTF8.self) } == told.id)
        #expect(body["data"]?["tool"]?.string.map { String(decoding: $0.bytes, as: UTF8.self) } == "pay")
    }

    @Test("webhooks are listed without their secret, and dead deliveries are tried again by command")
    func commands() throws {
        let scene = try StoreScene()
        let secret = try Self.add(scene, at: 9)
        let text = String(decoding: secret.reveal(), as: UTF8.self)
        #expect(text.hasPrefix("tgw_"))
        let listed = scene.run("webhook", "list").1.output + scene.run("webhook", "list", "--output", "json").1.output
        #expect(listed.contains("chat") && !listed.contains("tgw_"))
        #expect(try !scene.storeText().contains(text.suffix(20)))
        #expect(scene.run("webhook", "add", "far", "--url", "http://10.0.0.1/").0 == .refused)
        #expect(scene.run("webhook", "add", "x").0 == .usage)
        #expect(scene.run("webhook", "test", "chat").0 == .done)
        #expect(scene.run("webhook", "deliveries", "chat").1.output.contains("waiting"))
        #expect(scene.run("webhook", "retry", "chat").1.output.contains("nothing of `chat` is dead"))
        #expect(scene.run("webhook", "retry", "chat", "--delivery", "x").0 == .usage)
        #expect(scene.run("webhook", "remove", "chat", "--yes").0 == .done)
        #expect(scene.run("webhook", "deliveries", "chat").1.error.contains("no webhook `chat`"))
        // Whatever the key is rotated to, the secret goes along.
        _ = try Self.add(scene, at: 9)
        #expect(scene.run("key", "rotate", "--retire").0 == .done)
        #expect(scene.run("store", "check").0 == .done)
    }
}
