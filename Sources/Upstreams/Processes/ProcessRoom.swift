import Base
import EventLoops
import MCPModel

/// The processes of one server: who has which, when one is started, and when it is not.
///
/// Confined to the host's loop.
final class ProcessRoom {
    // LIMIT: processes of one server at once; a further caller gets an idle one's place, or is told that it is full.
    private static let maximumProcesses = 64
    // LIMIT: those of one grant, however many sessions it opens, so that one cannot take the places of all others.
    static let maximumPerPayer = 16
    // LIMIT: sessions whose opening is remembered, so that a process that ended can be started again for them.
    private static let maximumOpenings = 4_096
    /// How long a caller's process may have nothing to do before it is ended.
    private static let idleLimit = Duration.seconds(900)
    /// The same for the gateway's own, which lists tools now and then.
    private static let gatewayIdleLimit = Duration.seconds(60)
    private static let sweepInterval = Duration.seconds(15)
    /// How long calls under way may take once the server's settings have changed.
    private static let retirement = Duration.seconds(30)

    /// Called when it is empty and takes no more orders.
    var onGone: (() -> Void)?

    private let name: ByteString
    private let command: ProcessCommand
    private let limits: UpstreamLimits
    private let host: ProcessHostConfiguration
    private let loop: EventLoop
    private let mask: @Sendable ([UInt8]) -> [UInt8]

    private var processes: [ProcessKey: ServerProcess] = [:]
    /// Those that were told to end and have not yet.
    private var leaving: [ObjectIdentifier: ServerProcess] = [:]
    private var openings: [ByteString: [UInt8]] = [:]
    private var crashes = CrashBook()
    private var starts = 0
    private var lastEnd: String?
    private var told: ProcessStanding?
    private var isRetired = false
    private var sweeper: LoopTimer?
    private let emptied = WaitPoint()

    init(
        _ name: ByteString,
        _ command: ProcessCommand,
        limits: UpstreamLimits,
        host: ProcessHostConfiguration,
        loop: EventLoop
    ) {
        self.name = name
        self.command = command
        self.limits = limits
        self.host = host
        self.loop = loop
        let secrets = command.environment.filter(\.isSecret).map { $0.value.reveal() }
        // A secret of several lines is said line by line.
        let newline = UInt8(ascii: "\n")
        mask = host.masking(secrets + secrets.flatMap { $0.split(separator: newline).map { Array($0) } })
    }

    // MARK: Orders

    /// Takes an order; its exchange is answered in any case.
    func take(_ order: ProcessOrder) {
        switch order.kind {
        case .end:
            if case .session(let session) = order.key.owner {
                openings[session] = nil
            }
            if let process = processes[order.key] {
                dismiss(process)
            }
            order.exchange.deliver(.accepted)
        case .oneWay:
            // What tells or answers a process that is not there any more has nobody to reach.
            guard let process = processes[order.key] else {
                order.exchange.deliver(.accepted)
                return
            }
            process.take(order)
        case .open, .request, .listen:
            remember(order)
            do throws(UpstreamFailure) {
                try process(for: order.key, payer: order.key.owner.payer(order.grant)).take(order)
            } catch {
                order.exchange.deliver(.failed(error))
            }
        }
    }

    /// Forgets an exchange nobody waits on.
    func withdraw(_ exchange: ReplyExchange, from key: ProcessKey) {
        processes[key]?.withdraw(exchange)
        for process in leaving.values where process.key == key {
            process.withdraw(exchange)
        }
    }

    private func remember(_ order: ProcessOrder) {
        guard case .session(let session) = order.key.owner, let opening = order.opening else {
            return
        }
        if openings.count >= Self.maximumOpenings, let first = openings.keys.first {
            openings[first] = nil
        }
        openings[session] = opening
    }

    // MARK: Starting

