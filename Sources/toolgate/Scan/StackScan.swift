import Base
import ClientSettings
import EventLoops
import HTTPTransport
import StackReport

/// What `scan` and `adopt` have in common: finding, asking a person, asking the servers.
struct StackScan: Sendable {
    let files: [FoundFile]
    let stack: ScannedStack

    static let options = [
        CommandOption("config", "FILE", "this settings file instead of those of the home folder", isRepeatable: true),
        CommandOption(
            "client",
            "CLIENT",
            "whose file --config is, when its name does not tell",
            choices: Client.allCases.map(\.rawValue)
        ),
        CommandOption("home", "DIR", "look in this home folder (default: yours, and the current folder's project)"),
        CommandOption("project", "DIR", "look in this project too", isRepeatable: true),
        CommandOption("timeout", "SECONDS", "how long each server may take (default: 30)"),
        CommandOption(
            "upstream-ca",
            "FILE",
            "trust these authorities towards servers, not the system's",
            environment: "TOOLGATE_UPSTREAM_CA"
        ),
        Confirmation.option,
    ]

    init(_ invocation: Invocation, asks: Bool, baseline: Set<String>) throws(CommandFailure) {
        let files = try SettingsFinder.files(invocation)
        let entries = files.flatMap { file in
            (file.servers).map { (file, $0) }
        }
        // The same way from several clients is gone once.
        var questions: [ServerAsker.Question] = []
        var ways: [FoundWay] = []
        var asked: [Int?] = []
        for (file, server) in entries {
            guard server.isEnabled, Self.isAskable(server.way) else {
                asked.append(nil)
                continue
            }
            if let known = ways.firstIndex(of: server.way) {
                asked.append(known)
            } else {
                asked.append(ways.count)
                ways.append(server.way)
                questions.append(
                    ServerAsker.Question(server, of: file.client, environment: invocation.console.environment)
                )
            }
        }
        let refusal = asks ? Self.refusal(entries, ways.count, invocation) : "the scan was offline"
        var outcomes: [ScanOutcome] = []
        if refusal == nil, !questions.isEmpty {
            invocation.console.say("asking \(questions.count == 1 ? "1 server" : "\(questions.count) servers") …")
            outcomes = try ServerAsker.ask(
                questions,
                within: .seconds(try Self.seconds(invocation)),
                trust: try UpPlan.trust(invocation),
                invocation.console
            )
        }
        var servers: [ScannedServer] = []
        for ((file, server), index) in zip(entries, asked) {
            servers.append(
                ScannedServer(
                    client: file.client,
                    file: file.path,
                    found: server,
                    outcome: Self.outcome(server, index, outcomes, refusal),
                    isGuarded: Self.isGuarded(server.way)
                )
            )
        }
        self.files = files
        stack = ScannedStack(
            files: files.map { file in
                ScannedFile(client: file.client, path: file.path, fault: file.fault, notes: file.notes)
            },
            servers: servers,
            baseline: baseline,
            time: Self.now
        )
    }

    private static var now: String {
        var text: [UInt8] = []
        SystemTime().wallTime.appendRFC3339(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func seconds(_ invocation: Invocation) throws(CommandFailure) -> Int {
        guard let text = invocation.value("timeout") else {
            return 30
        }
        return try WholeNumber.parse(text, option: "--timeout", in: 1...600)
    }

    private static func isAskable(_ way: FoundWay) -> Bool {
        if case .unusable = way { false } else { true }
    }

    private static func outcome(
        _ server: FoundServer,
        _ index: Int?,
        _ outcomes: [ScanOutcome],
        _ refusal: String?
    ) -> ScanOutcome {
        if case .unusable(let reason) = server.way {
            return .notAsked(reason)
        }
        guard server.isEnabled else {
            return .notAsked("the client has it switched off")
        }
        if let refusal {
            return .notAsked(refusal)
        }
        guard let index, outcomes.indices.contains(index) else {
            return .failed("it was not asked: the scan ended early")
        }
        return outcomes[index]
    }

    /// Whether Toolgate stands in front already: its own bridge, or its own wrapper.
    private static func isGuarded(_ way: FoundWay) -> Bool {
        guard case .process(let command, let arguments, _, _) = way else {
            return false
        }
        let program = command.text.split(separator: "/").last ?? ""
        return program == "toolgate" && (arguments.first == "connect" || arguments.first == "wrap")
    }

    /// Asks before anything is started; why nobody is asked otherwise.
    private static func refusal(
        _ entries: [(FoundFile, FoundServer)],
        _ count: Int,
        _ invocation: Invocation
    ) -> String? {
        guard count > 0, !invocation.isOn("yes") else {
            return nil
        }
        let console = invocation.console
        guard console.inputIsTerminal else {
            console.say("nobody is there to be asked whether to start servers: add `--yes`, or `--offline` to be quiet")
            return "nobody was there to be asked whether to start it"
        }
        console.say("To list their tools, these servers would be started or asked, with what your settings give them:")
        for (file, server) in entries where server.isEnabled && isAskable(server.way) {
            console.say(
                "  \(file.client.title): \(DefinitionText.visible(CommandLineText.masked(server, of: file.client)))"
            )
        }
        return Confirmation.isAgreed("Start and ask them?", console) ? nil : "a person declined"
    }
}

extension FoundFile {
    /// Its servers; none when it cannot be read.
    var servers: [FoundServer] {
        if case .success(let file) = content { file.servers } else { [] }
    }

    /// Why it cannot be read.
    var fault: SettingsFault? {
        if case .failure(let fault) = content { fault } else { nil }
    }

    /// What a person should know of it.
    var notes: [SettingsFault] {
        if case .success(let file) = content { file.notes } else { [] }
    }
}

/// What would be started, for the person who is asked.
enum CommandLineText {
    /// The command with what looks like a secret masked; a URL's host only.
    static func masked(_ server: FoundServer, of client: Client) -> String {
        switch server.way {
        case .process(let command, let arguments, _, _):
            let secrets = Set(PlaintextSecret.all(in: server, of: client).map(\.place))
            let words = arguments.enumerated().map { index, argument in
                secrets.contains("argument \(index + 1)") ? "••••" : argument.text
            }
            return ([command.text] + words).joined(separator: " ")
        case .remote(let url, _): return ScannedServer.host(of: url.text)
        case .unusable(let reason): return reason
        }
    }
}
