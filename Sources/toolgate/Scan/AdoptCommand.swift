import Administration
import Base
import ClientSettings
import PolicyEngine
import Secrets
import Settings
import StackReport
import Stores
import ToolCatalogue

/// `toolgate adopt`: puts Toolgate between the clients of this machine and their servers, and takes it away again.
enum AdoptCommand {
    static let command = Command(
        ["adopt"],
        "put Toolgate in front of the servers that the clients on this machine have",
        details:
            "Finds and lists servers as `scan` does, registers each in the store with a policy suggested from its tools, and\n"
            + "points the clients' entries at `toolgate connect`, each with a grant of its own. Secrets of the settings are\n"
            + "sealed in the store. The changes are shown first; comments and formatting stay; --dry-run changes nothing.\n"
            + "What cannot be listed, or not be changed in place, stays as it is and is said. --undo gives every file its bytes\n"
            + "back and revokes the grants; servers and policies stay in the store. A file that was changed since is left.",
        options: [
            CommandOption("undo", nil, "take everything back, the newest adoption first"),
            CommandOption("dry-run", nil, "show what would change, and change nothing"),
            CommandOption("gateway", "URL", "where the gateway will be (default: http://127.0.0.1:8080)"),
            CommandOption(
                "preset",
                "PRESET",
                "of the policies: recommended (as without it), strict or permissive",
                choices: PolicySuggestion.Preset.allCases.map(\.rawValue)
            ),
        ] + StackScan.options + ServiceKeys.options,
        examples: [
            ("look first", "toolgate adopt --dry-run"), ("then run the gateway", "toolgate adopt && toolgate up"),
            ("as it was", "toolgate adopt --undo"),
        ]
    ) { invocation throws(CommandFailure) in
        if invocation.isOn("undo") {
            return try AdoptionUndo.run(invocation)
        }
        let gateway = try gateway(invocation)
        let scan = try StackScan(invocation, asks: true, baseline: [])
        let preset = PolicySuggestion.Preset(rawValue: invocation.value("preset") ?? "recommended") ?? .recommended
        let plan = AdoptionPlan(
            scan,
            preset: preset,
            environment: invocation.console.environment,
            taken: try taken(invocation)
        )
        let folder = FileAccess.absolute(try ServiceKeys.folder(invocation))
        let adoption = Adoption(plan, scan.files, gateway: gateway, data: folder)
        adoption.show(invocation.console)
        guard !adoption.changes.isEmpty else {
            invocation.console.say("there is nothing to adopt")
            return .done
        }
        guard !invocation.isOn("dry-run") else {
            invocation.console.say("dry run: nothing was changed")
            return .done
        }
        let count = adoption.changes.count
        try Confirmation.obtain("Change \(count == 1 ? "this file" : "these \(count) files")?", invocation)
        try adoption.run(invocation)
        return .done
    }

    private static func gateway(_ invocation: Invocation) throws(CommandFailure) -> String {
        var text = invocation.value("gateway") ?? "http://127.0.0.1:8080"
        do throws(UpstreamURL.Refusal) {
            _ = try UpstreamURL(Array(text.utf8))
        } catch {
            throw .usage("`--gateway` cannot be used: \(error)")
        }
        while text.hasSuffix("/") {
            text.removeLast()
        }
        return text
    }

    /// What the store has already; nothing is made by looking.
    private static func taken(_ invocation: Invocation) throws(CommandFailure) -> AdoptionPlan.Taken {
        guard FileAccess.stamp("\(try ServiceKeys.folder(invocation))/store.sqlite") != nil else {
            return AdoptionPlan.Taken(names: [], labels: [])
        }
        return try OpenStore(existing: invocation).read { records throws(StoreError) in
            let reader = records.reader
            let names =
                try reader.servers().map(\.name.text) + reader.bundles().map(\.name.text)
                + reader.policies().map(\.name.text) + reader.credentials().map(\.name.text)
            return AdoptionPlan.Taken(names: Set(names), labels: Set(try reader.grants().map(\.label.text)))
        }
    }
}

/// A plan with the files it comes to.
struct Adoption: Sendable {
    private let plan: AdoptionPlan
    private let data: String
    /// Entries that could not be changed in place.
    private let refused: [String]
    /// The grants whose entries are in a file that is changed.
    private let labels: Set<String>
    let changes: [AdoptionRecord.Change]
    private let differences: [[String]]

