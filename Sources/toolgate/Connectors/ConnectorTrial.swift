import Administration
import Base
import ConnectorModel
import EventLoops
import HTTPTransport
import JSONText
import Settings
import ShippedConnectors
import Stores
import Upstreams

/// `toolgate connector serve`.
enum ConnectorServing {
    static func run(_ invocation: Invocation) throws(CommandFailure) -> CommandStatus {
        let address = try ListenAddress.parse(invocation.value("listen") ?? "127.0.0.1:3001", option: "--listen")
        guard address.isLoopback else {
            throw .usage("`connector serve` asks for no token: it listens on this machine only, such as 127.0.0.1:3001")
        }
        let connector = try ConnectorFiles.named(invocation.operands[0])
        let account = try ConnectorOptions.account(try ConnectorOptions.instance(connector, invocation), invocation)
        return try ControlLoop.run { worker in
            await serve(account, on: worker, address, invocation)
        }
    }

    private static func serve(
        _ account: ConnectorAccount,
        on worker: isolated Worker,
        _ address: SocketAddress,
        _ invocation: Invocation
    ) async -> Result<CommandStatus, CommandFailure> {
        let stop = Latch<Void>()
        do throws(CommandFailure) {
            let signals = try StopSignals(on: worker.loop, setting: stop)
            let server: HTTPServer
            do throws(StreamError) {
                server = try ConnectorService.start(account, on: worker, address: address)
            } catch {
                signals.cancel()
                throw .environment("cannot listen on \(address): \(error)")
            }
            let endpoint = "http://\(server.address)/mcp"
            if invocation.printsJSON {
                invocation.show(ShownRecord([("endpoint", .text(endpoint))]))
            } else {
                invocation.console.output(endpoint)
                let count = account.instance.connector.tools.count
                invocation.console.say("`\(account.instance.connector.id)` serves \(count) tools; Ctrl-C ends it")
            }
            await stop.value()
            signals.cancel()
            await server.drain(within: .seconds(5))
            return .success(.done)
        } catch {
            return .failure(error)
        }
    }
}

/// `toolgate connector try`.
struct ConnectorTrial {
    private static let timeout = Duration.seconds(300)

    private let invocation: Invocation
    private let tool: ConnectorTool
    private let instance: ConnectorInstance
    private let arguments: JSONDocument

    init(_ invocation: Invocation) throws(CommandFailure) {
        self.invocation = invocation
        let name = ByteString(invocation.operands[0])
        let connector = try Self.connector(invocation, having: name)
        guard let tool = connector.tool(named: name) else {
            throw .usage("`\(connector.id)` has no tool `\(name)`: see `toolgate connector list \(connector.id)`")
        }
        self.tool = tool
        let text = invocation.operands.count > 1 ? invocation.operands[1] : "{}"
        do throws(JSONError) {
            arguments = try JSONDocument(Array(text.utf8))
        } catch {
            throw .usage("the arguments are no JSON: \(error)")
        }
        instance = try ConnectorOptions.instance(connector, invocation)
    }

    func run() throws(CommandFailure) -> CommandStatus {
        if invocation.isOn("dry-run") {
            return dryRun()
        }
        let account = try ConnectorOptions.account(instance, invocation)
        let (tool, arguments, invocation) = (tool, arguments, invocation)
        return try ControlLoop.run { worker in
            let client = HTTPClient(on: worker.loop)
            let runner = ConnectorRunner(account, client: client, poolKey: "try", loop: worker.loop)
            let result = await runner.call(tool, arguments: arguments.root, timeout: Self.timeout)
            client.close()
            guard let result else {
                return .failure(.environment("the call was cancelled"))
            }
            Self.show(result, invocation)
            return .success(result.isError ? .refused : .done)
        }
    }

    private static func show(_ result: ConnectorResult, _ invocation: Invocation) {
        guard invocation.printsJSON || result.isError else {
            invocation.console.writeOutput(result.text + [UInt8(ascii: "\n")])
            return
        }
        let text = String(decoding: result.text, as: UTF8.self)
        guard invocation.printsJSON else {
            invocation.console.say("toolgate: \(text)")
            if let structured = result.structured {
                invocation.console.say(String(decoding: structured.indented, as: UTF8.self))
            }
            return
        }
        var record: [(key: String, value: ShownValue)] = [("isError", .flag(result.isError)), ("text", .text(text))]
        if let structured = result.structured {
            record.append(("structuredContent", .document(structured.json)))
        }
        invocation.show(ShownRecord(record))
    }

