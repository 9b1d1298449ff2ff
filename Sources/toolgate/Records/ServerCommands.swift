import Administration
import Base
import ConnectorModel
import Settings
import ShippedConnectors
import Stores

/// `toolgate server`: what the gateway stands in front of.
enum ServerCommands {
    static let all = [list, show, add, edit, remove, ServerLogsCommand.command]

    private static let operand = CommandOperands(placeholder: "NAME", count: 1...1)
    private static let settings =
        [
            CommandOption("upstream", "URL", "where it is: an http or https URL that speaks Streamable HTTP"),
            CommandOption("allow-insecure", nil, "let --upstream be plain http to another machine"),
            CommandOption(
                "header",
                "NAME=SOURCE",
                "a header for it: env:VARIABLE, file:PATH, store:CREDENTIAL or open:TEXT",
                isRepeatable: true
            ),
            CommandOption(
                "changed-tools",
                "hide|show",
                "what lists show of tools whose definition changed",
                choices: ChangedTools.allCases.map(\.rawValue)
            ),
            CommandOption(
                "limit-failure",
                "closed|open",
                "what becomes of limited calls when counters cannot be reached",
                choices: LimitFailure.allCases.map(\.rawValue)
            ),
        ] + ProcessOptions.options
        + [
            CommandOption("connector", "NAME", "a REST API as tools: `toolgate connector list` shows what there is"),
            CommandOption("set", "NAME=VALUE", "a setting of the connector", isRepeatable: true),
            CommandOption("secret", "SOURCE", "the connector's secret: env:VARIABLE, file:PATH or store:CREDENTIAL"),
        ]

