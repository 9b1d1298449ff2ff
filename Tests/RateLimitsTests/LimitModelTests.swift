import Base
import RateLimits
import TestSupport
import Testing

/// Every entry with its time, kept for ever: what the table must agree with, written as plainly as possible.
private struct SlidingModel {
    struct Entry {
        let time: Int64
        let amount: Int
        var isGivenBack = false
    }

    let window: Int64
    var entries: [Entry] = []

    /// The total of the entries no older than `age` at `time`.
    func total(at time: Int64, age: Int64) -> Int {
        entries.reduce(0) { sum, entry in
            sum + (!entry.isGivenBack && (0..<age).contains(time - entry.time) ? entry.amount : 0)
        }
    }

    /// The highest total of any half-open interval of the window's length, over everything that was not given back.
    func highestTotal() -> Int {
        entries.map { total(at: $0.time, age: window) }.max() ?? 0
    }
}

@Suite("The table of limits against a sequential model")
struct LimitModelTests {
    @Test(
        "R1, R4: random histories never exceed the maximum in any window and refuse only within 1/64 of it",
        arguments: 0..<40
    )
    func randomHistory(seed: UInt64) {
        var random = SeededRandom(state: seed)
        let window = Int64.random(in: 1...200, using: &random) * second / 10
        let maximum = Int.random(in: 1...30, using: &random)
        let counter = CounterIdentity(name: "m", window: .sliding(nanoseconds: window), scope: .grant)
        let table = LimitTable()
        var model = SlidingModel(window: window)
        var reservations: [Reservation] = []
        var time = Int64.random(in: 0...(1 << 40), using: &random)
        for _ in 0..<400 {
            time += Int64.random(in: 0...(window / 12), using: &random)
            if Int.random(in: 0..<10, using: &random) == 0,
                let index = reservations.indices.randomElement(using: &random)
            {
                table.giveBack(reservations[index])
                model.entries[index].isGivenBack = true
                continue
            }
            let amount = Int.random(in: 1...4, using: &random)
            let result = table.reserve([charge(counter, max: "\(maximum)", amount: "\(amount)")], at: time)
            if let reservation = result.reservation {
                model.entries.append(SlidingModel.Entry(time: time, amount: amount))
                reservations.append(reservation)
                #expect(model.total(at: time, age: window) <= maximum)
            } else {
                // Never too long: what refuses is no older than the window and one part of it.
                let longest = window + (window - 1) / 64 + 1
                #expect(model.total(at: time, age: longest) + amount > maximum)
            }
        }
        #expect(model.highestTotal() <= maximum)
    }

    @Test("R7: waiting as told is always enough", arguments: 0..<16)
    func waitIsEnough(seed: UInt64) throws {
        var random = SeededRandom(state: 1_000 + seed)
        let maximum = Int.random(in: 1...10, using: &random)
        let table = LimitTable()
        var time: Int64 = 0
        for _ in 0..<300 {
            let amount = Int.random(in: 1...maximum, using: &random)
            let attempt = charge(max: "\(maximum)", amount: "\(amount)")
            if let refusal = table.reserve([attempt], at: time).refusal {
                time += try #require(refusal.retryAfter).nanoseconds
                #expect(table.reserve([attempt], at: time).isAdmitted)
            }
            time += Int64.random(in: 0...(3 * second), using: &random)
        }
    }

    @Test("R5, R6: plans over several counters equal a model that reserves them one by one", arguments: 0..<30)
    func severalCounters(seed: UInt64) {
        var random = SeededRandom(state: 2_000 + seed)
        let maxima = [3, 7, 5]
        let table = LimitTable()
        var used = [0, 0, 0]
        var held: [(Reservation, [Int])] = []
        for _ in 0..<400 {
            if Int.random(in: 0..<3, using: &random) == 0, !held.isEmpty {
                let (reservation, counters) = held.remove(at: Int.random(in: held.indices, using: &random))
                table.giveBack(reservation)
                table.giveBack(reservation)
                for counter in counters {
                    used[counter] -= 1
                }
                continue
            }
            let counters = [0, 1, 2].filter { _ in Bool.random(using: &random) }
            let charges = counters.map { charge(identity(ByteString("c\($0)")), max: "\(maxima[$0])", tag: $0) }
            let result = table.reserve(charges, at: 0)
            #expect(result.isAdmitted == counters.allSatisfy { used[$0] < maxima[$0] })
            if let reservation = result.reservation {
                held.append((reservation, counters))
                for counter in counters {
                    used[counter] += 1
                }
            } else {
                #expect(result.refusal?.refusedCharges == counters.filter { used[$0] >= maxima[$0] })
            }
        }
        #expect(used.allSatisfy { $0 >= 0 })
    }
}
