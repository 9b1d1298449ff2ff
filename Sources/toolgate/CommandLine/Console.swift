/// Where a command writes and what surrounds it; tests put their own in place of the terminal.
struct Console: Sendable {
    /// Data, for programs and pipes.
    let writeOutput: @Sendable ([UInt8]) -> Void
    /// Everything said to a person.
    let writeError: @Sendable ([UInt8]) -> Void
    /// The process's variables.
    let environment: [String: String]
    /// Whether standard output is a terminal.
    let outputIsTerminal: Bool
    /// Whether standard input is a terminal.
    let inputIsTerminal: Bool
    /// The next line a person types; `nil` at the end of the input.
    var readAnswer: @Sendable () -> String? = { nil }
    /// The next line a person types while nothing of it is shown; `nil` at the end of the input.
    var readHidden: @Sendable () -> String? = { nil }
    /// How many characters a line of the terminal has; `nil` when standard output is none.
    var outputWidth: Int?
    /// Lets a person edit a file with the program they chose; `false` when it ended badly.
    var edit: @Sendable (_ editor: String, _ path: String) -> Bool = { _, _ in false }

    /// A line of data.
    func output(_ line: String) {
        writeOutput(TerminalText.safe(Array(line.utf8), keepsColours: usesColour) + [UInt8(ascii: "\n")])
    }

    /// A line for the person.
    func say(_ line: String) {
        writeError(TerminalText.safe(Array(line.utf8), keepsColours: usesColour) + [UInt8(ascii: "\n")])
    }

    /// Colour only for a terminal that can show it and a person who did not decline (no-color.org).
    var usesColour: Bool {
        outputIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// `text` in a colour, or as it is.
    func coloured(_ text: String, _ colour: Colour) -> String {
        usesColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The few colours we use, as SGR parameters.
    enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case dim = "2"
        case bold = "1"
    }
}