    static let list = Command(
        ["server", "list"],
        "list the servers",
        options: [ServiceKeys.dataOption, .output],
        examples: [("all of them", "toolgate server list")]
    ) { invocation throws(CommandFailure) in
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(try records.reader.servers())
        }
        invocation.list(
            records,
            columns: [
                ("name", "NAME"), ("upstream", "UPSTREAM"), ("policies", "POLICIES"), ("grants", "GRANTS"),
                ("headers", "HEADERS"),
            ],
            empty: "no servers yet: `toolgate server add NAME --upstream URL`, or `… NAME -- COMMAND`"
        )
        return .done
    }

    static let show = Command(
        ["server", "show"],
        "show one server and what belongs to it",
        operands: operand,
        options: [ServiceKeys.dataOption, .output],
        examples: [
            ("one server", "toolgate server show crm"), ("for a script", "toolgate server show crm --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(records.server(name))
        }
        let standing = ServerLogs.standing(of: ByteString(name), in: try ServiceKeys.folder(invocation))
        if case .some(.text) = record["command"], let standing {
            let line = standing.lines.map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: "; ")
            invocation.show(record.adding([("health", .record(standing, line: line))]))
            return .done
        }
        invocation.show(record)
        return .done
    }

    static let add = Command(
        ["server", "add"],
        "add a server, served at /mcp/NAME",
        details:
            "With --upstream it is one that runs somewhere; with `-- COMMAND ARG...` it is a program the gateway runs\n"
            + "itself and talks to over its standard streams, with no shell and only the variables that are given.\n"
            + "Secrets are given by reference only. Nobody can call it before there is a grant. Without --list the first\n"
            + "list a gateway sees is accepted by the gateway; with it by you, and tools that appear later wait as new.",
        operands: CommandOperands(placeholder: "NAME [-- COMMAND ARG...]", count: 1...1_000),
        options: settings + ServerRegistration.options + ServiceKeys.options + [.output],
        examples: [
            ("a server on this machine", "toolgate server add crm --upstream http://127.0.0.1:3001/mcp"),
            ("look at its tools first", "toolgate server add crm --upstream http://127.0.0.1:3001/mcp --list"),
            (
                "one that wants a key, which the gateway has in a variable",
                "toolgate server add crm --upstream https://mcp.example.com/mcp --header Authorization=env:CRM_AUTH"
            ),
            (
                "a REST API through its connector",
                "toolgate server add kommo --connector kommo --set subdomain=acme --secret env:KOMMO_TOKEN"
            ),
            ("a program", "toolgate server add time -- mcp-server-time --local-timezone UTC"),
            (
                "a program that wants a key, one process for each session",
                "toolgate server add kommo --env KOMMO_ACCESS_TOKEN=file:/run/secrets/kommo --process session -- kommo-mcp"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        try ServerRegistration.check(invocation)
        let (upstream, headers) = try way(invocation)
        let server = ServerRecord(
            name: ByteString(name),
            upstream: upstream,
            headers: headers,
            changedTools: changedTools(invocation) ?? .hide,
            limitFailure: limitFailure(invocation) ?? .closed
        )
        let record = try OpenStore(making: invocation).change { writer, records throws(StoreError) in
            guard try records.reader.server(named: server.name) == nil else {
                throw .refused("there is a server `\(name)` already: `toolgate server edit` changes it")
            }
            try writer.save(server)
            return try records.shown(try records.server(name))
        }
        invocation.report(record, "server `\(name)` is added: /mcp/\(name)")
        if !invocation.printsJSON {
            tellMissingCredentials(server, [], invocation.console)
        }
        if invocation.isOn("list") {
            _ = try ServerRegistration.run(name, invocation)
        }
        return .done
    }

    static let edit = Command(
        ["server", "edit"],
        "change a server",
        details:
            "--header adds a header or puts another source in its place. With another --upstream, plain http to another\n"
            + "machine has to be allowed anew, and stored credentials of the address or command before have to be set anew.\n"
            + "--env and --remove-env do for the variables of a process what --header and --remove-header do.",
        operands: CommandOperands(placeholder: "NAME [-- COMMAND ARG...]", count: 1...1_000),
        options: [CommandOption("rename", "NAME", "another name, and so another path")] + settings
            + [
                CommandOption("remove-header", "NAME", "send this header no more", isRepeatable: true),
                CommandOption("remove-env", "NAME", "give the process this variable no more", isRepeatable: true),
                ServiceKeys.dataOption, .output,
            ],
        examples: [
            ("another address", "toolgate server edit crm --upstream https://mcp2.example.com/mcp"),
            ("a stored credential", "toolgate server edit crm --header Authorization=store:crm-token"),
        ]
    ) { invocation throws(CommandFailure) in
        let names = [
            "rename", "upstream", "allow-insecure", "header", "remove-header", "changed-tools", "limit-failure", "env",
            "remove-env", "cwd", "process", "set", "secret",
        ]
        if invocation.operands.count == 1 {
            try EditOptions.check(invocation, names)
        }
        let name = invocation.operands[0]
        let headers = try HeaderOption.read(invocation) + ProcessOptions.variables(invocation)
        let edit = try UpstreamEdit(invocation)
        let (old, new, server, credentials) = try OpenStore(existing: invocation).change {
            writer,
            records throws(StoreError) in
            var server = try records.server(name)
            let before = server
            let old = try records.shown(server)
            server.name = invocation.value("rename").map { ByteString($0) } ?? server.name
            try edit.change(&server)
            server.changedTools = changedTools(invocation) ?? server.changedTools
            server.limitFailure = limitFailure(invocation) ?? server.limitFailure
            for header in headers {
                HeaderOption.put(header, into: &server.headers)
            }
            for removed in invocation.all("remove-header") + invocation.all("remove-env") {
                try HeaderOption.remove(removed, from: &server)
            }
            if let header = server.secretsCarried(from: before, exceptFor: headers.map(\.name)).first {
                throw .refused(
                    "the secret of header `\(header)` would go to the new address: name its source again with `--header`, or "
                        + "take it out with `--remove-header`"
                )
            }
            try writer.save(server)
            let new = try records.shown(try records.server(server.name.text))
            return (old, new, server, try records.reader.credentials(of: server.id))
        }
        invocation.report(new, EditOptions.sentence("server", name, old, new), from: old)
        if !invocation.printsJSON {
            tellMissingCredentials(server, credentials, invocation.console)
        }
        return .done
    }

    static let remove = Command(
        ["server", "remove"],
        "remove a server, with its credentials and pinned tools",
        details: "Refused while a grant, a policy or a bundle is about it.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("for good", "toolgate server remove crm")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let (id, credentials, pins, revision) = try store.read { records throws(StoreError) in
            let server = try records.server(name)
            let credentials = try records.reader.credentials(of: server.id).count
            return (server.id, credentials, try records.reader.pins(of: server.id).count, try records.reader.revision())
        }
        let question = "Remove server `\(name)` with \(credentials) credentials and \(pins) pinned tools?"
        try Confirmation.obtain(question, invocation)
        try store.change(expecting: invocation.isOn("yes") ? nil : revision) { writer, _ throws(StoreError) in
            try writer.remove(server: id)
        }
        invocation.report(removed: "server", name)
        return .done
    }

    // MARK: - Parts

    private static func changedTools(_ invocation: Invocation) -> ChangedTools? {
        invocation.value("changed-tools").flatMap { ChangedTools(rawValue: $0) }
    }

    private static func limitFailure(_ invocation: Invocation) -> LimitFailure? {
        invocation.value("limit-failure").flatMap { LimitFailure(rawValue: $0) }
    }

    /// How a new server is reached.
    private static func way(_ invocation: Invocation) throws(CommandFailure) -> (ServerUpstream, [HeaderReference]) {
        let words = Array(invocation.operands.dropFirst())
        if let connector = invocation.value("connector") {
            return try self.connector(connector, words, invocation)
        }
        if let alien = ["set", "secret"].first(where: { invocation.isOn($0) }) {
            throw .usage("`--\(alien)` is for servers with a `--connector`")
        }
        guard let url = invocation.value("upstream") else {
            guard !words.isEmpty else {
                throw .usage("`--upstream URL` or `-- COMMAND` is needed: see `toolgate server add --help`")
            }
            if let alien = ["header", "allow-insecure"].first(where: { invocation.isOn($0) }) {
                throw .usage("`--\(alien)` is for servers with a URL: a process has `--env`")
            }
            return (.process(try ProcessOptions.settings(words, invocation)), try ProcessOptions.variables(invocation))
        }
        guard words.isEmpty else {
            throw .usage("`--upstream` and a command do not go together: give one")
        }
        if let alien = ProcessOptions.names.first(where: { invocation.isOn($0) }) {
            throw .usage("`--\(alien)` is for servers that are a command: give `-- COMMAND`, or leave it out")
        }
        return (
            .http(url: ByteString(url), allowsInsecure: invocation.isOn("allow-insecure")),
            try HeaderOption.read(invocation)
        )
    }

    private static func connector(
        _ name: String,
        _ words: [String],
        _ invocation: Invocation
    ) throws(CommandFailure) -> (ServerUpstream, [HeaderReference]) {
        let aliens = ["upstream", "header", "allow-insecure"] + ProcessOptions.names
        if let alien = aliens.first(where: { invocation.isOn($0) }) {
            throw .usage("`--\(alien)` and `--connector` do not go together: give one")
        }
        guard words.isEmpty else {
            throw .usage("`--connector` and a command do not go together: give one")
        }
        guard let connector = ShippedConnectors.connector(named: ByteString(name)) else {
            let known = ShippedConnectors.names.map { "`\($0)`" }.joined(separator: ", ")
            throw .usage("there is no connector `\(name)`: there are \(known)")
        }
        guard let secret = try ConnectorOptions.reference(invocation) else {
            throw .usage("`--secret env:VARIABLE` is needed: \(connector.secretDescription)")
        }
        let set = try ConnectorOptions.settings(invocation)
        let settings = ConnectorSettings(
            connector: ByteString(name),
            set: set.map { ConnectorSettings.Entry(name: $0.name, value: $0.value) }
        )
        if let problem = ConnectorFit.problem(settings) {
            throw .usage(problem)
        }
        return (.connector(settings), [secret])
    }

    /// A server whose credential is not there, or is sealed for another address, is not served.
    private static func tellMissingCredentials(
        _ server: ServerRecord,
        _ credentials: [CredentialRecord],
        _ console: Console
    ) {
        for header in server.headers {
            guard case .stored(let name) = header.source else {
                continue
            }
            let credential = credentials.first { $0.name == name }
            if credential == nil {
                console.say(
                    "not served before it has its credential: toolgate credential add \(name) --server \(server.name) "
                        + "--from env:VARIABLE"
                )
            } else if credential?.origin != server.upstream.origin {
                console.say(
                    "not served before credential `\(name)`, sealed for the address before, is set anew: "
                        + "toolgate credential edit \(name) --from env:VARIABLE"
                )
            }
        }
    }
}

