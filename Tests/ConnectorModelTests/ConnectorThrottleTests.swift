import Base
import ConnectorModel
import Testing

/// The arithmetic of asking no faster than an API allows.
@Suite struct ConnectorThrottleTests {
    static func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test func `no stretch of a second holds more than seven`() {
        var throttle = ConnectorThrottle(.window(maximum: 7, per: .seconds(1)))
        var sent: [Int64] = []
        for index in 0..<100 {
            let now = Int64(index * 20)
            guard case .after(let wait) = throttle.admit(at: Self.at(now), patience: .seconds(60)) else {
                Issue.record("refused")
                return
            }
            sent.append(now + wait.nanoseconds / 1_000_000)
        }
        #expect(sent == sent.sorted())
        for start in sent {
            #expect(sent.count { (start..<(start + 1_000)).contains($0) } <= 7)
        }
        // Not slower than it has to be either: 100 requests take 14 whole windows.
        #expect(sent.last == 14_020)
    }

    @Test func `a leaky bucket lets its capacity through and then its drain`() {
        var throttle = ConnectorThrottle(.leaky(capacity: 50, drainPerSecond: 2))
        for _ in 0..<50 {
            #expect(throttle.admit(at: Self.at(0), patience: .seconds(60)) == .after(.zero))
        }
        #expect(throttle.admit(at: Self.at(0), patience: .seconds(60)) == .after(.milliseconds(500)))
        #expect(throttle.admit(at: Self.at(0), patience: .seconds(60)) == .after(.seconds(1)))
        #expect(throttle.admit(at: Self.at(60_000), patience: .seconds(60)) == .after(.zero))
    }

    @Test func `who would wait too long takes no place`() {
        var throttle = ConnectorThrottle(.window(maximum: 1, per: .seconds(10)))
        #expect(throttle.admit(at: Self.at(0), patience: .seconds(5)) == .after(.zero))
        #expect(throttle.admit(at: Self.at(0), patience: .seconds(5)) == .tooLong(.seconds(10)))
        #expect(throttle.admit(at: Self.at(6_000), patience: .seconds(5)) == .after(.seconds(4)))
    }
}
