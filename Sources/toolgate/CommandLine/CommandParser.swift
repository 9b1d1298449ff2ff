/// Turns words into an ``Invocation``, or says what is wrong with them and what to write instead.
struct CommandParser {
    let commands: [Command]
    let console: Console

    /// What the words ask for.
    enum Request {
        case run(Invocation)
        case helpForAll
        case help(Command)
        /// Help for the commands that share a first word.
        case helpForGroup(String)
    }

    /// Reads the words after the program's name.
    func parse(_ words: [String]) throws(CommandFailure) -> Request {
        guard let first = words.first else {
            throw .usage("say what to do, for example `toolgate up --help`; `toolgate help` lists the commands")
        }
        if first == "--help" || first == "-h" {
            return .helpForAll
        }
        if first == "--version" {
            return try parse(["version"] + words.dropFirst())
        }
        if first == "help" {
            return try help(Array(words.dropFirst()))
        }
        if first.hasPrefix("-") {
            throw .usage("a command comes first, before `\(first)`: `toolgate help` lists them")
        }
        return try parseCommand(words)
    }

    private func help(_ words: [String]) throws(CommandFailure) -> Request {
        guard let first = words.first, !first.hasPrefix("-") else {
            return .helpForAll
        }
        if let command = commands.first(where: { $0.words == words }) {
            return .help(command)
        }
        if words.count == 1, commands.contains(where: { $0.words.count > 1 && $0.words[0] == first }) {
            return .helpForGroup(first)
        }
        throw unknownCommand(words)
    }

    private func parseCommand(_ words: [String]) throws(CommandFailure) -> Request {
        let matching = commands.filter { words.starts(with: $0.words) }
        if let command = matching.max(by: { $0.words.count < $1.words.count }) {
            return try parseArguments(Array(words.dropFirst(command.words.count)), of: command)
        }
        let group = commands.filter { $0.words.count > 1 && $0.words[0] == words[0] }
        guard !group.isEmpty else {
            throw unknownCommand(words)
        }
        if words.count > 1, words[1] == "--help" || words[1] == "-h" {
            return .helpForGroup(words[0])
        }
        guard words.count > 1, !words[1].hasPrefix("-") else {
            let list = group.map { "`\($0.words[1])`" }.joined(separator: ", ")
            throw .usage("`toolgate \(words[0])` needs one more word: \(list)")
        }
        throw unknownCommand(words)
    }

    private func unknownCommand(_ words: [String]) -> CommandFailure {
        let depth = commands.contains { $0.words.count > 1 && $0.words[0] == words[0] } ? 2 : 1
        let written = words.prefix(depth).joined(separator: " ")
        let hint = NearestName.of(written, in: commands.map(\.name)).map { "did you mean `toolgate \($0)`? " } ?? ""
        return .usage("unknown command `\(written)`: \(hint)`toolgate help` lists the commands")
    }

    private func parseArguments(_ words: [String], of command: Command) throws(CommandFailure) -> Request {
        var values: [String: [String]] = [:]
        var operands: [String] = []
        var rest = words[...]
        var onlyOperands = false
        while let word = rest.popFirst() {
            if onlyOperands || word == "-" || !word.hasPrefix("-") {
                operands.append(word)
            } else if word == "--" {
                onlyOperands = true
            } else if word == "--help" || word == "-h" {
                return .help(command)
            } else {
                let (option, value) = try parseOption(word, rest: &rest, of: command)
                guard option.isRepeatable || values[option.name] == nil else {
                    throw .usage("`--\(option.name)` is given twice: give it once")
                }
                values[option.name, default: []].append(value)
            }
        }
        try fillFromEnvironment(&values, of: command)
        try check(operands, of: command)
        return .run(Invocation(command: command, values: values, operands: operands, console: console))
    }

