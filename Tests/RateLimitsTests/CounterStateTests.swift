import Base
import RateLimits
import TestSupport
import Testing

/// What a store would hold: the last state of every counter.
private struct KeptStates {
    private(set) var states: [[UInt8]: [UInt8]] = [:]

    mutating func keep(_ changes: [CounterState]) {
        for change in changes {
            states[change.counter] = change.windows.isEmpty ? nil : change.windows
        }
    }

    var all: [CounterState] { states.map { CounterState(counter: $0.key, windows: $0.value) } }
}

@Suite("counters that outlive the process")
struct CounterStateTests {
    private func clocks(_ nanoseconds: Int64, booted: Int64 = 0) -> ClockReading {
        ClockReading(
            now: Instant(nanoseconds: nanoseconds - booted),
            wall: WallTime(milliseconds: nanoseconds / 1_000_000)
        )
    }

    /// Reserves at a time since the epoch, on a machine that was booted at another.
    private func reserve(_ charge: Charge, _ table: LimitTable, at time: Int64, booted: Int64) -> Reservation? {
        let reading = clocks(time, booted: booted)
        return table.reserve(ReservationPlan(charges: [charge]), at: reading.now, wall: reading.wall).reservation
    }

    @Test(
        "R7, FL5: over restarts and reboots no window holds more than the maximum, and refusals end soon after they must",
        arguments: 0..<40
    )
    func restarts(seed: UInt64) {
        var random = SeededRandom(state: seed)
        let window = Int64.random(in: 1...200, using: &random) * second
        let maximum = Int.random(in: 1...30, using: &random)
        let counter = CounterIdentity(name: "m", window: .sliding(nanoseconds: window), scope: .grant)
        var table = LimitTable(tracksChanges: true)
        var kept = KeptStates()
        var booted: Int64 = 0
        var time = Int64.random(in: (1 << 60)...(1 << 61), using: &random)
        var admitted: [(time: Int64, amount: Int)] = []
        func total(at moment: Int64, age: Int64) -> Int {
            admitted.reduce(0) { $0 + ((0..<age).contains(moment - $1.time) ? $1.amount : 0) }
        }
        for _ in 0..<400 {
            time += Int64.random(in: 0...(window / 12), using: &random)
            if Int.random(in: 0..<12, using: &random) == 0 {
                kept.keep(table.takeChanges(clocks: clocks(time, booted: booted)).states)
                if Bool.random(using: &random) {
                    booted = time - Int64.random(in: 0...(1 << 50), using: &random)
                }
                table = LimitTable(tracksChanges: true)
                #expect(table.restore(kept.all, clocks: clocks(time, booted: booted)) == 0)
            }
            let amount = Int.random(in: 1...4, using: &random)
            if reserve(charge(counter, max: "\(maximum)", amount: "\(amount)"), table, at: time, booted: booted) != nil
            {
                admitted.append((time, amount))
                #expect(total(at: time, age: window) <= maximum)
            } else {
                // Each restart may round an entry up by a millisecond, and a restored bucket takes its neighbours along.
                let slack = window / 32 + 500_000_000
                #expect(total(at: time, age: window + slack) + amount > maximum || amount > maximum)
            }
        }
    }

    @Test("R7: what is given back, and what has expired, is not restored")
    func emptied() throws {
        let table = LimitTable(tracksChanges: true)
        var kept = KeptStates()
        let one = try #require(reserve(charge(max: "2"), table, at: second, booted: 0))
        kept.keep(table.takeChanges(clocks: clocks(second)).states)
        #expect(kept.states.count == 1)
        #expect(table.takeChanges(clocks: clocks(second)).states.isEmpty)
        table.giveBack(one)
        kept.keep(table.takeChanges(clocks: clocks(second)).states)
        #expect(kept.states.isEmpty)

        _ = reserve(charge(max: "2"), table, at: 2 * second, booted: 0)
        kept.keep(table.takeChanges(clocks: clocks(2 * second)).states)
        let later = LimitTable()
        #expect(later.restore(kept.all, clocks: clocks(63 * second)) == 0)
        #expect(later.counterCount == 0)
    }

