import Base
import Glibc
import RateLimits
import Synchronization
import TestSupport
import Testing

/// A kind of limit of the concurrent history; times in nanoseconds.
private struct Kind {
    let identity: CounterIdentity
    let length: Int64
    let isCalendar: Bool
    let maximum: Int
    let amounts: ClosedRange<Int>
    /// How many holders there are; a call's grant says which is its.
    let holders: Int
    let values: Int

    static let all = [
        Kind("burst", .sliding(nanoseconds: second), second, 25, 1...3, holders: 6),
        Kind("steady", .sliding(nanoseconds: 10 * second), 10 * second, 700, 1...5, holders: 2),
        Kind("split", .sliding(nanoseconds: 60 * second), 60 * second, 1_500, 1...2, holders: 1, values: 4),
        Kind("turn", .calendar(.second), second, 30, 1...2, holders: 6),
        Kind("day", .calendar(.minute), 60 * second, 9_000, 1...4, holders: 1),
    ]

    init(
        _ name: ByteString,
        _ window: CounterWindow,
        _ length: Int64,
        _ maximum: Int,
        _ amounts: ClosedRange<Int>,
        holders: Int,
        values: Int = 0
    ) {
        identity = CounterIdentity(name: name, window: window, scope: .grant, keyPath: values == 0 ? nil : "args.v")
        self.length = length
        isCalendar = if case .calendar = window { true } else { false }
        self.maximum = maximum
        self.amounts = amounts
        self.holders = holders
        self.values = values
    }
}

private let slotMaximum = 6

/// One addition of a call: of which counter how much.
private struct Part {
    let kind: Int
    let value: Int
    let amount: Int
    /// Below the kind's own, when the same counter is asked a second time.
    let maximum: Int
}

/// What one thread asked for at what time, and what came of it.
private struct Asked {
    let time: Int64
    let grant: Int
    let parts: [Part]
    var isAdmitted = false
}

/// Something that happened, at its place in the order the table's locks gave.
private struct Step {
    let order: Int
    let thread: Int
    let call: Int
    let event: LimitEvent
}

/// A call whose reservation any thread may settle, also again.
private struct Held {
    let reservation: Reservation
    let thread: Int
    let call: Int
    var isSettled = false
}

private final class Caller: @unchecked Sendable {
    // ISOLATION: used by its own thread only until that has ended.
    @TaskLocal static var current: Caller?

    let number: Int
    var random: SeededRandom
    var asked: [Asked] = []
    var steps: [Step] = []
    /// Which call the table works on now.
    var subject = (thread: 0, call: 0)

    init(number: Int, seed: UInt64) {
        self.number = number
        random = SeededRandom(state: seed &* 1_000 &+ UInt64(number))
    }
}

/// Threads that call, give back and release as they like, on one table.
private final class History: Sendable {
    let table: LimitTable
    let callers: [Caller]
    private let clock = Atomic<Int64>(1 << 40)
    private let held = Guarded<[Held]>([])
    private let late = Guarded<[Held]>([])

    init(seed: UInt64, threads: Int) {
        let order = Atomic(0)
        callers = (0..<threads).map { Caller(number: $0, seed: seed) }
        table = LimitTable(tracksChanges: false) { event in
            guard let caller = Caller.current else {
                return
            }
            let place = order.add(1, ordering: .sequentiallyConsistent).newValue
            let (thread, call) = caller.subject
            caller.steps.append(Step(order: place, thread: thread, call: call, event: event))
        }
    }

    func run(calls: Int) {
        let running = callers.map { caller in
            Running { [self] in
                Caller.$current.withValue(caller) {
                    for _ in 0..<(calls / callers.count) {
                        step(of: caller)
                    }
                }
            }
        }
        for thread in running {
            thread.join()
        }
    }

    private func step(of caller: Caller) {
        if Int.random(in: 0..<10, using: &caller.random) < 6 {
            settleOne(by: caller)
        }
        var call = asked(by: caller)
        if Int.random(in: 0..<16, using: &caller.random) == 0 {
            // Late: others that read the clock afterwards come first.
            sched_yield()
        }
        caller.subject = (caller.number, caller.asked.count)
        let result = table.reserve(
            plan(of: call),
            at: Instant(nanoseconds: call.time),
            wall: WallTime(milliseconds: call.time / 1_000_000)
        )
        call.isAdmitted = result.isAdmitted
        if let reservation = result.reservation {
            let new = Held(reservation: reservation, thread: caller.number, call: caller.asked.count)
            held.withLock { $0.append(new) }
        }
        caller.asked.append(call)
    }

    private func asked(by caller: Caller) -> Asked {
        var parts: [Part] = []
        for (index, kind) in Kind.all.enumerated() where Int.random(in: 0..<5, using: &caller.random) < 2 {
            let part = Part(
                kind: index,
                value: kind.values == 0 ? 0 : Int.random(in: 1...kind.values, using: &caller.random),
                amount: Int.random(in: kind.amounts, using: &caller.random),
                maximum: kind.maximum
            )
            parts.append(part)
            if Int.random(in: 0..<10, using: &caller.random) == 0 {
                parts.append(Part(kind: index, value: part.value, amount: part.amount, maximum: kind.maximum * 3 / 4))
            }
        }
        let grant = Int.random(in: 0..<6, using: &caller.random)
        let pause = Int64.random(in: 0...2_000_000, using: &caller.random)
        return Asked(time: clock.add(pause, ordering: .sequentiallyConsistent).newValue, grant: grant, parts: parts)
    }

