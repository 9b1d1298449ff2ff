import Administration
import Base
import EventLoops
import People
import Secrets
import Settings
import Stores

/// `toolgate member invite | password | link | sessions | second-factor remove`: how members get into the console.
enum AccountCommands {
    static let all = [invite, password, link, sessions, removeSecondFactor]

    private static let operand = CommandOperands(placeholder: "LABEL", count: 1...1)
    private static let roles = MemberRole.allCases.map(\.rawValue)

    static let invite = Command(
        ["member", "invite"],
        "print a link with which somebody joins",
        details:
            "The link works once. A member who has that address gets an account and keeps the role they have; otherwise\n"
            + "whoever opens the link becomes a new member. A newer invitation to an address ends the older one.",
        operands: CommandOperands(placeholder: "EMAIL", count: 1...1),
        options: [
            CommandOption("role", "ROLE", "what a new member may do (default viewer)", choices: roles),
            CommandOption("expires", "LENGTH", "how long it is good, at most 30d (default 7d)"),
            ConsoleLink.option,
        ] + ServiceKeys.options + [.output],
        examples: [
            ("somebody who only looks", "toolgate member invite bo@example.com"),
            (
                "somebody who writes policies, behind a proxy",
                "toolgate member invite ana@example.com --role policy_manager --admin-url https://toolgate.example.com"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let access = try PeopleDeskAccess(existing: invocation)
        let lifetime = try LengthOfTime.option("expires", invocation).map { $0.components.seconds * 1_000 }
        let role = invocation.value("role").flatMap { MemberRole(rawValue: $0) } ?? .viewer
        let (invitation, token) = try access.attempt { desk throws(PeopleError) in
            try desk.invite(
                ByteString(invocation.operands[0]),
                role: role,
                inviter: nil,
                lifetime: lifetime ?? InvitationRecord.lifetime,
                by: OperatorName.author(invocation)
            )
        }
        let record = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try ShownPeople(records.reader, now: SystemTime().wallTime).record(of: invitation)
        }
        let link = try ConsoleLink.make("invitation", token, invocation)
        let sentence = "the invitation works once, until \(invitation.expires.toTheSecond)"
        hand(over: link, beside: record, sentence, invocation)
        return .done
    }

    static let password = Command(
        ["member", "password"],
        "set a member's password; their sessions end",
        details:
            "Gives a member an account when they have none; they sign in with their address. At a terminal it asks twice\n"
            + "and shows nothing. A second factor stays as it is.",
        operands: operand,
        options: [
            CommandOption("from", "SECRET", "instead of asking: env:VARIABLE, file:PATH or - for standard input")
        ] + ServiceKeys.options + [.output],
        examples: [
            ("somebody who forgot theirs", "toolgate member password ana"),
            ("in a script", "toolgate member password ana --from file:/run/secrets/ana"),
        ]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let member = try store.read { records throws(StoreError) in try records.member(label) }
        let access = try PeopleDeskAccess(existing: invocation)
        let password = try PasswordPrompt.read(invocation)
        try access.attempt { desk throws(PeopleError) in
            try desk.setPassword(of: member, to: password, by: OperatorName.author(invocation))
        }
        let record = try store.read { records throws(StoreError) in
            try ShownPeople(records.reader, now: SystemTime().wallTime).account(of: try records.member(label))
        }
        invocation.report(record ?? ShownRecord([]), "member `\(label)` signs in with the new password from now on")
        return .done
    }

    static let link = Command(
        ["member", "link"],
        "print the link that makes the first account, anew",
        details:
            "`toolgate up` prints it at its start while there is no account. It works once, for 24 hours; the one printed\n"
            + "before does nothing from then on. Once there is an account, `toolgate member invite` lets others join, and\n"
            + "`toolgate member password` gets somebody in again.",
        options: [ConsoleLink.option] + ServiceKeys.options + [.output],
        examples: [("the link was lost", "toolgate member link")]
    ) { invocation throws(CommandFailure) in
        let access = try PeopleDeskAccess(making: invocation)
        let token = try access.attempt { desk throws(PeopleError) in
            try desk.makeSetupLink(by: OperatorName.author(invocation))
        }
        guard let token else {
            throw .refused(
                "there is an account already: `toolgate member invite EMAIL` lets others join, `toolgate member password "
                    + "LABEL` sets a forgotten password"
            )
        }
        let ends = WallTime(milliseconds: SystemTime().wallTime.milliseconds + SetupLinkRecord.lifetime)
        hand(
            over: try ConsoleLink.make("setup", token, invocation),
            beside: ShownRecord([("expires", .time(ends))]),
            "the link works once, until \(ends.toTheSecond)",
            invocation
        )
        return .done
    }

    static let sessions = Command(
        ["member", "sessions"],
        "list where a member is signed in, or end that",
        operands: operand,
        options: [CommandOption("end", nil, "end all of them"), ServiceKeys.dataOption, .output],
        examples: [
            ("where ana is signed in", "toolgate member sessions ana"),
            ("after a laptop was lost", "toolgate member sessions ana --end"),
        ]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let records = try store.read { records throws(StoreError) in
            let now = SystemTime().wallTime
            let shown = try ShownPeople(records.reader, now: now)
            return try records.reader.sessions(of: records.member(label).id, at: now).map { shown.record(of: $0) }
        }
        guard invocation.isOn("end") else {
            invocation.list(
                records,
                columns: [
                    ("created", "SINCE"), ("last_seen", "LAST SEEN"), ("ends", "ENDS"), ("address", "FROM"),
                    ("client", "WITH"),
                ],
                empty: "`\(label)` is signed in nowhere"
            )
            return .done
        }
        let ended = try store.change { writer, records throws(StoreError) in
            try writer.endSessions(of: records.member(label).id)
        }
        invocation.report(
            ShownRecord([("member", .text(label)), ("ended", .number(ended))]),
            ended == 0 ? "`\(label)` was signed in nowhere" : "\(ended) sessions of `\(label)` are over"
        )
        return .done
    }

    static let removeSecondFactor = Command(
        ["member", "second-factor", "remove"],
        "take a member's second factor away, when app and codes are lost",
        details: "Their sessions end; their password stays. They set up a new one in the console.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("a phone was lost", "toolgate member second-factor remove ana")]
    ) { invocation throws(CommandFailure) in
        let label = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let has = try store.read { records throws(StoreError) in
            try records.reader.account(of: records.member(label).id)?.secondFactor != nil
        }
        guard has else {
            throw .refused("`\(label)` has no second factor")
        }
        try Confirmation.obtain("Take the second factor of `\(label)` away?", invocation)
        try store.change { writer, records throws(StoreError) in
            try writer.removeSecondFactor(of: records.member(label).id, proof: nil)
        }
        invocation.report(removed: "second factor of", label)
        return .done
    }

    /// Prints a link: alone on standard output for people and pipes, with its record for programs.
    private static func hand(
        over link: String,
        beside record: ShownRecord,
        _ sentence: String,
        _ invocation: Invocation
    ) {
        guard !invocation.printsJSON else {
            return invocation.console.writeOutput(record.adding([("link", .text(link))]).json)
        }
        invocation.console.output(link)
        invocation.console.say(sentence)
    }
}

/// A new password, from a terminal or from where `--from` says.
enum PasswordPrompt {
    static func read(_ invocation: Invocation) throws(CommandFailure) -> Secret<[UInt8]> {
        if let reference = invocation.value("from") {
            return Secret(try bytes(reference, invocation))
        }
        let console = invocation.console
        guard console.inputIsTerminal else {
            throw .usage(
                "nobody is there to be asked: say `--from env:VARIABLE`, `file:PATH` or `-`; nothing was changed"
            )
        }
        console.say("Type the new password, then Enter; nothing of it is shown:")
        let first = console.readHidden()
        console.say("Once more:")
        guard let first, let second = console.readHidden(), first == second, first.utf8.count < 4_000 else {
            throw .refused("the two are not the same: nothing was changed")
        }
        return Secret(Array(first.utf8))
    }

    private static func bytes(_ reference: String, _ invocation: Invocation) throws(CommandFailure) -> [UInt8] {
        if reference == "-" {
            return SecretText.trimmed(try PolicyFiles.read("-"))
        }
        if reference.hasPrefix("env:") {
            let name = String(reference.dropFirst(4))
            guard let value = invocation.console.environment[name] else {
                throw .environment("the variable `\(name)` is not set: nothing was changed")
            }
            return Array(value.utf8)
        }
        guard reference.hasPrefix("file:") else {
            // The text is not repeated: it may be the password itself.
            throw .usage("`--from` is env:VARIABLE, file:PATH or -; a password among the words is seen by everybody")
        }
        return SecretText.trimmed(try PolicyFiles.read(String(reference.dropFirst(5))))
    }
}
