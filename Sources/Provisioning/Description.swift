internal import Base
internal import Settings
internal import Stores

/// Records in lines of `key: value`, for plans.
enum Description {
    static func lines(of server: ServerRecord) -> [String] {
        var lines = ["name: \(server.name)"]
        var kind = "header"
        switch server.upstream {
        case .http(let url, let allowsInsecure):
            lines.append("url: \(url)")
            if allowsInsecure {
                lines.append("allow_insecure: true")
            }
        case .process(let process):
            kind = "variable"
            lines += self.lines(of: process)
        case .connector(let connector):
            kind = "credential"
            lines.append("upstream: \(connector.line)")
        }
        for header in server.headers {
            lines.append("\(kind) \(header.name): \(text(of: header.source))")
        }
        lines.append("changed_tools: \(server.changedTools.rawValue)")
        lines.append("limit_failure: \(server.limitFailure.rawValue)")
        return lines
    }

    private static func lines(of process: ProcessSettings) -> [String] {
        var lines = ["command: \(process.line)"]
        if let directory = process.directory {
            lines.append("cwd: \(directory)")
        }
        if process.sharing != .shared {
            lines.append("process: \(process.sharing.rawValue)")
        }
        for (name, number) in [
            ("memory", process.confinement.memory), ("open_files", process.confinement.openFiles),
            ("cpu_seconds", process.confinement.processorSeconds),
        ] {
            if let number {
                lines.append("confine \(name): \(number)")
            }
        }
        for (name, paths) in [("read", process.confinement.read), ("write", process.confinement.write)] {
            if let paths {
                lines.append("confine \(name): \(paths.map(\.text).joined(separator: " "))")
            }
        }
        return lines
    }

    static func lines(of grant: GrantSettings) -> [String] {
        lines(
            server: grant.bundle.map { "bundle \($0)" } ?? grant.server.text,
            policy: grant.policy,
            expires: grant.expires,
            member: grant.member,
            label: grant.label
        )
    }

    static func lines(of bundle: BundleSettings) -> [String] {
        ["name: \(bundle.name)"]
            + bundle.members.map { line(member: $0.server, prefix: $0.prefix, policy: $0.policy) }
    }

    static func line(member: ByteString, prefix: ByteString, policy: ByteString?) -> String {
        "member: \(member) as \(prefix), policy: \(policy.map(\.text) ?? "none, so every call is denied")"
    }

    static func lines(
        server: String,
        policy: ByteString?,
        expires: WallTime?,
        member: ByteString?,
        label: ByteString
    ) -> [String] {
        [
            "label: \(label)", "server: \(server)",
            "policy: \(policy.map(\.text) ?? "none, so every call is denied")",
            "expires: \(expires.map { "\($0)" } ?? "never")", "member: \(member.map(\.text) ?? "nobody")",
        ]
    }

    /// Where a header's value comes from; an open one as it is, for it is no secret.
    static func text(of source: HeaderSource) -> String {
        switch source {
        case .open(let value): "\(value)"
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        case .stored(let name): "store:\(name)"
        }
    }

    /// The lines that were and are no more, and those that are new.
    static func differences(_ old: [String], _ new: [String]) -> [String] {
        old.filter { !new.contains($0) }.map { "- \($0)" } + new.filter { !old.contains($0) }.map { "+ \($0)" }
    }
}