/// What `server edit` does to the way a server is reached.
private struct UpstreamEdit {
    private let url: String?
    private let allowsInsecure: Bool
    private let process: ProcessSettings?
    private let invocation: Invocation

    init(_ invocation: Invocation) throws(CommandFailure) {
        self.invocation = invocation
        url = invocation.value("upstream")
        allowsInsecure = invocation.isOn("allow-insecure")
        let words = Array(invocation.operands.dropFirst())
        process = words.isEmpty ? nil : try ProcessOptions.settings(words, invocation)
        guard url == nil || process == nil else {
            throw .usage("`--upstream` and a command do not go together: give one")
        }
        guard !invocation.isOn("connector") else {
            throw .usage("a server does not change its connector: remove it and add another")
        }
    }

    /// An address that was not looked at when plain http was allowed is not allowed it.
    func change(_ server: inout ServerRecord) throws(StoreError) {
        switch server.upstream {
        case .http(let known, let wasAllowed):
            try refuse("set", "secret")
            try refuse("env", "remove-env", process == nil ? "cwd" : "header", process == nil ? "process" : "header")
            if let process {
                throw try refusal(of: process)
            }
            server.upstream =
                url.map { .http(url: ByteString($0), allowsInsecure: allowsInsecure) }
                ?? .http(url: known, allowsInsecure: wasAllowed || allowsInsecure)
        case .process(var settings):
            try refuse("header", "remove-header", "allow-insecure", "upstream", "set", "secret")
            if let process {
                let (directory, sharing, confinement) = (settings.directory, settings.sharing, settings.confinement)
                settings = process
                settings.directory = process.directory ?? directory
                settings.sharing = invocation.isOn("process") ? process.sharing : sharing
                settings.confinement = confinement
            }
            do throws(CommandFailure) {
                try ProcessOptions.change(&settings, invocation)
            } catch {
                throw .refused(error.message)
            }
            server.upstream = .process(settings)
        case .connector(var settings):
            try refuse("header", "remove-header", "allow-insecure", "upstream", "env", "remove-env", "cwd", "process")
            guard process == nil else {
                throw .refused("a connector does not become a command: remove the server and add another")
            }
            do throws(CommandFailure) {
                for (name, value) in try ConnectorOptions.settings(invocation) {
                    settings.put(ConnectorSettings.Entry(name: name, value: value))
                }
                if let secret = try ConnectorOptions.reference(invocation) {
                    server.headers = [secret]
                }
            } catch {
                throw .refused(error.message)
            }
            server.upstream = .connector(settings)
        }
    }

