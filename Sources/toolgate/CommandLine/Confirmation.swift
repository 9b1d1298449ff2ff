/// Asks before something that cannot be taken back.
enum Confirmation {
    /// The option of every command that asks.
    static let option = CommandOption("yes", nil, "do not ask")

    /// Goes on when `--yes` is given or a person types `yes`.
    ///
    /// - Throws: a refusal when the answer is another one, wrong usage when nobody is there to be asked.
    static func obtain(_ question: String, _ invocation: Invocation) throws(CommandFailure) {
        guard !invocation.isOn("yes") else {
            return
        }
        guard invocation.console.inputIsTerminal else {
            let look = invocation.command.options.contains { $0.name == "dry-run" }
            throw .usage(
                "nobody is there to be asked: add `--yes`\(look ? ", or `--dry-run` to look only" : ""); "
                    + "nothing was changed"
            )
        }
        guard isAgreed(question, invocation.console) else {
            throw .refused("nothing was changed")
        }
    }

    /// Whether a person, who is there, types `yes`.
    static func isAgreed(_ question: String, _ console: Console) -> Bool {
        console.say("\(question) Type yes to go on:")
        return console.readAnswer() == "yes"
    }
}
