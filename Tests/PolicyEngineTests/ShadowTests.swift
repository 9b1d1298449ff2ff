import Testing

@Suite("Shadow")
struct ShadowTests {
    private let limit = #"{"counter":"c","window":"minute","max":1}"#

    @Test(
        "mode shadow records the first verdict of steps 4 to 10 and lets the call pass",
        arguments: [
            (#""default":"deny""#, "deny (default deny)"),
            (
                #""default":"allow","tools":{"x":{"require":[{"conditions":[C]}]}}"#,
                "deny /tools/x/require/args.a-exists"
            ),
            (#""default":"deny","tools":{"x":{"deny_if":[{"conditions":[]}]}}"#, "deny /tools/x/deny_if/always"),
            (
                #""default":"deny","tools":{"x":{"require_approval":[{"conditions":[]}]}}"#,
                "approval_required /tools/x/require_approval/always"
            ),
            (
                #""default":"deny","tools":{"x":{"limits":[{"counter":"c","window":"minute","max":0}]}}"#,
                "rate_limited /tools/x/limits/c"
            ),
            (
                #""default":"deny","tools":{"x":{"limits":[{"counter":"c","window":"minute","max":9,"key":"args.a"}]}}"#,
                "deny /tools/x/limits/c-type"
            ),
            (#""default":"allow","classes":{}"#, "deny (unclassified)"),
            (
                #""default":"deny","tools":{"x":{"deny_if":[{"conditions":[],"name":"s","shadow":true},{"conditions":[]}]}}"#,
                "deny /tools/x/deny_if/s"
            ),
        ]
    )
    func mode(members: String, shadow: String) throws {
        let text = members.replacing("C", with: condition("exists", "true"))
        var judge = try Judge(#"{"version":"1","mode":"shadow",\#(text)}"#)
        #expect(try judge.call("{}") == Answer(outcome: "allow", rule: "", shadow: shadow))
    }

    @Test("in shadow mode a call that would have been refused reserves nothing")
    func reservesNothing() throws {
        let deny = #"{"conditions":[\#(condition("exists", "true"))]}"#
        var judge = try Judge(
            #"{"version":"1","default":"deny","mode":"shadow","tools":{"x":{"deny_if":[\#(deny)],"limits":[\#(limit)],"concurrency":1}}}"#
        )
        #expect(try judge.call(#"{"a":1}"#, more: #","lasts_ms":9000"#).shadow == "deny /tools/x/deny_if/args.a-exists")
        #expect(try judge.call("{}", more: #","lasts_ms":9000"#).shadow == nil)
        #expect(try judge.call("{}").shadow == "rate_limited /tools/x/concurrency")
    }

    @Test("a shadow limit records a refusal, adds nothing by it, and is asked only when nothing refuses")
    func limits() throws {
        let shadow = #"{"counter":"s","window":"minute","max":1,"shadow":true}"#
        let real = #"{"counter":"c","window":"minute","max":3}"#
        var judge = try Judge(
            #"{"version":"1","default":"deny","tools":{"x":{"limits":[\#(shadow),\#(real)]},"y":{"limits":[{"counter":"s","window":"minute","max":2}]}}}"#
        )
        #expect(try judge.call("{}").shadow == nil)
        #expect(try judge.call("{}").shadow == "rate_limited /tools/x/limits/s")
        #expect(try judge.call("{}").shadow == "rate_limited /tools/x/limits/s")
        let refused = try judge.call("{}")
        #expect(refused.rule == "/tools/x/limits/c" && refused.shadow == nil)
        #expect(try judge.call("{}", tool: "y").outcome == "allow")
        #expect(try judge.call("{}", tool: "y").outcome == "rate_limited")
    }

    @Test("an unreadable shadow limit is recorded and the call goes on, limits and all")
    func unreadable() throws {
        let shadow = #"{"counter":"s","window":"minute","max":1,"increment":{"from":"args.n"},"shadow":true}"#
        var judge = try Judge(#"{"version":"1","default":"deny","tools":{"x":{"limits":[\#(shadow),\#(limit)]}}}"#)
        #expect(try judge.call("{}") == Answer(outcome: "allow", rule: "", shadow: "deny /tools/x/limits/s-type"))
        let refused = try judge.call("{}")
        #expect(refused.rule == "/tools/x/limits/c" && refused.shadow == nil)
    }

    @Test("the first shadow verdict stands beside whatever happened")
    func beside() throws {
        let blocks =
            #"{"require":[{"conditions":[C],"shadow":true,"name":"r"}],"deny_if":[{"conditions":[],"shadow":true},{"conditions":[D]}]}"#
            .replacing("C", with: condition("exists", "true")).replacing(
                "D",
                with: condition("exists", "true", path: "args.b")
            )
        #expect(try judge(blocks, "{}").shadow == "deny /tools/x/require/r")
        #expect(try judge(blocks, #"{"a":1}"#).shadow == "deny /tools/x/deny_if/always")
        let denied = try judge(blocks, #"{"b":1}"#)
        #expect(denied.rule == "/tools/x/deny_if/args.b-exists" && denied.shadow == "deny /tools/x/require/r")
    }
}
