import Base
import JSONText
import PolicyEngine
import TestSupport
import Testing

@Suite("Checking a policy against tools and itself")
struct AnalysisTests {
    private static let tools = #"""
        {"tools": [
          {"name": "transfer", "inputSchema": {"type": "object", "required": ["amount", "currency"],
            "additionalProperties": false, "properties": {
              "amount": {"type": "number", "minimum": 0, "maximum": 1000},
              "currency": {"enum": ["EUR", "USD"]},
              "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
              "to": {"$ref": "#/$defs/account"}, "tags": {"type": "array", "items": {"type": "string"}}},
            "$defs": {"account": {"type": "object", "properties": {"iban": {"type": "string"}}}}}},
          {"name": "get_lead", "inputSchema": {"type": "object", "properties": {"id": {"type": "integer"}}}},
          {"name": "get_all", "inputSchema": {"type": "object"}}
        ]}
        """#

    /// `severity code pointer` of every finding but the tools nobody mentions.
    private func findings(_ tools: String, more: String = "", withTools: Bool = true) throws -> [String] {
        let source = #"{"version": "1", "default": "deny", \#(more)"tools": {\#(tools)}}"#
        let set = try ToolSet(JSONDocument(Array(Self.tools.utf8)).root, readsMeta: true)
        return CompiledPolicy.check(Array(source.utf8), tools: withTools ? set : nil).findings
            .filter { $0.code != .unmentionedTool }
            .map { "\($0.severity.rawValue) \($0.code.rawValue) \($0.pointer)" }
    }

    private func condition(_ path: String, _ op: String, _ value: String) -> String {
        #"{"conditions": [{"path": "\#(path)", "op": "\#(op)", "value": \#(value)}]}"#
    }

    @Test(
        "a condition that cannot be meant is an error at its cause",
        arguments: [
            ("deny_if", "args.amout", "gt", "5", "error impossible-path", "path"),
            ("require", "args.amout", "gt", "5", "error impossible-path", "path"),
            ("deny_if", "args.amount", "regex", #""5""#, "error impossible-value", "value"),
            ("require", "args.note", "gt", "5", "error impossible-value", "value"),
            ("deny_if", "args.currency", "eq", #""eur""#, "error impossible-value", "value"),
            ("require", "args.currency", "in", #"["GBP"]"#, "error impossible-value", "value"),
            ("require", "args.currency", "in", #"["EUR", "GBP"]"#, "warning impossible-value", "value"),
            ("deny_if", "args.currency", "neq", #""GBP""#, "error impossible-value", "value"),
            ("deny_if", "args.amount", "gt", "1000", "warning never-fires", "value"),
            ("require", "args.amount", "gt", "1000", "error always-fires", "value"),
            ("deny_if", "args.amount", "gte", "0", "error always-fires", "value"),
            ("deny_if", "args.amount", "exists", "true", "error always-fires", "value"),
            ("require", "args.amount", "lte", "1000", "warning never-fires", "value"),
            ("deny_if", "args.to.ibn", "eq", #""x""#, "warning impossible-path", "path"),
            ("deny_if", "args.amount.value", "eq", "1", "error impossible-path", "path"),
            ("deny_if", "args.tags[*]", "gt", "1", "error impossible-value", "value"),
        ]
    )
    func wrong(list: String, path: String, op: String, value: String, finding: String, member: String) throws {
        let rule = #""transfer": {"\#(list)": [\#(condition(path, op, value))]}"#
        #expect(try findings(rule) == ["\(finding) /tools/transfer/\(list)/0/conditions/0/\(member)"])
        let unchecked = #""transfer": {"arguments": {"validate": false}, "\#(list)": [\#(condition(path, op, value))]}"#
        #expect(try findings(unchecked).allSatisfy { $0.hasPrefix("warning ") })
    }

    @Test(
        "a condition that fits the schema has no finding",
        arguments: [
            ("args.amount", "gt", "500"), ("args.currency", "in", #"["EUR"]"#), ("args.note", "regex", #""x""#),
            ("args.note", "eq", "null"), ("args.to.iban", "starts_with", #""PT""#), ("args.tags", "contains", #""x""#),
            ("args.tags[*]", "eq", #""x""#), ("args.**", "regex", #""x""#), ("args.tags", "length_lte", "3"),
            ("args.currency", "not_in", #"["EUR"]"#), ("args.note", "exists", "true"), ("time.hour", "gt", "3"),
        ]
    )
    func right(path: String, op: String, value: String) throws {
        #expect(try findings(#""transfer": {"deny_if": [\#(condition(path, op, value))]}"#).isEmpty)
    }

    @Test("a rule for several tools is an error only where it is wrong for all, a warning where it refuses some")
    func several() throws {
        let rule = condition("args.id", "eq", "1")
        #expect(
            try findings(#""*": {"deny_if": [\#(rule)]}"#, more: #""hide": ["get_all"], "#).allSatisfy {
                !$0.hasPrefix("error")
            }
        )
        let required = try findings(#""*": {"require": [\#(rule)]}"#)
        #expect(required.contains("warning impossible-path /tools/*/require/0/conditions/0/path"))
        let wrong = try findings(#""get_*": {"deny_if": [\#(condition("args.id", "regex", #""x""#))]}"#)
        #expect(wrong == ["warning impossible-value /tools/get_*/deny_if/0/conditions/0/value"])
    }

    @Test("`closed` makes what the schema does not name impossible")
    func closed() throws {
        let rule = condition("args.extra", "eq", "1")
        #expect(try findings(#""get_lead": {"deny_if": [\#(rule)]}"#).first?.hasPrefix("warning ") == true)
        let closed = #""get_lead": {"arguments": {"closed": true}, "deny_if": [\#(rule)]}"#
        #expect(try findings(closed).first?.hasPrefix("error impossible-path") == true)
    }

    @Test("limits on arguments that cannot be counted are errors")
    func limits() throws {
        func limit(_ more: String) -> String {
            #""transfer": {"limits": [{"counter": "c", "window": "day", "max": 5, \#(more)}]}"#
        }
        let pointer = "/tools/transfer/limits/0"
        #expect(
            try findings(limit(#""increment": {"from": "args.note"}"#)) == [
                "error impossible-path \(pointer)/increment"
            ]
        )
        #expect(try findings(limit(#""key": "args.to""#)) == ["error impossible-path \(pointer)/key"])
        #expect(try findings(limit(#""key": "args.currency", "increment": {"from": "args.amount"}"#)).isEmpty)
    }

    @Test("a key that names no tool is an error, a pattern that matches none a warning, with what was meant")
    func keys() throws {
        #expect(try findings(#""trnasfer": {}"#) == ["error unknown-tool /tools/trnasfer"])
        #expect(try findings(#""put_*": {}"#) == ["warning unknown-tool /tools/put_*"])
        let source = #"{"version": "1", "default": "deny", "tools": {"trnasfer": {}}}"#
        let set = try ToolSet(JSONDocument(Array(Self.tools.utf8)).root, readsMeta: true)
        let told = CompiledPolicy.check(Array(source.utf8), tools: set).findings
        #expect(told.contains { $0.message == "`trnasfer` names no tool; did you mean `transfer`?" })
        #expect(
            told.contains { $0.code == .unmentionedTool && $0.message.contains("`transfer`, `get_lead`, `get_all`") }
        )
    }

    // MARK: B10

    @Test("B10: a rule that an earlier one always decides before is told")
    func shadowed() throws {
        let wide = condition("args.amount", "gt", "5")
        let narrow = condition("args.amount", "gt", "50")
        let pointer = "warning never-fires /tools/a"
        func found(_ tools: String) throws -> [String] { try findings(tools, withTools: false) }
        #expect(try found(#""a": {"deny_if": [\#(wide), \#(narrow)]}"#) == ["\(pointer)/deny_if/1"])
        #expect(try found(#""a": {"deny_if": [\#(narrow), \#(wide)]}"#).isEmpty)
        #expect(try found(#""a": {"require": [\#(narrow), \#(wide)]}"#) == ["\(pointer)/require/1"])
        #expect(try found(#""a": {"deny_if": [\#(wide), \#(wide)]}"#) == ["\(pointer)/deny_if/1"])
        #expect(
            try found(#""a": {"action": "deny", "limits": [{"counter": "c", "window": "day", "max": 1}]}"#)
                == ["\(pointer)/limits/0"]
        )
    }

    @Test("B10: a key that lets more through than it seems to is told")
    func wide() throws {
        func found(_ tools: String, more: String = "") throws -> [String] {
            try findings(tools, more: more, withTools: false)
        }
        let rule = condition("args.amount", "gt", "5")
        #expect(
            try found(#""get_*": {"deny_if": [\#(rule)]}, "get_lead": {}"#) == ["warning wide-allow /tools/get_lead"]
        )
        #expect(try found(#""*": {"concurrency": 3}"#) == ["warning wide-allow /tools/*"])
        #expect(
            try found(#""*": {"action": "hide"}"#, more: #""classes": {"read": {}}, "#)
                == ["warning never-fires /classes/read"]
        )
        let all = #""all_tools": {"deny_if": [{"conditions": []}]}, "#
        #expect(try found(#""a": {}"#, more: all) == ["warning always-fires /all_tools/deny_if/0"])
    }

    @Test("B10: taking out a rule that is told never to fire changes no decision")
    func property() throws {
        let operators = ["gt", "gte", "lt", "lte"]
        var state: UInt64 = 7
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        var told = 0
        for _ in 0..<200 {
            let list = ["require", "deny_if"][next(2)]
            let blocks = (0..<4).map { _ in condition("args.\(["x", "y"][next(2)])", operators[next(4)], "\(next(4))") }
            func policy(_ blocks: [String]) -> String {
                let text = blocks.joined(separator: ", ")
                return #"{"version": "1", "default": "deny", "tools": {"a": {"\#(list)": [\#(text)]}}}"#
            }
            let findings = CompiledPolicy.check(Array(policy(blocks).utf8)).findings.filter { $0.code == .neverFires }
            guard !findings.isEmpty else {
                continue
            }
            told += 1
            let dead = Set(findings.compactMap { Int($0.pointer.split(separator: "/").last ?? "") })
            let rest = blocks.enumerated().filter { !dead.contains($0.offset) }.map(\.element)
            let before = try #require(CompiledPolicy.load(Array(policy(blocks).utf8)).policy)
            let after = try #require(CompiledPolicy.load(Array(policy(rest).utf8)).policy)
            for x in ["0", "1", "2", "3", "9", #""t""#, "null"] {
                let line = Array(#"{"tool": "a", "arguments": {"x": \#(x), "y": \#(next(5))}}"#.utf8)
                var first = Explainer(policy: before, tools: nil, runTime: WallTime(milliseconds: 0))
                var second = Explainer(policy: after, tools: nil, runTime: WallTime(milliseconds: 0))
                let outcomes = try [first.explain(line), second.explain(line)].map { answer in
                    try JSONDocument(answer).root["outcome"]?.string?.text
                }
                #expect(outcomes[0] == outcomes[1], "\(policy(blocks))")
            }
        }
        #expect(told > 20)
    }

    @Test("the policies of product pages have nothing against them", arguments: ProductPages.all)
    func pages(_ page: ProductPages.Page) {
        #expect(CompiledPolicy.check(Array(page.policy.utf8)).findings.isEmpty)
    }

    @Test(
        "B10: a denied resource that another spelling reaches is told of, one that nothing reaches is not",
        arguments: [
            (#""allow": ["docs://*"], "deny": ["docs://internal/*"]"#, "deny", "docs://INTERNAL/*"),
            (#""allow": ["docs://*"], "deny": ["docs://in/*", "docs://IN/*"]"#, "deny", "docs://%69n/*"),
            (#""allow": ["*"], "deny": ["file:*"]"#, "deny", "FILE:*"),
            (#""deny": ["docs://internal/*"]"#, "allow", "docs://INTERNAL/*"),
            (#""allow": ["docs://public/*"], "deny": ["docs://public/drafts/*"]"#, "deny", nil),
            (#""allow": ["docs://*"], "deny": ["docs://*internal*"]"#, "deny", "docs://*INTERNAL*"),
            (#""allow": ["docs://*"], "deny": ["docs://1/*"]"#, "deny", nil),
            (#""allow": ["docs://a/*"]"#, "allow", nil),
        ] as [(String, String, String?)]
    )
    func spelling(resources: String, byDefault: String, escape: String?) {
        let source = #"{"version": "1", "default": "\#(byDefault)", "tools": {}, "resources": {\#(resources)}}"#
        let found = CompiledPolicy.check(Array(source.utf8)).findings.filter { $0.code == .otherSpelling }
        #expect(found.isEmpty == (escape == nil), "\(found)")
        if let escape {
            #expect(found.first?.pointer == "/resources/deny/0")
            #expect(found.first?.message.contains("`\(escape)`") == true, "\(found)")
        }
    }
}
