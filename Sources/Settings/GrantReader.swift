internal import Base
internal import YAMLText

/// Reads `grants`.
enum GrantReader {
    private static let known: [StaticString] = [
        "label", "id", "server", "bundle", "policy", "token_digest", "expires", "member",
    ]

    static func read(
        _ root: Fields,
        servers: Set<ByteString>,
        bundles: Set<ByteString>,
        policies: [ByteString: ByteString?],
        problems: inout Problems
    ) -> [GrantSettings] {
        var grants: [GrantSettings] = []
        var labels = Uniqueness<ByteString>()
        var ids = Uniqueness<EntityID>()
        var digests = Uniqueness<[UInt8]>()
        for node in root.list("grants", problems: &problems) {
            guard let fields = Fields(node, what: "a grant", known: known, problems: &problems) else {
                continue
            }
            let digest = digest(fields, problems: &problems)
            if let digest {
                digests.check(digest, what: "this token digest", at: fields.position, problems: &problems)
            }
            let bundle = Reference.read("bundle", of: fields, among: bundles, isRequired: false, problems: &problems)
            let server = server(fields, servers: servers, problems: &problems)
            let policy = policy(fields, server: server, policies: policies, problems: &problems)
            let expires = expires(fields, problems: &problems)
            let member = label("member", of: fields, problems: &problems)
            guard fields.required("label", remedy: "give it a name for the records", problems: &problems) != nil,
                let label = label("label", of: fields, problems: &problems)
            else {
                continue
            }
            let isNew = labels.check(
                label,
                what: "the label `\(label.bytes.shown)`",
                at: fields.position,
                problems: &problems
            )
            let id = fields.identity(kind: "grant", name: label, problems: &problems)
            // The identity follows from the label: one mistake, one message.
            if isNew || fields["id"] != nil {
                ids.check(id, what: "the identity \(id)", at: fields.position, problems: &problems)
            }
            if let digest, bundle != nil || server != nil {
                let settings = GrantSettings(
                    label: label,
                    id: id,
                    server: server ?? "",
                    bundle: bundle,
                    policy: bundle == nil ? policy : nil,
                    digest: digest,
                    expires: expires,
                    member: member,
                    position: fields.position
                )
                grants.append(settings)
            }
        }
        return grants
    }

    private static func server(
        _ fields: Fields,
        servers: Set<ByteString>,
        problems: inout Problems
    ) -> ByteString? {
        guard fields["bundle"] != nil else {
            return Reference.read("server", of: fields, among: servers, isRequired: true, problems: &problems)
        }
        for other: StaticString in ["server", "policy"] {
            if let entry = fields[other] {
                problems.add(.conflict, at: entry.keyPosition, "a grant for a `bundle` has no `\(other)` of its own")
            }
        }
        return nil
    }

    private static func policy(
        _ fields: Fields,
        server: ByteString?,
        policies: [ByteString: ByteString?],
        problems: inout Problems
    ) -> ByteString? {
        let names = Set(policies.keys)
        let policy = Reference.read("policy", of: fields, among: names, isRequired: false, problems: &problems)
        guard let policy, let entry = fields["policy"] else {
            return nil
        }
        if let server, let other = policies[policy] ?? nil, other != server {
            problems.add(
                .conflict,
                at: entry.value.position,
                "the policy `\(policy)` is for the server `\(other)`, the grant for `\(server)`",
                remedy: "give a policy of that server"
            )
        }
        return policy
    }

    private static func digest(_ fields: Fields, problems: inout Problems) -> [UInt8]? {
        let remedy = "run `toolgate grant new`: it prints token and digest"
        guard let text = fields.requiredText("token_digest", remedy: remedy, problems: &problems),
            let entry = fields["token_digest"]
        else {
            return nil
        }
        let digits = text.dropFirst(12)
        guard text.hasPrefix("hmac-sha256:"), digits.count == 64,
            !digits.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }),
            let bytes = TextCoding.bytes(hexadecimal: digits)
        else {
            // The text is not shown: it may be a token put in the wrong place.
            problems.add(
                .badValue,
                at: entry.value.position,
                "`token_digest` must be `hmac-sha256:` and 64 lower-case hexadecimal digits",
                remedy: remedy
            )
            return nil
        }
        return bytes
    }

    private static func expires(_ fields: Fields, problems: inout Problems) -> WallTime? {
        guard let text = fields.text("expires", problems: &problems), let entry = fields["expires"] else {
            return nil
        }
        guard let time = WallTime(rfc3339: text) else {
            problems.add(
                .badValue,
                at: entry.value.position,
                "`\(text.shown)` is no date and time",
                remedy: "write it as in 2027-01-01T00:00:00Z"
            )
            return nil
        }
        return time
    }

    /// Text for records: up to 128 bytes, no control characters.
    private static func label(_ key: StaticString, of fields: Fields, problems: inout Problems) -> ByteString? {
        guard let text = fields.text(key, problems: &problems), let entry = fields[key] else {
            return nil
        }
        let hasControls = String(decoding: text, as: UTF8.self).unicodeScalars.contains { scalar in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
        }
        guard text.count <= 128, !hasControls else {
            problems.add(
                .badValue,
                at: entry.value.position,
                "`\(key)` of a grant must have at most 128 bytes and no invisible characters"
            )
            return nil
        }
        return ByteString(text)
    }
}
