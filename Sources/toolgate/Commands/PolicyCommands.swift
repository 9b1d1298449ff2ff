import Administration
import Base
import EventLoops
import JSONText
import PolicyEngine

/// `toolgate policy …`: what can be asked of a policy without a gateway (policy-language.md, section 7).
enum PolicyCommands {
    static let all = [
        check, explain, test, PolicyDiffCommand.command, PolicyFormatCommand.command,
        PolicyConvertCommand.command, PolicySuggestCommand.command,
    ]

    // MARK: - check

    static let check = Command(
        ["policy", "check"],
        "read policies and say everything that is wrong with them",
        details: "Errors and warnings come with line, column and JSON Pointer. Exit 1 on any error.\n"
            + "With --tools also what does not fit the server's tools: paths, types, values, names.",
        operands: CommandOperands(placeholder: "FILE...", count: 1...1_000),
        options: [PolicyFiles.toolsOption, .output],
        examples: [
            ("one policy", "toolgate policy check policies/crm-sales.json"),
            ("against a server's tools", "toolgate policy check policies/crm-sales.json --tools tools.json"),
            ("for a script", "toolgate policy check --output json policies/crm-sales.json"),
        ]
    ) { invocation throws(CommandFailure) in
        var isClean = true
        let tools = try PolicyFiles.tools(invocation)
        for path in invocation.operands {
            let (policy, findings) = CompiledPolicy.check(try PolicyFiles.read(path), tools: tools)
            isClean = isClean && policy != nil
            if invocation.printsJSON {
                let name = invocation.operands.count > 1 ? path : nil
                invocation.console.writeOutput(report(findings, isClean: policy != nil, file: name))
            } else {
                tell(findings, policy, path, hasTools: tools != nil, invocation.console)
            }
        }
        return isClean ? .done : .refused
    }

    private static func tell(
        _ findings: [PolicyFinding],
        _ policy: CompiledPolicy?,
        _ path: String,
        hasTools: Bool,
        _ console: Console
    ) {
        for finding in findings {
            console.output(PolicyFiles.line(finding, in: path))
        }
        if let policy {
            console.say("\(path): \(console.coloured("loads", .green)), version \(policy.version)")
        } else {
            let remark = hasTools ? "does not load, or does not fit the tools" : "does not load"
            console.say("\(path): \(console.coloured(remark, .red))")
        }
    }

    private static func report(_ findings: [PolicyFinding], isClean: Bool, file: String?) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        if let file {
            writer.key("file")
            writer.string(file)
        }
        writer.key("ok")
        writer.boolean(isClean)
        writer.key("findings")
        writer.beginArray()
        for finding in findings {
            finding.shown.write(to: &writer)
        }
        writer.endArray()
        writer.endObject()
        return writer.output + [UInt8(ascii: "\n")]
    }

    // MARK: - explain

    static let explain = Command(
        ["policy", "explain"],
        "judge calls by a policy and show every step",
        details:
            "Each line of --calls is one call: {\"tool\":…,\"arguments\":{…},\"at\":…,\"grant\":{\"label\":…}}. They are\n"
            + "judged in order, limits counting as they would in the gateway.",
        options: [
            CommandOption("policy", "FILE", "the policy"),
            PolicyFiles.toolsOption,
            CommandOption("calls", "FILE|-", "the calls, one JSON object a line"),
            .output,
        ],
        examples: [
            (
                "one call from a pipe",
                "echo '{\"tool\":\"move_lead\",\"arguments\":{}}' | toolgate policy explain --policy crm.json --calls -"
            ),
            (
                "recorded calls, for a script",
                "toolgate policy explain --policy crm.json --tools tools.json --calls calls.jsonl --output json"
            ),
        ]
    ) { invocation throws(CommandFailure) in
        guard let path = invocation.value("policy"), let calls = invocation.value("calls") else {
            throw .usage("`--policy` and `--calls` are needed: see `toolgate policy explain --help`")
        }
        let policy = try PolicyFiles.load(path, console: invocation.console)
        let tools = try PolicyFiles.tools(invocation)
        var explainer = Explainer(policy: policy, tools: tools, runTime: SystemTime().wallTime)
        for line in CallLines(try PolicyFiles.read(calls)) {
            let answer = explainer.explain(Array(line))
            if invocation.printsJSON {
                invocation.console.writeOutput(answer + [UInt8(ascii: "\n")])
            } else {
                invocation.console.output(ExplainedText.text(of: answer, call: Array(line), invocation.console))
            }
        }
        return .done
    }

    // MARK: - test

    static let test = Command(
        ["policy", "test"],
        "judge the cases beside a policy and compare",
        details: "The cases of NAME.json stand in NAME.cases.jsonl: calls as for `policy explain`, each with\n"
            + "\"expect\": {\"outcome\":…, \"rule\":…}. Exit 1 when any differs.",
        operands: CommandOperands(placeholder: "FILE...", count: 1...1_000),
        options: [PolicyFiles.toolsOption, .output],
        examples: [("a policy with its cases", "toolgate policy test policies/crm-sales.json")]
    ) { invocation throws(CommandFailure) in
        let tools = try PolicyFiles.tools(invocation)
        var failures = 0
        for path in invocation.operands {
            let policy = try PolicyFiles.load(path, console: invocation.console)
            let stem = path.hasSuffix(".json") ? String(path.dropLast(".json".count)) : path
            let cases = "\(stem).cases.jsonl"
            let lines = CallLines(try PolicyFiles.read(cases))
            var explainer = Explainer(policy: policy, tools: tools, runTime: SystemTime().wallTime)
            var number = 0
            var failed: [(line: Int, problem: String)] = []
            for line in lines {
                number += 1
                let problem = PolicyCase.compare(line: Array(line), answer: explainer.explain(Array(line)))
                if let problem {
                    failed.append((number, problem))
                    invocation.console.say("\(cases):\(number): \(problem)")
                }
            }
            guard number > 0 else {
                throw .refused("`\(cases)` holds no case: a test that tests nothing does not pass")
            }
            failures += failed.count
            summarise(path, number: number, failed: failed, invocation)
        }
        return failures == 0 ? .done : .refused
    }

    private static func summarise(
        _ path: String,
        number: Int,
        failed: [(line: Int, problem: String)],
        _ invocation: Invocation
    ) {
        guard invocation.printsJSON else {
            invocation.console.output("\(path): \(number - failed.count) of \(number) cases passed")
            return
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("file")
        writer.string(path)
        writer.key("ok")
        writer.boolean(failed.isEmpty)
        writer.key("cases")
        writer.number(number)
        writer.key("failed")
        writer.number(failed.count)
        writer.key("failures")
        writer.beginArray()
        for failure in failed {
            writer.beginObject()
            writer.key("line")
            writer.number(failure.line)
            writer.key("problem")
            writer.string(failure.problem)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        invocation.console.writeOutput(writer.output + [UInt8(ascii: "\n")])
    }
}

/// The lines of a file of calls; a last line end begins no line.
struct CallLines: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else {
            return nil
        }
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        rest = rest.dropFirst(line.count + 1)
        return line
    }
}

