import Base
import EventLoops
import JSONText
import MCPModel

/// One process of a server: opened in one era, many requests in flight, one writer.
///
/// Confined to the host's loop.
///
///     opening ──▶ open ──▶ ending ──▶ gone
///        └──────────┴── the process ends by itself, breaks the rules, or is not of the era ──▶ gone
final class ServerProcess {
    /// Why it is gone.
    enum End {
        /// It was told to.
        case asked
        /// It is alive and well and speaks the other era only.
        case otherEra
        /// It ended, or was killed for breaking the rules.
        case byItself(String)
    }

    private enum Phase {
        case opening, open, ending, gone
    }

    // LIMIT: requests that wait for the process to be opened, or for their answers.
    private static let maximumPending = 4_096
    // LIMIT: bytes the process has not taken from its input yet.
    private static let maximumQueuedBytes = 32 << 20
    // LIMIT: what of its output is no message for anybody, between two that are: lines, and bytes.
    private static let maximumNoiseLines = 10_000
    private static let maximumNoiseBytes = 16 << 20
    // LIMIT: bytes a second of what nobody asked for; beyond it the process waits for the next second.
    private static let noiseBytesPerSecond = 8 << 20
    // LIMIT: bytes a second of its standard error.
    private static let errorBytesPerSecond = 1 << 20
    // LIMIT: a line of its standard error; what is longer is left out.
    static let maximumErrorLine = 4_096

    let key: ProcessKey
    /// For whom its end counts.
    let payer: ProcessOwner
    let startedAt: Instant
    /// The supervisor's process id, which names it in the log.
    let number: Int32
    var grace = Duration.seconds(2)
    /// Takes what goes to the log: whole, so that it can be masked before it is cut.
    var onSaid: (([UInt8]) -> Void)?
    var onEnd: ((End) -> Void)?
    /// Called when it is about to be killed for a reason of its own.
    var onDoomed: ((String) -> Void)?

    private let child: ChildProcess
    private let limits: UpstreamLimits
    private let loop: EventLoop
    private var phase = Phase.opening
    private var handshake: JSONDocument?
    private var openingID = RequestID(text: "toolgate-opening")
    private var waiting: [ProcessOrder] = []
    private var router = ReplyRouter()
    private var lines: LineSplitter
    private var errorLines = LineSplitter(maximumBytes: ServerProcess.maximumErrorLine)
    private var doom: End?
    private var timer: LoopTimer?
    private var noise = NoiseMeter()
    private var errorNoise = NoiseMeter()
    private(set) var idleSince: Instant

    init(
        _ key: ProcessKey,
        payer: ProcessOwner,
        _ child: ChildProcess,
        opening: [UInt8]?,
        limits: UpstreamLimits,
        on loop: EventLoop
    ) {
        self.key = key
        self.payer = payer
        self.child = child
        self.limits = limits
        self.loop = loop
        startedAt = loop.now
        idleSince = loop.now
        number = child.supervisorID
        lines = LineSplitter(maximumBytes: limits.maximumReplyBytes)
        child.onOutput = { [unowned self] bytes in took(bytes) }
        child.onErrorOutput = { [unowned self] bytes in tookError(bytes) }
        child.onOutputEnded = { [unowned self] in outputEnded() }
        child.onEnd = { [unowned self] end in childEnded(end) }
        open(with: opening)
    }

    /// Whether nobody waits for anything of it.
    var isIdle: Bool { phase == .open && router.isEmpty && waiting.isEmpty }

    // MARK: Opening

    /// Asks in its era; a session's process is opened with what its client declared.
    private func open(with opening: [UInt8]?) {
        if let opening, key.era == .legacy, let id = Self.id(of: opening) {
            openingID = id
            write(opening)
        } else {
            write(
                key.era == .modern
                    ? EraProbe.discoverBody(id: openingID) : EraProbe.initializeBody(id: openingID)
            )
        }
        timer = loop.schedule(after: limits.openingTimeout) { [unowned self] in
            doom(.byItself("it did not answer when it was opened"), UpstreamFailure(.timedOut, wroteBytes: true))
        }
    }

    private static func id(of message: [UInt8]) -> RequestID? {
        do throws(JSONError) {
            return try JSONDocument(message).root["id"].flatMap { RequestID($0) }
        } catch {
            return nil
        }
    }

    private func opened(_ document: JSONDocument) {
        timer?.cancel()
        let meaning =
            key.era == .modern
            ? EraProbe.modern(status: 200, document: document) : EraProbe.legacy(status: 200, document: document)
        guard case .speaks = meaning else {
            // The answer itself goes to whoever asked for the era; nobody else can be served here.
            for order in waiting {
                if case .open = order.kind {
                    order.exchange.deliver(.event(UpstreamEvent(id: nil, message: document, kind: .response)))
                } else {
                    order.exchange.deliver(.failed(UpstreamFailure(.notMCP, wroteBytes: true)))
                }
            }
            waiting = []
            let end = key.era == .modern ? End.otherEra : .byItself("it answers `initialize` with no revision we speak")
            doom(end, UpstreamFailure(.notMCP, wroteBytes: true))
            return
        }
        handshake = document
        phase = .open
        if key.era == .legacy {
            write(EraProbe.initializedBody())
        }
        let orders = waiting
        waiting = []
        for order in orders {
            take(order)
        }
    }

