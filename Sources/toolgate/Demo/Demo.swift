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

    init(_ invocation: Invocation) throws(CommandFailure) {
        console = invocation.console
        isPortChosen = invocation.value("listen") != nil
        listen = try ListenAddress.parse(invocation.value("listen") ?? "127.0.0.1:8080", option: "--listen")
        let isTold = invocation.isOn("once") || console.environment["DEMO_ONCE"] == "1"
        runsOnce = isTold || !console.outputIsTerminal || !console.inputIsTerminal
        folder = try FileAccess.makeTemporaryFolder(prefix: "toolgate-demo")
    }

    private var logFile: String { "\(folder)/decisions.log" }
    private var policyFile: String { "\(folder)/policy.json" }

    /// Runs it; the control loop's own thread makes the calls.
    func run(on worker: isolated Worker) async -> Result<CommandStatus, CommandFailure> {
        do throws(CommandFailure) {
            let status = try await show(on: worker)
            FileAccess.removeFolder(folder, files: ["decisions.log", "policy.json"])
            return .success(status)
        } catch {
            return .failure(error)
        }
    }

    private func show(on worker: isolated Worker) async throws(CommandFailure) -> CommandStatus {
        let stop = Latch<Void>()
        let signals = try StopSignals(on: worker.loop, setting: stop)
        defer { signals.cancel() }
        let sandbox = try startSandbox(on: worker)
        let log = try DecisionLogWriter(.file(logFile))
        defer { log.close() }
        let token = GrantToken.generate(for: .sandbox)
        let (service, endpoint) = try await startGateway(in: sandbox.address, token: token, log: log)
        let text = String(decoding: token.reveal(), as: UTF8.self)
        introduce(sandbox.address, endpoint, text)
        let isExpected = await callAll(endpoint, token: text, log: log, on: worker)
        if !runsOnce {
            console.output("\nboth keep running, for your own client; Ctrl-C ends them")
            await stop.value()
        }
        await service.drain(within: .seconds(2))
        await sandbox.drain(within: .seconds(2))
        return isExpected ? .done : .refused
    }

    // MARK: - Starting

    private func startSandbox(on worker: isolated Worker) throws(CommandFailure) -> HTTPServer {
        do throws(StreamError) {
            return try SandboxService.start(on: worker, address: SocketAddress(.loopbackV4, port: 0), pageSize: 1_000)
        } catch {
            throw .environment("the sandbox cannot listen: \(error)")
        }
    }

    private func startGateway(
        in upstream: SocketAddress,
        token: GrantToken,
        log: DecisionLogWriter
    ) async throws(CommandFailure) -> (GatewayService, String) {
        let keys = KeyFile.generate()
        let definition = try definition(upstream, digest: keys.grantDigester.digest(of: token))
        var setup = GatewaySetup(listen: listen, workers: CPU.coreCount, keys: keys, log: log)
        do throws(CommandFailure) {
            let (service, address) = try await setup.start(definition)
            return (service, setup.endpoint(address, server: "crm"))
        } catch {
            guard !isPortChosen else {
                throw error
            }
            // The usual port is taken: any other shows the same.
            setup.listen = SocketAddress(.loopbackV4, port: 0)
            let (service, address) = try await setup.start(definition)
            return (service, setup.endpoint(address, server: "crm"))
        }
    }

    private func definition(
        _ upstream: SocketAddress,
        digest: GrantDigest
    ) throws(CommandFailure) -> SnapshotDefinition {
        let policy = ByteString(stringLiteral: DemoCalls.policy).bytes
        do throws(FileProblem) {
            try FileAccess.write(policy, to: policyFile)
        } catch {
            throw .environment(error.message)
        }
        guard let compiled = CompiledPolicy.load(policy).policy else {
            throw .refused("the demonstration's own policy does not load")
        }
        let configuration: UpstreamConfiguration
        do {
            configuration = try UpstreamConfiguration(
                name: "crm",
                address: try UpstreamAddress("http://\(upstream)/mcp".utf8)
            )
        } catch {
            throw .refused("the sandbox's own address cannot be used: \(error)")
        }
        return SnapshotDefinition(
            servers: [ServerDefinition(name: "crm", upstream: configuration)],
            policies: [PolicyDefinition(name: "demo", server: "crm", compiled: compiled)],
            grants: [GrantDefinition(label: "demo", server: "crm", policy: "demo", digest: digest.bytes)]
        )
    }

    private func introduce(_ sandbox: SocketAddress, _ endpoint: String, _ token: String) {
        console.output("sandbox      http://\(sandbox)/mcp  (an MCP server with a CRM's tools)")
        console.output("gateway      \(endpoint)  (in front of it)")
        console.output("policy       \(policyFile)")
        console.output("log          \(logFile)")
        console.output("grant token  \(token)\n\nto use it from your client:\n")
        console.output(ClientSnippets(name: "crm", endpoint: endpoint, token: token).text)
    }

    // MARK: - The four calls

    private func callAll(
        _ endpoint: String,
        token: String,
        log: DecisionLogWriter,
        on worker: isolated Worker
    ) async -> Bool {
        let client = DemoClient(endpoint: endpoint, token: token, loop: worker.loop)
        var areExpected = true
        for (number, call) in DemoCalls.all.enumerated() {
            let isExpected = await show(call, id: number + 1, client)
            let line = await logLine(number, on: worker)
            console.output("   log    \(console.coloured(line ?? "(no line came)", .dim))")
            let isRecorded = line?.contains("\"outcome\":\"\(call.outcome)\"") == true
            if !isExpected || !isRecorded {
                console.output("   \(console.coloured("this is not what had to happen", .red))")
                areExpected = false
            }
        }
        client.close()
        return areExpected
    }

    private func show(_ call: DemoCalls.Call, id: Int, _ client: DemoClient) async -> Bool {
        let colour: Console.Colour = call.title == "allowed" ? .green : .yellow
        console.output("\n\(id). \(console.coloured(call.title, colour)): \(call.tool) \(call.arguments)")
        do throws(CommandFailure) {
            let answer = try await client.send(DemoCalls.body(call, id: id), tool: call.tool)
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
