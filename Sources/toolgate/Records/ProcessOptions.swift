import Base
import Settings
import Stores

/// A server that is a process, on the command line: `NAME -- COMMAND ARG...` with `--env`, `--cwd` and `--process`.
enum ProcessOptions {
    static let options = [
        CommandOption(
            "env",
            "NAME=SOURCE",
            "a variable of its process: env:, file:, store: or open: as for --header",
            isRepeatable: true
        ),
        CommandOption("cwd", "DIR", "where its process runs (default: where the gateway does)"),
        CommandOption(
            "process",
            "shared|grant|session",
            "who shares a process of it: all, each grant or each session",
            choices: ProcessSettings.Sharing.allCases.map(\.rawValue)
        ),
    ]

    /// The names of the options, for those that go only with a process.
    static let names = options.map(\.name)

    /// The process that words and options describe.
    static func settings(_ words: [String], _ invocation: Invocation) throws(CommandFailure) -> ProcessSettings {
        guard let command = words.first else {
            throw .usage("there is no command after `--`")
        }
        var settings = ProcessSettings(
            // What has a slash is a path, seen from here; a bare name is looked up when it is started.
            command: ByteString(command.contains("/") ? FileAccess.absolute(command) : command),
            arguments: words.dropFirst().map { ByteString($0) }
        )
        try change(&settings, invocation)
        return settings
    }

    /// Puts what options say into settings.
    static func change(_ settings: inout ProcessSettings, _ invocation: Invocation) throws(CommandFailure) {
        if let directory = invocation.value("cwd") {
            settings.directory = ByteString(FileAccess.absolute(directory))
        }
        if let sharing = invocation.value("process").flatMap({ ProcessSettings.Sharing(rawValue: $0) }) {
            settings.sharing = sharing
        }
        if let refusal = settings.refusal {
            throw .usage("the command cannot be used: \(refusal)")
        }
    }

    /// `--env`, in the shape of headers.
    static func variables(_ invocation: Invocation) throws(CommandFailure) -> [HeaderReference] {
        var variables: [HeaderReference] = []
        for text in invocation.all("env") {
            let variable = try HeaderOption.parse(text, option: "--env")
            guard !variables.contains(where: { $0.name == variable.name }) else {
                throw .usage("`--env \(variable.name)` is given twice: give it once")
            }
            variables.append(variable)
        }
        return variables
    }
}
