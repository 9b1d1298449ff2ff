internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import Settings
internal import Stores

// Looking at what the store has.
extension AdminDesk {
    // MARK: Servers

    func listServers(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try names(
            request,
            of: { records, _ throws(StoreError) in try records.reader.servers() },
            by: \.name,
            shown: { faces, server throws(StoreError) in Self.tagged(try faces.record(of: server)) }
        )
    }

    func getServer(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        Self.one(
            try read { records, refusal throws(StoreError) in
                let server = try server(request, records, refusal)
                return try ShownRecords(records, now: request.now).record(of: server)
            }
        )
    }

    func listServerTools(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try names(
            request,
            of: { records, refusal throws(StoreError) in
                PinnedTools(try records.reader.pins(of: try server(request, records, refusal).id)).rows
                    .sorted { $0.pin.tool < $1.pin.tool }
            },
            by: \.pin.tool,
            shown: { _, row throws(StoreError) in row.shown.adding(Self.definition(row.waiting ?? row.pin.definition)) }
        )
    }

    /// The parts of a tool's definition people look at.
    static func definition(_ definition: PinnedDefinition) -> [(key: String, value: ShownValue)] {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(definition.canonical).root
        } catch {
            return []
        }
        var fields: [(key: String, value: ShownValue)] = []
        if let title = root["title"]?.string {
            fields.append(("title", .text(title.text)))
        }
        if let description = root["description"]?.string {
            fields.append(("description", .text(description.text)))
        }
        if let schema = root["inputSchema"] {
            fields.append(("input_schema", .document(Array(schema.rawBytes))))
        }
        return fields
    }

    /// The server a path names.
    func server(
        _ request: AdminRequest,
        _ records: Records,
        _ refusal: Refusal
    ) throws(StoreError) -> ServerRecord {
        let name = request.parameter("server")
        guard let server = try records.reader.server(named: name) else {
            throw refusal.unknown("server", name)
        }
        return server
    }

    // MARK: Bundles

    func listBundles(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try names(
            request,
            of: { records, _ throws(StoreError) in try records.reader.bundles() },
            by: \.name,
            shown: { faces, bundle throws(StoreError) in Self.tagged(faces.record(of: bundle)) }
        )
    }

    func getBundle(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        Self.one(
            try read { records, refusal throws(StoreError) in
                let name = request.parameter("bundle")
                guard let bundle = try records.reader.bundle(named: name) else {
                    throw refusal.unknown("bundle", name)
                }
                return try ShownRecords(records, now: request.now).record(of: bundle)
            }
        )
    }

    // MARK: Policies

    func listPolicies(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try names(
            request,
            of: { records, _ throws(StoreError) in try records.reader.policies() },
            by: \.name,
            shown: { faces, policy throws(StoreError) in Self.tagged(try faces.record(of: policy)) }
        )
    }

    func getPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try read { records, refusal throws(StoreError) in
            let policy = try policy(request, records, refusal)
            let version = try records.reader.currentVersion(of: policy.id)
            let record = try ShownRecords(records, now: request.now).record(of: policy)
            return Self.answer(record, version)
        }
    }

    func getPolicyVersion(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try read { records, refusal throws(StoreError) in
            let policy = try policy(request, records, refusal)
            let number = Int(request.parameter("version").text) ?? 0
            guard let version = try records.reader.version(number, of: policy.id) else {
                throw refusal.because(Problem(.notFound, "policy `\(policy.name)` has no version \(number)"))
            }
            let record = try ShownRecords(records, now: request.now).record(of: policy, version: version)
            return Self.answer(record, version)
        }
    }

    /// A policy with a document; the tag is the same as without, since the digest of the document is in it.
    static func answer(_ record: ShownRecord, _ version: PolicyVersion?, status: Int = 200) -> AdminAnswer {
        let document = version?.shownDocument ?? .absent("none")
        return .json(tagged(record).adding([("document", document)]).json, status: status, tag: tag(record))
    }

    func listPolicyVersions(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let cursor = try request.cursor()
        let limit = request.limit
        let (records, next) = try read { records, refusal throws(StoreError) in
            let policy = try policy(request, records, refusal)
            let below = cursor.flatMap { Int($0.parts[0].text) } ?? .max
            let all = try records.reader.versions(of: policy.id)
            let newest = all.first?.number
            let rest = all.filter { $0.number < below }
            let page = rest.prefix(limit)
            let shown = page.map { $0.shown(inForce: $0.number == newest) }
            return (shown, rest.count > limit ? page.last.map { ByteString("\($0.number)") } : nil)
        }
        return Self.list(records, next: next.map { Cursor(list: request.operation.id.rawValue, [$0]) })
    }

    /// The policy a path names.
    func policy(
        _ request: AdminRequest,
        _ records: Records,
        _ refusal: Refusal
    ) throws(StoreError) -> PolicyRecord {
        let name = request.parameter("policy")
        guard let policy = try records.reader.policy(named: name) else {
            throw refusal.unknown("policy", name)
        }
        return policy
    }

    // MARK: Grants

    func listGrants(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try names(
            request,
            of: { records, _ throws(StoreError) in try records.reader.grants() },
            by: \.label,
            shown: { faces, grant throws(StoreError) in Self.tagged(faces.record(of: grant)) }
        )
    }

    func getGrant(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        Self.one(
            try read { records, refusal throws(StoreError) in
                let grant = try grant(request, records, refusal)
                return try ShownRecords(records, now: request.now).record(of: grant)
            }
        )
    }

    /// The grant a path names, by label or identity.
    func grant(
        _ request: AdminRequest,
        _ records: Records,
        _ refusal: Refusal
    ) throws(StoreError) -> GrantRecord {
        let name = request.parameter("label")
        if let grant = try records.reader.grant(labelled: name) {
            return grant
        }
        guard let id = EntityID(text: name.bytes), let grant = try records.reader.grant(id) else {
            throw refusal.unknown("grant", name)
        }
        return grant
    }

    // MARK: Members

    func listMembers(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try names(
            request,
            of: { records, _ throws(StoreError) in try records.reader.members() },
            by: \.label,
            shown: { faces, member throws(StoreError) in Self.tagged(faces.record(of: member)) }
        )
    }

    func getMember(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        Self.one(
            try read { records, refusal throws(StoreError) in
                let member = try member(request, records, refusal)
                return try ShownRecords(records, now: request.now).record(of: member)
            }
        )
    }

    /// The member a path names, by label or identity.
    func member(
        _ request: AdminRequest,
        _ records: Records,
        _ refusal: Refusal
    ) throws(StoreError) -> MemberRecord {
        let name = request.parameter("member")
        if let member = try records.reader.member(labelled: name) {
            return member
        }
        guard let id = EntityID(text: name.bytes), let member = try records.reader.member(id) else {
            throw refusal.unknown("member", name)
        }
        return member
    }
}
