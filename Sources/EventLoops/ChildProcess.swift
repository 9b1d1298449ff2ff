public import Base
internal import CUV
internal import Glibc

/// A child process under a supervisor of its own (``ProcessSupervisor``), with pipes to its three streams.
///
/// Loop-confined.
///
///     gateway ── stdin, stdout, stderr ──────────────▶ child ─▶ grandchildren …
///        └────── lifeline ──▶ supervisor ── adopts, ends ──┘
///
/// The supervisor ends the whole tree when the child ends, when it is told to, and when the lifeline closes, which it
/// does when the gateway dies, however it dies.
@safe
public final class ChildProcess {
    /// What the child wrote to its standard output; lent for the call only.
    public var onOutput: ((Span<UInt8>) -> Void)?
    /// What the child wrote to its standard error; lent for the call only.
    public var onErrorOutput: ((Span<UInt8>) -> Void)?
    /// The child closed its standard output; called at most once.
    public var onOutputEnded: (() -> Void)?
    /// The child and everything it started are gone; called exactly once.
    public var onEnd: ((ChildEnd) -> Void)?

    /// LIMIT: how long what is left in the pipes may take to arrive once the tree is gone.
    private static let lag = Duration.seconds(1)

    private let loop: EventLoop
    private let handle = Handle.process()
    private let input: ChildPipe
    private let output: ChildPipe
    private let errorOutput: ChildPipe
    private let lifeline: ChildPipe
    private var isHandleOpen = false
    private var hasExited = false
    private var openOutputs = 2
    private var report: [UInt8] = []
    private var lagTimer: LoopTimer?
    /// Held while the child runs: its owner may let go of it, its handle may not.
    private var myself: ChildProcess?

    /// Starts a child.
    ///
    /// That it could not become the program it should is told by ``onEnd``, `.notStarted`.
    ///
    /// - Parameters:
    ///   - loop: the loop it is confined to.
    ///   - supervisor: the program and first arguments that run ``ProcessSupervisor/run(_:)``; its path must be absolute.
    ///   - command: what to run.
    /// - Throws: why not even the supervisor can be started.
    public init(
        on loop: EventLoop,
        supervisor: [ByteString],
        _ command: ChildCommand
    ) throws(StreamError) {
        self.loop = loop
        input = try ChildPipe(on: loop)
        output = try ChildPipe(on: loop)
        errorOutput = try ChildPipe(on: loop)
        lifeline = try ChildPipe(on: loop)
        handle.attach(self)
        var words = supervisor + command.confinement.words
        if let directory = command.directory {
            words += ["--directory", directory]
        }
        words += ["--", command.program] + command.arguments
        let variables = command.environment.map { variable in
            ByteString(variable.name.bytes + [UInt8(ascii: "=")] + variable.value.reveal())
        }
        try spawn(CStrings(words), CStrings(variables))
        myself = self
        begin()
    }

    deinit {
        if isHandleOpen {
            handle.close()
        }
    }

    private func spawn(_ words: CStrings, _ variables: CStrings) throws(StreamError) {
        let toChild = UInt32(UV_CREATE_PIPE.rawValue | UV_READABLE_PIPE.rawValue)
        let fromChild = UInt32(UV_CREATE_PIPE.rawValue | UV_WRITABLE_PIPE.rawValue)
        let places = [(input, toChild), (output, fromChild), (errorOutput, fromChild), (lifeline, toChild | fromChild)]
        // SAFETY: everything the options point to lives until `uv_spawn` has returned, which copies what it keeps; the
        // pipes and the process handle live at stable addresses.
        let status = unsafe withUnsafeTemporaryAllocation(of: uv_stdio_container_t.self, capacity: places.count) {
            containers in
            for (index, place) in places.enumerated() {
                var container = unsafe uv_stdio_container_t()
                unsafe container.flags = uv_stdio_flags(rawValue: place.1)
                unsafe container.data.stream = place.0.handle.stream
                unsafe containers.initializeElement(at: index, to: container)
            }
            var options = unsafe uv_process_options_t()
            unsafe options.file = UnsafePointer(words.pointers[0])
            unsafe options.args = words.pointers
            unsafe options.env = variables.pointers
            // A session of its own: no signal of our terminal reaches it.
            unsafe options.flags = UInt32(UV_PROCESS_DETACHED.rawValue)
            unsafe options.stdio_count = Int32(places.count)
            unsafe options.stdio = containers.baseAddress
            unsafe options.exit_cb = { process, _, _ in
                guard let data = unsafe process?.pointee.data else {
                    return
                }
                unsafe Unmanaged<ChildProcess>.fromOpaque(data).takeUnretainedValue().supervisorExited()
            }
            return unsafe uv_spawn(loop.uv, handle.process, &options)
        }
        // Also a failed spawn leaves a handle to close.
        isHandleOpen = true
        guard status == 0 else {
            throw StreamError(code: status)
        }
    }

