import Base
import JSONText
import PolicyEngine
import RateLimits
import Testing

private let caller = PolicyCaller(grant: "g", server: "s", organisation: "o")

private func policy(_ text: String) throws -> CompiledPolicy {
    let (policy, findings) = CompiledPolicy.load(Array(text.utf8))
    return try #require(policy, "does not load: \(findings)")
}

private func definition(
    _ text: String = #"{"name":"x","inputSchema":{}}"#,
    standing: ToolDefinition.Standing = .pinned,
    toolClass: ToolClass? = nil
) throws -> ToolDefinition {
    let value = try JSONDocument(Array(text.utf8)).root
    return try #require(ToolDefinition(value, toolClass: toolClass, standing: standing))
}

private func call(
    _ tool: ByteString = "x",
    _ definition: ToolDefinition? = nil,
    isListed: Bool = true,
    isApproved: Bool = false
) -> PolicyCall {
    PolicyCall(
        tool: tool,
        definition: definition,
        isListed: isListed,
        caller: caller,
        time: WallTime(milliseconds: 0),
        isApproved: isApproved
    )
}

@Suite("The order of a decision")
struct DecisionOrderTests {
    @Test(
        "step 3: hidden comes before unknown, and both before everything a policy says",
        arguments: [
            (#""hide":["x"],"tools":{"x":{}}"#, false, "(hidden)"),
            (#""hide":["x*"],"tools":{"x":{}}"#, true, "(hidden)"), (#""hide":["*"]"#, true, "(hidden)"),
            (#""tools":{"x":{}}"#, false, "(unknown)"), (#""tools":{"x*":{"action":"hide"}}"#, true, "(hidden)"),
            (#""tools":{"x*":{"action":"hide"},"x":{}}"#, true, ""),
            (#""show_denied":false"#, true, "(hidden)"), (#""show_denied":false"#, false, "(hidden)"),
            (#""show_denied":false,"classes":{}"#, true, "(hidden)"),
            (#""hide":["X"],"tools":{"x":{}}"#, true, ""), (#""mode":"shadow","hide":["x"]"#, true, "(hidden)"),
            (#""mode":"shadow""#, false, "(unknown)"),
        ]
    )
    func hidden(members: String, isListed: Bool, rule: String) throws {
        let compiled = try policy(#"{"version":"1","default":"deny",\#(members)}"#)
        let verdict = compiled.decide(call(isListed: isListed))
        #expect(verdict.rule == rule)
        #expect(verdict.outcome == (rule.isEmpty ? .allow : .hidden))
        #expect(compiled.shows(try definition()) == (rule != "(hidden)"))
    }

    @Test("hidden and unknown are the same answer but for the rule that is recorded")
    func indistinguishable() throws {
        let compiled = try policy(#"{"version":"1","default":"allow","hide":["x"]}"#)
        #expect(compiled.decide(call("x")).message == compiled.decide(call("x", isListed: false)).message)
        let other = compiled.decide(call("y", isListed: false)).message
        #expect(other.replacing("y", with: "x") == compiled.decide(call("x")).message)
    }

    @Test(
        "step 4: a changed definition denies under every key; a new one needs an exact key",
        arguments: [
            (#""tools":{"x":{}}"#, ToolDefinition.Standing.changed, "(changed)"),
            (#""tools":{"x*":{}}"#, .changed, "(changed)"), (#""tools":{}"#, .changed, "(changed)"),
            (#""tools":{"x":{}}"#, .new, ""), (#""tools":{"x*":{}}"#, .new, "(new)"),
            (#""classes":{"read":{}}"#, .new, "(new)"), (#""tools":{}"#, .new, "(default deny)"),
            (#""tools":{"x":{"deny_if":[{"conditions":[]}]}}"#, .changed, "(changed)"),
            (#""tools":{"x*":{}}"#, .pinned, ""),
        ]
    )
    func standing(members: String, standing: ToolDefinition.Standing, rule: String) throws {
        let compiled = try policy(#"{"version":"1","default":"deny",\#(members)}"#)
        let tool = try definition(standing: standing, toolClass: .read)
        #expect(compiled.decide(call("x", tool)).rule == rule)
    }

    @Test(
        "step 5: classes cover what no key governs, the rest falls to the default",
        arguments: [
            ("deny", #""classes":{"read":{}}"#, ToolClass.read, ""),
            ("deny", #""classes":{"read":{}}"#, .write, "(default deny)"),
            ("allow", #""classes":{"read":{}}"#, .write, ""),
            ("allow", #""classes":{}"#, nil, "(unclassified)"), ("deny", #""classes":{}"#, nil, "(unclassified)"),
            ("allow", #""classes":{},"tools":{"x*":{}}"#, nil, ""),
            ("deny", #""classes":{"read":{"deny_if":[{"conditions":[]}]}},"tools":{"x*":{}}"#, .read, ""),
            ("deny", #""classes":{"read":{"deny_if":[{"conditions":[]}]}}"#, .read, "/classes/read/deny_if/always"),
            ("allow", #""classes":{"destructive":{"action":"hide"}}"#, .destructive, "(hidden)"),
            ("deny", #""all_tools":{"require":[]}"#, .read, "(default deny)"),
            ("allow", #""all_tools":{"deny_if":[{"conditions":[]}]}"#, nil, "/all_tools/deny_if/always"),
        ] as [(String, String, ToolClass?, String)]
    )
    func classes(standard: String, members: String, toolClass: ToolClass?, rule: String) throws {
        let compiled = try policy(#"{"version":"1","default":"\#(standard)",\#(members)}"#)
        #expect(compiled.decide(call("x", try definition(toolClass: toolClass))).rule == rule)
    }

    @Test(
        "one key governs: the exact one, else the pattern with the most characters that are not *",
        arguments: [
            ("get_user", "exact"), ("get_users", "get_u*"), ("get_item", "get_*"), ("put", "*"), ("GET_user", "*"),
            ("", "*"), ("get_u", "get_u*"),
        ]
    )
    func governing(tool: String, key: String) throws {
        let deny = #"{"deny_if":[{"conditions":[]}]}"#
        let keys = ["get_user", "get_*", "get_u*", "*"].map { #""\#($0)":\#(deny)"# }.joined(separator: ",")
        let compiled = try policy(#"{"version":"1","default":"allow","tools":{\#(keys)}}"#)
        let expected = key == "exact" ? "get_user" : key
        #expect(compiled.decide(call(ByteString(tool))).rule == "/tools/\(expected)/deny_if/always")
    }

    @Test(
        "A13: names are compared as bytes: no look-alike, space or escape meets a key",
        arguments: [
            "Pay", "pay ", " pay", "pay\u{200b}", "рay", "ｐay", "p%61y", "pay\n", "payé",
        ]
    )
    func exactNames(name: String) throws {
        let compiled = try policy(#"{"version":"1","default":"deny","tools":{"pay":{},"paye\u0301":{}}}"#)
        #expect(compiled.decide(call(ByteString(name))).rule == "(default deny)")
    }

    @Test(
        "B7: step 6 judges arguments by the pinned schema before any rule",
        arguments: [
            (#"{"type":"object","properties":{"a":{"type":"integer"}}}"#, #"{"a":"5"}"#, "(schema)"),
            (#"{"type":"object","required":["a"]}"#, "{}", "(schema)"),
            (#"{"type":"object","properties":{"a":{"enum":["u"]}}}"#, #"{"a":"v"}"#, "(schema)"),
            ("{}", #"{"a":1}"#, "/tools/x/deny_if/always"),
            ("5", "{}", "(schema)"), (#"{"$ref":"https://example.com/s"}"#, "{}", "(schema)"),
            ("false", "{}", "(schema)"), ("true", "{}", "/tools/x/deny_if/always"),
            (#"{"type":"object","properties":{"a":{"maximum":0.3}}}"#, #"{"a":0.30000000000000004}"#, "(schema)"),
        ]
    )
    func schema(schema: String, arguments: String, rule: String) throws {
        let answer = try judge(
            #"{"deny_if":[{"conditions":[]}]}"#,
            arguments,
            tools: #"[{"name":"x","inputSchema":\#(schema)}]"#
        )
        #expect(answer.rule == rule)
        #expect(!answer.message.contains("0.30000000000000004"))
    }

    @Test("the schema's sentence names path and keyword")
    func schemaMessage() throws {
        let schema = #"{"properties":{"o":{"properties":{"p":{"type":"integer"}}}}}"#
        let answer = try judge("{}", #"{"o":{"p":"secret value"}}"#, tools: #"[{"name":"x","inputSchema":\#(schema)}]"#)
        #expect(answer.rule == "(schema)")
        #expect(answer.message.contains("/o/p") && answer.message.contains("type"))
        #expect(!answer.message.contains("secret value"))
    }

    @Test(
        "B6: closed refuses members the schema does not declare, with and without validate",
        arguments: [
            (#"{"properties":{"a":{}}}"#, #"{"a":1}"#, true), (#"{"properties":{"a":{}}}"#, #"{"b":1}"#, false),
            (#"{"properties":{"a":{}}}"#, #"{"A":1}"#, false), ("{}", "{}", true), ("{}", #"{"a":1}"#, false),
            (#"{"patternProperties":{"^x-":{}}}"#, #"{"x-a":1}"#, true),
            (#"{"patternProperties":{"^x-":{}}}"#, #"{"y":1}"#, false),
            (##"{"$ref":"#/$defs/t","$defs":{"t":{"properties":{"a":{}}}}}"##, #"{"a":1}"#, true),
            (#"{"properties":{"a":{}},"additionalProperties":true}"#, #"{"b":1}"#, false),
            (#"{"properties":{"o":{"properties":{}}}}"#, #"{"o":{"deep":1}}"#, true),
        ]
    )
    func closed(schema: String, arguments: String, isAllowed: Bool) throws {
        for validate in [true, false] {
            let entry = #"{"arguments":{"validate":\#(validate),"closed":true}}"#
            let answer = try judge(entry, arguments, tools: #"[{"name":"x","inputSchema":\#(schema)}]"#)
            #expect(answer.rule == (isAllowed ? "" : "(schema)"), "validate \(validate)")
        }
    }

    @Test(
        "an entry's arguments replace the document's member by member",
        arguments: [
            (#"{"validate":false,"closed":true}"#, #"{"closed":false}"#, ""),
            (#"{"validate":false}"#, #"{"validate":true}"#, "(schema)"), (#"{"validate":false}"#, "{}", ""),
            ("{}", "{}", "(schema)"),
        ]
    )
    func argumentChecks(document: String, entry: String, rule: String) throws {
        let text = #"{"version":"1","default":"deny","arguments":\#(document),"tools":{"x":{"arguments":\#(entry)}}}"#
        var judge = try Judge(text, tools: #"[{"name":"x","inputSchema":{"properties":{"a":{"type":"integer"}}}}]"#)
        #expect(try judge.call(#"{"a":"t","z":1}"#).rule == rule)
    }

    @Test(
        "steps 7 to 9: require, deny_if, require_approval, each the tool's and then all_tools'",
        arguments: [
            ("R", "", "D", "", "A", "", "/tools/x/require/r"), ("", "R", "D", "", "A", "", "/all_tools/require/r"),
            ("", "", "D", "D", "A", "", "/tools/x/deny_if/d"),
            ("", "", "", "D", "A", "", "/all_tools/deny_if/d"),
            ("", "", "", "", "A", "A", "/tools/x/require_approval/a"),
            ("", "", "", "", "", "A", "/all_tools/require_approval/a"), ("", "", "", "", "", "", ""),
        ]
    )
    func order(r1: String, r2: String, d1: String, d2: String, a1: String, a2: String, rule: String) throws {
        let fails = #"{"conditions":[{"path":"args.none","op":"exists","value":true}],"name":"r"}"#
        func list(_ name: String, _ block: String, _ isThere: String) -> String {
            #""\#(name)":[\#(isThere.isEmpty ? "" : block)]"#
        }
        func rules(_ r: String, _ d: String, _ a: String) -> String {
            "{"
                + [
                    list("require", fails, r), list("deny_if", #"{"conditions":[],"name":"d"}"#, d),
                    list("require_approval", #"{"conditions":[],"name":"a"}"#, a),
                ].joined(separator: ",") + "}"
        }
        let text =
            #"{"version":"1","default":"deny","tools":{"x":\#(rules(r1, d1, a1))},"all_tools":\#(rules(r2, d2, a2))}"#
        var judge = try Judge(text)
        #expect(try judge.call("{}").rule == rule)
    }

    @Test(
        "rules are named by label, else by the first condition as written, numbered where they repeat, escaped",
        arguments: [
            (#"{"conditions":[],"name":"a/b~c"}"#, "/tools/x/deny_if/a~1b~0c"),
            (#"{"conditions":[]}"#, "/tools/x/deny_if/always"),
            (
                #"{"conditions":[{"path":"args[\"a/b\"]","op":"exists","value":false}]}"#,
                #"/tools/x/deny_if/args["a~1b"]-exists"#
            ),
            (#"{"conditions":[],"name":"n","shadow":true},{"conditions":[],"name":"n"}"#, "/tools/x/deny_if/n.2"),
            (
                #"{"conditions":[],"name":"n","shadow":true},{"conditions":[],"shadow":true},{"conditions":[],"name":"n","shadow":true},{"conditions":[]}"#,
                "/tools/x/deny_if/always.2"
            ),
        ]
    )
    func ruleNames(blocks: String, rule: String) throws {
        #expect(try judge(#"{"deny_if":[\#(blocks)]}"#, "{}").rule == rule)
    }

    @Test("an approval names the first rule, asks everybody's approvers, and takes the strictest terms")
    func approval() throws {
        let compiled = try policy(
            #"""
            {"version":"1","default":"deny","tools":{"x":{"require_approval":[
            {"conditions":[],"name":"s","shadow":true},
            {"conditions":[],"name":"a","approvers":["role:admin"],"timeout":"30m","grants":"15m","on_pending":"Wait."},
            {"conditions":[],"name":"b","approvers":["requester"],"timeout":"10m"}]}},
            "all_tools":{"require_approval":[{"conditions":[],"name":"c","grants":"5m"}]}}
            """#
        )
        let verdict = compiled.decide(call())
        #expect(verdict.outcome == .approvalRequired)
        #expect(verdict.rule == "/tools/x/require_approval/a")
        #expect(verdict.message == "Wait.")
        #expect(verdict.shadow?.outcome == .approvalRequired)
        #expect(verdict.shadow?.rule == "/tools/x/require_approval/s")
        let demand = try #require(verdict.approval)
        #expect(demand.approvers == [["role:admin"], ["requester"], nil])
        #expect(demand.timeoutSeconds == 600)
        #expect(demand.grantsSeconds == nil)
        let passed = compiled.decide(call(isApproved: true), trace: true)
        #expect(passed.outcome == .allow)
        #expect(passed.shadow == nil)
        #expect(passed.steps.map(\.result) == [.skipped, .skipped, .skipped, .skipped])
    }

    @Test(
        "resources, prompts and client requests: deny wins over allow, the rest falls to the default",
        arguments: [("allow", true), ("deny", false)]
    )
    func otherRequests(standard: String, byDefault: Bool) throws {
        let compiled = try policy(
            #"""
            {"version":"1","default":"\#(standard)","resources":{"allow":["docs://*"],"deny":["docs://secret/*"]},
            "prompts":{"allow":["help"]},"client_requests":{"sampling":"allow"}}
            """#
        )
        #expect(compiled.allowsResource("docs://a"))
        #expect(!compiled.allowsResource("docs://secret/a"))
        #expect(compiled.allowsResource("file:///a") == byDefault)
        #expect(compiled.allowsPrompt("help"))
        #expect(compiled.allowsPrompt("other") == byDefault)
        #expect(compiled.allows(.sampling) && compiled.allows(.elicitation))
        #expect(compiled.allows(.roots) == byDefault)
    }

    @Test("own sentences say what to do and never the value compared with")
    func sentences() throws {
        for (op, value) in [("gt", "41"), ("eq", "42"), ("in", "[42,4711]"), ("between", "[40,4711]")] {
            let answer = try judge(#"{"deny_if":[{"conditions":[\#(condition(op, value))]}]}"#, #"{"a":42}"#)
            #expect(answer.outcome == "deny")
            #expect(answer.message.contains("args.a"))
            #expect(!answer.message.contains("4"))
        }
        #expect(CompiledPolicy.withoutPolicy.rule == "(no policy)")
    }

    @Test("B10: a grant without a policy is denied")
    func withoutPolicy() {
        #expect(CompiledPolicy.withoutPolicy.outcome == .deny)
        #expect(!CompiledPolicy.withoutPolicy.message.isEmpty)
    }

    @Test("the version follows meaning, not white space or key order")
    func version() throws {
        let first = try policy(#"{"version":"1","default":"deny","tools":{"x":{},"y":{}}}"#)
        let second = try policy(#" { "default" : "deny", "tools":{"y":{},"\u0078":{}}, "version":"1" } "#)
        let third = try policy(#"{"version":"1","default":"allow","tools":{"x":{},"y":{}}}"#)
        #expect(first.version == second.version && first.digest == second.digest)
        #expect(first.version != third.version)
        #expect(first.digest.count == 32 && first.version.count == 12)
    }
}
