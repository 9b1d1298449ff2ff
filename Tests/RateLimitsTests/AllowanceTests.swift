import Base
import RateLimits
import TestSupport
import Testing

/// A gateway's table, its store and its journal on a disk that a loss of power takes the latest from.
private struct Machine {
    struct Kept {
        var states: [[UInt8]: [UInt8]] = [:]
        var updated = WallTime(milliseconds: 0)
    }

    struct Noted {
        let charge: Charge
        let time: WallTime
        var isDurable: Bool
    }

    let kind: CounterWindow
    let length: Int64
    let maximum: Int
    var random: SeededRandom
    var table = LimitTable(tracksChanges: true, keepsAhead: true)
    var durable = Kept()
    var written: [Kept] = []
    var journal: [Noted] = []
    var time: Int64
    var booted: Int64 = 0
    /// All that was ever executed.
    var executed: [(time: Int64, amount: Int)] = []
    var counts = (covered: 0, noted: 0, lost: 0, refused: 0)

    init(seed: UInt64) {
        random = SeededRandom(state: seed)
        let isCalendar = seed % 3 == 0
        kind = isCalendar ? .calendar(.minute) : .sliding(nanoseconds: (20 + Int64(seed % 5) * 30) * second)
        length = isCalendar ? 60 * second : (20 + Int64(seed % 5) * 30) * second
        maximum = Int.random(in: 100...600, using: &random)
        time = (1 << 60) + Int64(seed) * second
    }

    var clocks: ClockReading {
        ClockReading(now: Instant(nanoseconds: time - booted), wall: WallTime(milliseconds: time / 1_000_000))
    }

    mutating func call() {
        let amount = Int.random(in: 1...3, using: &random)
        let start = time / length * length / 1_000_000
        let charge = Charge(
            identity: CounterIdentity(name: "m", window: kind, scope: .grant),
            scopeKey: ScopeKey(.grant, "g"),
            maximum: ExactDecimal(maximum),
            amount: ExactDecimal(amount),
            calendarWindow: WallTime(milliseconds: start)..<WallTime(milliseconds: start + length / 1_000_000)
        )
        let plan = ReservationPlan(charges: [charge])
        guard let reservation = table.reserve(plan, at: clocks.now, wall: clocks.wall).reservation else {
            counts.refused += 1
            return
        }
        let isDurable = reservation.needsDurableNote
        counts.covered += isDurable ? 0 : 1
        counts.noted += isDurable ? 1 : 0
        journal.append(Noted(charge: charge, time: clocks.wall, isDurable: isDurable))
        executed.append((time, amount))
    }

    /// What the store keeper does, which may be ended at any step.
    mutating func keep() {
        var next = written.last ?? durable
        next.updated = clocks.wall
        let changes = table.takeChanges(clocks: clocks)
        for state in changes.states {
            next.states[state.counter] = state.windows.isEmpty ? nil : state.windows
        }
        written.append(next)
        guard !changes.leases.isEmpty, Int.random(in: 0..<10, using: &random) > 0 else {
            return
        }
        durable = next
        written = []
        if Int.random(in: 0..<10, using: &random) > 0 {
            table.use(changes.leases)
        }
    }

    mutating func synchroniseJournal() {
        for index in journal.indices {
            journal[index].isDurable = true
        }
    }

    /// The power goes, and a new process begins with what is left.
    mutating func losePower() {
        if Bool.random(using: &random), let lucky = written.randomElement(using: &random) {
            durable = lucky
        }
        written = []
        let luck = Int.random(in: 0...4, using: &random)
        counts.lost += journal.filter { !$0.isDurable }.count
        journal = journal.filter { noted in noted.isDurable || Int.random(in: 1...4, using: &random) < luck }
        if Bool.random(using: &random) {
            time += Int64.random(in: 0...(length / 4), using: &random)
        }
        booted = time - Int64.random(in: 0...(1 << 40), using: &random)
        table = LimitTable(tracksChanges: true, keepsAhead: true)
        let states = durable.states.map { CounterState(counter: $0.key, windows: $0.value) }
        #expect(table.restore(states, clocks: clocks) == 0)
        for noted in journal where noted.time.milliseconds >= durable.updated.milliseconds {
            table.replay(noted.charge, made: noted.time, clocks: clocks)
        }
    }

    /// The most that was executed in any one window.
    var highest: Int {
        if case .calendar = kind {
            return Dictionary(grouping: executed) { $0.time / length }.values.map { $0.reduce(0) { $0 + $1.amount } }
                .max() ?? 0
        }
        var (first, total, highest) = (0, 0, 0)
        for entry in executed {
            total += entry.amount
            while executed[first].time <= entry.time - length {
                total -= executed[first].amount
                first += 1
            }
            highest = max(highest, total)
        }
        return highest
    }
}

