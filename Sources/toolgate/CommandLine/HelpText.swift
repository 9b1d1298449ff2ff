/// Writes the help of a command, a group or all of them, from the same data the parser reads.
enum HelpText {
    static let tagline =
        "Toolgate: a policy gateway for MCP. Agents call their tools through it; the policy decides which calls go on."

    /// The list of all commands.
    static func all(_ commands: [Command]) -> String {
        var text = "\(tagline)\n\nusage: toolgate COMMAND [options]\n\ncommands\n"
        text += table(commands.map { ($0.name, $0.summary) })
        text += "\n`toolgate COMMAND --help` explains one, with examples.\n"
        text += "exit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 3 something is missing around us\n"
        return text
    }

    /// The list of the commands that begin with `group`.
    static func group(_ group: String, in commands: [Command]) -> String {
        let members = commands.filter { $0.words.count > 1 && $0.words[0] == group }
        return "usage: toolgate \(group) COMMAND [options]\n\ncommands\n"
            + table(members.map { ($0.name, $0.summary) })
            + "\n`toolgate \(group) COMMAND --help` explains one, with examples.\n"
    }

    /// Everything about one command.
    static func command(_ command: Command) -> String {
        var usage = "usage: toolgate \(command.name)"
        if !command.options.isEmpty {
            usage += " [options]"
        }
        if !command.operands.placeholder.isEmpty {
            usage += " \(command.operands.placeholder)"
        }
        var text = "\(usage)\n\n\(command.summary)\n"
        if !command.details.isEmpty {
            text += "\n\(command.details)\n"
        }
        text += "\noptions\n" + table(command.options.map(row) + [("--help", "this text")])
        text += "\nexamples\n"
        for example in command.examples {
            text += "  # \(example.does)\n  \(example.line)\n"
        }
        return text
    }

    private static func row(_ option: CommandOption) -> (String, String) {
        let name = (option.letter.map { "-\($0), " } ?? "") + "--\(option.name)"
        let left = option.placeholder.map { "\(name) \($0)" } ?? name
        var right = option.summary
        if option.isRepeatable {
            right += "; repeatable"
        }
        if let variable = option.environment {
            right += " [\(variable)]"
        }
        return (left, right)
    }

    /// Two columns; a left side that is too long gets a line of its own.
    private static func table(_ rows: [(left: String, right: String)]) -> String {
        let widest = 28
        let width = min(rows.map(\.left.utf8.count).max() ?? 0, widest)
        var text = ""
        for row in rows {
            let padding = width - row.left.utf8.count
            if padding >= 0 {
                text += "  \(row.left)\(String(repeating: " ", count: padding))  \(row.right)\n"
            } else {
                text += "  \(row.left)\n  \(String(repeating: " ", count: width))  \(row.right)\n"
            }
        }
        return text
    }
}
