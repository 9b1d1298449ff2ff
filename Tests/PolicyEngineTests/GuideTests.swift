import Base
import JSONText
import PolicyEngine
import TestSupport
import Testing

@Suite("The guide's examples")
struct GuideTests {
    /// A policy of the guide and the calls that follow it, each a line with what must come of it.
    private struct Example {
        let policy: String
        var cases: [Substring] = []
    }

    /// The fenced blocks marked `json policy`, each with the lines of the blocks marked `jsonl cases` behind it.
    private static func told(in page: String = "docs/policy.md") throws -> [Example] {
        let guide = try #require(Corpora.bytes(ofFile: "\(Corpora.repository)/\(page)"))
        var told: [Example] = []
        var opening: Substring?
        var block: [Substring] = []
        for line in String(decoding: guide, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```", let kind = opening {
                opening = nil
                if kind == "```json policy" {
                    told.append(Example(policy: block.joined(separator: "\n")))
                } else if kind == "```jsonl cases" {
                    try #require(!told.isEmpty, "calls before the first policy")
                    told[told.count - 1].cases += block
                }
                block = []
            } else if opening != nil {
                block.append(line)
            } else if line.hasPrefix("```") {
                opening = line
            }
        }
        #expect(opening == nil, "a block is not closed")
        return told
    }

    private static func examples() throws -> [String] {
        try told().map(\.policy)
    }

    @Test("every policy in docs/policy.md loads without errors or warnings")
    func load() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 6)
        for example in examples {
            let (policy, findings) = CompiledPolicy.load(Array(example.utf8))
            #expect(policy != nil, "\(example)")
            #expect(findings.isEmpty, "\(example)")
        }
    }

    @Test("every call in docs/policy.md comes to what the guide says")
    func cases() throws {
        let told = try Self.told()
        #expect(told.reduce(0) { $0 + $1.cases.count } >= 50)
        for example in told {
            let policy = try #require(CompiledPolicy.load(Array(example.policy.utf8)).policy)
            var explainer = Explainer(policy: policy, tools: nil, runTime: WallTime(milliseconds: 0))
            for line in example.cases {
                let expected = try JSONDocument(Array(line.utf8)).root["expect"]
                let answer = try JSONDocument(explainer.explain(Array(line.utf8))).root
                #expect(answer["outcome"]?.string?.text == expected?["outcome"]?.string?.text, "\(line)")
                #expect(answer["rule"]?.string?.text == expected?["rule"]?.string?.text ?? "", "\(line)")
            }
        }
    }

    @Test("the README's policy loads without errors or warnings, and does what its table says")
    func readme() throws {
        let told = try Self.told(in: "README.md")
        #expect(told.count == 1)
        var calls = try JudgedCalls(try #require(told.first).policy)
        #expect(try calls.judge("create_lead", #"{"price":5000}"#) == "allow")
        #expect(try calls.judge("create_lead", #"{"price":9000}"#) == "deny /tools/create_lead/require/args.price-lte")
        #expect(try calls.judge("get_lead") == "allow")
        #expect(try calls.judge("delete_lead") == "hidden (hidden)")
        #expect(try calls.judge("move_lead") == "deny (default deny)")
    }

    @Test("the guide's rules on arguments do what its text says")
    func arguments() throws {
        let example = try #require(try Self.examples().first { $0.contains("too-much") })
        var calls = try JudgedCalls(example)
        #expect(try calls.judge("transfer", #"{"currency":"EUR","amount":1000}"#) == "allow")
        let tooMuch = "deny /tools/transfer/deny_if/too-much"
        #expect(try calls.judge("transfer", #"{"currency":"EUR","amount":1001}"#) == tooMuch)
        #expect(try calls.judge("transfer", #"{"currency":"EUR"}"#) == tooMuch)
        #expect(try calls.judge("transfer", #"{"currency":"EUR","amount":"1"}"#) == tooMuch + "-type")
        #expect(
            try calls.judge("transfer", #"{"currency":"GBP","amount":1}"#)
                == "deny /tools/transfer/require/args.currency-in"
        )
    }

    @Test("the guide's limits keep a total per customer and a bound on calls in flight")
    func limits() throws {
        let example = try #require(try Self.examples().first { $0.contains("refunded") })
        var calls = try JudgedCalls(example)
        #expect(try calls.judge("refund", #"{"customer_id":"a","amount":500}"#) == "allow")
        let refusal = try calls.answer("refund", #"{"customer_id":"a","amount":0.01}"#)
        #expect(refusal["rule"]?.string?.text == "/tools/refund/limits/refunded")
        #expect(refusal["message"]?.string?.text == "This customer's refunds for today are used up.")
        #expect(try calls.judge("refund", #"{"customer_id":"b","amount":500}"#) == "allow")
    }

    @Test("the guide's hiding shows exactly what may be called")
    func hiding() throws {
        let example = try #require(try Self.examples().first { $0.contains("delete_*") })
        var calls = try JudgedCalls(example)
        #expect(try calls.judge("get_lead") == "allow")
        #expect(try calls.judge("delete_lead") == "hidden (hidden)")
        #expect(try calls.judge("create_lead") == "hidden (hidden)")
    }
}
