import Administration
import Base
import EventLoops
import Gateway
import HTTPTransport
import JSONText
import PolicyEngine
import Secrets
import Upstreams

#if canImport(Glibc)
import Glibc
#endif

/// The demonstration from its start to its end: everything in it is what `sandbox` and `up` run, over loopback.
struct Demo: Sendable {
    private let console: Console
    private let listen: SocketAddress
    private let isPortChosen: Bool
    private let runsOnce: Bool
    private let folder: String
    /// `nil` for the sandbox, which the demonstration starts itself.
    private let connectors: DemoScene?

    init(_ invocation: Invocation) throws(CommandFailure) {
        console = invocation.console
        isPortChosen = invocation.value("listen") != nil
        listen = try ListenAddress.parse(invocation.value("listen") ?? "127.0.0.1:8080", option: "--listen")
        let isTold = invocation.isOn("once") || console.environment["DEMO_ONCE"] == "1"
        runsOnce = isTold || !console.outputIsTerminal || !console.inputIsTerminal
        connectors = try DemoScene.connectors(invocation)
        folder = try FileAccess.makeTemporaryFolder(prefix: "toolgate-demo")
    }

    private var logFile: String { "\(folder)/decisions.log" }

    /// Runs it; the control loop's own thread makes the calls.
    func run(on worker: isolated Worker) async -> Result<CommandStatus, CommandFailure> {
        do throws(CommandFailure) {
            return .success(try await show(on: worker))
        } catch {
            return .failure(error)
        }
    }

    private func show(on worker: isolated Worker) async throws(CommandFailure) -> CommandStatus {
        let stop = Latch<Void>()
        let signals = try StopSignals(on: worker.loop, setting: stop)
        defer { signals.cancel() }
        let (scene, sandbox) = try scene(on: worker)
        defer { FileAccess.removeFolder(folder, files: ["decisions.log"] + scene.policyFiles) }
        let log = try DecisionLogWriter(.file(logFile))
        defer { log.close() }
        let (service, setup, address) = try await startGateway(scene, log: log)
        introduce(scene, setup, address)
        let isExpected = await callAll(scene, setup, address, on: worker)
        if !runsOnce {
            console.output("\neverything keeps running, for your own client; Ctrl-C ends it")
            await stop.value()
        }
        await service.drain(within: .seconds(2))
        await sandbox?.drain(within: .seconds(2))
        return isExpected ? .done : .refused
    }

    // MARK: - Starting

    private func scene(on worker: isolated Worker) throws(CommandFailure) -> (DemoScene, HTTPServer?) {
        if let connectors {
            return (connectors, nil)
        }
        let sandbox = try startSandbox(on: worker)
        return (try DemoScene.sandbox(at: sandbox.address), sandbox)
    }

    private func startSandbox(on worker: isolated Worker) throws(CommandFailure) -> HTTPServer {
        do throws(StreamError) {
            return try SandboxService.start(on: worker, address: SocketAddress(.loopbackV4, port: 0), pageSize: 1_000)
        } catch {
            throw .environment("the sandbox cannot listen: \(error)")
        }
    }

    private func startGateway(
        _ scene: DemoScene,
        log: DecisionLogWriter
    ) async throws(CommandFailure) -> (GatewayService, GatewaySetup, SocketAddress) {
        let keys = KeyFile.generate()
        let definition = try definition(scene, keys)
        var setup = GatewaySetup(listen: listen, workers: CPU.coreCount, keys: keys, log: log)
        do throws(CommandFailure) {
            let (service, address) = try await setup.start(definition)
            return (service, setup, address)
        } catch {
            guard !isPortChosen else {
                throw error
            }
            // The usual port is taken: any other shows the same.
            setup.listen = SocketAddress(.loopbackV4, port: 0)
            let (service, address) = try await setup.start(definition)
            return (service, setup, address)
        }
    }

    private func definition(_ scene: DemoScene, _ keys: KeyFile) throws(CommandFailure) -> SnapshotDefinition {
        var definition = SnapshotDefinition(servers: [])
        for server in scene.servers {
            let name = ByteString(server.name)
            let policy = ByteString(stringLiteral: server.policy).bytes
            do throws(FileProblem) {
                try FileAccess.write(policy, to: "\(folder)/\(server.policyFile)")
            } catch {
                throw .environment(error.message)
            }
            guard let compiled = CompiledPolicy.load(policy).policy else {
                throw .refused("the demonstration's own policy does not load")
            }
            let digest = keys.grantDigester.digest(of: server.token).bytes
            definition.servers.append(ServerDefinition(name: name, upstream: server.upstream))
            definition.policies.append(PolicyDefinition(name: name, server: name, compiled: compiled))
            definition.grants.append(GrantDefinition(label: name, server: name, policy: name, digest: digest))
        }
        return definition
    }

