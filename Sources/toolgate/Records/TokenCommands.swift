import Administration
import Base
import EventLoops
import People
import Secrets
import Settings
import Stores

/// `toolgate token list | create | remove`: machines that use the admin API.
enum TokenCommands {
    static let all = [list, create, remove]

    private static let operand = CommandOperands(placeholder: "LABEL", count: 1...1)

    static let list = Command(
        ["token", "list"],
        "list the tokens of the admin API, never the tokens themselves",
        options: [ServiceKeys.dataOption, .output],
        examples: [("all of them", "toolgate token list"), ("for a script", "toolgate token list --output json")]
    ) { invocation throws(CommandFailure) in
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            let shown = try ShownPeople(records.reader, now: SystemTime().wallTime)
            return try records.reader.adminTokens().map { shown.record(of: $0) }
        }
        invocation.list(
            records,
            columns: [
                ("label", "LABEL"), ("state", "STATE"), ("role", "ROLE"), ("member", "OWNER"),
                ("last_used", "LAST USED"), ("expires", "EXPIRES"),
            ],
            empty: "no tokens yet: `toolgate token create LABEL --member LABEL`"
        )
        return .done
    }

    static let create = Command(
        ["token", "create"],
        "make a token of the admin API; it is shown once",
        details:
            "It goes to standard output and is kept nowhere: the store holds only its keyed digest. It acts for a member,\n"
            + "may do no more than they, and ends with them. Agents need a grant instead: `toolgate grant add`.",
        operands: operand,
        options: [
            CommandOption("member", "LABEL", "the member it acts for"),
            CommandOption(
                "role",
                "ROLE",
                "what it may do (default viewer)",
                choices: MemberRole.allCases.map(\.rawValue)
            ),
            ExpiryOption.option,
        ] + ServiceKeys.options + [.output],
        examples: [
            ("a dashboard that looks", "toolgate token create dashboard --member ana --expires 90d"),
            ("a pipeline that writes policies", "toolgate token create ci --member ana --role policy_manager"),
        ]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        guard let owner = invocation.value("member") else {
            throw .usage("`--member` is needed: a token acts for somebody, and ends with them")
        }
        let now = SystemTime().wallTime
        let expires = try ExpiryOption.read(invocation, now: now) ?? nil
        let store = try OpenStore(existing: invocation)
        let member = try store.read { records throws(StoreError) in try records.member(owner) }
        let made = try PeopleDeskAccess(existing: invocation).attempt { desk throws(PeopleError) in
            try desk.makeToken(
                ByteString(label),
                role: invocation.value("role").flatMap { MemberRole(rawValue: $0) } ?? .viewer,
                owner: member.id,
                expires: expires,
                by: OperatorName.author(invocation)
            )
        }
        let record = try store.read { records throws(StoreError) in
            try ShownPeople(records.reader, now: now).record(of: made.record)
        }
        let text = String(decoding: made.token.reveal(), as: UTF8.self)
        guard !invocation.printsJSON else {
            invocation.console.writeOutput(record.adding([("token", .text(text))]).json)
            return .done
        }
        invocation.console.output(text)
        invocation.console.say("token `\(label)` is made, role \(made.record.role.rawValue); it is not shown again")
        return .done
    }

    static let remove = Command(
        ["token", "remove"],
        "remove a token of the admin API: from now on it is unknown",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("one that leaked", "toolgate token remove ci --yes")]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let id = try store.read { records throws(StoreError) in try token(label, records).id }
        try Confirmation.obtain("Remove token `\(label)`?", invocation)
        try store.change { writer, _ throws(StoreError) in try writer.remove(token: id) }
        invocation.report(removed: "token", label)
        return .done
    }

    private static func token(_ label: String, _ records: Records) throws(StoreError) -> AdminTokenRecord {
        guard let token = try records.reader.adminToken(labelled: ByteString(label)) else {
            throw .refused("there is no token `\(label.prefix(128))`: `toolgate token list` lists them")
        }
        return token
    }
}
