public import AuditJournal
public import Base
public import RateLimits
public import Settings

/// What outlives a gateway, handed out and put back by whoever has a store.
///
/// Safe on any thread; for one that serves nobody.
extension GatewayService {
    /// The counters that changed since the last time, as they are now.
    ///
    /// Only with ``GatewayConfiguration/keepsCounters``.
    public func takeCounterChanges() -> CounterChanges {
        core.counters.takeChanges(clocks: clocks)
    }

    /// Lets limits use what is kept ahead of them, once the states that were taken with it are on the disk.
    public func use(_ leases: [CounterLease]) {
        core.counters.use(leases)
    }

    /// Makes the counters that can be taken now exact, once the gateway has ended.
    public func endLeases() {
        core.counters.endLeases()
    }

    /// Puts back what counters were, before the gateway listens.
    ///
    /// - Returns: how many could not be read, and were left out.
    public func restore(counters: [CounterState]) -> Int {
        core.counters.restore(counters, clocks: plainClocks)
    }

    /// Counts what the journal of a process that died says was admitted and no kept counter has yet; before the gateway
    /// listens.
    ///
    /// - Returns: how many charges this version cannot read.
    public func replay(_ charges: [RecoveredCharge]) -> Int {
        var unreadable = 0
        for recovered in charges {
            guard let charge = Charge(recovered.charge) else {
                unreadable += 1
                continue
            }
            // Rows have the wall clock's time, which may be behind that of limits.
            let made = recovered.time.milliseconds.addingReportingOverflow(core.limitClock.leadMilliseconds)
            core.counters.replay(
                charge,
                made: made.overflow ? recovered.time : WallTime(milliseconds: made.partialValue),
                clocks: plainClocks
            )
        }
        return unreadable
    }

    /// When grants were last used, of those this process has seen used.
    public var lastUses: [EntityID: WallTime] {
        var uses: [EntityID: WallTime] = [:]
        for (id, time) in shared.lastUses {
            if let id = EntityID(text: id.bytes) {
                uses[id] = time
            }
        }
        return uses
    }

    /// The wall time limits go by: never behind what it was before.
    public var limitTime: WallTime { clocks.wall }

    /// Lets limits go on from `mark`, the latest time a process before this one kept, before anything is restored.
    ///
    /// - Returns: how many milliseconds the wall clock is behind it; limits go by the mark and the monotonic clock until
    ///   it has caught up.
    public func startLimits(from mark: WallTime) -> Int64 {
        core.limitClock.goOn(from: mark, at: plainClocks)
    }

    private var clocks: ClockReading { core.limitClock.reading(plainClocks) }

    /// What was kept is judged by the wall clock as it is: where that is behind the mark it counts longer, and the mark may
    /// be that of a clock that was ahead for a moment, which must not end what was counted before.
    private var plainClocks: ClockReading { ClockReading(now: core.time.now, wall: core.time.wallTime) }
}
