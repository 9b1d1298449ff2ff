internal import Base
internal import JSONText
internal import Secrets
internal import Settings
public import Stores

extension Provisioning {
    /// The store as a configuration file: applying it to the same store changes nothing, and to an empty one makes the
    /// same servers, policies and grants.
    ///
    /// Secrets stand in it by reference, tokens as their digests. Left out, for the file has no place for them: revoked
    /// grants, tokens in their overlap, credentials, pins, the roles of members, and every version of a policy but the
    /// one in force.
    public static func export(_ reader: StoreReader) throws(StoreError) -> [UInt8] {
        var writer = ConfigurationWriter()
        let servers = try reader.servers()
        for server in servers {
            writer.add(server)
        }
        let policies = try reader.policies()
        for policy in policies {
            guard let version = try reader.currentVersion(of: policy.id),
                let server = servers.first(where: { $0.id == policy.server })
            else {
                continue
            }
            try writer.add(policy, of: server.name, version)
        }
        let bundles = try reader.bundles()
        for bundle in bundles {
            writer.add(bundle, servers, policies)
        }
        for grant in try reader.grants() where grant.revoked == nil {
            let member = try grant.owner.flatMap { owner throws(StoreError) in try reader.member(owner)?.label }
            switch grant.target {
            case .server(let id, let policy):
                guard let server = servers.first(where: { $0.id == id }) else {
                    continue
                }
                let attached = policies.first { $0.id == policy }?.name
                writer.add(grant, opens: ("server", server.name), policy: attached, member: member)
            case .bundle(let id):
                guard let bundle = bundles.first(where: { $0.id == id }) else {
                    continue
                }
                writer.add(grant, opens: ("bundle", bundle.name), policy: nil, member: member)
            }
        }
        return writer.text
    }
}

/// Writes toolgate.yaml: block style outside, JSON (which is YAML) for every text and for documents.
private struct ConfigurationWriter {
    private(set) var text = Array("version: 1\n".utf8)
    private var section = ""

    private mutating func begin(_ name: String) {
        if section != name {
            section = name
            text += Array("\(name):\n".utf8)
        }
    }

    private mutating func line(_ key: String, _ value: [UInt8], isFirst: Bool = false, depth: Int = 4) {
        text += [UInt8](repeating: UInt8(ascii: " "), count: isFirst ? depth - 2 : depth)
        text += Array("\(isFirst ? "- " : "")\(key): ".utf8) + value + [UInt8(ascii: "\n")]
    }

    mutating func add(_ server: ServerRecord) {
        begin("servers")
        line("name", Self.quoted(server.name), isFirst: true)
        line("id", Self.quoted(ByteString(server.id.text)))
        switch server.upstream {
        case .http(let url, let allowsInsecure):
            let suffix = allowsInsecure ? ", allow_insecure: true}" : "}"
            line("upstream", Array("{url: ".utf8) + Self.quoted(url) + Array(suffix.utf8))
        case .process(let process):
            add(process, variables: server.headers)
        case .connector(let connector):
            var members = Self.printable(connector.json)
            if let secret = server.headers.first {
                members.removeLast()
                members += Array(", \"secret\": ".utf8)
                members += Self.quoted(ByteString(Description.text(of: secret.source))) + [UInt8(ascii: "}")]
            }
            line("upstream", members)
        }
        if server.changedTools != .hide {
            line("changed_tools", Array(server.changedTools.rawValue.utf8))
        }
        if server.limitFailure != .closed {
            line("limit_failure", Array(server.limitFailure.rawValue.utf8))
        }
        guard !server.headers.isEmpty, case .http = server.upstream else {
            return
        }
        text += Array("    headers:\n".utf8)
        for header in server.headers {
            let name = String(decoding: Self.quoted(header.name), as: UTF8.self)
            line(name, Self.value(header.source), depth: 6)
        }
    }

    /// A flow mapping: the process as JSON, with its variables as one more member.
    private mutating func add(_ process: ProcessSettings, variables: [HeaderReference]) {
        var members = Self.printable(process.json)
        if !variables.isEmpty {
            members.removeLast()
            members += Array(", \"env\": {".utf8)
            for (index, variable) in variables.enumerated() {
                members += Array(index == 0 ? "".utf8 : ", ".utf8) + Self.quoted(variable.name) + Array(": ".utf8)
                members += Self.value(variable.source)
            }
            members += Array("}}".utf8)
        }
        line("upstream", members)
    }

    private static func value(_ source: HeaderSource) -> [UInt8] {
        if case .open(let value) = source {
            return quoted(value)
        }
        return Array("{secret: ".utf8) + quoted(ByteString(Description.text(of: source))) + [UInt8(ascii: "}")]
    }

    mutating func add(_ policy: PolicyRecord, of server: ByteString, _ version: PolicyVersion) throws(StoreError) {
        begin("policies")
        line("name", Self.quoted(policy.name), isFirst: true)
        line("server", Self.quoted(server))
        do throws(JSONError) {
            line("document", Self.printable(JSONCanonical.exact(try JSONDocument(version.source).root)))
        } catch {
            throw .corrupt(detail: "version \(version.number) of the policy `\(policy.name)` is no JSON")
        }
    }

    mutating func add(_ bundle: BundleRecord, _ servers: [ServerRecord], _ policies: [PolicyRecord]) {
        begin("bundles")
        line("name", Self.quoted(bundle.name), isFirst: true)
        line("id", Self.quoted(ByteString(bundle.id.text)))
        text += Array("    members:\n".utf8)
        for part in bundle.members {
            guard let server = servers.first(where: { $0.id == part.server }) else {
                continue
            }
            line("server", Self.quoted(server.name), isFirst: true, depth: 8)
            line("prefix", Self.quoted(part.prefix), depth: 8)
            if let policy = policies.first(where: { $0.id == part.policy }) {
                line("policy", Self.quoted(policy.name), depth: 8)
            }
        }
    }

    mutating func add(
        _ grant: GrantRecord,
        opens target: (kind: String, name: ByteString),
        policy: ByteString?,
        member: ByteString?
    ) {
        begin("grants")
        line("label", Self.quoted(grant.label), isFirst: true)
        line("id", Self.quoted(ByteString(grant.id.text)))
        line(target.kind, Self.quoted(target.name))
        if let policy {
            line("policy", Self.quoted(policy))
        }
        line("token_digest", Self.quoted(ByteString(grant.digest.text)))
        if let expires = grant.expires {
            line("expires", Array("\(expires)".utf8))
        }
        if let member {
            line("member", Self.quoted(member))
        }
    }

    private static func quoted(_ text: ByteString) -> [UInt8] {
        var writer = JSONWriter(reserving: text.count + 2)
        writer.string(text.bytes)
        return printable(writer.output)
    }

    /// JSON with what YAML does not take as it stands (DEL, C1, U+FEFF, U+FFFE, U+FFFF, and the line breaks U+0085,
    /// U+2028, U+2029) as escapes; outside strings there is none of it.
    private static func printable(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(where: { $0 >= 0x7F }) else {
            return json
        }
        var output: [UInt8] = []
        output.reserveCapacity(json.count)
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(scalar.value, radix: 16)
                output += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default:
                output += Array(String(scalar).utf8)
            }
        }
        return output
    }
}
