import Administration
import Base
import EventLoops
import Secrets
import Settings
import Stores

/// `toolgate grant list | show | add | edit | rotate | revoke | remove`: who may call.
enum GrantCommands {
    static let all = [list, show, add, edit, rotate, revoke, remove]

    private static let operand = CommandOperands(placeholder: "LABEL", count: 1...1)

    static let list = Command(
        ["grant", "list"],
        "list the grants, their owners and what they open",
        details: "States: open, overlapping (the token before opens too), expired, revoked.",
        options: [ServiceKeys.dataOption, .output],
        examples: [("all of them", "toolgate grant list"), ("for a script", "toolgate grant list --output json")]
    ) { invocation throws(CommandFailure) in
        let now = SystemTime().wallTime
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            let shown = try ShownRecords(records, now: now)
            return try records.reader.grants().map { shown.record(of: $0) }
        }
        invocation.list(
            records,
            columns: [
                ("label", "LABEL"), ("state", "STATE"), ("server", "SERVER"), ("policy", "POLICY"),
                ("member", "OWNER"), ("generation", "GEN"), ("last_used", "LAST USED"), ("expires", "EXPIRES"),
            ],
            empty: "no grants yet: `toolgate grant add LABEL --server SERVER --policy POLICY`"
        )
        return .done
    }

    static let show = Command(
        ["grant", "show"],
        "show one grant, never its token",
        operands: operand,
        options: [ServiceKeys.dataOption, .output],
        examples: [("one grant", "toolgate grant show ci-runner")]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try ShownRecords(records, now: SystemTime().wallTime).record(of: records.grant(label))
        }
        invocation.show(record)
        return .done
    }

    static let add = Command(
        ["grant", "add"],
        "make a grant; its token is shown once",
        details:
            "The token goes to standard output and is kept nowhere: the store holds only its keyed digest. Without --policy\n"
            + "every call is denied. With --client it also prints what to paste into that client.",
        operands: operand,
        options: [
            CommandOption("server", "NAME", "the server it opens"),
            CommandOption("bundle", "NAME", "the bundle it opens instead, whose members have their policies"),
            CommandOption("policy", "NAME", "the policy its calls are under"),
            ExpiryOption.option, CommandOption("member", "LABEL", "the member it belongs to"),
            CommandOption("sandbox", nil, "mark the token as one for the sandbox, not for real work"),
        ] + GrantHandover.options + ServiceKeys.options + [.output],
        examples: [
            ("for an agent", "toolgate grant add ci-runner --server crm --policy crm-sales --expires 90d"),
            (
                "with what to paste into a client",
                "toolgate grant add ana-laptop --server crm --policy crm-sales --member ana --client cursor"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let label = ByteString(invocation.operands[0])
        guard invocation.isOn("server") != invocation.isOn("bundle") else {
            throw .usage("`--server` or `--bundle` is needed, one of them: see `toolgate grant add --help`")
        }
        guard !invocation.isOn("bundle") || !invocation.isOn("policy") else {
            throw .usage("a grant for a `--bundle` has no `--policy` of its own: each member has one")
        }
        let handover = try GrantHandover(invocation)
        let now = SystemTime().wallTime
        let expires = try ExpiryOption.read(invocation, now: now) ?? nil
        let store = try OpenStore(existing: invocation)
        // Before keys are made and a token is drawn.
        try store.read { records throws(StoreError) in
            _ = try wanted(label, invocation, records)
        }
        let token = GrantToken.generate(for: invocation.isOn("sandbox") ? .sandbox : .live)
        let digest = try ServiceKeys.load(invocation).grantDigester.digest(of: token)
        let record = try store.change { writer, records throws(StoreError) in
            try writer.save(try wanted(label, invocation, records).record(digest: digest, expires: expires))
            return try ShownRecords(records, now: now).record(of: try records.grant(label.text))
        }
        handover.give(token, of: record, "grant `\(label)` is made")
        if !invocation.isOn("policy"), !invocation.isOn("bundle") {
            invocation.console.say(
                "it is under no policy, so every call is denied: toolgate grant edit \(label) --policy NAME"
            )
        }
        return .done
    }

    static let edit = Command(
        ["grant", "edit"],
        "change a grant's policy, expiry, owner or label",
        details: "In force within a second. The token stays; `grant rotate` changes it.",
        operands: operand,
        options: [
            CommandOption("rename", "LABEL", "another label"),
            CommandOption("policy", "NAME", "the policy its calls are under"),
            CommandOption("no-policy", nil, "under none: every call is denied"),
            ExpiryOption.option, CommandOption("member", "LABEL", "the member it belongs to"),
            CommandOption("no-member", nil, "it belongs to nobody"), ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("another policy", "toolgate grant edit ci-runner --policy crm-read"),
            ("for good", "toolgate grant edit ci-runner --expires never"),
        ]
    ) { invocation throws(CommandFailure) in
        let names = ["rename", "policy", "no-policy", "expires", "member", "no-member"]
        try EditOptions.check(invocation, names, apart: ["policy", "no-policy"], ["member", "no-member"])
        let label = invocation.operands[0]
        let now = SystemTime().wallTime
        let expires = try ExpiryOption.read(invocation, now: now)
        let (old, new) = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            var grant = try records.grant(label)
            let shown = try ShownRecords(records, now: now)
            let old = shown.record(of: grant)
            grant.label = invocation.value("rename").map { ByteString($0) } ?? grant.label
            if invocation.isOn("policy") || invocation.isOn("no-policy") {
                try grant.attach(policy: invocation.value("policy"), records)
            }
            if let expires {
                grant.expires = expires
            }
            if let member = invocation.value("member") {
                grant.owner = try records.member(member).id
            } else if invocation.isOn("no-member") {
                grant.owner = nil
            }
            try writer.save(grant)
            return (old, shown.record(of: grant))
        }
        invocation.report(new, EditOptions.sentence("grant", label, old, new), from: old)
        return .done
    }

    static let rotate = Command(
        ["grant", "rotate"],
        "give a grant a new token",
        details:
            "The new token is shown once. With --overlap the one before opens that much longer, so that clients can change\n"
            + "over; without, it ends at once, within a second, and open streams with it: that is asked about.",
        operands: operand,
        options: [
            CommandOption("overlap", "TIME", "how long the token before still opens, for example 1h; at most 30d"),
            Confirmation.option,
        ] + GrantHandover.options + ServiceKeys.options + [.output],
        examples: [
            ("without a break", "toolgate grant rotate ci-runner --overlap 1h"),
            ("after a token was seen by somebody", "toolgate grant rotate ci-runner --yes"),
        ]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let overlap = try LengthOfTime.option("overlap", invocation) ?? .zero
        let handover = try GrantHandover(invocation)
        let store = try OpenStore(existing: invocation)
        let id = try store.read { records throws(StoreError) in try records.grant(label).id }
        if overlap == .zero {
            try Confirmation.obtain("The present token of grant `\(label)` ends at once. Rotate it?", invocation)
        }
        let token = GrantToken.generate()
        let digest = try ServiceKeys.load(invocation).grantDigester.digest(of: token)
        let now = SystemTime().wallTime
        let record = try store.change { writer, records throws(StoreError) in
            try writer.rotate(grant: id, to: digest, overlap: overlap)
            return try ShownRecords(records, now: now).record(of: try records.grant(label))
        }
        let before = record["overlap_ends"].map { overlap == .zero ? "no more" : "until \($0.line)" } ?? "no more"
        handover.give(token, of: record, "grant `\(label)` is rotated; the token before opens \(before)")
        return .done
    }

    static let revoke = Command(
        ["grant", "revoke"],
        "end a grant for good",
        details: "In force within a second; open streams are cut. The grant stays in the list, for the record.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("at once", "toolgate grant revoke ci-runner --yes")]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let now = SystemTime().wallTime
        let grant = try store.read { records throws(StoreError) in try records.grant(label) }
        guard grant.revoked == nil else {
            throw .refused("grant `\(label)` is revoked already: nothing was changed")
        }
        try Confirmation.obtain("Revoke grant `\(label)` for good?", invocation)
        let record = try store.change { writer, records throws(StoreError) in
            try writer.revoke(grant: grant.id)
            return try ShownRecords(records, now: now).record(of: try records.grant(label))
        }
        invocation.report(record, "grant `\(label)` is revoked")
        return .done
    }

    static let remove = Command(
        ["grant", "remove"],
        "remove a grant; its token opens nothing any more",
        details: "`grant revoke` does the same to its token and keeps the record of it.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("for good", "toolgate grant remove ci-runner")]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let id = try store.read { records throws(StoreError) in try records.grant(label).id }
        try Confirmation.obtain("Remove grant `\(label)`? Its token ends at once.", invocation)
        try store.change { writer, _ throws(StoreError) in try writer.remove(grant: id) }
        invocation.report(removed: "grant", label)
        return .done
    }

    /// What the options of `add` name.
    private static func wanted(
        _ label: ByteString,
        _ invocation: Invocation,
        _ records: Records
    ) throws(StoreError) -> WantedGrant {
        try WantedGrant(
            label,
            server: invocation.value("server"),
            bundle: invocation.value("bundle"),
            policy: invocation.value("policy"),
            member: invocation.value("member"),
            records
        )
    }
}
