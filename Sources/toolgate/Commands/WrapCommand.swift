import Base
import EventLoops
import Gateway
import HTTPTransport
import PolicyEngine
import Secrets
import Settings
import Stores
import Upstreams

/// `toolgate wrap`: a policy in front of one local program, with no gateway running.
enum WrapCommand {
    static let command = Command(
        ["wrap"],
        "put a policy in front of one program that speaks MCP over standard streams",
        details:
            "What a client would start, behind a policy: standard streams in, standard streams out, and in between the\n"
            + "same gateway that `up` runs, on a port of this machine that only this process has the token of. It ends with\n"
            + "the client. Decisions are logged as `up` logs them; the program's standard error goes to ours.",
        operands: CommandOperands(placeholder: "-- COMMAND ARG...", count: 1...1_000),
        options: [
            CommandOption("policy", "FILE", "its policy"),
            CommandOption(
                "env",
                "NAME=SOURCE",
                "a variable of the program: env:VARIABLE, file:PATH or open:TEXT",
                isRepeatable: true
            ),
            CommandOption("cwd", "DIR", "where it runs (default: here)"),
            CommandOption("name", "NAME", "what it is called in the log (default: server)"),
            CommandOption(
                "log",
                "FILE",
                "the decision log (default: decisions.log in the data folder)",
                environment: "TOOLGATE_LOG"
            ),
        ] + ServiceKeys.options,
        examples: [
            ("a program behind a policy", "toolgate wrap --policy time.json -- mcp-server-time --local-timezone UTC"),
            (
                "one that wants a key",
                "toolgate wrap --policy crm.json --env KOMMO_ACCESS_TOKEN=env:KOMMO -- kommo-mcp"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        ProcessProtection.forbidDumps()
        let wrap = try Wrap(invocation)
        return try ControlLoop.run { worker in
            do throws(CommandFailure) {
                try await wrap.run(on: worker)
                return .success(.done)
            } catch {
                return .failure(error)
            }
        }
    }
}

/// What `wrap` was asked for.
private struct Wrap: Sendable {
    private let console: Console
    private let name: ByteString
    private let policy: CompiledPolicy
    private let command: ProcessCommand
    private let keys: KeyFile
    private let log: String

    init(_ invocation: Invocation) throws(CommandFailure) {
        console = invocation.console
        guard let file = invocation.value("policy") else {
            throw .usage("`--policy FILE` is needed: see `toolgate wrap --help`")
        }
        name = ByteString(invocation.value("name") ?? "server")
        guard EntityName.isValid(name) else {
            throw .usage("`--name` cannot stand in a path: \(EntityName.rule)")
        }
        guard invocation.value("log") != "-" else {
            throw .usage("`--log -` is standard output, which the client reads: name a file")
        }
        policy = try PolicyFiles.load(file, console: console)
        let settings = try ProcessOptions.settings(invocation.operands, invocation)
        command = ProcessCommand(
            program: settings.command,
            arguments: settings.arguments,
            environment: try Self.variables(invocation),
            directory: settings.directory,
            // There is one client: its session has the process to itself, and is asked what the process asks.
            sharing: .session
        )
        keys = try ServiceKeys.load(invocation)
        if let named = invocation.value("log") {
            log = named
        } else {
            log = "\(try ServiceKeys.open(invocation).path)/decisions.log"
        }
    }

    private static func variables(_ invocation: Invocation) throws(CommandFailure) -> [ProcessVariable] {
        var variables: [ProcessVariable] = []
        for reference in try ProcessOptions.variables(invocation) {
            let value: [UInt8]
            switch reference.source {
            case .open(let text):
                value = text.bytes
            case .environment(let variable):
                guard let found = invocation.console.environment[variable.text] else {
                    throw .environment("the variable `\(variable)` is not set")
                }
                value = Array(found.utf8)
            case .file(let path):
                do throws(FileProblem) {
                    value = SecretText.trimmed(try FileAccess.read(path.text))
                } catch {
                    throw .environment(error.message)
                }
            case .stored:
                throw .usage("`--env \(reference.name)`: `wrap` has no store: give env:, file: or open:")
            }
            let isSecret = if case .open = reference.source { false } else { true }
            variables.append(ProcessVariable(name: reference.name, value: Secret(value), isSecret: isSecret))
        }
        return variables
    }

    func run(on worker: isolated Worker) async throws(CommandFailure) {
        let said = console
        let writer = try DecisionLogWriter(.file(log)) { said.say("toolgate: \($0)") }
        defer { writer.close() }
        let token = GrantToken.generate()
        let setup = GatewaySetup(
            listen: SocketAddress(.loopbackV4, port: 0),
            workers: 1,
            keys: keys,
            log: writer,
            processes: GatewaySetup.processes(environment: console.environment) { _, news in
                switch news {
                case .said(let line): said.writeError(line + [0x0A])
                case .happened(let sentence): said.say("toolgate: \(sentence)")
                case .stands: break
                }
            }
        )
        let (service, address) = try await setup.start(definition(keys.grantDigester.digest(of: token)))
        let endpoint: UpstreamAddress
        do throws(UpstreamAddress.Problem) {
            endpoint = try UpstreamAddress(setup.endpoint(address, server: name.text).utf8)
        } catch {
            throw .environment("the gateway's own address cannot be used: \(error.rawValue)")
        }
        let bridge = BridgeService(
            console: console,
            name: name,
            address: endpoint,
            token: Secret(Array(token.reveal())),
            trust: nil
        )
        do throws(CommandFailure) {
            try await bridge.run(on: worker)
        } catch {
            await service.drain(within: .zero)
            throw error
        }
        await service.drain(within: .seconds(1))
    }

    private func definition(_ digest: GrantDigest) -> SnapshotDefinition {
        SnapshotDefinition(
            servers: [ServerDefinition(name: name, upstream: UpstreamConfiguration(name: name, process: command))],
            policies: [PolicyDefinition(name: "wrap", server: name, compiled: policy)],
            grants: [GrantDefinition(label: "wrap", server: name, policy: "wrap", digest: digest.bytes)]
        )
    }
}