    private func parseOption(
        _ word: String,
        rest: inout ArraySlice<String>,
        of command: Command
    ) throws(CommandFailure) -> (CommandOption, String) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let isLong = word.hasPrefix("--")
        let written = String(parts[0].drop { $0 == "-" })
        let short = isLong || written.count != 1 ? nil : command.options.first { $0.letter == written.first }
        let name = short?.name ?? written
        guard isLong || short != nil, let option = command.options.first(where: { $0.name == name }) else {
            let near = NearestName.of(name, in: command.options.map(\.name) + ["help"])
            let hint = near.map { "did you mean `--\($0)`? " } ?? ""
            throw .usage("unknown option `\(parts[0])`: \(hint)`toolgate \(command.name) --help` lists the options")
        }
        guard let placeholder = option.placeholder else {
            guard parts.count == 1 else {
                throw .usage("`--\(name)` takes no value: write it alone")
            }
            return (option, "")
        }
        let value: String
        if parts.count == 2 {
            value = String(parts[1])
        } else if let next = rest.first, next == "-" || !next.hasPrefix("--") {
            rest.removeFirst()
            value = next
        } else {
            throw .usage("`--\(name)` needs a value: `--\(name) \(placeholder)`")
        }
        try check(value, of: option, writtenAs: "--\(name)")
        return (option, value)
    }

    private func check(_ value: String, of option: CommandOption, writtenAs name: String) throws(CommandFailure) {
        guard !value.isEmpty else {
            throw .usage("`\(name)` is empty: give it a value or leave it out")
        }
        guard option.choices.isEmpty || option.choices.contains(value) else {
            let list = option.choices.map { "`\($0)`" }.joined(separator: " or ")
            throw .usage("`\(name)` cannot be `\(value)`: write \(list)")
        }
    }

    private func fillFromEnvironment(
        _ values: inout [String: [String]],
        of command: Command
    ) throws(CommandFailure) {
        for option in command.options where values[option.name] == nil {
            guard let variable = option.environment, let text = console.environment[variable], !text.isEmpty else {
                continue
            }
            let parts = option.isRepeatable ? text.split(separator: ",").map(String.init) : [text]
            for part in parts {
                try check(part, of: option, writtenAs: variable)
            }
            values[option.name] = parts
        }
    }

    private func check(_ operands: [String], of command: Command) throws(CommandFailure) {
        let rule = command.operands
        if rule.count.contains(operands.count) {
            return
        }
        if operands.count > rule.count.upperBound {
            let extra = operands[rule.count.upperBound]
            let all = commands.filter { $0.words.count == 1 }.flatMap(\.options).map(\.name)
            let hint = all.contains(extra) ? "did you mean `--\(extra)`?" : "leave it out"
            throw .usage("`\(extra)` is one word too many for `toolgate \(command.name)`: \(hint)")
        }
        throw .usage("`toolgate \(command.name)` needs \(rule.placeholder): see `toolgate \(command.name) --help`")
    }
}

/// Finds the known name a mistyped one was probably meant to be.
enum NearestName {
    /// The closest of `names`, if it is close enough to be a slip; ties go to the first.
    static func of(_ written: String, in names: [String]) -> String? {
        let bytes = Array(written.utf8.prefix(64))
        let reach = max(1, bytes.count / 3)
        let scored = names.map { (name: $0, distance: distance(bytes, Array($0.utf8.prefix(64)))) }
        guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= reach else {
            return names.first { $0.utf8.count > bytes.count && bytes.count >= 2 && $0.utf8.starts(with: bytes) }
        }
        return best.name
    }

    /// Edits (insert, delete, replace, swap of neighbours) between two short byte runs.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, leftByte) in left.enumerated() {
            var current = [row + 1]
            for (column, rightByte) in right.enumerated() {
                var best = min(
                    last[column + 1] + 1,
                    current[column] + 1,
                    last[column] + (leftByte == rightByte ? 0 : 1)
                )
                if row > 0, column > 0, leftByte == right[column - 1], left[row - 1] == rightByte {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
