import Base
import PolicyEngine
import Testing

@Suite("Paths")
struct PathWalkTests {
    @Test(
        "a path that is none is refused at load",
        arguments: [
            "", "arg.a", "args", "args.", "args..a", "args.a.", "args.a b", "args.a\u{a0}b", "args.a]", "args.a\"b",
            "args.*", "args.a*",
            "args[", "args[]", "args[-1]", "args[01]", "args[1.0]", "args[1e1]", "args[9999999999]", "args[a]",
            "args['a']",
            "args[\"a\"", "args[\"\\q\"]", "args[*]x", "args.**.a", "args.**[0]", "args.a.***", "Args.a", "tool",
            "tool.names",
            "tool.name.x", "time.hour[0]", "grant.id", "args a", "args.a[\"\\u0000\"]",
        ]
    )
    func refused(path: String) {
        #expect(throws: PolicyPath.Failure.self) { try PolicyPath(ByteString(path)) }
    }

    @Test(
        "steps are what they look like",
        arguments: [
            ("args.a.b", 2), ("args[\"a.b\"]", 1), ("args[\"\"]", 1), ("args[\"a\\\"]b\"].c", 2),
            ("args.a[0][*].**", 4),
            ("args.__proto__", 1), ("args.items.0", 2), ("args.a-b/c~d", 1), ("args.é", 1), ("args.**", 1),
            ("args[0]", 1),
        ]
    )
    func steps(path: String, count: Int) throws {
        #expect(try PolicyPath(ByteString(path)).steps.count == count)
    }

    @Test("two spellings of one path are one counter key, and no key imitates two steps")
    func canonical() throws {
        let dotted = try PolicyPath("args.a.b")
        #expect(dotted.isEquivalent(to: try PolicyPath("args[\"a\"][\"b\"]")))
        #expect(dotted.canonical == (try PolicyPath("args[\"a\"].b")).canonical)
        #expect(dotted.canonical != (try PolicyPath("args[\"a.b\"]")).canonical)
        #expect(try PolicyPath("args.a[0]").canonical != PolicyPath("args.a.0").canonical)
    }