    /// Its headers and credentials would be another's: what a server is stays.
    private func refusal(of process: ProcessSettings) throws(StoreError) -> StoreError {
        .refused("a server with a URL does not become a command: remove it and add another")
    }

    private func refuse(_ options: String...) throws(StoreError) {
        if let alien = options.first(where: { invocation.isOn($0) }) {
            throw .refused("`--\(alien)` does not go with this server: see `toolgate server show`")
        }
    }
}

/// `--header NAME=SOURCE`.
enum HeaderOption {
    private static let forms = "write NAME=env:VARIABLE, NAME=file:PATH, NAME=store:CREDENTIAL or NAME=open:TEXT"

    static func read(_ invocation: Invocation) throws(CommandFailure) -> [HeaderReference] {
        var headers: [HeaderReference] = []
        for text in invocation.all("header") {
            let header = try parse(text, option: "--header")
            guard !headers.contains(where: { isSame($0.name, header.name) }) else {
                throw .usage("`--header \(header.name)` is given twice: give it once")
            }
            headers.append(header)
        }
        return headers
    }

    static func parse(_ text: String, option: String) throws(CommandFailure) -> HeaderReference {
        let parts = text.split(separator: "=", maxSplits: 1)
        // Neither the text nor its second part is repeated: it may be the secret itself.
        guard parts.count == 2 else {
            throw .usage("`\(option)` has no source: \(forms)")
        }
        let name = ByteString(String(parts[0]))
        let isVariable = option == "--env"
        if let refusal = isVariable ? VariableNames.refusal(of: name.bytes) : HeaderNames.refusal(of: name.bytes) {
            throw .usage("`\(option) \(name)` \(refusal)")
        }
        let source = parts[1].split(separator: ":", maxSplits: 1)
        guard source.count == 2 else {
            throw .usage("`\(option) \(name)` has no source: \(forms)")
        }
        return HeaderReference(
            name: name,
            source: try self.source(source[0], String(source[1]), of: name, option: option)
        )
    }

