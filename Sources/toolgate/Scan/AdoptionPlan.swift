import Base
import ClientSettings
import PolicyEngine
import Secrets
import Settings
import StackReport
import Stores
import ToolCatalogue

/// A server that is to be adopted, however many clients have it.
struct AdoptedServer: Sendable {
    let name: String
    let upstream: ServerUpstream
    let references: [HeaderReference]
    /// Values that are sealed, by the names of their credentials.
    let secrets: [(name: String, value: Secret<[UInt8]>)]
    let policy: [UInt8]
    let digest: [UInt8]
    /// The clients' entries that will reach it through Toolgate, each with its grant.
    var entries: [Entry]

    /// A client's entry.
    struct Entry: Sendable {
        let file: Int
        let found: FoundServer
        let label: String
    }
}

/// What `adopt` would do, found out before anything is done.
struct AdoptionPlan: Sendable {
    private(set) var servers: [AdoptedServer] = []
    /// What is left as it is, and why.
    private(set) var left: [String] = []
    private var ways: [FoundWay] = []
    private var names: Set<String>
    private var labels: Set<String>
    private let preset: PolicySuggestion.Preset
    private let environment: [String: String]

    init(_ scan: StackScan, preset: PolicySuggestion.Preset, environment: [String: String], taken: Taken) {
        self.preset = preset
        self.environment = environment
        names = taken.names
        labels = taken.labels
        var seen: [String: Int] = [:]
        for (index, file) in scan.files.enumerated() where seen[file.path] == nil {
            seen[file.path] = index
        }
        for server in scan.stack.servers {
            guard let file = seen[server.file] else {
                continue
            }
            add(server, file)
        }
    }

    /// Names the store has already.
    struct Taken: Sendable {
        let names: Set<String>
        let labels: Set<String>
    }

    private mutating func add(_ server: ScannedServer, _ file: Int) {
        let what = "\(server.client.title): `\(server.name)`"
        guard !server.isGuarded else {
            left.append("\(what) is behind Toolgate already")
            return
        }
        switch server.outcome {
        case .notAsked(let reason), .failed(let reason):
            left.append("\(what) stays as it is: \(reason)")
        case .listed(let tools):
            if let known = ways.firstIndex(of: server.found.way) {
                let label = fresh("\(server.client.rawValue)-\(servers[known].name)", &labels, most: 120)
                servers[known].entries.append(AdoptedServer.Entry(file: file, found: server.found, label: label))
                return
            }
            do throws(Refusal) {
                var made = try adopted(server, tools)
                let label = fresh("\(server.client.rawValue)-\(made.name)", &labels, most: 120)
                made.entries.append(AdoptedServer.Entry(file: file, found: server.found, label: label))
                servers.append(made)
                ways.append(server.found.way)
            } catch {
                left.append("\(what) stays as it is: \(error.reason)")
            }
        }
    }

    private struct Refusal: Error {
        let reason: String
    }

    private mutating func adopted(
        _ server: ScannedServer,
        _ tools: [ScannedTool]
    ) throws(Refusal) -> AdoptedServer {
        let suggestion = PolicySuggestion(
            // What speaks to the model behind the user's back stays denied until a person has looked.
            tools.map { ($0.name, $0.poison.isEmpty ? $0.classification.category : .unclassified) },
            preset: preset
        )
        let document = Array(suggestion.document.utf8)
        guard let policy = CompiledPolicy.load(document).policy else {
            throw Refusal(reason: "its tools cannot stand in one policy")
        }
        let name = fresh(Self.entityName(server.found.name), &names, most: 48)
        var translation = Translation(server: name, client: server.client, environment: environment)
        let upstream: ServerUpstream
        do throws(Translation.Problem) {
            upstream = try translation.upstream(of: server.found)
        } catch {
            names.remove(name)
            throw Refusal(reason: error.reason)
        }
        return AdoptedServer(
            name: name,
            upstream: upstream,
            references: translation.references,
            secrets: translation.secrets,
            policy: document,
            digest: policy.digest,
            entries: []
        )
    }

    /// A name that keeps the rule of names, from one that need not.
    static func entityName(_ name: ByteString) -> String {
        var output = ""
        for byte in name.bytes.prefix(48) {
            switch byte {
            case 0x30...0x39, 0x61...0x7A: output.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x41...0x5A: output.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
            default:
                if !output.isEmpty, !output.hasSuffix("-") {
                    output += "-"
                }
            }
        }
        while output.hasSuffix("-") {
            output.removeLast()
        }
        return output.isEmpty ? "server" : output
    }

    private func fresh(_ wanted: String, _ taken: inout Set<String>, most: Int) -> String {
        let base = String(wanted.prefix(most))
        var name = base
        var number = 2
        while !taken.insert(name).inserted {
            name = "\(base)-\(number)"
            number += 1
        }
        return name
    }
}

/// A client's entry as a server of the store: values that are secret or filled in become sealed credentials.
private struct Translation {
    struct Problem: Error {
        let reason: String
    }

    let server: String
    let client: Client
    let environment: [String: String]
    var references: [HeaderReference] = []
    var secrets: [(name: String, value: Secret<[UInt8]>)] = []

    init(server: String, client: Client, environment: [String: String]) {
        self.server = server
        self.client = client
        self.environment = environment
    }

    mutating func upstream(of found: FoundServer) throws(Problem) -> ServerUpstream {
        switch found.way {
        case .unusable(let reason): throw Problem(reason: reason)
        case .remote(let url, let headers):
            for header in headers {
                try add(header, isHeader: true)
            }
            return .http(url: try filled(url), allowsInsecure: true)
        case .process(let command, let arguments, let variables, let directory):
            let program = try filled(command)
            guard program.bytes.first == UInt8(ascii: "/") || !program.bytes.contains(UInt8(ascii: "/")) else {
                throw Problem(reason: "its command is a path that only the client can resolve")
            }
            for variable in variables {
                try add(variable, isHeader: false)
            }
            var words: [ByteString] = []
            for argument in arguments {
                words.append(try filled(argument))
            }
            var settings = ProcessSettings(command: program, arguments: words)
            settings.directory = try directory.map { text throws(Problem) in try filled(text) }
            if let refusal = settings.refusal {
                throw Problem(reason: "its command cannot be used: \(refusal)")
            }
            return .process(settings)
        }
    }

    /// A variable of the environment stays one; plain text stays open unless it is a secret; the rest is sealed.
    private mutating func add(_ field: FoundField, isHeader: Bool) throws(Problem) {
        let text = field.value.reveal()
        guard !field.isReference else {
            references.append(HeaderReference(name: field.name, source: .environment(text)))
            return
        }
        switch ValueText(text, of: client) {
        case .variable(let name, nil):
            references.append(HeaderReference(name: field.name, source: .environment(name)))
        case .plain(let plain) where !isHeader && !PlaintextSecret.isSecret(field, of: client):
            references.append(HeaderReference(name: field.name, source: .open(plain)))
        case .plain, .variable, .mixed, .foreign:
            let credential = "\(server)-\(secrets.count + 1)"
            secrets.append((credential, Secret(try filled(text).bytes)))
            references.append(HeaderReference(name: field.name, source: .stored(ByteString(credential))))
        }
    }

    private func filled(_ text: ByteString) throws(Problem) -> ByteString {
        switch ValueText(text, of: client).filled({ name in environment[name.text].map { ByteString($0) } }) {
        case .success(let text): return text
        case .failure(let missing): throw Problem(reason: "its settings want `\(missing.name)`, which is not set here")
        }
    }
}
