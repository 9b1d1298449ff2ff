import Base
import RateLimits
import Testing

@Suite("The clock of limits")
struct LimitClockTests {
    private static let hour: Int64 = 3_600_000

    private static func reading(_ now: Int64, _ wall: Int64) -> ClockReading {
        ClockReading(now: Instant(nanoseconds: now * 1_000_000), wall: WallTime(milliseconds: wall))
    }

    private static func hour(containing time: WallTime) -> Range<WallTime> {
        let start = time.milliseconds - time.milliseconds % hour
        return WallTime(milliseconds: start)..<WallTime(milliseconds: start + hour)
    }

    @Test("H6: a wall clock that is set back goes on from where it was, until it has caught up")
    func setBack() {
        let clock = LimitClock(Self.reading(0, 1_000_000))
        #expect(clock.reading(Self.reading(500, 1_000_500)).wall.milliseconds == 1_000_500)
        #expect(clock.reading(Self.reading(600, 10)).wall.milliseconds == 1_000_600)
        #expect(clock.leadMilliseconds == 1_000_590)
        #expect(clock.reading(Self.reading(900, 310)).wall.milliseconds == 1_000_900)
        #expect(clock.reading(Self.reading(950, 2_000_000)).wall.milliseconds == 2_000_000)
        #expect(clock.leadMilliseconds == 0)
    }

    @Test("H6: a process that starts before the mark of one before it counts from the mark")
    func mark() {
        let clock = LimitClock(Self.reading(0, 1_000))
        #expect(clock.goOn(from: WallTime(milliseconds: 9_000), at: Self.reading(10, 1_010)) == 7_990)
        #expect(clock.reading(Self.reading(20, 1_020)).wall.milliseconds == 9_010)
        let other = LimitClock(Self.reading(0, 1_000))
        #expect(other.goOn(from: WallTime(milliseconds: 900), at: Self.reading(10, 1_010)) == 0)
        #expect(other.reading(Self.reading(20, 1_020)).wall.milliseconds == 1_020)
    }

    @Test("a mark that no clock can have shown does not overflow anything", arguments: [Int64.max, .min])
    func absurd(mark: Int64) {
        let clock = LimitClock(Self.reading(0, 1_000))
        _ = clock.goOn(from: WallTime(milliseconds: mark), at: Self.reading(.max / 1_000_000, .min))
        _ = clock.reading(Self.reading(.max / 1_000_000, .max))
        _ = clock.reading(Self.reading(.min / 1_000_000, .min))
    }

    @Test(
        "H6: a clock set back and forth over several restarts refills a window only when it runs forward",
        arguments: [CounterWindow.sliding(nanoseconds: 3_600_000_000_000), .calendar(.hour)]
    )
    func restarts(window: CounterWindow) throws {
        let identity = CounterIdentity(name: "c", window: window, scope: .grant, keyPath: nil)
        var kept: [CounterState] = []
        var mark = WallTime(milliseconds: 0)
        var admitted: [Int64] = []
        // Each process calls three times against a maximum of two; the clock goes forth, back, forth, back.
        for wall in [0, 2 * Self.hour, 0, 2 * Self.hour + 60_000, 30_000] {
            let start = Self.reading(5_000, 1_000_000 + wall)
            let clock = LimitClock(start)
            _ = clock.goOn(from: mark, at: start)
            let table = LimitTable(tracksChanges: true)
            // By the wall clock as it is, as the gateway does.
            #expect(table.restore(kept, clocks: start) == 0)
            for _ in 0..<3 {
                let charge = Charge(
                    identity: identity,
                    scopeKey: ScopeKey(.grant, "g"),
                    maximum: ExactDecimal(2),
                    amount: ExactDecimal(1),
                    calendarWindow: Self.hour(containing: start.wall)
                )
                if case .admitted = table.reserve(ReservationPlan(charges: [charge]), at: start.now, wall: start.wall) {
                    admitted.append(wall)
                }
            }
            let end = clock.reading(start)
            kept = table.takeChanges(clocks: end).states
            mark = end.wall
        }
        #expect(admitted == [0, 0, 2 * Self.hour, 2 * Self.hour])
    }
}
