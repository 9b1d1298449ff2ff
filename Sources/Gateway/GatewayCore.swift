internal import AuditJournal
internal import AuditModel
internal import Base
internal import Cryptography
internal import EventLoops
internal import HTTPTransport
internal import JSONText
internal import MCPModel
internal import RateLimits
internal import Secrets
internal import Synchronization
internal import Upstreams

/// What is made from the key file.
private struct GatewayKeys {
    let digester: GrantDigester
    let handles: Handles
}

/// What all workers of one gateway share.
///
/// Everything in it is immutable or guards itself.
final class GatewayCore: Sendable {
    let configuration: GatewayConfiguration
    let snapshots: SnapshotStore
    let counters: LimitTable
    /// What they go by.
    let limitClock: LimitClock
    /// What counters keep of the values that split them.
    let keyDigest: (@Sendable ([UInt8]) -> [UInt8])?
    private let keys: Guarded<GatewayKeys>
    let hosts: HostRules
    let sink: any DecisionSink
    let time: any TimeSource
    /// The sessions that were ended.
    let tombstones: Tombstones<ByteString>
    /// The server's requests that were answered: each once (D8).
    let answered: Tombstones<HandleFingerprint>
    /// What legacy sessions have besides their ids.
    let sessionStates = SessionStates()
    /// The clients over HTTP+SSE whose streams are open.
    let eventClients = EventClients()
    let identity: GatewayIdentity
    let upstreamWriter: UpstreamWriter
    /// Where servers that are processes run; `nil`: nowhere.
    let processes: ProcessHost?
    let jsonLimits: JSONLimits
    /// What request ids of this process begin with, so that they differ from those of any other.
    let requestPrefix: [UInt8]
    /// Ids of upstream requests are `firstRequestID + worker + n * workerStride`.
    let firstRequestID: Int
    let workerStride: Int
    private let writers: [DownstreamWriter]
    private let links = Guarded<[WorkerLink]>([])
    private let draining = Atomic(false)

    init(
        configuration: GatewayConfiguration,
        sealingKey: SealingKey,
        snapshot: Snapshot,
        workers: Int,
        sink: any DecisionSink,
        time: any TimeSource
    ) {
        self.configuration = configuration
        limitClock = LimitClock(ClockReading(now: time.now, wall: time.wallTime))
        snapshots = SnapshotStore(snapshot)
        counters = LimitTable(
            tracksChanges: configuration.keepsCounters,
            // In strict mode every note is on the disk before its call goes on.
            keepsAhead: configuration.keepsCounters && configuration.journal?.configuration.mode == .grouped
        )
        if let counterDigester = configuration.counterDigester {
            keyDigest = { value in counterDigester.counterValue(value) }
        } else {
            keyDigest = nil
        }
        keys = Guarded(
            GatewayKeys(
                digester: configuration.keys.grantDigester,
                handles: Handles(key: sealingKey, limits: configuration.limits)
            )
        )
        hosts = HostRules(hosts: configuration.allowedHosts, origins: configuration.allowedOrigins)
        self.sink = sink
        self.time = time
        tombstones = Tombstones(capacity: configuration.limits.maximumTombstones)
        answered = Tombstones(capacity: configuration.limits.maximumTombstones)
        let identity = GatewayIdentity(version: ByteString(ProductVersion.text))
        self.identity = identity
        upstreamWriter = UpstreamWriter(identity: identity)
        processes = configuration.processes.map { processes in
            var processes = processes
            processes.masking = { secrets in
                let mask = CredentialMask(secrets)
                return { mask.masking($0) }
            }
            return ProcessHost(processes)
        }
        jsonLimits = JSONLimits(maximumBytes: configuration.limits.maximumBodyBytes)
        writers = Revision.allCases.map { DownstreamWriter(revision: $0, identity: identity) }
        // The same in both records of a call.
        requestPrefix = configuration.journal?.configuration.requestPrefix ?? TextCoding.hexadecimal(Random.bytes(4))
        workerStride = workers
        // Seconds since 2025 times 2^21: below 2^53 until the year 2160, and ids grow by less than 2^21 a second, so no
        // later process of this gateway begins below where this one ended.
        let seconds = max(0, time.wallTime.milliseconds / 1_000 - 1_735_689_600)
        firstRequestID = Int(seconds & 0xffff_ffff) << 21
    }

    /// What digests tokens; asked for tokens a worker has not seen yet.
    var digester: GrantDigester { keys.withLock { $0.digester } }
    /// What seals handles, and opens those of older keys.
    var handles: Handles { keys.withLock { $0.handles } }

    /// Takes in rotated keys.
    func use(_ digester: GrantDigester, _ sealingKey: SealingKey) {
        let next = GatewayKeys(digester: digester, handles: Handles(key: sealingKey, limits: configuration.limits))
        keys.withLock { $0 = next }
    }

    /// Whether the gateway takes no new requests.
    var isDraining: Bool {
        get { draining.load(ordering: .relaxed) }
        set { draining.store(newValue, ordering: .relaxed) }
    }

    /// What writes to clients of a revision.
    func writer(_ revision: Revision) -> DownstreamWriter {
        writers[Int(revision.rawValue)]
    }

    /// Makes a worker reachable from the others.
    func add(_ link: WorkerLink) {
        links.withLock { $0.append(link) }
    }

    /// Lets go of all workers, which hold on to the core themselves.
    func removeLinks() {
        links.withLock { $0 = [] }
    }

    /// Tells every worker that a call was cancelled; the one that has it ends it.
    func announce(_ cancellation: Cancellation) {
        runEverywhere { gateway in gateway.cancel(cancellation) }
    }

    /// Tells every worker that a session's subscriptions changed; those that have its stream follow.
    func announce(_ change: SubscriptionChange) {
        runEverywhere { gateway in gateway.subscriptionsChanged(change) }
    }

    /// Does something on every worker, each on its own thread.
    func runEverywhere(_ body: @escaping @Sendable (GatewayWorker) -> Void) {
        for link in links.withLock({ $0 }) {
            link.run(body)
        }
    }

    /// Does something on one worker, on its own thread; false when there is no such worker.
    @discardableResult
    func run(on worker: Int, _ body: @escaping @Sendable (GatewayWorker) -> Void) -> Bool {
        guard let link = links.withLock({ links in links.first { $0.number == worker } }) else {
            return false
        }
        link.run(body)
        return true
    }
}

/// How a worker is reached from other threads.
struct WorkerLink: Sendable {
    let number: Int
    /// Runs something on the worker's loop.
    let run: @Sendable (@escaping @Sendable (GatewayWorker) -> Void) -> Void
}

/// A legacy client's wish to give up one of its calls.
struct Cancellation: Sendable {
    let grant: GrantDigest
    let session: ByteString
    let id: RequestID
}