    private func plan(of call: Asked) -> ReservationPlan {
        let charges = call.parts.enumerated().map { index, part in
            let kind = Kind.all[part.kind]
            let start = call.time / kind.length * kind.length / 1_000_000
            return Charge(
                identity: kind.identity,
                scopeKey: Self.holder(part.kind, call.grant),
                keyValue: part.value == 0 ? .none : .number(ExactDecimal(part.value)),
                maximum: ExactDecimal(part.maximum),
                amount: ExactDecimal(part.amount),
                calendarWindow: WallTime(milliseconds: start)..<WallTime(milliseconds: start + kind.length / 1_000_000),
                tag: index
            )
        }
        let slot = SlotClaim(scopeKey: Self.holder(0, call.grant), tool: nil, maximum: slotMaximum)
        return ReservationPlan(slots: [slot], charges: charges)
    }

    static func holder(_ kind: Int, _ grant: Int) -> ScopeKey {
        let number = grant % Kind.all[kind].holders
        return ScopeKey(.grant, ByteString(Array("\(Kind.all[kind].holders) \(number)".utf8)))
    }

    /// Ends a call that is under way: some get back what they added, and some are ended twice, by two threads.
    private func settleOne(by caller: Caller) {
        let pick = Int.random(in: 0..<1 << 30, using: &caller.random)
        let isKept = Int.random(in: 0..<8, using: &caller.random) == 0
        let one = held.withLock { held -> Held? in
            guard !held.isEmpty else {
                return nil
            }
            let index = pick % held.count
            let one = held[index]
            if isKept, !one.isSettled {
                held[index].isSettled = true
            } else {
                held.swapAt(index, held.count - 1)
                held.removeLast()
            }
            return one
        }
        guard let one else {
            return
        }
        caller.subject = (one.thread, one.call)
        if one.call % 3 == 0 {
            table.giveBack(one.reservation)
        }
        table.release(one.reservation)
        if one.call % 9 == 1 {
            giveBackLater(one, by: caller)
        }
    }

    /// Gives something back whose windows have mostly passed.
    private func giveBackLater(_ one: Held, by caller: Caller) {
        let old = late.withLock { late -> Held? in
            late.append(one)
            return late.count > 300 ? late.removeFirst() : nil
        }
        guard let old else {
            return
        }
        caller.subject = (old.thread, old.call)
        table.giveBack(old.reservation)
    }
}

/// A thread of its own for a closure.
private final class Running {
    private final class Box {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        pthread_create(
            &thread,
            nil,
            { argument in
                argument.map { Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body() }
                return nil
            },
            Unmanaged.passRetained(Box(body)).toOpaque()
        )
    }

    func join() {
        pthread_join(thread, nil)
    }
}

/// One counter as a list of everything that was ever added to it.
private final class ModelCounter {
    private struct Entry {
        let time: Int64
        var amount: Int
        /// Where the table may count it: its own calendar window, or a later one that had begun when it came.
        let stored: Int64
    }

    private let kind: Kind
    private var entries: [Entry] = []
    /// The first entry that lies in the window, and the first that lies in it or the part after it.
    private var heads = (exact: 0, longest: 0)
    private var totals = (exact: 0, longest: 0)
    private var own: [Int64: Int] = [:]
    private var stored: [Int64: Int] = [:]
    private var latest: Int64 = 0

    init(_ kind: Kind) {
        self.kind = kind
    }

    /// What is admitted already in the window of a call: as it is promised, and the most a refusal may count.
    func totals(at time: Int64) -> (exact: Int, longest: Int) {
        if kind.isCalendar {
            let window = time / kind.length
            latest = max(latest, window)
            let later = (window...latest).reduce(0) { $0 + stored[$1, default: 0] }
            return (own[window, default: 0], later)
        }
        move(&heads.exact, &totals.exact, to: time - kind.length)
        move(&heads.longest, &totals.longest, to: time - kind.length - (kind.length - 1) / 64 - 1)
        return totals
    }

    private func move(_ head: inout Int, _ total: inout Int, to limit: Int64) {
        while head < entries.count, entries[head].time <= limit {
            total -= entries[head].amount
            head += 1
        }
    }

    /// Where the entry is, for ``giveBack(_:)``.
    func add(_ amount: Int, at time: Int64) -> Int {
        let window = kind.isCalendar ? time / kind.length : 0
        let place = max(window, latest)
        entries.append(Entry(time: time, amount: amount, stored: place))
        totals.exact += amount
        totals.longest += amount
        own[window, default: 0] += amount
        stored[place, default: 0] += amount
        return entries.count - 1
    }

