import TestSupport
import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

/// The help texts are compared with the files in `Tests/Conformance/help`.
///
/// `TOOLGATE_RECORD=1` writes them anew.
@Suite("help texts")
struct HelpTests {
    private static let folder = "\(Corpora.repository)/Tests/Conformance/help"
    private static let isRecording = getenv("TOOLGATE_RECORD") != nil

    private func compare(_ text: String, with name: String) throws {
        let path = "\(Self.folder)/\(name).txt"
        if Self.isRecording {
            try FileAccess.write(Array(text.utf8), to: path)
        }
        let expected = try #require(Corpora.bytes(ofFile: path), "no \(path): record it with TOOLGATE_RECORD=1")
        #expect(text == String(decoding: expected, as: UTF8.self), "record anew with TOOLGATE_RECORD=1, and review")
    }

    @Test("the list of commands is the recorded one")
    func list() throws {
        try compare(HelpText.all(CommandTable.all), with: "help")
    }

    @Test("each command's help is the recorded one", arguments: CommandTable.all.map(\.name))
    func command(name: String) throws {
        let command = try #require(CommandTable.all.first { $0.name == name })
        try compare(HelpText.command(command), with: command.words.joined(separator: "-"))
    }

    @Test("every command has an example, every option one line, no line is wider than 120")
    func shape() {
        for command in CommandTable.all {
            #expect(!command.examples.isEmpty, "\(command.name)")
            for option in command.options {
                #expect(!option.summary.isEmpty && !option.summary.contains("\n"), "\(command.name) --\(option.name)")
            }
            for line in HelpText.command(command).split(separator: "\n") {
                #expect(line.count <= 120, "\(line)")
            }
        }
    }

    @Test("wrong usage is told on standard error and exits 2, help goes to standard output and exits 0")
    func streams() {
        let console = RecordingConsole()
        #expect(CommandTable.run(["nonsense"], console: console.console) == .usage)
        #expect(console.output.isEmpty)
        #expect(console.error.hasPrefix("toolgate: unknown command `nonsense`"))
        #expect(CommandTable.run(["help"], console: console.console) == .done)
        #expect(console.output.hasPrefix("Toolgate: a policy gateway"))
    }
}
