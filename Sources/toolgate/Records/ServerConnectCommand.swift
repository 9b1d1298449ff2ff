import Administration
import Base
import Cryptography
import EventLoops
import HTTPTransport
import OAuthModel
import Secrets
import Settings
import Stores
import Upstreams

/// `toolgate server connect`: an authorisation for a server, had by OAuth and sealed.
enum ServerConnectCommand {
    static let command = Command(
        ["server", "connect"],
        "authorise the gateway at a server by OAuth",
        details:
            "Finds the server's authorisation server, registers there, and prints a link to open in a browser on this\n"
            + "machine. What comes back is sealed as a credential for this server and its `Authorization` header set to\n"
            + "it; a running gateway has it in force within a second and renews it by itself. Run it again when\n"
            + "`credential list` says `needs reconnect`.",
        operands: CommandOperands(placeholder: "NAME", count: 1...1),
        options: [
            CommandOption("client-id", "ID", "a client registered by hand, where none can be registered by itself"),
            CommandOption("client-secret", "SOURCE", "its secret: env:VARIABLE, file:PATH or - (standard input)"),
            CommandOption("client-credentials", nil, "authorise the client itself, without a person"),
            CommandOption("client-metadata", "URL", "our client metadata document, where one is published"),
            CommandOption("scope", "SCOPES", "what to ask for (default: what the server names)"),
            CommandOption("issuer", "URL", "the authorisation server, when the server names several or a local one"),
            CommandOption("credential", "NAME", "the credential's name (default: NAME-oauth)"),
            CommandOption("port", "N", "the port on 127.0.0.1 the browser comes back to (default: any)"),
            CommandOption("wait", "SECONDS", "how long to wait for the browser (default 300)"),
            CommandOption("upstream-ca", "FILE", "trust these authorities, not the system's"),
        ] + ServiceKeys.options + [.output],
        examples: [
            ("with a browser", "toolgate server connect crm"),
            (
                "a service account",
                "toolgate server connect crm --client-credentials --client-id gate --client-secret env:GATE_SECRET"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let request = try ConnectRequest(invocation)
        let found = Latch<TokenSet>()
        let status = try ControlLoop.run { worker in
            do throws(CommandFailure) {
                found.set(try await authorise(request, on: worker, invocation))
                return .success(.done)
            } catch {
                return .failure(error)
            }
        }
        guard let tokens = found.current else {
            return status
        }
        try keep(tokens, request, invocation)
        return .done
    }

    // MARK: - Authorising

    private static func authorise(
        _ request: ConnectRequest,
        on worker: isolated Worker,
        _ invocation: Invocation
    ) async throws(CommandFailure) -> TokenSet {
        let landing = try ConsentReturn.open(on: worker, port: request.port, patience: request.patience)
        let transport = OAuthTransport(on: worker.loop, trust: request.trust)
        let result: Result<TokenSet, OAuthProblem>
        do throws(OAuthProblem) {
            result = .success(try await run(request, landing, transport, invocation.console))
        } catch {
            result = .failure(error)
        }
        transport.close()
        await landing.close()
        switch result {
        case .success(let tokens): return tokens
        case .failure(let problem):
            let message = "server `\(request.server.name)` is not connected: \(problem)"
            throw problem.isPassing ? .environment("\(message): run the command again later") : .refused(message)
        }
    }

    private static func run(
        _ request: ConnectRequest,
        _ landing: ConsentReturn,
        _ transport: OAuthTransport,
        _ console: Console
    ) async throws(OAuthProblem) -> TokenSet {
        var connection = request.connection
        connection.redirect = WebAddress(landing.address.utf8)
        connection.challenge = await transport.challenge(of: connection.server)
        guard let entropy = OAuthEntropy(Random.bytes(64)) else {
            throw OAuthProblem(.unavailable)
        }
        let time = SystemTime()
        var flow = OAuthFlow(connection, entropy: entropy)
        var step = try await flow.advance(try flow.begin(), over: transport, time: time)
        if case .consent(let address) = step {
            console.say("open this link in a browser on this machine; it is good for one use:")
            console.output(address.text.text)
            step = try await flow.advance(try await consent(landing, &flow), over: transport, time: time)
        }
        guard case .done(let tokens) = step else {
            throw OAuthProblem(.otherState)
        }
        return tokens
    }

    /// Waits for the browser's return that belongs to this flow; others are told so and change nothing.
    private static func consent(
        _ landing: ConsentReturn,
        _ flow: inout OAuthFlow
    ) async throws(OAuthProblem) -> OAuthFlow.Step {
        while let arrival = await landing.next() {
            do throws(OAuthProblem) {
                let step = try flow.take(returned: arrival.query)
                arrival.show(true, "Toolgate has what it needs. You can close this page.")
                return step
            } catch {
                arrival.show(false, "\(error)")
                guard error.kind == .otherState else {
                    throw error
                }
            }
        }
        throw OAuthProblem(.refused, "nobody consented in time")
    }

    // MARK: - Keeping

    private static func keep(
        _ tokens: TokenSet,
        _ request: ConnectRequest,
        _ invocation: Invocation
    ) throws(CommandFailure) {
        let name = request.credential
        let record = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            var server = try records.server(request.server.name.text)
            guard server.upstream == request.server.upstream else {
                throw .refused("server `\(server.name)` got another address meanwhile: connect it again")
            }
            let old = try records.reader.credential(named: name)
            guard old.map({ $0.server == server.id }) ?? true else {
                throw .refused("credential `\(name)` is another server's: choose a name with `--credential`")
            }
            let sealing = CredentialSealing(secret: tokens.plaintext, sealer: request.sealer)
            try writer.save(try sealing.seal(old?.id, name, for: server, records))
            HeaderOption.put(HeaderReference(name: "Authorization", source: .stored(name)), into: &server.headers)
            try writer.save(server)
            return CredentialCommands.printed(of: try records.credential(name.text), [server], tokens)
        }
        invocation.report(record, "server `\(request.server.name)` is connected; credential `\(name)` is sealed")
        if !tokens.isRenewable, !invocation.printsJSON {
            invocation.console.say("it cannot be renewed: connect again when it ends")
        }
    }
}

/// What `server connect` was asked for, checked before anything is sent.
private struct ConnectRequest: Sendable {
    let server: ServerRecord
    let connection: OAuthConnection
    let credential: ByteString
    let sealer: CredentialSealer
    let trust: TLSTrust?
    let port: UInt16
    let patience: Duration