/// One case of `policy test`.
enum PolicyCase {
    /// What differs between what a line expects and what the engine answered; `nil` when nothing does.
    static func compare(line: [UInt8], answer: [UInt8]) -> String? {
        let expected: JSONValue
        let actual: JSONValue
        do throws(JSONError) {
            guard let expect = try JSONDocument(line).root["expect"], expect.kind == .object else {
                return "the line has no `expect` object: say which outcome it must get"
            }
            expected = expect
            actual = try JSONDocument(answer).root
        } catch {
            return "the line is not JSON (\(error))"
        }
        for member in expected.members {
            guard let value = actual.member(member.key.bytes) else {
                return "`\(member.key.text)` is expected, and the answer has none"
            }
            guard value.isEqual(to: member.value) else {
                let wanted = String(decoding: member.value.rawBytes, as: UTF8.self)
                return "`\(member.key.text)` is \(String(decoding: value.rawBytes, as: UTF8.self)), expected \(wanted)"
            }
        }
        return expected.count > 0 ? nil : "`expect` is empty: say which outcome it must get"
    }
}

/// What `policy explain` shows a person.
enum ExplainedText {
    /// A few lines for one call.
    static func text(of answer: [UInt8], call: [UInt8], _ console: Console) -> String {
        do throws(JSONError) {
            let root = try JSONDocument(answer).root
            let outcome = root["outcome"]?.string?.text ?? ""
            let colour: Console.Colour = outcome == "allow" ? .green : .red
            var text = "\(console.coloured(outcome, colour))  \(tool(of: call))"
            if let rule = root["rule"]?.string?.text, !rule.isEmpty {
                text += "  \(rule)"
            }
            if let message = root["message"]?.string?.text, !message.isEmpty {
                text += "\n    \(message)"
            }
            if let wait = root["retry_after_ms"]?.number?.int {
                text += "\n    again in \(wait) ms"
            }
            for step in root["steps"]?.elements.map({ $0 }) ?? [] {
                text += "\n    \(step["result"]?.string?.text ?? "")  \(step["rule"]?.string?.text ?? "")"
            }
            return text
        } catch {
            return String(decoding: answer, as: UTF8.self)
        }
    }

    private static func tool(of call: [UInt8]) -> String {
        do throws(JSONError) {
            return try JSONDocument(call).root["tool"]?.string?.text ?? "?"
        } catch {
            return "?"
        }
    }
}