    @Test("more steps than arguments can be deep are refused")
    func tooLong() throws {
        _ = try PolicyPath(ByteString("args" + String(repeating: ".a", count: 64)))
        #expect(throws: PolicyPath.Failure.tooLong) {
            try PolicyPath(ByteString("args" + String(repeating: ".a", count: 65)))
        }
    }

    @Test(
        "B5: dots, indices, empty and odd keys mean exactly what they say",
        arguments: [
            (#"args["a.b"]"#, #"{"a.b":"z"}"#, "deny"), (#"args["a.b"]"#, #"{"a":{"b":"z"}}"#, "no"),
            ("args.a.b", #"{"a.b":"z"}"#, "no"),
            ("args.a.0", #"{"a":["z"]}"#, "deny-type"), ("args.a.0", #"{"a":{"0":"z"}}"#, "deny"),
            ("args.a[0]", #"{"a":{"0":"z"}}"#, "deny-type"),
            (#"args[""]"#, #"{"":"z"}"#, "deny"), ("args.__proto__", #"{"__proto__":"z"}"#, "deny"),
            ("args.a[1]", #"{"a":["q","z"]}"#, "deny"),
            ("args.a[2]", #"{"a":["q","z"]}"#, "no"), ("args[0]", #"{"0":"z"}"#, "deny-type"),
            ("args[*]", "{}", "deny-type"),
            ("args.a.b", #"{"a":null}"#, "no"), ("args.a[0]", #"{"a":null}"#, "no"),
            ("args.a[*]", #"{"a":null}"#, "no"),
            ("args.a.b.c", #"{"a":{"b":null}}"#, "no"), ("args.a.b", #"{"a":[]}"#, "deny-type"),
            ("args.a[*].b", #"{"a":[{"b":"z"}]}"#, "deny"),
            ("args.a[*][*]", #"{"a":[["q"],["z"]]}"#, "deny"), ("args.a[*][*]", #"{"a":[[],["q"]]}"#, "no"),
            ("args.a[*][*]", #"{"a":["z"]}"#, "deny-type"), ("args.\u{61}", #"{"\u0061":"z"}"#, "deny"),
        ]
    )
    func meaning(path: String, arguments: String, expected: String) throws {
        #expect(try denied(condition("eq", #""z""#, path: path), arguments) == expected)
    }

    @Test(
        "quantifiers let the safe side win",
        arguments: [
            ("args.a[*]", #"{"a":["z","z"]}"#, "pass", "deny"), ("args.a[*]", #"{"a":["z","q"]}"#, "fail", "deny"),
            ("args.a[*]", #"{"a":[]}"#, "fail", "no"), ("args.a[*]", #"{"a":["z",1]}"#, "fail-type", "deny"),
            ("args.a[*]", #"{"a":[1,"q"]}"#, "fail", "deny-type"), ("args.a[*]", #"{"a":["q",null]}"#, "fail", "no"),
            ("args.a[*].p", #"{"a":[{"p":"z"},{}]}"#, "fail", "deny"),
            ("args.a[*].p", #"{"a":[{"P":"z"},{"p":1}]}"#, "fail-ambiguous", "deny-ambiguous"),
            ("args.a[*].p", #"{"a":[{"p":1},{"P":"z"}]}"#, "fail-type", "deny-type"),
        ]
    )
    func quantifiers(path: String, arguments: String, inRequire: String, inDeny: String) throws {
        let asked = condition("eq", #""z""#, path: path)
        #expect(try required(asked, arguments) == inRequire)
        #expect(try denied(asked, arguments) == inDeny)
    }

    @Test(
        "** stands for every scalar the operator takes, at any depth, not for keys",
        arguments: [
            ("eq", #""z""#, #"{"a":{"b":[1,{"c":"z"}]}}"#, "args.**", "deny"),
            ("eq", #""z""#, #"{"z":1}"#, "args.**", "no"),
            ("gt", "5", #"{"a":"x","b":[6]}"#, "args.**", "deny"), ("gt", "5", #"{"a":"x"}"#, "args.**", "no"),
            ("gt", "5", #"{"a":9}"#, "args.a.**", "deny"), ("neq", #""z""#, "{}", "args.**", "deny"),
            ("eq", "null", #"{"a":{"b":null}}"#, "args.**", "deny"), ("gt", "5", #"{"a":null}"#, "args.**", "no"),
            ("eq", #""z""#, #"{"a":{"Z":"q"}}"#, "args.a.**", "no"),
            ("eq", #""z""#, #"{"A":"z"}"#, "args.a.**", "deny-ambiguous"),
            ("contains", "1", #"{"a":[1]}"#, "args.**", "no"), ("gt", "5", #"{"a":[1e400,6]}"#, "args.**", "deny"),
            ("gt", "5", #"{"a":[1e400]}"#, "args.**", "deny-ambiguous"),
            ("exists", "false", #"{"a":{}}"#, "args.a.**", "deny"),
        ]
    )
    func descendants(op: String, value: String, arguments: String, path: String, expected: String) throws {
        #expect(try denied(condition(op, value, path: path), arguments) == expected)
    }

    @Test(
        "A4: a key that folds to the named one is ambiguous, alone or beside it, at every level",
        arguments: [
            ("args.path", #"{"PATH":"q"}"#), ("args.path", #"{"path":"q","Path":"q"}"#),
            ("args.path", #"{"Path":"q","path":"q"}"#),
            ("args.a.path", #"{"a":{"pATH":1}}"#), ("args.a.path", #"{"A":{"path":1}}"#),
            ("args.straße", #"{"STRASSE":1}"#),
            ("args.ab", #"{"ａｂ":1}"#), ("args.é", #"{"e\u0301":1}"#), ("args.k", #"{"\u212a":1}"#),
            ("args.ab", #"{"a\u00adb":1}"#),
            ("args.a.path", #"{"A":1,"a":"t"}"#), ("args.fi", #"{"ﬁ":1}"#),
        ]
    )
    func nearMisses(path: String, arguments: String) throws {
        let asked = condition("exists", "false", path: path)
        #expect(try required(asked, arguments) == "fail-ambiguous")
        #expect(try denied(asked, arguments) == "deny-ambiguous")
    }

    @Test("A4: keys that the schema declares beside the named one, or that no rule names, are just other keys")
    func declaredTwins() throws {
        let schema =
            ##"{"type":"object","properties":{"o":{"$ref":"#/$defs/o"},"path":{},"Path":{}},"##
            + #""$defs":{"o":{"properties":{"p":{},"P":{}}}}}"#
        let tools = #"[{"name":"x","inputSchema":\#(schema)}]"#
        let asked = condition("eq", #""z""#, path: "args.path")
        #expect(try denied(asked, #"{"path":"q","Path":"z"}"#, tools: tools) == "no")
        #expect(try denied(asked, #"{"path":"q","PATH":"z"}"#, tools: tools) == "deny-ambiguous")
        let inner = condition("eq", #""z""#, path: "args.o.p")
        #expect(try denied(inner, #"{"o":{"P":"z"}}"#, tools: tools) == "no")
        #expect(try denied(asked, #"{"other":1,"OTHER":2}"#) == "no")
    }

    @Test(
        "B7: a default of the pinned schema is judged where a member is missing",
        arguments: [
            (#"{"properties":{"a":{"default":5}}}"#, "args.a", "{}", "deny"),
            (#"{"properties":{"a":{"default":5}}}"#, "args.a", #"{"a":null}"#, "deny-type"),
            (#"{"properties":{"o":{"properties":{"q":{"default":5}}}}}"#, "args.o.q", #"{"o":{}}"#, "deny"),
            (#"{"properties":{"o":{"properties":{"q":{"default":5}}}}}"#, "args.o.q", "{}", "no"),
            (#"{"properties":{"o":{"properties":{"q":{"default":5}}}}}"#, "args.o.q", #"{"o":null}"#, "no"),
            (#"{"properties":{"o":{"default":{"q":5}}}}"#, "args.o.q", "{}", "deny"),
            (#"{"properties":{"o":{"default":{},"properties":{"q":{"default":5}}}}}"#, "args.o.q", "{}", "deny"),
            (
                #"{"properties":{"l":{"items":{"properties":{"q":{"default":5}}}}}}"#, "args.l[*].q", #"{"l":[{}]}"#,
                "deny"
            ),
            (
                #"{"properties":{"l":{"items":{"properties":{"q":{"default":5}}}}}}"#, "args.l[0].q", #"{"l":[{}]}"#,
                "deny"
            ),
            (#"{"properties":{"l":{"items":{"default":5}}}}"#, "args.l[0]", #"{"l":[]}"#, "no"),
            (#"{"properties":{"l":{"default":[5]}}}"#, "args.l[*]", "{}", "deny"),
            (
                ##"{"$ref":"#/$defs/t","$defs":{"t":{"properties":{"a":{"$ref":"#/$defs/n"}}},"n":{"default":5}}}"##,
                "args.a", "{}", "deny"
            ),
            (#"{"properties":{"a":{"default":5}}}"#, "args.**", "{}", "no"),
            (#"{"properties":{"a":{"default":5}}}"#, "args.a.**", "{}", "no"),
            (##"{"properties":{"a":{"$ref":"#/properties/a"}}}"##, "args.a", "{}", "no"),
        ]
    )
    func defaults(schema: String, path: String, arguments: String, expected: String) throws {
        let policy = """
            {"version":"1","default":"deny","arguments":{"validate":false},"tools":{"x":{"deny_if":[
            {"conditions":[\(condition("gt", "4", path: path))],"name":"n"}]}}}
            """
        var judge = try Judge(policy, tools: #"[{"name":"x","inputSchema":\#(schema)}]"#)
        let answer = try judge.call(arguments)
        let expectedRule = expected == "no" ? "" : "/tools/x/deny_if/n" + expected.dropFirst(4)
        #expect(answer.rule == expectedRule)
    }

    @Test(
        "the other roots are what they say, and missing when nobody says",
        arguments: [
            ("tool.name", "eq", #""x""#, "deny"), ("grant.label", "eq", #""ci""#, "deny"),
            ("grant.member", "eq", #""ana""#, "no"),
            ("grant.member", "exists", "false", "deny"), ("client.name", "starts_with", #""cl""#, "deny"),
            ("tool.class", "eq", #""write""#, "deny"),
            ("tool.severity", "in", #"["low","high"]"#, "deny"), ("time.hour", "eq", "23", "deny"),
            ("time.weekday", "eq", "6", "deny"),
            ("time.date", "eq", #""2026-11-21""#, "deny"), ("time.date", "lte", #""2026-11-21""#, "deny"),
            ("time.date", "between", #"["2026-11-21","2026-12-24"]"#, "deny"),
            ("time.date", "gt", #""2026-11-21""#, "no"),
            ("time.hour", "regex", #""1""#, "deny-type"), ("tool.name", "gt", "5", "deny-type"),
        ]
    )
    func roots(path: String, op: String, value: String, expected: String) throws {
        let policy = """
            {"version":"1","default":"deny","timezone":"Pacific/Honolulu","tools":{"x":{"deny_if":[
            {"conditions":[\(condition(op, value, path: path))],"name":"n"}]}}}
            """
        let meta = #"{"dev.toolgate/class":"write","dev.toolgate/severity":"high"}"#
        var judge = try Judge(policy, tools: #"[{"name":"x","inputSchema":{},"_meta":\#(meta)}]"#)
        let answer = try judge.line(
            #"{"tool":"x","at":"2026-11-22T09:30:00Z","grant":{"label":"ci"},"client":{"name":"cli"}}"#
        )
        #expect(answer.rule == (expected == "no" ? "" : "/tools/x/deny_if/n" + expected.dropFirst(4)))
    }
}
