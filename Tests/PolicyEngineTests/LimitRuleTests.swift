import Testing

@Suite("Limits as a policy states them")
struct LimitRuleTests {
    private func judging(_ limits: String, more: String = "", tools: String? = nil) throws -> Judge {
        try Judge(
            #"{"version":"1","default":"deny","tools":{"x":{"limits":[\#(limits)]},"y":{"limits":[\#(limits)]}\#(more)}}"#,
            tools: tools
        )
    }

    @Test(
        "the window's name, its length in any unit and a shorthand are one counter",
        arguments: ["minute", "60s", "1m"]
    )
    func oneWindow(window: String) throws {
        var judge = try Judge(
            #"{"version":"1","default":"deny","tools":{"x":{"limits":[{"counter":"y_rate","window":"\#(window)","max":1}]},"Y":{"rate_limit":{"max":1,"window":60}}}}"#
        )
        #expect(try judge.call("{}").outcome == "allow")
        #expect(try judge.call("{}", tool: "Y").rule == "/tools/Y/limits/y_rate")
    }

    @Test(
        "a key is typed and canonical; what is no scalar is refused, what is ambiguous too",
        arguments: [
            (#"{"k":1}"#, #"{"k":1.0}"#, "/tools/x/limits/c"), (#"{"k":1}"#, #"{"k":"1"}"#, ""),
            (#"{"k":true}"#, #"{"k":"true"}"#, ""), (#"{"k":"a"}"#, #"{"k":"\u0061"}"#, "/tools/x/limits/c"),
            (#"{"k":0}"#, #"{"k":-0}"#, "/tools/x/limits/c"), (#"{"k":"a"}"#, #"{"k":"A"}"#, ""),
            ("{}", "{}", "/tools/x/limits/c-type"), ("{}", #"{"k":null}"#, "/tools/x/limits/c-type"),
            ("{}", #"{"k":[1]}"#, "/tools/x/limits/c-type"), ("{}", #"{"k":{}}"#, "/tools/x/limits/c-type"),
            ("{}", #"{"k":1e400}"#, "/tools/x/limits/c-ambiguous"),
            ("{}", #"{"K":1}"#, "/tools/x/limits/c-ambiguous"), (#"{"k":""}"#, #"{"k":""}"#, "/tools/x/limits/c"),
        ]
    )
    func keys(first: String, second: String, rule: String) throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":1,"key":"args.k"}"#)
        _ = try judge.call(first)
        #expect(try judge.call(second).rule == rule)
    }

    @Test("long key texts are kept apart by their digest, not by their beginning")
    func longKeys() throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":1,"key":"args.k"}"#)
        let long = String(repeating: "x", count: 5_000)
        #expect(try judge.call(#"{"k":"\#(long)a"}"#).outcome == "allow")
        #expect(try judge.call(#"{"k":"\#(long)b"}"#).outcome == "allow")
        #expect(try judge.call(#"{"k":"\#(long)a"}"#).outcome == "rate_limited")
    }

    @Test(
        "J: an increment adds the argument's exact number, and only a number that can be trusted",
        arguments: [
            ("2.5", "", true), ("0", "", true), ("-1", "-type", false), (#""1""#, "-type", false),
            ("null", "-type", false), ("1e400", "-ambiguous", false), ("9007199254740993", "-ambiguous", false),
            ("10.1", "", false),
        ]
    )
    func increments(number: String, suffix: String, isAllowed: Bool) throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":10,"increment":{"from":"args.n"}}"#)
        let answer = try judge.call(#"{"n":\#(number)}"#)
        #expect(answer.rule == (isAllowed ? "" : "/tools/x/limits/c" + suffix))
        #expect(answer.outcome == (isAllowed ? "allow" : (suffix.isEmpty ? "rate_limited" : "deny")))
    }

    @Test("fractions and zero: exactly the maximum is allowed, and zero even when full")
    func exactly() throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":1,"increment":{"from":"args.n"}}"#)
        for _ in 0..<10 {
            #expect(try judge.call(#"{"n":0.1}"#).outcome == "allow")
        }
        #expect(try judge.call(#"{"n":0.1}"#).outcome == "rate_limited")
        #expect(try judge.call(#"{"n":0}"#).outcome == "allow")
        #expect(try judge.call(#"{"n":0.00000001}"#).retryAfter != nil)
        #expect(try judge.call(#"{"n":2}"#).retryAfter == nil)
    }

    @Test("tools that name one counter share it, each against its own maximum, and a call adds to it once")
    func shared() throws {
        let text = #"""
            {"version":"1","default":"deny","all_tools":{"limits":[{"counter":"c","window":"minute","max":4}]},
            "tools":{"x":{"limits":[{"counter":"c","window":"minute","max":2}]},"y":{}}}
            """#
        var judge = try Judge(text)
        #expect(try judge.call("{}").outcome == "allow")
        #expect(try judge.call("{}", tool: "y").outcome == "allow")
        #expect(try judge.call("{}").rule == "/tools/x/limits/c")
        #expect(try judge.call("{}", tool: "y").outcome == "allow")
        #expect(try judge.call("{}", tool: "y").outcome == "allow")
        #expect(try judge.call("{}", tool: "y").rule == "/all_tools/limits/c")
    }

    @Test(
        "scopes say whose calls count together",
        arguments: [
            ("grant", [true, true, true, false]), ("member", [true, false, true, false]),
            ("server", [true, false, false, false]), ("organisation", [true, false, false, false]),
        ]
    )
    func scopes(scope: String, expected: [Bool]) throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":1,"scope":"\#(scope)"}"#)
        let grants = [
            #"{"label":"a","member":"m"}"#, #"{"label":"b","member":"m"}"#, #"{"label":"m"}"#, #"{"label":"m"}"#,
        ]
        for (grant, isAllowed) in zip(grants, expected) {
            #expect((try judge.call("{}", more: #","grant":\#(grant)"#).outcome == "allow") == isAllowed, "\(grant)")
        }
    }

    @Test("a grant without a label is one grant, and not the one whose label is empty")
    func unlabelled() throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":1}"#)
        #expect(try judge.call("{}").outcome == "allow")
        #expect(try judge.call("{}", more: #","grant":{"member":"ana"}"#).outcome == "rate_limited")
        #expect(try judge.call("{}", more: #","grant":{"label":""}"#).outcome == "allow")
        #expect(try judge.call("{}", more: #","grant":{"label":5}"#).outcome == "rate_limited")
    }

    @Test(
        "calendar windows turn in the policy's zone, across its changes of the clock",
        arguments: [
            ("day", "Europe/Lisbon", "2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z", true),
            ("day", "Asia/Kathmandu", "2026-11-21T18:14:59Z", "2026-11-21T18:15:00Z", true),
            ("day", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", false),
            ("day", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", true),
            ("week", "UTC", "2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z", true),
            ("month", "UTC", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", true),
            ("month", "UTC", "2026-01-01T00:00:00Z", "2026-01-31T23:59:59Z", false),
            ("hour", "Asia/Kathmandu", "2026-11-21T02:10:00Z", "2026-11-21T02:16:00Z", true),
            ("minute", "UTC", "2026-11-21T02:00:59.999Z", "2026-11-21T02:01:00Z", true),
        ]
    )
    func calendar(unit: String, zone: String, first: String, second: String, isAllowed: Bool) throws {
        var judge = try Judge(
            #"{"version":"1","default":"deny","timezone":"\#(zone)","tools":{"x":{"limits":[{"counter":"c","window":"\#(unit)","align":"calendar","max":1}]}}}"#
        )
        #expect(try judge.line(#"{"tool":"x","at":"\#(first)"}"#).outcome == "allow")
        #expect((try judge.line(#"{"tool":"x","at":"\#(second)"}"#).outcome == "allow") == isAllowed)
    }

    @Test("concurrency comes before unreadable limits, those before any counter")
    func order() throws {
        let limits =
            #"{"counter":"full","window":"minute","max":0},{"counter":"k","window":"minute","max":9,"key":"args.k"}"#
        var judge = try Judge(
            #"{"version":"1","default":"deny","tools":{"x":{"limits":[\#(limits)],"concurrency":1},"y":{"concurrency":1}},"all_tools":{"concurrency":2}}"#
        )
        #expect(try judge.call("{}").rule == "/tools/x/limits/k-type")
        #expect(try judge.call(#"{"k":1}"#).rule == "/tools/x/limits/full")
        #expect(try judge.call("{}", tool: "y", more: #","lasts_ms":60000"#).outcome == "allow")
        #expect(try judge.call("{}", tool: "y").rule == "/tools/y/concurrency")
        #expect(try judge.call("{}").rule == "/tools/x/limits/k-type")
    }

    @Test("all_tools' concurrency counts all calls of a grant together, a key's counts each tool by name")
    func concurrency() throws {
        var judge = try Judge(
            #"{"version":"1","default":"deny","tools":{"t*":{"concurrency":1}},"all_tools":{"concurrency":2}}"#
        )
        let lasting = #","lasts_ms":1000"#
        #expect(try judge.call("{}", tool: "ta", more: lasting).outcome == "allow")
        #expect(try judge.call("{}", tool: "tb", more: lasting).outcome == "allow")
        #expect(try judge.call("{}", tool: "tc").rule == "/all_tools/concurrency")
        #expect(try judge.call("{}", tool: "ta").rule == "/tools/t*/concurrency")
        #expect(try judge.call("{}", tool: "tc", more: #","at":"2026-11-21T02:00:01.000Z""#).outcome == "allow")
    }

    @Test(
        "R6: only an unreachable upstream gives back, at the call's end",
        arguments: [
            ("ok", false), ("tool_error", false), ("rpc_error", false), ("unreachable", true), ("odd", false),
        ]
    )
    func giveBack(upstream: String, isGivenBack: Bool) throws {
        var judge = try judging(#"{"counter":"c","window":"hour","max":1}"#)
        #expect(try judge.call("{}", more: #","upstream":"\#(upstream)","lasts_ms":500"#).outcome == "allow")
        #expect(try judge.call("{}", more: #","at":"2026-11-21T02:00:00.499Z""#).outcome == "rate_limited")
        #expect((try judge.call("{}", more: #","at":"2026-11-21T02:00:00.500Z""#).outcome == "allow") == isGivenBack)
    }

    @Test("on_deny of a limit is told as written, else a sentence with the wait")
    func messages() throws {
        var judge = try judging(#"{"counter":"c","window":"minute","max":0,"on_deny":"Stop."}"#)
        #expect(try judge.call("{}").message == "Stop.")
        var other = try judging(#"{"counter":"c","window":"minute","max":1}"#)
        _ = try other.call("{}")
        #expect(try other.call("{}").message.contains("60 seconds"))
    }
}
