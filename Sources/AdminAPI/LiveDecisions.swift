internal import AdminModel
internal import Base
internal import EventLoops
internal import HTTPTransport
internal import HTTPWire
internal import Stores

/// Streams decisions to whoever watches.
///
/// The journal's files are read every so often while anybody watches, on a background thread; each viewer has a bounded
/// queue, and is told how many it missed. Loop-confined.
final class LiveDecisions {
    /// LIMIT: viewers at one time.
    static let maximumViewers = 128
    /// LIMIT: decisions that wait for one viewer; more are left out, and counted.
    private static let maximumQueued = 128
    private static let interval = Duration.milliseconds(400)
    private static let keepAlive = Duration.seconds(15)
    /// How many keep-alives pass between two looks at whether the viewer is still let in.
    private static let checksEvery = 2

    private final class Viewer {
        let filter: DecisionFilter
        var queue: [Decision] = []
        var missed = 0
        let arrival = WaitPoint()

        init(_ filter: DecisionFilter) {
            self.filter = filter
        }
    }

    private let worker: Worker
    private let side: SideThread
    private let journal: any AdminJournal
    private var viewers: [ObjectIdentifier: Viewer] = [:]
    private var follower: (any DecisionFollower)?
    private var isLooking = false
    private var isEnding = false

    init(_ journal: any AdminJournal, on worker: Worker, side: SideThread) {
        self.journal = journal
        self.worker = worker
        self.side = side
    }

    /// Whether there is room for one more.
    var hasRoom: Bool { !isEnding && viewers.count < Self.maximumViewers }

    /// Ends all streams.
    func end() {
        isEnding = true
        for viewer in viewers.values {
            viewer.arrival.wake()
        }
    }

    /// Streams until the viewer goes, is no longer let in, or the listener ends.
    ///
    /// - Parameters:
    ///   - exchange: the viewer's request.
    ///   - fields: of the answer.
    ///   - filter: what it wants to see.
    ///   - last: behind which place it goes on; `nil`: with what comes.
    ///   - isAdmitted: whether it is still let in.
    /// - Throws: when the viewer is gone, or reads too slowly.
    func serve(
        _ exchange: HTTPServerExchange,
        _ fields: HTTPFields,
        _ filter: DecisionFilter,
        behind last: DecisionPlace?,
        isAdmitted: () async -> Bool
    ) async throws(HTTPServerError) {
        let viewer = Viewer(filter)
        viewers[ObjectIdentifier(viewer)] = viewer
        defer { viewers[ObjectIdentifier(viewer)] = nil }
        exchange.onPeerClosed = { viewer.arrival.wake() }
        try await exchange.startStream(200, fields)
        // Before the viewer is told that it watches: nothing that is decided from then on may be missed.
        await prepare()
        try await exchange.write(Array(": decisions\n\n".utf8))
        if let last {
            await catchUp(viewer, behind: last)
        }
        look()
        var ticks = 0
        let ticker = LoopTimer(on: worker.loop) { viewer.arrival.wake() }
        ticker.set(after: Self.keepAlive)
        defer { ticker.cancel() }
        var lastWritten = worker.loop.now
        while !exchange.isPeerClosed, !isEnding {
            if viewer.queue.isEmpty, viewer.missed == 0 {
                await viewer.arrival.wait()
            }
            let bytes = Self.take(viewer)
            if !bytes.isEmpty {
                try await exchange.write(bytes)
                lastWritten = worker.loop.now
            } else if worker.loop.now.elapsed(since: lastWritten) >= Self.keepAlive {
                ticks += 1
                if ticks % Self.checksEvery == 0, await !isAdmitted() {
                    break
                }
                try await exchange.write(Array(": still here\n\n".utf8))
                lastWritten = worker.loop.now
                ticker.set(after: Self.keepAlive)
            }
        }
        try await exchange.finish()
    }

    private static func take(_ viewer: Viewer) -> [UInt8] {
        var bytes: [UInt8] = []
        if viewer.missed > 0 {
            bytes += Array("event: gap\ndata: {\"missed\":\(viewer.missed)}\n\n".utf8)
            viewer.missed = 0
        }
        for decision in viewer.queue {
            bytes += Array("id: \(decision.place.id)\nevent: decision\ndata: ".utf8)
            // A row is one line of JSON: no line end stands in it.
            bytes += decision.shown
            bytes += [0x0A, 0x0A]
        }
        viewer.queue.removeAll(keepingCapacity: true)
        return bytes
    }

    /// What was decided since a viewer was here last, as far as a queue goes.
    private func catchUp(_ viewer: Viewer, behind last: DecisionPlace) async {
        var filter = viewer.filter
        filter.since = last.time
        let wanted = filter
        let journal = journal
        let found = await worker.loop.beside(side) { () -> [Decision] in
            do throws(StoreError) {
                return try journal.decisions(wanted, behind: nil, count: Self.maximumQueued + 1)
            } catch {
                return []
            }
        }
        let news = found.filter { last.isBefore($0.place) }
        if news.count > Self.maximumQueued {
            viewer.missed += 1
        }
        viewer.queue = news.prefix(Self.maximumQueued).reversed()
    }

    /// Sees that the journal is followed.
    private func prepare() async {
        guard follower == nil else {
            return
        }
        let journal = journal
        let made = await worker.loop.beside(side) { () -> (any DecisionFollower)? in
            do throws(StoreError) {
                return try journal.follower()
            } catch {
                return nil
            }
        }
        follower = follower ?? made
    }

    /// Looks for news while anybody watches.
    private func look() {
        guard !isLooking else {
            return
        }
        isLooking = true
        worker.spawn { [self] in
            while !viewers.isEmpty, !isEnding {
                if let news = await news() {
                    tell(news.decisions, left: news.left)
                }
                await pause()
            }
            isLooking = false
            follower = nil
        }
    }

    private func pause() async {
        let point = WaitPoint()
        let timer = worker.loop.schedule(after: Self.interval) { point.wake() }
        await point.wait()
        timer.cancel()
    }

    private func news() async -> (decisions: [Decision], left: Int)? {
        let journal = journal
        let known = follower
        let found = await worker.loop.beside(side) { () -> (any DecisionFollower, [Decision], Int)? in
            do throws(StoreError) {
                let follower = if let known { known } else { try journal.follower() }
                let news = try follower.look()
                return (follower, news.decisions, news.left)
            } catch {
                return nil
            }
        }
        guard let found else {
            // Begun anew at the next look; what is in between is missed.
            follower = nil
            tell([], left: 1)
            return nil
        }
        follower = found.0
        return (found.1, found.2)
    }

    private func tell(_ decisions: [Decision], left: Int) {
        for viewer in viewers.values {
            viewer.missed += left
            for decision in decisions where viewer.filter.admits(decision) {
                if viewer.queue.count < Self.maximumQueued {
                    viewer.queue.append(decision)
                } else {
                    viewer.missed += 1
                }
            }
            if !viewer.queue.isEmpty || viewer.missed > 0 {
                viewer.arrival.wake()
            }
        }
    }
}
