internal import AuditJournal
internal import AuditModel
internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import MCPModel
internal import RateLimits
internal import Upstreams

/// One worker's gateway: takes requests through the phases, in their fixed order.
///
/// Loop-confined.
///
///     route → origin, host → authenticate → places → head → body → understand → decide → reserve
///           → forward → filter the answer → settle → record
///
/// Each phase is a function in an extension named after it. A phase that refuses throws a ``Failure``; giving back and
/// recording run whatever happened.
final class GatewayWorker {
    let worker: Worker
    let number: Int
    let core: GatewayCore
    let client: HTTPClient
    /// What large answers may take of the worker's memory.
    let answerSpace: AnswerSpace
    let log: DecisionLog
    /// `nil` when no journal is kept.
    let trail: AuditTrail?
    var view: SnapshotView
    var throttle = AddressThrottle()
    /// The Host that was admitted last; most requests have the same one.
    var admittedHost: [UInt8] = []
    var tokens = TokenCache()
    var open = OpenCalls()
    var sessions: [ByteString: ClientSession] = [:]
    /// Which servers of bundles have which resources, as far as this worker has seen, by the bundle's scope.
    var resourceRoutes: [ByteString: ResourceRoutes] = [:]
    var upstreams: [ObjectIdentifier: WorkerUpstream] = [:]
    /// Calls that wait at legacy servers for an answer of their modern clients, by their number.
    var parked: [UInt64: ParkedCall] = [:]
    /// The one asked for last: a call asks for its own several times.
    var latestUpstream: WorkerUpstream?
    private var lastRequest: UInt64
    private var ticker: LoopTimer?

    /// - Throws: why the worker's stream of the journal cannot be written.
    init(worker: Worker, number: Int, core: GatewayCore) throws(JournalFailure) {
        self.worker = worker
        self.number = number
        self.core = core
        if let journal = core.configuration.journal {
            let writer = try journal.writer(.worker(UInt(number)), on: worker.loop)
            trail = AuditTrail(writer, digester: core.configuration.argumentDigester)
        } else {
            trail = nil
        }
        client = HTTPClient(on: worker.loop, configuration: core.configuration.client)
        answerSpace = AnswerSpace(on: worker.loop)
        log = DecisionLog(on: worker.loop, sink: core.sink, requestPrefix: core.requestPrefix)
        view = SnapshotView(core.snapshots)
        lastRequest = UInt64(number) << 48
        // Until `close()`; not weakly, for objects referred to weakly are dear to retain.
        ticker = LoopTimer(on: worker.loop) { [self] in tick() }
    }

    var loop: EventLoop { worker.loop }
    var limits: GatewayLimits { core.configuration.limits }

    /// A number no other request of this process has.
    func nextRequestNumber() -> UInt64 {
        lastRequest &+= 1  // 2^48 requests per worker before a number comes again
        return lastRequest
    }

    /// Runs `body` on this worker; the spawn point for what goes on beside the request that caused it.
    func spawn(_ body: @escaping () async -> Void) {
        let handed = Handed(body)
        worker.assumeIsolated { worker in
            _ = worker.spawn { await handed.value() }
        }
    }

    // MARK: Open calls

    /// Puts a call on the list that is looked after until it ends.
    func track(_ call: Call) {
        open.add(call)
        if let ticker, !ticker.isSet {
            ticker.set(after: limits.streamCheckInterval)
        }
    }

    /// Takes it off again.
    func untrack(_ call: Call) {
        open.remove(call)
    }

    /// Looks after the open calls: ends those whose grant is gone, keeps the silent ones alive.
    private func tick() {
        refreshSnapshot()
        let now = loop.now
        let wallTime = core.time.wallTime
        for call in open.calls {
            guard call.grant.isValid(at: wallTime) else {
                call.end(.revoked)
                continue
            }
            if now.elapsed(since: call.lastWriteAt) >= limits.keepAliveInterval {
                keepAlive(call, now: now)
            }
        }
        if !open.calls.isEmpty {
            ticker?.set(after: limits.streamCheckInterval)
        }
    }

    /// Takes up a new snapshot if there is one: lets go of what it no longer has, and gives the open calls their
    /// grant's new self.
    ///
    /// A call whose grant is gone, or is for another server now, ends (D9).
    func refreshSnapshot() {
        guard view.refresh() else {
            return
        }
        for call in open.calls {
            let successor = view.current.grants[call.grant.digest]?.successor(of: call.grant)
            if let successor, successor.server.id == call.grant.server.id {
                call.grant = successor
            } else {
                call.end(.revoked)
            }
        }
        let used = Set(view.current.servers.values.map { ObjectIdentifier($0.shared) })
        let dropped = upstreams.filter { !used.contains($0.key) }
        upstreams = upstreams.filter { used.contains($0.key) }
        latestUpstream = nil
        for upstream in dropped.values {
            upstream.relistTimer?.cancel()
            endBridges(of: upstream)
            move(listenersOf: upstream)
        }
        tokens.removeAll()
        sessions.removeAll(keepingCapacity: true)
        resourceRoutes = [:]
    }

    /// Whether bytes may still be written for a call: its grant is as good as when it began (D9).
    func isStillGranted(_ call: Call) -> Bool {
        refreshSnapshot()
        if call.ending == nil, call.grant.expires != nil, !call.grant.isValid(at: core.time.wallTime) {
            call.end(.revoked)
        }
        return call.ending == nil
    }

    /// Ends the call a client gave up, if it is on this worker; the server is told.
    func cancel(_ cancellation: Cancellation) {
        for call in open.calls where call.grant.digest == cancellation.grant && call.era == .legacy {
            guard call.id == cancellation.id, call.session?.text == cancellation.session else {
                continue
            }
            // 25/cancel: initialize cannot be cancelled, and has no session yet.
            tellCancelled(call)
            call.end(.cancelled)
        }
    }

    /// Ends the streams that would never end by themselves.
    func endStreams() {
        for call in open.calls where call.isListening {
            call.end(.draining)
        }
    }

    /// Hands over the last records and lets go of timers and connections.
    func close() {
        for call in open.calls {
            call.end(.draining)
        }
        ticker?.cancel()
        ticker = nil
        for waiting in parked.values {
            waiting.timer?.cancel()
            waiting.events.cancel()
        }
        parked = [:]
        for upstream in upstreams.values {
            upstream.relistTimer?.cancel()
            upstream.bridges.removeAll()
        }
        client.close()
        log.close()
        trail?.close()
    }
}

/// Carries a loop-confined value through a closure that is sent, from the loop's thread to the loop's thread.
// ISOLATION: made and used on one loop's thread.
struct Handed<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
