import Base
import EventLoops
import Glibc
import Synchronization
import Testing

@Suite("work beside a loop")
struct SideWorkTests {
    /// Something several threads look at.
    private final class Flag: Sendable {
        let isSet = Atomic(false)

        /// Waits for it without end in sight but for a bound on its own steps.
        func isSeen() -> Bool {
            for _ in 0..<20_000_000 {
                if isSet.load(ordering: .acquiring) {
                    return true
                }
                sched_yield()
            }
            return false
        }
    }

    @Test("H2: long work leaves the loop to others, and its task goes on on the loop")
    func aside() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            let flag = Flag()
            // Runs on the loop, and only if the work below does not keep it.
            loop.schedule(after: .milliseconds(1)) { flag.isSet.store(true, ordering: .releasing) }
            let (isSeen, wasOnLoop) = await loop.aside { (flag.isSeen(), loop.isCurrent) }
            #expect(isSeen, "the loop did nothing else meanwhile")
            #expect(!wasOnLoop)
            #expect(loop.isCurrent, "the task came back on another thread")
        }
    }

    @Test("several pieces of work are done in their order, one at a time")
    func order() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            let done = BoundedMailbox<Int>(on: loop, capacity: 8)
            for number in 0..<4 {
                worker.spawn { _ = done.push(await loop.aside { number }) }
            }
            var order: [Int] = []
            for _ in 0..<4 {
                order.append(await done.next() ?? -1)
            }
            #expect(order == [0, 1, 2, 3])
        }
    }

    @Test("what is let go of aside ends there")
    func dropped() async throws {
        final class Witness: Sendable {
            let flag: Flag
            let loop: EventLoop

            init(_ flag: Flag, _ loop: EventLoop) {
                (self.flag, self.loop) = (flag, loop)
            }

            deinit {
                flag.isSet.store(!loop.isCurrent, ordering: .releasing)
            }
        }
        try await onWorker { worker in
            let flag = Flag()
            worker.loop.dropAside(Witness(flag, worker.loop))
            await worker.loop.aside {}
            let hasEndedAside = flag.isSet.load(ordering: .acquiring)
            #expect(hasEndedAside)
        }
    }
}
