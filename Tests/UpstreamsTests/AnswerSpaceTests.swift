import Base
import EventLoops
import JSONText
import MCPModel
import Testing

@testable import Upstreams

@Suite("the room for large answers")
struct AnswerSpaceTests {
    private func claim(
        _ space: AnswerSpace,
        _ bytes: Int,
        for owner: ByteString,
        willWait: (AnswerSpace.Waiter) -> Void = { _ in }
    ) async -> Result<AnswerSpace.Claim, UpstreamFailure> {
        do throws(UpstreamFailure) {
            return .success(try await space.claim(bytes, for: owner, willWait: willWait))
        } catch {
            return .failure(error)
        }
    }

    @Test("H1: no more is claimed than there is, and by one owner no more than half")
    func bounded() async throws {
        try await onWorker { worker in
            let space = AnswerSpace(on: worker.loop, capacity: 100, patience: .milliseconds(1))
            let first = await claim(space, 50, for: "a")
            #expect(space.claimedBytes == 50)
            #expect(await claim(space, 1, for: "a").failure?.kind == .crowded)
            let second = await claim(space, 50, for: "b")
            #expect(await claim(space, 1, for: "c").failure?.kind == .crowded)
            #expect(space.claimedBytes == 100)
            withExtendedLifetime((first, second)) {}
        }
    }

    @Test("H1: room that is let go is the next one's in line, and a claim beyond all bounds counts as half of the room")
    func handedOn() async throws {
        try await onWorker { worker in
            let space = AnswerSpace(on: worker.loop, capacity: 100, patience: .seconds(60))
            var first: AnswerSpace.Claim? = try await claim(space, 1_000, for: "a").get()
            #expect(first != nil && space.claimedBytes == 50)
            let second = try await claim(space, 50, for: "b").get()
            var order: [String] = []
            let done = WaitPoint()
            for name in ["a", "c"] {
                worker.spawn {
                    let claim = await claim(space, 50, for: ByteString(name))
                    order.append(name)
                    withExtendedLifetime(claim) {}
                    done.wake()
                }
            }
            #expect(order.isEmpty)
            first = nil
            while order.count < 2 {
                await done.wait()
            }
            #expect(order == ["a", "c"])
            withExtendedLifetime(second) {}
        }
    }

    @Test("who waits for room can be called off")
    func cancelled() async throws {
        try await onWorker { worker in
            let space = AnswerSpace(on: worker.loop, capacity: 100, patience: .seconds(60))
            let first = try await claim(space, 50, for: "a").get()
            let failure = await claim(space, 50, for: "a") { waiter in
                worker.loop.schedule(after: .milliseconds(1)) { waiter.cancel() }
            }.failure
            #expect(failure?.kind == .cancelled)
            #expect(space.claimedBytes == 50)
            withExtendedLifetime(first) {}
        }
    }

    @Test("H1: a large answer holds its room until its call is over, as JSON and in a stream; a short one takes none")
    func throughServer() async throws {
        try await onWorker { worker in
            let text = String(repeating: "x", count: 400 << 10)
            let large = #"{"jsonrpc":"2.0","id":$ID,"result":{"text":"\#(text)"}}"#
            let upstream = try ScriptedUpstream(on: worker) { number, _ in
                switch number {
                case 0: .json(large)
                case 1: .events("data: \(large)\n\n")
                default: .json(#"{"jsonrpc":"2.0","id":$ID,"result":{}}"#)
                }
            }
            defer { upstream.close() }
            let space = AnswerSpace(on: worker.loop, capacity: 4 << 20, patience: .seconds(60))
            var limits = UpstreamLimits()
            limits.maximumReplyBytes = 1 << 20
            limits.maximumEventBytes = 1 << 20
            let server = try upstream.server(on: worker, limits: limits, space: space)
            for expected in [1 << 20, 1 << 20, 0] {
                var call: CancellationPoint? = CancellationPoint()
                var reply: UpstreamReply? = try await server.send(toolCall(), cancellation: call)
                if case .stream(let stream, _) = reply {
                    while let event = try await stream.next(), event.kind != .response {}
                }
                reply = nil
                #expect(space.claimedBytes == expected)
                call = nil
                #expect(space.claimedBytes == 0)
            }
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
