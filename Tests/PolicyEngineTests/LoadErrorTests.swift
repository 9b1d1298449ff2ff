import PolicyEngine
import Testing

/// A policy with one thing wrong, written as what stands at the top level beside `version` and `default`.
private func top(_ members: String) -> [String] {
    errors(#"{"version":"1","default":"deny",\#(members)}"#)
}

/// The same for a tool `x`.
private func tool(_ entry: String) -> [String] {
    errors(#"{"version":"1","default":"deny","tools":{"x":\#(entry)}}"#)
}

/// The same for one condition in a list of `x`.
private func conditionErrors(_ text: String, in list: String = "deny_if") -> [String] {
    let at = "/tools/x/\(list)/0/conditions/0"
    return tool(#"{"\#(list)":[{"conditions":[\#(text)]}]}"#).map { $0.replacing(at, with: "…") }
}

@Suite("What does not load")
struct LoadErrorTests {
    @Test(
        "B9: the document itself",
        arguments: [
            ("", " not-json"), ("{", " not-json"), ("[]", " wrong-type"), ("null", " wrong-type"),
            ("\u{feff}{}", " not-json"),
            (#"{"version":"1","default":"deny"} x"#, " not-json"), (#"{"version":"1","default":"deny",}"#, " not-json"),
            (#"{"version":"1","default":"deny","default":"allow"}"#, "/default not-json"),
            (
                #"{"version":"1","default":"deny","tools":{"x":{"limits":[{},{"max":1,"m\u0061x":2}]}}}"#,
                "/tools/x/limits/1/max not-json"
            ),
            (#"{"version":"1","default":"deny","tools":{"x\u0000":{}}}"#, "/tools not-json"),
            (#"{"default":"deny"}"#, " missing-key"), (#"{"version":"1"}"#, " missing-key"),
            (#"{"version":1,"default":"deny"}"#, "/version bad-value"),
            (#"{"version":"2","default":"deny"}"#, "/version bad-value"),
            (#"{"version":"1","default":"Deny"}"#, "/default bad-value"),
            (#"{"version":"1","default":true}"#, "/default wrong-type"),
        ]
    )
    func document(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test(
        "B9: unknown keys, wrong types and impossible values at the top",
        arguments: [
            (#""Tools":{}"#, ["/Tools unknown-key"]), (#""mode":"dry"}"#.replacing("}", with: ""), ["/mode bad-value"]),
            (#""timezone":"Mars/Olympus""#, ["/timezone bad-value"]),
            (#""timezone":5"#, ["/timezone wrong-type"]),
            (#""arguments":{"valid":true}"#, ["/arguments/valid unknown-key"]),
            (#""arguments":{"closed":1}"#, ["/arguments/closed wrong-type"]), (#""hide":"x""#, ["/hide wrong-type"]),
            (#""hide":["",5]"#, ["/hide/0 bad-value", "/hide/1 wrong-type"]),
            (#""show_denied":"no""#, ["/show_denied wrong-type"]),
            (#""all_tools":{"action":"deny"}"#, ["/all_tools/action unknown-key"]),
            (#""all_tools":{"arguments":{}}"#, ["/all_tools/arguments unknown-key"]),
            (#""classes":{"Read":{}}"#, ["/classes/Read unknown-key"]),
            (#""classes":{"read":{"action":"deny"}}"#, ["/classes/read/action bad-value"]),
            (#""classes":{"read":{"rate_limit":{}}}"#, ["/classes/read/rate_limit unknown-key"]),
            (#""classes":[]"#, ["/classes wrong-type"]), (#""tools":[]"#, ["/tools wrong-type"]),
            (#""tools":{"":{}}"#, ["/tools/ bad-value"]), (#""tools":{"x":[]}"#, ["/tools/x wrong-type"]),
            (#""resources":{"allowed":[]}"#, ["/resources/allowed unknown-key"]),
            (#""prompts":{"allow":[null]}"#, ["/prompts/allow/0 wrong-type"]),
            (#""client_requests":{"sampling":"maybe"}"#, ["/client_requests/sampling bad-value"]),
            (#""client_requests":{"tools":"deny"}"#, ["/client_requests/tools unknown-key"]),
        ]
    )
    func topLevel(members: String, expected: [String]) {
        #expect(top(members) == expected)
    }

    @Test(
        "B9: a tool's entry and its blocks",
        arguments: [
            (#"{"denyif":[]}"#, ["/tools/x/denyif unknown-key"]), (#"{"reason":"r"}"#, ["/tools/x/reason bad-value"]),
            (#"{"action":"allow","reason":"r"}"#, ["/tools/x/reason bad-value"]),
            (#"{"action":"hide","reason":"r"}"#, ["/tools/x/reason bad-value"]),
            (#"{"action":"block"}"#, ["/tools/x/action bad-value"]),
            (#"{"require":{}}"#, ["/tools/x/require wrong-type"]),
            (#"{"require":[[]]}"#, ["/tools/x/require/0 wrong-type"]),
            (#"{"deny_if":[{}]}"#, ["/tools/x/deny_if/0 missing-key"]),
            (#"{"deny_if":[{"conditions":{}}]}"#, ["/tools/x/deny_if/0/conditions wrong-type"]),
            (#"{"deny_if":[{"conditions":[],"on_pending":"p"}]}"#, ["/tools/x/deny_if/0/on_pending unknown-key"]),
            (#"{"deny_if":[{"conditions":[],"name":""}]}"#, ["/tools/x/deny_if/0/name bad-value"]),
            (#"{"deny_if":[{"conditions":[],"shadow":1}]}"#, ["/tools/x/deny_if/0/shadow wrong-type"]),
            (#"{"deny_if":[{"conditions":[],"on_deny":1}]}"#, ["/tools/x/deny_if/0/on_deny wrong-type"]),
            (
                #"{"require_approval":[{"conditions":[],"on_deny":"a","on_pending":"b"}]}"#,
                ["/tools/x/require_approval/0/on_pending ambiguous-value"]
            ),
            (
                #"{"require_approval":[{"conditions":[],"timeout":"0m"}]}"#,
                ["/tools/x/require_approval/0/timeout bad-value"]
            ),
            (
                #"{"require_approval":[{"conditions":[],"timeout":30}]}"#,
                ["/tools/x/require_approval/0/timeout wrong-type"]
            ),
            (
                #"{"require_approval":[{"conditions":[],"grants":"twice"}]}"#,
                ["/tools/x/require_approval/0/grants bad-value"]
            ),
            (
                #"{"require_approval":[{"conditions":[],"approvers":[]}]}"#,
                ["/tools/x/require_approval/0/approvers bad-value"]
            ),
            (
                #"{"require_approval":[{"conditions":[],"approvers":["role: admin"]}]}"#,
                ["/tools/x/require_approval/0/approvers/0 bad-value"]
            ),
            (#"{"concurrency":0}"#, ["/tools/x/concurrency bad-value"]),
            (#"{"concurrency":1.5}"#, ["/tools/x/concurrency bad-value"]),
            (#"{"concurrency":"2"}"#, ["/tools/x/concurrency wrong-type"]),
            (#"{"rate_limit":{"max":1}}"#, ["/tools/x/rate_limit missing-key"]),
            (#"{"rate_limit":{"max":1,"window":0}}"#, ["/tools/x/rate_limit/window bad-value"]),
            (#"{"rate_limit":{"max":1,"window":"minut"}}"#, ["/tools/x/rate_limit/window bad-value"]),
            (#"{"rate_limit":{"max":1,"window":99999999999}}"#, ["/tools/x/rate_limit/window bad-value"]),
        ]
    )
    func entries(entry: String, expected: [String]) {
        #expect(tool(entry) == expected)
    }

    @Test(
        "B9: conditions",
        arguments: [
            (#"{"op":"eq","value":1}"#, ["… missing-key"]), (#"{"path":"args.a","value":1}"#, ["… missing-key"]),
            (#"{"path":"args.a","op":"eq"}"#, ["… missing-key"]),
            (#"{"path":"arg.a","op":"eq","value":1}"#, ["…/path bad-value"]),
            (#"{"path":5,"op":"eq","value":1}"#, ["…/path wrong-type"]),
            (#"{"path":"args.a","op":"equals","value":1}"#, ["…/op bad-value"]),
            (condition("eq", "1", more: #","note":1"#), ["…/note unknown-key"]),
            (condition("eq", "1e400"), ["…/value ambiguous-value"]),
            (condition("in", "[1,[9007199254740993]]"), ["…/value ambiguous-value"]),
            (condition("contains", #"{"a":1e400}"#), ["…/value ambiguous-value"]),
            (condition("in", #""x""#), ["…/value wrong-type"]), (condition("not_in", "{}"), ["…/value wrong-type"]),
            (condition("lt", #""5""#), ["…/value wrong-type"]),
            (condition("gte", "null"), ["…/value wrong-type"]), (condition("lt", "1e400"), ["…/value ambiguous-value"]),
            (condition("between", "[5,1]"), ["…/value bad-value"]),
            (condition("between", "[1]"), ["…/value wrong-type"]),
            (condition("between", "[1,2,3]"), ["…/value wrong-type"]),
            (condition("between", #"[1,"2"]"#), ["…/value/1 wrong-type"]),
            (condition("exists", #""true""#), ["…/value wrong-type"]),
            (condition("regex", "5"), ["…/value wrong-type"]),
            (condition("regex", #""(""#), ["…/value bad-value"]),
            (condition("not_regex", #""(?=x)""#), ["…/value bad-value"]),
            (condition("regex", #""(a{1000}){1000}""#), ["…/value bad-value"]),
            (condition("starts_with", "[]"), ["…/value wrong-type"]),
            (condition("length_lte", "-1"), ["…/value wrong-type"]),
            (condition("length_gte", "1.5"), ["…/value wrong-type"]),
            (condition("path_within", #""/srv""#), ["…/value wrong-type"]),
            (condition("path_within", #"["srv"]"#), ["…/value/0 bad-value"]),
            (condition("path_within", "[5]"), ["…/value/0 wrong-type"]),
            (condition("url_host_in", #"["a.test:80"]"#), ["…/value/0 bad-value"]),
            (condition("url_host_in", #"["https://a.test"]"#), ["…/value/0 bad-value"]),
            (condition("url_host_in", #"["a.test/x","b.test"]"#), ["…/value/0 bad-value"]),
            (condition("url_private", "1"), ["…/value wrong-type"]),
            (condition("gt", "1", more: #","ignore_case":true"#), ["…/ignore_case bad-value"]),
            (condition("eq", "5", more: #","ignore_case":true"#), ["…/ignore_case bad-value"]),
            (condition("eq", #""a""#, more: #","ignore_case":1"#), ["…/ignore_case wrong-type"]),
            (condition("gt", "1", more: #","if_missing":"skip""#), ["…/if_missing bad-value"]),
            (condition("exists", "true", more: #","if_missing":"match""#), ["…/if_missing bad-value"]),
            (condition("gt", "5", path: "time.date"), ["…/value wrong-type"]),
            (condition("lt", #""2026-02-30""#, path: "time.date"), ["…/value wrong-type"]),
            (condition("between", #"["2026-12-01","2026-11-01"]"#, path: "time.date"), ["…/value bad-value"]),
        ]
    )
    func conditions(text: String, expected: [String]) {
        #expect(conditionErrors(text) == expected)
    }

    @Test("if_missing does not stand in require")
    func ifMissingInRequire() {
        #expect(
            conditionErrors(condition("gt", "1", more: #","if_missing":"match""#), in: "require") == [
                "…/if_missing bad-value"
            ]
        )
    }

    @Test(
        "B9: limits",
        arguments: [
            (#"{"window":"minute","max":1}"#, [" missing-key"]), (#"{"counter":"c","max":1}"#, [" missing-key"]),
            (#"{"counter":"c","window":"minute"}"#, [" missing-key"]),
            (#"{"counter":"","window":"minute","max":1}"#, ["/counter bad-value"]),
            (#"{"counter":5,"window":"minute","max":1}"#, ["/counter wrong-type"]),
            (#"{"counter":"c","window":"minut","max":1}"#, ["/window bad-value"]),
            (#"{"counter":"c","window":60,"max":1}"#, ["/window wrong-type"]),
            (#"{"counter":"c","window":"0s","max":1}"#, ["/window bad-value"]),
            (#"{"counter":"c","window":"1.5h","max":1}"#, ["/window bad-value"]),
            (#"{"counter":"c","window":"1d","max":1}"#, ["/window bad-value"]),
            (#"{"counter":"c","window":"99999999999h","max":1}"#, ["/window bad-value"]),
            (#"{"counter":"c","window":"60s","align":"calendar","max":1}"#, ["/window bad-value"]),
            (#"{"counter":"c","window":"day","align":"aligned","max":1}"#, ["/align bad-value"]),
            (#"{"counter":"c","window":"minute","max":-1}"#, ["/max bad-value"]),
            (#"{"counter":"c","window":"minute","max":"1"}"#, ["/max wrong-type"]),
            (#"{"counter":"c","window":"minute","max":1e400}"#, ["/max ambiguous-value"]),
            (#"{"counter":"c","window":"minute","max":1,"scope":"global"}"#, ["/scope bad-value"]),
            (#"{"counter":"c","window":"minute","max":1,"increment":"args.a"}"#, ["/increment wrong-type"]),
            (#"{"counter":"c","window":"minute","max":1,"increment":{}}"#, ["/increment missing-key"]),
            (
                #"{"counter":"c","window":"minute","max":1,"increment":{"from":"args.a[*]"}}"#,
                ["/increment/from bad-value"]
            ), (#"{"counter":"c","window":"minute","max":1,"key":"args.**"}"#, ["/key bad-value"]),
            (#"{"counter":"c","window":"minute","max":1,"key":"grant.label"}"#, ["/key bad-value"]),
            (#"{"counter":"c","window":"minute","max":1,"burst":5}"#, ["/burst unknown-key"]),
        ]
    )
    func limits(limit: String, expected: [String]) {
        #expect(tool(#"{"limits":[\#(limit)]}"#) == expected.map { "/tools/x/limits/0" + $0 })
    }

    @Test("every error is reported at once, sorted by place, with line, column and the nearest known name")
    func allAtOnce() {
        let text = """
            {
              "version": "1",
              "default": "deny",
              "tools": {
                "x": {
                  "denyIf": [],
                  "limits": [{"counter": "c", "window": "minut", "max": 1}]
                }
              },
              "timezone": "Nowhere"
            }
            """
        let findings = CompiledPolicy.load(Array(text.utf8)).findings
        #expect(
            findings.map { "\($0.pointer) \($0.line):\($0.column)" } == [
                "/tools/x/denyIf 6:7", "/tools/x/limits/0/window 7:45", "/timezone 10:15",
            ]
        )
        #expect(findings[0].message.contains("did you mean `deny_if`?"))
        #expect(findings[1].message.contains("did you mean `minute`?"))
        #expect(findings.allSatisfy { $0.severity == .error })
    }

    @Test("columns count scalars and every kind of line end")
    func columns() {
        let text = "{\"version\":\"1\",\r\n\"default\":\"deny\",\r\"é👍\":1,\n\"x\":2}"
        let findings = CompiledPolicy.load(Array(text.utf8)).findings
        #expect(findings.map { "\($0.line):\($0.column)" } == ["3:1", "4:1"])
    }

    @Test("a hundred findings are told, the rest is a number, and errors go before warnings")
    func capped() {
        let keys = (0..<300).map { #""k\#($0)":{"require":[{"conditions":[]}],"odd":1}"# }.joined(separator: ",")
        let (policy, findings) = CompiledPolicy.load(
            Array(#"{"version":"1","default":"deny","tools":{\#(keys)}}"#.utf8)
        )
        #expect(policy == nil)
        #expect(findings.count == 101)
        #expect(findings.dropLast().allSatisfy { $0.code == .unknownKey })
        #expect(findings.last?.message.hasPrefix("500 more") == true)
    }

    @Test(
        "documents beyond their bounds are refused and cost bounded work",
        arguments: [
            Oversized(what: "names", #"{"version":"1","default":"deny","hide":["#, "\"x\",", 10_001, #""x"]}"#),
            Oversized(what: "bytes of a name", #"{"version":"1","default":"deny","hide":[""#, "x", 1_025, #""]}"#),
            Oversized(
                what: "rules",
                #"{"version":"1","default":"deny","tools":{"x":{"deny_if":["#,
                #"{"conditions":[]},"#,
                1_001,
                #"{"conditions":[]}]}}}"#
            ),
            Oversized(what: "levels", "", "[", 100_000, ""), Oversized(what: "bytes", #"{"a":""#, " ", 5 << 20, #""}"#),
        ]
    )
    func bounded(document: Oversized) {
        #expect(!errors(document.text).isEmpty)
    }

    /// A document with too much of one thing; a failing test names the thing and does not print it.
    struct Oversized: CustomTestStringConvertible {
        let testDescription: String
        let text: String

        init(what: String, _ start: String, _ part: String, _ count: Int, _ end: String) {
            testDescription = "too many \(what)"
            text = start + String(repeating: part, count: count) + end
        }
    }

    @Test(
        "two equally specific patterns that some name could match are refused, others are not",
        arguments: [
            ("a*", "*a", true), ("a*", "b*", false), ("*a", "*b", false), ("get_*", "*_get", true),
            ("ab*", "a*b", true), ("a*c", "a*d", false), ("a**", "a*", true),
            ("*é", "é*", true), ("x*y*z", "xyz*", true), ("ab*", "ac*", false), ("a*", "ab*", false),
            ("ü*", "b*", false),
        ]
    )
    func ambiguousPatterns(first: String, second: String, isRefused: Bool) {
        let found = top(#""tools":{"\#(first)":{},"\#(second)":{}}"#)
        #expect(found == (isRefused ? ["/tools/\(second) ambiguous-pattern"] : []))
    }

    @Test(
        "two increments that one call can meet on one counter are refused at the later one",
        arguments: [
            (#""tools":{"x":{"limits":[L,LI]}}"#, ["/tools/x/limits/1/increment conflicting-increment"]),
            (#""tools":{"x":{"limits":[LI,L]}}"#, ["/tools/x/limits/1/increment conflicting-increment"]),
            (#""tools":{"x":{"limits":[LI,LI]}}"#, []), (#""tools":{"x":{"limits":[L]},"y":{"limits":[LI]}}"#, []),
            (#""tools":{"x":{"limits":[LK,LI]}}"#, []),
            (#""classes":{"read":{"limits":[L]}},"tools":{"y":{"limits":[LI]}}"#, []),
        ]
    )
    func increments(members: String, expected: [String]) {
        let limit = #"{"counter":"c","window":"minute","max":1"#
        let text = members.replacing("LK", with: limit + #","key":"args.k"}"#)
            .replacing("LI", with: limit + #","increment":{"from":"args.a"}}"#).replacing("L]", with: limit + "}]")
            .replacing("[L,", with: "[" + limit + "},")
        #expect(top(text) == expected)
    }

    @Test(
        "increments that meet through all_tools are refused too, and the tool's own spelling of a path does not matter"
    )
    func incrementsThroughAllTools() {
        let limit = #"{"counter":"c","window":"60s","max":1,"increment":{"from":"args.a"}}"#
        let other = #"{"counter":"c","window":"minute","max":1}"#
        let same = #"{"counter":"c","window":"1m","max":5,"increment":{"from":"args[\"a\"]"}}"#
        #expect(
            top(#""tools":{"x":{"limits":[\#(limit)]}},"all_tools":{"limits":[\#(other)]}"#)
                .contains("/all_tools/limits/0/increment conflicting-increment")
        )
        #expect(top(#""tools":{"x":{"limits":[\#(limit)]}},"all_tools":{"limits":[\#(same)]}"#).isEmpty)
    }
}

@Suite("What loads with a warning")
struct LoadWarningTests {
    @Test(
        "warnings come with a policy",
        arguments: [
            (#""tools":{"x":{"require":[{"conditions":[]}]}}"#, "/tools/x/require/0/conditions never-fires"),
            (
                #""tools":{"x":{"require":[{"conditions":[{"path":"args.a","op":"regex","value":"prod"}]}]}}"#,
                "/tools/x/require/0/conditions/0/value search-not-match"
            ),
            (
                #""tools":{"x":{"deny_if":[{"conditions":[{"path":"args.a","op":"in","value":[]}]}]}}"#,
                "/tools/x/deny_if/0/conditions/0/value empty-list"
            ),
            (
                #""tools":{"x":{"deny_if":[{"conditions":[{"path":"args.a","op":"path_within","value":[]}]}]}}"#,
                "/tools/x/deny_if/0/conditions/0/value empty-list"
            ),
            (#""hide":["x*"],"tools":{"xy":{}}"#, "/tools/xy hidden-key"),
        ]
    )
    func warned(members: String, expected: String) throws {
        #expect(try warnings(#"{"version":"1","default":"deny",\#(members)}"#) == [expected])
    }

    @Test(
        "B3: an anchored pattern in require and a search in deny_if are not warned about",
        arguments: [
            ("require", "^prod$"), ("require", "\\\\Aprod\\\\z"), ("deny_if", "prod"),
            ("require", "^a$|^b$"), ("require", "^(a|b)$"), ("require", "(?i)^a$"), ("require", "^[|]$"),
            ("require", "^[]|]$"), ("require", "^[[:alpha:]|]$"), ("require", "^\\\\Qa|b\\\\E$"),
            ("require", "^a\\\\\\\\$"),
            ("require", "^a\\\\|b$"),
        ]
    )
    func notWarned(list: String, pattern: String) throws {
        let text = #"{"\#(list)":[{"conditions":[{"path":"args.a","op":"regex","value":"\#(pattern)"}]}]}"#
        #expect(try warnings(#"{"version":"1","default":"deny","tools":{"x":\#(text)}}"#).isEmpty)
    }

    @Test(
        "B3: in require, a pattern that a longer text can hide in is warned about, however anchored it looks",
        arguments: [
            ("prod", "not-prod;rm"), ("^prod", "prod;rm"), ("prod$", "not-prod"), ("^prod|dev$", "prod;rm"),
            ("^a$|b", "xbx"), ("^(?m)a$", "a\\nrm"), ("(?m)^a$", "x\\na"), ("^a|^b$", "a;rm"), ("^?a$", "xa"),
            ("^a$?", "a;rm"), ("^a\\\\$", "a$x"), ("^a\\\\\\\\z", "a\\\\zx"), ("^(a)|[|]$", "ax"), ("(^a$|b)", "xb"),
        ]
    )
    func searched(pattern: String, longer: String) throws {
        let rules = #"{"require":[{"conditions":[{"path":"args.a","op":"regex","value":"\#(pattern)"}]}]}"#
        let policy = #"{"version":"1","default":"deny","tools":{"x":\#(rules)}}"#
        #expect(try warnings(policy) == ["/tools/x/require/0/conditions/0/value search-not-match"])
        // The warning says the truth: the pattern does let the longer text through.
        #expect(try judge(rules, #"{"a":"\#(longer)"}"#).outcome == "allow")
    }

    @Test("the whole example of the language's first section loads without a word")
    func example() throws {
        let text = """
            {"version":"1","default":"deny","mode":"enforce","timezone":"Europe/Lisbon",
            "arguments":{"validate":true,"closed":false},"hide":["delete_account"],"show_denied":true,
            "all_tools":{"require":[],"deny_if":[],"require_approval":[],"limits":[],"concurrency":20},
            "classes":{"read":{},"write":{"limits":[]},"destructive":{"action":"hide"}},
            "tools":{"create_lead":{"require":[],"deny_if":[],"require_approval":[],"limits":[],"concurrency":4},"get_*":{}},
            "resources":{"allow":["docs://*"],"deny":[]},"prompts":{"allow":["*"]},
            "client_requests":{"elicitation":"allow","sampling":"deny","roots":"deny"}}
            """
        #expect(try warnings(text).isEmpty)
    }
}
