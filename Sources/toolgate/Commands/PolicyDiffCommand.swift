import Administration
import Base
import PolicyEngine

/// `toolgate policy diff`: what a change of a policy does to calls.
enum PolicyDiffCommand {
    static let command = Command(
        ["policy", "diff"],
        "say which calls a changed policy newly allows, denies or limits",
        details: "Computed from the two documents. With --tools for the tools there are, else key by key.",
        operands: CommandOperands(placeholder: "OLD NEW", count: 2...2),
        options: [
            PolicyFiles.toolsOption,
            CommandOption("log", "FILE", "count against recorded calls: comes in a later release"),
            CommandOption("against", "DURATION", "count against recorded calls: comes in a later release"),
            .output,
        ],
        examples: [
            ("before a change goes live", "toolgate policy diff crm-sales.json crm-sales-new.json --tools tools.json"),
            ("for a script", "toolgate policy diff --output json old.json new.json"),
        ]
    ) { invocation throws(CommandFailure) in
        for option in ["log", "against"] where invocation.value(option) != nil {
            throw .usage("`--\(option)` comes in a later release: leave it out to compare the documents")
        }
        let old = try PolicyFiles.load(invocation.operands[0], console: invocation.console)
        let new = try PolicyFiles.load(invocation.operands[1], console: invocation.console)
        let changes = PolicyDifference.changes(from: old, to: new, tools: try PolicyFiles.tools(invocation))
        if invocation.printsJSON {
            invocation.show(ShownRecord([("changes", .changes(changes))]))
        } else {
            PolicyChanges.tell(changes, invocation.console)
        }
        return .done
    }
}

/// What a change of a policy does to calls, as commands print it.
enum PolicyChanges {
    static func tell(_ changes: [PolicyChange], _ console: Console) {
        for change in changes {
            let effect = console.coloured(change.effect.rawValue, colour(change.effect))
            console.output("\(effect)  \(change.sentence)  [\(change.pointer)]")
        }
        if changes.isEmpty {
            console.say("no call is decided differently")
        }
    }

    private static func colour(_ effect: PolicyChange.Effect) -> Console.Colour {
        switch effect {
        case .newlyAllowed, .lessLimited, .lessApproved: .green
        case .newlyDenied: .red
        case .newlyLimited, .newlyApproved, .mixed: .yellow
        case .wording: .dim
        }
    }
}
