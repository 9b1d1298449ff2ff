import Base
import EventLoops
import Glibc
import Testing

@Suite("timers, mailboxes, watchers")
struct TimerTests {
    @Test("timers fire in order, never early, and not when cancelled")
    func order() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            let fired = BoundedMailbox<Int>(on: loop, capacity: 16)
            let start = loop.now
            loop.schedule(after: .milliseconds(60)) { _ = fired.push(3) }
            loop.schedule(after: .milliseconds(20)) { _ = fired.push(1) }
            let cancelled = loop.schedule(after: .milliseconds(30)) { _ = fired.push(99) }
            loop.schedule(after: .milliseconds(40)) { _ = fired.push(2) }
            loop.schedule(after: .zero) { _ = fired.push(0) }
            cancelled.cancel()
            var order: [Int] = []
            for _ in 0..<4 {
                order.append(await fired.next() ?? -1)
            }
            #expect(order == [0, 1, 2, 3])
            #expect(loop.now.elapsed(since: start) >= .milliseconds(60))
        }
    }

    @Test("a timer that is moved later fires once, at its last time; moved earlier, at the earlier")
    func moved() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            let fired = BoundedMailbox<Int>(on: loop, capacity: 16)
            let late = LoopTimer(on: loop) { _ = fired.push(2) }
            late.set(after: .milliseconds(10))
            late.set(after: .milliseconds(80))
            let early = LoopTimer(on: loop) { _ = fired.push(1) }
            early.set(after: .seconds(100_000))
            early.set(after: .milliseconds(30))
            #expect(await fired.next() == 1)
            #expect(await fired.next() == 2)
            #expect(fired.count == 0)
            #expect(!late.isSet && !early.isSet)
            late.set(after: .milliseconds(1))
            #expect(await fired.next() == 2)
        }
    }

    @Test("ten thousand timers all fire")
    func many() async throws {
        try await onWorker { worker in
            let loop = worker.loop
            let done = BoundedMailbox<Void>(on: loop, capacity: 1)
            var left = 10_000
            for number in 0..<10_000 {
                loop.schedule(after: .microseconds(number * 10)) {
                    left -= 1
                    if left == 0 {
                        _ = done.push(())
                    }
                }
            }
            await done.next()
        }
    }

    @Test("a mailbox has a bound, keeps order, ends when closed or cancelled")
    func mailbox() async throws {
        try await onWorker { worker in
            let mailbox = BoundedMailbox<Int>(on: worker.loop, capacity: 200)
            for number in 0..<200 {
                #expect(mailbox.push(number))
            }
            #expect(!mailbox.push(200))
            for number in 0..<150 {
                #expect(await mailbox.next() == number)
            }
            #expect(mailbox.push(200))
            mailbox.close()
            #expect(!mailbox.push(201))
            for number in 150...200 {
                #expect(await mailbox.next() == number)
            }
            #expect(await mailbox.next() == nil)
            let waiting = worker.start { worker in
                let empty = BoundedMailbox<Int>(on: worker.loop, capacity: 1)
                #expect(await empty.next() == nil)
            }
            await worker.loop.sleep(for: .milliseconds(5))
            waiting.cancel()
            await waiting.value
        }
    }

    @Test("signals arrive on the loop")
    func signals() async throws {
        try await onWorker { worker in
            let arrived = BoundedMailbox<Void>(on: worker.loop, capacity: 1)
            let watcher = try SignalWatcher(on: worker.loop, .hangUp) { _ = arrived.push(()) }
            kill(getpid(), SIGHUP)
            #expect(await arrived.next() != nil)
            watcher.cancel()
        }
    }

    @Test("a file that changes, is replaced or appears is noticed")
    func files() async throws {
        try await onWorker { worker in
            let path = "/tmp/toolgate-watch-\(getpid())"
            let arrived = BoundedMailbox<Void>(on: worker.loop, capacity: 8)
            write("a", to: path)
            let watcher = try FileWatcher(on: worker.loop, path: path, every: .milliseconds(5)) { _ = arrived.push(()) }
            // The first look only says how the file is now, and comes when it comes: change it until one is noticed.
            var text = "longer"
            while arrived.count == 0 {
                text += "."
                write(text, to: path)
                await worker.loop.sleep(for: .milliseconds(20))
            }
            while arrived.count > 0 {
                await arrived.next()
                await worker.loop.sleep(for: .milliseconds(50))
            }
            write("other!", to: path + "-new")
            rename(path + "-new", path)
            #expect(await arrived.next() != nil)
            watcher.cancel()
            unlink(path)
        }
    }

    @Test("a machine has a core and a clock that goes forward")
    func machine() {
        #expect(CPU.coreCount >= 1)
        let first = SystemTime().now
        #expect(SystemTime().now >= first)
        #expect(SystemTime().wallTime.milliseconds > 1_700_000_000_000)
    }
}

private func write(_ text: String, to path: String) {
    let file = fopen(path, "w")
    fputs(text, file)
    fclose(file)
}