    init(_ plan: AdoptionPlan, _ files: [FoundFile], gateway: String, data: String) {
        self.plan = plan
        self.data = data
        let program = ByteString(FileAccess.ownProgram)
        var refused: [String] = []
        var labels: Set<String> = []
        var changes: [AdoptionRecord.Change] = []
        var differences: [[String]] = []
        for (index, file) in files.enumerated() {
            guard case .success(let content) = file.content else {
                continue
            }
            var wanted: [(label: String, server: FoundServer, command: [ByteString])] = []
            for server in plan.servers {
                for entry in server.entries where entry.file == index {
                    let words = [
                        "connect", "\(gateway)/mcp/\(server.name)", "--token",
                        "file:\(AdoptionRecord.token(data, entry.label))",
                    ]
                    wanted.append((entry.label, entry.found, [program] + words.map { ByteString($0) }))
                }
            }
            guard !wanted.isEmpty else {
                continue
            }
            do throws(RewriteFault) {
                let after = try content.rewritten(wanted.map { ($0.server, $0.command) })
                let path = FileAccess.real(file.path)
                changes.append(AdoptionRecord.Change(path: path, before: content.source, after: after))
                differences.append(Self.difference(file, content, after))
                labels.formUnion(wanted.map(\.label))
            } catch {
                let path = DefinitionText.visible(file.path)
                refused.append(
                    "\(path) stays as it is: `\(DefinitionText.visible(error.server.text))`: \(error.reason)"
                )
            }
        }
        self.refused = refused
        self.labels = labels
        self.changes = changes
        self.differences = differences
    }

    /// The lines that change; what is secret in the file is masked, and a file where that cannot be done is not shown.
    private static func difference(_ file: FoundFile, _ content: ClientFile, _ after: [UInt8]) -> [String] {
        let heading = DefinitionText.visible(file.path)
        var secrets: [String] = []
        let text = String(decoding: content.source, as: UTF8.self)
        for server in content.servers {
            for value in PlaintextSecret.values(in: server, of: content.client) {
                let secret = value.reveal().text
                guard text.contains(secret) else {
                    return ["--- \(heading)", "(not shown: it holds a secret that is spelled with escapes)"]
                }
                secrets.append(secret)
            }
        }
        let lines = { (bytes: String) -> [String] in
            var masked = bytes
            for secret in secrets {
                masked = masked.replacing(secret, with: "••••••••")
            }
            return masked.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
                DefinitionText.visible(String($0).replacing("\t", with: "    "))
            }
        }
        let shown = LineDifference.lines(from: lines(text), to: lines(String(decoding: after, as: UTF8.self)))
        return ["--- \(heading)"] + shown.map { $0.kind.rawValue + $0.text }
    }

    /// Says what would be done.
    func show(_ console: Console) {
        for line in plan.left + refused {
            console.say(line)
        }
        for difference in differences {
            for line in difference {
                let colour: Console.Colour? = line.hasPrefix("+") ? .green : line.hasPrefix("-") ? .red : nil
                console.output(colour.map { console.coloured(line, $0) } ?? line)
            }
        }
    }

    private var servers: [AdoptedServer] {
        plan.servers.filter { server in server.entries.contains { labels.contains($0.label) } }
    }

    /// Keeps the old bytes, then the store, then the tokens, and the clients' files last: whatever stops it in between,
    /// no client is pointed at what is not there, and `--undo` works.
    func run(_ invocation: Invocation) throws(CommandFailure) {
        let store = try OpenStore(making: invocation)
        let keys = try ServiceKeys.load(invocation)
        let record = try files { () throws(FileProblem) in
            try AdoptionRecord.begin(changes, grants: labels.sorted(), in: data)
        }
        let tokens: [(label: String, token: GrantToken)]
        do throws(CommandFailure) {
            tokens = try register(store, keys)
        } catch {
            record.remove()
            throw error
        }
        try files { () throws(FileProblem) in
            for (label, token) in tokens {
                try AdoptionRecord.writeNew(token.reveal() + [0x0A], to: AdoptionRecord.token(data, label))
            }
            for change in changes {
                guard try FileAccess.read(change.path) == change.before else {
                    throw FileProblem(
                        path: change.path,
                        reason: "it was changed meanwhile: run `toolgate adopt --undo`"
                    )
                }
                try FileAccess.replace(change.path, with: change.after)
            }
        }
        let names = servers.map { "`\($0.name)`" }.joined(separator: ", ")
        invocation.console.say("adopted: \(names); \(changes.count) files point at Toolgate, their old bytes are in")
        invocation.console.say("`\(record.folder)`; `toolgate adopt --undo` gives them back")
        invocation.console.say("now run the gateway with `toolgate up`, and restart the clients")
    }

    private func files<Value>(_ body: () throws(FileProblem) -> Value) throws(CommandFailure) -> Value {
        do throws(FileProblem) {
            return try body()
        } catch {
            throw .environment(error.message)
        }
    }

    private func register(
        _ store: OpenStore,
        _ keys: KeyFile
    ) throws(CommandFailure) -> [(label: String, token: GrantToken)] {
        let sealer = keys.credentialSealer
        guard sealer != nil || servers.allSatisfy({ $0.secrets.isEmpty }) else {
            throw .environment("the key file has no `wrapping` key: run `toolgate key rotate`, then again")
        }
        var tokens: [(label: String, token: GrantToken)] = []
        for server in servers {
            for entry in server.entries where labels.contains(entry.label) {
                tokens.append((entry.label, GrantToken.generate()))
            }
        }
        var digests: [String: GrantDigest] = [:]
        for (label, token) in tokens {
            digests[label] = keys.grantDigester.digest(of: token)
        }
        let all = digests
        let adopted = servers
        try store.change { writer, records throws(StoreError) in
            for server in adopted {
                let record = ServerRecord(
                    name: ByteString(server.name),
                    upstream: server.upstream,
                    headers: server.references
                )
                try writer.save(record)
                for (name, value) in server.secrets {
                    if let sealer {
                        let seal = CredentialSealing(secret: value, sealer: sealer)
                        try writer.save(try seal.seal(nil, ByteString(name), for: record, records))
                    }
                }
                let policy = PolicyRecord(server: record.id, name: ByteString(server.name))
                try writer.save(policy)
                try writer.add(
                    version: server.policy,
                    digest: server.digest,
                    to: policy.id,
                    note: "suggested by toolgate adopt"
                )
                for entry in server.entries {
                    if let digest = all[entry.label] {
                        let target = GrantTarget.server(record.id, policy: policy.id)
                        try writer.save(GrantRecord(label: ByteString(entry.label), target: target, digest: digest))
                    }
                }
            }
        }
        return tokens
    }
}