    // MARK: Orders

    /// Takes an order; one that comes before the process is open waits for that.
    func take(_ order: ProcessOrder) {
        guard phase == .open else {
            guard phase == .opening, waiting.count < Self.maximumPending else {
                order.exchange.deliver(.failed(.processDown("it is ending")))
                return
            }
            waiting.append(order)
            return
        }
        switch order.kind {
        case .open:
            order.exchange.deliver(.event(UpstreamEvent(id: nil, message: handshake, kind: .response)))
        case .listen:
            router.listen(order.exchange)
            order.exchange.deliver(.accepted)
        case .oneWay:
            write(order.line)
            order.exchange.deliver(.accepted)
        case .request(let id):
            guard router.count < Self.maximumPending, child.queuedCount < Self.maximumQueuedBytes else {
                order.exchange.deliver(
                    .failed(UpstreamFailure(.busy, wroteBytes: false, detail: "the process does not read its input"))
                )
                return
            }
            router.add(order.exchange, for: id)
            write(order.line)
        case .end:
            break
        }
    }

    /// Forgets an exchange nobody waits on; the process is told that its request is given up (25/cancel, ST-03).
    func withdraw(_ exchange: ReplyExchange) {
        waiting.removeAll { $0.exchange === exchange }
        if let id = router.remove(exchange), phase == .open {
            write(EraProbe.cancelledBody(id))
        }
        noteIdle()
    }

    private func noteIdle() {
        if isIdle {
            idleSince = loop.now
        }
    }

    /// One message, one line (ST-01): a line break between two tokens becomes a blank, and within one there is none.
    private func write(_ message: [UInt8]) {
        var line = message
        for index in line.indices where line[index] == UInt8(ascii: "\n") || line[index] == UInt8(ascii: "\r") {
            line[index] = UInt8(ascii: " ")
        }
        line.append(UInt8(ascii: "\n"))
        child.send(line)
    }

    // MARK: Output

    private func took(_ bytes: Span<UInt8>) {
        lines.take(bytes) { event in
            switch event {
            case .line(let line): understand(line)
            case .tooLong:
                doom(
                    .byItself("it wrote a line of more than \(limits.maximumReplyBytes) bytes"),
                    UpstreamFailure(.tooLarge, wroteBytes: true)
                )
            }
            return doom == nil
        }
    }

