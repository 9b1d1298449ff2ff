internal import Base
internal import YAMLText

/// Reads `bundles`.
enum BundleReader {
    // LIMIT: servers of one bundle; its lists are the sum of theirs.
    private static let maximumMembers = 32
    // LIMIT: bytes of a prefix; names are kept within 64.
    private static let maximumPrefixBytes = 40

    struct Outcome {
        var settings: [BundleSettings] = []
        /// Every name that was written, also of entries with problems.
        var names: Set<ByteString> = []
    }

    static func read(
        _ root: Fields,
        servers: Set<ByteString>,
        policies: [ByteString: ByteString?],
        problems: inout Problems
    ) -> Outcome {
        var outcome = Outcome()
        var names = Uniqueness<ByteString>()
        var ids = Uniqueness<EntityID>()
        for node in root.list("bundles", problems: &problems) {
            let known: [StaticString] = ["name", "id", "members"]
            guard let fields = Fields(node, what: "a bundle", known: known, problems: &problems) else {
                continue
            }
            let members = members(fields, servers: servers, policies: policies, problems: &problems)
            guard let named = fields.name(problems: &problems) else {
                continue
            }
            let what = "the name `\(named.name)`"
            let isNew = names.check(named.name, what: what, at: named.position, problems: &problems)
            if servers.contains(named.name) {
                problems.add(
                    .duplicate,
                    at: named.position,
                    "\(what) is taken by a server, and both have the path",
                    remedy: "choose another name"
                )
            }
            outcome.names.insert(named.name)
            let id = fields.identity(kind: "bundle", name: named.name, problems: &problems)
            if isNew || fields["id"] != nil {
                ids.check(id, what: "the identity \(id)", at: fields.position, problems: &problems)
            }
            outcome.settings.append(
                BundleSettings(name: named.name, id: id, members: members, position: fields.position)
            )
        }
        return outcome
    }

    private static func members(
        _ bundle: Fields,
        servers: Set<ByteString>,
        policies: [ByteString: ByteString?],
        problems: inout Problems
    ) -> [BundleSettings.Member] {
        guard bundle.required("members", remedy: "give a list of servers", problems: &problems) != nil else {
            return []
        }
        let nodes = bundle.list("members", problems: &problems)
        if !(1...maximumMembers).contains(nodes.count), let entry = bundle["members"], entry.value.elements != nil {
            problems.add(.badValue, at: entry.keyPosition, "a bundle has 1 to \(maximumMembers) members")
        }
        var members: [BundleSettings.Member] = []
        for node in nodes {
            let known: [StaticString] = ["server", "prefix", "policy"]
            guard let fields = Fields(node, what: "a member", known: known, problems: &problems) else {
                continue
            }
            let server = Reference.read("server", of: fields, among: servers, isRequired: true, problems: &problems)
            let policy = policy(fields, server: server, policies: policies, problems: &problems)
            guard let prefix = prefix(fields, others: members, problems: &problems), let server else {
                continue
            }
            members.append(BundleSettings.Member(server: server, prefix: prefix, policy: policy))
        }
        return members
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
                "the policy `\(policy)` is for the server `\(other)`, the member is `\(server)`",
                remedy: "give a policy of that server"
            )
        }
        return policy
    }

    /// A prefix no other one begins with, nor it with another.
    private static func prefix(
        _ fields: Fields,
        others: [BundleSettings.Member],
        problems: inout Problems
    ) -> ByteString? {
        let remedy = "use 1 to \(maximumPrefixBytes) letters, digits, `_`, `-` or `.`, for example `crm_`"
        guard let text = fields.requiredText("prefix", remedy: remedy, problems: &problems),
            let entry = fields["prefix"]
        else {
            return nil
        }
        let isPrefix = text.allSatisfy { byte in
            byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard isPrefix, (1...maximumPrefixBytes).contains(text.count) else {
            problems.add(.badValue, at: entry.value.position, "`\(text.shown)` is no prefix", remedy: remedy)
            return nil
        }
        if let other = others.first(where: { $0.prefix.bytes.starts(with: text) || text.starts(with: $0.prefix.bytes) })
        {
            problems.add(
                .duplicate,
                at: entry.value.position,
                "the prefixes `\(other.prefix)` and `\(text.shown)` collide: no prefix may begin another",
                remedy: "end each with `_`"
            )
            return nil
        }
        return ByteString(text)
    }
}