/// `adopt --undo`.
enum AdoptionUndo {
    static func run(_ invocation: Invocation) throws(CommandFailure) -> CommandStatus {
        let data = FileAccess.absolute(try ServiceKeys.folder(invocation))
        let records: [AdoptionRecord]
        do throws(FileProblem) {
            records = try AdoptionRecord.all(data)
        } catch {
            throw .environment(error.message)
        }
        guard !records.isEmpty else {
            throw .refused("nothing was adopted with the data folder `\(data)`")
        }
        let count = Set(records.flatMap { $0.changes.map(\.path) }).count
        try Confirmation.obtain(
            "Give \(count == 1 ? "1 file" : "\(count) files") back as before the adoption?",
            invocation
        )
        var isWhole = true
        for record in records {
            let isDone = try files(of: record, invocation.console)
            // A client that is left pointing here keeps its grant.
            if isDone {
                try revoke(record.grants, data, invocation)
                record.remove()
            }
            isWhole = isWhole && isDone
        }
        return isWhole ? .done : .refused
    }

    /// Whether every file has its old bytes now.
    private static func files(of record: AdoptionRecord, _ console: Console) throws(CommandFailure) -> Bool {
        var isDone = true
        for (index, change) in record.changes.enumerated() {
            let path = DefinitionText.visible(change.path)
            do throws(FileProblem) {
                let now = try FileAccess.read(change.path)
                if now == change.after {
                    try FileAccess.replace(change.path, with: change.before)
                    console.say("\(path) is as it was")
                } else if now != change.before {
                    isDone = false
                    console.say(
                        "\(path) was changed since and is left: its old bytes are in `\(record.folder)/\(index).before`"
                    )
                }
            } catch {
                isDone = false
                console.say("\(error.message); its old bytes are in `\(record.folder)/\(index).before`")
            }
        }
        return isDone
    }

    private static func revoke(
        _ labels: [String],
        _ data: String,
        _ invocation: Invocation
    ) throws(CommandFailure) {
        try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            for label in labels {
                if let grant = try records.reader.grant(labelled: ByteString(label)) {
                    try writer.revoke(grant: grant.id)
                }
            }
        }
        FileAccess.removeFolder(AdoptionRecord.root(data), files: labels.map { "\($0).token" })
    }
}
