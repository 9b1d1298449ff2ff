import Administration
import Base
import EventLoops
import Gateway
import HTTPTransport
import Secrets
import Settings
import StoreSQLite
import Stores
import Upstreams

/// `--list` of `server add` and `server tools`: lists a server that no gateway has listed yet, shows its tools, and records
/// who accepted them.
enum ServerRegistration {
    static let options = [
        CommandOption("list", nil, "list its tools now, show them, and record who accepts them"),
        CommandOption(
            "upstream-ca",
            "FILE",
            "with --list: trust these authorities towards it, not the system's",
            environment: "TOOLGATE_UPSTREAM_CA"
        ),
        Confirmation.option,
    ]

    private static let question = "Accept these tools as they are?"

    /// Refuses, before anything is changed, what could not be answered later.
    static func check(_ invocation: Invocation) throws(CommandFailure) {
        if invocation.isOn("list"), !invocation.isOn("yes"), !invocation.console.inputIsTerminal {
            throw .usage("nobody is there to be asked whether to accept the tools: add `--yes`; nothing was changed")
        }
    }

    /// Lists the server, shows what it has, asks, and keeps the answer; the tools with their standing.
    ///
    /// - Throws: when the server is not there, has been listed before, or cannot be listed now; nothing is kept then.
    static func run(_ name: String, _ invocation: Invocation) throws(CommandFailure) -> PinnedTools {
        try check(invocation)
        let directory = try ServiceKeys.openExisting(invocation)
        guard let store = try StoreAccess.openExisting(directory) else {
            throw .environment("there is no store in `\(directory.path)`: is `--data` the right folder?")
        }
        let server = try StoreAccess.attempt(directory) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in try unlisted(name, reader) }
        }
        let definition = try definition(of: server, in: store, directory, invocation)
        let listing = try list(definition, invocation)
        let secrets = definition.upstream.secrets
        let pins = FirstListing.pins(
            of: listing.tools,
            at: server.id,
            masking: secrets,
            seen: SystemTime().wallTime
        )
        if !invocation.printsJSON {
            for row in PinnedTools(pins).rows {
                ServerToolsCommands.showDifference(of: row, at: server.name, invocation)
            }
        }
        for unusable in listing.unusable {
            let tool = DefinitionText.visible(masked(unusable.name, secrets))
            invocation.console.say("not usable and left out: `\(tool)`: \(unusable.reason)")
        }
        let isAccepted =
            !pins.isEmpty && (invocation.isOn("yes") || Confirmation.isAgreed(question, invocation.console))
        let kept = try StoreAccess.attempt(directory) { () throws(StoreError) in
            try store.change(by: OperatorName.author(invocation)) { writer throws(StoreError) in
                _ = try unlisted(name, writer.reader)
                for pin in pins {
                    try writer.save(pin)
                    if isAccepted {
                        try writer.accept(tool: pin.tool, at: server.id, digest: pin.definition.digest)
                    }
                }
                return try writer.reader.pins(of: server.id)
            }
        }
        tell(pins.count, isAccepted, server.name, invocation.console)
        return PinnedTools(kept)
    }

    private static func masked(_ name: ByteString, _ secrets: [Secret<[UInt8]>]) -> String {
        String(decoding: CredentialMask(secrets.map { $0.reveal() }).masking(name.bytes), as: UTF8.self)
    }

    private static func tell(_ count: Int, _ isAccepted: Bool, _ server: ByteString, _ console: Console) {
        if count == 0 {
            console.say("the server lists no tools: a running gateway accepts the first list that has any")
        } else if isAccepted {
            console.say("accepted: \(count == 1 ? "1 tool" : "\(count) tools")")
        } else {
            console.say("not accepted: they wait as new until `toolgate server accept \(server) --all`")
        }
    }

    /// The server, as long as nothing is known of its tools.
    private static func unlisted(_ name: String, _ reader: StoreReader) throws(StoreError) -> ServerRecord {
        guard let server = try reader.server(named: ByteString(name)) else {
            throw .notFound(Subject(.server, ByteString(name)))
        }
        guard try reader.pins(of: server.id).isEmpty else {
            throw .refused(
                "server `\(name)` has been listed already: `toolgate server tools \(name)` shows what waits, "
                    + "`toolgate server accept` accepts it"
            )
        }
        return server
    }

    /// Where the server is and what it wants, its secrets with it.
    private static func definition(
        of server: ServerRecord,
        in store: any Store,
        _ directory: DataDirectory,
        _ invocation: Invocation
    ) throws(CommandFailure) -> ServerDefinition {
        let needsKeys = server.headers.contains { header in
            if case .stored = header.source { true } else { false }
        }
        let sealer = needsKeys ? try ServiceKeys.load(invocation).credentialSealer : nil
        let environment = invocation.console.environment
        let served = ServedStore(store: store, path: directory.store, origin: nil, environment: environment)
        var reader = StoredDefinitionReader(sealer: sealer, sources: served.sources)
        let stored = try served.attempt { () throws(StoreError) in
            try reader.read(store, at: SystemTime().wallTime)
        }
        guard let definition = stored.definition.servers.first(where: { $0.name == server.name }) else {
            let reason = stored.notes.first { $0.hasPrefix("server `\(server.name)`") }
            throw .refused(reason ?? "server `\(server.name)` cannot be used as it is")
        }
        return definition
    }

    private static func list(
        _ server: ServerDefinition,
        _ invocation: Invocation
    ) throws(CommandFailure) -> ToolListing {
        let place: String
        switch server.upstream.way {
        case .http(let address, _): place = "\(address.origin)"
        case .connector(let account): place = "\(account.origin)"
        case .process:
            throw .refused(
                "server `\(server.name)` is a program, which only a gateway starts: its tools are listed before its first "
                    + "call; `toolgate server tools \(server.name)` shows them then"
            )
        }
        let trust = try UpPlan.trust(invocation)
        let found = Latch<Result<ToolListing, UpstreamFailure>>()
        _ = try ControlLoop.run { worker in
            found.set(await list(server.upstream, trust, on: worker))
            return .success(.done)
        }
        switch found.current {
        case .success(let listing): return listing
        case .failure(let failure):
            throw .environment(
                "server `\(server.name)` cannot be listed at \(place): \(sentence(failure)); its "
                    + "tools are not accepted: `toolgate server tools \(server.name) --list` tries again"
            )
        case nil: throw .environment("server `\(server.name)` cannot be listed: the event loop ended early")
        }
    }

    private static func list(
        _ configuration: UpstreamConfiguration,
        _ trust: TLSTrust?,
        on worker: isolated Worker
    ) async -> Result<ToolListing, UpstreamFailure> {
        let client = HTTPClient(on: worker.loop, configuration: HTTPClientConfiguration(trust: trust))
        defer { client.close() }
        let server = UpstreamServer(
            configuration: configuration,
            client: client,
            shared: UpstreamKnowledge(),
            loop: worker.loop
        )
        do throws(UpstreamFailure) {
            return .success(try await server.listTools())
        } catch {
            return .failure(error)
        }
    }

    /// Why a server gave no list, for the person who wanted it.
    static func sentence(_ failure: UpstreamFailure) -> String {
        switch failure.kind {
        case .unreachable: "nobody answers there"
        case .tls: "TLS cannot be set up, or the certificate is not the host's"
        case .timedOut: "it takes too long"
        case .broken: "the connection breaks off"
        case .tooLarge: "the list is too large"
        case .refused(let status): "it answers with status \(status)"
        case .redirected(let status): "it redirects with status \(status), which is not followed"
        case .notMCP: "it does not speak MCP over Streamable HTTP"
        case .protocolViolation(let violation): "its answer is not what HTTP or MCP allow (\(violation.rawValue))"
        case .busy, .crowded, .unwritable, .cancelled: "the request could not be sent"
        case .processEnded, .processDown: "its process does not run"
        }
    }
}
