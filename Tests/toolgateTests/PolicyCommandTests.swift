import JSONText
import Testing

@testable import toolgate

@Suite("policy commands")
struct PolicyCommandTests {
    private static let policy = """
        {"version":"1","default":"deny","tools":{"move_lead":{"limits":[{"counter":"moves","window":"minute","max":1}]},
        "create_lead":{"require":[{"conditions":[{"path":"args.price","op":"lte","value":100}],"on_deny":"too much"}]}}}
        """

    private func run(_ words: [String]) -> (status: CommandStatus, output: String, error: String) {
        let console = RecordingConsole()
        let status = CommandTable.run(words, console: console.console)
        return (status, console.output, console.error)
    }

    @Test("check tells place and reason of every mistake, and exits 1 only for errors")
    func check() throws {
        let folder = try PolicyFolder(["good.json": Self.policy, "bad.json": #"{"version":"1","default":"maybe"}"#])
        let good = run(["policy", "check", "\(folder.path)/good.json"])
        #expect(good.status == .done)
        #expect(good.error.contains("loads, version "))
        let bad = run(["policy", "check", "\(folder.path)/bad.json"])
        #expect(bad.status == .refused)
        #expect(bad.output.hasPrefix("\(folder.path)/bad.json:1:"))
        let json = run(["policy", "check", "--output", "json", "\(folder.path)/bad.json"])
        let root = try JSONDocument(Array(json.output.utf8)).root
        #expect(root["ok"]?.boolean == false)
        #expect(root["findings"]?.element(at: 0)?["pointer"]?.string?.text == "/default")
        #expect(run(["policy", "check", "/nowhere.json"]).status == .environment)
    }

    @Test("explain judges each line, with limits, and prints one object a line")
    func explain() throws {
        let calls = """
            {"at":"2026-11-21T02:00:00Z","tool":"move_lead"}
            {"at":"2026-11-21T02:00:01Z","tool":"move_lead"}
            {"tool":"create_lead","arguments":{"price":500}}
            {"tool":"create_lead","arguments":{"price":5}}
            nonsense
            """
        let folder = try PolicyFolder(["p.json": Self.policy, "calls.jsonl": calls])
        let words = ["policy", "explain", "--policy", "\(folder.path)/p.json", "--calls", "\(folder.path)/calls.jsonl"]
        let result = run(words + ["--output", "json"])
        #expect(result.status == .done)
        let outcomes = try result.output.split(separator: "\n").map { line in
            try JSONDocument(Array(line.utf8)).root["outcome"]?.string?.text
        }
        #expect(outcomes == ["allow", "rate_limited", "deny", "allow", "malformed"])
        let text = run(words).output
        #expect(text.contains("too much"))
        #expect(run(["policy", "explain"]).status == .usage)
    }

    @Test("a policy that does not load answers nothing on standard output, findings on standard error, exit 1")
    func unloadable() throws {
        let folder = try PolicyFolder(["p.json": "{}", "calls.jsonl": #"{"tool":"a"}"#])
        let result = run([
            "policy", "explain", "--policy", "\(folder.path)/p.json", "--calls", "\(folder.path)/calls.jsonl",
        ])
        #expect(result.status == .refused)
        #expect(result.output.isEmpty)
        #expect(result.error.contains("missing-key"))
    }

    @Test("test compares cases with what they expect")
    func cases() throws {
        let good = #"{"tool":"create_lead","arguments":{"price":5},"expect":{"outcome":"allow"}}"#
        let bad = #"{"tool":"create_lead","arguments":{"price":500},"expect":{"outcome":"allow"}}"#
        let folder = try PolicyFolder([
            "a.json": Self.policy, "a.cases.jsonl": "\(good)\n", "b.json": Self.policy,
            "b.cases.jsonl": "\(good)\n\(bad)\n",
            "c.json": Self.policy, "c.cases.jsonl": "", "d.json": Self.policy, "d.cases.jsonl": #"{"tool":"x"}"#,
        ])
        let passed = run(["policy", "test", "\(folder.path)/a.json"])
        #expect(passed.status == .done)
        #expect(passed.output == "\(folder.path)/a.json: 1 of 1 cases passed\n")
        let failed = run(["policy", "test", "\(folder.path)/b.json"])
        #expect(failed.status == .refused)
        #expect(failed.error.contains("b.cases.jsonl:2: `outcome` is \"deny\", expected \"allow\""))
        #expect(run(["policy", "test", "\(folder.path)/c.json"]).status == .refused)
        #expect(run(["policy", "test", "\(folder.path)/d.json"]).status == .refused)
    }
}
