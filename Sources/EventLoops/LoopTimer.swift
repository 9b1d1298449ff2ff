internal import Base
internal import CUV

/// A coarse timer of one loop: fires on the loop's thread, at most one tick (8 ms) late, never early by the loop's own clock
/// (``EventLoop/now``).
///
/// Loop-confined.
///
/// Moving it later, the common case of a deadline, is one store: the wheel looks again when the old time comes.
public final class LoopTimer {
    private let loop: EventLoop
    private var action: (() -> Void)?
    /// The tick it fires at; `max` while it is not set.
    private(set) var dueTick = Int64.max
    /// The wheel slot's tick that will look at it next; `max` while it is in no slot.
    var visitTick = Int64.max
    /// Told apart from older entries of the same timer, left behind in later slots.
    var entry: UInt32 = 0

    /// Makes a timer that is not set; `action` runs each time it fires.
    public init(on loop: EventLoop, _ action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Whether it will fire.
    public var isSet: Bool { dueTick != .max }

    /// Sets it to fire once, `delay` from now; replaces an earlier setting.
    public func set(after delay: Duration) {
        guard action != nil else {
            return
        }
        let due = loop.now.advanced(by: delay).nanoseconds
        // Rounded up: firing early would make a time-out shorter than configured.
        dueTick = due / TimerWheel.tickNanoseconds &+ 1
        loop.place(self)
    }

    /// Unsets it; it can be set again.
    public func unset() {
        dueTick = .max
    }

    /// Unsets it for good and drops the action with all it holds.
    public func cancel() {
        dueTick = .max
        action = nil
    }

    func fire() {
        dueTick = .max
        action?()
    }
}

/// The timers of one loop, hashed by the tick they are looked at next.
///
/// A timer farther away than the wheel reaches is looked at once per round; one that was moved later is put on again. Cost
/// is one visit per timer and round, whatever happens to it in between.
struct TimerWheel {
    static let tickNanoseconds: Int64 = 8_000_000
    static let slotCount: Int64 = 1_024

    private struct Entry {
        let timer: LoopTimer
        let number: UInt32
    }

    private var slots: [[Entry]] = Array(repeating: [], count: Int(slotCount))
    private var count = 0
    /// Every slot up to this tick has been visited.
    private var visitedTick: Int64 = 0

    /// The earliest tick that has anything in its slot, `nil` when the wheel is empty.
    func nextTick(after tick: Int64) -> Int64? {
        guard count > 0 else {
            return nil
        }
        for offset in 1...TimerWheel.slotCount where !slots[slot(tick &+ offset)].isEmpty {
            return tick &+ offset
        }
        return nil
    }

    /// Puts `timer` on; answers the tick it will be visited at, `nil` when its present visit is early enough.
    mutating func place(_ timer: LoopTimer, now: Int64) -> Int64? {
        if count == 0 {
            visitedTick = now
        }
        guard timer.dueTick < timer.visitTick else {
            return nil
        }
        let earliest = max(timer.dueTick, visitedTick &+ 1)
        let tick = min(earliest, visitedTick &+ TimerWheel.slotCount)
        guard tick < timer.visitTick else {
            return nil
        }
        timer.visitTick = tick
        timer.entry &+= 1
        slots[slot(tick)].append(Entry(timer: timer, number: timer.entry))
        count += 1
        return tick
    }

    /// Takes out every timer that is due at `now`; the others that were looked at are put on again.
    mutating func advance(to now: Int64) -> [LoopTimer] {
        var due: [LoopTimer] = []
        guard now > visitedTick else {
            return due
        }
        let first = max(visitedTick &+ 1, now &- TimerWheel.slotCount &+ 1)
        visitedTick = now
        for tick in first...now where !slots[slot(tick)].isEmpty {
            let entries = slots[slot(tick)]
            slots[slot(tick)] = []
            count -= entries.count
            for entry in entries where entry.timer.entry == entry.number {
                entry.timer.visitTick = .max
                if entry.timer.dueTick <= now {
                    due.append(entry.timer)
                } else if entry.timer.isSet {
                    _ = place(entry.timer, now: now)
                }
            }
        }
        return due
    }

    mutating func removeAll() {
        for index in slots.indices {
            slots[index] = []
        }
        count = 0
    }

    private func slot(_ tick: Int64) -> Int {
        Int(tick & (TimerWheel.slotCount - 1))
    }
}

extension EventLoop {
    /// Runs `action` on the loop's thread once, `delay` from now (8 ms coarse).
    ///
    /// Loop-confined.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> LoopTimer {
        let timer = LoopTimer(on: self, action)
        timer.set(after: delay)
        return timer
    }

    /// Suspends the calling task of this loop; returns early when the task is cancelled.
    public func sleep(for delay: Duration) async {
        let mailbox = BoundedMailbox<Void>(on: self, capacity: 1)
        let timer = schedule(after: delay) { _ = mailbox.push(()) }
        _ = await mailbox.next()
        timer.cancel()
    }

    private var tick: Int64 { now.nanoseconds / TimerWheel.tickNanoseconds }

    func place(_ timer: LoopTimer) {
        if let visit = timers.place(timer, now: tick), visit < armedTick {
            arm(visit)
        }
    }

    /// The one libuv timer stands on the next slot that has anything in it, so an idle loop never wakes up.
    private func arm(_ visit: Int64) {
        armedTick = visit
        let nanoseconds = max(0, visit &* TimerWheel.tickNanoseconds &- now.nanoseconds)
        // SAFETY: on the loop's thread, the handle is initialised.
        _ = unsafe uv_timer_start(
            timerHandle,
            { handle in unsafe EventLoop.of(handle?.pointee.loop)?.timerFired() },
            UInt64(nanoseconds / 1_000_000),
            0
        )
    }

    private func timerFired() {
        armedTick = .max
        let due = timers.advance(to: tick)
        for timer in due where timer.isSet && timer.dueTick <= tick {
            timer.fire()
        }
        if let next = timers.nextTick(after: tick), next < armedTick {
            arm(next)
        }
    }
}
