import AuditJournal
import AuditModel
import Base
import EventLoops
import Gateway
import Provisioning
import RateLimits
import Secrets
import Settings
import Stores

/// The store a gateway serves, and the file that describes it, if there is one.
///
/// Blocking, as stores are: used before anything is served, and from the keeper's own thread.
struct ServedStore: Sendable {
    let store: any Store
    /// Where the store lies, for messages.
    let path: String
    let origin: ConfigurationOrigin?
    let environment: [String: String]

    /// Brings the store to what the file says; grants that a file made and none mentions any more are removed.
    ///
    /// Returns what the file says and the store does not do.
    func apply(_ loaded: LoadedConfiguration) throws(CommandFailure) -> [String] {
        guard let origin, let configuration = loaded.configuration else {
            return []
        }
        let author: Author
        switch origin {
        case .file(let file): author = Author(.file, name: ByteString(FileAccess.absolute(file)))
        case .quick: author = Author(.commandLine, name: ByteString(environment["USER"] ?? "unknown"))
        }
        let result = try attempt { () throws(StoreError) in
            try store.read { reader throws(StoreError) in
                try ProvisionPlanner.plan(
                    configuration,
                    digests: loaded.digests,
                    path: origin.path,
                    removal: .grantsFromFiles,
                    in: reader
                )
            }
        }
        switch result {
        case .success(let plan):
            try attempt { () throws(StoreError) in try Provisioning.apply(plan, to: store, by: author) }
            return plan.notes
        case .failure(let problems):
            throw .refused(problems.messages.joined(separator: "\n"))
        }
    }

    /// Does something with the store; its errors become a sentence and an exit code.
    func attempt<Value>(_ body: () throws(StoreError) -> Value) throws(CommandFailure) -> Value {
        try StoreAccess.attempt(path, body)
    }

    /// Puts the counters that were kept back into a gateway that does not listen yet.
    ///
    /// What the journal has of calls since they were kept is counted on top, whatever end the process before came to: one
    /// that ended its journal may have died before it kept its counters. A counter that cannot be read would begin at zero
    /// and admit what it must not: the gateway does not start with it.
    ///
    /// - Returns: a warning, when the clock is behind the time the counters were kept at.
    func restoreCounters(of service: GatewayService, journal: AuditJournal?) throws(CommandFailure) -> String? {
        let states = try attempt { () throws(StoreError) in
            try store.read { reader throws(StoreError) in try reader.quotaStates() }
        }
        let mark = states.map(\.updated).max()
        let behind = mark.map { service.startLimits(from: $0) } ?? 0
        var unreadable = service.restore(
            counters: states.map { CounterState(counter: $0.counter, windows: $0.windows) }
        )
        if let journal {
            let now = SystemTime().wallTime.milliseconds
            // Where nothing was kept at all there is little to find: the calls of a process that died as soon as it had
            // started, maybe some refused starts ago. After a crash all is read; no window is longer than a sliding month.
            let reach: Int64 = journal.recovery.brokenStreams.isEmpty ? 3_600_000 : 31 * 86_400_000
            var kept = mark ?? WallTime(milliseconds: now - reach)
            if !journal.recovery.brokenStreams.isEmpty {
                // Its rows have the wall clock's time: what was kept already may count twice, nothing may be missing.
                kept = WallTime(milliseconds: kept.milliseconds - behind)
            }
            do throws(JournalFailure) {
                unreadable += service.replay(try journal.charges(since: kept))
            } catch {
                throw .environment("cannot read the audit journal: \(error)")
            }
        }
        guard unreadable == 0 else {
            throw .environment(
                "\(unreadable) counters of limits in `\(path)` cannot be read: they are damaged or of a newer version; put "
                    + "back the last backup of the store"
            )
        }
        guard let mark, behind >= Self.tellsClockBehind else {
            return nil
        }
        return "the clock is \(behind / 1_000) seconds behind \(mark), when limits were last kept: "
            + "what was counted counts longer, at most one window; set the clock right if it is wrong"
    }

    /// From how many milliseconds on a clock that is behind is worth a line.
    private static let tellsClockBehind: Int64 = 10_000

    /// Where references to variables and files lead.
    var sources: SettingsSources {
        let variables = environment
        return SettingsSources(
            file: { path in
                do throws(FileProblem) {
                    return .success(try FileAccess.read(path))
                } catch {
                    return .failure(SourceFailure(error.message))
                }
            },
            variable: { name in variables[name].map { Array($0.utf8) } }
        )
    }
}

/// Keeps a running gateway in step with its store and the store with its file: whatever changes, by whatever process, is
/// in force within half a second.
///
/// Confined to the keeper's own thread, which serves nobody.
final class StoreKeeper {
    /// How often it keeps what the gateway counts.
    static let interval = Duration.milliseconds(50)
    /// It looks for changes of the configuration once in so many intervals.
    private static let looksEvery = 4
    /// It keeps when grants were used once in so many intervals.
    private static let usesEvery = 100
    /// How long it waits after the store could not take in what tools are now.
    private static let pause = Duration.seconds(5)

