public import Base
import Synchronization

/// The clocks counters are kept by: a wall clock that is never behind what it showed before, in this process or in one
/// before it.
///
/// A wall clock that was set back goes on from where it was, at the monotonic clock's pace, until the real one has caught
/// up: what was counted meanwhile still counts when the clock is put right (security.md, H6). What was kept is judged by
/// the wall clock as it is, so that it counts longer while that is behind, at most one whole window. A clock that is set
/// forward is believed, as nothing tells it from time that has passed.
public final class LimitClock: Sendable {
    // LIMIT: the end of the year 9999; a mark beyond it is that of no clock.
    private static let latestMark: Int64 = 253_402_300_799_999

    /// What both showed when the wall clock was last not behind.
    private let anchor: Guarded<ClockReading>
    private let lead = Atomic<Int64>(0)

    /// A clock that begins with this reading.
    public init(_ reading: ClockReading) {
        anchor = Guarded(reading)
    }

    /// How many milliseconds it is ahead of the wall clock, as of the last reading.
    public var leadMilliseconds: Int64 { lead.load(ordering: .relaxed) }

    /// Goes on from `mark`, which a process before this one reached, if that is later; before anything is counted.
    ///
    /// - Returns: how many milliseconds the wall clock is behind; 0 when it is not.
    public func goOn(from mark: WallTime, at reading: ClockReading) -> Int64 {
        let mark = WallTime(milliseconds: min(mark.milliseconds, Self.latestMark))
        anchor.withLock { anchor in
            if anchor.wall < mark {
                anchor = ClockReading(now: reading.now, wall: mark)
            }
        }
        _ = self.reading(reading)
        return leadMilliseconds
    }

    /// What to go by when the two clocks show this.
    ///
    /// Takes a lock: not for the path of a call.
    public func reading(_ reading: ClockReading) -> ClockReading {
        anchor.withLock { anchor in
            let gone = max(0, reading.now.elapsed(since: anchor.now).nanoseconds / 1_000_000)
            let (least, overflow) = anchor.wall.milliseconds.addingReportingOverflow(gone)
            guard !overflow, reading.wall.milliseconds < least else {
                anchor = reading
                lead.store(0, ordering: .relaxed)
                return reading
            }
            lead.store(least.subtractingReportingOverflow(reading.wall.milliseconds).partialValue, ordering: .relaxed)
            return ClockReading(now: reading.now, wall: WallTime(milliseconds: least))
        }
    }
}
