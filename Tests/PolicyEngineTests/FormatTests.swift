import Base
import JSONText
import PolicyEngine
import TestSupport
import Testing

@Suite("The canonical form of a policy")
struct FormatTests {
    private func canonical(_ policy: String) throws -> String {
        var findings = FindingList()
        let document = try #require(PolicyDocument.read(Array(policy.utf8), &findings))
        #expect(!findings.hasErrors)
        return String(decoding: PolicyFormat.canonical(document), as: UTF8.self)
    }

    @Test("keys stand in the order of the guide, small values on one line, two spaces deep")
    func layout() throws {
        let text = try canonical(
            #"""
            {"tools": {"b": {"limits": [{"max": 30, "counter": "c", "scope": "grant", "window": "minute"}]},
             "a": {}, "transfer": {"deny_if": [{"on_deny": "no", "conditions": [
               {"value": 1.50, "op": "gt", "path": "args.amount"}]}]}},
             "default": "deny", "hide": ["x", "\u0079"], "version": "1"}
            """#
        )
        #expect(
            text == """
                {
                  "version": "1",
                  "default": "deny",
                  "hide": ["x", "y"],
                  "tools": {
                    "b": {
                      "limits": [{"counter": "c", "window": "minute", "max": 30, "scope": "grant"}]
                    },
                    "a": {},
                    "transfer": {
                      "deny_if": [
                        {
                          "conditions": [{"path": "args.amount", "op": "gt", "value": 1.50}],
                          "on_deny": "no"
                        }
                      ]
                    }
                  }
                }

                """
        )
    }

    @Test("shorthand is rewritten as section 1 of the language says")
    func shorthand() throws {
        let text = try canonical(
            #"""
            {"version": "1", "default": "allow", "hide": ["z"], "tools": {
              "a": {"action": "deny", "reason": "no", "deny_if": [{"conditions": [], "name": "second"}]},
              "b": {"action": "approve", "reason": "wait"}, "c": {"action": "allow"},
              "gone": {"action": "hide"}, "kept": {"action": "hide", "concurrency": 1}, "old_*": {"action": "hide"},
              "createLead": {"rate_limit": {"max": 10, "window": 60}}, "d": {"rate_limit": {"max": 1, "window": 45}}}}
            """#
        )
        #expect(
            text == """
                {
                  "version": "1",
                  "default": "allow",
                  "hide": ["z", "gone", "kept"],
                  "tools": {
                    "a": {
                      "deny_if": [
                        {"conditions": [], "on_deny": "no"},
                        {"name": "second", "conditions": []}
                      ]
                    },
                    "b": {
                      "require_approval": [{"conditions": [], "on_pending": "wait"}]
                    },
                    "c": {},
                    "kept": {"concurrency": 1},
                    "old_*": {"action": "hide"},
                    "createLead": {
                      "limits": [{"counter": "createlead_rate", "window": "minute", "max": 10, "scope": "grant"}]
                    },
                    "d": {
                      "limits": [{"counter": "d_rate", "window": "45s", "max": 1, "scope": "grant"}]
                    }
                  }
                }

                """
        )
    }

    @Test("what is canonical stays as it is", arguments: ProductPages.all)
    func isStable(_ page: ProductPages.Page) throws {
        let once = try canonical(page.policy)
        #expect(try canonical(once) == once)
        let written = CompiledPolicy.load(Array(page.policy.utf8)).policy
        #expect(CompiledPolicy.load(Array(once.utf8)).policy?.digest == written?.digest)
    }

    @Test("every worked example decides every call the same before and after", .needsCorpora)
    func sameDecisions() throws {
        for line in try Corpora.read("policy/worked-examples.jsonl").split(separator: UInt8(ascii: "\n")) {
            let example = try JSONDocument(Array(line), limits: JSONLimits(maximumDepth: 200)).root
            let source = try example["policy_text"]?.string?.bytes ?? Array(#require(example["policy"]).rawBytes)
            guard let before = CompiledPolicy.load(source).policy else {
                continue
            }
            let text = PolicyFormat.canonical(before.document)
            let after = try #require(CompiledPolicy.load(text).policy, "\(String(decoding: text, as: UTF8.self))")
            #expect(PolicyFormat.canonical(after.document) == text)
            let tools = try example["tools"].map { try ToolSet($0, readsMeta: true) }
            var first = Explainer(policy: before, tools: tools, runTime: WallTime(milliseconds: 0))
            var second = Explainer(policy: after, tools: tools, runTime: WallTime(milliseconds: 0))
            for call in try #require(example["calls"]).elements {
                let line = try #require(call["line"]?.string?.bytes)
                #expect(first.explain(line) == second.explain(line), "\(String(decoding: text, as: UTF8.self))")
            }
        }
    }

    @Test("policies made of shorthand at random decide every call the same before and after")
    func sameDecisionsOfRandomPolicies() throws {
        var random = SmallRandom(state: 42)
        for _ in 0..<60 {
            let policy = random.policy()
            let (loaded, findings) = CompiledPolicy.load(Array(policy.utf8))
            let before = try #require(loaded, "\(policy) \(findings)")
            let text = PolicyFormat.canonical(before.document)
            let after = try #require(CompiledPolicy.load(text).policy, "\(String(decoding: text, as: UTF8.self))")
            var first = Explainer(policy: before, tools: nil, runTime: WallTime(milliseconds: 0))
            var second = Explainer(policy: after, tools: nil, runTime: WallTime(milliseconds: 0))
            for _ in 0..<30 {
                let line = Array(random.call().utf8)
                #expect(first.explain(line) == second.explain(line), "\(policy)")
            }
        }
    }
}

/// Makes policies and calls from a seed, the same every time.
private struct SmallRandom {
    var state: UInt64

    mutating func pick<Value>(_ values: [Value]) -> Value {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return values[Int((state >> 33) % UInt64(values.count))]
    }

    mutating func policy() -> String {
        let tools = ["a", "Ab", "a*", "*"].map { #""\#($0)": {\#(entry())}"# }
        let hide = pick([#""hide": ["Ab"], "#, ""])
        return #"{"version": "1", \#(hide)"default": "\#(pick(["allow", "deny"]))", "tools": {\#(joined(tools))}}"#
    }

    private func joined(_ parts: [String]) -> String { parts.joined(separator: ", ") }

    private mutating func entry() -> String {
        let action = pick([
            #""action": "deny", "reason": "no""#, #""action": "approve""#, #""action": "hide""#, #""action": "allow""#,
            "", "",
        ])
        let block = #"{"conditions": [{"op": "gt", "path": "args.n", "value": 3}], "on_deny": "large"}"#
        let denies = pick(["", #""deny_if": [\#(block)]"#, #""deny_if": [\#(block), {"conditions": []}]"#])
        let rate = pick(["", #""rate_limit": {"max": 2, "window": 60}"#, #""rate_limit": {"window": "2s", "max": 1}"#])
        let limit = pick(["", #""limits": [{"max": 3, "window": "hour", "counter": "a_rate"}], "concurrency": 1"#])
        return joined([action, denies, rate, limit].filter { !$0.isEmpty })
    }

    mutating func call() -> String {
        let arguments = pick([#"{"n": 1}"#, #"{"n": 9}"#, #"{"n": "x"}"#, "{}"])
        return #"{"tool": "\#(pick(["a", "Ab", "abc", "zzz"]))", "arguments": \#(arguments), "lasts_ms": 1}"#
    }
}
