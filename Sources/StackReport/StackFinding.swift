import Base
public import ClientSettings
public import ToolCatalogue

/// Something a person should know of a stack.
public struct StackFinding: Sendable, Hashable {
    /// The rules, as programs read them.
    public enum Rule: String, Sendable, Hashable, CaseIterable {
        /// One agent can read what is private, reads what strangers wrote, and can send something out.
        case dangerousCombination = "dangerous-combination"
        /// A definition speaks to the model behind the user's back.
        case poisonedTool = "poisoned-tool"
        /// A name looks like another's, or is another server's too.
        case lookAlikeTool = "look-alike-tool"
        /// A secret stands in a settings file.
        case plaintextSecret = "plaintext-secret"
        /// A tool that changes something is called without anything in between.
        case unguardedTool = "unguarded-tool"
        /// Calls go over the network unencrypted.
        case plainTransport = "plain-transport"
        /// A settings file cannot be read.
        case brokenSettings = "broken-settings"
        /// A server gave no usable list of tools.
        case serverNotListed = "server-not-listed"

        /// One sentence on what it is.
        public var summary: String {
            switch self {
            case .dangerousCombination:
                "One client's agents can read private data, take in text of strangers, and send something outside."
            case .poisonedTool: "A tool's definition speaks to the model behind the user's back."
            case .lookAlikeTool: "A tool's name looks like another's, so that one can be taken for the other."
            case .plaintextSecret: "A secret stands in a settings file, readable by every program of the user."
            case .unguardedTool: "A tool that changes or starts something is called without any policy in between."
            case .plainTransport: "Calls and credentials go over the network unencrypted."
            case .brokenSettings: "A settings file cannot be read, so what it holds is not known."
            case .serverNotListed: "A server gave no usable list of its tools, so what it can do is not known."
            }
        }
    }

    /// Which rule.
    public let rule: Rule
    /// How bad it is.
    public let severity: RiskSeverity
    /// A lower-case sentence; never a secret.
    public let message: String
    /// Whose agents.
    public let client: Client
    /// The server's name; `nil` when it is about more than one.
    public let server: String?
    /// The tool's name, if it is about one.
    public let tool: String?
    /// The settings file it comes from.
    public let file: String
    /// The line there, from 1.
    public let line: Int
    /// The same for the same finding of another day; 16 hexadecimal digits.
    public let fingerprint: String