    private let served: ServedStore
    private let service: GatewayService
    private let console: Console
    private let time = SystemTime()
    private var reader: StoredDefinitionReader
    private let keys: ServedKeys
    /// The state of the keys that is in force.
    private var keyGeneration = 0
    private var pins: PinKeeper?
    private var pinsDueAt: Instant?
    private var sources: [String: FileAccess.Stamp?]
    private var revision: Int
    private var notes: [String]
    private var trouble: String?
    private var turn = 0
    /// Counters whose states could not be kept yet, the latest of each.
    private var unkept: [[UInt8]: [UInt8]] = [:]
    private var keptUses: [EntityID: WallTime] = [:]
    /// Changes of the configuration go on record here.
    private let changes: JournalWriter?
    /// The last event of the store that is in the journal.
    private var lastEvent: Int
    /// Renews what ends.
    private let tokens: TokenKeeper
    /// It looks for what is to be renewed once in so many intervals.
    private static let renewsEvery = 20

    init(
        _ served: ServedStore,
        service: GatewayService,
        reader: StoredDefinitionReader,
        keys: ServedKeys,
        pins: PinKeeper?,
        sources: [String: FileAccess.Stamp?],
        in force: StoredDefinition,
        changes: JournalWriter?,
        lastEvent: Int,
        tokens: TokenKeeper,
        console: Console
    ) {
        self.tokens = tokens
        tokens.take(force.connections)
        self.changes = changes
        self.lastEvent = lastEvent
        self.served = served
        self.service = service
        self.reader = reader
        self.keys = keys
        self.pins = pins
        self.sources = sources
        self.console = console
        revision = force.revision
        notes = force.notes
    }

    /// Does what is due.
    func tick() {
        turn += 1
        do throws(StoreError) {
            try keepCounters()
            if turn % Self.usesEvery == 0 {
                try keepUses()
            }
            if turn % Self.looksEvery == 0 {
                try look()
            }
            if turn % Self.renewsEvery == 1 {
                tokens.tick()
            }
            if pinsDueAt == nil {
                trouble = nil
            }
        } catch {
            tell(trouble: error.message(at: served.path))
        }
    }

    /// Keeps what the gateway counted and saw, once it has ended.
    func finish() {
        tokens.close()
        do throws(StoreError) {
            try keepCounters(isLast: true)
            pinsDueAt = nil
            try writePins()
            try keepUses()
            try recordChanges()
            changes?.close()
        } catch {
            tell(trouble: error.message(at: served.path))
        }
    }

    /// Keeps the counters that changed; what cannot be kept now is kept later.
    ///
    /// - Parameter isLast: whether the gateway has ended.
    /// - Throws: what the store says; everything is kept with the next attempt.
    private func keepCounters(isLast: Bool = false) throws(StoreError) {
        // Read before the counters are: what is admitted from now on is replayed from the journal, should it have to be.
        var now = service.limitTime
        if isLast {
            service.endLeases()
        }
        let changes = service.takeCounterChanges()
        for state in changes.states {
            unkept[state.counter] = state.windows
        }
        if isLast {
            // Nothing is admitted any more, and nothing of this millisecond is to be counted twice by the next start.
            now = WallTime(milliseconds: now.milliseconds + 1)
            if unkept.isEmpty,
                let state = try served.store.read({ reader throws(StoreError) in try reader.quotaStates() }).first
            {
                // Kept again for its time: up to there the next start need not read the journal.
                unkept[state.counter] = state.windows
            }
        }
        guard !unkept.isEmpty else {
            return
        }
        let states = unkept
        // What is kept ahead stands for additions that a loss of power takes: it has to outlast one itself.
        try served.store.keep(isDurable: isLast || !changes.leases.isEmpty) { ledger throws(StoreError) in
            try ledger.forget(counters: states.filter(\.value.isEmpty).map(\.key))
            try ledger.keep(
                states.filter { !$0.value.isEmpty }
                    .map { QuotaState(counter: $0.key, windows: $0.value, updated: now) }
            )
        }
        unkept = [:]
        service.use(changes.leases)
    }

    private func keepUses() throws(StoreError) {
        let uses = service.lastUses
        let news = uses.filter { keptUses[$0.key] != $0.value }.map { GrantUse(grant: $0.key, time: $0.value) }
        guard !news.isEmpty else {
            return
        }
        try served.store.keep(isDurable: false) { ledger throws(StoreError) in try ledger.keep(news) }
        keptUses = uses
    }

    /// Notes in the journal what was changed since the last event that is in it.
    private func recordChanges() throws(StoreError) {
        guard let changes, changes.problem == nil else {
            return
        }
        let events = try served.store.read { reader throws(StoreError) in
            try reader.events(after: lastEvent, limit: 256)
        }
        for event in events {
            do throws(JournalFailure) {
                try changes.note(AdminChange(event))
                lastEvent = event.sequence
            } catch {
                // Noted when the journal can be written again; the store has the event in any case.
                return
            }
        }
    }

