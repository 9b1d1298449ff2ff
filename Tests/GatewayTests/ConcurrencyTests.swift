import Glibc
import JSONText
import Testing
import Upstreams

@testable import Gateway

/// Places in flight count what a server may be doing, not who waits for it.
@Suite("Concurrency limits", .serialized)
struct ConcurrencyTests {
    private static let slow = #""name":"create_lead","arguments":{"name":"slow"}"#
    private static let quick = #""name":"create_lead","arguments":{"name":"quick"}"#

    private static func options() -> Harness.Options {
        var options = Harness.Options()
        options.policy = #"{"version":"1","default":"deny","tools":{"create_lead":{"concurrency":1}}}"#
        return options
    }

    /// Answers nothing to a slow call for as long as the gateway listens.
    private static func upstream(isStream: Bool) -> ScriptedUpstream {
        Upstreams.modern { sent in
            guard sent.arguments.contains("slow") else {
                return nil
            }
            return .custom { socket, _ in
                if isStream {
                    socket.startEvents()
                }
                _ = socket.isEnded()
            }
        }
    }

    /// Makes a slow call, and leaves once the server has it; returns when the gateway is done with it.
    private static func leave(_ gateway: Harness, _ upstream: ScriptedUpstream) throws {
        let client = try gateway.client()
        client.sendModern("tools/call", slow, name: "create_lead")
        while upstream.bodies(containing: "slow").isEmpty {
            sched_yield()
        }
        client.socket.end()
        while gateway.sink.lines.isEmpty {
            sched_yield()
        }
    }

    @Test("H5: a client that leaves does not make room: its call may still be running", arguments: [false, true])
    func left(isStream: Bool) async throws {
        let upstream = Self.upstream(isStream: isStream)
        let gateway = try await Harness.start(upstream, Self.options())
        try Self.leave(gateway, upstream)
        let refused = try gateway.client().modern("tools/call", Self.quick, name: "create_lead")
        #expect(refused.text.contains("rate_limited"), "\(refused.text)")
        await gateway.stop()
    }

    @Test("its place is free again at the deadline of the call")
    func freed() async throws {
        let upstream = Self.upstream(isStream: false)
        var options = Self.options()
        options.upstreamLimits.totalTimeout = .milliseconds(400)
        let gateway = try await Harness.start(upstream, options)
        try Self.leave(gateway, upstream)
        let client = try gateway.client()
        var isFree = false
        // However long that takes on a busy machine; 20,000 calls take longer than the deadline by far.
        for _ in 0..<20_000 where !isFree {
            isFree = try client.modern("tools/call", Self.quick, name: "create_lead").text.contains("ran create_lead")
        }
        #expect(isFree)
        await gateway.stop()
    }

    @Test("what was answered, well or badly, or never sent makes room at once")
    func answered() async throws {
        let upstream = Upstreams.modern { sent in
            sent.arguments.contains("slow") ? .json(sent.error(-32_000)) : nil
        }
        let gateway = try await Harness.start(upstream, Self.options())
        let client = try gateway.client()
        for params in [Self.quick, Self.slow, Self.quick, Self.slow, Self.quick] {
            let answer = try client.modern("tools/call", params, name: "create_lead")
            #expect(!answer.text.contains("rate_limited"), "\(answer.text)")
        }
        await gateway.stop()
    }
}