    @Test("every kind of counter comes back as itself and as no other")
    func kinds() {
        let windows: [CounterWindow] =
            [.sliding(nanoseconds: 60 * second), .sliding(nanoseconds: 61 * second)]
            + WindowUnit.allCases.map { .calendar($0) }
        let keys: [CounterKeyValue] = [
            .none, .text("1"), .digest("1"), .number(ExactDecimal(1)), .boolean(true), .boolean(false), .text(""),
        ]
        var charges: [Charge] = []
        for window in windows {
            for (path, key) in [(nil, CounterKeyValue.none)] + keys.map({ (ByteString("args.k"), $0) }) {
                for (scope, kind) in [(CounterScope.grant, ScopeKey.Kind.grant), (.member, .grantWithoutMember)] {
                    let identity = CounterIdentity(name: "n", window: window, scope: scope, keyPath: path)
                    charges.append(
                        Charge(
                            identity: identity,
                            scopeKey: ScopeKey(kind, "g"),
                            keyValue: key,
                            maximum: ExactDecimal(1),
                            amount: ExactDecimal(1),
                            calendarWindow: WallTime(milliseconds: 0)..<WallTime(milliseconds: 100_000)
                        )
                    )
                }
            }
        }
        let table = LimitTable(tracksChanges: true)
        for charge in charges {
            #expect(reserve(charge, table, at: second, booted: 0) != nil)
        }
        let states = table.takeChanges(clocks: clocks(second)).states
        #expect(Set(states.map(\.counter)).count == charges.count)
        let next = LimitTable()
        #expect(next.restore(states, clocks: clocks(2 * second)) == 0)
        for charge in charges {
            #expect(reserve(charge, next, at: 2 * second, booted: 0) == nil, "\(charge.identity)")
        }
    }

    @Test("a state with any byte missing is left out and counted, never trapped on")
    func damaged() throws {
        let table = LimitTable(tracksChanges: true)
        _ = reserve(
            charge(identity(keyPath: "args.k"), max: "2", key: .number(decimal("1.5"))),
            table,
            at: second,
            booted: 0
        )
        let state = try #require(table.takeChanges(clocks: clocks(second)).states.first)
        var refused = 0
        for length in 0..<state.counter.count {
            let cut = CounterState(counter: Array(state.counter[..<length]), windows: state.windows)
            refused += LimitTable().restore([cut], clocks: clocks(second))
        }
        #expect(refused == state.counter.count)
        for length in 1..<state.windows.count {
            let cut = CounterState(counter: state.counter, windows: Array(state.windows[..<length]))
            // After the version there is nothing: no entries, and nothing wrong with that.
            #expect(LimitTable().restore([cut], clocks: clocks(second)) == (length == 1 ? 0 : 1))
        }
        for index in state.counter.indices {
            var flipped = state.counter
            flipped[index] ^= 0xFF
            _ = LimitTable().restore([CounterState(counter: flipped, windows: state.windows)], clocks: clocks(second))
        }
    }

    @Test(
        "R7: a wall clock that was set back while the gateway was down makes entries count longer, at most one window"
    )
    func clockSetBack() {
        let table = LimitTable(tracksChanges: true)
        _ = reserve(charge(max: "1"), table, at: 1_000 * second, booted: 0)
        let states = table.takeChanges(clocks: clocks(1_000 * second)).states
        let next = LimitTable()
        _ = next.restore(states, clocks: clocks(10 * second))
        #expect(reserve(charge(max: "1"), next, at: 69 * second, booted: 0) == nil)
        #expect(reserve(charge(max: "1"), next, at: 71 * second, booted: 0) != nil)
    }

    @Test("R7: what was admitted after the last state was kept is counted again from its record")
    func replayed() {
        let table = LimitTable()
        let made = WallTime(milliseconds: 1_000)
        table.replay(charge(max: "2"), made: made, clocks: clocks(2 * second))
        #expect(reserve(charge(max: "2"), table, at: 2 * second, booted: 0) != nil)
        #expect(reserve(charge(max: "2"), table, at: 3 * second, booted: 0) == nil)
        let window = WallTime(milliseconds: 0)..<WallTime(milliseconds: 60_000)
        let identity = CounterIdentity(name: "c", window: .calendar(.minute), scope: .grant)
        let calendar = Charge(
            identity: identity,
            scopeKey: ScopeKey(.grant, "g"),
            maximum: ExactDecimal(1),
            amount: ExactDecimal(1),
            calendarWindow: window
        )
        table.replay(calendar, made: made, clocks: clocks(2 * second))
        #expect(reserve(calendar, table, at: 3 * second, booted: 0) == nil)
    }
}
