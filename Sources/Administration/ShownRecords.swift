public import Base
internal import JSONText
public import Settings
public import Stores

/// Records as people and programs see them: the same from the command line and from the admin API.
///
/// Reads once what names and uses of records take; after a change it has to be made anew. Good for the read or change
/// it was made in only.
public struct ShownRecords {
    private let records: Records
    private let names: RecordNames
    private let grants: [GrantRecord]
    private let uses: [EntityID: WallTime]
    private let now: WallTime

    /// Reads what names and uses take.
    public init(_ records: Records, now: WallTime) throws(StoreError) {
        self.records = records
        self.now = now
        names = try RecordNames(records)
        grants = try records.reader.grants()
        uses = try records.reader.lastUses()
    }

    private func labels(where isWanted: (GrantRecord) -> Bool) -> ShownValue {
        .list(grants.filter(isWanted).map { .text($0.label.text) })
    }

    // MARK: Servers

    /// A server and what belongs to it.
    public func record(of server: ServerRecord) throws(StoreError) -> ShownRecord {
        let pins = try records.reader.pins(of: server.id)
        let headers: [ShownValue] = server.headers.map { header in
            let source = header.source.reference
            let record = ShownRecord([("name", .text(header.name.text)), ("source", .text(source))])
            return .record(record, line: "\(header.name)=\(source)")
        }
        let policies = names.policies(of: server.id)
        return ShownRecord(
            [
                ("name", .text(server.name.text)), ("id", server.id.shown), ("path", .text("/mcp/\(server.name)")),
            ]
                + Self.fields(server.upstream, headers) + [
                    ("changed_tools", .text(server.changedTools.rawValue)),
                    ("limit_failure", .text(server.limitFailure.rawValue)),
                    ("policies", .list(policies.map { .text($0.text) })),
                    (
                        "grants",
                        labels { grant in
                            if case .server(server.id, _) = grant.target {
                                return true
                            }
                            return false
                        }
                    ),
                    ("credentials", .list(try records.reader.credentials(of: server.id).map { .text($0.name.text) })),
                    ("tools_pinned", .number(pins.count { $0.standing == .pinned })),
                    ("tools_changed", .number(pins.count { $0.standing == .changed })),
                    ("tools_new", .number(pins.count { $0.standing == .new })), ("created", .time(server.created)),
                ]
        )
    }

    private static func fields(
        _ upstream: ServerUpstream,
        _ values: [ShownValue]
    ) -> [(key: String, value: ShownValue)] {
        switch upstream {
        case .http(let url, let allowsInsecure):
            return [
                ("upstream", .text(url.text)), ("allow_insecure", .flag(allowsInsecure)), ("headers", .list(values)),
            ]
        case .process(let process):
            return [
                ("upstream", .text(process.line)), ("command", .text(process.command.text)),
                ("args", .list(process.arguments.map { .text($0.text) })),
                ("cwd", process.directory.map { .text($0.text) } ?? .absent("where the gateway runs")),
                ("process", .text(process.sharing.rawValue)), ("env", .list(values)),
            ]
        case .connector(let connector):
            return [
                ("upstream", .text(connector.line)), ("connector", .text(connector.connector.text)),
                ("set", .list(connector.set.map { .text("\($0.name)=\($0.value)") })), ("secret", .list(values)),
            ]
        }
    }

    // MARK: Bundles

    /// A bundle, its members and the grants that open it.
    public func record(of bundle: BundleRecord) -> ShownRecord {
        let members: [ShownValue] = bundle.members.map { part in
            let server = names.servers[part.server]?.text ?? "?"
            let policy = part.policy.map { names.policies[$0]?.text ?? "?" }
            let record = ShownRecord([
                ("server", .text(server)), ("prefix", .text(part.prefix.text)),
                ("policy", policy.map { .text($0) } ?? .absent("none: every call is denied")),
            ])
            return .record(record, line: "\(server)=\(part.prefix)\(policy.map { ":\($0)" } ?? "")")
        }
        return ShownRecord([
            ("name", .text(bundle.name.text)), ("id", bundle.id.shown), ("path", .text("/mcp/\(bundle.name)")),
            ("members", .list(members)), ("grants", labels { $0.target == .bundle(bundle.id) }),
            ("created", .time(bundle.created)),
        ])
    }

    // MARK: Policies

    /// A policy and one of its versions, the one in force when none is given.
    public func record(
        of policy: PolicyRecord,
        version: PolicyVersion? = nil
    ) throws(StoreError) -> ShownRecord {
        let current = try records.reader.currentVersion(of: policy.id)
        let version = version ?? current
        return ShownRecord([
            ("name", .text(policy.name.text)), ("id", policy.id.shown),
            ("server", .optional(names.servers[policy.server], orElse: "?")),
            ("version", version.map { .number($0.number) } ?? .absent("none")),
            ("in_force", .flag(version != nil && version?.number == current?.number)),
            ("digest", version.map { .text($0.shownDigest) } ?? .absent("none")),
            ("changed", .optional(version?.time, orElse: "never")),
            ("author", .optional(version?.author, orElse: "nobody")),
            ("note", .optional(version?.note, orElse: "none")),
            (
                "grants",
                labels { grant in
                    if case .server(_, policy.id) = grant.target {
                        return true
                    }
                    return false
                }
            ),
            ("created", .time(policy.created)),
        ])
    }