    func giveBack(_ index: Int) {
        let entry = entries[index]
        totals.exact -= index >= heads.exact ? entry.amount : 0
        totals.longest -= index >= heads.longest ? entry.amount : 0
        own[kind.isCalendar ? entry.time / kind.length : 0, default: 0] -= entry.amount
        stored[entry.stored, default: 0] -= entry.amount
        entries[index].amount = 0
    }
}

/// Goes through a history in its order and looks for what must not have happened.
private struct Replay {
    private struct Name: Hashable {
        let kind: Int
        let holder: Int
        let value: Int
    }

    private struct Place: Hashable {
        let thread: Int
        let call: Int
    }

    private let history: History
    private var counters: [Name: ModelCounter] = [:]
    private var clocks: [Int: Int64] = [:]
    private var inFlight: [Int: Int] = [:]
    /// Of calls that were admitted, where their additions are.
    private var entries: [Place: [(counter: ModelCounter, index: Int, tag: Int)]] = [:]
    private var releases: Set<Place> = []
    private(set) var findings: [String] = []
    private(set) var counts = (admitted: 0, refused: 0, gaveBack: 0, late: 0)

    init(_ history: History) {
        self.history = history
    }

    mutating func run() {
        let steps = history.callers.flatMap(\.steps).sorted { $0.order < $1.order }
        for step in steps where findings.count < 10 {
            let call = history.callers[step.thread].asked[step.call]
            let place = Place(thread: step.thread, call: step.call)
            switch step.event {
            case .reserved: admit(call, place)
            case .refused: refuse(call)
            case .gaveBack(let tag): giveBack(tag, place)
            case .released:
                inFlight[call.grant, default: 0] -= 1
                if !releases.insert(place).inserted {
                    findings.append("a place was released twice")
                }
            }
        }
    }

    /// The part's counter, and the time it is judged at: a late call's is that of the one before it.
    private mutating func look(_ part: Part, _ call: Asked) -> (counter: ModelCounter, time: Int64) {
        let holder = call.grant % Kind.all[part.kind].holders
        let name = Name(kind: part.kind, holder: holder, value: part.value)
        let counter = counters[name] ?? ModelCounter(Kind.all[part.kind])
        counters[name] = counter
        guard !Kind.all[part.kind].isCalendar else {
            return (counter, call.time)
        }
        let shard = history.table.place(of: History.holder(part.kind, call.grant))
        let time = max(clocks[shard, default: 0], call.time)
        counts.late += time > call.time ? 1 : 0
        return (counter, time)
    }

    private mutating func see(_ call: Asked) {
        for part in call.parts {
            let shard = history.table.place(of: History.holder(part.kind, call.grant))
            clocks[shard] = max(clocks[shard, default: 0], call.time)
        }
    }

    private mutating func admit(_ call: Asked, _ place: Place) {
        counts.admitted += 1
        see(call)
        inFlight[call.grant, default: 0] += 1
        if inFlight[call.grant, default: 0] > slotMaximum {
            findings.append("more than \(slotMaximum) in flight")
        }
        for part in call.parts {
            let (counter, time) = look(part, call)
            let total = counter.totals(at: time).exact + part.amount
            if total > part.maximum {
                findings.append("\(Kind.all[part.kind].identity.name.text): \(total) of \(part.maximum) at \(time)")
            }
        }
        var added: Set<Name> = []
        for (tag, part) in call.parts.enumerated()
        where added.insert(Name(kind: part.kind, holder: 0, value: part.value)).inserted {
            let (counter, time) = look(part, call)
            entries[place, default: []].append((counter, counter.add(part.amount, at: time), tag))
        }
    }

    private mutating func refuse(_ call: Asked) {
        counts.refused += 1
        guard inFlight[call.grant, default: 0] < slotMaximum else {
            return
        }
        see(call)
        let isRight = call.parts.contains { part in
            let (counter, time) = look(part, call)
            return counter.totals(at: time).longest + part.amount > part.maximum
        }
        if !isRight {
            findings.append("refused without a reason: \(call)")
        }
    }

    private mutating func giveBack(_ tag: Int, _ place: Place) {
        counts.gaveBack += 1
        guard let index = entries[place]?.firstIndex(where: { $0.tag == tag }),
            let entry = entries[place]?.remove(at: index)
        else {
            return findings.append("given back twice, or what was never added")
        }
        entry.counter.giveBack(entry.index)
    }
}

/// `make soak` asks for a million; what a debug build does in a few seconds otherwise.
private var callCount: Int {
    getenv("TOOLGATE_LIMIT_CALLS").flatMap { Int(String(cString: $0)) } ?? 120_000
}

@Suite("Limits under many threads")
struct LimitConcurrencyTests {
    @Test(
        "R2, R5: whatever threads ask, give back and release at once, no window admits more than its maximum",
        arguments: [2, 8]
    )
    func randomisedCalls(threads: Int) {
        let history = History(seed: UInt64(threads), threads: threads)
        history.run(calls: callCount / 2)
        var replay = Replay(history)
        replay.run()
        #expect(replay.findings.isEmpty, "\(replay.findings.joined(separator: "\n"))")
        let counts = replay.counts
        #expect(counts.admitted > callCount / 20 && counts.refused > callCount / 20 && counts.gaveBack > 0, "\(counts)")
    }
}
