import Administration
import Base
import Stores

/// `toolgate server logs`: what a server that is a process said, and what happened to it.
enum ServerLogsCommand {
    static let command = Command(
        ["server", "logs"],
        "show what a server's process wrote to its standard error, and what happened to it",
        details:
            "Only servers that are processes have logs. `|` marks the process's own lines, `*` what the gateway did and\n"
            + "saw: starts, ends, kills. The last one to two MiB are kept, secrets of its environment masked.",
        operands: CommandOperands(placeholder: "NAME", count: 1...1),
        options: [
            CommandOption("lines", "COUNT", "how many of the last lines (default 100)", letter: "n"),
            ServiceKeys.dataOption,
        ],
        examples: [
            ("why it does not start", "toolgate server logs time"),
            ("the last thousand lines", "toolgate server logs time --lines 1000"),
        ]
    ) { invocation throws(CommandFailure) in
        let name = invocation.operands[0]
        let count = try invocation.value("lines").map { text throws(CommandFailure) in
            try WholeNumber.parse(text, option: "--lines", in: 1...1_000_000)
        }
        let server = try OpenStore(existing: invocation).read { records throws(StoreError) in
            try records.server(name)
        }
        guard case .process = server.upstream else {
            throw .refused("server `\(name)` is no process of the gateway's own: it keeps its log itself")
        }
        let path = "\(ServerLogs.folder(of: try ServiceKeys.folder(invocation)))/\(name).log"
        var lines: [ArraySlice<UInt8>] = []
        for file in ["\(path).1", path] where FileAccess.stamp(file) != nil {
            do throws(FileProblem) {
                lines += try FileAccess.read(file).split(separator: 0x0A)
            } catch {
                throw .environment(error.message)
            }
        }
        guard !lines.isEmpty else {
            invocation.console.say("nothing yet: its process is started at the first call")
            return .done
        }
        for line in lines.suffix(count ?? 100) {
            invocation.console.output(String(decoding: line, as: UTF8.self))
        }
        return .done
    }
}
