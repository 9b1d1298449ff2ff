import Base
import RateLimits
import Testing

@Suite("The table of limits")
struct LimitTableTests {
    @Test("R4: exactly the maximum is admitted when demand exceeds it, and again when the window has passed")
    func exactlyTheMaximum() {
        let table = LimitTable()
        for window in 0..<3 {
            let admitted = (0..<50).filter { _ in
                table.reserve([charge(max: "7")], at: Int64(window) * 60 * second).isAdmitted
            }
            #expect(admitted.count == 7)
        }
    }

    @Test("a single entry leaves exactly on time and the wait says so")
    func waitIsExact() throws {
        let table = LimitTable()
        #expect(table.reserve([charge(max: "1")], at: 5).isAdmitted)
        let refusal = try #require(table.reserve([charge(max: "1")], at: 10 * second).refusal)
        #expect(refusal.retryAfter == .nanoseconds(50 * second + 5))
        #expect(!table.reserve([charge(max: "1")], at: 60 * second + 4).isAdmitted)
        #expect(table.reserve([charge(max: "1")], at: 60 * second + 5).isAdmitted)
    }

    @Test("no doubling at a boundary: a burst at the end of one window blocks the start of the next")
    func noDoubling() {
        let table = LimitTable()
        for _ in 0..<10 {
            #expect(table.reserve([charge(max: "10")], at: 59 * second).isAdmitted)
        }
        #expect(!table.reserve([charge(max: "10")], at: 61 * second).isAdmitted)
        #expect(!table.reserve([charge(max: "10")], at: 118 * second).isAdmitted)
        #expect(table.reserve([charge(max: "10")], at: 119 * second).isAdmitted)
    }

    @Test("fractions count exactly")
    func fractions() {
        let table = LimitTable()
        for _ in 0..<10 {
            #expect(table.reserve([charge(max: "1", amount: "0.1")], at: 0).isAdmitted)
        }
        #expect(!table.reserve([charge(max: "1", amount: "0.0000000000001")], at: 0).isAdmitted)
    }

    @Test("an amount of zero is admitted even when the counter is full, and adds nothing")
    func zeroAmount() {
        let table = LimitTable()
        #expect(table.reserve([charge(max: "0", amount: "0")], at: 0).isAdmitted)
        #expect(table.reserve([charge(max: "1")], at: 0).isAdmitted)
        #expect(table.reserve([charge(max: "1", amount: "0")], at: 0).isAdmitted)
        #expect(table.counterCount == 1)
    }

