internal import Base
internal import CUV
internal import Glibc

/// What runs between the gateway and each child process: the gateway's own program, started again (`toolgate internal
/// supervise`).
///
/// It starts the child, adopts whatever outlives its parent below it, and ends all of that when the child ends, when it is
/// told to, or when its lifeline (descriptor 3) closes. So nothing is left behind however the gateway ends, and the
/// gateway never has to guess which processes are its own. A child with the gateway's own user could kill its supervisor;
/// the child itself then goes too (`PR_SET_PDEATHSIG`), what it had set loose before does not.
public enum ProcessSupervisor {
    static let terminateOrder = UInt8(ascii: "T")
    static let killOrder = UInt8(ascii: "K")
    static let lifeline: Int32 = 3

    /// Runs until the child and everything it started are gone.
    ///
    /// - Parameter words: options, `--`, the program's path and its arguments.
    /// - Returns: an exit status; how the child ended is told over the lifeline.
    public static func run(_ words: [String]) -> Int32 {
        guard let order = SupervisorOrder(words.map { ByteString($0) }) else {
            report("failed \(EINVAL)")
            return 2
        }
        ProcessTree.closeDescriptors(above: lifeline)
        do throws(StreamError) {
            let supervision = try Supervision(order)
            supervision.loop.run()
            return 0
        } catch {
            report("failed \(EAGAIN)")
            return 3
        }
    }

    static func report(_ line: String) {
        var text = Array("\(line)\n".utf8)
        // SAFETY: the array lives during the call. Nobody there to read it any more is nothing to act on.
        _ = unsafe write(lifeline, &text, text.count)
    }

    /// What the supervisor's one line says.
    static func end(_ report: [UInt8]) -> ChildEnd {
        let words = report.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard words.count == 2, let number = Int32(String(decoding: words[1], as: UTF8.self)) else {
            return .lost
        }
        switch String(decoding: words[0], as: UTF8.self) {
        case "exited": return .exited(number)
        case "signalled": return .signalled(number)
        case "failed": return .notStarted(number)
        default: return .lost
        }
    }
}

/// What the supervisor's command line asks for.
struct SupervisorOrder {
    var program: ByteString = ""
    var arguments: [ByteString] = []
    var directory: ByteString?
    var memoryBytes: UInt64 = 0
    var openFiles: UInt64 = 0
    var processorSeconds: UInt64 = 0
    var isConfined = false
    var paths: [(path: ByteString, isWritable: Bool)] = []

    init?(_ words: [ByteString]) {
        var rest = words[...]
        while let word = rest.popFirst(), word != "--" {
            if word == "--confine" {
                isConfined = true
                continue
            }
            guard let value = rest.popFirst(), take(word, value) else {
                return nil
            }
        }
        guard let program = rest.popFirst(), program.bytes.first == UInt8(ascii: "/") else {
            return nil
        }
        self.program = program
        arguments = Array(rest)
    }

    private mutating func take(_ word: ByteString, _ value: ByteString) -> Bool {
        switch word.text {
        case "--directory": directory = value
        case "--read": paths.append((value, false))
        case "--write": paths.append((value, true))
        case "--memory": memoryBytes = UInt64(value.text) ?? 0
        case "--files": openFiles = UInt64(value.text) ?? 0
        case "--seconds": processorSeconds = UInt64(value.text) ?? 0
        default: return false
        }
        return true
    }
}

/// One child and its supervisor's loop.
///
/// Confined to the supervisor's only thread.
@safe
private final class Supervision {
    let loop: EventLoop
    private let lifeline: ChildPipe
    private var watchers: [SignalWatcher] = []
    private var child: pid_t = 0
    private var isOver = false

