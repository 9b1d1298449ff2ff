import Testing

/// One operator with a value, and what it makes of nothing, `null`, a wrong type and a value that satisfies it.
struct TruthRow: Sendable, CustomTestStringConvertible {
    let op: String
    let value: String
    /// In `require`: missing, null, wrong type.
    let required: [String]
    /// In `deny_if`: missing, null, wrong type.
    let denied: [String]
    let wrongType: String
    let holding: String

    var testDescription: String { "\(op) \(value)" }

    static let all: [TruthRow] = [
        TruthRow("eq", #""z""#, wrong: "5", holding: #""z""#, null: ("fail", "no")),
        TruthRow("neq", #""z""#, wrong: "5", holding: #""q""#, null: ("pass", "deny"), missing: "deny"),
        TruthRow("in", #"["z",1]"#, wrong: "true", holding: "1.0", null: ("fail", "no")),
        TruthRow("not_in", #"["z",1]"#, wrong: "[]", holding: "2", null: ("pass", "deny"), missing: "deny"),
        TruthRow("lt", "5", wrong: #""3""#, holding: "4.9"),
        TruthRow("lte", "5", wrong: "true", holding: "5.0"),
        TruthRow("gt", "5", wrong: #""9""#, holding: "5.1"),
        TruthRow("gte", "5", wrong: "[9]", holding: "5"),
        TruthRow("between", "[1,5]", wrong: "{}", holding: "1"),
        TruthRow("regex", #""^z$""#, wrong: "5", holding: #""z""#),
        TruthRow("not_regex", #""^z$""#, wrong: "5", holding: #""y""#, missing: "deny"),
        TruthRow("contains", #""z""#, wrong: "5", holding: #"["z"]"#),
        TruthRow("not_contains", #""z""#, wrong: "{}", holding: #""y""#, missing: "deny"),
        TruthRow("starts_with", #""z""#, wrong: "5", holding: #""zz""#),
        TruthRow("ends_with", #""z""#, wrong: #"["z"]"#, holding: #""az""#),
        TruthRow("length_lte", "2", wrong: "1", holding: #""ab""#),
        TruthRow("length_gte", "2", wrong: "{}", holding: "[1,2]"),
        TruthRow("path_within", #"["/srv"]"#, wrong: #""srv""#, holding: #""/srv/x""#),
        TruthRow("url_host_in", #"["a.test"]"#, wrong: #""a.test""#, holding: #""https://a.test/""#),
        TruthRow("url_private", "true", wrong: #""localhost""#, holding: #""http://localhost""#),
    ]

    init(
        _ op: String,
        _ value: String,
        wrong: String,
        holding: String,
        null: (required: String, denied: String) = ("fail-type", "deny-type"),
        missing: String = "no"
    ) {
        self.op = op
        self.value = value
        wrongType = wrong
        self.holding = holding
        required = ["fail", null.required, "fail-type"]
        denied = [missing, null.denied, "deny-type"]
    }
}

@Suite("What a condition meets")
struct ConditionTests {
    @Test(
        "B1, B2: every operator on nothing, null, a wrong type and a value that satisfies it",
        arguments: TruthRow.all
    )
    func truthTable(row: TruthRow) throws {
        let asked = condition(row.op, row.value)
        for (index, arguments) in ["{}", #"{"a":null}"#, #"{"a":\#(row.wrongType)}"#].enumerated() {
            #expect(try required(asked, arguments) == row.required[index], "require \(arguments)")
            #expect(try denied(asked, arguments) == row.denied[index], "deny_if \(arguments)")
        }
        #expect(try required(asked, #"{"a":\#(row.holding)}"#) == "pass")
        #expect(try denied(asked, #"{"a":\#(row.holding)}"#) == "deny")
    }

    @Test("B1: if_missing makes every operator hold for nothing, and changes nothing else", arguments: TruthRow.all)
    func ifMissing(row: TruthRow) throws {
        let asked = condition(row.op, row.value, more: #","if_missing":"match""#)
        #expect(try denied(asked, "{}") == "deny")
        #expect(try denied(asked, #"{"a":null}"#) == row.denied[1])
    }

    @Test(
        "exists: null is there for the path and absent for the question",
        arguments: [
            ("true", "{}", "fail", "no"), ("true", #"{"a":null}"#, "fail", "no"),
            ("true", #"{"a":1e400}"#, "pass", "deny"),
            ("true", #"{"a":[]}"#, "pass", "deny"), ("false", "{}", "pass", "deny"),
            ("false", #"{"a":null}"#, "pass", "deny"),
            ("false", #"{"a":""}"#, "fail", "no"), ("false", #"{"b":1}"#, "pass", "deny"),
        ]
    )
    func exists(value: String, arguments: String, inRequire: String, inDeny: String) throws {
        #expect(try required(condition("exists", value), arguments) == inRequire)
        #expect(try denied(condition("exists", value), arguments) == inDeny)
    }

    @Test(
        "B2: types are never juggled",
        arguments: [
            (#""5""#, "5"), ("5", #""5""#), ("true", "1"), ("1", "true"), (#""true""#, "true"), ("true", #""true""#),
            (#""a""#, #"["a"]"#), (#"["a"]"#, #""a""#), ("{}", "[]"), ("[]", "{}"), (#""""#, "[]"), ("0", "false"),
            ("{}", #""{}""#),
        ]
    )
    func noJuggling(value: String, argument: String) throws {
        for op in ["eq", "neq"] {
            #expect(try required(condition(op, value), #"{"a":\#(argument)}"#) == "fail-type")
            #expect(try denied(condition(op, value), #"{"a":\#(argument)}"#) == "deny-type")
            let list = op == "eq" ? "in" : "not_in"
            #expect(try denied(condition(list, "[\(value)]"), #"{"a":\#(argument)}"#) == "deny-type")
        }
    }

    @Test(
        "null compares with everything and is equal to null only",
        arguments: [
            ("eq", "null", "null", "pass"), ("eq", "null", "5", "fail"), ("neq", "null", #""x""#, "pass"),
            ("neq", "null", "null", "fail"), ("in", "[null]", "null", "pass"), ("in", "[null]", #""x""#, "fail-type"),
            ("in", #"[null,"x"]"#, #""x""#, "pass"), ("not_in", "[null]", "null", "fail"),
            ("eq", "[null]", "[null]", "pass"),
            ("contains", "null", "[1,null]", "pass"), ("contains", "null", "[1]", "fail"),
        ]
    )
    func nulls(op: String, value: String, argument: String, expected: String) throws {
        #expect(try required(condition(op, value), #"{"a":\#(argument)}"#) == expected)
    }

    @Test(
        "equality is exact: numbers by value, text by scalars, arrays in order, objects by key",
        arguments: [
            ("1.0", "1", true), ("-0", "0", true), ("1e2", "100", true), ("0.3", "0.30000000000000004", false),
            (#""é""#, #""e\u0301""#, false), (#""\u0061""#, #""a""#, true), ("[1,2]", "[1.0,2]", true),
            ("[1,2]", "[2,1]", false), (#"{"p":1,"q":[2]}"#, #"{"q":[2.0],"p":1}"#, true),
            (#"{"p":1}"#, #"{"p":1,"q":1}"#, false),
            (#"{"é":1}"#, #"{"e\u0301":1}"#, false),
        ]
    )
    func equality(value: String, argument: String, isEqual: Bool) throws {
        #expect(try required(condition("eq", value), #"{"a":\#(argument)}"#) == (isEqual ? "pass" : "fail"))
        #expect(try denied(condition("in", "[\(value)]"), #"{"a":\#(argument)}"#) == (isEqual ? "deny" : "no"))
        #expect(try denied(condition("not_in", "[\(value)]"), #"{"a":\#(argument)}"#) == (isEqual ? "no" : "deny"))
        #expect(try denied(condition("contains", value), #"{"a":[false,\#(argument)]}"#) == (isEqual ? "deny" : "no"))
    }

    @Test(
        "A6: an ambiguous number counts on the safe side, wherever it is read",
        arguments: [
            "0.1000000000000000055", "1e400", "9007199254740992", "-9007199254740993", "1e16", "1E300", "1e-400",
            "100000000000000000000",
        ]
    )
    func ambiguousNumbers(number: String) throws {
        for (op, value) in [
            ("eq", "1"), ("neq", "1"), ("in", "[1]"), ("not_in", "[1]"), ("gt", "1"), ("between", "[1,2]"),
        ] {
            #expect(try required(condition(op, value), #"{"a":\#(number)}"#) == "fail-ambiguous", "\(op)")
            #expect(try denied(condition(op, value), #"{"a":\#(number)}"#) == "deny-ambiguous", "\(op)")
        }
        #expect(try denied(condition("eq", "[1]"), #"{"a":[[\#(number)]]}"#) == "deny-ambiguous")
        #expect(try denied(condition("neq", "{}"), #"{"a":{"p":[\#(number)]}}"#) == "deny-ambiguous")
        #expect(try denied(condition("contains", "1"), #"{"a":[\#(number)]}"#) == "deny-ambiguous")
        #expect(try denied(condition("contains", #""t""#), #"{"a":["t",\#(number)]}"#) == "deny-ambiguous")
        #expect(try denied(condition("length_gte", "2"), #"{"a":[\#(number)]}"#) == "no")
        #expect(try denied(condition("exists", "false"), #"{"a":\#(number)}"#) == "no")
        #expect(try denied(condition("eq", #""t""#), #"{"a":\#(number)}"#) == "deny-type")
    }

    @Test(
        "A6: numbers every reader agrees on are compared exactly",
        arguments: [
            ("19.99", "19.99", "fail"), ("9007199254740991", "9007199254740990", "pass"), ("0.1", "0.1", "fail"),
            ("1e2", "99.9", "pass"), ("-0.5", "-1", "pass"), ("5e-324", "0", "pass"),
        ]
    )
    func exactNumbers(argument: String, bound: String, expected: String) throws {
        #expect(try required(condition("gt", bound), #"{"a":\#(argument)}"#) == expected)
    }

    @Test(
        "every end of an ordering is where it says",
        arguments: [
            ("lt", "5", ["4.99": true, "5": false]), ("lte", "5", ["5": true, "5.01": false]),
            ("gt", "5", ["5": false, "5.01": true]), ("gte", "5", ["5": true, "4.99": false]),
            ("between", "[1,5]", ["1": true, "5": true, "0.99": false, "5.01": false]),
            ("between", "[2,2]", ["2": true]),
        ]
    )
    func ordering(op: String, value: String, cases: [String: Bool]) throws {
        for (argument, holds) in cases {
            #expect(
                try required(condition(op, value), #"{"a":\#(argument)}"#) == (holds ? "pass" : "fail"),
                "\(argument)"
            )
        }
    }

    @Test(
        "text operators look where they say",
        arguments: [
            ("regex", #""prod""#, #""non-prod-2""#, true), ("regex", #""^prod$""#, #""prod\n""#, false),
            ("regex", #""\\d""#, #""٣""#, false), ("contains", #""b""#, #""abc""#, true),
            ("contains", #""""#, #""""#, true),
            ("contains", #""sec""#, #"["a secret"]"#, false), ("contains", #"["x"]"#, #"[["x"]]"#, true),
            ("not_contains", #""b""#, #"["a","b"]"#, false), ("starts_with", #""ab""#, #""abc""#, true),
            ("starts_with", #""abc""#, #""ab""#, false), ("ends_with", #""bc""#, #""abc""#, true),
            ("ends_with", #""""#, #""""#, true),
            ("length_lte", "1", #""👍""#, true), ("length_lte", "1", #""e\u0301""#, false),
            ("length_gte", "0", #""""#, true),
            ("length_gte", "1", "[]", false), ("path_within", #"["/srv/data"]"#, #""/srv/database""#, false),
            ("path_within", #"["/srv/data"]"#, #""/srv/data""#, true),
            ("path_within", #"["/srv"]"#, #""\\srv\\x""#, true),
            ("path_within", "[]", #""/x""#, false), ("url_host_in", #"["*.a.test"]"#, #""https://x.a.test./p""#, true),
            ("url_host_in", #"["*.a.test"]"#, #""https://a.test/""#, false),
            ("url_host_in", #"["a.test"]"#, #""ftp://A.TEST:21""#, true),
            ("url_private", "false", #""https://example.com""#, true),
            ("url_private", "true", #""http://0x7f.1/""#, true),
        ]
    )
    func textOperators(op: String, value: String, argument: String, holds: Bool) throws {
        #expect(try required(condition(op, value), #"{"a":\#(argument)}"#) == (holds ? "pass" : "fail"))
        #expect(try denied(condition(op, value), #"{"a":\#(argument)}"#) == (holds ? "deny" : "no"))
    }

    @Test(
        "ignore_case folds as Unicode does, and reaches the text and the elements of a list, not deeper",
        arguments: [
            ("eq", #""STRASSE""#, #""straße""#, true), ("eq", #""a""#, #""Ａ""#, true), ("neq", #""a""#, #""A""#, false),
            ("in", #"["A","b"]"#, #""a""#, true), ("not_in", #"["A"]"#, #""a""#, false),
            ("eq", #"["A"]"#, #"["a"]"#, true),
            ("eq", #"[["A"]]"#, #"[["a"]]"#, false), ("in", #"[["A"]]"#, #"["a"]"#, false),
            ("contains", #""SEC""#, #""a secret""#, true),
            ("contains", #""A""#, #"["a"]"#, true), ("contains", #"["A"]"#, #"[["a"]]"#, false),
            ("starts_with", #""AB""#, #""abc""#, true),
            ("ends_with", #""BC""#, #""abc""#, true), ("regex", #""^AB$""#, #""ab""#, true),
            ("not_regex", #""^AB$""#, #""ab""#, false),
            ("eq", #""a\u00adb""#, #""AB""#, true), ("eq", #""a_b""#, #""ab""#, false),
        ]
    )
    func ignoreCase(op: String, value: String, argument: String, holds: Bool) throws {
        let asked = condition(op, value, more: #","ignore_case":true"#)
        #expect(try required(asked, #"{"a":\#(argument)}"#) == (holds ? "pass" : "fail"))
    }

    @Test("an empty list takes any type: `in` never holds, `not_in` always")
    func emptyLists() throws {
        for argument in ["1", #""x""#, "null", "[]", "{}", "true"] {
            #expect(try required(condition("in", "[]"), #"{"a":\#(argument)}"#) == "fail")
            #expect(try denied(condition("not_in", "[]"), #"{"a":\#(argument)}"#) == "deny")
        }
    }

    @Test(
        "the first failing condition of a require, else the first that held by the safe side, gives the suffix",
        arguments: [
            ("require", #"{"a":1,"b":"t"}"#, "-type"), ("require", #"{"a":"q","b":9}"#, "-type"),
            ("require", #"{"a":0,"b":"t"}"#, ""),
            ("require", #"{"a":1e400,"b":"t"}"#, "-ambiguous"), ("deny_if", #"{"a":1,"b":"t"}"#, "-type"),
            ("deny_if", #"{"a":"q","b":1e400}"#, "-type"), ("deny_if", #"{"a":1e400,"b":"t"}"#, "-ambiguous"),
            ("deny_if", #"{"a":1,"b":1}"#, ""),
        ]
    )
    func suffixes(list: String, arguments: String, suffix: String) throws {
        let conditions = condition("gte", "1") + "," + condition("gte", "1", path: "args.b")
        let answer = try judge(#"{"\#(list)":[{"conditions":[\#(conditions)],"name":"n"}]}"#, arguments)
        #expect(answer.rule == "/tools/x/\(list)/n\(suffix)")
    }
}