    @Test("a maximum that can never admit the call gives no wait", arguments: [("0", "1"), ("5", "6"), ("0.5", "1")])
    func neverAdmits(maximum: String, amount: String) throws {
        let refusal = try #require(
            LimitTable().reserve([charge(max: maximum, amount: amount)], at: 0).refusal
        )
        #expect(refusal.retryAfter == nil)
    }

    @Test("a negative amount lowers nothing")
    func negativeAmount() {
        let table = LimitTable()
        #expect(table.reserve([charge(max: "1")], at: 0).isAdmitted)
        #expect(table.reserve([charge(max: "1", amount: "-5")], at: 0).isAdmitted)
        #expect(!table.reserve([charge(max: "1")], at: 0).isAdmitted)
    }

    @Test("R5: refusing by one limit leaves the others untouched, and the longest wait is told with the first rule")
    func allOrNothing() throws {
        let table = LimitTable()
        let minute = charge(identity("a", seconds: 60), max: "1", tag: 1)
        let hour = charge(identity("b", seconds: 3_600), max: "1", tag: 2)
        let open = charge(identity("open", seconds: 60), max: "1", tag: 3)
        #expect(table.reserve([minute, hour], at: 0).isAdmitted)
        let refusal = try #require(table.reserve([open, minute, hour], at: second).refusal)
        #expect(refusal.source == .charge(tag: 1))
        #expect(refusal.refusedCharges == [1, 2])
        #expect(refusal.retryAfter == .seconds(3_599))
        #expect(table.reserve([open], at: second).isAdmitted)
    }

    @Test("several charges on one total test it against their own maximum and add once")
    func oneTotal() throws {
        let table = LimitTable()
        for _ in 0..<3 {
            #expect(table.reserve([charge(max: "5", tag: 1), charge(max: "3", tag: 2)], at: 0).isAdmitted)
        }
        let refusal = try #require(table.reserve([charge(max: "5", tag: 1), charge(max: "3", tag: 2)], at: 0).refusal)
        #expect(refusal.source == .charge(tag: 2))
        #expect(table.reserve([charge(max: "5")], at: 0).isAdmitted)
        #expect(table.reserve([charge(max: "5")], at: 0).isAdmitted)
        #expect(!table.reserve([charge(max: "5")], at: 0).isAdmitted)
    }

    @Test("a shadow charge that would refuse adds nothing, one that fits counts, and neither is asked after a refusal")
    func shadow() {
        let table = LimitTable()
        let shadow = charge(identity("s"), max: "2", isShadow: true, tag: 9)
        let real = charge(identity("r"), max: "4", tag: 1)
        #expect(table.reserve([shadow, real], at: 0).shadowRefusals == [])
        #expect(table.reserve([shadow, real], at: 0).shadowRefusals == [])
        #expect(table.reserve([shadow, real], at: 0).shadowRefusals == [9])
        #expect(table.reserve([shadow, real], at: 0).shadowRefusals == [9])
        #expect(table.reserve([shadow, real], at: 0).refusal?.source == .charge(tag: 1))
        // Two were added to the shadow's own counter: an enforcing limit of three still has room for one.
        #expect(table.reserve([charge(identity("s"), max: "3")], at: 0).isAdmitted)
        #expect(!table.reserve([charge(identity("s"), max: "3")], at: 0).isAdmitted)
    }

    @Test("R6: an addition is given back in its own window, once, and never below zero")
    func giveBack() throws {
        let table = LimitTable()
        let first = try #require(table.reserve([charge(max: "2")], at: 0).reservation)
        #expect(table.reserve([charge(max: "2")], at: 0).isAdmitted)
        table.giveBack(first)
        table.giveBack(first)
        #expect(table.reserve([charge(max: "2")], at: 0).isAdmitted)
        #expect(!table.reserve([charge(max: "2")], at: 0).isAdmitted)
        // The window has passed: what is given back late frees nothing in the new one.
        let late = LimitTable()
        let old = try #require(late.reserve([charge(max: "1")], at: 0).reservation)
        #expect(late.reserve([charge(max: "1")], at: 60 * second).isAdmitted)
        late.giveBack(old)
        #expect(!late.reserve([charge(max: "1")], at: 60 * second).isAdmitted)
    }

    @Test("R6: a calendar window gives back to its own day only")
    func giveBackCalendar() throws {
        let table = LimitTable()
        let day = CounterIdentity(name: "d", window: .calendar(.day), scope: .grant)
        let monday = charge(day, max: "1", calendar: 0..<86_400_000)
        let tuesday = charge(day, max: "1", calendar: 86_400_000..<172_800_000)
        let old = try #require(table.reserve([monday], at: 0).reservation)
        #expect(table.reserve([tuesday], at: 86_400 * second).isAdmitted)
        table.giveBack(old)
        #expect(!table.reserve([tuesday], at: 86_400 * second).isAdmitted)
    }

    @Test("H6: a calendar window resets at its turn, not before, and a wall clock set back does not refill it")
    func calendar() throws {
        let table = LimitTable()
        let hour = CounterIdentity(name: "h", window: .calendar(.hour), scope: .grant)
        let first = charge(hour, max: "1", calendar: 0..<3_600_000)
        let next = charge(hour, max: "1", calendar: 3_600_000..<7_200_000)
        #expect(table.reserve([first], at: 3_599 * second).isAdmitted)
        let refusal = try #require(table.reserve([first], at: 3_599 * second).refusal)
        #expect(refusal.retryAfter == .seconds(1))
        #expect(table.reserve([next], at: 3_600 * second).isAdmitted)
        #expect(!table.reserve([first], at: 1_000 * second).isAdmitted)
    }

    @Test("H6: a monotonic clock that steps back refills nothing")
    func clockBackwards() {
        let table = LimitTable()
        #expect(table.reserve([charge(max: "1")], at: 1_000 * second).isAdmitted)
        #expect(!table.reserve([charge(max: "1")], at: 10 * second).isAdmitted)
        #expect(!table.reserve([charge(max: "1")], at: 1_059 * second).isAdmitted)
        #expect(table.reserve([charge(max: "1")], at: 1_060 * second).isAdmitted)
    }

    @Test("the ends of time and endless windows saturate and never trap", arguments: [Int64.min, -1, 0, .max])
    func saturates(time: Int64) {
        let table = LimitTable()
        let endless = CounterIdentity(name: "e", window: .sliding(nanoseconds: .max), scope: .grant)
        let empty = CounterIdentity(name: "z", window: .sliding(nanoseconds: 0), scope: .grant)
        for other in [time, Int64.max, Int64.min, 0] {
            _ = table.reserve([charge(endless, max: "1"), charge(empty, max: "1e300", amount: "1e300")], at: other)
        }
    }

    @Test("at most 10,000 live values of a key per counter and holder; the next is refused without a wait")
    func liveValues() throws {
        let table = LimitTable()
        let keyed = identity("k", keyPath: "args.id")
        for value in 0..<LimitTable.maximumLiveValues {
            #expect(table.reserve([charge(keyed, max: "1", key: .number(ExactDecimal(value)))], at: 0).isAdmitted)
        }
        let refusal = try #require(table.reserve([charge(keyed, max: "1", key: .text("new"))], at: 0).refusal)
        #expect(refusal.retryAfter == nil)
        // A value that is live already is judged by its own total; another holder has values of its own.
        #expect(table.reserve([charge(keyed, max: "2", key: .number(decimal("1.0")))], at: 0).isAdmitted)
        #expect(table.reserve([charge(keyed, max: "1", grant: "h", key: .text("new"))], at: 0).isAdmitted)
        // When their window has passed there is room for 10,000 others, and nothing of the old ones is kept.
        for value in 0..<LimitTable.maximumLiveValues {
            let key = CounterKeyValue.text(ByteString("v\(value)"))
            #expect(table.reserve([charge(keyed, max: "1", key: key)], at: 61 * second).isAdmitted)
        }
        #expect(table.counterCount <= LimitTable.maximumLiveValues + 2)
    }

    @Test("values given back stop being live, however often, and cost no lasting memory")
    func liveValuesGivenBack() throws {
        let table = LimitTable()
        let keyed = identity("k", keyPath: "args.id")
        for value in 0..<30_000 {
            let result = table.reserve([charge(keyed, max: "1", key: .number(ExactDecimal(value)))], at: 0)
            table.giveBack(try #require(result.reservation))
        }
        #expect(table.counterCount == 0)
    }

    @Test("J: names, holders and values never run together into one counter")
    func identitiesAreTyped() {
        let table = LimitTable()
        let keyed = identity("k", keyPath: "args.id")
        for key in [CounterKeyValue.text("1"), .number(decimal("1")), .boolean(true), .text("true"), .digest("1")] {
            #expect(table.reserve([charge(keyed, max: "1", key: key)], at: 0).isAdmitted)
        }
        #expect(!table.reserve([charge(keyed, max: "1", key: .number(decimal("1.0")))], at: 0).isAdmitted)
        #expect(table.reserve([charge(identity("a_b"), max: "1", grant: "c")], at: 0).isAdmitted)
        #expect(table.reserve([charge(identity("a"), max: "1", grant: "b_c")], at: 0).isAdmitted)
        #expect(table.reserve([charge(identity("c", seconds: 60), max: "1")], at: 0).isAdmitted)
        #expect(table.reserve([charge(identity("c", seconds: 61), max: "1")], at: 0).isAdmitted)
        #expect(ScopeKey(.member, "ana") != ScopeKey(.grantWithoutMember, "ana"))
    }

    @Test("places in flight are asked first, by tool and of all together, and released once")
    func slots() throws {
        let table = LimitTable()
        let scope = ScopeKey(.grant, "g")
        let tool = SlotClaim(scopeKey: scope, tool: "x", maximum: 1, tag: 1)
        let all = SlotClaim(scopeKey: scope, tool: nil, maximum: 2, tag: 2)
        let other = SlotClaim(scopeKey: scope, tool: "y", maximum: 5, tag: 3)
        let first = try #require(table.reserve([], slots: [tool, all], at: 0).reservation)
        #expect(table.reserve([], slots: [tool, all], at: 0).refusal?.source == .slot(tag: 1))
        let second = try #require(table.reserve([], slots: [other, all], at: 0).reservation)
        let refusal = try #require(table.reserve([charge(max: "0")], slots: [other, all], at: 0).refusal)
        #expect(refusal.source == .slot(tag: 2))
        #expect(refusal.retryAfter == nil)
        table.release(first)
        table.release(first)
        #expect(table.firstFullSlot(of: ReservationPlan(slots: [tool, all])) == nil)
        #expect(table.reserve([], slots: [tool, all], at: 0).isAdmitted)
        #expect(table.reserve([], slots: [other, all], at: 0).refusal?.source == .slot(tag: 2))
        table.release(second)
        #expect(table.reserve([], slots: [other, all], at: 0).isAdmitted)
    }

    @Test("a place is not taken when a counter refuses")
    func slotsAllOrNothing() {
        let table = LimitTable()
        let claim = SlotClaim(scopeKey: ScopeKey(.grant, "g"), tool: "x", maximum: 1)
        #expect(!table.reserve([charge(max: "0")], slots: [claim], at: 0).isAdmitted)
        #expect(table.reserve([], slots: [claim], at: 0).isAdmitted)
    }

    @Test("I3, R2: concurrent callers never get more than the maximum together")
    func concurrent() async {
        let table = LimitTable()
        let admitted = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var count = 0
                    for _ in 0..<500 {
                        let charges = [
                            charge(identity("a"), max: "1000"),
                            charge(identity("b"), max: "5000", grant: worker.isMultiple(of: 2) ? "h" : "i"),
                        ]
                        count += table.reserve(worker < 4 ? charges : charges.reversed(), at: 0).isAdmitted ? 1 : 0
                    }
                    return count
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 1_000)
    }
}
