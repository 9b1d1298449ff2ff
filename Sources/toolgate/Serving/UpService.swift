import Administration
import AdminAPI
import AuditJournal
import AuditModel
import Base
import EventLoops
import Gateway
import JSONText
import Secrets
import Stores
import Upstreams

/// A gateway from its start to its end, as `toolgate up` runs it.
struct UpService: Sendable {
    /// How long calls under way may take to finish once the end is asked for.
    private static let drainDeadline = Duration.seconds(10)

    /// How long requests of the admin API may take to finish then.
    private static let adminDeadline = Duration.seconds(1)

    let plan: UpPlan
    let invocation: Invocation

    private var console: Console { invocation.console }

    /// Serves until a signal ends it.
    func run(on worker: isolated Worker) async -> Result<CommandStatus, CommandFailure> {
        do throws(CommandFailure) {
            return .success(try await serve(on: worker))
        } catch {
            return .failure(error)
        }
    }

    private func serve(on worker: isolated Worker) async throws(CommandFailure) -> CommandStatus {
        let claim = try plan.claim()
        let journal = try plan.openJournal(console: console)
        defer { journal?.close() }
        let served = try plan.openStore(environment: console.environment)
        let loaded = try configure(served)
        var reader = StoredDefinitionReader(sealer: plan.keys.credentialSealer, sources: served.sources)
        let stored = try served.attempt { () throws(StoreError) in
            try reader.read(served.store, at: SystemTime().wallTime)
        }
        for note in stored.notes {
            console.say("toolgate: \(note)")
        }
        let definition = stored.definition
        let stop = Latch<Void>()
        let signals = try StopSignals(on: worker.loop, setting: stop)
        defer { signals.cancel() }
        let said = console
        let log = try DecisionLogWriter(plan.logDestination) { said.say("toolgate: \($0)") }
        defer { log.close() }
        let approvals = try StoreApprovals(served.store, sealingKey: plan.keys.sealingKey)
        var setup = GatewaySetup(
            listen: plan.listen,
            workers: plan.workers,
            keys: plan.keys,
            log: log,
            identity: plan.identity,
            trust: plan.trust,
            allowedHosts: plan.allowedHosts,
            allowedOrigins: plan.allowedOrigins,
            keepsCounters: true,
            journal: journal,
            counterDigester: ArgumentDigester(key: plan.keys.derivedKey(for: "counter values")),
            argumentDigester: plan.audit.keepsDigests
                ? ArgumentDigester(key: plan.keys.derivedKey(for: "argument values")) : nil,
            processes: GatewaySetup.processes(
                environment: console.environment,
                dataDirectory: plan.directory.path
            )
        )
        setup.approvals = approvals
        var pins: PinKeeper?
        let (service, address) = try await setup.start(definition) { service throws(CommandFailure) in
            if let warning = try served.restoreCounters(of: service, journal: journal) {
                said.say("toolgate: \(warning)")
            }
            pins = try served.attempt { () throws(StoreError) in try PinKeeper(service, restoring: served.store) }
        }
        let keepersReader = reader
        let keepersPins = pins
        let lastEvent = try lastJournalledEvent(journal)
        let trust = plan.trust
        let keeping = try StoreKeeping { worker in
            let keys = ServedKeys(plan.keys, path: plan.keyPath) { said.say("toolgate: \($0)") }
            return StoreKeeper(
                served,
                service: service,
                reader: keepersReader,
                keys: keys,
                pins: keepersPins,
                sources: loaded.sources,
                in: stored,
                changes: Self.changes(journal, on: worker.loop, said),
                lastEvent: lastEvent,
                tokens: TokenKeeper(
                    served.store,
                    keys: keys,
                    transport: OAuthTransport(on: worker.loop, trust: trust),
                    on: worker
                ) { said.say("toolgate: \($0)") },
                console: said
            )
        }
        let webhooks = try WebhookSender(served.store, trust: trust, keys: plan.keys, path: plan.keyPath)
        let filler = journal == nil ? nil : try AuditTableFiller(plan.directory) { said.say("toolgate: \($0)") }
        let hangUp = try hangUpSignal(on: worker.loop, keeping, log)
        let scene = AdminOptions.Scene(
            store: served,
            journal: journal == nil ? nil : plan.directory,
            keys: AdminKeys(plan.keys, path: plan.keyPath),
            endpoint: { [setup] name in setup.endpoint(address, server: name) }
        )
        let admin = try await plan.admin?.start(scene, console: said)
        tell(setup, address, definition, admin: admin)
        let origin = admin.flatMap { plan.admin?.origin(of: $0) }
        FirstAccount.offer(served.store, plan.keys, at: origin, console: said)
        Reachability.look(for: definition.servers, on: worker) { said.say("toolgate: warning: \($0)") }
        await stop.value()
        console.say("toolgate: ending; calls under way have \(Self.drainDeadline.components.seconds) seconds")
        hangUp.cancel()
        await admin?.stop(within: Self.adminDeadline)
        await service.drain(within: Self.drainDeadline)
        keeping.stop()
        approvals.stop()
        webhooks.stop()
        filler?.stop()
        _ = consume claim
        return .done
    }