    private func begin() {
        output.onBytes = { [weak self] bytes in self?.onOutput?(bytes) }
        output.onEnded = { [weak self] in self?.outputEnded(isOutput: true) }
        errorOutput.onBytes = { [weak self] bytes in self?.onErrorOutput?(bytes) }
        errorOutput.onEnded = { [weak self] in self?.outputEnded(isOutput: false) }
        lifeline.onBytes = { [weak self] bytes in self?.told(bytes) }
        output.start()
        errorOutput.start()
        lifeline.start()
    }

    /// The supervisor's process id, which is also its session's.
    public var supervisorID: Int32 {
        // SAFETY: the handle's memory lives as long as `self`.
        isHandleOpen ? unsafe uv_process_get_pid(handle.process) : 0
    }

    // MARK: Talking to it

    /// Bytes for the child's standard input that it has not taken yet.
    public var queuedCount: Int { input.queuedCount }

    /// Queues bytes for the child's standard input; ignored once that is closed.
    public func send(_ bytes: [UInt8]) {
        input.send(bytes)
    }

    /// Reads the child's standard output again, or lets it wait.
    public func setReadsOutput(_ reads: Bool) {
        reads ? output.start() : output.pause()
    }

    /// Reads the child's standard error again, or lets it wait.
    public func setReadsErrorOutput(_ reads: Bool) {
        reads ? errorOutput.start() : errorOutput.pause()
    }

    // MARK: Ending it

    /// Closes the child's standard input, which asks it to end (ST-04).
    public func closeInput() {
        input.close()
    }

    /// Has the child's process group told to end (SIGTERM).
    public func terminate() {
        lifeline.send([ProcessSupervisor.terminateOrder])
    }

    /// Ends the whole tree at once (SIGKILL), grandchildren and whatever left its session included.
    public func kill() {
        lifeline.send([ProcessSupervisor.killOrder])
        output.start()
        errorOutput.start()
    }

    private func told(_ bytes: Span<UInt8>) {
        // LIMIT: the supervisor says one short line.
        for index in 0..<min(bytes.count, 64 - min(64, report.count)) {
            report.append(bytes[index])
        }
    }

    private func outputEnded(isOutput: Bool) {
        openOutputs -= 1
        if isOutput {
            let action = onOutputEnded
            onOutputEnded = nil
            action?()
        }
        finishIfDone()
    }

    private func supervisorExited() {
        hasExited = true
        // A reader that was paused is to see the end too.
        output.start()
        errorOutput.start()
        finishIfDone()
        guard myself != nil else {
            return
        }
        lagTimer = loop.schedule(after: Self.lag) { [weak self] in self?.finish() }
    }

    private func finishIfDone() {
        if hasExited, openOutputs == 0 {
            finish()
        }
    }

    private func finish() {
        guard myself != nil else {
            return
        }
        lagTimer?.cancel()
        lagTimer = nil
        for pipe in [input, output, errorOutput, lifeline] {
            pipe.close()
        }
        if isHandleOpen {
            isHandleOpen = false
            handle.close()
        }
        let action = onEnd
        onEnd = nil
        onOutput = nil
        onErrorOutput = nil
        onOutputEnded = nil
        action?(ProcessSupervisor.end(report))
        myself = nil
    }
}
