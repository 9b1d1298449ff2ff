import AuditJournal
import Base
import EventLoops
import Gateway
import HTTPTransport
import JSONText
import Secrets
import Settings
import Stores
import Upstreams
import YAMLText

/// `toolgate up`: the gateway itself.
enum UpCommand {
    static let command = Command(
        ["up"],
        "run the gateway",
        details:
            "With --config it applies what toolgate.yaml says to the store and serves that; it re-reads the file, and\n"
            + "every file it names, when they change. Without, it serves the store as it is. Whatever changes the store is in\n"
            + "force within a second. The console and the admin API listen beside it, at --admin.\n"
            + "With --upstream and --policy it serves one server, mints a grant and prints what to paste into your client.\n"
            + "SIGHUP re-opens the log and re-reads; SIGTERM and Ctrl-C let calls finish, then end it.",
        options: configurationOptions + servingOptions + AdminOptions.options + AuditOptions.options
            + ServiceKeys.options + [.output],
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
    /// What describes the store; `nil` when the store is served as it is.
    let origin: ConfigurationOrigin?
    /// Where the store lies.
    let directory: DataDirectory
    /// The grant of the quick mode, shown once.
    let token: GrantToken?
    let serverName: String?
    let listen: SocketAddress
    let workers: Int
    let audit: AuditOptions
    /// Where people administer it; `nil`: nowhere.
    let admin: AdminOptions?
    let logDestination: DecisionLogWriter.Destination
    let identity: TLSServerIdentity?
    let trust: TLSTrust?
    let allowedHosts: [String]
    let allowedOrigins: [String]
    let keys: KeyFile
    let keyPath: String

    /// Reads the options; the keys last, because the first to ask for them makes their file.
    init(_ invocation: Invocation) throws(CommandFailure) {
        listen = try ListenAddress.parse(invocation.value("listen") ?? "127.0.0.1:8080", option: "--listen")
        if let text = invocation.value("workers") {
            workers = try WholeNumber.parse(text, option: "--workers", in: 1...256)
        } else {
            workers = CPU.coreCount
        }
        audit = try AuditOptions(invocation)
        identity = try Self.identity(invocation)
        trust = try Self.trust(invocation)
        allowedHosts = try AllowedNames.hosts(invocation)
        allowedOrigins = try AllowedNames.origins(invocation)
        let file = invocation.value("config")
        let quickOptions = ["upstream", "policy", "name", "upstream-header", "allow-insecure"]
        if let file, let name = quickOptions.first(where: { invocation.isOn($0) }) {
            throw .usage("`--\(name)` and `--config` do not go together: put it into `\(file)`")
        }
        let quick = quickOptions.contains { invocation.isOn($0) } ? try QuickPlan.read(invocation) : nil
        admin = try AdminOptions(invocation, isPassing: quick != nil)
        if file == nil, quick == nil, admin == nil {
            try Self.checkStore(invocation)
        }
        if quick == nil {
            try KeyProof.check(invocation)
        }
        keys = try ServiceKeys.load(invocation)
        keyPath = try ServiceKeys.keyFile(invocation)
        directory = try ServiceKeys.open(invocation)
        let log = invocation.value("log") ?? "\(directory.path)/decisions.log"
        logDestination = log == "-" ? .standardOutput : .file(log)
        serverName = quick?.server.name.text
        if let quick {
            let minted = GrantToken.generate()
            token = minted
            origin = .quick(quick.granting(keys.grantDigester.digest(of: minted)))
        } else {
            token = nil
            origin = file.map { .file($0) }
        }
    }

    /// Refuses to serve a store that is not there, before anything is made.
    private static func checkStore(_ invocation: Invocation) throws(CommandFailure) {
        let folder = try ServiceKeys.folder(invocation)
        guard FileAccess.stamp("\(folder)/store.sqlite") != nil else {
            throw .usage(
                "there is no store in `\(folder)` yet: give `--config FILE`, or `--upstream URL` and `--policy FILE`, "
                    + "or fill the store with `toolgate apply`; see `toolgate up --help`"
            )
        }
    }

    /// Whether the store is kept in memory: of one server in front of which somebody just wants to stand, nothing outlives
    /// the process.
    private var isPassing: Bool {
        guard case .quick = origin else {
            return false
        }
        return true
    }

    /// The hold on the data directory; none for what does not outlive the process.
    func claim() throws(CommandFailure) -> DataDirectoryClaim? {
        guard !isPassing else {
            return nil
        }
        do throws(DataDirectoryError) {
            return try directory.claim()
        } catch {
            throw .environment("\(error)")
        }
    }

    /// The journal every call is noted in; none for what does not outlive the process.
    func openJournal(console: Console) throws(CommandFailure) -> AuditJournal? {
        isPassing ? nil : try audit.open(directory, console: console)
    }

    /// The store to serve.
    func openStore(environment: [String: String]) throws(CommandFailure) -> ServedStore {
        if isPassing {
            let store = MemoryStore(time: SystemTime())
            return ServedStore(store: store, path: "memory", origin: origin, environment: environment)
        }
        let store = try StoreAccess.open(directory)
        try KeyProof.keep(keys, in: store, directory.store)
        return ServedStore(store: store, path: directory.store, origin: origin, environment: environment)
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

    /// The authorities of `--upstream-ca`.
    static func trust(_ invocation: Invocation) throws(CommandFailure) -> TLSTrust? {
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
    let server: ServerSettings
    let policyFile: String

    /// What is served, opened by one grant.
    func granting(_ digest: GrantDigest) -> QuickConfiguration {
        QuickConfiguration(server: server, policyFile: policyFile, digest: digest)
    }

    static func read(_ invocation: Invocation) throws(CommandFailure) -> QuickPlan {
        guard let text = invocation.value("upstream"), let policy = invocation.value("policy") else {
            throw .usage("give `--config FILE`, or `--upstream URL` and `--policy FILE`: see `toolgate up --help`")
        }
        let name = ByteString(invocation.value("name") ?? "server")
        guard EntityName.isValid(name) else {
            throw .usage("`--name` cannot stand in a path: \(EntityName.rule)")
        }
        let url: UpstreamURL
        do throws(UpstreamURL.Refusal) {
            url = try UpstreamURL(Array(text.utf8))
        } catch {
            throw .usage("`--upstream` cannot be used: \(error)")
        }
        guard url.isSecure || url.isLoopback || invocation.isOn("allow-insecure") else {
            throw .usage("`--upstream` is plain http to another machine: use https, or add `--allow-insecure`")
        }
        var headers: [StaticHeader] = []
        for text in invocation.all("upstream-header") {
            headers.append(try header(text, invocation))
        }
        let server = ServerSettings(
            name: name,
            id: EntityID(kind: "server", name: name),
            upstream: .http(url, allowsInsecure: invocation.isOn("allow-insecure")),
            headers: headers,
            position: YAMLPosition(line: 1, column: 1)
        )
        return QuickPlan(server: server, policyFile: policy)
    }

    private static func header(_ text: String, _ invocation: Invocation) throws(CommandFailure) -> StaticHeader {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else {
            throw .usage("`--upstream-header` is written NAME=env:VARIABLE or NAME=file:PATH")
        }
        let name = ByteString(String(parts[0]))
        if let refusal = HeaderNames.refusal(of: name.bytes) {
            throw .usage("`--upstream-header \(parts[0])` \(refusal)")
        }
        let (source, value) = try secret(String(parts[1]), of: parts[0], invocation)
        if let refusal = HeaderValue.refusal(of: value) {
            throw .usage("the value of `--upstream-header \(parts[0])` \(refusal)")
        }
        return StaticHeader(name: name, source: source, value: Secret(value))
    }

    private static func secret(
        _ reference: String,
        of name: Substring,
        _ invocation: Invocation
    ) throws(CommandFailure) -> (HeaderSource, [UInt8]) {
        if reference.hasPrefix("env:") {
            let variable = String(reference.dropFirst(4))
            guard let found = invocation.console.environment[variable] else {
                throw .environment("the variable `\(variable)` is not set")
            }
            return (.environment(ByteString(variable)), Array(found.utf8))
        }
        guard reference.hasPrefix("file:") else {
            // A secret on the command line is seen by everybody on the machine, and its text is not repeated here.
            throw .usage("the value of `--upstream-header \(name)` must be env:VARIABLE or file:PATH")
        }
        let path = FileAccess.absolute(String(reference.dropFirst(5)))
        do throws(FileProblem) {
            return (.file(ByteString(path)), SecretText.trimmed(try FileAccess.read(path)))
        } catch {
            throw .environment(error.message)
        }
    }
}
