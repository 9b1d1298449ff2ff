/// Every command there is, in the order the help lists them.
enum CommandTable {
    static let all: [Command] =
        [
            UpCommand.command, ConnectCommand.command, WrapCommand.command, DemoCommand.command, SandboxCommand.command,
            ScanCommand.command, AdoptCommand.command,
        ]
        + ServerCommands.all + [ServerConnectCommand.command] + ServerToolsCommands.all
        + BundleCommands.all + PolicyRecordCommands.all + PolicyCommands.all
        + CatalogueCommands.all + ApprovalCommands.all
        + GrantCommands.all + [GrantCommand.command] + MemberCommands.all + AccountCommands.all
        + TokenCommands.all + WebhookCommands.all + CredentialCommands.all + ApplyCommands.all
        + ConnectorCommands.all + AuditCommands.all + StoreCommands.all + KeyCommands.all + DebugCommands.all
        + [VersionCommand.command]

    /// Runs the words after the program's name and returns the exit code.
    static func run(_ words: [String], console: Console) -> CommandStatus {
        do throws(CommandFailure) {
            switch try CommandParser(commands: all, console: console).parse(words) {
            case .run(let invocation):
                return try invocation.command.run(invocation)
            case .helpForAll:
                console.writeOutput(Array(HelpText.all(all).utf8))
            case .help(let command):
                console.writeOutput(Array(HelpText.command(command).utf8))
            case .helpForGroup(let group):
                console.writeOutput(Array(HelpText.group(group, in: all).utf8))
            }
            return .done
        } catch {
            console.say("toolgate: \(error.message)")
            return error.status
        }
    }
}