    init(_ order: SupervisorOrder) throws(StreamError) {
        loop = try EventLoop()
        lifeline = try ChildPipe(on: loop)
        try lifeline.open(ProcessSupervisor.lifeline)
        guard toolgate_adopt_orphans() == 0 else {
            throw .system(errno)
        }
        watchers = [
            try SignalWatcher(on: loop, .childEnded) { [unowned self] in reap() },
            try SignalWatcher(on: loop, .terminate) { [unowned self] in end("signalled \(SIGKILL)") },
            try SignalWatcher(on: loop, .interrupt) {},
            try SignalWatcher(on: loop, .hangUp) {},
        ]
        lifeline.onEnded = { [unowned self] in end("signalled \(SIGKILL)") }
        lifeline.onBytes = { [unowned self] bytes in
            for index in 0..<bytes.count {
                obey(bytes[index])
            }
        }
        child = Self.start(order)
        guard child > 0 else {
            end("failed \(errno)")
            return
        }
        lifeline.start()
        Self.letGoOfStreams()
    }

    /// The child's process id; -1, and the reason in `errno`, when there is none.
    private static func start(_ order: SupervisorOrder) -> pid_t {
        var ruleset: Int32 = -1
        if order.isConfined {
            ruleset = toolgate_landlock_ruleset()
            guard ruleset >= 0 else {
                return -1
            }
            for (path, isWritable) in order.paths {
                guard unsafe toolgate_landlock_allow(ruleset, path.text, isWritable ? 1 : 0) == 0 else {
                    return -1
                }
            }
        }
        let words = CStrings([order.program] + order.arguments)
        // SAFETY: texts and arrays live until `toolgate_spawn` has returned; `environ` is read before any thread starts.
        return unsafe withOptionalText(order.directory) { directory in
            var child = unsafe toolgate_child()
            unsafe child.path = UnsafePointer(words.pointers[0])
            unsafe child.arguments = UnsafePointer(words.pointers)
            unsafe child.environment = UnsafePointer(environ)
            unsafe child.directory = directory
            unsafe child.memory_bytes = order.memoryBytes
            unsafe child.open_files = order.openFiles
            unsafe child.processor_seconds = order.processorSeconds
            unsafe child.ruleset = ruleset
            return unsafe toolgate_spawn(&child)
        }
    }

    private static func withOptionalText(_ text: ByteString?, _ body: (UnsafePointer<CChar>?) -> pid_t) -> pid_t {
        guard let text else {
            return body(nil)
        }
        return unsafe text.text.withCString { unsafe body($0) }
    }

    /// The streams are the child's alone, so that it alone decides when they end.
    private static func letGoOfStreams() {
        // SAFETY: plain descriptors of this process.
        let nothing = unsafe Glibc.open("/dev/null", O_RDWR)
        guard nothing >= 0 else {
            return
        }
        for descriptor: Int32 in 0...2 {
            _ = dup2(nothing, descriptor)
        }
        if nothing > 2 {
            _ = Glibc.close(nothing)
        }
    }

    private func obey(_ order: UInt8) {
        switch order {
        case ProcessSupervisor.terminateOrder: _ = Glibc.kill(-child, SIGTERM)
        case ProcessSupervisor.killOrder: end("signalled \(SIGKILL)")
        default: break
        }
    }

    /// Takes the ends of the child and of whatever was adopted.
    private func reap() {
        guard !isOver else {
            return
        }
        while true {
            var status: Int32 = 0
            // SAFETY: the status is a local variable.
            let process = unsafe waitpid(-1, &status, WNOHANG)
            guard process > 0 else {
                return
            }
            if process == child {
                let number = status & 0x7F
                end(number == 0 ? "exited \((status >> 8) & 0xFF)" : "signalled \(number)")
                return
            }
        }
    }

    /// Ends what is left and this process.
    private func end(_ report: String) {
        guard !isOver else {
            return
        }
        isOver = true
        ProcessTree.endDescendants(group: child)
        ProcessSupervisor.report(report)
        for watcher in watchers {
            watcher.cancel()
        }
        lifeline.close()
        loop.stop()
    }
}
