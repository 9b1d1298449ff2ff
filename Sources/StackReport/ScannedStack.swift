import Base
public import ClientSettings
public import ToolCatalogue

/// One tool an agent can call, and what was found out about it.
public struct ScannedTool: Sendable {
    /// Its exact name.
    public let name: String
    /// The class and why.
    public let classification: Classification
    /// What is suspect in its definition.
    public let poison: [PoisonFinding]
    /// What it does that is dangerous only together with others.
    public let traits: ToolTraits
    /// What its definition costs in tokens, once somebody counts.
    public var tokens: Int?

    /// Looks at a definition; the server's words raise no privilege.
    public init(_ tool: DescribedTool) {
        name = String(decoding: tool.name, as: UTF8.self)
        classification = Classifier.classify(tool)
        poison = PoisonScanner.scan(tool)
        traits = ToolTraits(tool, classification)
    }
}

/// What became of asking a server for its tools.
public enum ScanOutcome: Sendable {
    /// They were listed.
    case listed([ScannedTool])
    /// Nobody asked: a lower-case reason.
    case notAsked(String)
    /// It was asked and gave no usable list: a lower-case reason.
    case failed(String)
}

/// A server as one client has it, and what came of asking it.
public struct ScannedServer: Sendable {
    /// Whose agents call it.
    public let client: Client
    /// Where it is set.
    public let file: String
    /// What the client's settings say.
    public let found: FoundServer
    /// What came of it.
    public let outcome: ScanOutcome
    /// Whether Toolgate stands in front of it already.
    public let isGuarded: Bool

    /// A server from its parts.
    public init(client: Client, file: String, found: FoundServer, outcome: ScanOutcome, isGuarded: Bool) {
        self.client = client
        self.file = file
        self.found = found
        self.outcome = outcome
        self.isGuarded = isGuarded
    }

    /// Its name as people see it.
    public var name: String { ReportText.visible(found.name.text) }

    /// Its tools; none when it was not listed.
    public var tools: [ScannedTool] {
        if case .listed(let tools) = outcome { tools } else { [] }
    }

    /// How it is reached, without arguments, variables and whatever else may be a secret.
    public var reach: String {
        switch found.way {
        case .process(let command, _, _, _):
            return ReportText.visible(String(command.text.split(separator: "/").last ?? "?"))
        case .remote(let url, _): return Self.host(of: url.text)
        case .unusable(let reason): return reason
        }
    }

    /// Scheme and host of a URL: what stands before and behind them may be a secret.
    public static func host(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else {
            return "a URL"
        }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return ReportText.visible("\(url[..<scheme.upperBound])\(host)")
    }
}

/// A settings file that was looked at.
public struct ScannedFile: Sendable {
    /// Whose.
    public let client: Client
    /// Its path.
    public let path: String
    /// Why it could not be read; `nil` when it was.
    public let fault: SettingsFault?
    /// What a person should know of it.
    public let notes: [SettingsFault]

    /// A file from its parts.
    public init(client: Client, path: String, fault: SettingsFault?, notes: [SettingsFault]) {
        self.client = client
        self.path = path
        self.fault = fault
        self.notes = notes
    }
}

/// Everything a scan saw: what it is a report of.
public struct ScannedStack: Sendable {
    /// The files, also the broken ones.
    public let files: [ScannedFile]
    /// The servers, in the order of the files.
    public let servers: [ScannedServer]
    /// What deserves attention, the worst first.
    public let findings: [StackFinding]
    /// How many findings a baseline knew already and left out.
    public let known: Int
    /// When it was, RFC 3339.
    public let time: String

    /// Judges what was seen.
    ///
    /// - Parameters:
    ///   - files: every settings file.
    ///   - servers: every server of them.
    ///   - baseline: fingerprints of findings that are known and left out.
    ///   - time: when it was, RFC 3339.
    public init(files: [ScannedFile], servers: [ScannedServer], baseline: Set<String>, time: String) {
        self.files = files
        self.servers = servers
        self.time = time
        let all = FindingJudge.judge(files, servers)
        findings = all.filter { !baseline.contains($0.fingerprint) }
        known = all.count - findings.count
    }

    /// All tools with the server they are on.
    var tools: [(server: ScannedServer, tool: ScannedTool)] {
        servers.flatMap { server in server.tools.map { (server, $0) } }
    }

    /// The clients that have servers, in the order of their names' list.
    var clients: [Client] {
        Client.allCases.filter { client in servers.contains { $0.client == client } }
    }
}

/// Text of strangers, for people.
public enum ReportText {
    /// Text with whatever cannot be seen, or turns the direction of writing, as `\u{…}`; cut to so many characters; linear.
    public static func visible(_ text: String, atMost limit: Int = 300) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            if isVisible(scalar) {
                output.append(scalar)
            } else {
                output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            }
        }
        return String(output) + (text.unicodeScalars.dropFirst(limit).isEmpty ? "" : "…")
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x7F else {
            return scalar.value >= 0x20
        }
        guard !scalar.properties.isDefaultIgnorableCodePoint else {
            return false
        }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }
}