@Suite("what is kept ahead of long windows")
struct AllowanceTests {
    @Test(
        "FA2, R7: a loss of power at any moment never lets a long window admit more than its maximum",
        arguments: 0..<15
    )
    func powerLoss(seed: UInt64) {
        var machine = Machine(seed: seed)
        for _ in 0..<1_500 {
            machine.time += Int64.random(in: 0...(machine.length / 700), using: &machine.random)
            machine.call()
            switch Int.random(in: 0..<200, using: &machine.random) {
            case 0: machine.losePower()
            case 1..<10: machine.keep()
            case 10..<20: machine.synchroniseJournal()
            default: break
            }
        }
        #expect(machine.highest <= machine.maximum, "\(machine.highest) of \(machine.maximum)")
        #expect(machine.counts.covered > 0 && machine.counts.refused > 0, "\(machine.counts)")
    }

    @Test("R7: a loss of power takes at most a sixty-fourth of a limit more than was used, and only of limits in use")
    func isSmall() throws {
        let table = LimitTable(tracksChanges: true, keepsAhead: true)
        let clocks = ClockReading(now: Instant(nanoseconds: 5 * second), wall: WallTime(milliseconds: 1_000_000))
        let hour = identity("hour", seconds: 3_600)
        func reserve(_ table: LimitTable, _ count: Int) -> [Bool] {
            (0..<count).compactMap { _ in
                table.reserve([charge(hour, max: "640")], at: 5 * second).reservation?.needsDurableNote
            }
        }
        #expect(reserve(table, 1) == [true])
        let first = table.takeChanges(clocks: clocks)
        table.use(first.leases)
        // Eight times what was used, then the disk is asked for again.
        #expect(reserve(table, 9) == Array(repeating: false, count: 8) + [true])
        let later = table.takeChanges(clocks: clocks)
        table.use(later.leases)
        #expect(reserve(table, 11) == Array(repeating: false, count: 10) + [true])
        let next = LimitTable(tracksChanges: true, keepsAhead: true)
        #expect(next.restore(later.states, clocks: clocks) == 0)
        #expect(reserve(next, 640).count == 640 - 10 - 10)
    }

    @Test("nothing is kept ahead of short windows and of limits too small to share, whose notes go to the disk first")
    func kinds() throws {
        let table = LimitTable(tracksChanges: true, keepsAhead: true)
        let clocks = ClockReading(now: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        let short = charge(identity("short", seconds: 10), max: "1000")
        let small = charge(identity("small", seconds: 3_600), max: "63")
        for _ in 0..<3 {
            #expect(table.reserve([short], at: 0).reservation?.needsDurableNote == false)
            #expect(table.reserve([small], at: 0).reservation?.needsDurableNote == true)
            #expect(table.takeChanges(clocks: clocks).leases.isEmpty)
        }
        #expect(LimitTable(tracksChanges: true).reserve([small], at: 0).reservation?.needsDurableNote == false)
    }

    @Test("R7: a process that comes to its end leaves exact counters")
    func cleanEnd() throws {
        let table = LimitTable(tracksChanges: true, keepsAhead: true)
        let clocks = ClockReading(now: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        let hour = charge(identity("hour", seconds: 3_600), max: "640")
        _ = table.reserve([hour], at: 0)
        table.use(table.takeChanges(clocks: clocks).leases)
        _ = table.reserve([hour], at: 0)
        table.endLeases()
        #expect(table.reserve([hour], at: 0).reservation?.needsDurableNote == true)
        table.endLeases()
        let last = table.takeChanges(clocks: clocks)
        #expect(last.leases.isEmpty && last.states.count == 1)
        let next = LimitTable(tracksChanges: true, keepsAhead: true)
        #expect(next.restore(last.states, clocks: clocks) == 0)
        #expect((0..<640).filter { _ in next.reserve([hour], at: 0).isAdmitted }.count == 637)
    }

    @Test("a state whose part about what is ahead is cut short, or of a newer version, is not read")
    func damaged() throws {
        let table = LimitTable(tracksChanges: true, keepsAhead: true)
        let clocks = ClockReading(now: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        _ = table.reserve([charge(identity("hour", seconds: 3_600), max: "640")], at: 0)
        let state = try #require(table.takeChanges(clocks: clocks).states.first)
        #expect(state.windows.first == 2)
        for length in 1..<10 {
            let cut = CounterState(counter: state.counter, windows: Array(state.windows.prefix(length)))
            #expect(LimitTable().restore([cut], clocks: clocks) == 1)
        }
        let newer = CounterState(counter: state.counter, windows: [3] + state.windows.dropFirst())
        #expect(LimitTable().restore([newer], clocks: clocks) == 1)
    }
}