    init(
        _ rule: Rule,
        _ severity: RiskSeverity,
        _ message: String,
        client: Client,
        server: String? = nil,
        tool: String? = nil,
        file: String,
        line: Int,
        detail: String
    ) {
        self.rule = rule
        self.severity = severity
        self.message = message
        self.client = client
        self.server = server
        self.tool = tool
        self.file = file
        self.line = line
        // FNV-1a: it tells findings apart and keeps nobody from anything.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let parts = [rule.rawValue, client.rawValue, server ?? "", tool ?? "", severity.rawValue, detail]
        for byte in parts.joined(separator: "\u{0}").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        let digits = String(hash, radix: 16)
        fingerprint = String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Finds what deserves attention.
enum FindingJudge {
    // LIMIT: findings of one report; what is over is the least severe.
    private static let mostFindings = 5_000

    static func judge(_ files: [ScannedFile], _ servers: [ScannedServer]) -> [StackFinding] {
        var findings: [StackFinding] = []
        for file in files {
            if let fault = file.fault {
                findings.append(
                    StackFinding(
                        .brokenSettings,
                        .medium,
                        "`\(file.path)` cannot be read: \(fault)",
                        client: file.client,
                        file: file.path,
                        line: fault.line,
                        detail: file.path
                    )
                )
            }
        }
        for server in servers {
            findings += of(server)
        }
        for client in Client.allCases {
            let own = servers.filter { $0.client == client && $0.found.isEnabled }
            findings += lookAlikes(own)
            findings += combination(own)
        }
        findings.sort {
            ($1.severity, $0.rule.rawValue, $0.client.rawValue, $0.server ?? "", $0.tool ?? "")
                < ($0.severity, $1.rule.rawValue, $1.client.rawValue, $1.server ?? "", $1.tool ?? "")
        }
        return Array(findings.prefix(mostFindings))
    }

    private static func make(
        _ rule: StackFinding.Rule,
        _ severity: RiskSeverity,
        _ message: String,
        _ server: ScannedServer,
        tool: String? = nil,
        line: Int? = nil,
        detail: String = ""
    ) -> StackFinding {
        StackFinding(
            rule,
            severity,
            message,
            client: server.client,
            server: server.name,
            tool: tool.map { ReportText.visible($0) },
            file: server.file,
            line: line ?? server.found.line,
            detail: detail
        )
    }

    private static func of(_ server: ScannedServer) -> [StackFinding] {
        var findings = PlaintextSecret.all(in: server.found, of: server.client).map { secret in
            make(
                .plaintextSecret,
                .high,
                "\(secret.place) of server `\(server.name)` holds a secret in plain text",
                server,
                line: secret.line,
                detail: secret.place
            )
        }
        if case .remote(let url, _) = server.found.way, isPlain(url.text) {
            findings.append(
                make(
                    .plainTransport,
                    .high,
                    "server `\(server.name)` is reached by plain http at \(server.reach)",
                    server
                )
            )
        }
        switch server.outcome {
        case .failed(let reason):
            findings.append(make(.serverNotListed, .medium, "server `\(server.name)`: \(reason)", server))
        case .notAsked: break
        case .listed(let tools):
            for tool in tools {
                findings += of(tool, server)
            }
        }
        return findings
    }

    private static func of(_ tool: ScannedTool, _ server: ScannedServer) -> [StackFinding] {
        let name = ReportText.visible(tool.name)
        var findings: [StackFinding] = []
        var seen: Set<PoisonFinding.Code> = []
        for poison in tool.poison where seen.insert(poison.code).inserted {
            findings.append(
                make(
                    .poisonedTool,
                    severity(of: poison.code),
                    "`\(name)` \(poison.says): \(ReportText.visible(poison.quote))",
                    server,
                    tool: tool.name,
                    detail: poison.code.rawValue + poison.quote
                )
            )
        }
        let classification = tool.classification
        if !server.isGuarded, server.found.isEnabled, classification.severity >= .medium {
            findings.append(
                make(
                    .unguardedTool,
                    classification.severity,
                    "`\(name)` is \(classification.category.rawValue): \(classification.misuse)",
                    server,
                    tool: tool.name,
                    detail: classification.category.rawValue
                )
            )
        }
        return findings
    }

    private static func severity(of code: PoisonFinding.Code) -> RiskSeverity {
        switch code {
        case .overridesInstructions, .secrecy, .credentialPath, .exfiltration, .runsCommand, .roleChange: .critical
        case .otherTools, .consent, .markup, .invisible, .bidirectional, .control, .lookAlike: .high
        case .farAway, .encoded, .schemaBomb: .medium
        }
    }

    /// Plain http to another machine.
    private static func isPlain(_ url: String) -> Bool {
        guard url.lowercased().hasPrefix("http://") else {
            return false
        }
        let authority = url.dropFirst(7).prefix { !"/?#".contains($0) }.split(separator: "@").last ?? ""
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        // A name may begin like an address.
        let isLoopback = host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
        return !(host == "localhost" || host.hasSuffix(".localhost") || host == "[::1" || isLoopback)
    }

    /// Names of one client's tools that look like each other's, or are the same on two servers.
    private static func lookAlikes(_ servers: [ScannedServer]) -> [StackFinding] {
        var owners: [String: ScannedServer] = [:]
        var findings: [StackFinding] = []
        for server in servers {
            for tool in server.tools {
                guard let other = owners[tool.name] else {
                    owners[tool.name] = server
                    continue
                }
                if other.name != server.name, other.found.way != server.found.way {
                    findings.append(
                        make(
                            .lookAlikeTool,
                            .medium,
                            "`\(ReportText.visible(tool.name))` is on the servers `\(other.name)` and `\(server.name)`",
                            server,
                            tool: tool.name,
                            detail: other.name
                        )
                    )
                }
            }
        }
        let names = servers.flatMap { $0.tools.map(\.name) }
        for (name, like) in PoisonScanner.lookAlikes(names) {
            guard let server = owners[name] else {
                continue
            }
            findings.append(
                make(
                    .lookAlikeTool,
                    .high,
                    "`\(ReportText.visible(name))` looks like `\(ReportText.visible(like))`",
                    server,
                    tool: name,
                    detail: like
                )
            )
        }
        return findings
    }

    /// All three traits in one client's hands.
    private static func combination(_ servers: [ScannedServer]) -> [StackFinding] {
        let traits: [(ToolTraits, String)] = [
            (.readsPrivate, "reads private data"), (.takesUntrusted, "takes text of strangers"),
            (.sendsOutside, "sends outside"),
        ]
        var parts: [String] = []
        var names: Set<String> = []
        for (trait, says) in traits {
            let tools = servers.flatMap { server in
                server.tools.filter { $0.traits.contains(trait) }.map { (server.name, ReportText.visible($0.name)) }
            }
            guard let first = tools.first else {
                return []
            }
            names.formUnion(tools.map(\.0))
            let more = tools.count > 1 ? " and \(tools.count - 1) more" : ""
            parts.append("`\(first.0)/\(first.1)`\(more) \(says)")
        }
        guard let server = servers.first else {
            return []
        }
        let isGuarded = servers.allSatisfy { $0.isGuarded || $0.tools.isEmpty }
        return [
            StackFinding(
                .dangerousCombination,
                isGuarded ? .medium : .critical,
                "agents of \(server.client.title) have all three: \(parts.joined(separator: "; "))",
                client: server.client,
                file: server.file,
                line: 1,
                detail: names.sorted().joined(separator: ",")
            )
        ]
    }
}