    private func process(
        for key: ProcessKey,
        payer: ProcessOwner
    ) throws(UpstreamFailure) -> ServerProcess {
        if let process = processes[key] {
            return process
        }
        guard !isRetired else {
            throw .processDown("the server's settings have changed")
        }
        var opening: [UInt8]?
        if case .session(let session) = key.owner {
            // A session of another life of the gateway: its client begins anew, as the protocol has it (LC-04).
            guard let known = openings[session] else {
                throw UpstreamFailure(.refused(status: 404), wroteBytes: false)
            }
            opening = known
        }
        if let (pause, reason) = crashes.pause(of: payer, at: loop.now) {
            let seconds = max(1, (pause.nanoseconds + 999_999_999) / 1_000_000_000)
            throw .processDown("\(reason); it is started again in \(seconds) s")
        }
        try makeRoom(for: payer)
        return try start(key, payer: payer, opening: opening)
    }

    private func makeRoom(for payer: ProcessOwner) throws(UpstreamFailure) {
        let own = processes.values.filter { $0.payer == payer }
        if own.count >= Self.maximumPerPayer {
            try dismissIdle(of: own, "\(own.count) processes run for one grant, and all are at work")
        } else if processes.count >= Self.maximumProcesses {
            try dismissIdle(of: Array(processes.values), "\(processes.count) processes run, and all are at work")
        }
    }

    /// Ends the one that has had nothing to do for longest.
    private func dismissIdle(of candidates: [ServerProcess], _ otherwise: String) throws(UpstreamFailure) {
        guard let idle = candidates.filter(\.isIdle).min(by: { $0.idleSince < $1.idleSince }) else {
            throw UpstreamFailure(.busy, wroteBytes: false, detail: otherwise)
        }
        dismiss(idle)
    }

    private func start(
        _ key: ProcessKey,
        payer: ProcessOwner,
        opening: [UInt8]?
    ) throws(UpstreamFailure) -> ServerProcess {
        var environment = host.environment.filter { base in !command.environment.contains { $0.name == base.name } }
        environment += command.environment
        let path = environment.first { $0.name == "PATH" }.map { ByteString($0.value.reveal()) }
        guard let program = ChildCommand.program(command.program, path: path) else {
            crashed(payer, "the program `\(command.program)` is not found", after: .zero)
            throw .processDown("the program is not found")
        }
        let child: ChildProcess
        do throws(StreamError) {
            child = try ChildProcess(
                on: loop,
                supervisor: host.supervisor,
                ChildCommand(
                    program: program,
                    arguments: command.arguments,
                    environment: environment.map { ($0.name, $0.value) },
                    directory: command.directory,
                    confinement: command.confinement
                )
            )
        } catch {
            crashed(payer, "it could not be started: \(error)", after: .zero)
            throw .processDown("it could not be started: \(error)")
        }
        starts += 1
        let process = ServerProcess(key, payer: payer, child, opening: opening, limits: limits, on: loop)
        process.grace = host.grace
        let mask = mask
        process.onSaid = { [host, name] line in host.report(name, .said(Self.cut(mask(line)))) }
        process.onEnd = { [unowned self, unowned process] end in ended(process, end) }
        process.onDoomed = { [unowned self, unowned process] reason in doomed(process, reason) }
        processes[key] = process
        happened("process \(child.supervisorID) is started for \(Self.text(key))")
        sweepLater()
        stand()
        return process
    }

    private static func text(_ key: ProcessKey) -> String {
        let owner =
            switch key.owner {
            case .all: "everybody"
            case .gateway: "the gateway"
            case .grant: "a grant"
            case .session: "a session"
            }
        return "\(owner), \(key.era == .modern ? "2026-07-28" : "the handshake revisions")"
    }

    // MARK: Ending

    /// Lets a process go that is not wanted any more.
    private func dismiss(_ process: ServerProcess) {
        leave(process)
        process.stop()
    }

    private func leave(_ process: ServerProcess) {
        if processes[process.key] === process {
            processes[process.key] = nil
        }
        leaving[ObjectIdentifier(process)] = process
    }