    /// Takes in what has changed since the last look.
    private func look() throws(StoreError) {
        try recordChanges()
        if sources.contains(where: { FileAccess.stamp($0.key) != $0.value }) {
            applyFile()
        }
        keys.look()
        if try served.store.revision() != revision || keys.generation != keyGeneration {
            try reload()
        }
        try writePins()
    }

    /// Writes what the gateway has seen of its servers' tools.
    ///
    /// Another process may change the store just then: that is taken in first, and the rest at the next look.
    private func writePins() throws(StoreError) {
        let now = time.now
        if let pinsDueAt, now < pinsDueAt {
            return
        }
        pinsDueAt = nil
        do throws(StoreError) {
            // The gateway's own change of pins is no news of the configuration.
            if let move = try pins?.write(to: served.store, now: now), move.from == revision {
                revision = move.to
            }
        } catch .conflict {
            try pins?.take(from: served.store)
        } catch {
            pinsDueAt = now.advanced(by: Self.pause)
            throw error
        }
    }

    /// Reads everything anew, also what only variables and files of secrets say.
    func refresh() {
        if served.origin != nil {
            applyFile()
        }
        do throws(StoreError) {
            try reload()
        } catch {
            tell(trouble: error.message(at: served.path))
        }
    }

    /// What is in force stays when anything is wrong.
    private func applyFile() {
        guard let origin = served.origin else {
            return
        }
        let loaded = origin.load(environment: served.environment)
        sources = loaded.sources
        for line in loaded.warnings + loaded.problems {
            console.say(line)
        }
        guard loaded.configuration != nil else {
            return console.say("toolgate: the new configuration is refused; the one before stays in force")
        }
        do throws(CommandFailure) {
            for note in try served.apply(loaded) {
                console.say("toolgate: \(note)")
            }
        } catch {
            console.say("toolgate: \(error.message)")
            console.say("toolgate: the new configuration is refused; the one before stays in force")
        }
    }

    private func reload() throws(StoreError) {
        var next = try reader.read(served.store, at: time.wallTime)
        // After the reading: whoever rotates changes the file first, and then what is wrapped with its keys.
        keys.look()
        while keys.generation != keyGeneration {
            keyGeneration = keys.generation
            service.use(keys.current)
            reader.sealer = keys.sealer
            console.say("toolgate: the rotated keys are in force")
            next = try reader.read(served.store, at: time.wallTime)
            keys.look()
        }
        // Before the servers of the new definition can be called, and of a state at least as new as theirs.
        try pins?.take(from: served.store)
        do throws(SnapshotProblems) {
            try service.reload(next.definition)
        } catch {
            for problem in error.problems {
                console.say("\(problem.section)[\(problem.index)]: \(problem.message)")
            }
            return console.say("toolgate: revision \(next.revision) cannot be served; the one before stays in force")
        }
        revision = next.revision
        tokens.take(next.connections)
        for note in next.notes where !notes.contains(note) {
            console.say("toolgate: \(note)")
        }
        notes = next.notes
        console.say("toolgate: the new configuration is in force")
    }

    /// Says what is wrong once, not at every look.
    private func tell(trouble sentence: String) {
        if trouble != sentence {
            console.say("toolgate: \(sentence); what is in force stays")
        }
        trouble = sentence
    }
}

/// A ``StoreKeeper`` on a thread of its own.
// ISOLATION: the keeper and its timer are made and used on the keeper's loop only.
final class StoreKeeping: @unchecked Sendable {
    private let pool: WorkerPool
    private var keeper: StoreKeeper?
    private var timer: LoopTimer?

    /// Starts looking.
    init(_ make: @escaping @Sendable (Worker) -> StoreKeeper) throws(CommandFailure) {
        pool = try WorkerPool(count: 1)
        let worker = pool.workers[0]
        let loop = worker.loop
        loop.execute { [self] in
            let made = make(worker)
            keeper = made
            timer = LoopTimer(on: loop) { [weak self] in
                made.tick()
                self?.timer?.set(after: StoreKeeper.interval)
            }
            timer?.set(after: StoreKeeper.interval)
        }
    }

    /// Reads everything anew, soon.
    func refresh() {
        pool.workers[0].loop.execute { [self] in keeper?.refresh() }
    }

    /// Keeps what is there to keep and looks no more; waits until the thread has ended.
    ///
    /// Called when the gateway has ended, so that nothing is counted after it.
    func stop() {
        pool.workers[0].loop.execute { [self] in
            timer?.cancel()
            timer = nil
            keeper?.finish()
            keeper = nil
        }
        pool.stop()
    }
}

extension AdminChange {
    /// An event of the store as the journal has it.
    fileprivate init(_ event: AdminEvent) {
        self.init(
            time: event.time,
            event: event.sequence,
            author: event.author,
            action: ByteString(event.action.rawValue),
            subjectKind: ByteString(event.subject.kind.rawValue),
            subject: event.subject.name,
            before: event.before,
            after: event.after
        )
    }
}
