public import Base
public import Settings

extension StoreWriter {
    // LIMIT: more headers than that no upstream needs, and a snapshot holds them all.
    private static let maximumHeaders = 32

    /// Gives the organisation another name.
    public func rename(organisation name: ByteString) throws(StoreError) {
        try checkLabel(name, "name of an organisation")
        let old = try reader.organisation()
        var new = old
        new.name = name
        try commit(Subject(.organisation, name), before: [old.row], after: [new.row])
    }

    /// Adds a server, or edits the one with its identity.
    ///
    /// Refused: a name that is none or taken by another server or a bundle, a URL that is none or insecure without
    /// saying so, two headers with one name. A new origin detaches the server's credentials: they are bound to the old
    /// one, and do not open until they are set anew (security.md, G5).
    public func save(_ server: ServerRecord) throws(StoreError) {
        var server = server
        try checkName(server.name)
        try checkUpstream(server)
        try checkHeaders(server)
        if let other = try reader.server(named: server.name), other.id != server.id {
            throw .refused("there is a server `\(server.name.shown)` already: choose another name")
        }
        if try reader.bundle(named: server.name) != nil {
            throw .refused(
                "there is a bundle `\(server.name.shown)` already, and both have the path: choose another name"
            )
        }
        let old = try reader.server(server.id)
        server.created = old?.created ?? now
        try commit(server.subject, before: old?.rows ?? [], after: server.rows)
    }

    /// Removes a server, with its pins and credentials.
    ///
    /// Refused while a grant, a policy or a bundle is about it.
    public func remove(server id: EntityID) throws(StoreError) {
        guard let server = try reader.server(id) else {
            throw .notFound(Subject(.server, id: id))
        }
        var users: [Subject] = []
        for grant in try reader.tables.all(GrantRecord.self, RowSelection([("server", .id(id))])) {
            users.append(grant.subject)
        }
        for policy in try reader.tables.all(PolicyRecord.self, RowSelection([("server", .id(id))])) {
            users.append(policy.subject)
        }
        users += try bundles { $0.server == id }
        guard users.isEmpty else {
            throw inUse(server.subject, by: users)
        }
        for credential in try reader.credentials(of: id) {
            try commit(credential.subject, before: [credential.row], after: [])
        }
        for pin in try reader.pins(of: id) {
            try commit(pin.subject(at: server), before: [pin.row], after: [])
        }
        try commit(server.subject, before: server.rows, after: [])
    }

    /// The bundles with a part that `condition` holds for.
    func bundles(with condition: (BundlePart) -> Bool) throws(StoreError) -> [Subject] {
        try reader.bundles().filter { $0.members.contains(where: condition) }.map(\.subject)
    }

    private func checkUpstream(_ server: ServerRecord) throws(StoreError) {
        switch server.upstream {
        case .http(let text, let allowsInsecure):
            let url: UpstreamURL
            do throws(UpstreamURL.Refusal) {
                url = try UpstreamURL(text.bytes)
            } catch {
                throw .refused("\(error)")
            }
            guard url.isSecure || url.isLoopback || allowsInsecure else {
                throw .refused(
                    "plain http to `\(url.host.shown)` would show credentials to the network: use https, or allow it"
                )
            }
        case .process(let settings):
            if let refusal = settings.refusal {
                throw .refused("server `\(server.name.shown)`: \(refusal)")
            }
        case .connector(let settings):
            if let refusal = settings.refusal {
                throw .refused("server `\(server.name.shown)`: \(refusal)")
            }
            guard server.headers.map(\.name) == [ConnectorSettings.secretName] else {
                throw .refused("server `\(server.name.shown)`: a connector has one secret and nothing else")
            }
            if case .open = server.headers[0].source {
                throw .refused("server `\(server.name.shown)`: the secret of a connector is given by reference only")
            }
        }
    }

