import Base
import ConnectorModel
import HTTPTransport
import Testing

@testable import Upstreams

@Suite("the pace of an API")
struct ConnectorPacesTests {
    @Test("servers of one origin share it, and keep it over a reload; another origin has its own")
    func shared() throws {
        let paces = ConnectorPaces()
        let pace = ConnectorPace.leaky(capacity: 1, drainPerSecond: 1)
        let portal = try UpstreamAddress(Array("https://one.example.com/".utf8)).origin
        let other = try UpstreamAddress(Array("https://two.example.com/".utf8)).origin
        let now = Instant(nanoseconds: 1_000_000_000)
        let first = paces.throttle(of: portal, pace)
        #expect(first.admit(at: now, patience: .zero) == .after(.zero))
        #expect(paces.throttle(of: portal, pace).admit(at: now, patience: .zero) == .tooLong(.seconds(1)))
        #expect(paces.throttle(of: other, pace).admit(at: now, patience: .zero) == .after(.zero))
        withExtendedLifetime(first) {}
    }
}
