import Synchronization
import Testing

@testable import toolgate

@Suite("the command line")
struct CommandLineTests {
    private static let cook = Command(
        ["cook"],
        "cook a meal",
        operands: CommandOperands(placeholder: "DISH", count: 1...1),
        options: [
            CommandOption("heat", "LEVEL", "how hot", environment: "TOOLGATE_HEAT", choices: ["low", "high"]),
            CommandOption("spice", "NAME", "what to add", environment: "TOOLGATE_SPICE", isRepeatable: true),
            CommandOption("quick", nil, "do not wait"),
        ],
        examples: [("soup", "toolgate cook soup")],
        run: { _ throws(CommandFailure) in .done }
    )
    private static let nested = ["check", "explain"].map { word in
        Command(["policy", word], "\(word) a policy", examples: [], run: { _ throws(CommandFailure) in .done })
    }

    private func parse(
        _ words: [String],
        environment: [String: String] = [:]
    ) throws(CommandFailure) -> CommandParser.Request {
        let console = RecordingConsole(environment: environment).console
        return try CommandParser(commands: [Self.cook] + Self.nested, console: console).parse(words)
    }

    private func invocation(_ words: [String], environment: [String: String] = [:]) throws -> Invocation {
        guard case .run(let invocation) = try parse(words, environment: environment) else {
            throw CommandFailure.usage("not a run")
        }
        return invocation
    }

    private func complaint(_ words: [String], environment: [String: String] = [:]) -> CommandFailure? {
        do throws(CommandFailure) {
            _ = try parse(words, environment: environment)
            return nil
        } catch {
            return error
        }
    }

    @Test("values come as a next word or after an equals sign, operands may stand anywhere")
    func spellings() throws {
        let first = try invocation(["cook", "--heat", "low", "soup", "--spice=salt", "--spice", "thyme", "--quick"])
        #expect(first.value("heat") == "low")
        #expect(first.all("spice") == ["salt", "thyme"])
        #expect(first.operands == ["soup"])
        #expect(first.isOn("quick"))
        #expect(try invocation(["cook", "--", "--odd"]).operands == ["--odd"])
        #expect(try invocation(["cook", "-"]).operands == ["-"])
    }

    @Test("plain http to another machine is refused with the option that allows it")
    func insecure() {
        let console = RecordingConsole(environment: [:])
        #expect(CommandTable.run(["connect", "http://tools.example.com/mcp/crm"], console: console.console) == .usage)
        #expect(console.error.contains("`--allow-insecure`") && !console.error.contains("allow_insecure"))
    }

    @Test("a variable stands in for an absent option and loses against a present one")
    func variables() throws {
        let variables = ["TOOLGATE_HEAT": "high", "TOOLGATE_SPICE": "salt,thyme"]
        #expect(try invocation(["cook", "soup"], environment: variables).value("heat") == "high")
        #expect(try invocation(["cook", "soup"], environment: variables).all("spice") == ["salt", "thyme"])
        #expect(try invocation(["cook", "soup", "--heat", "low"], environment: variables).value("heat") == "low")
        #expect(
            complaint(["cook", "soup"], environment: ["TOOLGATE_HEAT": "warm"])?.message
                == "`TOOLGATE_HEAT` cannot be `warm`: write `low` or `high`"
        )
    }

    @Test(
        "what is wrong is said with what to write instead, and exits 2",
        arguments: [
            ([], "say what to do, for example `toolgate up --help`; `toolgate help` lists the commands"),
            (["cok"], "unknown command `cok`: did you mean `toolgate cook`? `toolgate help` lists the commands"),
            (["policy"], "`toolgate policy` needs one more word: `check`, `explain`"),
            (
                ["policy", "chekc"],
                "unknown command `policy chekc`: did you mean `toolgate policy check`? `toolgate help` lists the commands"
            ),
            (
                ["cook", "--haet", "low"],
                "unknown option `--haet`: did you mean `--heat`? `toolgate cook --help` lists the options"
            ),
            (["cook", "-x"], "unknown option `-x`: `toolgate cook --help` lists the options"),
            (["cook", "soup", "--heat"], "`--heat` needs a value: `--heat LEVEL`"),
            (["cook", "soup", "--heat="], "`--heat` is empty: give it a value or leave it out"),
            (["cook", "soup", "--quick=yes"], "`--quick` takes no value: write it alone"),
            (["cook", "soup", "--heat", "low", "--heat", "low"], "`--heat` is given twice: give it once"),
            (["cook"], "`toolgate cook` needs DISH: see `toolgate cook --help`"),
            (["cook", "soup", "heat"], "`heat` is one word too many for `toolgate cook`: did you mean `--heat`?"),
            (["--heat"], "a command comes first, before `--heat`: `toolgate help` lists them"),
        ]
    )
    func complaints(words: [String], message: String) {
        #expect(complaint(words) == .usage(message))
    }

    @Test("help is reached from everywhere")
    func help() throws {
        for words in [["cook", "--help"], ["cook", "soup", "-h"], ["help", "cook"]] {
            guard case .help(let command) = try parse(words) else {
                Issue.record("\(words) is no help")
                continue
            }
            #expect(command.name == "cook")
        }
        guard case .helpForGroup("policy") = try parse(["help", "policy"]) else {
            Issue.record("no help for the group")
            return
        }
        guard case .helpForAll = try parse(["--help"]) else {
            Issue.record("no help for all")
            return
        }
    }

    @Test("colour needs a terminal and no NO_COLOR")
    func colour() {
        func console(_ environment: [String: String], terminal: Bool) -> Console {
            Console(
                writeOutput: { _ in },
                writeError: { _ in },
                environment: environment,
                outputIsTerminal: terminal,
                inputIsTerminal: terminal
            )
        }
        #expect(console([:], terminal: true).coloured("x", .red) == "\u{1B}[31mx\u{1B}[0m")
        #expect(console([:], terminal: false).coloured("x", .red) == "x")
        #expect(console(["NO_COLOR": "1"], terminal: true).coloured("x", .red) == "x")
        #expect(console(["TERM": "dumb"], terminal: true).coloured("x", .red) == "x")
    }
}
