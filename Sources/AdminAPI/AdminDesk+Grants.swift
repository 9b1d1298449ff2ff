internal import AdminModel
internal import Administration
internal import Base
internal import JSONText
internal import Secrets
internal import Stores

// Who may call.
extension AdminDesk {
    func createGrant(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let label = request.text("label") ?? ""
        guard (request.text("server") == nil) != (request.text("bundle") == nil) else {
            throw Problem(.invalid, "a grant opens one server or one bundle: give `server` or `bundle`")
        }
        guard request.text("bundle") == nil || request.text("policy") == nil else {
            throw Problem(.invalid, "a grant for a bundle has no policy of its own: each member has one")
        }
        let expires = try request.time("expires") ?? nil
        let token = GrantToken.generate()
        let digest = try keys().grantDigester.digest(of: token)
        let record = try change(request) { writer, records, _ throws(StoreError) in
            let wanted = try WantedGrant(
                label,
                server: request.text("server")?.text,
                bundle: request.text("bundle")?.text,
                policy: request.text("policy")?.text,
                member: (request.text("owner") ?? request.text("member"))?.text,
                records
            )
            try writer.save(wanted.record(digest: digest, expires: expires))
            return try ShownRecords(records, now: request.now).record(of: try records.grant(label.text))
        }
        return handover(token, of: record, status: 201)
    }

    /// The one answer that has the token, and what to paste into clients.
    private func handover(_ token: GrantToken, of record: ShownRecord, status: Int) -> AdminAnswer {
        var name = ""
        for key in ["server", "bundle"] {
            if case .text(let text)? = record[key] {
                name = text
            }
        }
        let endpoint = configuration.endpoint(name)
        let text = String(decoding: token.reveal(), as: UTF8.self)
        let snippets = ClientSnippets(name: name, endpoint: endpoint, token: text).all.map { snippet in
            ShownRecord([
                ("client", .text(snippet.name)), ("title", .text(snippet.client)), ("place", .text(snippet.place)),
                ("text", .text(snippet.text)),
            ])
        }
        let answer = ShownRecord([
            ("grant", .record(Self.tagged(record), line: "")), ("token", .text(text)), ("endpoint", .text(endpoint)),
            ("setup", .list(snippets.map { .record($0, line: "") })),
        ])
        return .json(answer.json, status: status, tag: Self.tag(record))
    }

    func editGrant(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let expires = try request.time("expires")
        return try editGrant(request) { grant, records throws(StoreError) in
            grant.label = request.text("label") ?? grant.label
            if let policy = request.member("policy") {
                try grant.attach(policy: policy.string?.text, records)
            }
            if let expires {
                grant.expires = expires
            }
            if let owner = request.member("owner") ?? request.member("member") {
                grant.owner = try owner.string.map { label throws(StoreError) in try records.member(label.text).id }
            }
        }
    }

    func setGrantPolicy(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try editGrant(request) { grant, records throws(StoreError) in
            try grant.attach(policy: request.text("policy")?.text, records)
        }
    }

    private func editGrant(
        _ request: AdminRequest,
        _ body: (inout GrantRecord, Records) throws(StoreError) -> Void
    ) throws(Problem) -> AdminAnswer {
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            var grant = try grant(request, records, refusal)
            try check(
                request.precondition,
                try ShownRecords(records, now: request.now).record(of: grant),
                refusal
            )
            try body(&grant, records)
            try writer.save(grant)
            return try ShownRecords(records, now: request.now).record(of: grant)
        }
        return Self.one(record)
    }

    func rotateGrant(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let overlap = request.text("overlap").map { LengthOfTime.parse($0.text) } ?? .some(.zero)
        guard let overlap else {
            throw Problem(.invalid, "`overlap` is a length of time such as 90s, 15m, 1h or 7d")
        }
        let token = GrantToken.generate()
        let digest = try keys().grantDigester.digest(of: token)
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            let grant = try grant(request, records, refusal)
            try check(
                request.precondition,
                try ShownRecords(records, now: request.now).record(of: grant),
                refusal
            )
            try writer.rotate(grant: grant.id, to: digest, overlap: overlap)
            return try ShownRecords(records, now: request.now).record(of: try records.grant(grant.label.text))
        }
        return handover(token, of: record, status: 200)
    }

    func revokeGrant(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        let record = try change(request) { writer, records, refusal throws(StoreError) in
            let grant = try grant(request, records, refusal)
            guard grant.revoked == nil else {
                throw refusal.because(Problem(.refused, "grant `\(grant.label)` is revoked already"))
            }
            try writer.revoke(grant: grant.id)
            return try ShownRecords(records, now: request.now).record(of: try records.grant(grant.label.text))
        }
        return Self.one(record)
    }

    func removeGrant(_ request: AdminRequest) throws(Problem) -> AdminAnswer {
        try change(request) { writer, records, refusal throws(StoreError) in
            let grant = try grant(request, records, refusal)
            try check(
                request.precondition,
                try ShownRecords(records, now: request.now).record(of: grant),
                refusal
            )
            try writer.remove(grant: grant.id)
        }
        return .nothing
    }

    /// The keys in force.
    func keys() throws(Problem) -> KeyFile {
        do throws(KeyFileError) {
            return try configuration.keys()
        } catch {
            throw Problem(.unavailable, "\(error)")
        }
    }
}

extension AdminRequest {
    /// A member of the body.
    func member(_ key: StaticString) -> JSONValue? { body?.root[key] }

    /// A time of the body that lies ahead: `.some(nil)` for `null`, `nil` when it is not given.
    func time(_ key: StaticString) throws(Problem) -> WallTime?? {
        guard let value = member(key) else {
            return nil
        }
        guard let text = value.string else {
            return .some(nil)
        }
        guard let time = WallTime(rfc3339: text.slice), time > now else {
            throw Problem(
                .invalid,
                "`\(key)` has passed already",
                errors: [FieldError(pointer: "/\(key)", message: "it has passed already")]
            )
        }
        return time
    }
}