    private func understand(_ line: [UInt8]) {
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
            return
        }
        let document: JSONDocument
        let kind: UpstreamEvent.Kind
        do throws(UpstreamFailure) {
            (document, kind) = try UpstreamReading.message(line, limits: limits)
        } catch {
            ignore(line)
            return
        }
        let isForSomebody =
            switch kind {
            case .response: answer(document)
            case .notification: tell(document)
            case .request: ask(document)
            case .empty: true
            }
        if isForSomebody {
            noise.calm()
        } else {
            meter(line.count)
        }
    }

    /// Whether the response is somebody's: what comes late, twice or for nobody is dropped (D8).
    private func answer(_ document: JSONDocument) -> Bool {
        guard let id = document.root["id"].flatMap({ RequestID($0) }) else {
            return false
        }
        if phase == .opening, id == openingID {
            opened(document)
            return true
        }
        guard router.answer(id, document) else {
            return false
        }
        noteIdle()
        return true
    }

    /// Passes a notification to whom it is for; false when that is nobody.
    private func tell(_ document: JSONDocument) -> Bool {
        // Of what is not addressed nobody knows whose call it is about: in a process that is everybody's it goes to the
        // log and to no caller (D1).
        let isShared = key.owner == .all || key.owner == .gateway
        if router.tell(document, guesses: !isShared) {
            return true
        }
        if isShared, document.root["method"]?.string?.isEqual(to: MCPMethod.logMessage.name) == true {
            say(document.root["params"]?["data"].map { Array($0.rawBytes) } ?? [])
        }
        return false
    }

    /// Passes a request of the server to its session's client, or answers it here (LC-07).
    private func ask(_ document: JSONDocument) -> Bool {
        guard key.era == .legacy, phase == .open, let id = document.root["id"] else {
            return false
        }
        let isPing = document.root["method"]?.string?.isEqual(to: MCPMethod.ping.name) == true
        if case .session = key.owner, !isPing, router.ask(document) {
            return true
        }
        write(EraProbe.reply(to: id, isPing: isPing))
        return false
    }

    // MARK: Noise

    /// A line that is no message, as many servers greet with on their standard output; it goes to the log.
    private func ignore(_ line: [UInt8]) {
        say(Array("(standard output) ".utf8) + line)
        meter(line.count)
    }

    private func meter(_ count: Int) {
        noise.add(count)
        guard noise.lines <= Self.maximumNoiseLines, noise.bytes <= Self.maximumNoiseBytes else {
            doom(
                .byItself("it wrote \(noise.lines) lines that are no message for anybody"),
                UpstreamFailure(.protocolViolation(.message), wroteBytes: true)
            )
            return
        }
        if noise.isBeyond(Self.noiseBytesPerSecond, at: loop.now) {
            pause { [weak self] reads in self?.child.setReadsOutput(reads) }
        }
    }

    private func pause(_ setReads: @escaping (Bool) -> Void) {
        setReads(false)
        _ = loop.schedule(after: .seconds(1)) { setReads(true) }
    }

    private func tookError(_ bytes: Span<UInt8>) {
        errorLines.take(bytes) { event in
            switch event {
            case .line(let line): say(line)
            // Up to its end: a part of it could begin in the middle of a secret, which no mask would know.
            case .tooLong: say(Array("(a line of more than \(Self.maximumErrorLine) bytes is left out)".utf8))
            }
            return true
        }
        errorNoise.add(bytes.count)
        if errorNoise.isBeyond(Self.errorBytesPerSecond, at: loop.now) {
            pause { [weak self] reads in self?.child.setReadsErrorOutput(reads) }
        }
    }

    private func say(_ line: [UInt8]) {
        onSaid?(line)
    }

    // MARK: Ending

    /// Asks it to end: its input is closed, then SIGTERM, then SIGKILL for it and all below it (ST-04).
    func stop() {
        guard phase != .gone, phase != .ending else {
            return
        }
        phase = .ending
        failAll(.processDown("it is ending"), pending: UpstreamFailure(.processEnded, wroteBytes: true))
        child.closeInput()
        timer?.cancel()
        timer = loop.schedule(after: grace) { [unowned self] in
            child.terminate()
            timer = loop.schedule(after: grace) { [unowned self] in child.kill() }
        }
    }

    private func outputEnded() {
        guard phase != .gone, phase != .ending else {
            return
        }
        // Its end is told in a moment, unless it stays: without output it can serve nobody.
        timer?.cancel()
        timer = loop.schedule(after: .milliseconds(200)) { [unowned self] in
            doom(.byItself("it closed its standard output and stayed"), nil)
        }
    }

    /// Kills it; what waits fails with `failure`, or with the end itself.
    private func doom(_ end: End, _ failure: UpstreamFailure?) {
        guard doom == nil, phase != .gone else {
            return
        }
        doom = end
        phase = .ending
        if let failure {
            failAll(failure, pending: failure)
        }
        timer?.cancel()
        if case .byItself(let reason) = end {
            onDoomed?(reason)
        } else {
            onDoomed?("it speaks another era")
        }
        child.kill()
    }

    private func childEnded(_ end: ChildEnd) {
        let wasAsked = phase == .ending
        if let rest = errorLines.finish() {
            say(rest)
        }
        phase = .gone
        timer?.cancel()
        timer = nil
        let wasStarted = if case .notStarted = end { false } else { true }
        failAll(
            UpstreamFailure(wasStarted ? .processEnded : .processDown, wroteBytes: false, detail: "\(end)"),
            pending: UpstreamFailure(.processEnded, wroteBytes: true, detail: "\(end)")
        )
        let tell = onEnd
        onEnd = nil
        tell?(doom ?? (wasAsked ? .asked : .byItself("\(end)")))
    }

    private func failAll(_ failure: UpstreamFailure, pending pendingFailure: UpstreamFailure) {
        for order in waiting {
            order.exchange.deliver(.failed(failure))
        }
        waiting = []
        router.fail(pendingFailure)
    }
}

/// Counts what comes without being asked for.
struct NoiseMeter {
    private(set) var lines = 0
    private(set) var bytes = 0
    private var second = Instant(nanoseconds: 0)
    private var bytesOfSecond = 0

    mutating func add(_ count: Int) {
        lines += 1
        bytes += count
        bytesOfSecond += count
    }

    /// Something useful came.
    mutating func calm() {
        lines = 0
        bytes = 0
    }

    /// Whether more came within a second than `limit`; the count of the second then begins anew.
    mutating func isBeyond(_ limit: Int, at now: Instant) -> Bool {
        if now.elapsed(since: second) >= .seconds(1) {
            // The first look at a new second: what came before belongs to the ones before.
            second = now
            bytesOfSecond = min(bytesOfSecond, limit)
            defer { bytesOfSecond = 0 }
            return false
        }
        guard bytesOfSecond > limit else {
            return false
        }
        bytesOfSecond = 0
        return true
    }
}
