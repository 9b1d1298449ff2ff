import JSONText
import PolicyEngine
import Testing

@Suite("The policies of product pages")
struct ProductPageTests {
    @Test("a page's policy loads as it stands, and everything else is denied", arguments: ProductPages.all)
    func deniesTheRest(_ page: ProductPages.Page) throws {
        var calls = try JudgedCalls(page.policy)
        #expect(try calls.judge(page.tool) == "allow")
        #expect(try calls.judge("delete_everything") == "deny (default deny)")
        #expect(try calls.judge(page.tool.uppercased()) == "deny (default deny)")
    }

    @Test("the tool stays usable but capped: so many calls a minute and grant", arguments: ProductPages.all)
    func caps(_ page: ProductPages.Page) throws {
        guard let maximum = page.maximum, let counter = page.counter else {
            return
        }
        var calls = try JudgedCalls(page.policy)
        for call in 0..<maximum {
            #expect(try calls.judge(page.tool, at: call) == "allow")
        }
        let rule = "/tools/\(page.tool)/limits/\(counter)"
        #expect(try calls.judge(page.tool, at: maximum) == "rate_limited \(rule)")
        #expect(try calls.judge(page.tool, at: maximum, grant: "another") == "allow")
        #expect(try calls.judge(page.tool, at: 59) == "rate_limited \(rule)")
        #expect(try calls.judge(page.tool, at: 121) == "allow")
    }

    @Test("a read-only tool listed with an empty rule stays allowed, however often it is called")
    func readOnly() throws {
        let page = try #require(ProductPages.all.first { $0.maximum == nil })
        var calls = try JudgedCalls(page.policy)
        for _ in 0..<200 {
            #expect(try calls.judge(page.tool) == "allow")
        }
    }

    @Test("the pages' rate_limit of 10 and 60 is ten calls a minute for each agent", arguments: ProductPages.all)
    func rateLimit(_ page: ProductPages.Page) throws {
        var calls = try JudgedCalls(
            """
            {"version": "1", "default": "deny",
             "tools": {"\(page.tool)": {"rate_limit": {"max": 10, "window": 60}}}}
            """
        )
        for _ in 0..<10 {
            #expect(try calls.judge(page.tool) == "allow")
        }
        let rule = "/tools/\(page.tool)/limits/\(page.tool.lowercased())_rate"
        #expect(try calls.judge(page.tool, at: 30) == "rate_limited \(rule)")
        #expect(try calls.judge(page.tool, at: 30, grant: "another") == "allow")
        #expect(try calls.judge(page.tool, at: 62) == "allow")
    }

    @Test("the pages' action deny blocks the tool, and its reason is what the agent reads", arguments: ProductPages.all)
    func deny(_ page: ProductPages.Page) throws {
        var calls = try JudgedCalls(
            """
            {"version": "1", "default": "allow",
             "tools": {"\(page.tool)": {"action": "deny", "reason": "Ask sales to do it."}}}
            """
        )
        let answer = try calls.answer(page.tool)
        #expect(answer["outcome"]?.string?.text == "deny")
        #expect(answer["rule"]?.string?.text == "/tools/\(page.tool)/deny_if/always")
        #expect(answer["message"]?.string?.text == "Ask sales to do it.")
        #expect(try calls.judge("another_tool") == "allow")
    }

    @Test("the pages' action approve sends the call to a person", arguments: ProductPages.all)
    func approve(_ page: ProductPages.Page) throws {
        var calls = try JudgedCalls(
            #"{"version": "1", "default": "deny", "tools": {"\#(page.tool)": {"action": "approve"}}}"#
        )
        #expect(try calls.judge(page.tool) == "approval_required /tools/\(page.tool)/require_approval/always")
    }

    @Test("the pages' action allow is the empty rule", arguments: ProductPages.all)
    func allow(_ page: ProductPages.Page) throws {
        var calls = try JudgedCalls(
            #"{"version": "1", "default": "deny", "tools": {"\#(page.tool)": {"action": "allow"}}}"#
        )
        #expect(try calls.judge(page.tool) == "allow")
        #expect(try calls.judge("another_tool") == "deny (default deny)")
    }
}
