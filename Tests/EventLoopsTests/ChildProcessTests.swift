import Base
import EventLoops
import Glibc
import Synchronization
import TestSupport
import Testing

/// A child process, watched from a test.
final class Child {
    private let loop: EventLoop
    private(set) var process: ChildProcess?
    private(set) var output: [UInt8] = []
    private(set) var errorOutput: [UInt8] = []
    private(set) var end: ChildEnd?
    private(set) var isOutputEnded = false
    private let news = WaitPoint()

    init(
        on loop: EventLoop,
        _ program: String,
        _ arguments: [String] = [],
        environment: [(name: ByteString, value: Secret<[UInt8]>)] = [],
        directory: ByteString? = nil,
        confinement: ChildConfinement = ChildConfinement()
    ) throws {
        self.loop = loop
        let started = try ChildProcess(
            on: loop,
            supervisor: Child.supervisor,
            ChildCommand(
                program: ByteString(program),
                arguments: arguments.map { ByteString($0) },
                environment: environment,
                directory: directory,
                confinement: confinement
            )
        )
        process = started
        started.onOutput = { [unowned self] bytes in
            for index in 0..<bytes.count {
                output.append(bytes[index])
            }
            news.wake()
        }
        started.onErrorOutput = { [unowned self] bytes in
            for index in 0..<bytes.count {
                errorOutput.append(bytes[index])
            }
            news.wake()
        }
        started.onOutputEnded = { [unowned self] in
            isOutputEnded = true
            news.wake()
        }
        started.onEnd = { [unowned self] how in
            end = how
            news.wake()
        }
    }

    static let supervisor: [ByteString] = [ByteString(ToolgateProgram.path), "internal", "supervise"]

    /// A shell's script, which is how these tests write a program.
    static func shell(_ script: String, on loop: EventLoop) throws -> Child {
        try Child(on: loop, "/bin/sh", ["-c", script])
    }

    func ended() async -> ChildEnd? {
        while end == nil {
            await news.wait()
        }
        return end
    }

    /// Waits for so many lines on standard output.
    func lines(_ count: Int) async -> [String] {
        while output.count(where: { $0 == 0x0A }) < count, end == nil {
            await news.wait()
        }
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map { String($0) }
    }

    func outputEnds() async {
        while !isOutputEnded {
            await news.wait()
        }
    }
}