    private static func source(
        _ kind: Substring,
        _ value: String,
        of name: ByteString,
        option: String
    ) throws(CommandFailure) -> HeaderSource {
        switch kind {
        case "env":
            let isName = value.utf8.allSatisfy { byte in
                byte.decimalDigit != nil || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
            guard isName else {
                throw .usage("`\(option) \(name)`: what follows env: is no name of a variable")
            }
            return .environment(ByteString(value))
        case "file":
            return .file(ByteString(FileAccess.absolute(value)))
        case "store":
            guard EntityName.isValid(ByteString(value)) else {
                throw .usage("`\(option) \(name)`: `\(value)` is no name of a credential: \(EntityName.rule)")
            }
            return .stored(ByteString(value))
        case "open":
            guard !HeaderNames.isCredential(name.bytes) else {
                throw .usage("`\(option) \(name)` carries a secret by its name: give env:, file: or store:")
            }
            let bytes = Array(value.utf8)
            let isVariable = option == "--env"
            if let refusal = isVariable ? VariableNames.refusal(ofValue: bytes) : HeaderValue.refusal(of: bytes) {
                throw .usage("the value of `\(option) \(name)` \(refusal)")
            }
            return .open(ByteString(value))
        default:
            throw .usage("`\(option) \(name)` has no source: \(forms)")
        }
    }

    /// In the place of the header with that name, or at the end.
    static func put(_ header: HeaderReference, into headers: inout [HeaderReference]) {
        guard let index = headers.firstIndex(where: { isSame($0.name, header.name) }) else {
            return headers.append(header)
        }
        headers[index] = header
    }

    static func remove(_ name: String, from server: inout ServerRecord) throws(StoreError) {
        guard let index = server.headers.firstIndex(where: { isSame($0.name, ByteString(name)) }) else {
            throw .refused("server `\(server.name)` has no header `\(name)`")
        }
        server.headers.remove(at: index)
    }

    private static func isSame(_ left: ByteString, _ right: ByteString) -> Bool {
        left.text.lowercased() == right.text.lowercased()
    }
}
