import Base
import JSONText
import PolicyEngine
import StoreSQLite
import Stores
import ToolCatalogue

/// `toolgate policy suggest`: a first policy from what the tools are.
enum PolicySuggestCommand {
    static let command = Command(
        ["policy", "suggest"],
        "write a first policy from what a server's tools can do",
        details:
            "Reads are allowed, writes 30 a minute, what sets things going 10 a minute, deletion is hidden,"
            + " money needs\n"
            + "approval, and what is not known is not named: denied. --preset strict or permissive moves these"
            + " lines.\n"
            + "The policy goes to standard output; what deserves a thought besides is said on standard error.\n"
            + "--server takes the tools that were accepted for a server of the store. Read it before you use it.",
        options: [
            PolicyFiles.toolsOption,
            CommandOption("server", "NAME", "a server of the store, instead of --tools"),
            CommandOption(
                "preset",
                "PRESET",
                "recommended (as without it), strict or permissive",
                choices: PolicySuggestion.Preset.allCases.map(\.rawValue)
            ),
            ServiceKeys.dataOption,
        ],
        examples: [
            ("from a list", "toolgate policy suggest --tools tools.json > policies/crm.json"),
            ("from the store", "toolgate policy suggest --server crm --preset strict"),
        ]
    ) { invocation throws(CommandFailure) in
        let preset = PolicySuggestion.Preset(rawValue: invocation.value("preset") ?? "recommended") ?? .recommended
        let tools = try tools(invocation)
        let classified = tools.map { ($0, Classifier.classify($0)) }
        let suggestion = PolicySuggestion(
            classified.map { (String(decoding: $0.0.name, as: UTF8.self), $0.1.category) },
            preset: preset
        )
        let text = Array(suggestion.document.utf8)
        let (policy, findings) = CompiledPolicy.load(text)
        for finding in findings {
            invocation.console.say(PolicyFiles.line(finding, in: "the suggestion"))
        }
        guard policy != nil else {
            throw .refused("these tools cannot stand in one policy: see above")
        }
        invocation.console.writeOutput(text)
        tell(classified, suggestion, invocation.console)
        return .done
    }

    private static func tell(
        _ tools: [(DescribedTool, Classification)],
        _ suggestion: PolicySuggestion,
        _ console: Console
    ) {
        for name in suggestion.unnamed {
            console.say("`\(name)` cannot be named by an exact key and stays denied")
        }
        for (tool, classification) in tools {
            let name = String(decoding: tool.name, as: UTF8.self)
            if classification.category == .unclassified {
                console.say("`\(name)`: too little is known of it; it stays denied until you name it")
            }
            for finding in PoisonScanner.scan(tool) {
                console.say("`\(name)` is suspect: it \(finding.says) (\(finding.code.rawValue)): \(finding.quote)")
            }
            for hint in classification.signals.compactMap(\.suggestion) where classification.category != .destructive {
                console.say("`\(name)`: \(hint)")
            }
        }
        console.say(ClassificationWriter.summary(tools.map(\.1)))
    }

    // MARK: - tools

    private static func tools(_ invocation: Invocation) throws(CommandFailure) -> [DescribedTool] {
        switch (invocation.value("tools"), invocation.value("server")) {
        case (let path?, nil):
            var tools: [DescribedTool] = []
            var problems: [String] = []
            _ = ToolSource(bytes: try PolicyFiles.read(path), path: path).each {
                tools.append($0)
            } problem: {
                problems.append($0)
            }
            guard problems.isEmpty else {
                throw .refused(problems[0])
            }
            return tools
        case (nil, let name?):
            return try AcceptedTools.of(name, invocation)
        default:
            throw .usage("say where the tools are: `--tools FILE` or `--server NAME`, not both")
        }
    }
}
