import Base
import EventLoops
import HTTPTransport
import HTTPWire
import Secrets
import Settings
import Stores
import Upstreams

/// Tells webhooks what the store has for them, on a thread of its own.
///
/// What is to be told stands in the store since the moment it happened; an answer of 2xx is the end of it, anything else is
/// tried again later and later. A process that dies between the answer and the note of it tells once more: receivers know
/// a delivery by its id. No redirect is followed, no cookie kept; one delivery at a time for each webhook, oldest first.
///
/// ISOLATION: everything but `pool` is touched on the one thread of `pool` only.
final class WebhookSender: @unchecked Sendable {
    /// How often it looks for what is due.
    private static let interval = Duration.seconds(1)
    // LIMIT: deliveries of one look; the rest comes with the next.
    private static let maximumAtOnce = 20

    private let pool: WorkerPool
    private let store: any Store
    private let keys: ServedKeys
    private let time: any TimeSource
    private var client: HTTPClient?
    private var timer: LoopTimer?
    private var busy: Set<EntityID> = []

    /// Starts looking.
    init(
        _ store: any Store,
        trust: TLSTrust?,
        keys: KeyFile,
        path: String,
        time: any TimeSource = SystemTime()
    ) throws(CommandFailure) {
        self.store = store
        self.time = time
        // The keeper says what is wrong with a key file.
        self.keys = ServedKeys(keys, path: path) { _ in }
        pool = try WorkerPool(count: 1)
        let loop = pool.workers[0].loop
        loop.execute { [self] in
            let deadlines = HTTPClientDeadlines(connect: .seconds(5), total: .seconds(10))
            client = HTTPClient(on: loop, configuration: HTTPClientConfiguration(deadlines: deadlines, trust: trust))
            timer = LoopTimer(on: loop) { [weak self] in
                self?.look()
                self?.timer?.set(after: Self.interval)
            }
            timer?.set(after: Self.interval)
        }
    }

    /// Looks no more and ends the thread; what is under way is told again by the next process.
    func stop() {
        pool.workers[0].loop.execute { [self] in
            timer?.cancel()
            timer = nil
            client?.close()
            client = nil
        }
        pool.stop()
    }

    private func look() {
        let now = time.wallTime
        let due: [(WebhookRecord, [WebhookDelivery])]
        do throws(StoreError) {
            due = try store.read { reader throws(StoreError) in
                var found: [(WebhookRecord, [WebhookDelivery])] = []
                let waiting = try reader.dueDeliveries(at: now)
                guard !waiting.isEmpty else {
                    return found
                }
                for webhook in try reader.webhooks() {
                    let own = waiting.filter { $0.webhook == webhook.id }
                    if !own.isEmpty {
                        found.append((webhook, Array(own.prefix(Self.maximumAtOnce))))
                    }
                }
                return found
            }
        } catch {
            // It is there at the next look.
            return
        }
        for (webhook, deliveries) in due where busy.insert(webhook.id).inserted {
            pool.workers[0].spawn { [self] in
                for delivery in deliveries where timer != nil {
                    let outcome = await tell(webhook, delivery)
                    keep(delivery, outcome)
                    // A receiver that does not answer is not asked for each of them.
                    guard outcome.problem == nil else {
                        break
                    }
                }
                busy.remove(webhook.id)
            }
        }
    }

    private struct Outcome {
        var status: Int?
        var problem: ByteString?
    }

    private func keep(_ delivery: WebhookDelivery, _ outcome: Outcome) {
        let now = time.wallTime
        do throws(StoreError) {
            try store.keep(isDurable: true) { ledger throws(StoreError) in
                try ledger.settle(delivery: delivery.id, status: outcome.status, problem: outcome.problem, now: now)
            }
        } catch {
            // It is told again: at least once is what is promised.
        }
    }

    private func tell(_ webhook: WebhookRecord, _ delivery: WebhookDelivery) async -> Outcome {
        guard let client else {
            return Outcome(problem: "the gateway is ending")
        }
        let secret: Secret<[UInt8]>
        do throws(CredentialError) {
            keys.look()
            guard let sealer = keys.sealer else {
                return Outcome(problem: "the key file has no wrapping key")
            }
            secret = try sealer.open(webhook.sealed, for: webhook.binding)
        } catch {
            return Outcome(problem: ByteString("\(error)"))
        }
        let address: UpstreamAddress
        do throws(UpstreamAddress.Problem) {
            address = try UpstreamAddress(webhook.url.bytes, allowsInsecure: webhook.allowsInsecure)
        } catch {
            return Outcome(problem: ByteString(error.rawValue))
        }
        do throws(HTTPClientError) {
            let request = try Self.request(delivery, secret, address, now: time.wallTime)
            let exchange = try await client.send(request, to: address.origin, poolKey: ByteString(webhook.id.text))
            let status = exchange.head.status
            // What it says besides is nobody's concern.
            exchange.cancel()
            return Outcome(
                status: status,
                problem: (200..<300).contains(status) ? nil : ByteString("it answered \(status)")
            )
        } catch {
            return Outcome(problem: ByteString("\(error)"))
        }
    }

    private static func request(
        _ delivery: WebhookDelivery,
        _ secret: Secret<[UInt8]>,
        _ address: UpstreamAddress,
        now: WallTime
    ) throws(HTTPClientError) -> HTTPClientRequest {
        let signature = WebhookSignature.field(body: delivery.body, secret: secret, time: now)
        var fields = HTTPFields()
        do throws(HTTPSerializerError) {
            try fields.append(name: Array("Content-Type".utf8), value: Array("application/json".utf8))
            try fields.append(name: Array("User-Agent".utf8), value: Array("Toolgate/\(ProductVersion.text)".utf8))
            try fields.append(name: Array("Toolgate-Event".utf8), value: Array(delivery.event.rawValue.utf8))
            try fields.append(name: Array("Toolgate-Delivery".utf8), value: delivery.id.text)
            try fields.append(name: Array("Toolgate-Signature".utf8), value: signature)
        } catch {
            throw HTTPClientError(.unwritable(error), wroteBytes: false)
        }
        return HTTPClientRequest(method: .post, target: address.target, fields: fields, body: delivery.body)
    }
}
