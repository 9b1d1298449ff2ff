import Base
import EventLoops
import Gateway
import HTTPTransport
import JSONText
import Secrets
import Upstreams

/// `toolgate up`: the gateway itself.
enum UpCommand {
    static let command = Command(
        ["up"],
        "run the gateway",
        details:
            "With --config it serves what toolgate.yaml says and re-reads it, and every file it names, when they change.\n"
            + "With --upstream and --policy it serves one server, mints a grant and prints what to paste into your client.\n"
            + "SIGHUP re-opens the log and re-reads; SIGTERM and Ctrl-C let calls finish, then end it.",
        options: configurationOptions + servingOptions + ServiceKeys.options + [.output],
        examples: [
            (
                "in front of one server",
                "toolgate up --upstream http://127.0.0.1:3001/mcp --policy policies/crm-sales.json"
            ),
            ("as configured", "toolgate up --config toolgate.yaml --listen 127.0.0.1:8080"),
            (
                "a server that wants a key, which stays out of the command line",
                "toolgate up --upstream https://mcp.example.com/mcp --upstream-header Authorization=env:CRM_AUTH "
                    + "--policy p.json"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        ProcessProtection.forbidDumps()
        ProcessProtection.raiseFileLimit()
        let plan = try UpPlan(invocation)
        return try ControlLoop.run { worker in
            await UpService(plan: plan, invocation: invocation).run(on: worker)
        }
    }

    private static let configurationOptions = [
        CommandOption("config", "FILE", "servers, policies and grants (toolgate.yaml)"),
        CommandOption("upstream", "URL", "instead: the one server to stand in front of"),
        CommandOption("policy", "FILE", "its policy"),
        CommandOption("name", "NAME", "its name in the path /mcp/NAME (default: server)"),
        CommandOption(
            "upstream-header",
            "NAME=SECRET",
            "a header for it; SECRET is env:VARIABLE or file:PATH",
            isRepeatable: true
        ),
        CommandOption("allow-insecure", nil, "let --upstream be plain http to another machine"),
    ]

    private static let servingOptions = [
        CommandOption(
            "listen",
            "ADDR:PORT",
            "where to listen (default 127.0.0.1:8080)",
            environment: "TOOLGATE_LISTEN"
        ),
        CommandOption(
            "log",
            "FILE|-",
            "the decision log (default: decisions.log in the data folder)",
            environment: "TOOLGATE_LOG"
        ),
        CommandOption("workers", "N", "cores to use (default: all)", environment: "TOOLGATE_WORKERS"),
        CommandOption("tls-cert", "FILE", "serve https with this certificate chain", environment: "TOOLGATE_TLS_CERT"),
        CommandOption("tls-key", "FILE", "and its key", environment: "TOOLGATE_TLS_KEY"),
        CommandOption(
            "upstream-ca",
            "FILE",
            "trust these authorities towards servers, not the system's",
            environment: "TOOLGATE_UPSTREAM_CA"
        ),
        CommandOption(
            "allowed-host",
            "NAME",
            "a host name clients use, beside localhost",
            environment: "TOOLGATE_ALLOWED_HOST",
            isRepeatable: true
        ),
        CommandOption(
            "allowed-origin",
            "ORIGIN",
            "a web page that may call, beside local ones",
            environment: "TOOLGATE_ALLOWED_ORIGIN",
            isRepeatable: true
        ),
    ]
}

/// What `up` was asked for, checked before anything starts.
struct UpPlan: Sendable {
    let origin: ConfigurationOrigin
    /// The grant of the quick mode, shown once.
    let token: GrantToken?
    let serverName: String?
    let listen: SocketAddress
    let workers: Int
    let logDestination: DecisionLogWriter.Destination
    let identity: TLSServerIdentity?
    let trust: TLSTrust?
    let allowedHosts: [String]
    let allowedOrigins: [String]
    let keys: KeyFile

    /// Reads the options; the keys last, because the first to ask for them makes their file.
    init(_ invocation: Invocation) throws(CommandFailure) {
        listen = try ListenAddress.parse(invocation.value("listen") ?? "127.0.0.1:8080", option: "--listen")
        if let text = invocation.value("workers") {
            workers = try WholeNumber.parse(text, option: "--workers", in: 1...256)
        } else {
            workers = CPU.coreCount
        }
        let log: String
        if let named = invocation.value("log") {
            log = named
        } else {
            log = "\(try ServiceKeys.folder(invocation))/decisions.log"
        }
        logDestination = log == "-" ? .standardOutput : .file(log)
        identity = try Self.identity(invocation)
        trust = try Self.trust(invocation)
        allowedHosts = try AllowedNames.hosts(invocation)
        allowedOrigins = try AllowedNames.origins(invocation)
        if let file = invocation.value("config") {
            for name in ["upstream", "policy", "name", "upstream-header", "allow-insecure"] where invocation.isOn(name)
            {
                throw .usage("`--\(name)` and `--config` do not go together: put it into `\(file)`")
            }
            keys = try ServiceKeys.load(invocation)
            origin = .file(file)
            token = nil
            serverName = nil
        } else {
            let quick = try QuickPlan.read(invocation)
            keys = try ServiceKeys.load(invocation)
            let minted = GrantToken.generate()
            origin = .quick(quick.granting(keys.grantDigester.digest(of: minted)))
            token = minted
            serverName = quick.server.name.text
        }
    }

    private static func identity(_ invocation: Invocation) throws(CommandFailure) -> TLSServerIdentity? {
        switch (invocation.value("tls-cert"), invocation.value("tls-key")) {
        case (nil, nil):
            return nil
        case (let certificate?, let key?):
            do throws(TLSError) {
                return try TLSServerIdentity(certificateFile: certificate, keyFile: key)
            } catch {
                throw .environment("`\(certificate)` and `\(key)`: \(error)")
            }
        default:
            throw .usage("`--tls-cert` and `--tls-key` go together: give both")
        }
    }

    private static func trust(_ invocation: Invocation) throws(CommandFailure) -> TLSTrust? {
        guard let file = invocation.value("upstream-ca") else {
            return nil
        }
        do throws(TLSError) {
            return try TLSTrust(authoritiesFile: file)
        } catch {
            throw .environment("`\(file)`: \(error)")
        }
    }
}

/// The options of the quick mode.
private struct QuickPlan {
    let server: ServerDefinition
    let policyFile: String

    /// What is served, opened by one grant.
    func granting(_ digest: GrantDigest) -> QuickConfiguration {
        QuickConfiguration(
            server: server,
            policyFile: policyFile,
            grant: GrantDefinition(label: "quick", server: server.name, policy: "policy", digest: digest.bytes)
        )
    }

    static func read(_ invocation: Invocation) throws(CommandFailure) -> QuickPlan {
        guard let url = invocation.value("upstream"), let policy = invocation.value("policy") else {
            throw .usage("give `--config FILE`, or `--upstream URL` and `--policy FILE`: see `toolgate up --help`")
        }
        let name = ByteString(invocation.value("name") ?? "server")
        let address: UpstreamAddress
        do throws(UpstreamAddress.Problem) {
            address = try UpstreamAddress(url.utf8, allowsInsecure: invocation.isOn("allow-insecure"))
        } catch .insecure {
            throw .usage("`--upstream` is plain http to another machine: use https, or add `--allow-insecure`")
        } catch {
            throw .usage("`--upstream` cannot be used: \(error.rawValue)")
        }
        var headers: [UpstreamHeader] = []
        for text in invocation.all("upstream-header") {
            headers.append(try header(text, invocation))
        }
        do throws(UpstreamConfiguration.Problem) {
            let upstream = try UpstreamConfiguration(name: name, address: address, headers: headers)
            return QuickPlan(server: ServerDefinition(name: name, upstream: upstream), policyFile: policy)
        } catch {
            throw .usage("`--upstream-header`: \(error)")
        }
    }

    private static func header(_ text: String, _ invocation: Invocation) throws(CommandFailure) -> UpstreamHeader {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else {
            throw .usage("`--upstream-header` is written NAME=env:VARIABLE or NAME=file:PATH")
        }
        let source = parts[1]
        let value: [UInt8]
        if source.hasPrefix("env:") {
            let variable = String(source.dropFirst(4))
            guard let found = invocation.console.environment[variable] else {
                throw .environment("the variable `\(variable)` is not set")
            }
            value = Array(found.utf8)
        } else if source.hasPrefix("file:") {
            do throws(FileProblem) {
                value = try FileAccess.read(String(source.dropFirst(5))).trimmingLineEnd()
            } catch {
                throw .environment(error.message)
            }
        } else {
            // A secret on the command line is seen by everybody on the machine, and its text is not repeated here.
            throw .usage("the value of `--upstream-header \(parts[0])` must be env:VARIABLE or file:PATH")
        }
        return UpstreamHeader(name: ByteString(String(parts[0])), value: Secret(value))
    }
}

extension [UInt8] {
    /// Without the one line end editors put at the end of a file.
    fileprivate func trimmingLineEnd() -> [UInt8] {
        var trimmed = self
        if trimmed.last == UInt8(ascii: "\n") {
            trimmed.removeLast()
        }
        if trimmed.last == UInt8(ascii: "\r") {
            trimmed.removeLast()
        }
        return trimmed
    }
}
