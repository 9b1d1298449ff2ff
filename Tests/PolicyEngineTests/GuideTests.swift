import JSONText
import PolicyEngine
import TestSupport
import Testing

@Suite("The guide's examples")
struct GuideTests {
    /// The fenced blocks marked `json policy`.
    private static func examples() throws -> [String] {
        let guide = try #require(Corpora.bytes(ofFile: "\(Corpora.repository)/docs/policy.md"))
        var examples: [String] = []
        var current: [Substring]?
        for line in String(decoding: guide, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```json policy" {
                current = []
            } else if line == "```", let lines = current {
                examples.append(lines.joined(separator: "\n"))
                current = nil
            } else {
                current?.append(line)
            }
        }
        #expect(current == nil, "a block is not closed")
        return examples
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