    private func checkHeaders(_ server: ServerRecord) throws(StoreError) {
        if case .process = server.upstream {
            try checkVariables(server)
            return
        }
        guard server.headers.count <= Self.maximumHeaders else {
            throw .refused("a server has at most \(Self.maximumHeaders) headers of its own")
        }
        var names: Set<[UInt8]> = []
        for header in server.headers {
            let folded = header.name.bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 == 0x5F ? 0x2D : $0 }
            guard !folded.isEmpty, folded.count <= 128, folded.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .refused("`\(header.name.shown)` is no name of a header")
            }
            guard names.insert(folded).inserted else {
                throw .refused("the header `\(header.name.shown)` is there twice")
            }
        }
    }
}

extension StoreWriter {
    // LIMIT: as many variables as no server needs.
    private static let maximumVariables = 128

    private func checkVariables(_ server: ServerRecord) throws(StoreError) {
        guard server.headers.count <= Self.maximumVariables else {
            throw .refused("a server has at most \(Self.maximumVariables) variables of its own")
        }
        var names: Set<ByteString> = []
        for variable in server.headers {
            if let refusal = VariableNames.refusal(of: variable.name.bytes) {
                throw .refused("`\(variable.name.shown)` \(refusal)")
            }
            guard names.insert(variable.name).inserted else {
                throw .refused("the variable `\(variable.name.shown)` is there twice")
            }
        }
    }
}

// MARK: - Bundles

extension StoreWriter {
    // LIMIT: a bundle's list of tools is the sum of its members'.
    private static let maximumParts = 32

    /// Adds a bundle, or edits the one with its identity.
    ///
    /// Refused: a name that is none or taken, no member or too many, a prefix that is none, there twice or the beginning of another, a server
    /// that is not there, a policy that is another server's.
    public func save(_ bundle: BundleRecord) throws(StoreError) {
        var bundle = bundle
        try checkName(bundle.name)
        if let other = try reader.bundle(named: bundle.name), other.id != bundle.id {
            throw .refused("there is a bundle `\(bundle.name.shown)` already: choose another name")
        }
        if try reader.server(named: bundle.name) != nil {
            throw .refused(
                "there is a server `\(bundle.name.shown)` already, and both have the path: choose another name"
            )
        }
        guard (1...Self.maximumParts).contains(bundle.members.count) else {
            throw .refused("a bundle has 1 to \(Self.maximumParts) members")
        }
        guard Set(bundle.members.map(\.prefix)).count == bundle.members.count else {
            throw .refused("two members of `\(bundle.name.shown)` have one prefix: each needs its own")
        }
        for part in bundle.members {
            try check(part)
        }
        for (number, part) in bundle.members.enumerated() {
            for other in bundle.members[(number + 1)...] {
                let (one, two) = (part.prefix.bytes, other.prefix.bytes)
                guard one.starts(with: two) || two.starts(with: one) else {
                    continue
                }
                throw .refused(
                    "the prefixes `\(part.prefix.shown)` and `\(other.prefix.shown)` collide: no prefix may begin another, "
                        + "end each with `_`"
                )
            }
        }
        let old = try reader.bundle(bundle.id)
        bundle.created = old?.created ?? now
        try commit(bundle.subject, before: old?.rows ?? [], after: bundle.rows)
    }

    /// Removes a bundle; refused while a grant opens it.
    public func remove(bundle id: EntityID) throws(StoreError) {
        guard let bundle = try reader.bundle(id) else {
            throw .notFound(Subject(.bundle, id: id))
        }
        let users = try reader.tables.all(GrantRecord.self, RowSelection([("bundle", .id(id))]))
        guard users.isEmpty else {
            throw inUse(bundle.subject, by: users.map(\.subject))
        }
        try commit(bundle.subject, before: bundle.rows, after: [])
    }

    private func check(_ part: BundlePart) throws(StoreError) {
        let isPrefix = part.prefix.bytes.allSatisfy { byte in
            byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard isPrefix, (1...40).contains(part.prefix.count) else {
            throw .refused("`\(part.prefix.shown)` is no prefix: use 1 to 40 letters, digits, `_`, `-` or `.`")
        }
        try checkTarget(.server(part.server, policy: part.policy))
    }
}
