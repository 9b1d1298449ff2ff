/// What a process says when it ends (interfaces.md, "Command line").
enum CommandStatus: Int32 {
    /// Everything asked for was done.
    case done = 0
    /// A check failed, or input was refused.
    case refused = 1
    /// The command was called wrongly.
    case usage = 2
    /// Something around us is missing or broken: a file, a port, the network.
    case environment = 3
}

/// Why a command could not do its work: a sentence for the person at the terminal, and the exit code.
struct CommandFailure: Error, Equatable {
    let status: CommandStatus
    let message: String

    static func usage(_ message: String) -> CommandFailure {
        CommandFailure(status: .usage, message: message)
    }

    static func environment(_ message: String) -> CommandFailure {
        CommandFailure(status: .environment, message: message)
    }

    static func refused(_ message: String) -> CommandFailure {
        CommandFailure(status: .refused, message: message)
    }
}

/// One option of a command, as data: the parser, the help text and its test all read this.
struct CommandOption: Sendable {
    /// Without the dashes.
    let name: String
    /// What stands for its value in the help; `nil` for a switch.
    let placeholder: String?
    /// One line of help.
    let summary: String
    /// The variable that stands in when the option is absent.
    let environment: String?
    /// The only values it may have; empty for any.
    let choices: [String]
    /// The one letter that stands for it too, without the dash.
    let letter: Character?
    /// Whether it may be given more than once (its variable then holds a comma-separated list).
    let isRepeatable: Bool

    init(
        _ name: String,
        _ placeholder: String? = nil,
        _ summary: String,
        environment: String? = nil,
        choices: [String] = [],
        letter: Character? = nil,
        isRepeatable: Bool = false
    ) {
        self.name = name
        self.placeholder = placeholder
        self.summary = summary
        self.environment = environment
        self.choices = choices
        self.letter = letter
        self.isRepeatable = isRepeatable
    }

    /// The one way to ask for output that programs read.
    static let output = CommandOption(
        "output",
        "json",
        "print what a program can read instead of text",
        choices: ["json", "text"]
    )
}

/// What may follow a command besides options.
struct CommandOperands: Sendable {
    /// How the help shows them, for example `FILE...`; empty for none.
    let placeholder: String
    /// How many there may be.
    let count: ClosedRange<Int>

    static let none = CommandOperands(placeholder: "", count: 0...0)
}

/// One command, as data.
struct Command: Sendable {
    /// The words that name it, for example `policy check`.
    let words: [String]
    /// One line for the list of commands.
    let summary: String
    /// A few lines for its own help; may be empty.
    let details: String
    let operands: CommandOperands
    let options: [CommandOption]
    /// Lines a person can paste, each with what it does.
    let examples: [(does: String, line: String)]
    let run: @Sendable (Invocation) throws(CommandFailure) -> CommandStatus

    init(
        _ words: [String],
        _ summary: String,
        details: String = "",
        operands: CommandOperands = .none,
        options: [CommandOption] = [],
        examples: [(does: String, line: String)],
        run: @escaping @Sendable (Invocation) throws(CommandFailure) -> CommandStatus
    ) {
        self.words = words
        self.summary = summary
        self.details = details
        self.operands = operands
        self.options = options
        self.examples = examples
        self.run = run
    }

    /// The words with a space between them.
    var name: String { words.joined(separator: " ") }
}

/// A command that was called rightly: its values, and where to write.
struct Invocation: Sendable {
    let command: Command
    let values: [String: [String]]
    let operands: [String]
    let console: Console

    /// The value of an option that is given at most once.
    func value(_ option: String) -> String? {
        values[option]?.first
    }

    /// All values of an option.
    func all(_ option: String) -> [String] {
        values[option] ?? []
    }

    /// Whether a switch is on.
    func isOn(_ option: String) -> Bool {
        values[option] != nil
    }

    /// Whether `--output json` was asked for.
    var printsJSON: Bool { value("output") == "json" }
}
