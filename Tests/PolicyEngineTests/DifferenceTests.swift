import Base
import JSONText
import PolicyEngine
import Testing

@Suite("The difference of two policies")
struct DifferenceTests {
    private func load(_ policy: String) throws -> CompiledPolicy {
        let (loaded, findings) = CompiledPolicy.load(Array(policy.utf8))
        return try #require(loaded, "\(findings)")
    }

    /// `effect pointer: sentence`, one for each change.
    private func changes(_ old: String, _ new: String, tools: String? = nil) throws -> [String] {
        let set = try tools.map { try ToolSet(JSONDocument(Array($0.utf8)).root, readsMeta: true) }
        return PolicyDifference.changes(from: try load(old), to: try load(new), tools: set).map { change in
            "\(change.effect.rawValue) \(change.pointer): \(change.sentence)"
        }
    }

    private func policy(_ tools: String, default standard: String = "deny", more: String = "") -> String {
        #"{"version": "1", "default": "\#(standard)", \#(more)"tools": {\#(tools)}}"#
    }

    private func block(_ path: String, _ op: String, _ value: String) -> String {
        #"{"conditions": [{"path": "\#(path)", "op": "\#(op)", "value": \#(value)}]}"#
    }

    @Test("a policy does not differ from itself, nor from its canonical form", arguments: ProductPages.all)
    func same(_ page: ProductPages.Page) throws {
        let loaded = try load(page.policy)
        let canonical = String(decoding: PolicyFormat.canonical(loaded.document), as: UTF8.self)
        #expect(try changes(page.policy, page.policy).isEmpty)
        #expect(try changes(page.policy, canonical).isEmpty)
    }

    @Test("a key that comes allows, one that goes denies, under default deny")
    func keys() throws {
        #expect(
            try changes(policy(#""a": {}"#), policy(#""b": {}"#)) == [
                "newly-allowed /tools/b: `b`: newly allowed; it was denied by default",
                "newly-denied /default: `a`: newly denied, it is denied by default",
            ]
        )
    }

