internal import Base
internal import Cryptography
internal import EventLoops
internal import JSONText
internal import PolicyEngine
internal import Upstreams

/// The gateway's own knowledge of a server and its tools.
extension GatewayWorker {
    /// This worker's way to a server.
    func upstream(of server: ServerEntry) -> WorkerUpstream {
        if let latest = latestUpstream, latest.shared === server.shared {
            return latest
        }
        let key = ObjectIdentifier(server.shared)
        if let known = upstreams[key] {
            latestUpstream = known
            return known
        }
        let made = WorkerUpstream(
            server: UpstreamServer(
                configuration: server.upstream,
                client: client,
                shared: server.shared.knowledge,
                loop: loop,
                processes: core.processes,
                space: answerSpace
            ),
            shared: server.shared,
            loop: loop,
            firstID: core.firstRequestID + number,
            stride: core.workerStride
        )
        upstreams[key] = made
        return made
    }

    /// The tools of a server; lists it first when nobody has (policy-language.md, section 3, step 3).
    ///
    /// One listing at a time in the whole process. A caller waits at most ``GatewayLimits/listingDeadline``.
    func tools(of server: ServerEntry) async throws(Failure) -> ToolTable {
        let upstream = upstream(of: server)
        let deadline = loop.now.advanced(by: limits.listingDeadline)
        while true {
            if let table = upstream.currentTools() {
                noteUse(of: upstream)
                return table
            }
            let signal = LoopSignal(on: loop)
            switch server.shared.inventory.join({ signal.send() }) {
            case .ready:
                continue
            case .list:
                try await list(upstream)
            case .full:
                throw Failure(.tooManyInFlight)
            case .wait:
                await signal.wait(until: deadline)
                guard loop.now < deadline else {
                    throw Failure(.upstreamTimedOut)
                }
            }
        }
    }

    /// Lists a server now; whoever asks has been told by its inventory that it may.
    func list(_ upstream: WorkerUpstream) async throws(Failure) {
        do throws(UpstreamFailure) {
            let listing = try await upstream.server.listTools()
            let (known, inventory) = (upstream.currentTools(), upstream.shared.inventory)
            let (now, listed) = (core.time.wallTime, loop.now)
            await work(onList: listing.tools.reduce(0) { $0 + $1.range.count }, of: upstream) {
                let definitions = GatewayWorker.read(listing.tools, knowing: known).definitions
                inventory.finishListing(definitions, at: now, listed: listed)
            }
        } catch {
            upstream.shared.inventory.giveUpListing()
            throw Failure(error)
        }
    }

    // A definition costs some 60 µs to take in: a list of this many bytes one to three milliseconds.
    private static let longList = 16 << 10

    /// Does work on a list of so many bytes: a short one's at once, a long one's beside the loop, which serves others then.
    ///
    /// One at a time of each server: the lists of others wait for one of its lists, not for those of all its clients. A
    /// bundle's list is nobody's.
    func work<Result: Sendable>(
        onList bytes: Int,
        of upstream: WorkerUpstream?,
        _ work: @escaping @Sendable () -> Result
    ) async -> Result {
        guard bytes > Self.longList || upstream.map({ $0.shared.inventory.size > ToolTable.manyTools }) == true else {
            return work()
        }
        guard let upstream else {
            return await loop.aside(work)
        }
        while upstream.isListWorkedOn {
            await upstream.listWork.wait()
        }
        upstream.isListWorkedOn = true
        defer {
            upstream.isListWorkedOn = false
            upstream.listWork.wake()
        }
        return await loop.aside(work)
    }

    /// Lists a server again beside whatever caused it, if that was not done just now.
    func relist(_ server: ServerEntry) {
        guard server.shared.inventory.startsRelisting(at: loop.now) else {
            return
        }
        listInBackground(upstream(of: server))
    }

    private func listInBackground(_ upstream: WorkerUpstream) {
        spawn { [self] in
            do throws(Failure) {
                try await list(upstream)
            } catch {
                // The old table stays in force; the next miss or the schedule asks again.
            }
        }
    }

    // MARK: The schedule

    /// Keeps a server that is used on the schedule; one that was not used for a while is listed beside this use.
    private func noteUse(of upstream: WorkerUpstream) {
        guard !upstream.isUsed else {
            return
        }
        upstream.isUsed = true
        if upstream.relistTimer?.isSet != true {
            takeTurn(upstream)
        }
    }

    /// One worker's turn: lists the server unless another worker just has, and sets the next turn while it is used.
    private func takeTurn(_ upstream: WorkerUpstream) {
        guard upstream.isUsed, !core.isDraining else {
            return
        }
        let schedule = RelistSchedule(interval: limits.relistInterval)
        if upstream.shared.inventory.startsScheduledListing(at: loop.now, interval: schedule.least) {
            listInBackground(upstream)
        }
        let timer =
            upstream.relistTimer
            ?? LoopTimer(on: loop) { [self, unowned upstream] in
                takeTurn(upstream)
                upstream.isUsed = false
            }
        upstream.relistTimer = timer
        timer.set(after: schedule.delay(roll: Random.bytes(1).first ?? 0))
    }
}

/// Wakes one waiting task of a loop from any thread.
// ISOLATION: the mailbox is only touched on its loop, to which `send` hands over.
struct LoopSignal: @unchecked Sendable {
    private let loop: EventLoop
    private let mailbox: BoundedMailbox<Void>

    /// A signal for a task of `loop`; loop-confined but for ``send()``.
    init(on loop: EventLoop) {
        self.loop = loop
        mailbox = BoundedMailbox(on: loop, capacity: 1)
    }

    /// Wakes the task; from any thread.
    func send() {
        loop.execute { _ = mailbox.push(()) }
    }

    /// Waits for ``send()``.
    func wait() async {
        _ = await mailbox.next()
    }

    /// Waits for ``send()``, at most until `deadline`.
    func wait(until deadline: Instant) async {
        let timer = loop.schedule(after: max(.zero, deadline.elapsed(since: loop.now))) { _ = mailbox.push(()) }
        _ = await mailbox.next()
        timer.cancel()
    }
}