/// Whether a process is there, zombies not counted.
func isAlive(_ process: Int32) -> Bool {
    guard kill(process, 0) == 0 else {
        return false
    }
    let descriptor = open("/proc/\(process)/stat", O_RDONLY)
    guard descriptor >= 0 else {
        return false
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(descriptor, &bytes, bytes.count)
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    return !(text.split(separator: ")").last?.hasPrefix(" Z") ?? true)
}

/// Runs a body on a loop of its own.
func onLoop(_ body: @escaping @Sendable (isolated Worker) async throws -> Void) async throws {
    let loop = try EventLoop()
    let thread = try loop.start()
    let worker = Worker(loop: loop)
    let failure = Guarded<(any Error)?>(nil)
    await worker.start { worker in
        do {
            try await body(worker)
        } catch {
            failure.withLock { $0 = error }
        }
    }.value
    loop.stop()
    thread.join()
    if let error = failure.withLock({ $0 }) {
        throw error
    }
}

@Suite("child processes", .serialized)
struct ChildProcessTests {
    @Test("what is written to a child comes back from it, and it ends when its input does")
    func echo() async throws {
        try await onLoop { worker in
            let child = try Child(on: worker.loop, "/bin/cat")
            child.process?.send(Array("one\n".utf8))
            child.process?.send([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + [0x0A])
            #expect(await child.lines(2).map(\.utf8.count) == [3, 1 << 20])
            child.process?.closeInput()
            #expect(await child.ended() == .exited(0))
        }
    }

    @Test("its two outputs, its status, its folder and its whole environment are what was asked for")
    func streams() async throws {
        try await onLoop { worker in
            let child = try Child(
                on: worker.loop,
                "/bin/sh",
                ["-c", "pwd; /usr/bin/env | /usr/bin/sort | /bin/grep -v ^_= ; echo bad >&2; exit 7", "a b"],
                environment: [("TOKEN", Secret(Array("s3cret".utf8))), ("EMPTY", Secret([]))],
                directory: "/usr"
            )
            #expect(await child.ended() == .exited(7))
            let lines = String(decoding: child.output, as: UTF8.self).split(separator: "\n")
            #expect(lines == ["/usr", "EMPTY=", "PWD=/usr", "TOKEN=s3cret"])
            #expect(child.errorOutput == Array("bad\n".utf8))
        }
    }

    @Test("M1: no shell reads the arguments, and no descriptor but the three streams is open in the child")
    func arguments() async throws {
        try await onLoop { worker in
            let child = try Child(on: worker.loop, "/bin/echo", ["$(id)", "`id`;", "a\nb", "*"])
            #expect(await child.ended() == .exited(0))
            #expect(child.output == Array("$(id) `id`; a\nb *\n".utf8))
            let descriptors = try Child(on: worker.loop, "/bin/ls", ["/proc/self/fd"])
            #expect(await descriptors.ended() == .exited(0))
            // 3 is the folder `ls` reads.
            #expect(descriptors.output == Array("0\n1\n2\n3\n".utf8))
        }
    }

    @Test("a program that is not there, is none, or gets a folder that is not there says why")
    func failures() async throws {
        try await onLoop { worker in
            let missing = try Child(on: worker.loop, "/nowhere/at/all")
            #expect(await missing.ended() == .notStarted(ENOENT))
            let folder = try Child(on: worker.loop, "/tmp")
            #expect(await folder.ended() == .notStarted(EACCES))
            let directory = try Child(on: worker.loop, "/bin/cat", directory: "/nowhere")
            #expect(await directory.ended() == .notStarted(ENOENT))
        }
    }

    @Test("ST-04: a child that ignores the end of its input and SIGTERM is killed, with its children")
    func kill() async throws {
        try await onLoop { worker in
            let child = try Child.shell(
                "trap '' TERM; sleep 1000 & echo $$ $!; while :; do wait; done",
                on: worker.loop
            )
            let ids = await child.lines(1)[0].split(separator: " ").compactMap { Int32($0) }
            #expect(ids.allSatisfy { isAlive($0) } && ids.count == 2)
            child.process?.closeInput()
            child.process?.terminate()
            #expect(child.end == nil)
            child.process?.kill()
            #expect(await child.ended() == .signalled(SIGKILL))
            #expect(ids.allSatisfy { !isAlive($0) })
        }
    }

    @Test("SIGTERM reaches the child")
    func terminate() async throws {
        try await onLoop { worker in
            let child = try Child.shell(
                "trap 'echo told; exit 5' TERM; echo up; while :; do sleep 0.01; done",
                on: worker.loop
            )
            _ = await child.lines(1)
            child.process?.terminate()
            #expect(await child.ended() == .exited(5))
            #expect(child.output == Array("up\ntold\n".utf8))
        }
    }

    @Test("M1: a daemon that left its session and lost its parent goes with the child that started it")
    func daemons() async throws {
        try await onLoop { worker in
            let child = try Child.shell(
                "(setsid sh -c 'echo $$; exec sleep 1000' >&1 2>&1 </dev/null &) ; sleep 0.2; exit 3",
                on: worker.loop
            )
            let daemon = try #require(Int32(await child.lines(1)[0]))
            #expect(await child.ended() == .exited(3))
            #expect(!isAlive(daemon))
        }
    }

    @Test("when the supervisor is killed the child goes too, and its end is told")
    func lostSupervisor() async throws {
        try await onLoop { worker in
            let child = try Child.shell("echo $$; exec sleep 1000", on: worker.loop)
            let process = try #require(Int32(await child.lines(1)[0]))
            _ = Glibc.kill(try #require(child.process?.supervisorID), SIGKILL)
            #expect(await child.ended() == .lost)
            // Its files close before the kernel signals its children.
            for _ in 0..<1_000 where isAlive(process) {
                usleep(1_000)
            }
            #expect(!isAlive(process))
        }
    }

    @Test("a child that closes its output and stays is noticed")
    func closedOutput() async throws {
        try await onLoop { worker in
            let child = try Child.shell("exec >&-; exec sleep 1000", on: worker.loop)
            await child.outputEnds()
            #expect(child.end == nil)
            child.process?.kill()
            #expect(await child.ended() == .signalled(SIGKILL))
        }
    }

    @Test("limits and the loss of privileges are the child's")
    func limits() async throws {
        try await onLoop { worker in
            var confinement = ChildConfinement()
            confinement.openFiles = 32
            confinement.memoryBytes = 1 << 30
            let child = try Child(
                on: worker.loop,
                "/bin/sh",
                ["-c", "ulimit -n; ulimit -v; /bin/grep NoNewPrivs /proc/self/status"],
                confinement: confinement
            )
            #expect(await child.ended() == .exited(0))
            #expect(child.output == Array("32\n1048576\nNoNewPrivs:\t1\n".utf8))
        }
    }

    @Test("M1: a child confined to paths reads and writes nothing else")
    func paths() async throws {
        try await onLoop { worker in
            var confinement = ChildConfinement()
            confinement.readable = ["/bin", "/usr", "/lib", "/lib64"]
            confinement.writable = ["/dev/null"]
            let child = try Child(
                on: worker.loop,
                "/bin/sh",
                [
                    "-c",
                    "echo in; cat /etc/passwd >/dev/null 2>&1 || echo refused; (: > /tmp/toolgate-x) 2>/dev/null || echo kept",
                ],
                confinement: confinement
            )
            #expect(await child.ended() == .exited(0))
            #expect(child.output == Array("in\nrefused\nkept\n".utf8))
        }
    }

    @Test("a hundred children one after the other leave neither processes nor descriptors behind")
    func cycles() async throws {
        try await onLoop { worker in
            var belongings: [Set<ino_t>] = []
            for _ in 0..<100 {
                let before = openFiles()
                let child = try Child(on: worker.loop, "/bin/true")
                belongings.append(openFiles().subtracting(before))
                #expect(await child.ended() == .exited(0))
            }
            // libuv closes handles in the turn after.
            let signal = WaitPoint()
            let timer = worker.loop.schedule(after: .milliseconds(20)) { signal.wake() }
            await signal.wait()
            timer.cancel()
            // Other tests of this process open files meanwhile, some for long: they fall to a child or two, a leak to each.
            let after = openFiles()
            #expect(belongings.allSatisfy { $0.count >= 3 })
            #expect(belongings.count { !$0.isDisjoint(with: after) } < 50)
        }
    }

    /// What the descriptors of this process lead to.
    private func openFiles() -> Set<ino_t> {
        var files: Set<ino_t> = []
        for descriptor in Int32(0)..<1_024 {
            var facts = stat()
            if fstat(descriptor, &facts) == 0 {
                files.insert(facts.st_ino)
            }
        }
        return files
    }
}
