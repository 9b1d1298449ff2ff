import Administration
import Base
import PolicyEngine
import Settings
import Stores

/// `toolgate policy list | show | add | edit | history | rollback | remove`: the policies of the store.
enum PolicyRecordCommands {
    static let all = [list, show, add, edit, history, rollback, remove]

    private static let operand = CommandOperands(placeholder: "NAME", count: 1...1)
    private static let noteOption = CommandOption("note", "TEXT", "a word on why, kept with the version")

    static let list = Command(
        ["policy", "list"],
        "list the policies of the store",
        options: [ServiceKeys.dataOption, .output],
        examples: [("all of them", "toolgate policy list")]
    ) { invocation throws(CommandFailure) in
        let records = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.shown(try records.reader.policies())
        }
        invocation.list(
            records,
            columns: [
                ("name", "NAME"), ("server", "SERVER"), ("version", "VERSION"), ("changed", "CHANGED"),
                ("author", "BY"), ("grants", "GRANTS"),
            ],
            empty: "no policies yet: `toolgate policy add NAME --server SERVER --file FILE`"
        )
        return .done
    }

    static let show = Command(
        ["policy", "show"],
        "print a policy's document",
        details: "The document goes to standard output as it was given, so that it can be kept in a file.",
        operands: operand,
        options: [
            CommandOption("version", "N", "an older version (default: the one in force)"),
            ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("what is in force", "toolgate policy show crm-sales"),
            ("what was, in a file", "toolgate policy show crm-sales --version 3 > crm-sales.json"),
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let number = try invocation.value("version").map { text throws(CommandFailure) -> Int in
            try WholeNumber.parse(text, option: "--version", in: 1...1_000_000_000)
        }
        let (record, version) = try OpenStore(existing: invocation).read { records throws(StoreError) in
            let policy = try records.policy(name)
            let version = try records.version(number, of: policy)
            return (try records.shown(policy, version: version), version)
        }
        guard !invocation.printsJSON else {
            invocation.show(record.adding([("document", version.shownDocument)]))
            return .done
        }
        for line in record.lines {
            invocation.console.say(line)
        }
        var text = TerminalText.safe(version.source, keepsColours: false)
        if text.last != UInt8(ascii: "\n") {
            text.append(UInt8(ascii: "\n"))
        }
        invocation.console.writeOutput(text)
        return .done
    }

    static let add = Command(
        ["policy", "add"],
        "add a policy for a server",
        details:
            "The document is compiled first, and refused whole when it has an error. It decides nothing before a grant\n"
            + "is under it.",
        operands: operand,
        options: [
            CommandOption("server", "NAME", "the server it is for"),
            CommandOption("file", "FILE|-", "its document"), noteOption, PolicyFiles.toolsOption,
            ServiceKeys.dataOption, .output,
        ],
        examples: [("from a file", "toolgate policy add crm-sales --server crm --file crm-sales.json")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        guard let target = invocation.value("server"), let file = invocation.value("file") else {
            throw .usage("`--server` and `--file` are needed: see `toolgate policy add --help`")
        }
        let document = try PolicyDocument.compile(PolicyFiles.read(file), from: file, invocation)
        let note = invocation.value("note").map { ByteString($0) }
        let record = try OpenStore(existing: invocation).change { writer, records throws(StoreError) in
            guard try records.reader.policy(named: ByteString(name)) == nil else {
                throw .refused("there is a policy `\(name)` already: `toolgate policy edit` changes it")
            }
            let policy = PolicyRecord(server: try records.server(target).id, name: ByteString(name))
            try writer.save(policy)
            try writer.add(version: document.source, digest: document.policy.digest, to: policy.id, note: note)
            return try records.shown(try records.policy(name))
        }
        invocation.report(record, "policy `\(name)` is added, version 1")
        return .done
    }

    static let edit = Command(
        ["policy", "edit"],
        "give a policy another document, or another name",
        details:
            "The document is compiled first, and refused whole when it has an error; what becomes different for calls is\n"
            + "printed. It is a new version, in force within a second; the older ones are kept. Without --file the one in\n"
            + "force is opened in $VISUAL or $EDITOR. With --dry-run it only says what would become different.",
        operands: operand,
        options: [
            CommandOption("file", "FILE|-", "the new document"), noteOption,
            CommandOption("rename", "NAME", "another name"), PolicyFiles.toolsOption,
            CommandOption("dry-run", nil, "change nothing"), ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("from a file", "toolgate policy edit crm-sales --file crm-sales.json --note 'cap raised'"),
            ("in an editor", "toolgate policy edit crm-sales"),
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        if invocation.isOn("rename"), !invocation.isOn("file") {
            return try rename(name, store, invocation)
        }
        let note = invocation.value("note").map { ByteString($0) }
        if let file = invocation.value("file") {
            let document = try PolicyDocument.compile(PolicyFiles.read(file), from: file, invocation)
            return try put(document, in: name, note: note, store, invocation)
        }
        let seen = try store.read { records throws(StoreError) in
            try records.reader.currentVersion(of: try records.policy(name).id)
        }
        let (document, draft) = try PolicyEditor.edit(seen?.source ?? PolicyEditor.template, invocation)
        do throws(CommandFailure) {
            // Somebody worked on what they saw: a version made meanwhile must not be lost, nor their work.
            let status = try put(document, in: name, note: note, after: .some(seen?.number), store, invocation)
            draft.remove()
            return status
        } catch {
            throw CommandFailure(status: error.status, message: "\(error.message); the draft is `\(draft.path)`")
        }
    }

    static let history = Command(
        ["policy", "history"],
        "list the versions of a policy, the newest first",
        operands: operand,
        options: [ServiceKeys.dataOption, .output],
        examples: [("who changed what, and when", "toolgate policy history crm-sales")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let versions = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.reader.versions(of: try records.policy(name).id)
        }
        let records = versions.enumerated().map { index, version in version.shown(inForce: index == 0) }
        invocation.list(
            records,
            columns: [
                ("version", "VERSION"), ("time", "TIME"), ("author", "BY"), ("bytes", "BYTES"), ("note", "NOTE"),
            ],
            empty: "policy `\(name)` has no version yet"
        )
        return .done
    }

    static let rollback = Command(
        ["policy", "rollback"],
        "put an older version of a policy in force again",
        details: "It becomes a new version with the older one's document, so that nothing of the history is lost.",
        operands: CommandOperands(placeholder: "NAME VERSION", count: 2...2),
        options: [
            noteOption, PolicyFiles.toolsOption, CommandOption("dry-run", nil, "change nothing"),
            ServiceKeys.dataOption, .output,
        ],
        examples: [("back to version 3", "toolgate policy rollback crm-sales 3")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let number = try WholeNumber.parse(invocation.operands[1], option: "VERSION", in: 1...1_000_000_000)
        let store = try OpenStore(existing: invocation)
        let source = try store.read { records throws(StoreError) in
            try records.version(number, of: try records.policy(name)).source
        }
        let document = try PolicyDocument.compile(source, from: "\(name) version \(number)", invocation)
        let note = ByteString(invocation.value("note") ?? "back to version \(number)")
        return try put(document, in: name, note: note, store, invocation)
    }

    static let remove = Command(
        ["policy", "remove"],
        "remove a policy and all its versions",
        details: "Refused while a grant or a bundle is under it.",
        operands: operand,
        options: [Confirmation.option, ServiceKeys.dataOption, .output],
        examples: [("for good", "toolgate policy remove crm-sales")]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let store = try OpenStore(existing: invocation)
        let (id, count, revision) = try store.read { records throws(StoreError) in
            let policy = try records.policy(name)
            return (policy.id, try records.reader.versions(of: policy.id).count, try records.reader.revision())
        }
        try Confirmation.obtain("Remove policy `\(name)` and its \(count) versions?", invocation)
        try store.change(expecting: invocation.isOn("yes") ? nil : revision) { writer, _ throws(StoreError) in
            try writer.remove(policy: id)
        }
        invocation.report(removed: "policy", name)
        return .done
    }

    // MARK: - Parts

    /// What a new document comes to, and its version's number.
    private struct Put: Sendable {
        let record: ShownRecord
        let before: PolicyVersion?
        let isNew: Bool
    }

    /// Makes a document the version in force; with `seen`, only after that version, `nil` being none.
    private static func put(
        _ document: PolicyDocument,
        in name: String,
        note: ByteString?,
        after seen: Int?? = nil,
        _ store: OpenStore,
        _ invocation: Invocation
    ) throws(CommandFailure) -> CommandStatus {
        let isOnlyLooking = invocation.isOn("dry-run")
        let outcome: Put
        if isOnlyLooking {
            outcome = try store.read { records throws(StoreError) in
                let policy = try records.policy(name)
                let before = try records.reader.currentVersion(of: policy.id)
                return Put(record: try records.shown(policy), before: before, isNew: false)
            }
        } else {
            outcome = try store.change { writer, records throws(StoreError) in
                var policy = try records.policy(name)
                let before = try records.reader.currentVersion(of: policy.id)
                if let seen, before?.number != seen {
                    throw .refused("policy `\(name)` got another version meanwhile: look at it, then edit again")
                }
                if let another = invocation.value("rename") {
                    policy.name = ByteString(another)
                    try writer.save(policy)
                }
                let number = try writer.add(
                    version: document.source,
                    digest: document.policy.digest,
                    to: policy.id,
                    note: note
                )
                return Put(record: try records.shown(policy), before: before, isNew: number != before?.number)
            }
        }
        let changes = document.changes(from: outcome.before)
        guard !invocation.printsJSON else {
            let shown = changes.map { ShownValue.changes($0) } ?? .absent("")
            invocation.show(outcome.record.adding([("new_version", .flag(outcome.isNew)), ("changes", shown)]))
            return .done
        }
        if let changes {
            PolicyChanges.tell(changes, invocation.console)
        } else {
            invocation.console.say("there is no version before that loads, so nothing to compare with")
        }
        let sentence =
            if isOnlyLooking {
                "dry run: nothing was changed"
            } else if outcome.isNew {
                "policy `\(name)`: version \(outcome.record["version"]?.line ?? "") is in force"
            } else {
                "policy `\(name)` has this document already: no new version"
            }
        invocation.console.say(sentence)
        return .done
    }

    private static func rename(
        _ name: String,
        _ store: OpenStore,
        _ invocation: Invocation
    ) throws(CommandFailure) -> CommandStatus {
        guard !invocation.isOn("dry-run"), !invocation.isOn("note") else {
            throw .usage("`--dry-run` and `--note` are for a document: give `--file`, or leave them out")
        }
        let (old, new) = try store.change { writer, records throws(StoreError) in
            var policy = try records.policy(name)
            let old = try records.shown(policy)
            policy.name = invocation.value("rename").map { ByteString($0) } ?? policy.name
            try writer.save(policy)
            return (old, try records.shown(policy))
        }
        invocation.report(new, EditOptions.sentence("policy", name, old, new), from: old)
        return .done
    }
}
