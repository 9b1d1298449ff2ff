import PolicyEngine
import Testing
import ToolCatalogue

@Suite("policies that follow from classes")
struct PolicySuggestionTests {
    @Test("the recommended policy of a Write tool is the product page's, byte for byte but for the end of line")
    func page() {
        let suggestion = PolicySuggestion([("createLead", .write)], preset: .recommended)
        let page = """
            {
              "version": "1",
              "default": "deny",
              "tools": {
                "createLead": {
                  "limits": [
                    {
                      "counter": "createlead_rate",
                      "window": "minute",
                      "max": 30,
                      "scope": "grant"
                    }
                  ]
                }
              }
            }

            """
        #expect(suggestion.document == page)
    }

    @Test("each class has its rule: allowed, 30, 10, hidden, approval, not named")
    func classes() {
        let rules = RiskCategory.allCases.map { PolicySuggestion.rule(for: $0, .recommended) }
        #expect(rules == [.allow, .limit(30), .limit(10), .hide, .approve(limit: nil), .deny])
    }

    @Test(
        "a policy for any names loads without a finding, in every preset",
        arguments: PolicySuggestion.Preset.allCases
    )
    func loads(preset: PolicySuggestion.Preset) {
        let names = ["get_lead", "Ünïcode", "a\"b\\c", "x\u{1}y", "with space", "dotted.name", "漢字", "a/b~c", "T", "t"]
        let tools = RiskCategory.allCases.flatMap { category in names.map { ("\($0)-\(category.rawValue)", category) } }
        let suggestion = PolicySuggestion(tools + [("list_*", .read), ("", .read)], preset: preset)
        #expect(suggestion.unnamed == ["list_*", ""])
        let (policy, findings) = CompiledPolicy.load(Array(suggestion.document.utf8))
        #expect(policy != nil)
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test("a name that comes twice gets the rule of its more dangerous class")
    func twice() {
        let suggestion = PolicySuggestion([("a", .read), ("a", .destructive)], preset: .recommended)
        #expect(suggestion.rules.map(\.rule) == [.hide])
    }

    @Test("of no tools comes a policy that denies everything")
    func empty() {
        let (policy, findings) = CompiledPolicy.load(Array(PolicySuggestion([], preset: .strict).document.utf8))
        #expect(policy != nil && findings.isEmpty)
    }
}