    // MARK: Members

    /// A member and the grants they own.
    public func record(of member: MemberRecord) -> ShownRecord {
        ShownRecord([
            ("label", .text(member.label.text)), ("id", member.id.shown), ("role", .text(member.role.rawValue)),
            ("active", .flag(member.isActive)), ("email", .optional(member.email, orElse: "none")),
            ("grants", labels { $0.owner == member.id }), ("created", .time(member.created)),
        ])
    }

    // MARK: Grants

    /// A grant, never its token.
    public func record(of grant: GrantRecord) -> ShownRecord {
        let server: ByteString?
        let policy: ShownValue
        var bundle: ByteString?
        switch grant.target {
        case .server(let id, let attached):
            server = names.servers[id]
            policy = .optional(attached.flatMap { names.policies[$0] }, orElse: "none")
        case .bundle(let id):
            server = nil
            bundle = names.bundles[id]
            policy = .absent("of its bundle")
        }
        let overlap = grant.previous.flatMap { grant.isOpen(at: now) && now < $0.ends ? $0.ends : nil }
        let state = state(of: grant, overlap: overlap)
        let line = overlap.map { "\(state) until \($0.toTheSecond)" } ?? state
        return ShownRecord([
            ("label", .text(grant.label.text)), ("id", grant.id.shown), ("state", .word(state, line: line)),
            ("server", server.map { .text($0.text) } ?? .absent(bundle.map { "bundle \($0)" } ?? "?")),
            ("bundle", .optional(bundle, orElse: "none")), ("policy", policy),
            ("member", .optional(grant.owner.flatMap { names.members[$0] }, orElse: "nobody")),
            ("generation", .number(grant.generation)), ("last_used", .optional(uses[grant.id], orElse: "never")),
            ("expires", .optional(grant.expires, orElse: "never")),
            ("overlap_ends", .optional(overlap, orElse: "none")),
            ("revoked", .optional(grant.revoked, orElse: "no")), ("created", .time(grant.created)),
            ("created_by", .text(grant.createdBy.text)),
        ])
    }

    private func state(of grant: GrantRecord, overlap: WallTime?) -> String {
        if grant.revoked != nil {
            return "revoked"
        }
        return grant.isOpen(at: now) ? (overlap == nil ? "open" : "overlapping") : "expired"
    }
}

extension PolicyVersion {
    /// The digest in hexadecimal digits.
    public var shownDigest: String { String(decoding: TextCoding.hexadecimal(digest), as: UTF8.self) }

    /// The document as it is when it is JSON, as everything in a store should be, else as text.
    public var shownDocument: ShownValue {
        do throws(JSONError) {
            return .document(Array(try JSONDocument(source).root.rawBytes))
        } catch {
            return .text(String(decoding: source, as: UTF8.self))
        }
    }

    /// One line of a policy's history.
    public func shown(inForce: Bool) -> ShownRecord {
        ShownRecord([
            ("version", .number(number)), ("in_force", .flag(inForce)), ("time", .time(time)),
            ("author", .text(author.text)), ("digest", .text(shownDigest)), ("bytes", .number(source.count)),
            ("note", .optional(note, orElse: "")),
        ])
    }
}

extension HeaderSource {
    /// The source as it is written: `env:NAME`, `file:PATH`, `store:CREDENTIAL` or `open:TEXT`.
    public var reference: String {
        switch self {
        case .open(let value): "open:\(value)"
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        case .stored(let name): "store:\(name)"
        }
    }
}

extension ApprovalRecord {
    /// A call that waits for a person, and its arguments when whoever asks may see them.
    public func shown(at now: WallTime, arguments: [UInt8]? = nil) -> ShownRecord {
        let standing = isGood(at: now) ? standing.rawValue : "lapsed"
        let who = approvers.map { names in names.map { $0.map(\.text).joined(separator: " or ") } ?? "an admin" }
        var fields: [(key: String, value: ShownValue)] = [
            ("id", id.shown), ("grant", .text(grant.text)), ("server", .text(server.text)), ("tool", .text(tool.text)),
            ("rule", .text(rule.text)), ("standing", .text(standing)), ("approvers", .list(who.map { .text($0) })),
            ("created", .time(created)), ("lapses", .time(lapses)),
        ]
        if let by = decidedBy {
            fields.append(("decided_by", .text(by.text)))
        }
        if let reason {
            fields.append(("reason", .text(reason.text)))
        }
        if let arguments {
            fields.append(("arguments", .document(arguments)))
        }
        return ShownRecord(fields)
    }
}
