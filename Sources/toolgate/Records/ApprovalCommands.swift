import Administration
import Base
import EventLoops
import Secrets
import Settings
import Stores

/// `toolgate approval`: calls that wait for a person.
enum ApprovalCommands {
    static let all = [list, show, approve, deny]

    private static let operand = CommandOperands(placeholder: "ID", count: 1...1)
    private static let member = CommandOption(
        "member",
        "LABEL",
        "decide as this member, by what they may do (default: as whoever holds the data folder)"
    )

    static let list = Command(
        ["approval", "list"],
        "list the calls that wait for a person",
        options: [
            CommandOption("all", nil, "also those that are decided or have lapsed, for a week"), ServiceKeys.dataOption,
            .output,
        ],
        examples: [("what waits", "toolgate approval list")]
    ) { invocation throws(CommandFailure) in
        let now = SystemTime().wallTime
        let isWhole = invocation.isOn("all")
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.reader.approvals()
                .filter { isWhole || ($0.standing == .pending && $0.isGood(at: now)) }
                .map { $0.shown(at: now) }
        }
        invocation.list(
            records,
            columns: [
                ("id", "ID"), ("grant", "GRANT"), ("server", "SERVER"), ("tool", "TOOL"), ("standing", "STANDING"),
                ("created", "ASKED"), ("lapses", "LAPSES"),
            ],
            empty: "no call waits for a person"
        )
        return .done
    }

    static let show = Command(
        ["approval", "show"],
        "show one call and its arguments",
        details: "The arguments are there until somebody has decided; then they are erased.",
        operands: operand,
        options: ServiceKeys.options + [.output],
        examples: [("what an agent wants to do", "toolgate approval show 3f2a")]
    ) { invocation throws(CommandFailure) in
        let now = SystemTime().wallTime
        let key = try ServiceKeys.existing(invocation)?.sealingKey
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            let approval = try records.approval(invocation.operands[0])
            let arguments = ApprovalArguments.open(approval, key, now: now)
            return approval.shown(at: now, arguments: arguments)
        }
        invocation.show(record)
        return .done
    }

    static let approve = Command(
        ["approval", "approve"],
        "let a call be made",
        details:
            "It is for exactly that call: the same grant, tool, arguments and policy. A call that is held goes on within a\n"
            + "second; any other client makes it again.",
        operands: operand,
        options: [member, ServiceKeys.dataOption, .output],
        examples: [
            ("yes", "toolgate approval approve 3f2a"), ("as ana", "toolgate approval approve 3f2a --member ana"),
        ]
    ) { invocation throws(CommandFailure) in
        let record = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            let approval = try records.approval(invocation.operands[0])
            return try writer.approve(approval.id, by: try approver(invocation, records))
        }
        let sentence =
            record.standing == .approved
            ? "`\(record.tool)` may be called, until \(record.lapses.toTheSecond)"
            : "noted; the policy wants somebody else to agree too"
        invocation.report(record.shown(at: SystemTime().wallTime), sentence)
        return .done
    }

    static let deny = Command(
        ["approval", "deny"],
        "refuse a call",
        operands: operand,
        options: [
            CommandOption("reason", "TEXT", "what the agent is told"), member, ServiceKeys.dataOption, .output,
        ],
        examples: [("no", "toolgate approval deny 3f2a --reason 'ask the sales desk'")]
    ) { invocation throws(CommandFailure) in
        let record = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            let approval = try records.approval(invocation.operands[0])
            let reason = invocation.value("reason").map { ByteString($0) }
            try writer.deny(approval.id, by: try approver(invocation, records), reason: reason)
            return try records.reader.approval(approval.id) ?? approval
        }
        invocation.report(record.shown(at: SystemTime().wallTime), "`\(record.tool)` is refused")
        return .done
    }

    private static func approver(_ invocation: Invocation, _ records: Records) throws(StoreError) -> Approver {
        guard let label = invocation.value("member") else {
            return .keeper
        }
        return .member(try records.member(label).id)
    }
}

extension Records {
    /// An approval by its id, or the beginning of it when no other begins so.
    func approval(_ text: String) throws(StoreError) -> ApprovalRecord {
        let prefix = Array(text.lowercased().utf8)
        let known = try reader.approvals().filter { $0.id.text.starts(with: prefix) }
        guard text.utf8.count >= 4, let first = known.first else {
            throw .refused("there is no approval `\(text)`: `toolgate approval list` shows what waits")
        }
        guard known.count == 1 else {
            throw .refused("`\(text)` begins \(known.count) approvals: write more of it")
        }
        return first
    }
}
