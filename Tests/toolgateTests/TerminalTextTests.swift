import Testing

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("What strangers wrote, on a terminal")
struct TerminalTextTests {
    private func safe(_ text: String, keepsColours: Bool = false) -> String {
        String(decoding: TerminalText.safe(Array(text.utf8), keepsColours: keepsColours), as: UTF8.self)
    }

    @Test("E9: no control character and no turn of direction stays, every other character does")
    func everyScalar() throws {
        for value in (0...0x2100 as ClosedRange<UInt32>) {
            let scalar = try #require(Unicode.Scalar(value))
            let isMark = [0x61c, 0x200e, 0x200f].contains(value) || (0x2066...0x2069).contains(value)
            let isControl = value < 0x20 || (0x7f..<0xa0).contains(value) || (0x2028...0x202e).contains(value)
            let isHarmful = (isControl || isMark) && value != 9 && value != 10
            let digits = String(value, radix: 16)
            let escaped = #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
            #expect(safe("a\(scalar)é") == (isHarmful ? "a\(escaped)é" : "a\(scalar)é"))
        }
    }

    @Test("E9: only our own colours stay, and only where colours are shown")
    func colours() {
        let text = "\u{1b}[31mdeny\u{1b}[0m \u{1b}[8mx\u{1b}]0;title\u{7}"
        #expect(safe(text, keepsColours: true) == "\u{1b}[31mdeny\u{1b}[0m \\u001b[8mx\\u001b]0;title\\u0007")
        #expect(safe(text) == "\\u001b[31mdeny\\u001b[0m \\u001b[8mx\\u001b]0;title\\u0007")
    }

    @Test("E9: explain, check and diff show a tool's name without what a terminal would act on")
    func commands() throws {
        let path = "/tmp/toolgate-terminal-\(getpid())"
        let name = #"x\u001b]0;owned\u0007\u009b31m\u202e"#
        let files = [
            "policy.json": #"{"version":"1","default":"deny","tools":{"\#(name)":{},"y\u001b":{"a\u001b":1}}}"#,
            "good.json": #"{"version":"1","default":"deny","tools":{"\#(name)":{}}}"#,
            "other.json": #"{"version":"1","default":"deny"}"#,
            "calls.jsonl": #"{"tool":"\#(name)","arguments":{}}"#,
            "tools.json": #"[{"name":"\#(name)2"}]"#,
        ]
        mkdir(path, 0o700)
        defer {
            for file in files.keys {
                unlink("\(path)/\(file)")
            }
            rmdir(path)
        }
        for (file, text) in files {
            try FileAccess.write(Array(text.utf8), to: "\(path)/\(file)")
        }
        for words in [
            ["policy", "explain", "--policy", "\(path)/good.json", "--calls", "\(path)/calls.jsonl"],
            ["policy", "check", "\(path)/policy.json"], ["policy", "diff", "\(path)/good.json", "\(path)/other.json"],
            ["policy", "check", "--tools", "\(path)/tools.json", "\(path)/good.json"], ["policy", "che\u{1b}[2Jck"],
        ] {
            let console = RecordingConsole()
            _ = CommandTable.run(words, console: console.console)
            let shown = console.output + console.error
            #expect(!shown.isEmpty, "\(words)")
            let bytes = Array(shown.utf8)
            #expect(!bytes.contains { $0 < 0x20 && $0 != 9 && $0 != 10 }, "\(words): \(shown.debugDescription)")
            #expect(!shown.unicodeScalars.contains("\u{9b}") && !shown.unicodeScalars.contains("\u{202e}"), "\(words)")
        }
    }
}
