import Administration
import Base
import Settings
import Stores

/// `toolgate bundle`: several servers behind one path.
enum BundleCommands {
    static let all = [list, show, add, edit, remove]

    private static let operand = CommandOperands(placeholder: "NAME", count: 1...1)
    private static let member = CommandOption(
        "member",
        "SERVER=PREFIX[:POLICY]",
        "a server, what stands before its names, and the policy its calls are under",
        isRepeatable: true
    )

    static let list = Command(
        ["bundle", "list"],
        "list the bundles",
        options: [ServiceKeys.dataOption, .output],
        examples: [("all of them", "toolgate bundle list")]
    ) { invocation throws(CommandFailure) in
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(try records.reader.bundles())
        }
        invocation.list(
            records,
            columns: [("name", "NAME"), ("members", "MEMBERS"), ("grants", "GRANTS")],
            empty: "no bundles yet: `toolgate bundle add NAME --member SERVER=PREFIX:POLICY`"
        )
        return .done
    }

    static let show = Command(
        ["bundle", "show"],
        "show one bundle",
        operands: operand,
        options: [ServiceKeys.dataOption, .output],
        examples: [("one bundle", "toolgate bundle show crm")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(records.bundle(name))
        }
        invocation.show(record)
        return .done
    }

    static let add = Command(
        ["bundle", "add"],
        "put several servers behind one path, /mcp/NAME",
        details:
            "Tools and prompts are called by their server's prefix and their own name. A policy speaks of a server's own\n"
            + "names; a member without one is denied every call. No prefix may begin another: end each with `_`.",
        operands: operand,
        options: [member, ServiceKeys.dataOption, .output],
        examples: [
            (
                "two servers",
                "toolgate bundle add office --member crm=crm_:crm-sales --member mail=mail_:mail-read"
            )
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let wanted = try members(invocation)
        guard !wanted.isEmpty else {
            throw .usage("`--member SERVER=PREFIX[:POLICY]` is needed: see `toolgate bundle add --help`")
        }
        let record = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            guard try records.reader.bundle(named: ByteString(name)) == nil else {
                throw .refused("there is a bundle `\(name)` already: `toolgate bundle edit` changes it")
            }
            var parts: [BundlePart] = []
            for member in wanted {
                parts.append(try member.part(records))
            }
            try writer.save(BundleRecord(name: ByteString(name), members: parts))
            return try records.shown(try records.bundle(name))
        }
        invocation.report(record, "bundle `\(name)` is added: /mcp/\(name)")
        return .done
    }

    static let edit = Command(
        ["bundle", "edit"],
        "change a bundle",
        details: "--member adds a server, or puts another prefix and policy in the place of those it has.",
        operands: operand,
        options: [
            CommandOption("rename", "NAME", "another name, and so another path"), member,
            CommandOption("remove-member", "SERVER", "leave this server out", isRepeatable: true),
            ServiceKeys.dataOption, .output,
        ],
        examples: [("one server more", "toolgate bundle edit office --member git=git_:git-read")]
    ) { invocation throws(CommandFailure) in
        try EditOptions.check(invocation, ["rename", "member", "remove-member"])
        let name = invocation.operands[0]
        let wanted = try members(invocation)
        let (old, new) = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            var bundle = try records.bundle(name)
            let old = try records.shown(bundle)
            bundle.name = invocation.value("rename").map { ByteString($0) } ?? bundle.name
            for removed in invocation.all("remove-member") {
                let server = try records.server(removed)
                guard bundle.members.contains(where: { $0.server == server.id }) else {
                    throw .refused("bundle `\(name)` has no member `\(removed)`")
                }
                bundle.members.removeAll { $0.server == server.id }
            }
            for member in wanted {
                let part = try member.part(records)
                if let place = bundle.members.firstIndex(where: { $0.server == part.server }) {
                    bundle.members[place] = part
                } else {
                    bundle.members.append(part)
                }
            }
            try writer.save(bundle)
            return (old, try records.shown(try records.bundle(bundle.name.text)))
        }
        invocation.report(new, EditOptions.sentence("bundle", name, old, new), from: old)
        return .done
    }

    static let remove = Command(
        ["bundle", "remove"],
        "remove a bundle; its servers stay",
        details: "Refused while a grant opens it.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("for good", "toolgate bundle remove office")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let (id, revision) = try store.read { records throws(StoreError) in
            (try records.bundle(name).id, try records.reader.revision())
        }
        try Confirmation.obtain("Remove bundle `\(name)`?", invocation)
        try store.change(expecting: invocation.isOn("yes") ? nil : revision) { writer, _ throws(StoreError) in
            try writer.remove(bundle: id)
        }
        invocation.report(removed: "bundle", name)
        return .done
    }

    // MARK: - Parts

    /// `SERVER=PREFIX[:POLICY]`, as it was written.
    private struct Member {
        let server: String
        let prefix: String
        let policy: String?

        func part(_ records: Records) throws(StoreError) -> BundlePart {
            BundlePart(
                server: try records.server(server).id,
                prefix: ByteString(prefix),
                policy: try policy.map { name throws(StoreError) in try records.policy(name).id }
            )
        }
    }

    private static func members(_ invocation: Invocation) throws(CommandFailure) -> [Member] {
        var members: [Member] = []
        for text in invocation.all("member") {
            let halves = text.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else {
                throw .usage("`--member \(text)`: write SERVER=PREFIX or SERVER=PREFIX:POLICY")
            }
            let rest = halves[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let prefix = rest.first, !prefix.isEmpty else {
                throw .usage("`--member \(text)` has no prefix: write SERVER=PREFIX or SERVER=PREFIX:POLICY")
            }
            members.append(
                Member(
                    server: String(halves[0]),
                    prefix: String(prefix),
                    policy: rest.count == 2 ? String(rest[1]) : nil
                )
            )
        }
        return members
    }
}