    private func introduce(_ scene: DemoScene, _ setup: GatewaySetup, _ address: SocketAddress) {
        for server in scene.servers {
            let endpoint = setup.endpoint(address, server: server.name)
            let token = String(decoding: server.token.reveal(), as: UTF8.self)
            console.output("server       \(server.about)")
            console.output("gateway      \(endpoint)  (in front of it)")
            console.output("policy       \(folder)/\(server.policyFile)")
            console.output("grant token  \(token)\n")
        }
        console.output("log          \(logFile)\n")
        guard let first = scene.servers.first else {
            return
        }
        console.output("to use `\(first.name)` from your client:\n")
        let endpoint = setup.endpoint(address, server: first.name)
        let token = String(decoding: first.token.reveal(), as: UTF8.self)
        console.output(ClientSnippets(name: first.name, endpoint: endpoint, token: token).text)
    }

    // MARK: - The calls

    private func callAll(
        _ scene: DemoScene,
        _ setup: GatewaySetup,
        _ address: SocketAddress,
        on worker: isolated Worker
    ) async -> Bool {
        var areExpected = true
        var made = 0
        for (number, call) in scene.calls.enumerated() {
            guard let server = scene.server(of: call) else {
                return false
            }
            let client = DemoClient(
                endpoint: setup.endpoint(address, server: server.name),
                token: String(decoding: server.token.reveal(), as: UTF8.self),
                loop: worker.loop
            )
            for _ in 0..<call.before {
                made += 1
                areExpected = await isAllowed(call, id: made, client) && areExpected
            }
            let isExpected = await show(call, number: number + 1, client)
            let line = await logLine(made, on: worker)
            made += 1
            client.close()
            console.output("   log    \(console.coloured(line ?? "(no line came)", .dim))")
            let isRecorded = line?.contains("\"outcome\":\"\(call.outcome)\"") == true
            if !isExpected || !isRecorded {
                console.output("   \(console.coloured("this is not what had to happen", .red))")
                areExpected = false
            }
        }
        return areExpected
    }

    /// One of the calls before the one that is shown.
    private func isAllowed(_ call: DemoCalls.Call, id: Int, _ client: DemoClient) async -> Bool {
        do throws(CommandFailure) {
            let answer = try await client.send(DemoCalls.body(call, id: id), tool: call.tool)
            if answer["result"] != nil, answer["result"]?["isError"]?.boolean != true {
                return true
            }
            console.output("   agent  \(DemoCalls.judge(answer, call).seen)")
        } catch {
            console.output("   agent  \(error.message)")
        }
        return false
    }

    private func show(_ call: DemoCalls.Call, number: Int, _ client: DemoClient) async -> Bool {
        let colour: Console.Colour = call.title == "allowed" ? .green : .yellow
        let times = call.before == 0 ? "" : ", after \(call.before) that were allowed"
        let title = console.coloured(call.title, colour)
        console.output("\n\(number). \(title): \(call.tool) \(call.arguments)\(times)")
        do throws(CommandFailure) {
            let answer = try await client.send(DemoCalls.body(call, id: number), tool: call.tool)
            let (isExpected, seen) = DemoCalls.judge(answer, call)
            console.output("   agent  \(seen)")
            return isExpected
        } catch {
            console.output("   agent  \(error.message)")
            return false
        }
    }

    /// The log's line of the call with this number; waits a little for the batch it comes with.
    private func logLine(_ number: Int, on worker: isolated Worker) async -> String? {
        for _ in 0..<100 {
            if let line = lines().dropFirst(number).first {
                return line
            }
            await worker.loop.sleep(for: .milliseconds(20))
        }
        return nil
    }

    private func lines() -> [String] {
        do throws(FileProblem) {
            let text = String(decoding: try FileAccess.read(logFile), as: UTF8.self)
            return text.split(separator: "\n").map(String.init)
        } catch {
            return []
        }
    }
}