    /// The first request, the credential masked; or why there is none.
    private func dryRun() -> CommandStatus {
        var call = ConnectorCall(tool, of: instance, arguments: arguments.root, time: SystemTime().wallTime)
        switch call.next() {
        case .finish(let result):
            Self.show(result, invocation)
            return result.isError ? .refused : .done
        case .wait:
            return .refused
        case .send(let request):
            let query = request.query.isEmpty ? "" : "?\(request.query)"
            let secret = instance.authorization == nil ? "/[redacted]" : ""
            let url = "\(instance.origin)\(instance.basePath)\(secret)\(request.path)\(query)"
            guard invocation.printsJSON else {
                invocation.console.output("\(request.method.rawValue) \(url)")
                if let body = request.body {
                    invocation.console.output(body.text)
                }
                return .done
            }
            invocation.show(
                ShownRecord([
                    ("method", .text(request.method.rawValue)), ("url", .text(url)),
                    ("body", request.body.map { .document($0.bytes) } ?? .absent("none")),
                ])
            )
            return .done
        }
    }

    // MARK: - Options

    private static func connector(_ invocation: Invocation, having tool: ByteString) throws(CommandFailure) -> Connector
    {
        if let name = invocation.value("connector") {
            return try ConnectorFiles.named(name)
        }
        let having = ShippedConnectors.names.compactMap { name in
            ShippedConnectors.connector(named: ByteString(name)).flatMap { $0.tool(named: tool) == nil ? nil : $0 }
        }
        guard having.count == 1, let connector = having.first else {
            throw .usage("which connector is `\(tool)` of? Say `--connector NAME`, or `--connector FILE`")
        }
        return connector
    }
}

/// Options of commands that set a connector up.
enum ConnectorOptions {
    static func settings(_ invocation: Invocation) throws(CommandFailure) -> [(name: ByteString, value: ByteString)] {
        try invocation.all("set").map { text throws(CommandFailure) in
            guard let equals = text.firstIndex(of: "=") else {
                throw .usage("`--set \(text)` has no `=`: write `--set NAME=VALUE`")
            }
            return (ByteString(String(text[..<equals])), ByteString(String(text[text.index(after: equals)...])))
        }
    }

    /// `--secret SOURCE` as servers keep it; `nil` when it is not given.
    static func reference(_ invocation: Invocation) throws(CommandFailure) -> HeaderReference? {
        guard let source = invocation.value("secret") else {
            return nil
        }
        guard !source.hasPrefix("open:") else {
            throw .usage("a secret comes by reference: `env:VARIABLE`, `file:PATH` or `store:CREDENTIAL`")
        }
        return try HeaderOption.parse("\(ConnectorSettings.secretName)=\(source)", option: "--secret")
    }

    /// A connector with the settings and the secret the options name.
    static func instance(
        _ connector: Connector,
        _ invocation: Invocation
    ) throws(CommandFailure) -> ConnectorInstance {
        let settings = try settings(invocation)
        let secret = try secret(invocation)
        do throws(ConnectorSettingProblem) {
            return try ConnectorInstance(connector, set: settings, secret: secret)
        } catch {
            throw .usage(error.description)
        }
    }

    /// The account behind an instance.
    static func account(
        _ instance: ConnectorInstance,
        _ invocation: Invocation
    ) throws(CommandFailure) -> ConnectorAccount {
        do throws(UpstreamAddress.Problem) {
            return try ConnectorAccount(instance, allowsInsecure: invocation.isOn("allow-insecure"))
        } catch {
            throw .usage("`\(instance.origin)` cannot be used: \(error.rawValue)")
        }
    }

    private static func secret(_ invocation: Invocation) throws(CommandFailure) -> Secret<[UInt8]> {
        guard let source = invocation.value("secret") else {
            guard invocation.isOn("dry-run") else {
                throw .usage("`--secret env:VARIABLE` or `--secret file:PATH` is needed")
            }
            return Secret(Array("dry-run-placeholder".utf8))
        }
        if source.hasPrefix("env:") {
            let name = String(source.dropFirst(4))
            guard let value = invocation.console.environment[name], !value.isEmpty else {
                throw .environment("the variable `\(name)` is not set")
            }
            return Secret(Array(value.utf8))
        }
        guard source.hasPrefix("file:") else {
            throw .usage("a secret comes by reference: `env:VARIABLE` or `file:PATH`")
        }
        return Secret(SecretText.trimmed(try ConnectorFiles.bytes(String(source.dropFirst(5)))))
    }
}
