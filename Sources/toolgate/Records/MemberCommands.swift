import Administration
import Base
import EventLoops
import Settings
import Stores

/// `toolgate member`: the people who answer for grants.
enum MemberCommands {
    static let all = [list, show, add, edit, remove]

    private static let operand = CommandOperands(placeholder: "LABEL", count: 1...1)
    private static let roleOption = CommandOption(
        "role",
        "ROLE",
        "what they may do in the administration",
        choices: MemberRole.allCases.map(\.rawValue)
    )

    static let list = Command(
        ["member", "list"],
        "list the members",
        options: [ServiceKeys.dataOption, .output],
        examples: [("everybody", "toolgate member list")]
    ) { invocation throws(CommandFailure) in
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(try records.reader.members())
        }
        invocation.list(
            records,
            columns: [
                ("label", "LABEL"), ("role", "ROLE"), ("active", "ACTIVE"), ("email", "EMAIL"), ("grants", "GRANTS"),
            ],
            empty: "no members yet: `toolgate member add LABEL`"
        )
        return .done
    }

    static let show = Command(
        ["member", "show"],
        "show one member and their grants",
        operands: operand,
        options: [ServiceKeys.dataOption, .output],
        examples: [("what ana answers for", "toolgate member show ana")]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(records.member(label))
        }
        invocation.show(record)
        return .done
    }

    static let add = Command(
        ["member", "add"],
        "add a member",
        details: "Roles govern the administration, never the calls of agents.",
        operands: operand,
        options: [
            roleOption, CommandOption("email", "ADDRESS", "where to reach them"), ServiceKeys.dataOption, .output,
        ],
        examples: [("somebody who may write policies", "toolgate member add ana --role policy_manager")]
    ) { invocation throws(CommandFailure) in
        let member = MemberRecord(
            label: ByteString(invocation.operands[0]),
            email: invocation.value("email").map { ByteString($0) },
            role: role(invocation) ?? .viewer
        )
        let record = try OpenStore(making: invocation).change { writer, records throws(StoreError) in
            guard try records.reader.member(labelled: member.label) == nil else {
                throw .refused("there is a member `\(member.label)` already: `toolgate member edit` changes it")
            }
            try writer.save(member)
            return try records.shown(try records.member(member.label.text))
        }
        invocation.report(record, "member `\(member.label)` is added, role \(member.role.rawValue)")
        return .done
    }

    static let edit = Command(
        ["member", "edit"],
        "change a member",
        operands: operand,
        options: [
            CommandOption("rename", "LABEL", "another label"), roleOption,
            CommandOption("email", "ADDRESS", "where to reach them"),
            CommandOption("no-email", nil, "forget their address"),
            CommandOption("active", "yes|no", "whether they may act", choices: ["yes", "no"]),
            ServiceKeys.dataOption, .output,
        ],
        examples: [("another role", "toolgate member edit ana --role admin")]
    ) { invocation throws(CommandFailure) in
        try EditOptions.check(
            invocation,
            ["rename", "role", "email", "no-email", "active"],
            apart: ["email", "no-email"]
        )
        let label = invocation.operands[0]
        let (old, new) = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            var member = try records.member(label)
            let old = try records.shown(member)
            member.label = invocation.value("rename").map { ByteString($0) } ?? member.label
            member.role = role(invocation) ?? member.role
            member.email = invocation.value("email").map { ByteString($0) } ?? member.email
            if invocation.isOn("no-email") {
                member.email = nil
            }
            member.isActive = invocation.value("active").map { $0 == "yes" } ?? member.isActive
            try writer.save(member)
            return (old, try records.shown(try records.member(member.label.text)))
        }
        invocation.report(new, EditOptions.sentence("member", label, old, new), from: old)
        return .done
    }

    static let remove = Command(
        ["member", "remove"],
        "remove a member, saying what becomes of their grants",
        details:
            "Without --grants it shows the grants they own and asks what becomes of them; without a terminal it refuses.\n"
            + "Agents hold tokens, not people: a grant that is kept goes on working.",
        operands: operand,
        options: [
            CommandOption("grants", "revoke|keep|give:LABEL", "what becomes of their grants"),
            Confirmation.option, ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("somebody who left, and everything they started", "toolgate member remove ana --grants revoke"),
            ("their agents go on, in another's name", "toolgate member remove ana --grants give:bob --yes"),
        ]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let written = try invocation.value("grants").map { text throws(CommandFailure) -> Fate in try Fate(text) }
        let store = try OpenStore(existing: invocation)
        let now = SystemTime().wallTime
        let (member, open, revision) = try store.read { records throws(StoreError) in
            let member = try records.member(label)
            let owned = try records.reader.grants(ownedBy: member.id).filter { $0.isOpen(at: now) }
            if case .give(let heir) = written {
                _ = try records.member(heir)
            }
            return (member, owned.map(\.label.text), try records.reader.revision())
        }
        let fate = if let written { written } else { try askFate(of: open, label, invocation) }
        try Confirmation.obtain("Remove member `\(label)`\(fate.words(open.count))?", invocation)
        try store.change(expecting: invocation.isOn("yes") ? nil : revision) { writer, records throws(StoreError) in
            try writer.remove(member: member.id, grants: fate.orphans(records))
        }
        invocation.report(removed: "member", label)
        return .done
    }

    /// What becomes of the grants of somebody who is removed.
    private enum Fate: Sendable {
        case none
        case revoke
        case keep
        case give(String)

        init(_ text: String) throws(CommandFailure) {
            switch text {
            case "revoke": self = .revoke
            case "keep": self = .keep
            default:
                guard text.hasPrefix("give:"), text.utf8.count > 5 else {
                    throw .usage("`--grants` cannot be `\(text)`: write revoke, keep or give:LABEL")
                }
                self = .give(String(text.dropFirst(5)))
            }
        }

        func words(_ count: Int) -> String {
            switch self {
            case .none: ""
            case .revoke: count == 0 ? "" : " and revoke \(count) open grants"
            case .keep: count == 0 ? "" : "; \(count) open grants stay in force and belong to nobody"
            case .give(let heir): "; their grants (\(count) open) go to `\(heir)`"
            }
        }

        func orphans(_ records: Records) throws(StoreError) -> OrphanedGrants {
            switch self {
            case .none: .refuse
            case .revoke: .revoke
            case .keep: .keep
            case .give(let heir): .give(to: try records.member(heir).id)
            }
        }
    }

    private static func askFate(
        of open: [String],
        _ label: String,
        _ invocation: Invocation
    ) throws(CommandFailure) -> Fate {
        guard !open.isEmpty else {
            return .none
        }
        let console = invocation.console
        let shown =
            open.prefix(20).joined(separator: "`, `") + (open.count > 20 ? "` and \(open.count - 20) more" : "`")
        let sentence = "member `\(label)` owns \(open.count) open grants: `\(shown)"
        guard console.inputIsTerminal else {
            throw .usage("\(sentence); say `--grants revoke`, `keep` or `give:LABEL`; nothing was changed")
        }
        console.say(sentence)
        console.say("What becomes of them? Type revoke, keep or give:LABEL:")
        guard let answer = console.readAnswer(), !answer.isEmpty else {
            throw .refused("nothing was changed")
        }
        return try Fate(answer)
    }

    private static func role(_ invocation: Invocation) -> MemberRole? {
        invocation.value("role").flatMap { MemberRole(rawValue: $0) }
    }
}

/// What every `edit` does with its options.
enum EditOptions {
    /// Refuses an edit that says nothing, and options that contradict each other.
    static func check(
        _ invocation: Invocation,
        _ names: [String],
        apart pairs: [String]...
    ) throws(CommandFailure) {
        for pair in pairs where pair.allSatisfy({ invocation.isOn($0) }) {
            throw .usage("\(pair.map { "`--\($0)`" }.joined(separator: " and ")) do not go together")
        }
        guard names.contains(where: { invocation.isOn($0) }) else {
            let list = names.map { "`--\($0)`" }.joined(separator: ", ")
            throw .usage("say what is to be different: \(list)")
        }
    }

    static func sentence(_ kind: String, _ name: String, _ old: ShownRecord, _ new: ShownRecord) -> String {
        old == new ? "\(kind) `\(name)` is so already: nothing was changed" : "\(kind) `\(name)` is changed"
    }
}
