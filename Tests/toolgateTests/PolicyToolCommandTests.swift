import Base
import JSONText
import PolicyEngine
import Testing
import YAMLText

@testable import toolgate

#if canImport(Glibc)
import Glibc
#endif

@Suite("policy format, diff, convert and check --tools")
struct PolicyToolCommandTests {
    private func run(_ words: [String]) -> (status: CommandStatus, output: String, error: String) {
        let console = RecordingConsole()
        let status = CommandTable.run(words, console: console.console)
        return (status, console.output, console.error)
    }

    private func convert(_ yaml: String) throws -> InterceptConverter.Result {
        InterceptConverter.convert(try YAMLDocument.parse(Array(yaml.utf8)))
    }

    // MARK: format

    @Test("format prints the canonical form, and with --write replaces the file in one step, mode kept")
    func format() throws {
        let folder = try PolicyFolder(["p.json": #"{"default":"deny","tools":{"a":{"action":"deny"}},"version":"1"}"#])
        let path = "\(folder.path)/p.json"
        chmod(path, 0o640)
        let printed = run(["policy", "format", path])
        #expect(printed.status == .done)
        #expect(printed.output.hasPrefix("{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n"))
        #expect(printed.output.contains(#""deny_if": [{"conditions": []}]"#))
        #expect(run(["policy", "format", "--write", path]).status == .done)
        #expect(try folder.text("p.json") == printed.output)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(run(["policy", "format", "--write", path]).error.contains("already canonical"))
        #expect(run(["policy", "format", "--write", "-"]).status == .usage)
    }

    @Test("format refuses a policy that does not load and leaves the file alone")
    func formatRefuses() throws {
        let folder = try PolicyFolder(["p.json": "{}"])
        let result = run(["policy", "format", "--write", "\(folder.path)/p.json"])
        #expect(result.status == .refused)
        #expect(result.error.contains("missing-key"))
        #expect(try folder.text("p.json") == "{}")
    }

    // MARK: diff

    @Test("diff tells each change with its effect, for people and for programs, and refuses logs for now")
    func diff() throws {
        let folder = try PolicyFolder([
            "old.json": #"{"version":"1","default":"deny","tools":{"a":{}}}"#,
            "new.json": #"{"version":"1","default":"deny","tools":{"a":{"concurrency":2},"b":{}}}"#,
            "tools.json": #"[{"name":"b"}]"#,
        ])
        let words = ["policy", "diff", "\(folder.path)/old.json", "\(folder.path)/new.json"]
        let text = run(words)
        #expect(text.status == .done)
        #expect(text.output.contains("newly-allowed  `b`: newly allowed; it was denied by default  [/tools/b]\n"))
        #expect(text.output.contains("newly-limited  `a`: the number of calls at a time had no bound, is 2"))
        let json = run(words + ["--output", "json", "--tools", "\(folder.path)/tools.json"])
        let changes = try #require(try JSONDocument(Array(json.output.utf8)).root["changes"])
        #expect(changes.count == 1)
        #expect(changes.element(at: 0)?["effect"]?.string?.text == "newly-allowed")
        #expect(changes.element(at: 0)?["tools"]?.element(at: 0)?.string?.text == "b")
        let refused = run(words + ["--log", "calls.jsonl"])
        #expect(refused.status == .usage)
        #expect(refused.error.contains("comes in a later release"))
        #expect(run(words + ["--against", "24h"]).status == .usage)
    }

    // MARK: check --tools

    @Test("check with tools tells what does not fit them, and exits 1 for what is certainly wrong")
    func check() throws {
        let folder = try PolicyFolder([
            "p.json": #"{"version":"1","default":"deny","tools":{"creat_lead":{}}}"#,
            "tools.json": #"{"tools":[{"name":"create_lead"}]}"#,
        ])
        let path = "\(folder.path)/p.json"
        #expect(run(["policy", "check", path]).status == .done)
        let result = run(["policy", "check", path, "--tools", "\(folder.path)/tools.json"])
        #expect(result.status == .refused)
        #expect(result.output.contains("did you mean `create_lead`?"))
    }

    // MARK: convert

    @Test("conditions become require, counters calendar limits of the server, `*` all_tools")
    func converts() throws {
        let result = try convert(
            """
            version: "1"
            description: payments
            default: deny
            hide: [drop_database]
            tools:
              create_charge:
                rules:
                  - name: currency
                    conditions:
                      - {path: args.currency, op: in, value: [eur, "1"]}
                      - {path: args.amount, op: lte, value: 50000}
                    on_deny: Only euro.
                  - name: daily
                    conditions: [{path: state.create_charge.spent, op: lte, value: 1000}]
                    state: {counter: spent, window: day, increment_from: args.amount}
                  - {name: never, action: deny, on_deny: Not now.}
                  - {name: ask, action: require_approval, approval_timeout: 30m,
                     conditions: [{path: args.amount, op: gt, value: 100}]}
              list_charges:
              "*":
                rules:
                  - {name: rate, rate_limit: 60/minute}
            """
        )
        #expect(result.problems.isEmpty, "\(result.problems)")
        let policy = String(decoding: try #require(result.policy), as: UTF8.self)
        #expect(
            policy == """
                {
                  "version": "1",
                  "default": "deny",
                  "hide": ["drop_database"],
                  "all_tools": {
                    "limits": [
                      {
                        "counter": "_global._rate_minute",
                        "window": "minute",
                        "align": "calendar",
                        "max": 60,
                        "scope": "server"
                      }
                    ]
                  },
                  "tools": {
                    "create_charge": {
                      "require": [
                        {
                          "name": "currency",
                          "conditions": [
                            {"path": "args.currency", "op": "in", "value": ["eur", "1"]},
                            {"path": "args.amount", "op": "lte", "value": 50000}
                          ],
                          "on_deny": "Only euro."
                        }
                      ],
                      "deny_if": [{"name": "never", "conditions": [], "on_deny": "Not now."}],
                      "require_approval": [
                        {
                          "name": "ask",
                          "conditions": [{"path": "args.amount", "op": "gt", "value": 100}],
                          "timeout": "30m"
                        }
                      ],
                      "limits": [
                        {
                          "counter": "create_charge.spent",
                          "window": "day",
                          "align": "calendar",
                          "max": 1000,
                          "scope": "server",
                          "increment": {"from": "args.amount"}
                        }
                      ]
                    },
                    "list_charges": {}
                  }
                }

                """
        )
    }

    @Test(
        "`lt` and a fixed increment become how many calls fit",
        arguments: [("lte", 10, 1, 10), ("lt", 10, 1, 9), ("lte", 10, 3, 3), ("lt", 10, 3, 3)]
    )
    func counters(op: String, value: Int, step: Int, maximum: Int) throws {
        let result = try convert(
            """
            version: 1
            tools:
              a:
                rules:
                  - name: n
                    conditions: [{path: state.a.c, op: \(op), value: \(value)}]
                    state: {counter: c, window: hour, increment: \(step)}
            """
        )
        let root = try JSONDocument(try #require(result.policy)).root
        #expect(root["default"]?.string?.text == "allow")
        #expect(root["tools"]?["a"]?["limits"]?.element(at: 0)?["max"]?.number?.int == maximum)
    }

    @Test(
        "what has no exact counterpart is an error at its line and column",
        arguments: [
            ("approvals: {}", 2, 1), ("defualt: deny", 2, 1), ("default: maybe", 2, 10), ("hide: [\"a*\"]", 2, 8),
            ("tools: {a: {rules: [{name: n, spend: {}, rate_limit: 1/day}]}}", 2, 31),
            ("tools: {a: {rules: [{name: n, rate_limit: 1/week}]}}", 2, 43),
            ("tools: {a: {rules: [{name: n}]}}", 2, 21),
            ("tools: {a: {rules: [{rate_limit: 1/day}]}}", 2, 21),
            ("tools: {\"a*\": {rules: []}}", 2, 9),
            ("tools: {a: {rules: [{name: n, action: deny, conditions: []}]}}", 2, 57),
            ("tools: {a: {rules: [{name: n, conditions: [{path: args.x, op: eq, value: yes}]}]}}", 2, 74),
            ("tools: {a: {rules: [{name: n, conditions: [{path: args.x, op: eq, value: 0x1F}]}]}}", 2, 74),
            ("tools: {a: {rules: [{name: n, conditions: [{path: args.x, op: like, value: 1}]}]}}", 2, 63),
            ("tools: {a: {rules: [{name: n, conditions: [{path: args.x, op: gt, value: a}]}]}}", 2, 44),
            ("tools: {a: {rules: [{name: n, conditions: [{path: state.b.c, op: lte, value: 1}]}]}}", 2, 44),
        ]
    )
    func problems(line: String, row: Int, column: Int) throws {
        let result = try convert("version: \"1\"\n\(line)\n")
        #expect(result.policy == nil)
        let first = try #require(result.problems.first { $0.severity == .error }, "\(line)")
        #expect(first.position == YAMLPosition(line: row, column: column), "\(line): \(result.problems)")
    }

    @Test("paths keep their meaning: what would be an index or a pattern here is quoted")
    func paths() throws {
        let yaml = """
            version: "1"
            tools: {a: {rules: [{name: n, conditions: [{path: "args.x[0].b c", op: exists, value: true}]}]}}
            """
        let text = String(decoding: try #require(try convert(yaml).policy), as: UTF8.self)
        #expect(text.contains(#"args[\"x[0]\"][\"b c\"]"#))
    }

    @Test("convert prints the policy, or says where it cannot and prints nothing")
    func convertCommand() throws {
        let folder = try PolicyFolder([
            "good.yaml": "version: \"1\"\ndefault: deny\ntools: {a: {rules: []}}\n", "bad.yaml": "version: \"2\"\n",
            "broken.yaml": "a: [",
        ])
        let good = run(["policy", "convert", "\(folder.path)/good.yaml"])
        #expect(good.status == .done)
        #expect(good.output.contains(#""a": {}"#))
        let bad = run(["policy", "convert", "\(folder.path)/bad.yaml"])
        #expect(bad.status == .refused)
        #expect(bad.output.isEmpty)
        #expect(bad.error.hasPrefix("\(folder.path)/bad.yaml:1:10: error: only version"))
        #expect(run(["policy", "convert", "\(folder.path)/broken.yaml"]).status == .refused)
    }
}