    init(_ invocation: Invocation) throws(CommandFailure) {
        let name = invocation.operands[0]
        server = try OpenStore(existing: invocation).read { records throws(StoreError) in try records.server(name) }
        guard case .http(let url, _) = server.upstream, let address = WebAddress(url.bytes) else {
            throw .refused("server `\(name)` has no http address: only such servers are connected by OAuth")
        }
        credential = ByteString(invocation.value("credential") ?? "\(name)-oauth")
        guard EntityName.isValid(credential) else {
            throw .usage("`--credential` cannot be a name: \(EntityName.rule)")
        }
        let isClient = invocation.isOn("client-credentials")
        var connection = OAuthConnection(to: address, by: isClient ? .clientCredentials : .authorizationCode)
        connection.clientID = invocation.value("client-id").map { ByteString($0) }
        connection.scope = invocation.value("scope").map { ByteString($0) }
        connection.issuer = try Self.address("issuer", invocation)
        connection.clientMetadataDocument = try Self.address("client-metadata", invocation)
        if let source = invocation.value("client-secret") {
            guard connection.clientID != nil else {
                throw .usage("`--client-secret` is of a client: give `--client-id` too")
            }
            connection.clientSecret = try SecretSource.read(source, invocation)
        }
        guard !isClient || connection.clientSecret != nil else {
            throw .usage("`--client-credentials` needs `--client-id` and `--client-secret`")
        }
        self.connection = connection
        let number = try WholeNumber.parse(invocation.value("port") ?? "0", option: "--port", in: 0...65_535)
        port = UInt16(number)
        patience = .seconds(
            try WholeNumber.parse(invocation.value("wait") ?? "300", option: "--wait", in: 1...3_600)
        )
        trust = try UpPlan.trust(invocation)
        guard let sealer = try ServiceKeys.load(invocation).credentialSealer else {
            throw .environment("the key file has no `wrapping` key: run `toolgate key rotate`, then again")
        }
        self.sealer = sealer
    }

    private static func address(_ option: String, _ invocation: Invocation) throws(CommandFailure) -> WebAddress? {
        guard let text = invocation.value(option) else {
            return nil
        }
        guard let address = WebAddress(text.utf8) else {
            throw .usage("`--\(option)` is no http or https address")
        }
        return address
    }
}
