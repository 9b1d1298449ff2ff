import Base
import EventLoops
import Testing

@testable import Gateway

@Suite("Address throttle")
struct AddressThrottleTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private let a = IPAddress.loopbackV4
    private let b = IPAddress.loopbackV6

    private func at(_ milliseconds: Int) -> Instant {
        start.advanced(by: .milliseconds(milliseconds))
    }

    @Test("F4: an address that fails too often is refused before any hashing, and forgiven as time passes")
    func refusesAndForgives() {
        var throttle = AddressThrottle()
        for _ in 0..<AddressThrottle.capacity {
            #expect(throttle.admits(a, now: start))
            throttle.noteFailure(a, now: start)
        }
        #expect(!throttle.admits(a, now: start))
        #expect(throttle.admits(b, now: start))
        #expect(!throttle.admits(a, now: at(99)))
        #expect(throttle.admits(a, now: at(100)))
    }

    @Test("F4: an address that holds a valid grant is not locked out by its neighbours")
    func sharedAddress() {
        var throttle = AddressThrottle()
        throttle.noteFailure(a, now: start)
        throttle.noteSuccess(a, now: start)
        for _ in 0..<(2 * AddressThrottle.capacity) {
            throttle.noteFailure(a, now: start)
        }
        #expect(throttle.admits(a, now: at(59_000)))
        throttle.noteFailure(a, now: at(59_999))
        for _ in 0..<AddressThrottle.capacity {
            throttle.noteFailure(a, now: at(60_001))
        }
        #expect(!throttle.admits(a, now: at(60_001)))
    }

    @Test("the table of addresses is bounded")
    func bounded() {
        var throttle = AddressThrottle()
        for number in 0..<(AddressThrottle.maximumAddresses + 10) {
            if let address = IPAddress(Array("10.\(number / 65_536).\(number / 256 % 256).\(number % 256)".utf8)) {
                throttle.noteFailure(address, now: start)
            }
        }
        #expect(!throttle.isIdle)
        #expect(throttle.admits(a, now: start))
    }
}