    @Test("a default that changes is told for everything that no key names")
    func defaults() throws {
        let told = try changes(policy(#""a": {}"#), policy(#""a": {}"#, default: "allow"))
        #expect(told.first == "newly-allowed /default: every other tool: newly allowed; it was denied by default")
        #expect(told.contains { $0.hasPrefix("newly-allowed /client_requests/sampling") })
        #expect(told.contains { $0.hasPrefix("newly-allowed /default: resources and prompts") })
    }

    @Test("hiding denies, whatever the key says")
    func hide() throws {
        #expect(
            try changes(policy(#""a": {}"#), policy(#""a": {}"#, more: #""hide": ["a"], "#)) == [
                "newly-denied /hide/0: `a`: newly denied, it is hidden"
            ]
        )
        #expect(
            try changes(policy(#""get_*": {}"#), policy(#""get_*": {"action": "hide"}"#)) == [
                "newly-denied /tools/get_*: `get_*`: newly denied, it is hidden"
            ]
        )
    }

    @Test("rules that come and go are told with what they ask")
    func rules() throws {
        let rule = block("args.amount", "gt", "1000")
        #expect(
            try changes(policy(#""a": {}"#), policy(#""a": {"deny_if": [\#(rule)]}"#)) == [
                "newly-denied /tools/a/deny_if/0: `a`: newly denied if `args.amount gt 1000`"
            ]
        )
        #expect(
            try changes(policy(#""a": {"require": [\#(rule)]}"#), policy(#""a": {}"#)) == [
                "newly-allowed /tools/a/require/0: `a`: newly allowed also when not `args.amount gt 1000`"
            ]
        )
        #expect(
            try changes(policy(#""a": {}"#), policy(#""a": {"action": "approve"}"#)).first?
                .hasPrefix("newly-needs-approval ") == true
        )
    }

    @Test(
        "a rule that changes is told with its direction, where that is certain",
        arguments: [
            ("gt", "1000", "500", "newly-denied"), ("gt", "500", "1000", "newly-allowed"),
            ("lt", "5", "6", "newly-denied"), ("in", #"["a"]"#, #"["a", "b"]"#, "newly-denied"),
            ("not_in", #"["a"]"#, #"["a", "b"]"#, "newly-allowed"), ("in", #"["a"]"#, "[1, \"a\"]", "mixed"),
            ("regex", #""a""#, #""b""#, "mixed"), ("length_lte", "5", "9", "newly-denied"),
        ]
    )
    func direction(op: String, before: String, after: String, effect: String) throws {
        let old = policy(#""a": {"deny_if": [\#(block("args.x", op, before))]}"#)
        let new = policy(#""a": {"deny_if": [\#(block("args.x", op, after))]}"#)
        let told = try changes(old, new)
        #expect(told.count == 1)
        #expect(told[0].hasPrefix("\(effect) /tools/a/deny_if/0: `a`: `deny_if` was"), "\(told)")
    }

    @Test("limits are told with what they allow: added, taken away, lowered, raised, counted otherwise")
    func limits() throws {
        func tool(_ limit: String) -> String { policy(#""a": {"limits": [{"counter": "c", \#(limit)}]}"#) }
        let ten = tool(#""window": "minute", "max": 10"#)
        #expect(
            try changes(policy(#""a": {}"#), ten) == [
                "newly-limited /tools/a/limits/0: `a`: newly limited by `c`, 10 a minute for each grant"
            ]
        )
        #expect(try changes(ten, policy(#""a": {}"#)).first?.hasPrefix("less-limited ") == true)
        #expect(
            try changes(ten, tool(#""window": "60s", "max": 5"#)) == [
                "newly-limited /tools/a/limits/0: `a`: the limit `c` was 10 a minute for each grant, "
                    + "is 5 a minute for each grant"
            ]
        )
        #expect(try changes(ten, tool(#""window": "minute", "max": 11"#)).first?.hasPrefix("less-limited ") == true)
        #expect(try changes(ten, tool(#""window": "hour", "max": 10"#)).first?.hasPrefix("mixed ") == true)
        #expect(
            try changes(ten, tool(#""window": "minute", "max": 10, "shadow": true"#)).first?
                .hasPrefix("less-limited ") == true
        )
    }

    @Test("texts, labels and shadow rules change no decision, and the difference says so")
    func wording() throws {
        func tool(_ more: String) -> String {
            policy(#""a": {"deny_if": [{"conditions": []\#(more)}]}"#)
        }
        #expect(try changes(tool(""), tool(#", "on_deny": "x""#)).first?.hasPrefix("no-decision-changes ") == true)
        let added = try changes(policy(#""a": {}"#), tool(#", "shadow": true"#))
        #expect(added.first?.hasPrefix("no-decision-changes ") == true)
        let enforced = try changes(tool(#", "shadow": true"#), tool(""))
        #expect(enforced.first?.hasPrefix("newly-denied ") == true)
    }

    @Test("with tools, those that the same keys govern are told together, by their names")
    func tools() throws {
        let tools = #"[{"name":"get_a"},{"name":"get_b"},{"name":"put"},{"name":"get_c"},{"name":"get_d"}]"#
        #expect(
            try changes(policy(#""put": {}"#), policy(#""get_*": {}"#), tools: tools) == [
                "newly-allowed /tools/get_*: `get_a`, `get_b`, `get_c` and 1 more: newly allowed; "
                    + "it was denied by default",
                "newly-denied /default: `put`: newly denied, it is denied by default",
            ]
        )
    }

    @Test("classes, sections and the mode are told")
    func sections() throws {
        let old = policy("", more: #""classes": {"read": {}}, "resources": {"allow": ["docs://*"]}, "#)
        let new = policy("", more: #""classes": {"read": {"action": "hide"}}, "mode": "shadow", "#)
        let told = try changes(old, new)
        #expect(told.contains { $0.hasPrefix("newly-allowed /mode:") })
        #expect(told.contains { $0.hasPrefix("newly-denied /classes/read: tools of class `read`") })
        #expect(told.contains { $0.hasPrefix("newly-denied /resources/allow/0: resources `docs://*`") })
    }
}