    /// A process broke the rules, or does not speak the era it was asked in: it is being killed.
    private func doomed(_ process: ServerProcess, _ reason: String) {
        leave(process)
        happened("process \(process.number) is killed: \(reason)")
    }

    private func ended(_ process: ServerProcess, _ end: ServerProcess.End) {
        leave(process)
        leaving[ObjectIdentifier(process)] = nil
        switch end {
        case .asked:
            happened("process \(process.number) has ended as it was asked to")
            stand()
        case .otherEra:
            happened("process \(process.number) does not speak 2026-07-28")
            stand()
        case .byItself(let reason):
            let running = loop.now.elapsed(since: process.startedAt)
            crashed(process.payer, "process \(process.number): \(reason)", after: running)
        }
        goIfEmpty()
    }

    private func goIfEmpty() {
        guard processes.isEmpty, leaving.isEmpty else {
            return
        }
        emptied.wake()
        if isRetired {
            sweeper?.cancel()
            let action = onGone
            onGone = nil
            action?()
        }
    }

    private func crashed(_ payer: ProcessOwner, _ reason: String, after running: Duration) {
        crashes.ended(payer, reason, at: loop.now, after: running)
        lastEnd = reason
        var sentence = reason
        if let (pause, _) = crashes.pause(of: payer, at: loop.now) {
            let whose = payer == .all ? "" : " for whom it ran"
            sentence += "; not started again\(whose) within \(pause.nanoseconds / 1_000_000) ms"
        }
        happened(sentence)
        stand()
    }

    /// Takes no more orders; ends what is idle at once and the rest within ``retirement``.
    func retire() {
        guard !isRetired else {
            return
        }
        isRetired = true
        for process in processes.values {
            if process.isIdle {
                dismiss(process)
            } else {
                _ = loop.schedule(after: Self.retirement) { [weak self, weak process] in
                    if let self, let process {
                        dismiss(process)
                    }
                }
            }
        }
        goIfEmpty()
    }

    /// Ends all processes; returns when they are gone.
    func end() async {
        isRetired = true
        sweeper?.cancel()
        for process in processes.values {
            dismiss(process)
        }
        while !processes.isEmpty || !leaving.isEmpty {
            await emptied.wait()
        }
    }

    // MARK: Idle processes

    private func sweepLater() {
        guard command.sharing != .shared else {
            return
        }
        let timer = sweeper ?? LoopTimer(on: loop) { [weak self] in self?.sweep() }
        sweeper = timer
        if !timer.isSet {
            timer.set(after: Self.sweepInterval)
        }
    }

    private func sweep() {
        for process in processes.values where process.isIdle {
            let limit = process.key.owner == .gateway ? Self.gatewayIdleLimit : Self.idleLimit
            if loop.now.elapsed(since: process.idleSince) >= limit {
                dismiss(process)
            }
        }
        if !processes.isEmpty {
            sweeper?.set(after: Self.sweepInterval)
        }
    }

    // MARK: News

    /// Cuts what is masked already: a part of a secret would be none to the mask.
    private static func cut(_ text: [UInt8]) -> [UInt8] {
        let maximum = ServerProcess.maximumErrorLine
        return text.count <= maximum ? text : text.prefix(maximum) + Array(" (cut)".utf8)
    }

    private func happened(_ sentence: String) {
        host.report(name, .happened(sentence))
    }

    private func stand() {
        // One caller whose process keeps ending makes no server that fails the others.
        let isFailing = crashes.isLooping && processes.values.allSatisfy { crashes.isLooping($0.payer) }
        let state: ProcessStanding.State =
            isFailing
            ? .failing : !processes.isEmpty ? .running : crashes.failures > 0 ? .ended : .idle
        let standing = ProcessStanding(
            state: state,
            running: processes.count,
            starts: starts,
            failures: crashes.failures,
            lastEnd: lastEnd
        )
        if standing != told {
            told = standing
            host.report(name, .stands(standing))
        }
    }
}
