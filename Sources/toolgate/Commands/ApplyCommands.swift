import Administration
import Base
import EventLoops
import Provisioning
import Settings
import StoreSQLite
import Stores

/// `toolgate apply` and `toolgate export`: the store and a file that describes it.
enum ApplyCommands {
    static let all = [apply, export]

    static let apply = Command(
        ["apply"],
        "bring the store to what toolgate.yaml says",
        details:
            "Shows what would be created, changed and removed, asks, then does all of it or nothing. A running gateway\n"
            + "has it in force within a second. Secrets are shown by reference only.\n"
            + "What the file does not mention stays, unless --prune is given.",
        options: [
            CommandOption("file", "FILE", "the configuration (default: toolgate.yaml)"),
            CommandOption("prune", nil, "also remove servers, policies and grants the file does not mention"),
            CommandOption("dry-run", nil, "only show; exit code 0 whether or not there is something to do"),
            Confirmation.option, ServiceKeys.dataOption, .output,
        ],
        examples: [
            ("look first, then answer", "toolgate apply --file toolgate.yaml"),
            (
                "from a pipeline, the file being everything there is",
                "toolgate apply --file toolgate.yaml --prune --yes"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        let file = invocation.value("file") ?? "toolgate.yaml"
        let isOnlyLooking = invocation.isOn("dry-run")
        let loaded = ConfigurationFile(path: file, environment: invocation.console.environment).load()
        for line in loaded.warnings + loaded.problems {
            invocation.console.say(line)
        }
        guard let configuration = loaded.configuration else {
            let isMissing = loaded.sources.contains { $0.value == nil }
            throw isMissing
                ? .environment("a file is missing: see above; nothing was changed")
                : .refused("`\(file)` is refused: see above; nothing was changed")
        }
        // Looking makes no store: without one, everything would be new.
        let (store, path) = try isOnlyLooking ? existing(invocation) : opened(invocation)
        let removal: Removal = invocation.isOn("prune") ? .everything : .nothing
        let plan = try plan(configuration, loaded, file: file, removal: removal, store: store, at: path)
        show(plan, isOnlyLooking: isOnlyLooking, invocation)
        guard !isOnlyLooking, !plan.isEmpty else {
            return .done
        }
        try Confirmation.obtain("Apply these changes?", invocation)
        let author = Author(.file, name: ByteString(FileAccess.absolute(file)))
        try StoreAccess.attempt(path) { () throws(StoreError) in
            try Provisioning.apply(plan, to: store, by: author)
        }
        invocation.console.say("done: the store is at revision \(plan.revision + 1)")
        return .done
    }

    static let export = Command(
        ["export"],
        "write the store as a configuration file",
        details:
            "Servers, policies as they are in force, and grants; secrets by reference, tokens as digests. Applying the file\n"
            + "to the same store changes nothing. Revoked grants, credentials, pins and older versions are not in it.",
        options: [ServiceKeys.dataOption],
        examples: [("to keep it in version control", "toolgate export > toolgate.yaml")]
    ) { invocation throws(CommandFailure) in
        let (store, path) = try existing(invocation)
        let text = try StoreAccess.attempt(path) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in try Provisioning.export(reader) }
        }
        invocation.console.writeOutput(text)
        return .done
    }

    private static func opened(_ invocation: Invocation) throws(CommandFailure) -> (any Store, String) {
        let directory = try ServiceKeys.open(invocation)
        return (try StoreAccess.open(directory), directory.store)
    }

    /// The store that is there, else an empty one in memory.
    private static func existing(_ invocation: Invocation) throws(CommandFailure) -> (any Store, String) {
        let folder = try ServiceKeys.folder(invocation)
        guard FileAccess.stamp(folder) != nil else {
            return (MemoryStore(time: SystemTime()), folder)
        }
        let directory = try ServiceKeys.openExisting(invocation)
        guard let store = try StoreAccess.openExisting(directory) else {
            return (MemoryStore(time: SystemTime()), directory.store)
        }
        return (store, directory.store)
    }

    private static func plan(
        _ configuration: Configuration,
        _ loaded: LoadedConfiguration,
        file: String,
        removal: Removal,
        store: any Store,
        at path: String
    ) throws(CommandFailure) -> ProvisionPlan {
        let result = try StoreAccess.attempt(path) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in
                try ProvisionPlanner.plan(
                    configuration,
                    digests: loaded.digests,
                    path: ConfigurationOrigin.file(file).path,
                    removal: removal,
                    in: reader
                )
            }
        }
        do throws(ProvisionProblems) {
            return try result.get()
        } catch {
            throw .refused(error.messages.joined(separator: "\n"))
        }
    }

    // MARK: - Showing

    private static func show(_ plan: ProvisionPlan, isOnlyLooking: Bool, _ invocation: Invocation) {
        let console = invocation.console
        for note in plan.notes {
            console.say("note: \(note)")
        }
        if invocation.printsJSON {
            return invocation.show(record(plan))
        }
        for change in plan.changes {
            let (sign, colour): (String, Console.Colour) =
                switch change.action {
                case .create: ("+", .green)
                case .change: ("~", .yellow)
                case .remove: ("-", .red)
                }
            console.output(console.coloured("\(sign) \(change.action.rawValue) \(change.subject)", colour))
            for detail in change.details {
                console.output("      \(detail)")
            }
        }
        let counts = ProvisionPlan.Action.allCases.map { action in
            "\(plan.changes.count { $0.action == action }) to \(action.rawValue)"
        }
        console.say(plan.isEmpty ? "the store is as the file says" : counts.joined(separator: ", "))
        if isOnlyLooking {
            console.say("dry run: nothing was changed")
        }
    }

    private static func record(_ plan: ProvisionPlan) -> ShownRecord {
        let changes = plan.changes.map { change in
            ShownRecord([
                ("action", .text(change.action.rawValue)), ("kind", .text(change.subject.kind.rawValue)),
                ("name", .text(change.subject.name.text)), ("details", .list(change.details.map { .text($0) })),
            ])
        }
        return ShownRecord([
            ("revision", .number(plan.revision)), ("changes", .list(changes.map { .record($0, line: "") })),
            ("notes", .list(plan.notes.map { .text($0) })),
        ])
    }
}