    /// What notes changes of the configuration; without it the store alone has them, which is said.
    private static func changes(_ journal: AuditJournal?, on loop: EventLoop, _ console: Console) -> JournalWriter? {
        do throws(JournalFailure) {
            return try journal?.writer(.admin, on: loop)
        } catch {
            console.say("toolgate: changes of the configuration cannot be noted in the audit journal: \(error)")
            return nil
        }
    }

    /// The last event of the store that the journal has.
    private func lastJournalledEvent(_ journal: AuditJournal?) throws(CommandFailure) -> Int {
        guard let journal else {
            return 0
        }
        do throws(JournalFailure) {
            return try journal.lastEvent()
        } catch {
            throw .environment("cannot read the audit journal: \(error)")
        }
    }

    /// Reads the configuration, if one was given, and brings the store to it.
    private func configure(_ served: ServedStore) throws(CommandFailure) -> LoadedConfiguration {
        guard let origin = served.origin else {
            return LoadedConfiguration(sources: [:])
        }
        let loaded = origin.load(environment: console.environment)
        for line in loaded.warnings + loaded.problems {
            console.say(line)
        }
        guard loaded.configuration != nil else {
            let isMissing = loaded.sources.contains { $0.value == nil }
            throw isMissing ? .environment("a file is missing: see above") : .refused("the configuration is refused")
        }
        for note in try served.apply(loaded) {
            console.say("toolgate: \(note)")
        }
        return loaded
    }

    /// SIGHUP: the log is opened anew (rotation), and the configuration re-read.
    private func hangUpSignal(
        on loop: EventLoop,
        _ keeping: StoreKeeping,
        _ log: DecisionLogWriter
    ) throws(CommandFailure) -> SignalWatcher {
        do throws(StreamError) {
            return try SignalWatcher(on: loop, .hangUp) {
                log.reopen()
                keeping.refresh()
            }
        } catch {
            throw .environment("cannot watch signals: \(error)")
        }
    }

    // MARK: - Saying where it is

    private func tell(
        _ setup: GatewaySetup,
        _ address: SocketAddress,
        _ definition: SnapshotDefinition,
        admin: AdminServer?
    ) {
        let names = definition.servers.map(\.name.text)
        let origin = admin.flatMap { plan.admin?.origin(of: $0) }
        if invocation.printsJSON {
            console.writeOutput(report(setup, address, names, admin: origin))
        } else if let token = plan.token, let name = plan.serverName {
            tellQuick(setup.endpoint(address, server: name), token: token, name: name)
        } else {
            for name in names {
                console.say("toolgate: serving \(setup.endpoint(address, server: name))")
            }
        }
        if let origin, !invocation.printsJSON {
            console.say("toolgate: the console and the admin API are at \(origin)")
        }
        if case .file(let path) = plan.logDestination {
            console.say("toolgate: the decision log is `\(path)`")
        }
        if plan.identity == nil, !address.isLoopback {
            console.say(
                "toolgate: warning: tokens travel unencrypted; give --tls-cert and --tls-key, or put TLS in front"
            )
        }
    }

    private func report(
        _ setup: GatewaySetup,
        _ address: SocketAddress,
        _ names: [String],
        admin: String?
    ) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("endpoint")
        writer.string(setup.endpoint(address, server: names.first ?? ""))
        if let token = plan.token {
            writer.key("grant_token")
            writer.string(token.reveal())
        } else {
            writer.key("endpoints")
            writer.beginObject()
            for name in names {
                writer.key(name.utf8)
                writer.string(setup.endpoint(address, server: name))
            }
            writer.endObject()
        }
        if let admin {
            writer.key("admin")
            writer.string(admin)
        }
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }

    /// For people, on standard output, unless the log has that.
    private func tellQuick(_ endpoint: String, token: GrantToken, name: String) {
        let text = String(decoding: token.reveal(), as: UTF8.self)
        let snippets = ClientSnippets(name: name, endpoint: endpoint, token: text)
        let message = "endpoint     \(endpoint)\ngrant token  \(text)\n\npaste into your client:\n\n\(snippets.text)"
        if plan.logDestination == .standardOutput {
            console.say(message)
        } else {
            console.output(message)
        }
    }
}
